//! Cuts a text into tokens, each with its place.

use std::ops::Range;

use super::fields::is_bare;
use super::times;
use crate::base::limits;
use crate::error::{Error, Result};

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// A keyword, or a field or part of one.
    Word(String),
    /// A field or part of one in backticks.
    Backticks(String),
    /// A text in single quotes.
    SingleQuotes(String),
    /// In double quotes: a text where a value stands, a key where a field stands.
    DoubleQuotes(String),
    Number(f64),
    /// `now()`, and how many microseconds later.
    Now(i64),
    /// `@` and a step.
    Step(i64),
    /// A run of `=`, `!`, `<`, `>` and `~`.
    Operator(String),
    Open,
    Close,
    Comma,
    End,
}

/// A token and its bytes in the text.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Range<usize>,
}

/// A text with the name that messages call it by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    pub(super) what: &'static str,
    pub(super) text: &'a str,
}

const OPERATORS: &str = "=!<>~";

/// How much of a text stands before and behind the marked place of a message, in characters.
const EXCERPT_CHARS: usize = 60;

impl Source<'_> {
    /// The error for what stands at `span`, with the place marked beneath an excerpt.
    pub(super) fn unexpected(&self, span: &Range<usize>, expected: &str) -> Error {
        let (before, rest) = self.text.split_at_checked(span.start).unwrap_or((self.text, ""));
        let (found, behind) = rest.split_at_checked(span.len()).unwrap_or((rest, ""));
        // A message is a few lines, whatever the text holds.
        let printable = |c: char| if c.is_control() { ' ' } else { c };
        let shown: String = found.chars().take(EXCERPT_CHARS).map(printable).collect();
        // What cannot be seen in the excerpt is named.
        let named = found.chars().take(EXCERPT_CHARS).fold(String::new(), |mut named, c| {
            if c.is_control() {
                named.extend(c.escape_default());
            } else {
                named.push(c);
            }
            named
        });
        let found_name = if found.is_empty() { "unexpected end".into() } else { format!("unexpected `{named}`") };
        let cut = before.chars().count().saturating_sub(EXCERPT_CHARS);
        let head: String = before.chars().skip(cut).map(printable).collect();
        let tail: String = behind.chars().take(EXCERPT_CHARS).map(printable).collect();
        let excerpt: String = [if cut > 0 { "..." } else { "" }, &head, &shown, &tail].concat();
        let indent = head.chars().count() + if cut > 0 { 3 } else { 0 };
        let marks = "^".repeat(shown.chars().count().max(1));
        let detail = format!(
            "{found_name} at character {} of the {}: expected {expected}\n  {excerpt}\n  {:indent$}{marks}",
            before.chars().count() + 1,
            self.what,
            ""
        );
        let (text, offset, length) = (self.text.to_owned(), before.len(), found.len());
        Error::InvalidQuery { what: self.what, text, offset, length, detail }
    }

    /// The tokens of the text; the last is [`Kind::End`].
    pub(super) fn tokens(&self) -> Result<Vec<Token>> {
        limits::check(|| self.what.into(), self.text.len(), limits::FILTER_BYTES, "bytes")?;
        let mut tokens = Vec::new();
        let mut at = 0;
        loop {
            let rest = self.text.get(at..).unwrap_or_default();
            let trimmed = rest.trim_start();
            at += rest.len() - trimmed.len();
            let (kind, len) = self.token(trimmed, at)?;
            let end = kind == Kind::End;
            tokens.push(Token { kind, span: at..at + len });
            if end {
                return Ok(tokens);
            }
            at += len;
        }
    }

    /// The token that `rest` begins with, and its length in bytes.
    fn token(&self, rest: &str, at: usize) -> Result<(Kind, usize)> {
        let mut chars = rest.chars();
        let Some(first) = chars.next() else { return Ok((Kind::End, 0)) };
        let second = chars.next();
        Ok(match first {
            '(' => (Kind::Open, 1),
            ')' => (Kind::Close, 1),
            ',' => (Kind::Comma, 1),
            '\'' | '"' | '`' => return self.quoted(rest, first, at),
            c if OPERATORS.contains(c) => {
                let word = take_while(rest, |c| OPERATORS.contains(c));
                (Kind::Operator(word.into()), word.len())
            }
            '0'..='9' | '+' | '-' => return self.number(rest, at),
            '.' if second.is_some_and(|c| c.is_ascii_digit()) => return self.number(rest, at),
            '@' => return self.step(rest, at),
            c if is_bare(c) => {
                let word = take_while(rest, is_bare);
                if word.eq_ignore_ascii_case("now") && rest.trim_start_matches(is_bare).trim_start().starts_with('(') {
                    return self.now(rest, at);
                }
                (Kind::Word(word.into()), word.len())
            }
            c => {
                let expected = "a field, a value, an operator, or quotes around a key with other characters";
                return Err(self.unexpected(&(at..at + c.len_utf8()), expected));
            }
        })
    }

    fn quoted(&self, rest: &str, quote: char, at: usize) -> Result<(Kind, usize)> {
        let mut text = String::new();
        let mut chars = rest.char_indices().skip(1).peekable();
        while let Some((i, c)) = chars.next() {
            if c != quote {
                text.push(c);
            } else if chars.next_if(|(_, next)| *next == quote).is_some() {
                text.push(quote);
            } else {
                let kind = match quote {
                    '\'' => Kind::SingleQuotes(text),
                    '"' => Kind::DoubleQuotes(text),
                    _ => Kind::Backticks(text),
                };
                return Ok((kind, i + 1));
            }
        }
        Err(self.unexpected(&(at..at + rest.len()), &format!("a closing {quote}")))
    }

    fn number(&self, rest: &str, at: usize) -> Result<(Kind, usize)> {
        let sign = usize::from(rest.starts_with(['+', '-']));
        let mut exponent_sign = false;
        // The sign of an exponent belongs to the number: 1e-05.
        let body = take_while(rest.get(sign..).unwrap_or_default(), |c| {
            let take = c.is_alphanumeric() || matches!(c, '.' | '_') || (exponent_sign && matches!(c, '+' | '-'));
            exponent_sign = matches!(c, 'e' | 'E');
            take
        });
        let len = sign + body.len();
        let word = rest.get(..len).unwrap_or_default();
        match word.parse::<f64>() {
            // What no float holds is infinite, as for MLflow.
            Ok(number) if !number.is_nan() => Ok((Kind::Number(number), len)),
            _ => Err(self.unexpected(&(at..at + len.max(1)), "a number such as 3, -0.5 or 1e-05")),
        }
    }
}

