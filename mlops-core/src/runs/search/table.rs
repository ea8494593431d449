//! The result of a search as columns: what data frames are made of.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::points::Asked;
use super::record::Record;
use super::{Found, Hit, Place};
use crate::base::time::Timestamp;
use crate::error::{Error, Result};
use crate::query::{self, Entity, Field, Value};
use crate::runs::columns::{Column, Dictionary, Of, Row, Segment};
use crate::runs::core::Core;
use crate::runs::doc::StoredParam;
use crate::runs::facts::Facts;
use crate::runs::read::View;
use crate::runs::store::Runs;
use crate::runs::types::RunQuery;

/// Runs as columns, all of the same length, in the order of the search.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunTable {
    /// How many runs.
    pub rows: usize,
    /// The columns.
    pub columns: Vec<TableColumn>,
    /// Where the next table goes on; None behind the last run.
    pub next_page_token: Option<String>,
}

/// A column of a [`RunTable`].
#[derive(Clone, Debug, PartialEq)]
pub struct TableColumn {
    /// Its name, such as `run_id`, `metrics.loss` or `params.depth`.
    pub name: String,
    /// A value for each run.
    pub data: ColumnData,
}

/// The values of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum ColumnData {
    /// Texts.
    Text(TextColumn),
    /// Numbers; None where the run has none. NaN is a number.
    Number(Vec<Option<f64>>),
    /// Times.
    Time(Vec<Option<Timestamp>>),
}

/// Texts, each distinct one once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextColumn {
    /// The distinct texts.
    pub values: Vec<String>,
    /// For each run which of them; None where it has none.
    pub codes: Vec<Option<u32>>,
}

impl TextColumn {
    /// The texts, one a run.
    pub fn iter(&self) -> impl Iterator<Item = Option<&str>> {
        self.codes.iter().map(|code| self.values.get(code.as_ref().map(|code| *code as usize)?).map(String::as_str))
    }
}

/// Collects texts, each distinct one once.
#[derive(Debug, Default)]
struct Texts {
    column: TextColumn,
    codes: HashMap<String, u32>,
}

impl Texts {
    fn of(rows: usize) -> Self {
        Self { column: TextColumn { values: Vec::new(), codes: vec![None; rows] }, codes: HashMap::new() }
    }

    fn code(&mut self, text: &str) -> u32 {
        if let Some(code) = self.codes.get(text) {
            return *code;
        }
        let code = u32::try_from(self.column.values.len()).unwrap_or(u32::MAX);
        self.codes.insert(text.into(), code);
        self.column.values.push(text.into());
        code
    }

    fn set(&mut self, row: usize, code: u32) {
        put(&mut self.column.codes, row, code);
    }

    /// Adds what rows of a segment have.
    fn extend<T>(
        &mut self,
        rows: &[(usize, u32)],
        dictionary: &Dictionary<T>,
        text: impl Fn(&T) -> Result<String>,
    ) -> Result<()> {
        let mut codes: HashMap<u32, u32> = HashMap::new();
        for (place, row) in rows {
            let Some((code, value)) = dictionary.entry(*row) else { continue };
            let code = match codes.get(&code) {
                Some(known) => *known,
                None => *codes.entry(code).or_insert(self.code(&text(value)?)),
            };
            self.set(*place, code);
        }
        Ok(())
    }
}

