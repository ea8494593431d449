//! Entries, and what changed them since.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::error::Result;
use crate::storage::{Entry, Filling, KeyRange, ScanOptions, ScanPage};

/// What changed, by key; None: the key is gone.
pub(super) type Changed = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// One page of the entries that `base` gives pages of, after `changed`.
///
/// # Errors
/// What `base` gives.
pub(super) fn scan(
    base: impl Fn(&KeyRange) -> Result<ScanPage>,
    changed: &Changed,
    range: &KeyRange,
    options: &ScanOptions,
) -> Result<ScanPage> {
    if changed.is_empty() || range.is_empty() {
        return base(range);
    }
    let (mut range, mut filling) = (range.clone(), Filling::new(options));
    loop {
        let page = base(&range)?;
        let last = page.entries.last().map(|(key, _)| key.clone()).filter(|_| page.more);
        // What is behind the page's end is the next page's.
        let part = match &last {
            Some(last) if options.reverse => KeyRange { start: last.clone(), end: range.end.clone() },
            Some(last) => KeyRange { start: range.start.clone(), end: Some([last, [0].as_slice()].concat()) },
            None => range.clone(),
        };
        let mut merged: BTreeMap<Vec<u8>, Vec<u8>> = page.entries.into_iter().collect();
        for (key, value) in within(changed, &part) {
            match value {
                Some(value) => drop(merged.insert(key.clone(), value.clone())),
                None => drop(merged.remove(key)),
            }
        }
        let add = |entry: Entry| filling.add(entry);
        let full = if options.reverse { merged.into_iter().rev().any(add) } else { merged.into_iter().any(add) };
        match last {
            Some(last) if !full => range = if options.reverse { range.before(&last) } else { range.after(&last) },
            _ => return Ok(filling.page()),
        }
    }
}

fn within<'a>(
    changed: &'a Changed,
    range: &'a KeyRange,
) -> impl Iterator<Item = (&'a Vec<u8>, &'a Option<Vec<u8>>)> + use<'a> {
    let end = range.end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
    let bounds = (Bound::Included(range.start.as_slice()), end);
    (!range.is_empty()).then(|| changed.range::<[u8], _>(bounds)).into_iter().flatten()
}
