//! How much better a candidate is than the baseline, and how sure that is: pure functions over arrays.
//!
//! Begin with [`compare`], which takes what both models predict for the same rows and chooses the method by the metric, as
//! a statistician would; [`compare_all`] does it for several metrics with the same resamples, [`compare_values`] for a metric
//! of your own that is a mean over rows, and [`compare_by`] for any function of rows. A [`Comparison`] has the difference,
//! counted so that more is better, one-sided bounds and a p-value, also at other levels and against a margin.
//!
//! The methods themselves are public functions. All are deterministic: the same input and seed give the same bits with any
//! number of threads.

pub use compare::{compare, compare_all, compare_by, compare_values};
pub use comparison::{Comparison, Note, NoteCode};
pub use options::{CompareOptions, Method, Series};

mod bounds;
mod compare;
mod comparison;
mod distributions;
mod options;
