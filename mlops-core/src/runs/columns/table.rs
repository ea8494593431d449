//! The segments as searches see them: which rows count, and the columns that were looked at.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use parking_lot::Mutex;

use super::super::core::Core;
use super::super::doc::{RunDoc, StoredParam, StoredText};
use super::super::keys;
use super::super::read::View;
use super::super::section::{for_each_entry, names_behind};
use super::super::types::{self, Lifecycle};
use super::fold::is_folded;
use super::layout::{Dictionary, Directory, Heads, Of, decode, read};
use super::rows::{Chosen, Row};
use super::summaries::Summaries;
use super::{CACHE_BYTES, build};
use crate::base::digests::Digest;
use crate::base::time::Timestamp;
use crate::blob::BlobStore;
use crate::error::{Error, Result};
use crate::query::{Aspect, Entity, Field};
use crate::storage::KeyRange;

/// What this process remembers of the segments.
#[derive(Debug, Default)]
pub(in crate::runs) struct Cache {
    last: Mutex<Option<Arc<Table>>>,
    /// Held by the one that folds.
    pub(super) folding: Mutex<()>,
    /// How many runs have ended since this process last folded.
    pub(super) ended: std::sync::atomic::AtomicUsize,
    /// How many of the runs that changed could be folded when somebody last looked at them; None: nobody did.
    foldable: Mutex<Option<usize>>,
}

impl Cache {
    /// How many of the runs that changed can be folded, as far as this process knows.
    pub(super) fn foldable(&self) -> usize {
        self.foldable.lock().unwrap_or(usize::MAX)
    }

    pub(super) fn found_foldable(&self, count: usize) {
        *self.foldable.lock() = Some(count);
    }
}

/// The segments that stand in storage, and which of their rows are the newest of their runs.
#[derive(Debug)]
pub(in crate::runs) struct Table {
    /// Newest first.
    pub(super) segments: Vec<Arc<Segment>>,
    /// For each segment, for each row.
    newest: Vec<Vec<bool>>,
}

/// A segment, with the columns that were looked at.
#[derive(Debug)]
pub(in crate::runs) struct Segment {
    pub(super) number: u64,
    pub(super) directory_blob: Digest,
    pub(super) directory: Directory,
    pub(super) heads: Heads,
    columns: Mutex<Columns>,
}

#[derive(Debug, Default)]
struct Columns {
    loaded: HashMap<(Of, String), Arc<Column>>,
    bytes: usize,
}

#[derive(Debug)]
pub(in crate::runs) enum Column {
    Metric(Box<Summaries>),
    Param(Dictionary<StoredParam>),
    Tag(Dictionary<StoredText>),
    Info(Dictionary<String>),
    Input(Dictionary<Vec<String>>),
}

impl Segment {
    pub(super) fn load(blobs: &dyn BlobStore, number: u64, directory_blob: Digest) -> Result<Self> {
        let directory: Directory = read(blobs, "a segment of columns", &directory_blob)?;
        let heads = read(blobs, "the rows of a segment", &directory.heads)?;
        Ok(Self { number, directory_blob, directory, heads, columns: Mutex::default() })
    }

    /// How many rows it has.
    pub(in crate::runs) fn rows(&self) -> usize {
        self.heads.ids.len()
    }

    /// The keys that have a column.
    pub(in crate::runs) fn keys(&self, of: Of) -> impl Iterator<Item = &str> {
        self.directory.columns.iter().filter(move |(found, ..)| *found == of).map(|(_, key, _)| key.as_str())
    }

    fn row_of(&self, run: &str) -> Option<usize> {
        self.heads.ids.binary_search_by(|id| id.as_str().cmp(run)).ok()
    }

