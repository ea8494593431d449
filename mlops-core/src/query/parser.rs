//! From tokens to a tree.

use std::ops::Range;

use super::fields::{self, Entity, Field, Subject};
use super::lexer::{Kind, Source, Token};
use super::types::{Comparison, Expr, Literal};
use crate::base::limits;
use crate::error::{Error, Result};

/// Parses a filter; blank text gives [`Expr::All`].
///
/// # Errors
/// [`Error::InvalidQuery`] with the place of the first token that does not fit, [`Error::LimitExceeded`] above 64 KiB
/// or 128 levels of nesting.
///
/// ```
/// let filter = mlops_core::query::parse("metrics.loss<.5 and not params.model in ('a','b')").unwrap();
/// assert_eq!(filter.to_string(), "metrics.loss < 0.5 AND NOT params.model IN ('a', 'b')");
/// ```
pub fn parse(text: &str) -> Result<Expr> {
    parse_about(Subject::Runs, text)
}

/// The same, with the fields of another subject than runs.
///
/// # Errors
/// As [`parse`].
pub fn parse_about(subject: Subject, text: &str) -> Result<Expr> {
    let mut parser = Parser::new(subject, Source { what: "filter", text })?;
    if parser.peek() == &Kind::End {
        return Ok(Expr::All);
    }
    let filter = parser.filter(0)?;
    parser.expect(&Kind::End, "AND, OR or the end")?;
    Ok(filter)
}

/// Reads tokens from front to back.
#[derive(Debug)]
pub(super) struct Parser<'a> {
    subject: Subject,
    source: Source<'a>,
    tokens: Vec<Token>,
    next: usize,
}

const VALUE: &str = "a number or a text in quotes";

impl<'a> Parser<'a> {
    pub(super) fn new(subject: Subject, source: Source<'a>) -> Result<Self> {
        Ok(Self { subject, source, tokens: source.tokens()?, next: 0 })
    }

    fn token(&self) -> &Token {
        self.tokens.get(self.next).or(self.tokens.last()).expect("the last token is the end, and there always is one")
    }

    pub(super) fn peek(&self) -> &Kind {
        &self.token().kind
    }

    fn take(&mut self) -> Token {
        let token = self.token().clone();
        self.next += 1;
        token
    }

    /// What stands next does not fit.
    pub(super) fn unexpected(&self, expected: &str) -> Error {
        self.source.unexpected(&self.token().span, expected)
    }

    pub(super) fn expect(&mut self, kind: &Kind, expected: &str) -> Result<()> {
        if self.peek() != kind {
            return Err(self.unexpected(expected));
        }
        self.next += 1;
        Ok(())
    }

    /// Takes a keyword if it stands next.
    pub(super) fn keyword(&mut self, keyword: &str) -> bool {
        let found = matches!(self.peek(), Kind::Word(word) if word.eq_ignore_ascii_case(keyword));
        self.next += usize::from(found);
        found
    }

    fn filter(&mut self, depth: usize) -> Result<Expr> {
        self.joined("OR", Expr::Or, |parser| parser.joined("AND", Expr::And, |parser| parser.not(depth)))
    }

    /// One part, or several joined by a keyword.
    fn joined(
        &mut self,
        keyword: &str,
        join: fn(Vec<Expr>) -> Expr,
        mut part: impl FnMut(&mut Self) -> Result<Expr>,
    ) -> Result<Expr> {
        let first = part(self)?;
        if !self.keyword(keyword) {
            return Ok(first);
        }
        let mut parts = vec![first, part(self)?];
        while self.keyword(keyword) {
            parts.push(part(self)?);
        }
        Ok(join(parts))
    }

    fn not(&mut self, depth: usize) -> Result<Expr> {
        limits::check(|| "nesting of the filter".into(), depth, limits::FILTER_DEPTH, "levels")?;
        if self.keyword("NOT") {
            return Ok(Expr::Not(Box::new(self.not(depth + 1)?)));
        }
        if self.peek() == &Kind::Open {
            self.next += 1;
            let inner = self.filter(depth + 1)?;
            self.expect(&Kind::Close, "AND, OR or `)`")?;
            return Ok(inner);
        }
        self.test()
    }

    fn test(&mut self) -> Result<Expr> {
        let field = self.field()?;
        if self.keyword("IS") {
            let negated = self.keyword("NOT");
            return if self.keyword("NULL") {
                Ok(Expr::IsNull { field, negated })
            } else {
                Err(self.unexpected(if negated { "NULL" } else { "NULL or NOT NULL" }))
            };
        }
        if let Kind::Operator(operator) = self.peek() {
            let comparison = Comparison::ALL.into_iter().find(|comparison| comparison.as_str() == operator);
            let comparison = comparison.ok_or_else(|| self.unexpected("one of = != < <= > >="))?;
            self.next += 1;
            let value = self.value(&field, !comparison.is_equality())?;
            return Ok(Expr::Compare { field, comparison, value });
        }
        let negated = self.keyword("NOT");
        for (keyword, ignore_case) in [("LIKE", false), ("ILIKE", true)] {
            if field.kind() != fields::Kind::Number && self.keyword(keyword) {
                let pattern = self.pattern()?;
                return Ok(Expr::Like { field, negated, ignore_case, pattern });
            }
        }
        if self.keyword("IN") {
            let values = self.values(&field)?;
            return Ok(Expr::In { field, negated, values });
        }
        if self.keyword("BETWEEN") {
            let from = self.token().span.start;
            let low = self.value(&field, true)?;
            if !self.keyword("AND") {
                return Err(self.unexpected("AND and the upper end"));
            }
            let high = self.value(&field, true)?;
            if std::mem::discriminant(&low) != std::mem::discriminant(&high) {
                let end = self.tokens.get(self.next - 1).map_or(from, |token| token.span.end);
                return Err(self.source.unexpected(&(from..end), "two numbers, or two texts"));
            }
            return Ok(Expr::Between { field, negated, low, high });
        }
        Err(self.unexpected(match (negated, field.kind()) {
            (true, fields::Kind::Number) => "IN or BETWEEN",
            (true, _) => "LIKE, ILIKE, IN or BETWEEN",
            (false, fields::Kind::Number) => "one of = != < <= > >=, IN, NOT IN, BETWEEN or IS NULL",
            (false, _) => "one of = != < <= > >=, LIKE, ILIKE, IN, NOT IN, BETWEEN or IS NULL",
        }))
    }

