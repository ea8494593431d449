//! Finding models and versions: filter, order, pages.

use std::cmp::{Ordering, Reverse};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use parking_lot::Mutex;

use super::among::{Among, equal, named};
use super::hits::{Hit, Row};
use super::keys;
use super::layouts::decode_version;
use super::names;
use super::store::LocalRegistry;
use super::types::{ModelQuery, ModelRecord, ModelVersion, RegisteredModel};
use crate::base::paging::{self, Page};
use crate::base::stored;
use crate::base::time::Timestamp;
use crate::error::{Code, Error, Result};
use crate::query::{self, Entity, Filter, OrderKey, Subject};
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

impl LocalRegistry {
    pub(super) fn find_models(&self, query: &ModelQuery) -> Result<Page<RegisteredModel>> {
        let asked = self.asked(Subject::Models, query)?;
        let records = self.records_for(&asked)?;
        let Some(way) = Way::of(&asked.order, "name", false) else {
            return page_of(records.iter().cloned().collect(), |record| self.model(record), &asked, query);
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
            let rows =
                versions.iter().map(|(record, number, info)| Row { record, number: *number, info: info.clone() });
            return page_of(rows.collect(), self.whole(), &asked, query);
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
        let among = Among::of(asked.filter.expr());
        let mut rows = Vec::new();
        for record in &*records {
            for_each_entry(&*self.storage, KeyRange::prefix(among.prefix(record.number)), |key, value| {
                rows.extend(self.row(record, among, key, value)?);
                Ok(())
            })?;
        }
        page_of(rows, self.whole(), &asked, query)
    }

    /// The version that an entry tells of.
    fn row<'a>(&self, record: &'a ModelRecord, among: Among, key: &[u8], value: &[u8]) -> Result<Option<Row<'a>>> {
        let number = keys::last_number(key).unwrap_or_default();
        let info = match among {
            Among::In(_) => self.find_version_record(record, number)?,
            Among::All | Among::One(_) => Some(decode_version(value)?),
        };
        Ok(info.map(|info| Row { record, number, info }))
    }

    /// Reads what belongs to a version; the aliases of a model once.
    fn whole(&self) -> impl FnMut(Row<'_>) -> Result<ModelVersion> {
        let mut aliases = BTreeMap::new();
        move |Row { record, number, info }| {
            let own = match aliases.entry(record.number) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(place) => place.insert(self.aliases(record.number)?),
            };
            self.with_parts(record, number, info, own)
        }
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
        let among = Among::of(asked.filter.expr());
        let mut whole = self.whole();
        let mut found = Found::new(asked);
        for record in records {
            let mut range = KeyRange::prefix(among.prefix(record.number));
            match after {
                Some((name, _)) if record.name.as_str() < name => continue,
                Some((name, number)) if record.name == name => {
                    range = behind(range, &among.key(record.number, number));
                }
                _ => {}
            }
            loop {
                let limit = asked.limit.saturating_add(1).min(VERSIONS_AT_A_TIME);
                let options = ScanOptions { limit, reverse: way == Way::Down };
                let page = self.storage.scan(&range, &options)?;
                for (key, value) in &page.entries {
                    if let Some(row) = self.row(record, among, key, value)?
                        && !found.take(whole(row)?)
                    {
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
            Some(name) => self.find_record(name)?,
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
        let mut filter = query::parse_about(subject, &query.filter)?;
        // Names are the same in upper and lower case: what is looked for is the model that has the name.
        let mut failed = None;
        filter.respell("name", &mut |text| match self.find_record(text) {
            Ok(Some(found)) => *text = found.name,
            Err(e) if e.code() != Code::InvalidArgument && e.code() != Code::LimitExceeded => failed = Some(e),
            Ok(None) | Err(_) => {}
        });
        failed.map_or(Ok(()), Err)?;
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

/// Sorts what is there and reads those of the page; all before it, if they are ordered by their tags.
fn page_of<L: Hit, T: Hit>(
    all: Vec<L>,
    mut whole: impl FnMut(L) -> Result<T>,
    asked: &Asked,
    query: &ModelQuery,
) -> Result<Page<T>> {
    let mut found = Found::new(asked);
    if asked.order.iter().any(|key| key.field.entity == Entity::Tag) {
        let all = all.into_iter().map(whole).collect::<Result<Vec<_>>>()?;
        for hit in behind(all, asked)? {
            if !found.take(hit) {
                break;
            }
        }
        return Ok(found.page(query));
    }
    for hit in behind(all, asked)? {
        if !found.take(whole(hit)?) {
            break;
        }
    }
    Ok(found.page(query))
}

/// What is behind the last of the page before, in order.
fn behind<T: Hit>(mut all: Vec<T>, asked: &Asked) -> Result<impl Iterator<Item = T>> {
    all.sort_by(|a, b| {
        let keys = asked.order.iter().map(|key| query::compare(key.of(a), key.of(b), key.descending));
        keys.fold(Ordering::Equal, Ordering::then).then_with(|| a.before(b))
    });
    let begin = match &asked.after {
        None => 0,
        // What the page before ended with may have been deleted meanwhile.
        Some(place) => 1 + all.iter().position(|hit| hit.place() == *place).ok_or_else(|| bad_token(place))?,
    };
    Ok(all.into_iter().skip(begin))
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
