//! A candidate against the baseline: may it be promoted?
//!
//! A [`GateDefinition`] (`definition.rs`, `read.rs`) says what is asked: a metric that decides, guardrails, slices, fairness,
//! budgets. [`GateInputs`] are what both models predicted for the same rows, by arrays, so that any model of any host will do.
//! [`evaluate`] (`run.rs`) checks them (`rows.rs`), scores both models now (`scoring.rs`) and gives a [`GateReport`]: checks
//! that pass, fail, are inconclusive or errors, and what that comes to. `family.rs` judges checks that belong together by
//! Holm's procedure, `slices.rs`, `fairness.rs` and `budgets.rs` make the checks of their names, `warnings.rs` says what a
//! reader has to know. A [`PredictionTable`] (`table.rs`, `csv.rs`, `parquet.rs`) is what stands in a file of predictions.
//! `takes.rs` says what has to be handed in, `own.rs` is a metric of the caller's own, `content.rs` names data by what is in them,
//! whatever their order (`order.rs`).
//!
//! [`compare_columns`] (`columns.rs`) is one comparison without a gate, of columns whose classes have names (`naming.rs`).
//!
//! [`Gates`] keeps what was found: a result of a version in the registry, and how often data were used (`holdout.rs`).
//! Reports are text, Markdown and JUnit XML here, and a page of HTML in [`ui`](crate::ui).
//!
//! - [`stats`]: what the difference of two models is and how sure that is, as pure functions over arrays.

mod budgets;
mod checks;
mod columns;
mod content;
mod csv;
mod definition;
mod fairness;
mod family;
mod fields;
mod holdout;
mod inputs;
mod junit;
mod keys;
mod markdown;
mod metric;
mod naming;
mod order;
mod own;
#[cfg(feature = "files")]
mod parquet;
mod read;
mod report;
mod rows;
mod run;
mod scoring;
mod slices;
pub mod stats;
mod store;
mod table;
mod takes;
mod text;
mod toml;
mod warnings;

#[cfg(test)]
mod tests;

pub use checks::{Check, CheckKind, CheckNumbers, Warning};
pub use columns::{ComparedColumns, SaidColumn, compare_columns, delong_columns, group_numbers};
pub use content::{content_digest, content_hashes};
pub use definition::{
    Action, BlockRule, Budget, BudgetKind, Change, FairnessMeasure, FairnessRule, GateDefinition, LimitOn, MetricRule,
    OnInconclusive, SliceRule, Spend, Test,
};
pub use inputs::{Column, Costs, GateInputs, OwnValues, Predicted, row_hash};
pub use metric::GateMetric;
pub use own::{OwnFunction, OwnScores};
pub use report::{GateReport, HoldoutUse, REPORT_FORMAT};
pub use run::{RunOptions, evaluate};
pub use store::{Gates, RecordOptions};
pub use table::PredictionTable;
pub use takes::Takes;
