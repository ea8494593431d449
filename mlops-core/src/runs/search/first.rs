//! The order of what is found, and its first places.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::record::Record;
use super::{Place, SortValue};
use crate::query::{self, OrderKey, Value};

/// Keeps the first places of many, and one more, which says that there are more.
pub(super) struct First<'a> {
    order: &'a [OrderKey],
    limit: usize,
    places: Vec<Place>,
    /// True once the last of the places stands behind the others, and `limit` are before it.
    is_cut: bool,
}

impl<'a> First<'a> {
    pub(super) fn new(order: &'a [OrderKey], limit: usize) -> Self {
        Self { order, limit, places: Vec::new(), is_cut: false }
    }

    /// True if a run is behind all that can be wanted by its first key: most are, and need no place.
    pub(super) fn are_before(&self, record: &Record<'_>) -> bool {
        let Some(last) = self.places.get(self.limit).filter(|_| self.is_cut) else { return false };
        match self.order.first() {
            Some(key) => {
                let value = key.of(record);
                query::compare(value, borrowed(last.values.first()), key.descending) == Ordering::Greater
            }
            None => record.run.started_at() < last.started_at,
        }
    }

    pub(super) fn add(&mut self, place: Place) {
        self.places.push(place);
        if self.places.len() / 2 > self.limit {
            self.cut();
        }
    }

    fn cut(&mut self) {
        let Self { order, limit, places, .. } = self;
        if places.len() > *limit {
            places.select_nth_unstable_by(*limit, |a, b| compare(a, b, order));
            places.truncate(*limit + 1);
            self.is_cut = true;
        }
    }

    /// The first places in order, and whether there are more.
    pub(super) fn finish(mut self) -> (Vec<Place>, bool) {
        self.cut();
        let more = self.places.len() > self.limit;
        self.places.truncate(self.limit);
        self.places.sort_by(|a, b| compare(a, b, self.order));
        (self.places, more)
    }
}

fn borrowed(value: Option<&Option<SortValue>>) -> Option<Value<'_>> {
    match value?.as_ref()? {
        SortValue::Number(number) => Some(Value::Number(*number)),
        SortValue::Text(text) => Some(Value::Text(Cow::Borrowed(text))),
    }
}

/// Orders places: by the keys, then the newest first.
pub(super) fn compare(a: &Place, b: &Place, order: &[OrderKey]) -> Ordering {
    let by_keys = order.iter().enumerate().map(|(index, key)| {
        query::compare(borrowed(a.values.get(index)), borrowed(b.values.get(index)), key.descending)
    });
    by_keys
        .fold(Ordering::Equal, Ordering::then)
        .then_with(|| b.started_at.cmp(&a.started_at))
        .then_with(|| a.run_id.cmp(&b.run_id))
}
