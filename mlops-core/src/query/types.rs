//! Filters as trees, and the values that they are held against.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::aspects::Aspect;
use super::fields::{Entity, Field};
use super::pattern::Pattern;
use crate::base::text::ParamValue;
use crate::base::time::Timestamp;

/// A filter. It prints as text that parses to the same filter.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Expr {
    /// Matches every record; the filter of an empty text, never inside another.
    #[default]
    All,
    /// All of two or more filters match.
    And(Vec<Expr>),
    /// At least one of two or more filters matches.
    Or(Vec<Expr>),
    /// The filter does not match, and lacks no field to say so.
    Not(Box<Expr>),
    /// A field against a value.
    Compare {
        /// The field.
        field: Field,
        /// How.
        comparison: Comparison,
        /// Against what.
        value: Literal,
    },
    /// `[NOT] LIKE` or `[NOT] ILIKE`.
    Like {
        /// The field.
        field: Field,
        /// `NOT`.
        negated: bool,
        /// `ILIKE`: upper and lower case are the same.
        ignore_case: bool,
        /// `%` stands for any characters, `_` for one.
        pattern: String,
    },
    /// `~` or `!~`.
    Matches {
        /// The field.
        field: Field,
        /// `!~`.
        negated: bool,
        /// The regular expression.
        pattern: Pattern,
    },
    /// `[NOT] IN`.
    In {
        /// The field.
        field: Field,
        /// `NOT`.
        negated: bool,
        /// One or more values.
        values: Vec<Literal>,
    },
    /// `[NOT] BETWEEN`, both ends inclusive.
    Between {
        /// The field.
        field: Field,
        /// `NOT`.
        negated: bool,
        /// The lower end.
        low: Literal,
        /// The upper end.
        high: Literal,
    },
    /// `IS [NOT] NULL`.
    IsNull {
        /// The field.
        field: Field,
        /// `NOT`.
        negated: bool,
    },
}

/// How a field is held against a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparison {
    pub(super) const ALL: [Self; 6] =
        [Self::Equal, Self::NotEqual, Self::Less, Self::LessOrEqual, Self::Greater, Self::GreaterOrEqual];

    /// The operator in a filter's text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    pub(super) const fn is_equality(self) -> bool {
        matches!(self, Self::Equal | Self::NotEqual)
    }
}

/// A value in a filter.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// A number, not NaN.
    Number(f64),
    /// A quoted text.
    Text(String),
    /// A time, written as a quoted text.
    Time(Timestamp),
    /// `now() + 1d` or `now() - 7d`; [`Expr::bind`] makes it a time.
    Now {
        /// How many microseconds after now, negative for before.
        later_micros: i64,
    },
}

/// The value of a record's field.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// A number, such as a metric.
    Number(f64),
    /// A time. Held against a number, its whole milliseconds count, as MLflow has it.
    Time(Timestamp),
    /// A text, such as a tag or a name. Held against a number, the number that it spells counts.
    Text(Cow<'a, str>),
    /// A param, which is text and, if it is or spells a number, that number.
    Param(Cow<'a, ParamValue>),
    /// Several values, such as the names of a run's datasets: a test holds if it holds for one of them.
    Many(Vec<Value<'a>>),
}

impl Value<'_> {
    /// The number to compare, if there is one.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            #[expect(clippy::cast_precision_loss, reason = "milliseconds are below 2^53 for 285,000 years")]
            Self::Time(at) => Some(at.as_millis() as f64),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Param(value) => value.number(),
            Self::Many(_) => None,
        }
    }

    /// The text to compare, if there is one.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Param(value) => Some(param_text(Cow::Borrowed(value))),
            Self::Number(_) | Self::Time(_) | Self::Many(_) => None,
        }
    }
}

/// The text of a param, borrowed where it is one already.
pub(super) fn param_text(value: Cow<'_, ParamValue>) -> Cow<'_, str> {
    match value {
        Cow::Borrowed(ParamValue::Text(text)) => Cow::Borrowed(text),
        Cow::Owned(ParamValue::Text(text)) => Cow::Owned(text),
        other => Cow::Owned(other.text()),
    }
}

/// What a filter is held against.
pub trait Record {
    /// The value of a thing; None if the record lacks it. Attributes come under the names that
    /// [`Field::attributes`] lists; the duration is in seconds. What is looked at behind a key that may be the name
    /// of another thing is decided by [`Field::of`].
    fn get(&self, entity: Entity, key: &str, aspect: Aspect) -> Option<Value<'_>>;
}

impl Expr {
    /// The fields that the filter looks at, each once.
    pub fn fields(&self) -> BTreeSet<&Field> {
        let mut fields = BTreeSet::new();
        self.each_field(&mut |field| {
            fields.insert(field);
        });
        fields
    }

    pub(super) fn each_field<'a>(&'a self, visit: &mut dyn FnMut(&'a Field)) {
        match self {
            Self::All => {}
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.each_field(visit)),
            Self::Not(inner) => inner.each_field(visit),
            Self::Compare { field, .. }
            | Self::Like { field, .. }
            | Self::Matches { field, .. }
            | Self::In { field, .. }
            | Self::Between { field, .. }
            | Self::IsNull { field, .. } => visit(field),
        }
    }
}