    /// A field: `key`, `entity.key`, with any part in quotes.
    pub(super) fn field(&mut self) -> Result<Field> {
        let start = self.token().span.start;
        let (entity, key) = match self.take() {
            Token { kind: Kind::Word(word), span } => match word.split_once('.') {
                Some((entity, "")) => (Some(entity.to_owned()), self.quoted_at(span.end).unwrap_or_default()),
                Some((entity, key)) => (Some(entity.to_owned()), key.to_owned()),
                None => (None, word),
            },
            Token { kind: Kind::Backticks(text) | Kind::DoubleQuotes(text), span } => match self.peek() {
                Kind::Word(word) if word.starts_with('.') && self.token().span.start == span.end => {
                    let word = self.take();
                    let key = match word.kind {
                        Kind::Word(key) if key.len() > 1 => key.get(1..).unwrap_or_default().to_owned(),
                        _ => self.quoted_at(word.span.end).unwrap_or_default(),
                    };
                    (Some(text), key)
                }
                _ => (None, text),
            },
            _ => {
                self.next -= 1;
                return Err(self.unexpected("a field such as metrics.loss, params.lr or status"));
            }
        };
        let end = self.tokens.get(self.next - 1).map_or(start, |token| token.span.end);
        let unexpected = |expected: &str| self.source.unexpected(&(start..end), expected);
        let entity = match entity {
            None => Entity::Attribute,
            Some(name) => {
                Entity::from_name(&name).ok_or_else(|| unexpected(&format!("{} before the dot", Entity::EXPECTED)))?
            }
        };
        Field::new(self.subject, entity, &key).map_err(|expected| unexpected(&expected))
    }

    /// Takes a key in quotes if it begins at `at`.
    fn quoted_at(&mut self, at: usize) -> Option<String> {
        match self.token() {
            Token { kind: Kind::Backticks(text) | Kind::DoubleQuotes(text), span } if span.start == at => {
                let text = text.clone();
                self.next += 1;
                Some(text)
            }
            _ => None,
        }
    }

    fn pattern(&mut self) -> Result<String> {
        match self.take().kind {
            Kind::SingleQuotes(text) | Kind::DoubleQuotes(text) => Ok(text),
            _ => {
                self.next -= 1;
                Err(self.unexpected("a pattern in quotes, such as 'model-%'"))
            }
        }
    }

    fn values(&mut self, field: &Field) -> Result<Vec<Literal>> {
        self.expect(&Kind::Open, "`(` and a list of values")?;
        let mut values = vec![self.value(field, false)?];
        while self.peek() == &Kind::Comma {
            self.next += 1;
            values.push(self.value(field, false)?);
        }
        self.expect(&Kind::Close, "`,` or `)`")?;
        Ok(values)
    }

    /// A value that the field can be compared with; `ordered` by < or >, not only by equality.
    fn value(&mut self, field: &Field, ordered: bool) -> Result<Literal> {
        let Token { kind, span } = self.take();
        let value = match kind {
            Kind::Number(number) => Literal::Number(number),
            Kind::SingleQuotes(text) | Kind::DoubleQuotes(text) => Literal::Text(text),
            Kind::Word(word) if word.eq_ignore_ascii_case("inf") => Literal::Number(f64::INFINITY),
            _ => {
                self.next -= 1;
                return Err(self.unexpected(match field.kind() {
                    fields::Kind::Number => "a number",
                    fields::Kind::Text => "a text in quotes",
                    fields::Kind::Either => VALUE,
                }));
            }
        };
        self.check_value(field, ordered, &value, &span)?;
        Ok(value)
    }

    fn check_value(&self, field: &Field, ordered: bool, value: &Literal, span: &Range<usize>) -> Result<()> {
        let expected = match (field.kind(), value) {
            (fields::Kind::Number, Literal::Text(_)) => format!("a number without quotes, as {field} is one"),
            (fields::Kind::Text, Literal::Number(_)) => format!("a text in quotes, as {field} is one"),
            (fields::Kind::Either, Literal::Text(text)) if ordered && text.trim().parse::<f64>().is_ok() => {
                "a number without quotes, as in quotes it would be compared letter by letter".into()
            }
            _ => return Ok(()),
        };
        Err(self.source.unexpected(span, &expected))
    }
}
