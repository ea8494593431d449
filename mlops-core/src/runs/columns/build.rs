//! Makes the blobs of a segment from runs.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;

use serde::Serialize;

use super::super::inputs;
use super::super::keys;
use super::super::read::View;
use super::super::types::{Lifecycle, MetricSummary};
use super::COLUMNS;
use super::layout::{Dictionary, Directory, Heads, Of, Present, encode};
use super::summaries::Summaries;
use crate::base::digests::Digest;
use crate::base::time::Timestamp;
use crate::blob::BlobStore;
use crate::error::Result;
use crate::query::Value;

/// A row of the segment that is to be made; None: the run is removed.
pub(super) type Source = (String, Option<View>);

/// What is kept of a run's inputs.
const INPUTS: [&str; 3] = ["name", "digest", "context"];
/// The names of the texts that every run has.
pub(super) const NAME: &str = "name";
pub(super) const USER: &str = "user";

/// Puts a segment; returns the digest of its directory. Who calls it holds a lease.
pub(super) fn build(blobs: &dyn BlobStore, mut rows: Vec<Source>) -> Result<Digest> {
    rows.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut builder = Builder { blobs, rows: &rows, columns: Vec::new(), wide: BTreeSet::new() };
    builder.dictionaries(Of::Param, |view| &view.params)?;
    builder.dictionaries(Of::Tag, |view| &view.tags)?;
    builder.metrics()?;
    builder.single(Of::Info, NAME, |view| Some(&view.info.run_name))?;
    builder.single(Of::Info, USER, |view| Some(&view.info.user))?;
    for key in INPUTS {
        builder.single(Of::Input, key, |view| inputs::values(&view.inputs, key).map(texts))?;
    }
    let heads = blobs.put(&encode(&heads(&rows)?)?)?;
    let Builder { mut columns, wide, .. } = builder;
    columns.sort();
    let directory = Directory { heads, columns, wide: wide.into_iter().collect() };
    blobs.put(&encode(&directory)?)
}

fn heads(rows: &[Source]) -> Result<Heads> {
    let mut heads = Heads::default();
    for (run, view) in rows {
        let info = view.as_ref().map(|view| &view.info);
        heads.ids.push(run.clone());
        heads.experiments.push(info.map_or(Ok(0), |info| keys::experiment_number(&info.experiment_id))?);
        heads.states.push(info.map(|info| info.status));
        heads.lifecycles.push(info.map_or(Lifecycle::Deleted, |info| info.lifecycle));
        heads.started.push(info.map_or(0, |info| info.started_at.as_micros()));
        heads.ended.push(info.and_then(|info| info.ended_at).map(Timestamp::as_micros));
    }
    Ok(heads)
}

struct Builder<'a> {
    blobs: &'a dyn BlobStore,
    rows: &'a [Source],
    columns: Vec<(Of, String, Digest)>,
    wide: BTreeSet<u32>,
}

impl<'a> Builder<'a> {
    /// The values of every key, with their rows; of the rarest keys only which rows have them, if there are too many.
    fn by_key<T>(&mut self, of: impl Fn(&'a View) -> &'a BTreeMap<String, T>) -> BTreeMap<&'a str, Vec<(u32, &'a T)>> {
        let mut keys: BTreeMap<&str, Vec<(u32, &T)>> = BTreeMap::new();
        for (row, (_, view)) in (0_u32..).zip(self.rows) {
            for (key, value) in view.iter().flat_map(&of) {
                keys.entry(key).or_default().push((row, value));
            }
        }
        if keys.len() > COLUMNS {
            let mut counts: Vec<usize> = keys.values().map(Vec::len).collect();
            counts.sort_unstable_by(|a, b| b.cmp(a));
            let least = counts.get(COLUMNS).copied().unwrap_or_default() + 1;
            keys.retain(|_, values| {
                let keeps = values.len() >= least;
                if !keeps {
                    self.wide.extend(values.iter().map(|(row, _)| row));
                }
                keeps
            });
        }
        keys
    }

    fn present<T>(&self, values: &[(u32, T)]) -> Present {
        let all = values.len() == self.rows.len();
        Present(if all { Vec::new() } else { values.iter().map(|(row, _)| *row).collect() })
    }

    fn put(&mut self, of: Of, key: &str, bytes: &[u8]) -> Result<()> {
        self.columns.push((of, key.into(), self.blobs.put(bytes)?));
        Ok(())
    }

    fn dictionaries<T: Serialize + 'a>(
        &mut self,
        what: Of,
        of: impl Fn(&'a View) -> &'a BTreeMap<String, T>,
    ) -> Result<()> {
        for (key, values) in self.by_key(of) {
            let encoded = values.iter().map(|(_, value)| encode(value)).collect::<Result<Vec<_>>>()?;
            let dictionary = dictionary(self.present(&values), values.iter().map(|(_, value)| *value), encoded);
            self.put(what, key, &encode(&dictionary)?)?;
        }
        Ok(())
    }

    /// A column of what each run has one of, or none.
    fn single<T: Serialize + Hash + Eq>(
        &mut self,
        what: Of,
        key: &str,
        of: impl Fn(&'a View) -> Option<T>,
    ) -> Result<()> {
        let rows = (0_u32..).zip(self.rows);
        let values: Vec<(u32, T)> = rows.filter_map(|(row, (_, view))| Some((row, of(view.as_ref()?)?))).collect();
        if values.is_empty() {
            return Ok(());
        }
        let all = || values.iter().map(|(_, value)| value);
        let dictionary = dictionary(self.present(&values), all(), all());
        self.put(what, key, &encode(&dictionary)?)
    }

    fn metrics(&mut self) -> Result<()> {
        for (key, values) in self.by_key(|view| &view.metrics) {
            let summaries: Vec<&MetricSummary> = values.iter().map(|(_, summary)| *summary).collect();
            self.put(Of::Metric, key, &Summaries::encode(&self.present(&values), &summaries)?)?;
        }
        Ok(())
    }
}

fn texts(values: Value<'_>) -> Vec<String> {
    match values {
        Value::Many(values) => values.iter().filter_map(Value::text).map(Cow::into_owned).collect(),
        one => one.text().map(Cow::into_owned).into_iter().collect(),
    }
}

/// A dictionary of values, which are the same where their keys are.
fn dictionary<'a, T, K: Hash + Eq>(
    present: Present,
    values: impl Iterator<Item = &'a T>,
    keys: impl IntoIterator<Item = K>,
) -> Dictionary<&'a T> {
    let mut dictionary = Dictionary { present, values: Vec::new(), codes: Vec::new() };
    let mut codes: HashMap<K, u32> = HashMap::new();
    for (value, key) in values.zip(keys) {
        let next = u32::try_from(codes.len()).unwrap_or(u32::MAX);
        let code = *codes.entry(key).or_insert(next);
        if code == next {
            dictionary.values.push(value);
        }
        dictionary.codes.push(code);
    }
    dictionary
}
