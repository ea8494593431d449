//! Models by URI, wherever in the store they are.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::Store;
use crate::error::Result;
use crate::workflows::{self, LoadedModel};

impl Store {
    /// Finds a model and checks that its manifest is whole and that its files are those of the manifest: `models:/fraud/7`,
    /// `models:/fraud@champion`, `models:/fraud/Production`, `models:/fraud/latest`, `models:/<logged model>` or
    /// `runs:/<run id>/<path>`. Bytes are read, and verified, when they are asked for.
    ///
    /// # Errors
    /// `InvalidArgument` for another kind of URI; `NotFound` for what is not there; `InvalidState` for a version whose files
    /// the store does not have; `Corrupt` for anything that is not what was logged.
    ///
    /// # Examples
    /// ```
    /// use mlops_core::Store;
    /// use mlops_core::models::SavedModel;
    /// use mlops_core::registry::{ModelRegistry, PromoteOptions, VersionOptions};
    /// use mlops_core::runs::RunOptions;
    /// use mlops_core::workflows::log_model;
    ///
    /// # fn main() -> mlops_core::Result<()> {
    /// let store = Store::open("memory:")?;
    /// let run = store.runs().start(RunOptions::default())?;
    /// let model = SavedModel::builder().flavor("toy", serde_json::json!({})).file("weights.bin", [1, 2, 3]).build()?;
    /// log_model(&*run, "model", &model)?;
    /// let source = format!("runs:/{}/model", run.id());
    /// store.registry().register("fraud", &VersionOptions { source, ..VersionOptions::default() })?;
    /// store.registry().promote("fraud", 1, &PromoteOptions::default())?;
    ///
    /// let model = store.load_model("models:/fraud/Production")?;
    /// assert_eq!(model.version().map(|version| version.version), Some(1));
    /// assert_eq!(model.read("weights.bin")?, [1, 2, 3]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn load_model(&self, uri: &str) -> Result<LoadedModel> {
        workflows::load_registered_model(&self.registry(), uri)
    }

    /// Loads a model that serde wrote: verified, and of the type that was saved.
    ///
    /// # Errors
    /// What [`load_model`](Self::load_model) says; `InvalidArgument` if another type was saved, `Unsupported` if no Rust type was.
    pub fn load_serde_model<T: DeserializeOwned>(&self, uri: &str) -> Result<T> {
        let model = self.load_model(uri)?;
        model.manifest.read_serde(|path| model.read(path))
    }

    /// Copies a model beneath `dest`, that of a run at its own path, others directly into it, verifies every file that is in
    /// its folder then against the manifest, and returns the folder.
    ///
    /// # Errors
    /// What [`load_model`](Self::load_model) says, and `Io`; `Corrupt` also for a foreign file that was in the folder before.
    pub fn download_model(&self, uri: &str, dest: &Path) -> Result<PathBuf> {
        workflows::download_registered_model(&self.registry(), uri, dest)
    }
}
