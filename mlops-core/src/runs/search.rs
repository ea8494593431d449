//! Finding runs: filter, order, pages.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::codec;
use super::core::Core;
use super::doc::{RunDoc, StoredParam, StoredText};
use super::experiments::{Lifecycles, page_size};
use super::keys;
use super::read::View;
use super::section::for_each_entry;
use super::store::Runs;
use super::types::{RunData, RunQuery};
use crate::base::paging::Page;
use crate::base::text;
use crate::base::time::Timestamp;
use crate::error::{Error, Result};
use crate::query::{self, Entity, Field, OrderKey, Value};
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
}

/// Where a search goes on, and a digest of what it looked for.
#[derive(Debug, Serialize, Deserialize)]
struct Token {
    query: u32,
    after: Place,
}

impl Runs {
    /// The runs that match a query, a page at a time. Pages go on behind the last run of the page before, so that
    /// runs started meanwhile neither repeat nor hide others.
    ///
    /// A run without the filter's metric, param or tag does not match, not even with `!=`. Metrics stand for their
    /// last value. The time is proportional to the number of runs in the experiments.
    ///
    /// # Errors
    /// `InvalidArgument` for a filter or order that cannot be read (the message points at the place), a page size
    /// above 50,000, or a page token of another query.
    pub fn search(&self, query: &RunQuery) -> Result<Page<RunData>> {
        let limit = page_size(query.max_results)?;
        let filter = query::parse(&query.filter)?;
        let order = query::parse_order(&query.order_by)?;
        let token = query.page_token.as_deref().map(|token| read_token(token, query)).transpose()?;
        let core = &*self.core.for_reading()?;
        let mut places = Vec::new();
        let mut lifecycles = Lifecycles::new(core);
        core.for_each_run(&query.experiment_ids, |mut doc| {
            doc.info.lifecycle = lifecycles.of(&doc.info)?;
            if !query.view.shows(doc.info.lifecycle) {
                return Ok(());
            }
            let record = Record { view: View::load(&*core.storage, &*core.blobs, doc)?, core };
            if filter.matches(&record) {
                places.push(record.place(&order));
            }
            Ok(())
        })?;
        places.sort_by(|a, b| compare(a, b, &order));
        if let Some(token) = &token {
            let behind = places.partition_point(|place| compare(place, &token.after, &order) != Ordering::Greater);
            places.drain(..behind);
        }
        let more = places.len() > limit;
        places.truncate(limit);
        let mut page = Page::default();
        for place in &places {
            page.items.push(core.view(&place.run_id)?.into_data(&*core.blobs)?);
        }
        if let (true, Some(last)) = (more, places.pop()) {
            page.next_page_token = Some(write_token(query, last)?);
        }
        Ok(page)
    }
}

impl Core {
    /// Visits the record of every run of the experiments; of all for none.
    fn for_each_run(&self, experiments: &[String], mut visit: impl FnMut(RunDoc) -> Result<()>) -> Result<()> {
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

/// A run as filters see it.
struct Record<'a> {
    view: View,
    core: &'a Core,
}

impl Record<'_> {
    fn place(&self, order: &[OrderKey]) -> Place {
        Place {
            values: order.iter().map(|key| query::Record::get(self, &key.field).and_then(SortValue::of)).collect(),
            started_at: self.view.info.started_at,
            run_id: self.view.info.run_id.clone(),
        }
    }
}

impl query::Record for Record<'_> {
    fn get(&self, field: &Field) -> Option<Value<'_>> {
        let info = &self.view.info;
        #[expect(clippy::cast_precision_loss, reason = "times in milliseconds are below 2^53 for 285,000 years")]
        let millis = |at: Timestamp| Value::Number(at.as_millis() as f64);
        match field.entity {
            Entity::Metric => self.view.metrics.get(&field.key).map(|metric| Value::Number(metric.last)),
            Entity::Param => self.view.params.get(&field.key).and_then(|param| match param {
                StoredParam::Inline(value) => Some(Value::Param(Cow::Borrowed(value))),
                StoredParam::Blob(digest, size) => {
                    StoredText::Blob(*digest, *size).load(&*self.core.blobs).ok().map(|text| Value::Text(text.into()))
                }
            }),
            Entity::Tag => self.view.tags.get(&field.key).and_then(|tag| match tag {
                StoredText::Inline(text) => Some(Value::Text(Cow::Borrowed(text))),
                blob @ StoredText::Blob(..) => {
                    blob.clone().load(&*self.core.blobs).ok().map(|text| Value::Text(text.into()))
                }
            }),
            Entity::Dataset => None,
            Entity::Attribute => match field.key.as_str() {
                "run_id" => Some(Value::Text(Cow::Borrowed(&info.run_id))),
                "run_name" => Some(Value::Text(Cow::Borrowed(&info.run_name))),
                "experiment_id" => Some(Value::Text(Cow::Borrowed(&info.experiment_id))),
                "status" => Some(Value::Text(Cow::Borrowed(info.status.as_str()))),
                "user_id" => Some(Value::Text(Cow::Borrowed(&info.user))),
                "artifact_uri" => Some(Value::Text(format!("runs:/{}", info.run_id).into())),
                "start_time" => Some(millis(info.started_at)),
                "end_time" => info.ended_at.map(millis),
                #[expect(clippy::cast_precision_loss, reason = "as above")]
                "duration" => {
                    info.ended_at.map(|end| Value::Number((end.as_micros() - info.started_at.as_micros()) as f64 / 1e6))
                }
                _ => None,
            },
        }
    }
}

fn compare(a: &Place, b: &Place, order: &[OrderKey]) -> Ordering {
    fn borrowed(value: Option<&Option<SortValue>>) -> Option<Value<'_>> {
        match value?.as_ref()? {
            SortValue::Number(number) => Some(Value::Number(*number)),
            SortValue::Text(text) => Some(Value::Text(Cow::Borrowed(text))),
        }
    }
    let by_keys = order.iter().enumerate().map(|(index, key)| {
        query::compare(borrowed(a.values.get(index)), borrowed(b.values.get(index)), key.descending)
    });
    by_keys
        .fold(Ordering::Equal, Ordering::then)
        .then_with(|| b.started_at.cmp(&a.started_at))
        .then_with(|| a.run_id.cmp(&b.run_id))
}

/// A number that stands for what is looked for: a token of another query gives another result than expected.
fn fingerprint(query: &RunQuery) -> u32 {
    let parts = format!("{:?} {:?} {:?} {:?}", query.experiment_ids, query.filter, query.order_by, query.view);
    crc32fast::hash(parts.as_bytes())
}

fn write_token(query: &RunQuery, after: Place) -> Result<String> {
    let bytes = codec::encode(&Token { query: fingerprint(query), after })?;
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
