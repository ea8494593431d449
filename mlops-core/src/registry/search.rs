//! Finding models and versions: filter, order, pages.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::keys;
use super::layouts::decode_version;
use super::names;
use super::store::LocalRegistry;
use super::types::{ModelQuery, ModelRecord, ModelVersion, RegisteredModel};
use crate::base::paging::{self, Page};
use crate::base::stored;
use crate::base::time::Timestamp;
use crate::error::{Error, Result};
use crate::query::{self, Aspect, Comparison, Entity, Expr, Filter, Literal, OrderKey, Subject, Value};
use crate::runs::for_each_entry;
use crate::storage::{KeyRange, ScanOptions};

/// So many versions are read at a time.
const VERSIONS_AT_A_TIME: usize = 1_000;

/// A query that was read: the place of the last on the page before, if there was one.
struct Asked {
    filter: Filter,
    order: Vec<OrderKey>,
    limit: usize,
    now: Timestamp,
    after: Option<String>,
}

/// A thing that is found: its place among those that the order does not tell apart.
trait Hit: query::Record {
    /// What its name on a page token is.
    fn place(&self) -> String;
    fn before(&self, other: &Self) -> Ordering;
}

impl LocalRegistry {
    pub(super) fn find_models(&self, query: &ModelQuery) -> Result<Page<RegisteredModel>> {
        let asked = self.asked(Subject::Models, query)?;
        let records = self.records()?;
        if asked.order.is_empty() {
            let mut found = Found::new(&asked);
            let after = asked.after.as_deref();
            for record in records.into_iter().filter(|record| after.is_none_or(|after| record.name.as_str() > after)) {
                if !found.take(self.model(record)?) {
                    break;
                }
            }
            return Ok(found.page(query));
        }
        let found = records.into_iter().map(|record| self.model(record)).collect::<Result<_>>()?;
        page_of(found, &asked, query)
    }

    pub(super) fn find_versions(&self, query: &ModelQuery) -> Result<Page<ModelVersion>> {
        let asked = self.asked(Subject::ModelVersions, query)?;
        let records = match named(asked.filter.expr()) {
            // A text that no model can be called finds none.
            Some(name) if names::model(name).is_err() => Vec::new(),
            Some(name) => self.find_record(name)?.into_iter().filter(|found| found.name == name).collect(),
            None => self.records()?,
        };
        if asked.order.is_empty() {
            return self.walk_versions(records, &asked, query);
        }
        let mut found = Vec::new();
        for record in records {
            let aliases = self.aliases(record.number)?;
            let prefix = keys::part(keys::VERSIONS, record.number);
            for_each_entry(&*self.storage, KeyRange::prefix(prefix), |key, value| {
                let number = keys::last_number(key).unwrap_or_default();
                let info = decode_version(value)?;
                found.push(self.with_parts(&record, number, info, &aliases)?);
                Ok(())
            })?;
        }
        page_of(found, &asked, query)
    }

    /// A page in the order in which versions stand: it reads those of the page, and what the filter leaves out before them.
    fn walk_versions(
        &self,
        records: Vec<ModelRecord>,
        asked: &Asked,
        query: &ModelQuery,
    ) -> Result<Page<ModelVersion>> {
        let after = match &asked.after {
            None => None,
            Some(place) => {
                let parts = place.rsplit_once('/').and_then(|(name, number)| Some((name, number.parse().ok()?)));
                Some(parts.ok_or_else(|| bad_token(place))?)
            }
        };
        let mut found = Found::new(asked);
        for record in records {
            let mut range = KeyRange::prefix(keys::part(keys::VERSIONS, record.number));
            match after {
                Some((name, _)) if record.name.as_str() < name => continue,
                Some((name, number)) if record.name == name => {
                    range = range.before(&keys::version(record.number, number));
                }
                _ => {}
            }
            let aliases = self.aliases(record.number)?;
            loop {
                let options =
                    ScanOptions { limit: asked.limit.saturating_add(1).min(VERSIONS_AT_A_TIME), reverse: true };
                let page = self.storage.scan(&range, &options)?;
                for (key, value) in &page.entries {
                    let (number, info) = (keys::last_number(key).unwrap_or_default(), decode_version(value)?);
                    if !found.take(self.with_parts(&record, number, info, &aliases)?) {
                        return Ok(found.page(query));
                    }
                }
                match page.entries.last() {
                    Some((last, _)) if page.more => range = range.before(last),
                    _ => break,
                }
            }
        }
        Ok(found.page(query))
    }

    /// All models, by name.
    fn records(&self) -> Result<Vec<ModelRecord>> {
        let mut records = Vec::new();
        for_each_entry(&*self.storage, KeyRange::prefix(keys::MODELS), |_, value| {
            records.push(stored::decode::<ModelRecord>("a registered model", value)?);
            Ok(())
        })?;
        records.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(records)
    }

    fn asked(&self, subject: Subject, query: &ModelQuery) -> Result<Asked> {
        let limit = paging::page_size(query.max_results)?;
        let filter = query::parse_about(subject, &query.filter)?;
        let order = query::parse_order_about(subject, &query.order_by)?;
        let (mut after, mut now) = (None, self.runs.clock().now());
        if let Some(token) = query.page_token.as_deref() {
            let (began, place) = read_token(token, query)?;
            (after, now) = (Some(place), began);
        }
        Ok(Asked { filter: filter.bind(now), order, limit, now, after })
    }
}

