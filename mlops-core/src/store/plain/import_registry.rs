//! Reads the registry of an export: models, versions, and the log of events.

use std::collections::BTreeMap;

use super::import::{Reading, key};
use super::import_models::path_of;
use super::import_rules::Said;
use super::read::{Cursor, Row};
use super::tables;
use crate::error::{Error, Result};
use crate::registry::{Event, ModelRecord, RegistryBuilder, VersionInfo, VersionStatus};
use crate::runs::StoredArtifact;

/// The tables of what a registered model has, in the order of the models.
struct OfRegistered {
    tags: Cursor,
    aliases: Cursor,
    versions: Cursor,
    version_tags: Cursor,
    version_files: Cursor,
    said: Said,
}

impl Reading<'_> {
    pub(super) fn registry(&self) -> Result<()> {
        let registry = self.store.registry();
        let mut builder = registry.build();
        let mut of = OfRegistered {
            tags: self.table(tables::REGISTERED_MODEL_TAGS)?,
            aliases: self.table(tables::ALIASES)?,
            versions: self.table(tables::VERSIONS)?,
            version_tags: self.table(tables::VERSION_TAGS)?,
            version_files: self.table(tables::VERSION_FILES)?,
            said: Said::open(self)?,
        };
        let mut rows = self.table(tables::REGISTERED_MODELS)?;
        while let Some(row) = rows.row()? {
            self.registered_model(&row, &mut of, &mut builder)?;
            rows.advance();
        }
        for cursor in [of.tags, of.aliases, of.versions, of.version_tags, of.version_files] {
            cursor.finish("registered model")?;
        }
        of.said.finish()?;
        self.rules(&mut builder)?;
        self.table(tables::FREE_NAMES)?
            .each(|_| Ok(true), |row| builder.free_name(row.text("name")?, row.count("used_versions")?))?;
        self.table(tables::EVENTS)?.each(
            |_| Ok(true),
            |row| {
                let event: Event = row.parsed("event", |text| serde_json::from_str(text).ok())?;
                builder.event(&event).map_err(|e| in_row(row, e))
            },
        )?;
        builder.finish()
    }

    fn registered_model(&self, row: &Row<'_>, of: &mut OfRegistered, builder: &mut RegistryBuilder<'_>) -> Result<()> {
        let model = ModelRecord {
            number: row.count("number")?,
            name: row.owned("name")?,
            description: row.find_owned("description")?,
            next_version: row.count("next_version")?,
            generation: row.count("generation")?,
            created_at: row.time("created_at")?,
            updated_at: row.time("updated_at")?,
        };
        let number = model.number;
        builder.model(&model, row.count("used_versions")?).map_err(|e| in_row(row, e))?;
        let is_of = |row: &Row<'_>| Ok(row.count("number")? == number);
        of.tags.each(is_of, |row| builder.model_tag(number, key(row)?, row.text("value")?))?;
        of.aliases.each(is_of, |row| {
            builder.alias(number, row.text("alias")?, row.count("version")?).map_err(|e| in_row(row, e))
        })?;
        let OfRegistered { versions, version_tags, version_files, said, .. } = of;
        said.places(number, builder)?;
        versions.each(is_of, |row| {
            let version = row.count("version")?;
            let is_of = |row: &Row<'_>| Ok(row.count("number")? == number && row.count("version")? == version);
            version_tags.each(is_of, |row| builder.version_tag(number, version, key(row)?, row.text("value")?))?;
            let mut files: BTreeMap<String, StoredArtifact> = BTreeMap::new();
            version_files.each(is_of, |row| {
                files.insert(path_of(row)?, self.file(row, false)?);
                Ok(())
            })?;
            let manifest = row.find_text("manifest")?;
            builder.version(number, version, &version_info(row)?, &files, manifest).map_err(|e| in_row(row, e))?;
            said.of_version(number, version, builder)
        })
    }
}

fn version_info(row: &Row<'_>) -> Result<VersionInfo> {
    let known =
        [VersionStatus::PendingRegistration, VersionStatus::FailedRegistration, VersionStatus::Ready].into_iter();
    Ok(VersionInfo {
        description: row.find_owned("description")?,
        source: row.owned("source")?,
        run_id: row.find_owned("run_id")?,
        run_link: row.find_owned("run_link")?,
        model_id: row.find_owned("model_id")?,
        status: row.parsed("status", |text| known.clone().find(|status| status.as_str() == text))?,
        status_message: row.find_owned("status_message")?,
        stage: row.parsed("stage", |text| text.parse().ok())?,
        created_by: row.owned("created_by")?,
        digest: row.find_digest("digest")?,
        is_foreign: row.bool("foreign")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        manifest: None,
        event: row.count("event")?,
    })
}

/// What is wrong with a row.
pub(super) fn in_row(row: &Row<'_>, error: Error) -> Error {
    match error {
        Error::Internal { .. } | Error::InvalidArgument { .. } | Error::LimitExceeded { .. } => {
            row.broken(&error.to_string())
        }
        other => other,
    }
}
