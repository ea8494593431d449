//! Sweeps: many trials of one training over a space of params, taken by any number of processes from one store.
//!
//! [`Sweeps`] makes and finds sweeps. A [`Sweep`] hands out [`Trial`]s: each is a run with the params to try. No trial is
//! taken twice and none is lost: one whose process was killed is taken again. `space.rs` has the params, `sample.rs` what
//! a random trial gets, `take.rs` how a trial is taken, `stopping.rs` the rules of early stopping, `results.rs` what came
//! out, `json.rs` the words that the other languages and the command speak in.

mod json;
mod keys;
mod options;
mod results;
mod sample;
mod space;
mod stopping;
mod store;
pub mod tags;
mod take;
mod trial;
mod types;

#[cfg(test)]
mod tests;

pub use json::{params_from_json, params_to_json};
pub use options::SweepOptions;
pub use space::{Dimension, Space};
pub use stopping::{Decision, EarlyStopping};
pub use store::{Sweep, Sweeps};
pub use trial::Trial;
pub use types::{Goal, Method, SweepInfo, SweepStatus, TrialData, TrialState};
