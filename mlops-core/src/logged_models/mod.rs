//! Logged models: what training made, with params, tags, files and the metrics that it was given, whichever runs measured
//! them. MLflow 3 has them under this name; a version in the registry is made of one.
//!
//! [`LoggedModels`] finds them, `make.rs` makes one, whole. `edit.rs` changes it, `points.rs` has its metrics, `files.rs` its
//! artifacts, `links.rs` which runs have it as an input or output, `origin.rs` where it is from; `remove.rs` ends it.
//! `transfer.rs` brings models from store to store.

mod edit;
mod files;
#[cfg(feature = "files")]
mod flat;
mod keys;
mod links;
mod make;
mod origin;
mod points;
mod references;
mod remove;
mod store;
mod transfer;
mod types;

#[cfg(feature = "files")]
pub(crate) use flat::FlatLink;
pub(crate) use make::said_of;
pub(crate) use references::ModelBlobs;
pub(crate) use remove::Leaving;
pub use store::LoggedModels;
pub use types::{
    LoggedModel, LoggedModelData, LoggedModelOptions, LoggedModelParts, LoggedModelStatus, ModelLinks, ModelPoint,
};
