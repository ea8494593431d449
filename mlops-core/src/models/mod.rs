//! Saved models: files of any framework with a manifest that says what they are and holds their digests.
//!
//! A model is a folder of artifacts. Its file [`MANIFEST`] has MLflow's name and keys, is JSON (and so YAML), and is
//! a [`ModelManifest`]. [`SavedModel`] is a model that is about to be logged; [`Signature`] is what goes into a model
//! and what comes out; [`enforce_columns`], [`check_tensor`] and [`enforce_params`] hold data against it.
//! [`log_model`](crate::workflows::log_model) and
//! [`load_model`](crate::workflows::load_model) move models in and out of a store.

mod canonical;
mod enforce;
mod manifest;
mod nested;
mod params;
mod saved;
mod serde;
mod signature;
#[cfg(feature = "models")]
pub mod smartcore;

#[cfg(test)]
mod tests;

pub use enforce::{ColumnPlan, GivenColumn, check_tensor, check_value, enforce_columns};
pub use manifest::{MANIFEST, ModelFile, ModelManifest};
pub use params::enforce_params;
pub(crate) use saved::digest_file;
pub use saved::{ModelContent, SavedModel, SavedModelBuilder};
pub use signature::{ColumnSpec, ParamSpec, Schema, Signature, TensorSpec};