impl Runs {
    /// The runs that match a query as columns, all of them or the first `max_results` (0: all): those that `columns` names, in
    /// the language of orders (`metrics.loss.min`, `params.lr`, `start_time`); without names what MLflow shows: id,
    /// experiment, status, artifact URI, times, then every metric (its last value), param and tag that a run has, by name.
    /// Page tokens are those of [`search`](Self::search).
    ///
    /// # Errors
    /// As [`search`](Self::search).
    ///
    /// ```
    /// use mlops_core::runs::{ColumnData, RunOptions, RunQuery};
    /// # fn main() -> mlops_core::Result<()> {
    /// let store = mlops_core::Store::open("memory:")?;
    /// for value in [0.5, 0.25] {
    ///     store.runs().start(RunOptions::default())?.log_metric("loss", value, 0, None)?;
    /// }
    /// let query = RunQuery { order_by: vec!["metrics.loss".into()], ..RunQuery::default() };
    /// let table = store.runs().search_table(&query, &["metrics.loss".into()])?;
    /// assert_eq!(table.columns[0].data, ColumnData::Number(vec![Some(0.25), Some(0.5)]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn search_table(&self, query: &RunQuery, columns: &[String]) -> Result<RunTable> {
        let limit = if query.max_results == 0 { usize::MAX } else { query.max_results };
        let core = &*self.core.for_reading()?;
        let fields = query::parse_columns(columns)?;
        let table = |by_columns| {
            let mut found = core.find(query, limit, Some(&fields), by_columns)?;
            if fields.is_empty() {
                found.read_few(core)?;
            }
            let rows = found.places.len();
            let columns =
                if fields.is_empty() { whole(core, &found)? } else { chosen(core, &found, columns, &fields)? };
            Ok(RunTable { rows, columns, next_page_token: found.next_page_token(query)? })
        };
        match table(true) {
            // Columns only say again what stands in the records.
            Err(Error::Corrupt { .. } | Error::NotFound { .. }) => table(false),
            other => other,
        }
    }
}

/// The columns that a caller named.
fn chosen(core: &Core, found: &Found, names: &[String], fields: &[Field]) -> Result<Vec<TableColumn>> {
    let asked = Asked::by(fields.iter());
    let wanted: Vec<&Field> = fields.iter().collect();
    let mut data: Vec<Filling> = fields.iter().map(|field| Filling::of(field, found.places.len())).collect();
    let mut fill = |place: usize, facts: &dyn Facts| {
        let record = Record::new(facts, core, &asked);
        fields.iter().zip(&mut data).for_each(|(field, data)| data.set(place, field.of(&record)));
        record.finish()
    };
    let grouped = Grouped::of(found);
    for (segment, rows) in &grouped.segments {
        let columns = core.choose(segment, &wanted)?;
        for (place, row) in rows {
            fill(*place, &Row::of(segment, &columns, *row))?;
        }
    }
    for (place, view) in &grouped.records {
        fill(*place, *view)?;
    }
    Ok(names.iter().zip(data).map(|(name, data)| TableColumn { name: name.clone(), data: data.finish() }).collect())
}

/// A column that is being filled.
#[derive(Debug)]
enum Filling {
    Text(Texts),
    Number(Vec<Option<f64>>),
    Time(Vec<Option<Timestamp>>),
}

impl Filling {
    fn of(field: &Field, rows: usize) -> Self {
        if field.is_time() {
            Self::Time(vec![None; rows])
        } else if field.is_number() {
            Self::Number(vec![None; rows])
        } else {
            Self::Text(Texts::of(rows))
        }
    }

    fn set(&mut self, row: usize, value: Option<Value<'_>>) {
        match (self, value) {
            (Self::Number(column), Some(Value::Number(number))) => put(column, row, number),
            (Self::Time(column), Some(Value::Time(at))) => put(column, row, at),
            (Self::Text(texts), Some(value)) => {
                // Of several values the first counts, as in an order.
                let value = if let Value::Many(values) = value { values.into_iter().next() } else { Some(value) };
                if let Some(text) = value.as_ref().and_then(Value::text) {
                    let code = texts.code(&text);
                    texts.set(row, code);
                }
            }
            _ => {}
        }
    }

    fn finish(self) -> ColumnData {
        match self {
            Self::Text(texts) => ColumnData::Text(texts.column),
            Self::Number(column) => ColumnData::Number(column),
            Self::Time(column) => ColumnData::Time(column),
        }
    }
}

fn put<T>(column: &mut [Option<T>], row: usize, value: T) {
    if let Some(place) = column.get_mut(row) {
        *place = Some(value);
    }
}

