//! Regular expressions, compiled once a filter.

use regex::{Regex, RegexBuilder};

use crate::base::limits;

/// A regular expression in the syntax of the `regex` crate. It fits a text if it fits anywhere in it; `^` and `$` are
/// the ends. Time is proportional to the text, whatever the expression.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

impl Pattern {
    /// Compiles an expression; Err says what is wrong.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        let limit = limits::COMPILED_PATTERN_BYTES;
        let regex = RegexBuilder::new(text).size_limit(limit).dfa_size_limit(limit).build();
        regex.map(Self).map_err(|e| match e {
            regex::Error::CompiledTooBig(_) => format!("a smaller regular expression: above {limit} bytes compiled"),
            // The last line of several says what it is; the place is shown by the message around it.
            other => {
                let text = other.to_string();
                let last = text.lines().last().unwrap_or_default();
                format!("a regular expression ({})", last.strip_prefix("error: ").unwrap_or(last))
            }
        })
    }

    /// The text of the expression.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// True if the expression fits somewhere in the text.
    pub fn fits(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

/// The same text is the same expression.
impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}
