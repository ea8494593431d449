//! Reads the models of an export.

use std::collections::BTreeMap;

use super::import::{Reading, key, lifecycle};
use super::read::{Cursor, Row};
use super::tables;
use crate::base::names;
use crate::error::{Error, Result};
use crate::logged_models::{LoggedModel, LoggedModelData, ModelPoint};
use crate::registry::{Event, ModelRecord, RegistryBuilder, VersionInfo, VersionStatus};
use crate::runs::StoredArtifact;

/// The tables of what a logged model has, in the order of the models.
struct OfLogged {
    params: Cursor,
    tags: Cursor,
    metrics: Cursor,
    files: Cursor,
}

/// The same of registered models.
struct OfRegistered {
    tags: Cursor,
    aliases: Cursor,
    versions: Cursor,
    version_tags: Cursor,
    version_files: Cursor,
}

impl Reading<'_> {
    pub(super) fn models(&mut self) -> Result<()> {
        let mut of = OfLogged {
            params: self.table(tables::LOGGED_MODEL_PARAMS)?,
            tags: self.table(tables::LOGGED_MODEL_TAGS)?,
            metrics: self.table(tables::LOGGED_MODEL_METRICS)?,
            files: self.table(tables::LOGGED_MODEL_FILES)?,
        };
        let mut rows = self.table(tables::LOGGED_MODELS)?;
        while let Some(row) = rows.row()? {
            self.logged_model(&row, &mut of)?;
            rows.advance();
        }
        for cursor in [of.params, of.tags, of.metrics, of.files] {
            cursor.finish("logged model")?;
        }
        self.registry()
    }

    fn logged_model(&self, row: &Row<'_>, of: &mut OfLogged) -> Result<()> {
        let model = LoggedModel {
            model_id: row.owned("model_id")?,
            experiment_id: row.owned("experiment_id")?,
            name: row.owned("name")?,
            model_type: row.find_owned("model_type")?,
            source_run_id: row.find_owned("source_run_id")?,
            status: row.parsed("status", |text| text.parse().ok())?,
            status_message: row.find_owned("status_message")?,
            lifecycle: row.parsed("lifecycle", lifecycle)?,
            created_at: row.time("created_at")?,
            updated_at: row.time("updated_at")?,
        };
        let id = model.model_id.clone();
        names::check_run_id(&id).map_err(|e| row.broken(&e.to_string()))?;
        if self.store.runs().find_experiment_by_id(&model.experiment_id)?.is_none() {
            return Err(row.broken("its experiment is not in experiments.parquet"));
        }
        let (mut params, mut tags, mut points) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        for (cursor, texts) in [(&mut of.params, &mut params), (&mut of.tags, &mut tags)] {
            cursor.each_of("model_id", &id, |row| {
                texts.insert(key(row)?.to_owned(), row.owned("value")?);
                Ok(())
            })?;
        }
        of.metrics.each_of("model_id", &id, |row| {
            points.push(ModelPoint {
                key: key(row)?.to_owned(),
                value: row.float("value")?,
                step: row.int("step")?,
                at: row.time("timestamp")?,
                run_id: row.owned("run_id")?,
                dataset_name: row.find_owned("dataset_name")?,
                dataset_digest: row.find_owned("dataset_digest")?,
            });
            Ok(())
        })?;
        let mut files = BTreeMap::new();
        of.files.each_of("model_id", &id, |row| {
            files.insert(path_of(row)?, self.file(row, true)?);
            Ok(())
        })?;
        self.store.logged_models().put_flat(&LoggedModelData { model, params, tags, points }, &files)
    }

    fn registry(&self) -> Result<()> {
        let registry = self.store.registry();
        let mut builder = registry.build();
        let mut of = OfRegistered {
            tags: self.table(tables::REGISTERED_MODEL_TAGS)?,
            aliases: self.table(tables::ALIASES)?,
            versions: self.table(tables::VERSIONS)?,
            version_tags: self.table(tables::VERSION_TAGS)?,
            version_files: self.table(tables::VERSION_FILES)?,
        };
        let mut rows = self.table(tables::REGISTERED_MODELS)?;
        while let Some(row) = rows.row()? {
            self.registered_model(&row, &mut of, &mut builder)?;
            rows.advance();
        }
        for cursor in [of.tags, of.aliases, of.versions, of.version_tags, of.version_files] {
            cursor.finish("registered model")?;
        }
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
        let OfRegistered { versions, version_tags, version_files, .. } = of;
        versions.each(is_of, |row| {
            let version = row.count("version")?;
            let is_of = |row: &Row<'_>| Ok(row.count("number")? == number && row.count("version")? == version);
            version_tags.each(is_of, |row| builder.version_tag(number, version, key(row)?, row.text("value")?))?;
            let mut files: BTreeMap<String, StoredArtifact> = BTreeMap::new();
            version_files.each(is_of, |row| {
                files.insert(path_of(row)?, self.file(row, false)?);
                Ok(())
            })?;
            builder.version(number, version, &version_info(row)?, &files).map_err(|e| in_row(row, e))
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
        digest: row.find_text("digest")?.map(|_| row.digest("digest")).transpose()?,
        is_foreign: row.bool("foreign")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

fn path_of(row: &Row<'_>) -> Result<String> {
    let path = row.text("path")?;
    if names::check_artifact_path(path).is_ok_and(|found| found == path) {
        return Ok(path.into());
    }
    Err(row.broken("`path` is no path of a file"))
}

/// What is wrong with a row.
fn in_row(row: &Row<'_>, error: Error) -> Error {
    match error {
        Error::Internal { .. } | Error::InvalidArgument { .. } | Error::LimitExceeded { .. } => {
            row.broken(&error.to_string())
        }
        other => other,
    }
}
