//! JSON of what is shown.

use serde::{Serialize, Serializer};

use crate::error::{Error, Result};

/// A number; NaN and infinities, which JSON has not, are text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Number(pub(crate) f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self.0 {
            value if value.is_nan() => serializer.serialize_str("NaN"),
            f64::INFINITY => serializer.serialize_str("Infinity"),
            f64::NEG_INFINITY => serializer.serialize_str("-Infinity"),
            value => serializer.serialize_f64(value),
        }
    }
}

/// JSON that may stand inside a `<script>` element: no text of it ends the element or begins a comment, since all that
/// could stands as an escape of JSON.
///
/// # Errors
/// `Internal` if a value cannot be written, which none of ours does.
pub(super) fn in_script(value: &impl Serialize) -> Result<String> {
    let text = serde_json::to_string(value).map_err(|e| Error::Internal { detail: e.to_string() })?;
    // JSON's own syntax has none of these, so what is replaced stands inside a string.
    Ok(text.chars().fold(String::with_capacity(text.len()), |mut out, character| {
        match character {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => out.extend(format!("\\u{:04x}", u32::from(character)).chars()),
            other => out.push(other),
        }
        out
    }))
}
