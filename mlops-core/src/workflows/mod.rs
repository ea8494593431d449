//! What crosses pillars: models of runs.

mod log_model;
mod model;
mod serde_model;

pub use log_model::{LogModelOptions, ModelLogged, log_model, log_model_with};
pub use model::{LoadedModel, download_model, load_model, open_model_folder, save_model};
pub use serde_model::{load_serde_model, log_serde_model};
