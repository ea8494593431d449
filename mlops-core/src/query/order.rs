//! The order of results.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;

use super::fields::{Entity, Field, Subject};
use super::lexer::{Kind, Source};
use super::parser::Parser;
use super::types::{Record, Value, param_text};
use crate::base::time::Timestamp;
use crate::error::Result;

/// One key of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderKey {
    /// What is sorted by.
    pub field: Field,
    /// From large to small.
    pub descending: bool,
}

impl OrderKey {
    /// What a record is ordered by: the value of the field; of a tag that spells a number that, as of a param.
    pub fn of<'r>(&self, record: &'r dyn Record) -> Option<Value<'r>> {
        match (self.field.entity, self.field.of(record)) {
            (Entity::Tag, Some(Value::Text(text))) => {
                Some(text.trim().parse().map_or(Value::Text(text), Value::Number))
            }
            (_, found) => found,
        }
    }
}

impl fmt::Display for OrderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, if self.descending { "DESC" } else { "ASC" })
    }
}

/// Parses keys such as `metrics.loss DESC`; without a direction a key is ascending. Of several values, such as the
/// names of a run's datasets, the first counts.
///
/// # Errors
/// [`Error::InvalidQuery`](crate::Error::InvalidQuery) if one is not in the language or the same field comes twice, [`Error::LimitExceeded`](crate::Error::LimitExceeded).
pub fn parse_order(texts: &[String]) -> Result<Vec<OrderKey>> {
    parse_order_about(Subject::Runs, texts)
}

/// The same, with the fields of another subject than runs.
///
/// # Errors
/// As [`parse_order`].
pub fn parse_order_about(subject: Subject, texts: &[String]) -> Result<Vec<OrderKey>> {
    let mut keys: Vec<OrderKey> = Vec::with_capacity(texts.len());
    let mut seen = HashSet::new();
    for text in texts {
        let source = Source { what: "order", text };
        let mut parser = Parser::new(source)?.about(subject);
        let field = parser.field()?;
        let descending = parser.keyword("DESC");
        if !descending {
            parser.keyword("ASC");
        }
        parser.expect(&Kind::End, "ASC, DESC or the end")?;
        if !seen.insert(field.clone()) {
            return Err(source.unexpected(&(0..text.len()), &format!("{field} once, not again")));
        }
        keys.push(OrderKey { field, descending });
    }
    Ok(keys)
}

/// Parses the names of columns: fields such as `metrics.loss.min` or `start_time`.
///
/// # Errors
/// As [`parse_order`], but that a field may come twice.
pub fn parse_columns(texts: &[String]) -> Result<Vec<Field>> {
    let field = |text: &String| {
        let mut parser = Parser::new(Source { what: "column", text })?;
        let field = parser.field()?;
        parser.expect(&Kind::End, "the end")?;
        Ok(field)
    };
    texts.iter().map(field).collect()
}

/// Compares two values for an order: NaN comes after numbers and texts, what is missing after NaN, in both
/// directions. Params that are or spell numbers compare as numbers and come before other texts.
pub fn compare(a: Option<Value<'_>>, b: Option<Value<'_>>, descending: bool) -> Ordering {
    let (a, b) = (Rank::of(a), Rank::of(b));
    a.class().cmp(&b.class()).then_with(|| {
        let ordering = match (&a, &b) {
            (Rank::Number(a), Rank::Number(b)) => a.partial_cmp(b).unwrap_or(Ordering::Equal),
            (Rank::Number(_), Rank::Text(_)) => Ordering::Less,
            (Rank::Text(_), Rank::Number(_)) => Ordering::Greater,
            (Rank::Text(a), Rank::Text(b)) => a.cmp(b),
            _ => Ordering::Equal,
        };
        if descending { ordering.reverse() } else { ordering }
    })
}

/// A time as a number of milliseconds, with its microseconds behind the point.
#[expect(clippy::cast_precision_loss, reason = "microseconds are below 2^53 for 285 years around 1970")]
pub fn sortable(at: Timestamp) -> f64 {
    at.as_micros() as f64 / 1e3
}

/// A value as it is sorted.
enum Rank<'a> {
    Number(f64),
    Text(Cow<'a, str>),
    NotANumber,
    Missing,
}

impl<'a> Rank<'a> {
    fn of(value: Option<Value<'a>>) -> Self {
        match value {
            None => Self::Missing,
            Some(Value::Number(number)) => Self::number(number),
            Some(Value::Time(at)) => Self::Number(sortable(at)),
            Some(Value::Text(text)) => Self::Text(text),
            Some(Value::Param(value)) => value.number().map_or_else(|| Self::Text(param_text(value)), Self::number),
            Some(Value::Many(values)) => Self::of(values.into_iter().next()),
        }
    }

    fn number(number: f64) -> Self {
        if number.is_nan() { Self::NotANumber } else { Self::Number(number) }
    }

    fn class(&self) -> u8 {
        match self {
            Self::Number(_) | Self::Text(_) => 0,
            Self::NotANumber => 1,
            Self::Missing => 2,
        }
    }
}
