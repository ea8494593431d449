//! The text of params, made in the core so that every language writes the same, and stored text as one line for people.

use serde::{Deserialize, Serialize};

/// The value of a param, as it was given. Its text is what tools show and conflicts compare.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ParamValue {
    /// Text, kept as it is.
    Text(String),
    /// An integer.
    Int(i64),
    /// A floating point number, written as Python's `repr` writes it.
    Float(f64),
    /// `True` or `False`.
    Bool(bool),
    /// Python's `None`.
    None,
}

impl ParamValue {
    /// The text of the value.
    ///
    /// ```
    /// use mlops_core::ParamValue;
    /// assert_eq!(ParamValue::Float(0.00001).text(), "1e-05");
    /// assert_eq!(ParamValue::Float(1e16).text(), "1e+16");
    /// assert_eq!(ParamValue::Float(3.0).text(), "3.0");
    /// assert_eq!(ParamValue::Bool(true).text(), "True");
    /// ```
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Int(value) => value.to_string(),
            Self::Float(value) => float_repr(*value),
            Self::Bool(true) => "True".into(),
            Self::Bool(false) => "False".into(),
            Self::None => "None".into(),
        }
    }

    /// The number that the value stands for, for comparisons; None for text that is no number.
    pub fn number(&self) -> Option<f64> {
        match self {
            #[expect(
                clippy::cast_precision_loss,
                reason = "comparisons with numbers are in f64, as everywhere in search"
            )]
            Self::Int(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            Self::Bool(value) => Some(f64::from(u8::from(*value))),
            Self::Text(text) => text.trim().parse().ok(),
            Self::None => None,
        }
    }
}

/// True for control characters and for those that turn the direction of text.
pub(crate) fn steers(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}' | '\u{2066}'..='\u{2069}')
}

/// A text as one line: line ends and tabs become a space, what steers a terminal goes. What somebody stored can then neither
/// look like a line of ours nor change what a terminal shows.
pub(crate) fn one_line(text: &str) -> String {
    let spaced = text.chars().map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c });
    spaced.filter(|c| !steers(*c)).collect()
}

macro_rules! from {
    ($($type:ty => $variant:ident),*) => {$(
        impl From<$type> for ParamValue {
            fn from(value: $type) -> Self {
                Self::$variant(value.into())
            }
        }
    )*};
}
from!(&str => Text, String => Text, i64 => Int, i32 => Int, u32 => Int, f64 => Float, f32 => Float, bool => Bool);

impl From<usize> for ParamValue {
    fn from(value: usize) -> Self {
        i64::try_from(value).map_or_else(|_| Self::Text(value.to_string()), Self::Int)
    }
}

/// Bytes as hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Writes a float as Python's `repr` does: the shortest text that reads back the same, an exponent
/// below 1e-4 and from 1e16.
pub fn float_repr(value: f64) -> String {
    if value.is_nan() {
        return "nan".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf".into() } else { "-inf".into() };
    }
    let scientific = format!("{value:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if value != 0.0 && !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    let plain = format!("{value}");
    if plain.contains('.') { plain } else { plain + ".0" }
}
