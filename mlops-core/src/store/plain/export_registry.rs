//! Writes the registry of an export: models, versions, and the log of events.

use super::export::Exporter;
use super::tables;
use crate::base::digests::Digest;
use crate::error::{Error, Result};
use crate::registry::{ModelRecord, ModelRegistry, VersionInfo};

impl Exporter<'_> {
    pub(super) fn registry(&mut self) -> Result<()> {
        let registry = self.store.registry();
        let before = registry.last_event()?;
        for model in registry.model_records()? {
            self.registered_model(&model)?;
        }
        for (name, used) in registry.free_names()? {
            self.row(tables::FREE_NAMES, &[(&name).into(), used.into()])?;
        }
        self.rules()?;
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
        self.places(model)?;
        for (version, info) in registry.version_records(*number)? {
            self.version(model, version, &info)?;
            self.said(*number, version)?;
        }
        Ok(())
    }

    fn version(&mut self, model: &ModelRecord, version: u64, info: &VersionInfo) -> Result<()> {
        let registry = self.store.registry();
        let ModelRecord { number, name, .. } = model;
        let digest = info.digest.map(Digest::to_hex);
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
                info.event.into(),
                (&registry.manifest_text(info)?).into(),
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
