//! A sorted map inside a run: in the run's record while small, in pages of its own when it grows.

use std::collections::BTreeMap;
use std::ops::Bound;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::codec;
use super::keys;
use crate::error::{Error, Result};
use crate::storage::{KeyRange, Op, ScanOptions, Storage};

/// A page above this size is split, in bytes.
const PAGE_BYTES: usize = 16 << 10;

/// A section as the run's record holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Section<T> {
    /// All entries.
    Inline(BTreeMap<String, T>),
    /// How many entries stand in pages.
    Paged(u64),
}

impl<T> Default for Section<T> {
    fn default() -> Self {
        Self::Inline(BTreeMap::new())
    }
}

type PageOf<T> = BTreeMap<String, T>;

impl<T: Clone + Serialize + DeserializeOwned> Section<T> {
    /// How many entries.
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Inline(entries) => entries.len() as u64,
            Self::Paged(count) => *count,
        }
    }

    /// True if no entry stands in a page.
    pub(super) fn is_inline(&self) -> bool {
        matches!(self, Self::Inline(_))
    }

    /// All entries; `prefix` is where the pages are.
    pub(super) fn load(self, storage: &dyn Storage, prefix: &[u8]) -> Result<BTreeMap<String, T>> {
        match self {
            Self::Inline(entries) => Ok(entries),
            Self::Paged(_) => {
                let mut all = BTreeMap::new();
                for_each_entry(storage, KeyRange::prefix(prefix), |_, value| {
                    all.extend(codec::decode::<PageOf<T>>("a page of a run", value)?);
                    Ok(())
                })?;
                Ok(all)
            }
        }
    }
}

/// Visits every entry of a range, page by page.
pub(crate) fn for_each_entry(
    storage: &dyn Storage,
    mut range: KeyRange,
    mut visit: impl FnMut(&[u8], &[u8]) -> Result<()>,
) -> Result<()> {
    loop {
        let page = storage.scan(&range, &ScanOptions::default())?;
        for (key, value) in &page.entries {
            visit(key, value)?;
        }
        match page.entries.last() {
            Some((last, _)) if page.more => range = range.after(last),
            _ => return Ok(()),
        }
    }
}

/// What stands behind a prefix in the keys that begin with it, such as the ids of runs.
pub(super) fn names_behind(storage: &dyn Storage, prefix: &[u8]) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for_each_entry(storage, KeyRange::prefix(prefix), |key, _| {
        names.extend(key.strip_prefix(prefix).map(|name| String::from_utf8_lossy(name).into_owned()));
        Ok(())
    })?;
    Ok(names)
}

/// Adds the removal of all pages of a run, and of its points that are not sealed.
pub(super) fn remove_pages(storage: &dyn Storage, run: &str, ops: &mut Vec<Op>) -> Result<()> {
    for prefix in [keys::all_pages(run), keys::tails(run)] {
        for_each_entry(storage, KeyRange::prefix(prefix), |key, _| {
            ops.push(Op::delete(key));
            Ok(())
        })?;
    }
    Ok(())
}

/// Changes a section; what it changed becomes storage operations at the end.
#[derive(Debug)]
pub(super) struct Editor<T> {
    section: Section<T>,
    prefix: Vec<u8>,
    /// The pages that were looked at, by the first key that belongs to them.
    pages: BTreeMap<String, LoadedPage<T>>,
}

#[derive(Debug)]
struct LoadedPage<T> {
    entries: PageOf<T>,
    /// The first key of the page behind; None: this is the last.
    next: Option<String>,
    changed: bool,
}

impl<T: Clone + Serialize + DeserializeOwned> Editor<T> {
    pub(super) fn new(section: Section<T>, prefix: Vec<u8>) -> Self {
        Self { section, prefix, pages: BTreeMap::new() }
    }

    /// How many entries.
    pub(super) fn len(&self) -> u64 {
        self.section.len()
    }

    /// One entry.
    pub(super) fn get(&mut self, storage: &dyn Storage, key: &str) -> Result<Option<&T>> {
        if matches!(self.section, Section::Paged(_)) {
            return Ok(self.page(storage, key)?.entries.get(key));
        }
        match &self.section {
            Section::Inline(entries) => Ok(entries.get(key)),
            Section::Paged(_) => Ok(None),
        }
    }

    /// Sets one entry.
    pub(super) fn put(&mut self, storage: &dyn Storage, key: &str, value: T) -> Result<()> {
        if let Section::Inline(entries) = &mut self.section {
            entries.insert(key.into(), value);
            return Ok(());
        }
        let page = self.page(storage, key)?;
        let added = page.entries.insert(key.into(), value).is_none();
        page.changed = true;
        if let Section::Paged(count) = &mut self.section {
            *count += u64::from(added);
        }
        Ok(())
    }

