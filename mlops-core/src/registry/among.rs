//! Where to look for what a filter can find.

use super::keys;
use super::types::Stage;
use crate::query::{Comparison, Expr, Literal};

/// Where the versions stand that a filter can find.
#[derive(Clone, Copy, Debug)]
pub(super) enum Among {
    All,
    One(u64),
    In(Stage),
}

impl Among {
    pub(super) fn of(filter: &Expr) -> Self {
        let stage = || {
            let named = equal(filter, "current_stage")?;
            Stage::ALL.into_iter().find(|stage| stage.as_str() == named)
        };
        one_number(filter).map_or_else(|| stage().map_or(Self::All, Self::In), Self::One)
    }

    /// What the entries of a model begin with.
    pub(super) fn prefix(self, model: u64) -> Vec<u8> {
        match self {
            Self::All => keys::part(keys::VERSIONS, model),
            Self::One(number) => keys::version(model, number),
            Self::In(stage) => keys::in_stage(model, stage),
        }
    }

    /// The entry of a version.
    pub(super) fn key(self, model: u64, number: u64) -> Vec<u8> {
        match self {
            Self::All | Self::One(_) => keys::version(model, number),
            Self::In(stage) => keys::stage(model, stage, number),
        }
    }
}

/// The number of all versions that can match; None if it may be others.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is a whole number that is exact")]
fn one_number(filter: &Expr) -> Option<u64> {
    match filter {
        Expr::And(parts) => parts.iter().find_map(one_number),
        Expr::Compare { field, comparison: Comparison::Equal, value: Literal::Number(number) } => {
            let is_whole = number.fract() == 0.0 && (1.0..9.0e15).contains(number);
            (is_whole && field.to_string() == "attributes.version_number").then_some(*number as u64)
        }
        _ => None,
    }
}

/// The name of the one model whose versions can match; None if it may be others.
pub(super) fn named(filter: &Expr) -> Option<&str> {
    equal(filter, "name")
}

/// The text that an attribute has of all that can match; None if it may be others.
pub(super) fn equal<'a>(filter: &'a Expr, attribute: &str) -> Option<&'a str> {
    match filter {
        Expr::And(parts) => parts.iter().find_map(|part| equal(part, attribute)),
        Expr::Compare { field, comparison: Comparison::Equal, value: Literal::Text(text) } => {
            (field.to_string() == format!("attributes.{attribute}")).then_some(text.as_str())
        }
        _ => None,
    }
}