impl Source<'_> {
    fn step(&self, rest: &str, at: usize) -> Result<(Kind, usize)> {
        let behind = rest.get(1..).unwrap_or_default();
        let sign = usize::from(behind.starts_with(['+', '-']));
        let len = sign + take_while(behind.get(sign..).unwrap_or_default(), char::is_alphanumeric).len();
        match behind.get(..len).unwrap_or_default().parse() {
            Ok(step) => Ok((Kind::Step(step), 1 + len)),
            Err(_) => Err(self.unexpected(&(at..at + 1 + len), "@ and a step, such as @100 or @-1")),
        }
    }

    /// `now()`, or `now() - 7d`. It is one token, so that `-` and `7d` mean something here only.
    fn now(&self, rest: &str, at: usize) -> Result<(Kind, usize)> {
        let mut scan = Scan { text: rest, at: "now".len() };
        scan.skip_spaces();
        scan.take("(");
        scan.skip_spaces();
        if !scan.take(")") {
            return Err(self.unexpected(&scan.next_from(at), "`)`, as in now() or now() - 7d"));
        }
        let end = scan.at;
        scan.skip_spaces();
        let minus = scan.take("-");
        if !minus && !scan.take("+") {
            return Ok((Kind::Now(0), end));
        }
        scan.skip_spaces();
        let from = scan.at;
        let word = take_while(scan.rest(), |c| c.is_alphanumeric() || c == '.');
        let micros = times::duration_micros(word).map(|micros| if minus { -micros } else { micros });
        match micros {
            Some(micros) => Ok((Kind::Now(micros), from + word.len())),
            None if word.is_empty() => Err(self.unexpected(&scan.next_from(at), times::DURATION)),
            None => Err(self.unexpected(&(at + from..at + from + word.len()), times::DURATION)),
        }
    }
}

/// A place in a text.
struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_spaces(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    /// The bytes of the next character, of a text that begins at `start`.
    fn next_from(&self, start: usize) -> Range<usize> {
        let len = self.rest().chars().next().map_or(0, char::len_utf8);
        start + self.at..start + self.at + len
    }

    fn take(&mut self, what: &str) -> bool {
        let found = self.rest().starts_with(what);
        self.at += if found { what.len() } else { 0 };
        found
    }
}

fn take_while(text: &str, mut take: impl FnMut(char) -> bool) -> &str {
    let end = text.find(|c| !take(c)).unwrap_or(text.len());
    text.get(..end).unwrap_or(text)
}