    /// A column; None if no row has the key, or only rows that are wide.
    pub(in crate::runs) fn column(&self, blobs: &dyn BlobStore, of: Of, key: &str) -> Result<Option<Arc<Column>>> {
        let columns = &self.directory.columns;
        let Ok(at) = columns.binary_search_by(|(what, name, _)| (*what, name.as_str()).cmp(&(of, key))) else {
            return Ok(None);
        };
        let Some((_, _, blob)) = columns.get(at) else { return Ok(None) };
        let place = (of, key.to_owned());
        if let Some(column) = self.columns.lock().loaded.get(&place) {
            return Ok(Some(column.clone()));
        }
        let bytes = blobs.get(blob)?;
        let mut size = bytes.len();
        let column = match of {
            Of::Metric => {
                let summaries = Summaries::decode(&bytes)?;
                size = summaries.size();
                Column::Metric(summaries.into())
            }
            Of::Param => Column::Param(decode("a column of params", &bytes)?),
            Of::Tag => Column::Tag(decode("a column of tags", &bytes)?),
            Of::Info => Column::Info(decode("a column of texts", &bytes)?),
            Of::Input => Column::Input(decode("a column of inputs", &bytes)?),
        };
        let column = Arc::new(column);
        let mut columns = self.columns.lock();
        columns.bytes += size;
        columns.loaded.insert(place, column.clone());
        Ok(Some(column))
    }
}

impl Table {
    fn new(segments: Vec<Arc<Segment>>) -> Self {
        let mut seen: HashSet<&str> = HashSet::new();
        let newest =
            segments.iter().map(|segment| segment.heads.ids.iter().map(|id| seen.insert(id)).collect()).collect();
        Self { segments, newest }
    }

    pub(in crate::runs) fn segment(&self, at: usize) -> Option<&Segment> {
        self.segments.get(at).map(|segment| &**segment)
    }

    /// The rows of one of the segments that are the newest of their runs.
    pub(super) fn newest(&self, segment: usize) -> impl Iterator<Item = usize> + '_ {
        let rows = self.newest.get(segment).map(Vec::as_slice).unwrap_or_default();
        rows.iter().enumerate().filter_map(|(row, newest)| newest.then_some(row))
    }

    #[cfg(test)]
    pub(in crate::runs) fn blobs(&self) -> Vec<Digest> {
        let columns =
            self.segments.iter().flat_map(|segment| segment.directory.columns.iter().map(|(_, _, blob)| *blob));
        let heads = self.segments.iter().flat_map(|segment| [segment.directory_blob, segment.directory.heads]);
        columns.chain(heads).collect()
    }

    /// The same without the rows of some runs.
    fn without(&self, runs: &BTreeSet<String>) -> Vec<Vec<bool>> {
        let mut rows = self.newest.clone();
        for run in runs {
            for (segment, rows) in self.segments.iter().zip(&mut rows) {
                if let Some(row) = segment.row_of(run).and_then(|row| rows.get_mut(row)) {
                    *row = false;
                }
            }
        }
        rows
    }
}

/// A run that a search looks at.
#[derive(Debug)]
pub(in crate::runs) enum Candidate<'a> {
    Row(Row<'a>),
    Record(Box<View>),
}

/// Which runs a search looks at.
#[derive(Debug)]
pub(in crate::runs) struct Scope<'a> {
    /// The ids of experiments; none: all.
    pub(in crate::runs) experiments: &'a [String],
    pub(in crate::runs) view: types::View,
    /// The numbers of deleted experiments: their runs are, too.
    pub(in crate::runs) hidden: &'a BTreeMap<u64, Timestamp>,
    /// What will be asked of each run.
    pub(in crate::runs) fields: &'a [&'a Field],
    /// All of it will be.
    pub(in crate::runs) whole: bool,
    /// Columns may be asked.
    pub(in crate::runs) by_columns: bool,
}

impl Scope<'_> {
    /// True if a run is shown; `own` is what its own record says.
    fn shows(&self, experiment: u64, own: Lifecycle) -> bool {
        self.view.shows(if self.hidden.contains_key(&experiment) { Lifecycle::Deleted } else { own })
    }
}

