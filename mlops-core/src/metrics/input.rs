//! What is scored: targets and predictions, and the checks that both must pass.

use crate::error::{Error, Result};

/// What was true.
#[derive(Clone, Copy, Debug)]
pub enum Targets<'a> {
    /// The class of each row `(n_rows,)`, counted from 0.
    Classes(&'a [u32]),
    /// The number of each row `(n_rows,)`.
    Values(&'a [f64]),
    /// For rankings: how relevant each row is, not below 0, and which query it belongs to. Rows of one query need not be
    /// together.
    Relevance {
        /// The relevance of each row `(n_rows,)`.
        values: &'a [f64],
        /// The query of each row `(n_rows,)`: rows with the same number are ranked together.
        queries: &'a [u64],
    },
}

/// What a model said.
#[derive(Clone, Copy, Debug)]
pub enum Predictions<'a> {
    /// A class a row `(n_rows,)`, counted from 0.
    Classes(&'a [u32]),
    /// A number a row `(n_rows,)`: of a regression or a ranking, or the score of the positive class. Where a class or a
    /// probability is needed it must be a probability, and above 1/2 means the positive class.
    Values(&'a [f64]),
    /// The probabilities of the classes `(n_rows, n_classes)`, row by row. The class with the highest is the one predicted; of
    /// equal ones, the first.
    Probabilities {
        /// The numbers, `n_rows * n_classes` of them.
        values: &'a [f64],
        /// How many classes there are, at least 2.
        n_classes: usize,
    },
}

/// How far the probabilities of a row may be from 1 together: what 32-bit floats of many classes lose, and no more.
const SUM_TOLERANCE: f64 = 1e-4;

impl Targets<'_> {
    /// How many rows.
    pub fn rows(&self) -> usize {
        match self {
            Self::Classes(classes) => classes.len(),
            Self::Values(values) | Self::Relevance { values, .. } => values.len(),
        }
    }
}

impl Predictions<'_> {
    /// How many rows; those that are whole, if the number of values is no multiple of that of classes.
    pub fn rows(&self) -> usize {
        match self {
            Self::Classes(classes) => classes.len(),
            Self::Values(values) => values.len(),
            Self::Probabilities { values, n_classes } => values.len().checked_div(*n_classes).unwrap_or(0),
        }
    }
}

/// An argument that cannot be scored.
#[expect(clippy::needless_pass_by_value, reason = "numbers and texts are handed in as they are")]
pub(super) fn bad(what: impl Into<String>, value: impl ToString, expected: impl Into<String>) -> Error {
    Error::InvalidArgument { what: what.into(), value: value.to_string(), expected: expected.into() }
}

/// Checks that there are rows, as many of both, that no number is NaN or infinite, and that there are few enough to be
/// counted in 32 bits.
pub(super) fn check(targets: &Targets<'_>, predictions: &Predictions<'_>) -> Result<()> {
    let rows = targets.rows();
    if rows == 0 {
        return Err(bad("targets", "[]", "at least one row"));
    }
    if u32::try_from(rows).is_err() {
        return Err(bad("targets", format!("{rows} rows"), "at most 4294967295 rows"));
    }
    if let Predictions::Probabilities { values, n_classes } = predictions {
        if *n_classes < 2 {
            return Err(bad("n_classes", n_classes, "2 or more; hand in one number a row as values"));
        }
        if values.len() % n_classes != 0 {
            let value = format!("{} numbers", values.len());
            return Err(bad(
                "predictions",
                value,
                format!("a multiple of {n_classes}, a number for each class of each row"),
            ));
        }
    }
    if predictions.rows() != rows {
        let value = format!("{} rows", predictions.rows());
        return Err(bad("predictions", value, format!("{rows} rows, as many as targets")));
    }
    match targets {
        Targets::Classes(_) => {}
        Targets::Values(values) => finite("targets", values, 1)?,
        Targets::Relevance { values, queries } => {
            if queries.len() != rows {
                return Err(bad(
                    "queries",
                    format!("{} rows", queries.len()),
                    format!("{rows} rows, as many as targets"),
                ));
            }
            finite("targets", values, 1)?;
        }
    }
    match predictions {
        Predictions::Classes(_) => Ok(()),
        Predictions::Values(values) => finite("predictions", values, 1),
        Predictions::Probabilities { values, n_classes } => finite("predictions", values, *n_classes),
    }
}

fn finite(what: &str, values: &[f64], a_row: usize) -> Result<()> {
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(at) => {
            let value = values.get(at).copied().unwrap_or(f64::NAN);
            Err(bad(
                format!("row {} of {what}", at / a_row + 1),
                value,
                "a finite number; a row without one cannot be scored",
            ))
        }
    }
}

/// The classes of the rows, or an error that says what the metric needs.
pub(super) fn classes<'a>(name: &str, targets: &Targets<'a>) -> Result<&'a [u32]> {
    match targets {
        Targets::Classes(classes) => Ok(classes),
        Targets::Values(_) => Err(bad("targets", "values", format!("classes, since `{name}` is a score of classes"))),
        Targets::Relevance { .. } => {
            Err(bad("targets", "relevance", format!("classes, since `{name}` is a score of classes")))
        }
    }
}

/// Checks that what is handed in as probabilities of the positive class is that, and the classes are 0 and 1.
pub(super) fn check_positive(name: &str, targets: &[u32], values: &[f64], positive: u32) -> Result<()> {
    check_two(name, targets, positive)?;
    match values.iter().position(|value| !(0.0..=1.0).contains(value)) {
        None => Ok(()),
        Some(at) => {
            let value = values.get(at).copied().unwrap_or(f64::NAN);
            let expected = format!("a probability from 0 to 1, which `{name}` needs");
            Err(bad(format!("row {} of predictions", at + 1), value, expected))
        }
    }
}

/// Checks that the classes are 0 and 1, the positive one too.
pub(super) fn check_two(name: &str, targets: &[u32], positive: u32) -> Result<()> {
    if positive > 1 {
        return Err(bad("the positive class", positive, "0 or 1 where predictions are one number a row"));
    }
    match targets.iter().position(|class| *class > 1) {
        None => Ok(()),
        Some(at) => {
            let value = targets.get(at).copied().unwrap_or_default();
            let expected = format!(
                "class 0 or 1 where predictions are one number a row; hand in (n_rows, n_classes) probabilities for `{name}` of more classes"
            );
            Err(bad(format!("row {} of targets", at + 1), value, expected))
        }
    }
}

/// Checks that rows of probabilities are that, and that each target is one of the classes.
pub(super) fn check_probabilities(targets: &[u32], values: &[f64], n_classes: usize) -> Result<()> {
    if let Some(at) = targets.iter().position(|class| *class as usize >= n_classes) {
        let value = targets.get(at).copied().unwrap_or_default();
        return Err(bad(
            format!("row {} of targets", at + 1),
            value,
            format!("a class below {n_classes}, one that has a column"),
        ));
    }
    for (at, row) in values.chunks_exact(n_classes).enumerate() {
        if let Some(value) = row.iter().find(|value| !(0.0..=1.0).contains(*value)) {
            return Err(bad(format!("row {} of predictions", at + 1), value, "probabilities from 0 to 1"));
        }
        let sum: f64 = row.iter().sum();
        if (sum - 1.0).abs() > SUM_TOLERANCE {
            return Err(bad(
                format!("the sum of row {} of predictions", at + 1),
                sum,
                "1, since they are the probabilities of all classes",
            ));
        }
    }
    Ok(())
}
