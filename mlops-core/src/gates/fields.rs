//! Reading a table of the definition: every key is known or an error that names the nearest one.

use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// A table of a definition, and where it stands in it.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    place: String,
    values: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    /// A table whose keys are all among `known`. `place` is empty for the whole definition.
    pub(super) fn new(place: impl Into<String>, value: &'a Value, known: &[&str]) -> Result<Self> {
        let place = place.into();
        let Some(values) = value.as_object() else {
            return refuse(&place, value, &format!("a table with {}", known.join(", ")));
        };
        let found = Self { place, values };
        for key in values.keys() {
            if !known.contains(&key.as_str()) {
                let nearest = nearest(key, known).map_or_else(String::new, |key| format!("`{key}`, or "));
                return Err(Error::InvalidArgument {
                    what: "key of a gate".into(),
                    value: shorten(&found.path(key)),
                    expected: format!("{nearest}one of {}", known.join(", ")),
                });
            }
        }
        Ok(found)
    }

    pub(super) fn path(&self, key: &str) -> String {
        if self.place.is_empty() { key.into() } else { format!("{}.{key}", self.place) }
    }

    pub(super) fn get(&self, key: &str) -> Option<&'a Value> {
        self.values.get(key).filter(|value| !value.is_null())
    }

    pub(super) fn refuse<T>(&self, key: &str, expected: &str) -> Result<T> {
        refuse(&self.path(key), self.values.get(key).unwrap_or(&Value::Null), expected)
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<&'a str>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let text = value.as_str().filter(|text| !text.trim().is_empty());
        text.map_or_else(|| self.refuse(key, "text"), |text| Ok(Some(text)))
    }

    /// The text of a key that must be there.
    pub(super) fn needed(&self, key: &str, expected: &str) -> Result<&'a str> {
        self.text(key)?.map_or_else(|| self.refuse(key, expected), Ok)
    }

    /// One of some words.
    pub(super) fn word<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Result<Option<T>> {
        let Some(text) = self.text(key)? else { return Ok(None) };
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        let all: Vec<_> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        found.map_or_else(|| self.refuse(key, &all.join(", ")), |found| Ok(Some(found)))
    }

    /// A finite number.
    pub(super) fn number(&self, key: &str) -> Result<Option<f64>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let number = value.as_f64().filter(|number| number.is_finite());
        number.map_or_else(|| self.refuse(key, "a finite number"), |number| Ok(Some(number)))
    }

    /// A finite number that is not negative.
    pub(super) fn size(&self, key: &str) -> Result<Option<f64>> {
        match self.number(key)? {
            Some(number) if number < 0.0 => self.refuse(key, "a number of 0 or more"),
            found => Ok(found),
        }
    }

    /// A whole number in a range.
    pub(super) fn whole(&self, key: &str, range: std::ops::RangeInclusive<u64>) -> Result<Option<u64>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        match value.as_u64().filter(|number| range.contains(number)) {
            Some(number) => Ok(Some(number)),
            None => self.refuse(key, &format!("a whole number from {} to {}", range.start(), range.end())),
        }
    }

    /// A list of tables.
    pub(super) fn tables(&self, key: &str) -> Result<Vec<&'a Value>> {
        let Some(value) = self.get(key) else { return Ok(Vec::new()) };
        match value.as_array() {
            Some(items) => Ok(items.iter().collect()),
            None => self.refuse(key, &format!("tables, each begun by [[{}]]", self.path(key))),
        }
    }

    /// A list of texts, or one.
    pub(super) fn texts(&self, key: &str) -> Result<Vec<String>> {
        let Some(value) = self.get(key) else { return Ok(Vec::new()) };
        let items = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        let texts: Option<Vec<_>> =
            items.iter().map(|item| item.as_str().filter(|text| !text.is_empty()).map(str::to_owned)).collect();
        texts.map_or_else(|| self.refuse(key, "a list of texts"), Ok)
    }
}

fn refuse<T>(path: &str, value: &Value, expected: &str) -> Result<T> {
    let shown = if value.is_null() { "nothing".to_owned() } else { shorten(&value.to_string()) };
    let what = if path.is_empty() { "definition of a gate".into() } else { format!("`{path}` of a gate") };
    Err(Error::InvalidArgument { what, value: shown, expected: expected.into() })
}

fn shorten(text: &str) -> String {
    text.chars().take(100).collect()
}

/// The known key that is most like another, if one is alike at all.
fn nearest<'a>(key: &str, known: &[&'a str]) -> Option<&'a str> {
    let (distance, found) = known.iter().map(|other| (distance(key, other), *other)).min()?;
    (distance <= 1 + found.chars().count() / 3).then_some(found)
}

/// How many letters have to be put in, taken out or replaced.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (at, letter) in from.chars().enumerate() {
        let mut diagonal = at;
        let mut left = at + 1;
        for (cell, other) in row.iter_mut().skip(1).zip(to.chars()) {
            let above = *cell;
            left = (left + 1).min(above + 1).min(diagonal + usize::from(letter != other));
            diagonal = above;
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = at + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_is_that_of_levenshtein() {
        for (from, to, expected) in [("", "", 0), ("", "ab", 2), ("kitten", "sitting", 3), ("margn", "margin", 1)] {
            assert_eq!((distance(from, to), distance(to, from)), (expected, expected), "{from} {to}");
        }
    }

    #[test]
    fn the_nearest_key_is_named_if_one_is_near() {
        assert_eq!(nearest("margn", &["metric", "margin"]), Some("margin"));
        assert_eq!(nearest("zzzzzz", &["metric", "margin"]), None);
    }
}
