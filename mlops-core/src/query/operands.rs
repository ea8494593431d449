//! What stands on the two sides of an operator: fields and values.

use std::ops::Range;

use super::aspects::Aspect;
use super::fields::{self, Entity, Field};
use super::lexer::{Kind, Token};
use super::parser::Parser;
use super::pattern::Pattern;
use super::times;
use super::types::Literal;
use crate::base::limits;
use crate::error::Result;

impl Parser<'_> {
    /// A field: `key`, `entity.key`, with any part in quotes; behind the key of a metric an aspect.
    pub(super) fn field(&mut self) -> Result<Field> {
        let start = self.token().span.start;
        let (entity, key) = match self.take() {
            Token { kind: Kind::Word(word), span } => match word.split_once('.') {
                Some((entity, key)) => (Some(entity.to_owned()), self.key(key, span.end)),
                None => (None, Key::Bare(word)),
            },
            Token { kind: Kind::Backticks(text) | Kind::DoubleQuotes(text), span } => match self.dotted_at(span.end) {
                Some(key) => (Some(text), self.key(&key, self.end())),
                None => (None, Key::Quoted(text)),
            },
            _ => {
                self.put_back();
                return Err(self.unexpected("a field such as metrics.loss, params.lr or status"));
            }
        };
        let whole = start..self.end();
        let entity = match entity {
            None => Entity::Attribute,
            Some(name) => Entity::from_name(&name)
                .ok_or_else(|| self.source.unexpected(&whole, &format!("{} before the dot", Entity::EXPECTED)))?,
        };
        let field = Field::new(self.subject, entity, key.text())
            .map_err(|expected| self.source.unexpected(&whole, &expected))?;
        self.aspect(field, matches!(key, Key::Quoted(_)))
    }

    /// The key of a field: what stands behind the dot, or in quotes right behind that.
    fn key(&mut self, bare: &str, end: usize) -> Key {
        if !bare.is_empty() {
            return Key::Bare(bare.to_owned());
        }
        match self.token() {
            Token { kind: Kind::Backticks(text) | Kind::DoubleQuotes(text) | Kind::SingleQuotes(text), span }
                if span.start == end =>
            {
                let text = text.clone();
                self.take();
                Key::Quoted(text)
            }
            _ => Key::Bare(String::new()),
        }
    }

    /// Takes a word that begins with a dot if it stands at `at`; gives what is behind the dot.
    fn dotted_at(&mut self, at: usize) -> Option<String> {
        let key = match self.token() {
            Token { kind: Kind::Word(word), span } if span.start == at => word.strip_prefix('.')?.to_owned(),
            _ => return None,
        };
        self.take();
        Some(key)
    }

    /// Takes `@step` if it stands right behind a field, or `.name` behind one in quotes.
    fn aspect(&mut self, mut field: Field, quoted: bool) -> Result<Field> {
        let start = self.end();
        if let Token { kind: Kind::Step(step), span } = self.token()
            && span.start == start
        {
            if field.entity != Entity::Metric {
                return Err(self.unexpected("a step behind metrics only"));
            }
            field.aspect = Aspect::At(*step);
            self.take();
            return Ok(field);
        }
        if !quoted {
            return Ok(field.guessed());
        }
        if let (Entity::Metric, Some(name)) = (field.entity, self.dotted_at(start)) {
            let expected = || format!("{} behind the metric", Aspect::EXPECTED);
            field.aspect =
                Aspect::from_name(&name).ok_or_else(|| self.source.unexpected(&(start..self.end()), &expected()))?;
        }
        Ok(field)
    }

    /// The pattern of LIKE.
    pub(super) fn pattern(&mut self) -> Result<String> {
        match self.take().kind {
            Kind::SingleQuotes(text) | Kind::DoubleQuotes(text) => Ok(text),
            _ => {
                self.put_back();
                Err(self.unexpected("a pattern in quotes, such as 'model-%'"))
            }
        }
    }

    pub(super) fn regular_expression(&mut self) -> Result<Pattern> {
        let (Kind::SingleQuotes(text) | Kind::DoubleQuotes(text)) = self.peek() else {
            return Err(self.unexpected("a regular expression in quotes, such as '^model-[0-9]+$'"));
        };
        let expression = || self.placed("the regular expression");
        limits::check(expression, text.len(), limits::PATTERN_BYTES, "bytes")?;
        let many = || self.placed("the number of regular expressions");
        limits::check(many, self.patterns + 1, limits::PATTERNS_PER_FILTER, "expressions")?;
        let pattern = Pattern::new(text).map_err(|expected| self.unexpected(&expected))?;
        self.patterns += 1;
        self.take();
        Ok(pattern)
    }

    /// The list of IN.
    pub(super) fn values(&mut self, field: &Field) -> Result<Vec<Literal>> {
        self.expect(&Kind::Open, "`(` and a list of values")?;
        let mut values = vec![self.value(field, false)?];
        while self.peek() == &Kind::Comma {
            self.take();
            values.push(self.value(field, false)?);
        }
        self.expect(&Kind::Close, "`,` or `)`")?;
        Ok(values)
    }

    /// The ends of BETWEEN.
    pub(super) fn ends(&mut self, field: &Field) -> Result<(Literal, Literal)> {
        let from = self.token().span.start;
        let low = self.value(field, true)?;
        if !self.keyword("AND") {
            return Err(self.unexpected("AND and the upper end"));
        }
        let high = self.value(field, true)?;
        if matches!(low, Literal::Text(_)) != matches!(high, Literal::Text(_)) {
            return Err(self.source.unexpected(&(from..self.end()), "two numbers, or two texts"));
        }
        Ok((low, high))
    }

    /// A value that the field can be compared with; `ordered` by < or >, not only by equality.
    pub(super) fn value(&mut self, field: &Field, ordered: bool) -> Result<Literal> {
        let Token { kind, span } = self.take();
        match kind {
            Kind::Number(number) => self.number(field, number, &span),
            Kind::SingleQuotes(text) | Kind::DoubleQuotes(text) => self.text(field, ordered, text, &span),
            Kind::Word(word) if word.eq_ignore_ascii_case("inf") => self.number(field, f64::INFINITY, &span),
            Kind::Now(later_micros) if field.kind() == fields::Kind::Time => Ok(Literal::Now { later_micros }),
            _ => Err(self.source.unexpected(&span, &expected(field))),
        }
    }

    fn number(&self, field: &Field, number: f64, span: &Range<usize>) -> Result<Literal> {
        if field.kind() == fields::Kind::Text {
            return Err(self.source.unexpected(span, &format!("{}, as {field} is one", expected(field))));
        }
        Ok(Literal::Number(number))
    }

    fn text(&self, field: &Field, ordered: bool, text: String, span: &Range<usize>) -> Result<Literal> {
        let unexpected = |expected: &str| self.source.unexpected(span, expected);
        match field.kind() {
            fields::Kind::Number => Err(unexpected(&format!("a number without quotes, as {field} is one"))),
            fields::Kind::Time => times::time(&text).map(Literal::Time).ok_or_else(|| unexpected(times::TIME)),
            #[expect(clippy::cast_precision_loss, reason = "durations of 285 years are below 2^53 microseconds")]
            fields::Kind::Duration => match times::duration_micros(&text) {
                Some(micros) => Ok(Literal::Number(micros as f64 / 1e6)),
                None => Err(unexpected(&expected(field))),
            },
            fields::Kind::Either if ordered && text.trim().parse::<f64>().is_ok() => {
                Err(unexpected("a number without quotes, as in quotes it would be compared letter by letter"))
            }
            fields::Kind::Either | fields::Kind::Text => Ok(Literal::Text(text)),
        }
    }
}

/// A key, and whether it stood in quotes.
enum Key {
    Bare(String),
    Quoted(String),
}

impl Key {
    fn text(&self) -> &str {
        match self {
            Self::Bare(text) | Self::Quoted(text) => text,
        }
    }
}

/// What a field can be compared with.
fn expected(field: &Field) -> String {
    match field.kind() {
        fields::Kind::Number => "a number".into(),
        fields::Kind::Text => "a text in quotes".into(),
        fields::Kind::Either => "a number or a text in quotes".into(),
        fields::Kind::Time => times::TIME.into(),
        fields::Kind::Duration => format!("seconds, or in quotes {}", times::DURATION),
    }
}
