//! Scores of predictions: pure functions over slices, for classes, numbers and rankings.
//!
//! A [`Metric`] has a name, as scikit-learn's or MLflow's where they have one, and is read from text. [`score`] gives its
//! value for [`Targets`] and [`Predictions`], and [`per_row`] the values that it is the mean of, if it is one. What is not
//! a number, missing, out of range or of another length is an error, and never a score.
//!
//! The values are those of scikit-learn where it has the metric; `tests/oracle/gate.py` compares them.
//!
//! # Examples
//! ```
//! use mlops_core::metrics::{Metric, Predictions, Targets, score};
//! let targets = Targets::Classes(&[0, 1, 1, 0]);
//! let predicted = Predictions::Values(&[0.2, 0.9, 0.6, 0.7]);
//! assert_eq!(score(&"accuracy".parse()?, &targets, &predicted)?, 0.75);
//! assert_eq!(score(&Metric::roc_auc(), &targets, &predicted)?, 0.75);
//! # Ok::<(), mlops_core::Error>(())
//! ```

mod bins;
mod classes;
mod input;
mod median;
mod metric;
mod parse;
mod placements;
mod prepared;
mod probabilities;
mod ranking;
mod ranks;
mod regression;
mod score;
mod sums;
#[cfg(test)]
mod tests;

pub(crate) use classes::predicted;
pub use input::{Predictions, Targets};
pub use metric::{Average, Metric, Score};
pub(crate) use placements::{Placements, placements};
pub(crate) use prepared::{Accumulator, Prepared};
pub(crate) use score::of_prepared;
pub use score::{per_row, score};
