//! Holds filters against records, with SQL's third truth value for what a record lacks.

use std::cmp::Ordering;

use super::like::like;
use super::types::{Comparison, Expr, Literal, Record, Value};

impl Expr {
    /// True if the record matches.
    pub fn matches(&self, record: &dyn Record) -> bool {
        self.test(record) == Some(true)
    }

    /// None if it depends on a field that the record lacks.
    fn test(&self, record: &dyn Record) -> Option<bool> {
        match self {
            Self::All => Some(true),
            Self::And(parts) => decide(parts.iter().map(|part| part.test(record)), false),
            Self::Or(parts) => decide(parts.iter().map(|part| part.test(record)), true),
            Self::Not(inner) => inner.test(record).map(|holds| !holds),
            Self::IsNull { field, negated } => Some(record.get(field).is_none() != *negated),
            Self::Compare { field, comparison, value } => {
                each(&record.get(field)?, &|found| comparison.holds(found, value))
            }
            Self::Like { field, negated, ignore_case, pattern } => each(&record.get(field)?, &|found| {
                found.text().map(|text| like(&text, pattern, *ignore_case) != *negated)
            }),
            Self::In { field, negated, values } => each(&record.get(field)?, &|found| {
                let any = decide(values.iter().map(|value| Comparison::Equal.holds(found, value)), true);
                any.map(|any| any != *negated)
            }),
            Self::Between { field, negated, low, high } => each(&record.get(field)?, &|found| {
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