/// Every column that a run has something in.
fn whole(core: &Core, found: &Found) -> Result<Vec<TableColumn>> {
    let base = ["run_id", "experiment_id", "status", "artifact_uri", "start_time", "end_time"].map(str::to_owned);
    let mut columns = chosen(core, found, &base, &query::parse_columns(&base)?)?;
    if let Some(TableColumn { data: ColumnData::Text(uris), .. }) = columns.get_mut(3) {
        // As MLflow writes them.
        uris.values.iter_mut().for_each(|uri| uri.push('/'));
    }
    let grouped = Grouped::of(found);
    for (of, entity) in [(Of::Metric, Entity::Metric), (Of::Param, Entity::Param), (Of::Tag, Entity::Tag)] {
        for key in grouped.keys(of) {
            let data = if of == Of::Metric {
                grouped.metric(core, &key)?.map(ColumnData::Number)
            } else {
                grouped.texts(core, of, &key)?.map(ColumnData::Text)
            };
            let name = format!("{}.{key}", entity.as_str());
            columns.extend(data.map(|data| TableColumn { name, data }));
        }
    }
    Ok(columns)
}

/// Where the runs of a result stand: their place in the result, and their row or record.
struct Grouped<'a> {
    rows: usize,
    segments: Vec<(&'a Segment, Vec<(usize, u32)>)>,
    records: Vec<(usize, &'a View)>,
}

impl<'a> Grouped<'a> {
    fn of(found: &'a Found) -> Self {
        let mut segments: BTreeMap<usize, Vec<(usize, u32)>> = BTreeMap::new();
        let mut records = Vec::new();
        for (place, Place { hit, .. }) in found.places.iter().enumerate() {
            match hit {
                Hit::Row { segment, number } => segments.entry(*segment).or_default().push((place, *number)),
                Hit::Record(view) => records.push((place, &**view)),
                Hit::Id => {}
            }
        }
        let segment = |at: usize| found.table.as_ref().and_then(|table| table.segment(at));
        let segments = segments.into_iter().filter_map(|(at, rows)| Some((segment(at)?, rows))).collect();
        Self { rows: found.places.len(), segments, records }
    }

    /// The keys that the runs may have.
    fn keys(&self, of: Of) -> BTreeSet<String> {
        let mut keys: BTreeSet<String> =
            self.segments.iter().flat_map(|(segment, _)| segment.keys(of)).map(str::to_owned).collect();
        for (_, view) in &self.records {
            match of {
                Of::Metric => keys.extend(view.metrics.keys().cloned()),
                Of::Param => keys.extend(view.params.keys().cloned()),
                Of::Tag | Of::Info | Of::Input => keys.extend(view.tags.keys().cloned()),
            }
        }
        keys
    }

    /// The last values of a metric; None if no run has it.
    fn metric(&self, core: &Core, key: &str) -> Result<Option<Vec<Option<f64>>>> {
        let mut column = vec![None; self.rows];
        let mut any = false;
        let mut set = |place: usize, value: Option<f64>| {
            if let (Some(value), Some(place)) = (value, column.get_mut(place)) {
                *place = Some(value);
                any = true;
            }
        };
        for (segment, rows) in &self.segments {
            if let Some(Column::Metric(summaries)) = segment.column(&*core.blobs, Of::Metric, key)?.as_deref() {
                rows.iter().for_each(|(place, row)| set(*place, summaries.last(*row)));
            }
        }
        self.records.iter().for_each(|(place, view)| set(*place, view.metrics.get(key).map(|found| found.last)));
        Ok(any.then_some(column))
    }

    /// The texts of a param or a tag; None if no run has it.
    fn texts(&self, core: &Core, of: Of, key: &str) -> Result<Option<TextColumn>> {
        let mut texts = Texts::of(self.rows);
        for (segment, rows) in &self.segments {
            match segment.column(&*core.blobs, of, key)?.as_deref() {
                Some(Column::Param(params)) => texts.extend(rows, params, |value| param_text(core, value))?,
                Some(Column::Tag(tags)) => texts.extend(rows, tags, |value| value.clone().load(&*core.blobs))?,
                _ => {}
            }
        }
        for (place, view) in &self.records {
            let text = match of {
                Of::Param => view.params.get(key).map(|value| param_text(core, value)),
                _ => view.tags.get(key).map(|value| value.clone().load(&*core.blobs)),
            };
            if let Some(text) = text {
                let code = texts.code(&text?);
                texts.set(*place, code);
            }
        }
        Ok(texts.column.codes.iter().any(Option::is_some).then_some(texts.column))
    }
}

fn param_text(core: &Core, value: &StoredParam) -> Result<String> {
    Ok(value.clone().load(&*core.blobs)?.text())
}