impl Core {
    /// The segments by now; None: there are none yet, not even of nothing.
    pub(in crate::runs) fn table(&self) -> Result<Option<Arc<Table>>> {
        if self.storage.get(keys::COLUMNS)?.is_none() {
            return Ok(None);
        }
        let mut listed = Vec::new();
        for_each_entry(&*self.storage, KeyRange::prefix(keys::SEGMENTS), |key, value| {
            let number = key.strip_prefix(keys::SEGMENTS).and_then(|number| number.first_chunk::<8>());
            let number = number.ok_or_else(|| Error::internal("a segment of columns has no number"))?;
            listed.push((u64::from_be_bytes(*number), decode::<Digest>("a segment of columns", value)?));
            Ok(())
        })?;
        listed.reverse();
        let mut last = self.columns.last.lock();
        let known = last.as_ref().map(|table| table.segments.as_slice()).unwrap_or_default();
        let same = known.len() == listed.len()
            && known.iter().zip(&listed).all(|(segment, listed)| (segment.number, segment.directory_blob) == *listed);
        if same && let Some(table) = last.as_ref() {
            let bytes = || table.segments.iter().map(|segment| segment.columns.lock().bytes).sum::<usize>();
            if bytes() > CACHE_BYTES {
                table.segments.iter().for_each(|segment| *segment.columns.lock() = Columns::default());
            }
            return Ok(Some(table.clone()));
        }
        let mut segments = Vec::with_capacity(listed.len());
        for (number, blob) in listed {
            let found = known.iter().find(|segment| (segment.number, segment.directory_blob) == (number, blob));
            segments.push(match found {
                Some(segment) => segment.clone(),
                None => Arc::new(Segment::load(&*self.blobs, number, blob)?),
            });
        }
        let table = Arc::new(Table::new(segments));
        *last = Some(table.clone());
        Ok(Some(table))
    }

    /// The runs that changed since they were folded.
    pub(super) fn unfolded(&self) -> Result<BTreeSet<String>> {
        Ok(names_behind(&*self.storage, keys::UNFOLDED)?.into_iter().collect())
    }

