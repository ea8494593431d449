//! Saved models: files of any framework with a manifest that says what they are and holds their digests.
//!
//! A model is a folder of artifacts. Its file [`MANIFEST`] has MLflow's name and keys, is JSON (and so YAML), and is
//! a [`ModelManifest`]. [`SavedModel`] is a model that is about to be logged; [`Signature`] is what goes into a model
//! and what comes out. [`log_model`](crate::workflows::log_model) and
//! [`load_model`](crate::workflows::load_model) move models in and out of a store.

mod canonical;
mod manifest;
mod saved;
mod serde;
mod signature;
#[cfg(feature = "models")]
pub mod smartcore;

#[cfg(test)]
mod tests;

pub use manifest::{MANIFEST, ModelFile, ModelManifest};
pub(crate) use saved::digest_file;
pub use saved::{ModelContent, SavedModel, SavedModelBuilder};
pub use signature::{ColumnSpec, ParamSpec, Schema, Signature, TensorSpec};
