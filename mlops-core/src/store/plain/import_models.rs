//! Reads the models of an export.

use std::collections::BTreeMap;

use super::import::{Reading, key, lifecycle};
use super::read::{Cursor, Row};
use super::tables;
use crate::base::names;
use crate::error::Result;
use crate::logged_models::{LoggedModel, LoggedModelData, ModelPoint};

/// The tables of what a logged model has, in the order of the models.
struct OfLogged {
    params: Cursor,
    tags: Cursor,
    metrics: Cursor,
    files: Cursor,
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
        self.store.logged_models().put_flat(
            &LoggedModelData { model, params, tags, points },
            &files,
            row.bool("foreign")?,
        )
    }
}

pub(super) fn path_of(row: &Row<'_>) -> Result<String> {
    let path = row.text("path")?;
    if names::check_artifact_path(path).is_ok_and(|found| found == path) {
        return Ok(path.into());
    }
    Err(row.broken("`path` is no path of a file"))
}
