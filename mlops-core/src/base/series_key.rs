//! The identity of a metric series: a key, and a context such as `subset="train"`.

use std::collections::BTreeMap;
use std::fmt;
use std::iter::Peekable;
use std::str::Chars;

use serde::Serialize;

use super::names;
use super::text::ParamValue;
use crate::error::{Error, Result};

/// A metric's key and the context of one of its series. Its text, `loss{subset="train"}`, is the key that the series is
/// stored, searched and shown under.
///
/// In the text, names of the context are sorted and values are quoted as JSON quotes strings. A text that is not of this
/// form is a key without a context.
///
/// ```
/// use mlops_core::SeriesKey;
///
/// # fn main() -> mlops_core::Result<()> {
/// let key = SeriesKey::new("loss").with("subset", "train").with("fold", 3).text()?;
/// assert_eq!(key, r#"loss{fold="3",subset="train"}"#);
/// assert_eq!(SeriesKey::parse(&key).context["subset"], "train");
/// assert_eq!(SeriesKey::parse("loss").text()?, "loss");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct SeriesKey {
    /// The metric's key.
    pub key: String,
    /// The context; empty for a series without one.
    pub context: BTreeMap<String, String>,
}

impl SeriesKey {
    /// The series of a metric without a context.
    pub fn new(key: impl Into<String>) -> Self {
        Self { key: key.into(), context: BTreeMap::new() }
    }

    /// The same with one name of the context more; the text of a number or truth value is that of a param.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<ParamValue>) -> Self {
        self.context.insert(name.into(), value.into().text());
        self
    }

    /// The canonical text.
    ///
    /// # Errors
    /// `InvalidArgument` for a name of the context that is empty or has a space, a control character or one of
    /// `{}="\,`, and for a key that looks as if it had a part of a context; `InvalidArgument` or `LimitExceeded` for a
    /// text that is no metric's key: more than 500 bytes.
    pub fn text(&self) -> Result<String> {
        let refuse = |what: &str, value: &str, expected: &str| Error::InvalidArgument {
            what: what.into(),
            value: value.escape_debug().take(300).collect(),
            expected: expected.into(),
        };
        if let Some(wrong) = self.context.keys().find(|name| !is_name(name)) {
            return Err(refuse("name in a context", wrong, "a word, without spaces and `{}=\"\\,`"));
        }
        names::check_key("metric", &self.key)?;
        let text = self.to_string();
        names::check_key("metric with its context", &text)?;
        if !self.context.is_empty() && Self::parse(&text) != *self {
            return Err(refuse("metric", &self.key, "a key without quotes and braces, beside a context"));
        }
        Ok(text)
    }

    /// The key and the context that a text stands for. Every text is one.
    pub fn parse(text: &str) -> Self {
        let braces = text.match_indices('{').filter(|_| text.ends_with('}'));
        for (at, _) in braces {
            let (key, rest) = text.split_at(at);
            if let Some(context) = read(rest).filter(|_| !key.trim().is_empty()) {
                let found = Self { key: key.into(), context };
                // Another spelling of a context is a key like any other.
                if found.to_string() == text {
                    return found;
                }
            }
        }
        Self::new(text)
    }
}

impl fmt::Display for SeriesKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key)?;
        let mut before = '{';
        for (name, value) in &self.context {
            // A string can always be written as JSON.
            let quoted = serde_json::to_string(value).unwrap_or_default();
            write!(f, "{before}{name}={quoted}")?;
            before = ',';
        }
        if before == ',' { f.write_str("}") } else { Ok(()) }
    }
}

fn is_name(name: &str) -> bool {
    let fits = |c: char| !c.is_whitespace() && !c.is_control() && !"{}=\"\\,".contains(c);
    !name.is_empty() && name.chars().all(fits)
}

/// Reads `{name="value",...}`, at least one; None if the text is not wholly that.
fn read(text: &str) -> Option<BTreeMap<String, String>> {
    let mut chars = text.strip_prefix('{')?.chars().peekable();
    let mut context = BTreeMap::new();
    loop {
        let mut name = String::new();
        while let Some(c) = chars.next_if(|c| *c != '=') {
            name.push(c);
        }
        if chars.next() != Some('=') || !is_name(&name) || context.insert(name, quoted(&mut chars)?).is_some() {
            return None;
        }
        match chars.next()? {
            ',' => {}
            '}' => return chars.next().is_none().then_some(context),
            _ => return None,
        }
    }
}

/// Reads a string of JSON.
fn quoted(chars: &mut Peekable<Chars<'_>>) -> Option<String> {
    let mut text = String::from(chars.next().filter(|c| *c == '"')?);
    loop {
        let c = chars.next()?;
        text.push(c);
        match c {
            '\\' => text.push(chars.next()?),
            '"' => return serde_json::from_str(&text).ok(),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_series_without_a_context_has_the_key_as_its_text() {
        for key in
            ["loss", "a{b}", "x{}", "{a=\"b\"}", "x{b=\"1\",a=\"2\"}", "x{a=\"\\u0041\"}", "x{a=\"1\"} ", "x{a=1}"]
        {
            assert_eq!((SeriesKey::parse(key), SeriesKey::new(key).text().unwrap()), (SeriesKey::new(key), key.into()));
        }
    }

    #[test]
    fn what_cannot_be_told_apart_later_is_refused() {
        assert!(SeriesKey::new("x").with("", "v").text().is_err());
        assert!(SeriesKey::new("x").with("a b", "v").text().is_err());
        assert!(SeriesKey::new("").with("a", "v").text().is_err());
        assert!(SeriesKey::new("x").with("a", "v".repeat(500)).text().is_err());
        assert_eq!(SeriesKey::new("x").with("a", "line\n\"q\"").text().unwrap(), "x{a=\"line\\n\\\"q\\\"\"}");
    }

    proptest! {
        #[test]
        fn a_text_says_the_key_and_context_that_it_was_made_of(
            key in "[a-z{}=\",\\\\/]{1,12}",
            context in prop::collection::btree_map("[a-zé_.]{1,4}", "\\PC{0,6}|[\"\\\\{},=]{0,6}", 0..3),
        ) {
            let series = SeriesKey { key, context };
            if let Ok(text) = series.text() && !series.context.is_empty() {
                prop_assert_eq!(SeriesKey::parse(&text), series);
            }
        }

        #[test]
        fn every_text_is_read_and_says_itself_again(text in "[a-c{}=\",\\\\]{0,20}") {
            prop_assert_eq!(SeriesKey::parse(&text).to_string(), text);
        }
    }
}