/// The name of the one model whose versions can match; None if it may be others.
fn named(filter: &Expr) -> Option<&str> {
    match filter {
        Expr::And(parts) => parts.iter().find_map(named),
        Expr::Compare { field, comparison: Comparison::Equal, value: Literal::Text(name) } => {
            (field.to_string() == "attributes.name").then_some(name.as_str())
        }
        _ => None,
    }
}

fn page_of<T: Hit>(mut all: Vec<T>, asked: &Asked, query: &ModelQuery) -> Result<Page<T>> {
    let compare = |a: &T, b: &T| {
        let keys = asked.order.iter().map(|key| query::compare(key.field.of(a), key.field.of(b), key.descending));
        keys.fold(Ordering::Equal, Ordering::then).then_with(|| a.before(b))
    };
    all.sort_by(compare);
    let begin = match &asked.after {
        None => 0,
        // What the page before ended with may have been deleted meanwhile.
        Some(place) => 1 + all.iter().position(|hit| hit.place() == *place).ok_or_else(|| bad_token(place))?,
    };
    let mut found = Found::new(asked);
    for hit in all.into_iter().skip(begin) {
        if !found.take(hit) {
            break;
        }
    }
    Ok(found.page(query))
}

/// The items of a page, and one more if there is one.
struct Found<'a, T> {
    asked: &'a Asked,
    items: Vec<T>,
}

impl<'a, T: Hit> Found<'a, T> {
    const fn new(asked: &'a Asked) -> Self {
        Self { asked, items: Vec::new() }
    }

    /// Takes a hit if it matches. False if there is no room for another.
    fn take(&mut self, hit: T) -> bool {
        if self.asked.filter.matches(&hit) {
            self.items.push(hit);
        }
        self.items.len() <= self.asked.limit
    }

    fn page(mut self, query: &ModelQuery) -> Page<T> {
        let more = self.items.len() > self.asked.limit;
        self.items.truncate(self.asked.limit);
        let token = |hit: &T| format!("{}.{:08x}.{}", self.asked.now.as_micros(), fingerprint(query), hit.place());
        let next_page_token = self.items.last().filter(|_| more).map(token);
        Page { items: self.items, next_page_token }
    }
}

fn text(text: &str) -> Value<'_> {
    Value::Text(Cow::Borrowed(text))
}

impl query::Record for RegisteredModel {
    fn get(&self, entity: Entity, key: &str, _: Aspect) -> Option<Value<'_>> {
        match (entity, key) {
            (Entity::Tag, key) => self.tags.get(key).map(|value| text(value)),
            (Entity::Attribute, "name") => Some(text(&self.name)),
            (Entity::Attribute, "creation_timestamp") => Some(Value::Time(self.created_at)),
            (Entity::Attribute, "last_updated_timestamp") => Some(Value::Time(self.updated_at)),
            _ => None,
        }
    }
}

impl Hit for RegisteredModel {
    fn place(&self) -> String {
        self.name.clone()
    }

    fn before(&self, other: &Self) -> Ordering {
        self.name.cmp(&other.name)
    }
}

impl query::Record for ModelVersion {
    fn get(&self, entity: Entity, key: &str, _: Aspect) -> Option<Value<'_>> {
        #[expect(clippy::cast_precision_loss, reason = "versions are counted up from 1")]
        match (entity, key) {
            (Entity::Tag, key) => self.tags.get(key).map(|value| text(value)),
            (Entity::Attribute, "name") => Some(text(&self.name)),
            (Entity::Attribute, "version_number") => Some(Value::Number(self.version as f64)),
            (Entity::Attribute, "run_id") => self.info.run_id.as_deref().map(text),
            (Entity::Attribute, "source_path") => Some(text(&self.info.source)),
            (Entity::Attribute, "current_stage") => Some(text(self.info.stage.as_str())),
            (Entity::Attribute, "creation_timestamp") => Some(Value::Time(self.info.created_at)),
            (Entity::Attribute, "last_updated_timestamp") => Some(Value::Time(self.info.updated_at)),
            _ => None,
        }
    }
}

impl Hit for ModelVersion {
    fn place(&self) -> String {
        format!("{}/{}", self.name, self.version)
    }

    fn before(&self, other: &Self) -> Ordering {
        self.name.cmp(&other.name).then_with(|| other.version.cmp(&self.version))
    }
}

/// A number that stands for what is looked for: a token of another query gives another result than expected.
fn fingerprint(query: &ModelQuery) -> u32 {
    crc32fast::hash(format!("{:?} {:?}", query.filter, query.order_by).as_bytes())
}

/// What time it is for the query, and the place of the last on the page before.
fn read_token(token: &str, query: &ModelQuery) -> Result<(Timestamp, String)> {
    let mut parts = token.splitn(3, '.');
    let (now, of, place) = (parts.next(), parts.next(), parts.next());
    let now = now.and_then(|now| now.parse().ok()).map(Timestamp::from_micros);
    let is_same = of.is_some_and(|of| u32::from_str_radix(of, 16) == Ok(fingerprint(query)));
    now.zip(place.map(str::to_owned)).filter(|_| is_same).ok_or_else(|| bad_token(token))
}

fn bad_token(token: &str) -> Error {
    Error::InvalidArgument {
        what: "page token".into(),
        value: token.chars().take(80).collect(),
        expected: "the token of the page before, of the same query, whose last result is still there".into(),
    }
}