    /// Removes one entry; fine if it is absent.
    pub(super) fn remove(&mut self, storage: &dyn Storage, key: &str) -> Result<()> {
        if let Section::Inline(entries) = &mut self.section {
            entries.remove(key);
            return Ok(());
        }
        let page = self.page(storage, key)?;
        let removed = page.entries.remove(key).is_some();
        page.changed |= removed;
        if let Section::Paged(count) = &mut self.section {
            *count -= u64::from(removed);
        }
        Ok(())
    }

    /// The page that a key belongs to: the one with the greatest first key that is not above it.
    fn page(&mut self, storage: &dyn Storage, key: &str) -> Result<&mut LoadedPage<T>> {
        let upto = (Bound::Unbounded, Bound::Included(key));
        let known = self.pages.range::<str, _>(upto).next_back();
        let first = match known {
            Some((first, page)) if page.next.as_deref().is_none_or(|next| key < next) => first.clone(),
            _ => self.load_page(storage, key)?,
        };
        self.pages.get_mut(&first).ok_or_else(|| Error::internal("a page of a run is gone"))
    }

    fn load_page(&mut self, storage: &dyn Storage, key: &str) -> Result<String> {
        let at = [self.prefix.as_slice(), key.as_bytes()].concat();
        let before = KeyRange { start: self.prefix.clone(), end: Some([at.as_slice(), &[0]].concat()) };
        let behind = KeyRange::prefix(self.prefix.clone()).after(&at);
        let found = storage.scan(&before, &ScanOptions { limit: 1, reverse: true })?.entries.pop();
        let next = storage.scan(&behind, &ScanOptions { limit: 1, reverse: false })?.entries.pop();
        let next = next.map(|(key, _)| self.first_key(&key)).transpose()?;
        let (first, entries) = match found {
            Some((page_key, value)) => (self.first_key(&page_key)?, codec::decode("a page of a run", &value)?),
            None => (String::new(), BTreeMap::new()),
        };
        self.pages.insert(first.clone(), LoadedPage { entries, next, changed: false });
        Ok(first)
    }

    fn first_key(&self, page_key: &[u8]) -> Result<String> {
        let first = page_key.get(self.prefix.len()..).unwrap_or_default();
        String::from_utf8(first.to_vec()).map_err(|_| Error::internal("a page of a run has a key that is not UTF-8"))
    }

    /// The section with all entries in it, those in pages too; as it is if there are more than `most`.
    pub(super) fn whole(&self, storage: &dyn Storage, most: u64) -> Result<Section<T>> {
        if matches!(self.section, Section::Inline(_)) || self.len() > most {
            return Ok(self.section.clone());
        }
        let mut all = BTreeMap::new();
        for_each_entry(storage, KeyRange::prefix(self.prefix.clone()), |key, value| {
            // What was looked at may have changed.
            if !self.pages.contains_key(&self.first_key(key)?) {
                all.extend(codec::decode::<PageOf<T>>("a page of a run", value)?);
            }
            Ok(())
        })?;
        self.pages.values().for_each(|page| all.extend(page.entries.clone()));
        Ok(Section::Inline(all))
    }

    /// Moves the entries of a section in the record to pages.
    pub(super) fn spill(&mut self) {
        if let Section::Inline(entries) = &mut self.section {
            let entries = std::mem::take(entries);
            self.section = Section::Paged(entries.len() as u64);
            self.pages.insert(String::new(), LoadedPage { entries, next: None, changed: true });
        }
    }

    /// Bytes that the section takes in the record.
    pub(super) fn inline_bytes(&self) -> Result<usize> {
        match &self.section {
            Section::Inline(entries) if entries.is_empty() => Ok(0),
            Section::Inline(_) => codec::size_of(&self.section),
            Section::Paged(_) => Ok(0),
        }
    }

    /// The section for the record.
    pub(super) fn section(&self) -> &Section<T> {
        &self.section
    }

    /// The operations that store the changed pages, split where they grew too large.
    pub(super) fn page_ops(&self, ops: &mut Vec<Op>) -> Result<()> {
        for (first, page) in self.pages.iter().filter(|(_, page)| page.changed) {
            let whole = codec::encode(&page.entries)?;
            if whole.len() <= PAGE_BYTES {
                ops.push(Op::put([self.prefix.as_slice(), first.as_bytes()].concat(), whole));
                continue;
            }
            let mut part = PageOf::new();
            let mut part_first = first.clone();
            let mut size = 0;
            for (key, value) in &page.entries {
                let entry_size = codec::size_of(&(key, value))?;
                if size + entry_size > PAGE_BYTES / 2 && !part.is_empty() {
                    ops.push(Op::put([self.prefix.as_slice(), part_first.as_bytes()].concat(), codec::encode(&part)?));
                    part.clear();
                    part_first.clone_from(key);
                    size = 0;
                }
                size += entry_size;
                part.insert(key.clone(), value.clone());
            }
            ops.push(Op::put([self.prefix.as_slice(), part_first.as_bytes()].concat(), codec::encode(&part)?));
        }
        Ok(())
    }
}
