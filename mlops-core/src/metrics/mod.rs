//! Scores of predictions: pure functions over slices, for classes, numbers and rankings.
//!
//! A [`Metric`] has a name, as scikit-learn's or MLflow's where they have one, and is read from text.

mod input;
mod metric;
mod parse;

pub use input::{Predictions, Targets};
pub use metric::{Average, Metric, Score};
