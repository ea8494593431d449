//! What crosses pillars: models of runs, logged models and the registry.

mod lineage;
mod lineage_of;
mod log_model;
mod model;
mod place;
mod serde_model;

pub(crate) use lineage::Sources;
pub use log_model::{LogModelOptions, ModelLogged, log_model, log_model_with};
pub use model::{
    LoadedModel, download_model, download_registered_model, load_model, load_registered_model, open_model_folder,
    save_model,
};
pub use serde_model::{load_serde_model, log_serde_model};
