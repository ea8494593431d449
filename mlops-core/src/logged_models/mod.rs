//! Logged models: what training made, with params, tags, files and the metrics that it was given, whichever runs measured
//! them. MLflow 3 has them under this name; a version in the registry is made of one.
//!
//! [`LoggedModels`] makes and finds them. `edit.rs` changes one, `points.rs` has its metrics, `files.rs` its artifacts,
//! `links.rs` which runs have it as an input or output.

mod edit;
mod files;
mod keys;
mod links;
mod points;
mod references;
mod store;
mod types;

pub(crate) use references::ModelBlobs;
pub use store::LoggedModels;
pub use types::{LoggedModel, LoggedModelData, LoggedModelOptions, LoggedModelStatus, ModelLinks, ModelPoint};
