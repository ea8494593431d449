//! Filters made ready for records: what time it is, and in which order parts are tried.

use super::fields::Field;
use super::types::{Expr, Literal, Record};
use crate::base::time::Timestamp;

/// A filter that knows what time it is. Parts that need points are tried behind those that do not, so that the points
/// of a record are read only if the rest leaves the answer open.
///
/// ```
/// use mlops_core::Timestamp;
/// let filter = mlops_core::query::parse("start_time > now() - 1d").unwrap().bind(Timestamp::from_millis(86_400_000));
/// assert_eq!(filter.expr().to_string(), "attributes.start_time > '1970-01-01T00:00:00Z'");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Filter(Expr);

impl Filter {
    /// True if the record matches.
    pub fn matches(&self, record: &dyn Record) -> bool {
        self.0.known_to_be(record, true)
    }

    /// The filter as a tree, in the order in which it is tried.
    pub const fn expr(&self) -> &Expr {
        &self.0
    }
}

impl Expr {
    /// Replaces `now()` by a time.
    pub fn bind(mut self, now: Timestamp) -> Filter {
        self.prepare(now);
        Filter(self)
    }

    /// Replaces texts that an attribute is to be equal to, or to be one of.
    pub(crate) fn respell(&mut self, attribute: &str, spell: &mut dyn FnMut(&mut String)) {
        let is_of = |field: &Field| field.to_string() == format!("attributes.{attribute}");
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter_mut().for_each(|part| part.respell(attribute, spell)),
            Self::Not(inner) => inner.respell(attribute, spell),
            Self::Compare { field, comparison, value: Literal::Text(text) }
                if comparison.is_equality() && is_of(field) =>
            {
                spell(text);
            }
            Self::In { field, values, .. } if is_of(field) => {
                for value in values {
                    if let Literal::Text(text) = value {
                        spell(text);
                    }
                }
            }
            _ => {}
        }
    }

    fn prepare(&mut self, now: Timestamp) {
        match self {
            Self::And(parts) | Self::Or(parts) => {
                parts.iter_mut().for_each(|part| part.prepare(now));
                parts.sort_by_cached_key(Self::needs_points);
            }
            Self::Not(inner) => inner.prepare(now),
            Self::Compare { value, .. } => value.resolve(now),
            Self::In { values, .. } => values.iter_mut().for_each(|value| value.resolve(now)),
            Self::Between { low, high, .. } => [low, high].into_iter().for_each(|end| end.resolve(now)),
            Self::All | Self::Like { .. } | Self::Matches { .. } | Self::IsNull { .. } => {}
        }
    }

    fn needs_points(&self) -> bool {
        let mut needs = false;
        self.each_field(&mut |field| needs |= field.needs_points());
        needs
    }
}

impl Literal {
    fn resolve(&mut self, now: Timestamp) {
        if let Self::Now { later_micros } = self {
            *self = Self::Time(Timestamp::from_micros(now.as_micros().saturating_add(*later_micros)));
        }
    }
}
