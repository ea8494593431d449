//! Finding experiments: filter, order, pages.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::page_size;
use crate::base::paging::Page;
use crate::base::time::Timestamp;
use crate::error::{Error, Result};
use crate::query::{self, Entity, Field, OrderKey, Subject, Value};
use crate::runs::codec;
use crate::runs::keys;
use crate::runs::section::for_each_entry;
use crate::runs::store::Runs;
use crate::runs::types::{Experiment, ExperimentQuery};
use crate::storage::KeyRange;

impl Runs {
    /// The experiments that match a query, a page at a time: by creation, the newest first, unless the query orders them.
    /// Filters are those of runs with the attributes `name`, `experiment_id`, `creation_time` and `last_update_time`
    /// (milliseconds), and with tags. A page goes on behind the place of the last experiment of the page before.
    ///
    /// # Errors
    /// `InvalidArgument` for a filter or order that cannot be read (the message points at the place), a page size
    /// above 50,000, or a page token of another query.
    pub fn search_experiments(&self, query: &ExperimentQuery) -> Result<Page<Experiment>> {
        let limit = page_size(query.max_results)?;
        let filter = query::parse_about(Subject::Experiments, &query.filter)?;
        let order = query::parse_order_about(Subject::Experiments, &query.order_by)?;
        let core = self.core.for_reading()?;
        let mut after = None;
        if let Some(token) = query.page_token.as_deref() {
            after = Some(Record(core.experiment(&read_token(token, query)?).map_err(|_| bad_token(token))?));
        }
        let mut found = Vec::new();
        for_each_entry(&*core.storage, KeyRange::prefix(keys::EXPERIMENTS), |_, value| {
            let record = Record(codec::decode("an experiment", value)?);
            let is_behind = |after: &Record| compare(&record, after, &order) == Ordering::Greater;
            if query.view.shows(record.0.lifecycle) && after.as_ref().is_none_or(is_behind) && filter.matches(&record) {
                found.push(record);
            }
            Ok(())
        })?;
        found.sort_by(|a, b| compare(a, b, &order));
        let more = found.len() > limit;
        found.truncate(limit);
        let mut page = Page { items: found.into_iter().map(|record| record.0).collect(), next_page_token: None };
        if let (true, Some(last)) = (more, page.items.last()) {
            page.next_page_token = Some(format!("{}.{:08x}", last.experiment_id, fingerprint(query)));
        }
        Ok(page)
    }
}

/// An experiment as filters see it.
struct Record(Experiment);

impl query::Record for Record {
    fn get(&self, field: &Field) -> Option<Value<'_>> {
        let Self(experiment) = self;
        #[expect(clippy::cast_precision_loss, reason = "times in milliseconds are below 2^53 for 285,000 years")]
        let millis = |at: Timestamp| Value::Number(at.as_millis() as f64);
        match (field.entity, field.key.as_str()) {
            (Entity::Tag, key) => experiment.tags.get(key).map(|text| Value::Text(Cow::Borrowed(text))),
            (Entity::Attribute, "name") => Some(Value::Text(Cow::Borrowed(&experiment.name))),
            (Entity::Attribute, "experiment_id") => Some(Value::Text(Cow::Borrowed(&experiment.experiment_id))),
            (Entity::Attribute, "creation_time") => Some(millis(experiment.created_at)),
            (Entity::Attribute, "last_update_time") => Some(millis(experiment.updated_at)),
            _ => None,
        }
    }
}

impl Record {
    fn number(&self) -> u64 {
        keys::experiment_number(&self.0.experiment_id).unwrap_or(u64::MAX)
    }

    /// The value to sort by: ids are numbers.
    fn rank(&self, field: &Field) -> Option<Value<'_>> {
        #[expect(clippy::cast_precision_loss, reason = "ids are counted up from 0")]
        match (field.entity, field.key.as_str()) {
            (Entity::Attribute, "experiment_id") => Some(Value::Number(self.number() as f64)),
            _ => query::Record::get(self, field),
        }
    }
}

fn compare(a: &Record, b: &Record, order: &[OrderKey]) -> Ordering {
    let by_keys = order.iter().map(|key| query::compare(a.rank(&key.field), b.rank(&key.field), key.descending));
    by_keys
        .fold(Ordering::Equal, Ordering::then)
        .then_with(|| b.0.created_at.cmp(&a.0.created_at))
        .then_with(|| b.number().cmp(&a.number()))
}

/// A number that stands for what is looked for: a token of another query gives another result than expected.
fn fingerprint(query: &ExperimentQuery) -> u32 {
    crc32fast::hash(format!("{:?} {:?} {:?}", query.filter, query.order_by, query.view).as_bytes())
}

fn read_token(token: &str, query: &ExperimentQuery) -> Result<String> {
    let (id, of) = token.split_once('.').ok_or_else(|| bad_token(token))?;
    if u32::from_str_radix(of, 16) != Ok(fingerprint(query)) {
        return Err(bad_token(token));
    }
    Ok(id.into())
}

fn bad_token(token: &str) -> Error {
    Error::InvalidArgument {
        what: "page token".into(),
        value: token.chars().take(80).collect(),
        expected: "the token of the page before, of the same query".into(),
    }
}
