//! Which number a class has, where targets and predictions are columns.

use std::collections::{BTreeSet, HashMap};

use super::inputs::{Column, number_text};
use crate::error::{Error, Result};

/// How many names of classes an error lists.
const SHOWN: usize = 8;

/// What classes are known by.
#[derive(Clone, Copy)]
pub(super) struct Naming<'a> {
    pub(super) targets: &'a Column,
    /// The names that the caller gives, in their order.
    pub(super) classes: Option<&'a [String]>,
}

/// How classes are numbered.
pub(super) enum Names {
    /// They are whole numbers already.
    AsTheyAre,
    /// By their places.
    Places(HashMap<String, u32>),
}

impl Naming<'_> {
    /// Whether predictions are classes and not scores: texts, or nothing but whole numbers where classes are numbers.
    pub(super) fn is_of_classes(self, column: &Column) -> bool {
        match (column, self.classes, self.targets) {
            (Column::Texts(_), ..) => true,
            (Column::Numbers(values), Some(classes), _) => {
                values.iter().all(|value| is_whole(*value) && classes.contains(&number_text(*value)))
            }
            (Column::Numbers(values), None, Column::Numbers(_)) => values.iter().all(|value| is_whole(*value)),
            (Column::Numbers(_), None, Column::Texts(_)) => false,
        }
    }

    /// The numbers of the classes of the targets and of what was predicted, by whom.
    pub(super) fn names(self, said: &[(&str, &Column)]) -> Result<Names> {
        check_there("targets", self.targets)?;
        if let Some(classes) = self.classes {
            let places: HashMap<String, u32> = classes.iter().cloned().zip(0..).collect();
            if places.len() != classes.len() {
                return Err(bad("classes", format!("{classes:?}"), "each class once"));
            }
            return Ok(Names::Places(places));
        }
        if let Column::Numbers(values) = self.targets
            && let Some((row, value)) = values.iter().enumerate().find(|(_, value)| !is_whole(**value))
        {
            let expected = "a class: a whole number or a text; a number with a fraction is none";
            return Err(bad(&format!("row {} of targets", row + 1), value.to_string(), expected));
        }
        let columns = || [self.targets].into_iter().chain(said.iter().map(|(_, column)| *column));
        if columns().all(|column| matches!(column, Column::Numbers(values) if values.iter().all(|v| is_code(*v)))) {
            return Ok(Names::AsTheyAre);
        }
        let known = sorted([self.targets].into_iter());
        for (what, column) in said {
            // `1` and `True` are written in two ways.
            if !sorted([*column].into_iter()).iter().any(|name| known.contains(name)) {
                return Err(bad(what, column.text(0), &format!("classes of the targets, {}", listed(known))));
            }
        }
        Ok(Names::Places(sorted(columns()).into_iter().zip(0..).collect()))
    }
}

impl Names {
    /// How many classes there are, if anybody says so.
    pub(super) fn len(&self) -> Option<usize> {
        match self {
            Self::AsTheyAre => None,
            Self::Places(places) => Some(places.len()),
        }
    }

    /// The number of the class of each row.
    pub(super) fn codes(&self, what: &str, column: &Column) -> Result<Vec<u32>> {
        check_there(what, column)?;
        let code = |row: usize| -> Result<u32> {
            let name = column.text(row);
            self.find(&name).ok_or_else(|| {
                bad(&format!("row {} of {what}", row + 1), name, &format!("one of the classes, {}", self.shown(column)))
            })
        };
        match (self, column) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "each was seen to be one")]
            (Self::AsTheyAre, Column::Numbers(values)) if values.iter().all(|value| is_code(*value)) => {
                Ok(values.iter().map(|value| *value as u32).collect())
            }
            _ => (0..column.len()).map(code).collect(),
        }
    }

    /// The number of the positive class: of this name, or of 0 and 1 that of 1, or 1.
    pub(super) fn positive(&self, name: Option<&str>, targets: &Column) -> Result<u32> {
        let Some(name) = name else { return Ok(self.positive_of_zero_and_one().unwrap_or(1)) };
        self.find(name).ok_or_else(|| bad("positive", name, &format!("one of the classes, {}", self.shown(targets))))
    }

    /// Whatever the order in which somebody names them.
    fn positive_of_zero_and_one(&self) -> Option<u32> {
        let Self::Places(places) = self else { return None };
        places.get("0").and_then(|_| places.get("1")).copied().filter(|_| places.len() == 2)
    }

    fn find(&self, name: &str) -> Option<u32> {
        match self {
            Self::AsTheyAre => name.parse().ok(),
            Self::Places(places) => places.get(name).copied(),
        }
    }

    /// Some of the names; `there` is a column that has them where they are as they are.
    pub(super) fn shown(&self, there: &Column) -> String {
        match self {
            Self::AsTheyAre => listed(sorted([there].into_iter())),
            Self::Places(places) => {
                let mut all: Vec<(&String, &u32)> = places.iter().collect();
                all.sort_by_key(|(_, place)| **place);
                listed(all.into_iter().map(|(name, _)| name.clone()).collect())
            }
        }
    }
}

fn listed(names: Vec<String>) -> String {
    let more = if names.len() > SHOWN { "..." } else { "" };
    let names: Vec<String> = names.into_iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    names.join(", ") + more
}

fn is_whole(value: f64) -> bool {
    value.fract().abs() <= 0.0
}

fn is_code(value: f64) -> bool {
    (0.0..=f64::from(u32::MAX)).contains(&value) && is_whole(value)
}

/// The different values as texts, numbers by size and before other texts.
fn sorted<'a>(columns: impl Iterator<Item = &'a Column>) -> Vec<String> {
    let (mut values, mut names) = (Vec::new(), BTreeSet::new());
    for column in columns {
        match column {
            Column::Numbers(numbers) => values.extend(numbers.iter().copied().filter(|value| value.is_finite())),
            Column::Texts(texts) => {
                for text in texts.iter().filter(|text| !text.is_empty()) {
                    if !names.contains(text) {
                        names.insert(text.clone());
                    }
                }
            }
        }
    }
    values.sort_by(f64::total_cmp);
    values.dedup();
    let mut found: Vec<String> = values.into_iter().map(number_text).collect();
    found.dedup();
    names.retain(|name| !found.contains(name));
    found.extend(names);
    found
}

/// Refuses a value that is missing.
pub(super) fn check_there(what: &str, column: &Column) -> Result<()> {
    match (0..column.len()).find(|row| column.is_missing(*row)) {
        None => Ok(()),
        Some(row) => Err(bad(&format!("row {} of {what}", row + 1), "", "a value; it is missing")),
    }
}

/// An argument that cannot be used.
pub(super) fn bad(what: &str, value: impl Into<String>, expected: &str) -> Error {
    Error::InvalidArgument { what: what.into(), value: value.into(), expected: expected.into() }
}
