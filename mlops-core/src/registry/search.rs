//! Finding models and versions: filter, order, pages.

use std::borrow::Cow;
use std::cmp::{Ordering, Reverse};
use std::sync::Arc;

use parking_lot::Mutex;

use super::keys;
use super::layouts::decode_version;
use super::names;
use super::store::LocalRegistry;
use super::types::{ModelQuery, ModelRecord, ModelVersion, RegisteredModel, VersionInfo};
use crate::base::paging::{self, Page};
use crate::base::stored;
use crate::base::time::Timestamp;
use crate::error::{Error, Result};
use crate::query::{self, Aspect, Comparison, Entity, Expr, Filter, Literal, OrderKey, Subject, Value};
use crate::runs::for_each_entry;
use crate::storage::{KeyRange, ScanOptions};

/// So many versions are read at a time.
const VERSIONS_AT_A_TIME: usize = 1_000;

/// The models as they were last listed.
#[derive(Debug, Default)]
pub(crate) struct Listed(Mutex<List>);

#[derive(Debug, Default)]
struct List {
    /// The end of the log of events by then; None: they were not.
    head: Option<Vec<u8>>,
    /// By name.
    models: Arc<Vec<ModelRecord>>,
}

/// A query that was read: the place of the last on the page before, if there was one.
struct Asked {
    filter: Filter,
    order: Vec<OrderKey>,
    limit: usize,
    now: Timestamp,
    after: Option<String>,
}