    /// Visits every run of the scope: by its row where that tells all, else by its record. Returns the segments that rows
    /// are of.
    pub(in crate::runs) fn for_each_candidate(
        &self,
        scope: &Scope<'_>,
        visit: &mut dyn FnMut(Candidate<'_>) -> Result<()>,
    ) -> Result<Option<Arc<Table>>> {
        if !scope.by_columns {
            return self.by_records(scope, visit).map(|()| None);
        }
        // First what changed, then the segments: what is folded between the two is read from its record.
        let unfolded = self.unfolded()?;
        self.fold_if_many(unfolded.len());
        match self.table() {
            Ok(Some(table)) => self.by_rows(scope, &unfolded, &table, visit).map(|()| Some(table)),
            // Columns only say again what stands in the records.
            Ok(None) | Err(Error::Corrupt { .. } | Error::NotFound { .. }) => {
                self.by_records(scope, visit).map(|()| None)
            }
            Err(e) => Err(e),
        }
    }

    fn by_rows(
        &self,
        scope: &Scope<'_>,
        unfolded: &BTreeSet<String>,
        table: &Table,
        visit: &mut dyn FnMut(Candidate<'_>) -> Result<()>,
    ) -> Result<()> {
        let experiments: Option<HashSet<u64>> = (!scope.experiments.is_empty())
            .then(|| scope.experiments.iter().filter_map(|id| keys::experiment_number(id).ok()).collect());
        let mut chosen = Vec::with_capacity(table.segments.len());
        for segment in &table.segments {
            match self.choose(segment, scope.fields) {
                Ok(columns) => chosen.push(columns),
                Err(Error::Corrupt { .. } | Error::NotFound { .. }) => return self.by_records(scope, visit),
                Err(e) => return Err(e),
            }
        }
        let mut foldable = 0;
        for run in unfolded {
            let doc = self.doc(run)?;
            foldable += usize::from(is_folded(doc.as_ref(), unfolded.len()));
            self.record(doc, scope, experiments.as_ref(), visit)?;
        }
        self.columns.found_foldable(foldable);
        let rows = table.without(unfolded);
        for (at_segment, ((segment, rows), columns)) in table.segments.iter().zip(&rows).zip(&chosen).enumerate() {
            let Heads { experiments: of, states, lifecycles, ids, .. } = &segment.heads;
            let lacks = scope.whole || columns.iter().any(|(of, _, column)| of.may_be_wide() && column.is_none());
            for (row, live) in (0_u32..).zip(rows) {
                let at = row as usize;
                let is_shown = *live
                    && states.get(at).is_some_and(Option::is_some)
                    && of.get(at).zip(lifecycles.get(at)).is_some_and(|(of, own)| scope.shows(*of, *own))
                    && experiments.as_ref().is_none_or(|wanted| of.get(at).is_some_and(|of| wanted.contains(of)));
                if !is_shown {
                    continue;
                }
                if lacks && segment.directory.wide.binary_search(&row).is_ok() {
                    if let Some(run) = ids.get(at) {
                        self.record(self.doc(run)?, scope, None, visit)?;
                    }
                    continue;
                }
                visit(Candidate::Row(Row { segment, at_segment, columns, number: row }))?;
            }
        }
        Ok(())
    }

    /// The columns of a segment that fields are answered by.
    pub(in crate::runs) fn choose(&self, segment: &Segment, fields: &[&Field]) -> Result<Chosen> {
        let mut chosen = Chosen::new();
        for field in fields {
            for (of, key) in places(field) {
                let column = segment.column(&*self.blobs, of, key)?;
                if let Some(Column::Metric(summaries)) = column.as_deref()
                    && field.meanings().any(|(_, aspect)| aspect != Aspect::Value)
                {
                    summaries.unpack()?;
                }
                if !chosen.iter().any(|(found, name, _)| (*found, name.as_str()) == (of, key)) {
                    chosen.push((of, key.into(), column));
                }
            }
        }
        Ok(chosen)
    }

    /// Visits a run by its record, if it is there and in the scope.
    fn record(
        &self,
        doc: Option<RunDoc>,
        scope: &Scope<'_>,
        experiments: Option<&HashSet<u64>>,
        visit: &mut dyn FnMut(Candidate<'_>) -> Result<()>,
    ) -> Result<()> {
        let Some(doc) = doc else { return Ok(()) };
        let number = keys::experiment_number(&doc.info.experiment_id)?;
        if !scope.shows(number, doc.info.lifecycle) || experiments.is_some_and(|wanted| !wanted.contains(&number)) {
            return Ok(());
        }
        match self.view_of(doc)? {
            Some(view) => visit(Candidate::Record(view.into())),
            None => Ok(()),
        }
    }

    fn by_records(&self, scope: &Scope<'_>, visit: &mut dyn FnMut(Candidate<'_>) -> Result<()>) -> Result<()> {
        self.for_each_run(scope.experiments, |doc: RunDoc| {
            if !scope.shows(keys::experiment_number(&doc.info.experiment_id)?, doc.info.lifecycle) {
                return Ok(());
            }
            match self.view_of(doc)? {
                Some(view) => visit(Candidate::Record(view.into())),
                None => Ok(()),
            }
        })
    }
}

/// Where a field's value stands.
fn places(field: &Field) -> Vec<(Of, &str)> {
    let of = match field.entity {
        Entity::Metric => Of::Metric,
        Entity::Param => Of::Param,
        Entity::Tag => Of::Tag,
        Entity::Attribute if field.key == "run_name" => return vec![(Of::Info, build::NAME)],
        Entity::Attribute if field.key == "user_id" => return vec![(Of::Info, build::USER)],
        Entity::Attribute => return Vec::new(),
        Entity::Dataset => return vec![(Of::Input, &field.key)],
    };
    field.meanings().map(|(key, _)| (of, key)).collect()
}
