//! How much better a candidate is than the baseline, and how sure that is: pure functions over arrays.
//!
//! Begin with [`compare`], which takes what both models predict for the same rows and chooses the method by the metric, as
//! a statistician would; [`compare_all`] does it for several metrics with the same resamples, [`compare_values`] for a metric
//! of your own that is a mean over rows, and [`compare_by`] for any function of rows. A [`Comparison`] has the difference,
//! counted so that more is better, one-sided bounds and a p-value, also at other levels and against a margin.
//!
//! The methods themselves are public functions. All are deterministic: the same input and seed give the same bits with any
//! number of threads. The order of rows matters to resamples, which draw places, and to series; to nothing else.
//!
//! | file | what |
//! | --- | --- |
//! | `compare.rs`, `case.rs`, `choose.rs`, `find.rs` | the one call: what is compared, by which method, and what comes out |
//! | `philox.rs`, `draw.rs`, `bootstrap.rs`, `bounds.rs` | resampling: numbers, rows, differences, quantiles |
//! | `proportions.rs`, `delong.rs`, `means.rs`, `wilcoxon.rs`, `series.rs` | tests and intervals |
//! | `few.rs` | exact tests that have to agree where few rows are right of one model only |
//! | `watch.rs` | how far a long comparison is, and its end from outside |
//! | `holm.rs`, `power.rs` | many hypotheses; what rows can show |

mod bootstrap;
mod bounds;
mod case;
mod choose;
mod compare;
mod comparison;
mod delong;
mod distributions;
mod draw;
mod few;
mod find;
mod holm;
mod means;
mod notes;
mod options;
mod philox;
mod power;
mod proportions;
mod series;
#[cfg(test)]
mod tests;
mod watch;
mod wilcoxon;

pub use bootstrap::OfRows;
pub(super) use case::of_model;
pub use compare::{compare, compare_all, compare_by, compare_values};
pub use comparison::{Comparison, Note, NoteCode};
pub use delong::{DeLong, delong};
pub use holm::{holm, holm_levels};
pub use means::{TTest, Tost, corrected_t, five_by_two_f, paired_t, tost};
pub use options::{CompareOptions, FEWEST_RESAMPLES, MOST_RESAMPLES, Method, Series};
pub use power::{minimal_detectable, rows_needed, rows_needed_for_mean};
pub use proportions::{McNemar, mcnemar, newcombe, wald, wilson};
pub use series::{DieboldMariano, diebold_mariano};
pub use watch::Watch;
pub use wilcoxon::{Wilcoxon, wilcoxon};