impl Asked {
    /// The last version on the page before.
    fn after_version(&self) -> Result<Option<(&str, u64)>> {
        let Some(place) = &self.after else { return Ok(None) };
        let parts = place.rsplit_once('/').and_then(|(name, number)| Some((name, number.parse().ok()?)));
        parts.ok_or_else(|| bad_token(place)).map(Some)
    }
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
        let records = self.records_for(&asked)?;
        let Some(way) = Way::of(&asked.order, "name", false) else {
            let found = records.iter().map(|record| self.model(record.clone())).collect::<Result<_>>()?;
            return page_of(found, &asked, query);
        };
        // Those behind the last of the page before.
        let left = match (asked.after.as_deref(), way) {
            (None, _) => &*records,
            (Some(after), Way::Up) => records.split_at(records.partition_point(|of| of.name.as_str() <= after)).1,
            (Some(after), Way::Down) => records.split_at(records.partition_point(|of| of.name.as_str() < after)).0,
        };
        let mut found = Found::new(&asked);
        let walk: Box<dyn Iterator<Item = &ModelRecord>> = match way {
            Way::Up => Box::new(left.iter()),
            Way::Down => Box::new(left.iter().rev()),
        };
        for record in walk {
            if !found.take(self.model(record.clone())?) {
                break;
            }
        }
        Ok(found.page(query))
    }

    pub(super) fn find_versions(&self, query: &ModelQuery) -> Result<Page<ModelVersion>> {
        let mut asked = self.asked(Subject::ModelVersions, query)?;
        if let Some(run) = equal(asked.filter.expr(), "run_id")
            && let Some(mut versions) = self.versions_of_run(run)?
        {
            if let (true, Some((name, number))) = (asked.order.is_empty(), asked.after_version()?) {
                // What the page before ended with may be gone: those behind it are told by the order itself.
                versions.retain(|(record, of, _)| (&*record.name, Reverse(*of)) > (name, Reverse(number)));
                asked.after = None;
            }
            let whole = |(record, number, info): (ModelRecord, u64, VersionInfo)| {
                self.with_parts(&record, number, info, &self.aliases(record.number)?)
            };
            return page_of(versions.into_iter().map(whole).collect::<Result<_>>()?, &asked, query);
        }
        let records = self.records_for(&asked)?;
        let is_name = |key: &OrderKey| key.field.to_string() == "attributes.name";
        let way = match &*asked.order {
            [] => Some(Way::Down),
            // Of one model all have the same.
            order if named(asked.filter.expr()).is_some() => {
                let others: Vec<_> = order.iter().filter(|key| !is_name(key)).cloned().collect();
                Way::of(&others, "version_number", true)
            }
            [name, version @ ..] if is_name(name) && !name.descending => {
                Way::of(version, "version_number", true).filter(|way| *way == Way::Down)
            }
            _ => None,
        };
        if let Some(way) = way {
            return self.walk_versions(&records, &asked, query, way);
        }
        let mut found = Vec::new();
        for record in &*records {
            let aliases = self.aliases(record.number)?;
            let prefix = keys::part(keys::VERSIONS, record.number);
            for_each_entry(&*self.storage, KeyRange::prefix(prefix), |key, value| {
                let number = keys::last_number(key).unwrap_or_default();
                let info = decode_version(value)?;
                found.push(self.with_parts(record, number, info, &aliases)?);
                Ok(())
            })?;
        }
        page_of(found, &asked, query)
    }

    /// A page in the order in which versions stand: it reads those of the page, and what the filter leaves out before them.
    fn walk_versions(
        &self,
        records: &[ModelRecord],
        asked: &Asked,
        query: &ModelQuery,
        way: Way,
    ) -> Result<Page<ModelVersion>> {
        let behind = |range: KeyRange, last: &[u8]| match way {
            Way::Up => range.after(last),
            Way::Down => range.before(last),
        };
        let after = asked.after_version()?;
        let mut found = Found::new(asked);
        for record in records {
            let mut range = KeyRange::prefix(keys::part(keys::VERSIONS, record.number));
            match after {
                Some((name, _)) if record.name.as_str() < name => continue,
                Some((name, number)) if record.name == name => {
                    range = behind(range, &keys::version(record.number, number));
                }
                _ => {}
            }
            let aliases = self.aliases(record.number)?;
            loop {
                let limit = asked.limit.saturating_add(1).min(VERSIONS_AT_A_TIME);
                let options = ScanOptions { limit, reverse: way == Way::Down };
                let page = self.storage.scan(&range, &options)?;
                for (key, value) in &page.entries {
                    let (number, info) = (keys::last_number(key).unwrap_or_default(), decode_version(value)?);
                    if !found.take(self.with_parts(record, number, info, &aliases)?) {
                        return Ok(found.page(query));
                    }
                }
                match page.entries.last() {
                    Some((last, _)) if page.more => range = behind(range, last),
                    _ => break,
                }
            }
        }
        Ok(found.page(query))
    }

    /// The models that a query may be about, by name.
    fn records_for(&self, asked: &Asked) -> Result<Arc<Vec<ModelRecord>>> {
        let found = match named(asked.filter.expr()) {
            // A text that no model can be called finds none.
            Some(name) if names::model(name).is_err() => None,
            Some(name) => self.find_record(name)?.filter(|found| found.name == name),
            None => return self.records(),
        };
        Ok(Arc::new(found.into_iter().collect()))
    }

    /// All models, by name. They are read again only if the registry has changed since.
    fn records(&self) -> Result<Arc<Vec<ModelRecord>>> {
        // Before the records: if they are newer, they are read once more.
        let head = Some(self.storage.get(keys::HEAD)?.unwrap_or_default());
        let known = self.listed.0.lock();
        if known.head == head {
            return Ok(known.models.clone());
        }
        drop(known);
        let mut records = Vec::new();
        for_each_entry(&*self.storage, KeyRange::prefix(keys::MODELS), |_, value| {
            records.push(stored::decode::<ModelRecord>("a registered model", value)?);
            Ok(())
        })?;
        records.sort_by(|a, b| a.name.cmp(&b.name));
        let models = Arc::new(records);
        *self.listed.0.lock() = List { head, models: models.clone() };
        Ok(models)
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

/// The direction of an order in which things stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Up,
    Down,
}

impl Way {
    /// The direction of an order by this attribute or by nothing; None for another order.
    fn of(order: &[OrderKey], attribute: &str, descending: bool) -> Option<Self> {
        let descending = match order {
            [] => descending,
            [key] if key.field.to_string() == format!("attributes.{attribute}") => key.descending,
            _ => return None,
        };
        Some(if descending { Self::Down } else { Self::Up })
    }
}

/// The name of the one model whose versions can match; None if it may be others.
fn named(filter: &Expr) -> Option<&str> {
    equal(filter, "name")
}

/// The text that an attribute has of all that can match; None if it may be others.
fn equal<'a>(filter: &'a Expr, attribute: &str) -> Option<&'a str> {
    match filter {
        Expr::And(parts) => parts.iter().find_map(|part| equal(part, attribute)),
        Expr::Compare { field, comparison: Comparison::Equal, value: Literal::Text(text) } => {
            (field.to_string() == format!("attributes.{attribute}")).then_some(text.as_str())
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
