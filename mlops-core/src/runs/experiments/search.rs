//! Finding experiments: filter, order, pages.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::base::paging::{Page, page_size};
use crate::base::time::Timestamp;
use crate::error::{Error, Result};
use crate::query::{self, Aspect, Entity, Field, OrderKey, Subject, Value};
use crate::runs::codec;
use crate::runs::keys;
use crate::runs::section::for_each_entry;
use crate::runs::store::Runs;
use crate::runs::types::{Experiment, ExperimentQuery};
use crate::storage::KeyRange;

impl Runs {
    /// The experiments that match a query, a page at a time: by creation, the newest first, unless the query orders them.
    /// Filters are those of runs with the attributes `name`, `experiment_id`, `creation_time` and `last_update_time`, and
    /// with tags. A page goes on behind the place of the last experiment of the page before.
    ///
    /// # Errors
    /// `InvalidArgument` for a filter or order that cannot be read (the message points at the place), a page size
    /// above 50,000, or a page token of another query. `LimitExceeded` for a filter that is too long or too deep.
    pub fn search_experiments(&self, query: &ExperimentQuery) -> Result<Page<Experiment>> {
        let limit = page_size(query.max_results)?;
        let filter = query::parse_about(Subject::Experiments, &query.filter)?;
        let order = query::parse_order_about(Subject::Experiments, &query.order_by)?;
        let core = self.core.for_reading()?;
        let (mut after, mut now) = (None, core.clock.now());
        if let Some(token) = query.page_token.as_deref() {
            let (id, began) = read_token(token, query)?;
            after = Some(Record(core.experiment(&id).map_err(|_| bad_token(token))?));
            now = began;
        }
        let filter = filter.bind(now);
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
            page.next_page_token =
                Some(format!("{}.{}.{:08x}", last.experiment_id, now.as_micros(), fingerprint(query)));
        }
        Ok(page)
    }
}

/// An experiment as filters see it.
struct Record(Experiment);

impl query::Record for Record {
    fn get(&self, entity: Entity, key: &str, _: Aspect) -> Option<Value<'_>> {
        let Self(experiment) = self;
        match (entity, key) {
            (Entity::Tag, key) => experiment.tags.get(key).map(|text| Value::Text(Cow::Borrowed(text))),
            (Entity::Attribute, "name") => Some(Value::Text(Cow::Borrowed(&experiment.name))),
            (Entity::Attribute, "experiment_id") => Some(Value::Text(Cow::Borrowed(&experiment.experiment_id))),
            (Entity::Attribute, "creation_time") => Some(Value::Time(experiment.created_at)),
            (Entity::Attribute, "last_update_time") => Some(Value::Time(experiment.updated_at)),
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
            _ => field.of(self),
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

/// The id of the last experiment of the page before, and what time it is for the query.
fn read_token(token: &str, query: &ExperimentQuery) -> Result<(String, Timestamp)> {
    let mut parts = token.splitn(3, '.');
    let (id, now, of) = (parts.next(), parts.next(), parts.next());
    let now = now.and_then(|now| now.parse().ok()).map(Timestamp::from_micros);
    let is_same = of.is_some_and(|of| u32::from_str_radix(of, 16) == Ok(fingerprint(query)));
    id.zip(now).filter(|_| is_same).map(|(id, now)| (id.to_owned(), now)).ok_or_else(|| bad_token(token))
}

fn bad_token(token: &str) -> Error {
    Error::InvalidArgument {
        what: "page token".into(),
        value: token.chars().take(80).collect(),
        expected: "the token of the page before, of the same query".into(),
    }
}
