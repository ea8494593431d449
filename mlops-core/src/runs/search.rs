//! Finding runs: filter, order, pages.

#[cfg(feature = "arrow")]
mod arrow;
mod first;
pub(super) mod points;
mod record;
mod table;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use self::first::{First, compare};
use self::points::Asked;
use self::record::Record;
pub use self::table::{ColumnData, RunTable, TableColumn, TextColumn};
use super::codec::{self, first_layout};
use super::columns::{Candidate, Scope, Table};
use super::core::Core;
use super::doc::RunDoc;
use super::keys;
use super::read::View;
use super::section::for_each_entry;
use super::store::Runs;
use super::types::{RunData, RunQuery};
use crate::base::paging::{Page, page_size};
use crate::base::text;
use crate::base::time::Timestamp;
use crate::error::{Error, Result};
use crate::query::{self, Field, OrderKey, Value};
use crate::storage::KeyRange;

/// A value that a run is ordered by, kept while its run is not.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum SortValue {
    Number(f64),
    Text(String),
}

impl SortValue {
    fn of(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Number(number) => Some(Self::Number(number)),
            Value::Time(at) => Some(Self::Number(query::sortable(at))),
            Value::Text(text) => Some(Self::Text(text.into_owned())),
            Value::Param(value) => Some(value.number().map_or_else(|| Self::Text(value.text()), Self::Number)),
            Value::Many(values) => values.into_iter().next().and_then(Self::of),
        }
    }
}

/// What decides a run's place in the result; the place of the last run of a page is where the next goes on.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Place {
    values: Vec<Option<SortValue>>,
    started_at: Timestamp,
    run_id: String,
    /// Where the rest of the run stands, if it is asked for.
    #[serde(skip)]
    hit: Hit,
}

/// Where a run that was found stands.
#[derive(Clone, Debug, Default)]
enum Hit {
    #[default]
    Id,
    Row {
        segment: usize,
        number: u32,
    },
    Record(Box<View>),
}

impl Hit {
    fn of(run: Candidate<'_>) -> Self {
        match run {
            Candidate::Row(row) => Self::Row { segment: row.at_segment, number: row.number },
            Candidate::Record(view) => Self::Record(view),
        }
    }
}

impl Place {
    fn of(record: &Record<'_>, order: &[OrderKey]) -> Self {
        Self {
            hit: Hit::Id,
            values: order.iter().map(|key| key.of(record).and_then(SortValue::of)).collect(),
            started_at: record.run.started_at(),
            run_id: record.run.run_id().to_owned(),
        }
    }
}

/// Where a search goes on, and a digest of what it looked for.
#[derive(Debug, Serialize, Deserialize)]
struct Token {
    query: u32,
    /// What `now()` is on every page.
    now: Timestamp,
    after: Place,
}

first_layout!(Token);

impl Runs {
    /// The runs that match a query, a page at a time. Pages go on behind the last run of the page before, so that
    /// runs started meanwhile neither repeat nor hide others.
    ///
    /// A run without the filter's metric, param or tag does not match, not even with `!=`. Metrics stand for their
    /// last value. The time is proportional to the number of runs in the experiments; where the filter or the order
    /// asks for a metric's `first`, `mean` or value at a step, to the points of those runs that the rest of the filter
    /// leaves.
    ///
    /// # Errors
    /// `InvalidArgument` for a filter or order that cannot be read (the message points at the place), a page size
    /// above 50,000, or a page token of another query. `LimitExceeded` for a filter that is too long, too deep or has
    /// too many regular expressions. What reading runs gives: `Corrupt`, `Io`.
    pub fn search(&self, query: &RunQuery) -> Result<Page<RunData>> {
        let limit = page_size(query.max_results)?;
        let core = &*self.core.for_reading()?;
        let mut found = core.find(query, limit, None, true)?;
        let mut page = Page::default();
        for place in &found.places {
            // What was removed for good since it was found is not there.
            if let Some(view) = core.view_if_there(&place.run_id)? {
                page.items.push(view.into_data(&*core.blobs)?);
            }
        }
        page.next_page_token = found.next_page_token(query)?;
        Ok(page)
    }

    /// How many runs match a query, on all pages: its order, page size and page token play no part. No run is read whole.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    ///
    /// # Examples
    /// ```
    /// use mlops_core::runs::{RunOptions, RunQuery};
    /// # fn main() -> mlops_core::Result<()> {
    /// let store = mlops_core::Store::open("memory:")?;
    /// store.runs().start(RunOptions::default())?.log_metric("loss", 0.5, 0, None)?;
    /// store.runs().start(RunOptions::default())?;
    /// let query = RunQuery { filter: "metrics.loss < 1".into(), ..RunQuery::default() };
    /// assert_eq!(store.runs().count(&query)?, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn count(&self, query: &RunQuery) -> Result<u64> {
        let all = RunQuery { order_by: Vec::new(), max_results: 0, page_token: None, ..query.clone() };
        Ok(self.core.for_reading()?.find(&all, usize::MAX, None, true)?.places.len() as u64)
    }
}

/// Of a segment of this many rows for each that was found, reading those whole is less than all of its columns.
const ROWS_A_RECORD: usize = 16;

/// What a search has found, in order.
struct Found {
    places: Vec<Place>,
    more: bool,
    /// What `now()` was.
    now: Timestamp,
    /// The segments that rows are of.
    table: Option<Arc<Table>>,
}

