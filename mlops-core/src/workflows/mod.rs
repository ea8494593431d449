//! What crosses pillars: models of runs.

mod model;

pub use model::{LoadedModel, download_model, load_model, log_model, open_model_folder};
