//! From tokens to a tree.

use super::fields::Subject;
use super::lexer::{Kind, Source, Token};
use super::types::{Comparison, Expr};
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
    let mut parser = Parser::new(Source { what: "filter", text })?.about(subject);
    if parser.peek() == &Kind::End {
        return Ok(Expr::All);
    }
    let filter = parser.filter()?;
    parser.expect(&Kind::End, "AND, OR or the end")?;
    Ok(filter)
}

/// Reads tokens from front to back.
#[derive(Debug)]
pub(super) struct Parser<'a> {
    pub(super) subject: Subject,
    pub(super) source: Source<'a>,
    tokens: Vec<Token>,
    next: usize,
    /// How many regular expressions were compiled.
    pub(super) patterns: usize,
}

impl<'a> Parser<'a> {
    pub(super) fn new(source: Source<'a>) -> Result<Self> {
        Ok(Self { subject: Subject::Runs, source, tokens: source.tokens()?, next: 0, patterns: 0 })
    }

    /// The same, with the fields of another subject than runs.
    pub(super) fn about(self, subject: Subject) -> Self {
        Self { subject, ..self }
    }

    pub(super) fn token(&self) -> &Token {
        self.tokens.get(self.next).or(self.tokens.last()).expect("the last token is the end, and there always is one")
    }

    pub(super) fn peek(&self) -> &Kind {
        &self.token().kind
    }

    pub(super) fn take(&mut self) -> Token {
        let token = self.token().clone();
        self.next += 1;
        token
    }

    /// Puts the last token back.
    pub(super) fn put_back(&mut self) {
        self.next -= 1;
    }

    /// Where the last token ends.
    pub(super) fn end(&self) -> usize {
        self.next.checked_sub(1).and_then(|last| self.tokens.get(last)).map_or(0, |token| token.span.end)
    }

    /// Something and the place of what stands next, for errors without an excerpt.
    pub(super) fn placed(&self, what: &str) -> String {
        let before = self.source.text.get(..self.token().span.start).unwrap_or_default();
        format!("{what} at character {}", before.chars().count() + 1)
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

    /// A whole filter. What is open is kept in a list and not on the stack, which may be small where others call.
    fn filter(&mut self) -> Result<Expr> {
        let mut open = Vec::new();
        let mut level = Level::default();
        let mut depth = 0;
        loop {
            self.check_depth(depth)?;
            if self.keyword("NOT") {
                level.nots += 1;
                depth += 1;
                continue;
            }
            if self.peek() == &Kind::Open {
                self.take();
                open.push(std::mem::take(&mut level));
                depth += 1;
                continue;
            }
            let mut part = self.test()?;
            loop {
                depth -= level.nots;
                level.add(part);
                if self.keyword("AND") {
                    break;
                }
                level.end_and();
                if self.keyword("OR") {
                    break;
                }
                part = join(level.ors, Expr::Or);
                let Some(around) = open.pop() else { return Ok(part) };
                self.expect(&Kind::Close, "AND, OR or `)`")?;
                level = around;
                depth -= 1;
            }
        }
    }

    fn check_depth(&self, depth: usize) -> Result<()> {
        limits::check(|| self.placed("nesting of the filter"), depth, limits::FILTER_DEPTH, "levels")
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
        let kind = field.kind();
        if let Kind::Operator(operator) = self.peek() {
            let negated = match operator.as_str() {
                "~" if kind.has_text() => Some(false),
                "!~" if kind.has_text() => Some(true),
                _ => None,
            };
            if let Some(negated) = negated {
                self.take();
                let pattern = self.regular_expression()?;
                return Ok(Expr::Matches { field, negated, pattern });
            }
            let comparison = Comparison::ALL.into_iter().find(|comparison| comparison.as_str() == operator);
            let expected = if kind.has_text() { "one of = != < <= > >= ~ !~" } else { "one of = != < <= > >=" };
            let comparison = comparison.ok_or_else(|| self.unexpected(expected))?;
            self.take();
            let value = self.value(&field, !comparison.is_equality())?;
            return Ok(Expr::Compare { field, comparison, value });
        }
        let negated = self.keyword("NOT");
        if kind.has_text() {
            for (keyword, ignore_case) in [("LIKE", false), ("ILIKE", true)] {
                if self.keyword(keyword) {
                    let pattern = self.pattern()?;
                    return Ok(Expr::Like { field, negated, ignore_case, pattern });
                }
            }
            if self.keyword("MATCHES") {
                let pattern = self.regular_expression()?;
                return Ok(Expr::Matches { field, negated, pattern });
            }
        }
        if self.keyword("IN") {
            let values = self.values(&field)?;
            return Ok(Expr::In { field, negated, values });
        }
        if self.keyword("BETWEEN") {
            let (low, high) = self.ends(&field)?;
            return Ok(Expr::Between { field, negated, low, high });
        }
        Err(self.unexpected(match (negated, kind.has_text()) {
            (true, false) => "IN or BETWEEN",
            (true, true) => "LIKE, ILIKE, MATCHES, IN or BETWEEN",
            (false, false) => "one of = != < <= > >=, IN, NOT IN, BETWEEN or IS NULL",
            (false, true) => "one of = != < <= > >= ~ !~, LIKE, ILIKE, MATCHES, IN, NOT IN, BETWEEN or IS NULL",
        }))
    }
}

/// What was read of a filter, or of what stands in parentheses.
#[derive(Default)]
struct Level {
    /// Parts that OR joins.
    ors: Vec<Expr>,
    /// Parts that AND joins, behind the last OR.
    ands: Vec<Expr>,
    /// How many NOT stand before the part that is read.
    nots: usize,
}

impl Level {
    fn add(&mut self, part: Expr) {
        let nots = std::mem::take(&mut self.nots);
        self.ands.push((0..nots).fold(part, |inner, _| Expr::Not(Box::new(inner))));
    }

    fn end_and(&mut self) {
        self.ors.push(join(std::mem::take(&mut self.ands), Expr::And));
    }
}

/// One part as it is, several joined.
fn join(mut parts: Vec<Expr>, by: fn(Vec<Expr>) -> Expr) -> Expr {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            by(parts)
        }
        None => by(parts),
    }
}
