//! What crosses pillars: models of runs.

mod model;
mod serde_model;

pub use model::{LoadedModel, download_model, load_model, log_model, open_model_folder, save_model};
pub use serde_model::{load_serde_model, log_serde_model};