impl Found {
    /// Reads the records of runs that are few among the rows of their segment.
    fn read_few(&mut self, core: &Core) -> Result<()> {
        let Some(table) = self.table.clone() else { return Ok(()) };
        let mut hits: HashMap<usize, usize> = HashMap::new();
        for place in &self.places {
            if let Hit::Row { segment, .. } = place.hit {
                *hits.entry(segment).or_default() += 1;
            }
        }
        hits.retain(|at, count| table.segment(*at).is_some_and(|segment| *count * ROWS_A_RECORD <= segment.rows()));
        let mut places = Vec::with_capacity(self.places.len());
        for mut place in std::mem::take(&mut self.places) {
            if let Hit::Row { segment, .. } = place.hit
                && hits.contains_key(&segment)
            {
                // What was removed for good since it was found is not there.
                let Some(doc) = core.doc(&place.run_id)? else { continue };
                let Some(view) = core.view_of(doc)? else { continue };
                place.hit = Hit::Record(view.into());
            }
            places.push(place);
        }
        self.places = places;
        Ok(())
    }

    /// Takes the token of what comes behind the last run, if there is more.
    fn next_page_token(&mut self, query: &RunQuery) -> Result<Option<String>> {
        let last = if self.more { self.places.pop() } else { None };
        last.map(|last| write_token(query, self.now, last)).transpose()
    }
}

impl Core {
    /// The first runs that match; with `columns` they say where these stand, or the whole of the run for none.
    fn find(&self, query: &RunQuery, limit: usize, columns: Option<&[Field]>, by_columns: bool) -> Result<Found> {
        let filter = query::parse(&query.filter)?;
        let order = query::parse_order(&query.order_by)?;
        let token = query.page_token.as_deref().map(|token| read_token(token, query)).transpose()?;
        let now = token.as_ref().map_or_else(|| self.clock.now(), |token| token.now);
        let filter = filter.bind(now);
        let fields = filter.expr().fields();
        let fields: Vec<_> = fields.into_iter().chain(order.iter().map(|key| &key.field)).collect();
        let asked = Asked::by(fields.iter().copied());
        let looked_at: Vec<_> = fields.iter().copied().chain(columns.into_iter().flatten()).collect();
        let whole = columns.is_some_and(<[_]>::is_empty);
        let scope = Scope {
            experiments: &query.experiment_ids,
            view: query.view,
            hidden: &self.deleted_experiments()?,
            fields: &looked_at,
            whole,
            by_columns,
        };
        let behind = |place: &Place| {
            token.as_ref().is_none_or(|token| compare(place, &token.after, &order) == Ordering::Greater)
        };
        let mut first = First::new(&order, limit);
        let table = self.for_each_candidate(&scope, &mut |run| {
            let record = match &run {
                Candidate::Row(row) => Record::new(row, self, &asked),
                Candidate::Record(view) => Record::new(&**view, self, &asked),
            };
            let is_wanted = filter.matches(&record) && !first.are_before(&record);
            let place = is_wanted.then(|| Place::of(&record, &order)).filter(behind);
            record.finish()?;
            if let Some(place) = place {
                first.add(if columns.is_some() { Place { hit: Hit::of(run), ..place } } else { place });
            }
            Ok(())
        })?;
        let (places, more) = first.finish();
        Ok(Found { places, more, now, table })
    }

    /// Visits the record of every run of the experiments; of all for none.
    pub(super) fn for_each_run(
        &self,
        experiments: &[String],
        mut visit: impl FnMut(RunDoc) -> Result<()>,
    ) -> Result<()> {
        if experiments.is_empty() {
            return for_each_entry(&*self.storage, KeyRange::prefix(keys::RUNS), |_, value| {
                visit(codec::decode("a run", value)?)
            });
        }
        for experiment in experiments.iter().collect::<BTreeSet<_>>() {
            // An experiment that does not exist has no runs.
            let Ok(number) = keys::experiment_number(experiment) else { continue };
            let prefix = keys::experiment_runs(number);
            for_each_entry(&*self.storage, KeyRange::prefix(prefix.clone()), |key, _| {
                let run = key.strip_prefix(prefix.as_slice()).unwrap_or_default();
                match self.storage.get(&[keys::RUNS, run].concat())? {
                    Some(value) => visit(codec::decode("a run", &value)?),
                    None => Ok(()),
                }
            })?;
        }
        Ok(())
    }
}

/// A number that stands for what is looked for: a token of another query gives another result than expected.
fn fingerprint(query: &RunQuery) -> u32 {
    let parts = format!("{:?} {:?} {:?} {:?}", query.experiment_ids, query.filter, query.order_by, query.view);
    crc32fast::hash(parts.as_bytes())
}

fn write_token(query: &RunQuery, now: Timestamp, after: Place) -> Result<String> {
    let bytes = codec::encode(&Token { query: fingerprint(query), now, after })?;
    Ok(text::hex(&bytes))
}

fn read_token(token: &str, query: &RunQuery) -> Result<Token> {
    let bad = || Error::InvalidArgument {
        what: "page token".into(),
        value: token.chars().take(80).collect(),
        expected: "the token of the page before, of the same query".into(),
    };
    let digits = token.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let bytes: Option<Vec<u8>> = digits.1.is_empty().then(|| digits.0.iter().map(byte).collect()).flatten();
    let read = bytes.and_then(|bytes| codec::decode::<Token>("a page token", &bytes).ok());
    read.filter(|read| read.query == fingerprint(query)).ok_or_else(bad)
}
