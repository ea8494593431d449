//! Holds filters against records, with SQL's third truth value for what a record lacks.

use std::cmp::Ordering;

use super::like::like;
use super::types::{Comparison, Expr, Literal, Record, Value};

impl Expr {
    /// True if the filter is known to have this truth for the record: asking for one truth at a time, instead of which
    /// of three it is, looks at no more parts than that takes.
    pub(super) fn known_to_be(&self, record: &dyn Record, truth: bool) -> bool {
        match self {
            Self::And(parts) if truth => parts.iter().all(|part| part.known_to_be(record, true)),
            Self::And(parts) => parts.iter().any(|part| part.known_to_be(record, false)),
            Self::Or(parts) if truth => parts.iter().any(|part| part.known_to_be(record, true)),
            Self::Or(parts) => parts.iter().all(|part| part.known_to_be(record, false)),
            Self::Not(inner) => inner.known_to_be(record, !truth),
            test => test.test(record) == Some(truth),
        }
    }

    /// What a single test says; None if it depends on a field that the record lacks.
    fn test(&self, record: &dyn Record) -> Option<bool> {
        match self {
            Self::All => Some(true),
            Self::And(_) | Self::Or(_) | Self::Not(_) => None,
            Self::IsNull { field, negated } => Some(field.of(record).is_none() != *negated),
            Self::Compare { field, comparison, value } => {
                each(&field.of(record)?, &|found| comparison.holds(found, value))
            }
            Self::Like { field, negated, ignore_case, pattern } => each(&field.of(record)?, &|found| {
                found.text().map(|text| like(&text, pattern, *ignore_case) != *negated)
            }),
            Self::Matches { field, negated, pattern } => {
                each(&field.of(record)?, &|found| found.text().map(|text| pattern.fits(&text) != *negated))
            }
            Self::In { field, negated, values } => each(&field.of(record)?, &|found| {
                let any = decide(values.iter().map(|value| Comparison::Equal.holds(found, value)), true);
                any.map(|any| any != *negated)
            }),
            Self::Between { field, negated, low, high } => each(&field.of(record)?, &|found| {
                if *negated {
                    let (below, above) = (Comparison::Less.holds(found, low)?, Comparison::Greater.holds(found, high)?);
                    return Some(below || above);
                }
                let from = Comparison::GreaterOrEqual.holds(found, low)?;
                Some(from && Comparison::LessOrEqual.holds(found, high)?)
            }),
        }
    }
}

/// OR for `deciding` true, AND for false: one deciding part is enough, else an unknown one leaves it unknown.
fn decide(parts: impl Iterator<Item = Option<bool>>, deciding: bool) -> Option<bool> {
    let mut result = Some(!deciding);
    for part in parts {
        match part {
            Some(value) if value == deciding => return part,
            Some(_) => {}
            None => result = None,
        }
    }
    result
}

/// Tests a value, or whether the test holds for one of several.
fn each(value: &Value<'_>, test: &dyn Fn(&Value<'_>) -> Option<bool>) -> Option<bool> {
    match value {
        Value::Many(values) if values.is_empty() => None,
        Value::Many(values) => decide(values.iter().map(|value| each(value, test)), true),
        value => test(value),
    }
}

impl Comparison {
    /// None if the value is not of the literal's type.
    fn holds(self, value: &Value<'_>, literal: &Literal) -> Option<bool> {
        let ordering = match literal {
            Literal::Number(number) => value.number()?.partial_cmp(number),
            Literal::Text(text) => Some(value.text()?.as_ref().cmp(text)),
            Literal::Time(time) => match value {
                Value::Time(at) => Some(at.cmp(time)),
                _ => return None,
            },
            // Nobody knows when it is: `bind` has not been told.
            Literal::Now { .. } => return None,
        };
        Some(match self {
            Self::Equal => ordering == Some(Ordering::Equal),
            // Also for NaN, which has no order.
            Self::NotEqual => ordering != Some(Ordering::Equal),
            Self::Less => ordering == Some(Ordering::Less),
            Self::LessOrEqual => ordering.is_some_and(Ordering::is_le),
            Self::Greater => ordering == Some(Ordering::Greater),
            Self::GreaterOrEqual => ordering.is_some_and(Ordering::is_ge),
        })
    }
}
