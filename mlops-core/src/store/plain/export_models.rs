//! Writes the models of an export: logged ones, and the registry.

use std::collections::BTreeMap;

use super::export::{Exporter, takes_registry};
use super::names::Namer;
use super::tables;
use crate::error::{Error, Result};
use crate::logged_models::{LoggedModel, LoggedModelData};
use crate::registry::{ModelRecord, ModelRegistry, VersionInfo};
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
            let digest = artifact.blob.to_hex();
            self.row(
                tables::LOGGED_MODEL_FILES,
                &[
                    id.into(),
                    path.into(),
                    artifact.size_bytes.into(),
                    (&digest).into(),
                    artifact.at.into(),
                    (&file).into(),
                ],
            )?;
        }
        Ok(())
    }

    /// Writes files into a folder of their own; which path became which file.
    fn tree<'a>(
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

    fn registry(&mut self) -> Result<()> {
        let registry = self.store.registry();
        let before = registry.last_event()?;
        for model in registry.model_records()? {
            self.registered_model(&model)?;
        }
        for (name, used) in registry.free_names()? {
            self.row(tables::FREE_NAMES, &[(&name).into(), used.into()])?;
        }
        let mut after = 0;
        loop {
            let events = registry.events(after, 1_000)?;
            let Some(last) = events.last() else { break };
            after = last.seq;
            for event in &events {
                let whole = serde_json::to_string(event).map_err(|e| Error::internal(e.to_string()))?;
                self.row(
                    tables::EVENTS,
                    &[
                        event.seq.into(),
                        event.at.into(),
                        (&event.actor.name).into(),
                        event.action.as_str().into(),
                        (&event.model).into(),
                        event.version.into(),
                        (&event.detail).into(),
                        (&event.from).into(),
                        (&event.to).into(),
                        (&event.reason).into(),
                        (&whole).into(),
                    ],
                )?;
            }
        }
        if before == registry.last_event()? && before == after {
            return Ok(());
        }
        Err(Error::Busy { detail: "the model registry changes at this moment; export again".into() })
    }

    fn registered_model(&mut self, model: &ModelRecord) -> Result<()> {
        let registry = self.store.registry();
        let ModelRecord { number, name, description, next_version, generation, created_at, updated_at } = model;
        self.row(
            tables::REGISTERED_MODELS,
            &[
                (*number).into(),
                name.into(),
                description.into(),
                (*next_version).into(),
                registry.used(name)?.into(),
                (*generation).into(),
                (*created_at).into(),
                (*updated_at).into(),
            ],
        )?;
        for (key, value) in &registry.model_tags(*number)? {
            self.row(tables::REGISTERED_MODEL_TAGS, &[(*number).into(), key.into(), value.into()])?;
        }
        for entry in registry.alias_records(*number)? {
            let cells = [(*number).into(), name.into(), (&entry.alias).into(), entry.version.into()];
            self.row(tables::ALIASES, &cells)?;
        }
        for (version, info) in registry.version_records(*number)? {
            self.version(model, version, &info)?;
        }
        Ok(())
    }

    fn version(&mut self, model: &ModelRecord, version: u64, info: &VersionInfo) -> Result<()> {
        let registry = self.store.registry();
        let ModelRecord { number, name, .. } = model;
        let digest = info.digest.map(crate::base::digests::Digest::to_hex);
        self.row(
            tables::VERSIONS,
            &[
                (*number).into(),
                name.into(),
                version.into(),
                (&info.description).into(),
                (&info.source).into(),
                (&info.run_id).into(),
                (&info.run_link).into(),
                (&info.model_id).into(),
                info.status.as_str().into(),
                (&info.status_message).into(),
                info.stage.as_str().into(),
                (&info.created_by).into(),
                (&digest).into(),
                info.is_foreign.into(),
                info.created_at.into(),
                info.updated_at.into(),
            ],
        )?;
        for (key, value) in &registry.version_tags(*number, version)? {
            self.row(tables::VERSION_TAGS, &[(*number).into(), version.into(), key.into(), value.into()])?;
        }
        let files = registry.version_files(info)?.unwrap_or_default();
        for (path, artifact, file) in
            self.tree(&format!("registered_models/{}", super::names::part(name)), &version.to_string(), &files)?
        {
            let digest = artifact.blob.to_hex();
            self.row(
                tables::VERSION_FILES,
                &[
                    (*number).into(),
                    version.into(),
                    path.into(),
                    artifact.size_bytes.into(),
                    (&digest).into(),
                    (&file).into(),
                ],
            )?;
        }
        Ok(())
    }
}
