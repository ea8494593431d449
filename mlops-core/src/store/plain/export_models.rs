//! Writes the models of an export: logged ones, and the registry.

use std::collections::BTreeMap;

use super::export::{Exporter, takes_registry};
use super::names::Namer;
use super::tables;
use crate::error::Result;
use crate::logged_models::{LoggedModel, LoggedModelData};
use crate::runs::{Experiment, StoredArtifact, SyncOptions, SyncReport, Synced};

impl Exporter<'_> {
    pub(super) fn models(
        &mut self,
        runs: &[String],
        experiments: &[Experiment],
        options: &SyncOptions<'_>,
    ) -> Result<()> {
        let synced = Synced {
            report: SyncReport::default(),
            runs: runs.to_vec(),
            experiments: experiments.iter().map(|one| (one.experiment_id.clone(), one.name.clone())).collect(),
        };
        for id in self.store.logged_models().selected(&synced, options)?.0 {
            let data = self.store.logged_models().get(&id)?;
            // One of an experiment that is not selected stays.
            if let Some(experiment) = synced.experiments.get(&data.model.experiment_id) {
                self.logged_model(&data, experiment)?;
            }
        }
        if takes_registry(options) { self.registry() } else { Ok(()) }
    }

    fn logged_model(&mut self, data: &LoggedModelData, experiment: &str) -> Result<()> {
        let LoggedModel {
            model_id,
            experiment_id,
            name,
            model_type,
            source_run_id,
            status,
            status_message,
            lifecycle,
            created_at,
            updated_at,
        } = &data.model;
        let id = model_id.as_str();
        self.row(
            tables::LOGGED_MODELS,
            &[
                id.into(),
                experiment_id.into(),
                experiment.into(),
                name.into(),
                model_type.into(),
                source_run_id.into(),
                status.as_str().into(),
                status_message.into(),
                lifecycle.as_str().into(),
                (*created_at).into(),
                (*updated_at).into(),
                self.store.logged_models().is_foreign(id)?.into(),
            ],
        )?;
        for (table, texts) in [(tables::LOGGED_MODEL_PARAMS, &data.params), (tables::LOGGED_MODEL_TAGS, &data.tags)] {
            for (key, value) in texts {
                self.row(table, &[id.into(), key.into(), value.into()])?;
            }
        }
        for point in &data.points {
            self.row(
                tables::LOGGED_MODEL_METRICS,
                &[
                    id.into(),
                    (&point.key).into(),
                    point.value.into(),
                    point.step.into(),
                    point.at.into(),
                    (&point.run_id).into(),
                    (&point.dataset_name).into(),
                    (&point.dataset_digest).into(),
                ],
            )?;
        }
        let files = self.store.logged_models().all_files(id, None)?;
        for (path, artifact, file) in self.tree("logged_models", id, &files)? {
            self.file_row(tables::LOGGED_MODEL_FILES, id, path, &artifact, &file)?;
        }
        Ok(())
    }

    /// Writes files into a folder of their own; which path became which file.
    pub(super) fn tree<'a>(
        &mut self,
        of: &str,
        name: &str,
        files: &'a BTreeMap<String, StoredArtifact>,
    ) -> Result<Vec<(&'a str, StoredArtifact, String)>> {
        if files.is_empty() {
            return Ok(Vec::new());
        }
        let folder = self.folder_for(of, name);
        let mut namer = Namer::new(files.keys().map(String::as_str));
        let mut written = Vec::with_capacity(files.len());
        for (path, artifact) in files {
            let file = format!("{folder}/{}", namer.name(path));
            self.file(&file, artifact)?;
            written.push((path.as_str(), *artifact, file));
        }
        Ok(written)
    }
}
