//! Reads the runs of an export into a store beside the destination, which is synced from it then.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use uuid::Uuid;

use super::manifest;
use super::read::{Cursor, Row, Source};
use super::tables;
use crate::base::digests::Digest;
use crate::base::durability::Durability;
use crate::base::files::Files;
use crate::base::names;
use crate::base::series_key::SeriesKey;
use crate::base::text::ParamValue;
use crate::error::{Error, Result};
use crate::logged_models::FlatLink;
use crate::runs::{
    DatasetInput, Ends, Experiment, Lifecycle, Origin, ParamsOf, RunBuilder, RunInfo, Seen, StoredArtifact,
    SyncOptions, SyncReport,
};
use crate::settings;
use crate::store::partial::Partial;
use crate::store::transfer::sync_between;
use crate::store::{OpenOptions, Store};

/// What the folder that an export is read into is called, until it is removed.
const STAGED_AS: &str = "mlops-import";

/// An export, read and checked, as a store that goes when this does.
pub(crate) struct Staged {
    store: Store,
    /// The store that the export was made from.
    id: Uuid,
    trusted: bool,
    /// Dropped behind the store.
    _folder: Partial,
}

impl fmt::Debug for Staged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Staged").field("store", &self.store).field("id", &self.id).finish_non_exhaustive()
    }
}

impl Staged {
    #[cfg(feature = "cli")]
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Brings what is selected into a store.
    pub(crate) fn sync_into(&self, to: &Store, options: &SyncOptions<'_>) -> Result<SyncReport> {
        let ends = Ends { from: self.id, to: to.id(), trusted: self.trusted, noted: true };
        sync_between(&self.store, to, ends, options)
    }
}

/// What an export is trusted as if it was made here: its manifest, which vouches for every file, stands for it.
pub(super) fn trusted_as(manifest: &Digest) -> Uuid {
    Uuid::from_bytes(*manifest.as_bytes().first_chunk().expect("a digest has 32 bytes"))
}

/// Reads an export, all of it, into a store of its own near a folder.
///
/// # Errors
/// `Corrupt` that names the file that is damaged, changed or missing; `NewerFormat`; what writing gives.
pub(crate) fn stage(source: &Path, near: Option<&Path>) -> Result<Staged> {
    let folder = Source::open(source)?;
    let path = folder.path(manifest::NAME);
    let read = manifest::read(&path, folder.file(manifest::NAME)?, &mut |file| folder.check(file))?;
    let partial = make_folder(near)?;
    let options = OpenOptions {
        uri: partial.path().join("store").display().to_string(),
        must_be_new: true,
        may_own: true,
        trust_new: false,
        durability: Some(Durability::Fast),
        ..OpenOptions::default()
    };
    let store = Store::open_with(&options)?;
    let mut reading = Reading { source: &folder, store: &store, counts: &read.counts };
    reading.experiments()?;
    reading.runs(read.store)?;
    reading.models()?;
    let trusted = read.digest.is_some_and(|digest| settings::is_trusted(trusted_as(&digest)));
    Ok(Staged { store, id: read.store, trusted, _folder: partial })
}

/// Beside the destination, where there is as much room; where that cannot be, among the system's temporary files.
fn make_folder(near: Option<&Path>) -> Result<Partial> {
    let files = Files::default();
    let beside = near.and_then(Path::parent).filter(|parent| parent.is_dir());
    if let Some(made) = beside.and_then(|parent| Partial::create(&files, &parent.join(STAGED_AS)).ok()) {
        return Ok(made);
    }
    Partial::create(&files, &std::env::temp_dir().join(STAGED_AS))
}

/// An export that is being read.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    pub(super) source: &'a Source,
    pub(super) store: &'a Store,
    counts: &'a BTreeMap<String, u64>,
}

/// The tables of what a run has, in the order of the runs.
struct OfRuns {
    params: Cursor,
    conflicts: Cursor,
    tags: Cursor,
    metrics: Cursor,
    inputs: Cursor,
    artifacts: Cursor,
    links: Cursor,
    notes: Cursor,
}

impl Reading<'_> {
    /// A table, which has as many rows as the manifest says.
    pub(super) fn table(&self, table: &'static tables::Table) -> Result<Cursor> {
        let cursor = Cursor::open(self.source, table)?;
        let expected = self.counts.get(table.name).copied();
        if expected == Some(cursor.total()) {
            return Ok(cursor);
        }
        let detail = format!("it has {} rows, where manifest.json says {expected:?}", cursor.total());
        Err(Error::corrupt(&self.source.path(&table.file()), 0, detail))
    }

    fn experiments(&mut self) -> Result<()> {
        // Of a new store: it may have another name, or none.
        self.store.runs().forget_experiment("0")?;
        let mut tags = self.table(tables::EXPERIMENT_TAGS)?;
        let mut rows = self.table(tables::EXPERIMENTS)?;
        while let Some(row) = rows.row()? {
            let mut experiment = Experiment {
                experiment_id: row.owned("experiment_id")?,
                name: row.owned("name")?,
                lifecycle: row.parsed("lifecycle", lifecycle)?,
                created_at: row.time("created_at")?,
                updated_at: row.time("updated_at")?,
                tags: BTreeMap::new(),
            };
            names::check_key("name of an experiment", &experiment.name).map_err(|e| row.broken(&e.to_string()))?;
            tags.each_of("experiment_id", &experiment.experiment_id, |tag| {
                experiment.tags.insert(tag.owned("key")?, tag.owned("value")?);
                Ok(())
            })?;
            self.store.runs().put_experiment(&experiment)?;
            rows.advance();
        }
        tags.finish("experiment")
    }

    fn runs(&mut self, store: Uuid) -> Result<()> {
        let mut of = OfRuns {
            params: self.table(tables::PARAMS)?,
            conflicts: self.table(tables::PARAM_CONFLICTS)?,
            tags: self.table(tables::TAGS)?,
            metrics: self.table(tables::METRICS)?,
            inputs: self.table(tables::INPUTS)?,
            artifacts: self.table(tables::ARTIFACTS)?,
            links: self.table(tables::MODEL_LINKS)?,
            notes: self.table(tables::SYNC_NOTES)?,
        };
        let mut rows = self.table(tables::RUNS)?;
        while let Some(row) = rows.row()? {
            self.run(&row, &mut of, store)?;
            rows.advance();
        }
        let OfRuns { params, conflicts, tags, metrics, inputs, artifacts, links, notes } = of;
        for cursor in [params, conflicts, tags, metrics, inputs, artifacts, links, notes] {
            cursor.finish("run")?;
        }
        Ok(())
    }

    fn run(&self, row: &Row<'_>, of: &mut OfRuns, store: Uuid) -> Result<()> {
        let info = RunInfo {
            run_id: row.owned("run_id")?,
            experiment_id: row.owned("experiment_id")?,
            run_name: row.owned("name")?,
            status: row.parsed("status", |text| text.parse().ok())?,
            started_at: row.time("started_at")?,
            ended_at: row.find_time("ended_at")?,
            user: row.owned("user")?,
            host: row.owned("host")?,
            lifecycle: row.parsed("lifecycle", lifecycle)?,
            parent_run_id: row.find_owned("parent_run_id")?,
        };
        let id = info.run_id.clone();
        names::check_run_id(&id).map_err(|e| row.broken(&e.to_string()))?;
        let runs = self.store.runs();
        let experiment = runs.find_experiment_by_id(&info.experiment_id)?;
        let experiment = experiment.ok_or_else(|| row.broken("its experiment is not in experiments.parquet"))?;
        let step = row.find_int("origin_step")?;
        let origin = row.find_owned("origin_run_id")?.map(|run_id| Origin { run_id, step });
        let mut run = runs.build(info, experiment, origin);
        for (cursor, kind) in [(&mut of.params, ParamsOf::Run), (&mut of.conflicts, ParamsOf::Conflicts)] {
            cursor.each_of("run_id", &id, |row| run.param(kind, key(row)?, &param(row)?))?;
        }
        of.tags.each_of("run_id", &id, |row| run.tag(key(row)?, row.text("value")?))?;
        points(&mut of.metrics, &id, &mut run)?;
        of.inputs.each_of("run_id", &id, |row| run.input(row.count("number")?, &input(row)?))?;
        of.artifacts.each_of("run_id", &id, |row| {
            let path = row.text("path")?;
            if !names::check_artifact_path(path).is_ok_and(|found| found == path) {
                return Err(row.broken("`path` is no path of an artifact"));
            }
            run.artifact(path, self.file(row, true)?);
            Ok(())
        })?;
        of.links.each_of("run_id", &id, |row| {
            let model_id = row.owned("model_id")?;
            names::check_run_id(&model_id).map_err(|e| row.broken(&e.to_string()))?;
            let step = row.find_int("step")?;
            let link = FlatLink { run_id: id.clone(), model_id, step, at: row.time("linked_at")? };
            self.store.logged_models().put_link(&link)
        })?;
        let mut seen = Vec::new();
        of.notes.each_of("run_id", &id, |row| {
            seen.push(note(row)?);
            Ok(())
        })?;
        if seen.first().is_none_or(|seen: &Seen| seen.store != store) {
            return Err(row.broken("sync_notes.parquet does not say what the exported store had of the run"));
        }
        match run.finish(seen, row.bool("foreign")?) {
            Err(e @ (Error::Internal { .. } | Error::AlreadyExists { .. })) => Err(row.broken(&e.to_string())),
            finished => finished,
        }
    }

    /// Takes a file of the export into the store; what the row says of it has to hold.
    pub(super) fn file(&self, row: &Row<'_>, has_time: bool) -> Result<StoredArtifact> {
        let name = row.text("file")?;
        let mut file = self.source.file(name)?;
        let (blob, size_bytes) = self.store.runs().blobs().put_reader(&mut file)?;
        if (blob, size_bytes) != (row.digest("blake3")?, row.count("size")?) {
            let detail = "the file is damaged or was changed: its digest is not that in the table that names it";
            return Err(Error::corrupt(&self.source.path(name), 0, detail));
        }
        let at = if has_time { row.time("logged_at")? } else { crate::base::time::Timestamp::default() };
        Ok(StoredArtifact { blob, size_bytes, at })
    }
}

pub(super) fn lifecycle(text: &str) -> Option<Lifecycle> {
    [Lifecycle::Active, Lifecycle::Deleted].into_iter().find(|known| known.as_str() == text)
}

/// The key of a row, which has to be one.
pub(super) fn key<'a>(row: &Row<'a>) -> Result<&'a str> {
    let key = row.text("key")?;
    names::check_key("key", key).map_err(|e| row.broken(&e.to_string()))?;
    Ok(key)
}

fn param(row: &Row<'_>) -> Result<ParamValue> {
    let text = row.text("value")?;
    let value = match row.text("type")? {
        "text" => Some(ParamValue::Text(text.into())),
        "int" => text.parse().ok().map(ParamValue::Int),
        "float" => row.find_float("number")?.map(ParamValue::Float),
        "bool" => Some(ParamValue::Bool(text == "True")),
        "none" => Some(ParamValue::None),
        _ => None,
    };
    let same = value.filter(|value| matches!(value, ParamValue::Text(_)) || value.text() == text);
    same.ok_or_else(|| row.broken("`value` does not say what `type` and `number` do"))
}

fn points(cursor: &mut Cursor, id: &str, run: &mut RunBuilder<'_>) -> Result<()> {
    // Points of a series stand together: its key is made once.
    let mut last: (String, Option<String>, String) = Default::default();
    cursor.each_of("run_id", id, |row| {
        let (key, context) = (row.text("key")?, row.find_text("context")?);
        if (last.0.as_str(), last.1.as_deref()) != (key, context) {
            let series = match context {
                None => key.to_owned(),
                Some(text) => {
                    let context = serde_json::from_str(text).map_err(|e| row.broken(&format!("`context`: {e}")))?;
                    SeriesKey { key: key.into(), context }.to_string()
                }
            };
            names::check_key("metric", &series).map_err(|e| row.broken(&e.to_string()))?;
            last = (key.into(), context.map(str::to_owned), series);
        }
        run.point(&last.2, row.int("step")?, row.time("timestamp")?, row.float("value")?)
    })
}

fn input(row: &Row<'_>) -> Result<DatasetInput> {
    Ok(DatasetInput {
        name: row.owned("name")?,
        digest: row.owned("digest")?,
        source_type: row.owned("source_type")?,
        source: row.owned("source")?,
        schema: row.find_owned("schema")?,
        profile: row.find_owned("profile")?,
        tags: row.parsed("tags", |text| serde_json::from_str(text).ok())?,
    })
}

fn note(row: &Row<'_>) -> Result<Seen> {
    let id = |text: &str| Uuid::parse_str(text).ok();
    let writer = match row.find_text("writer")? {
        None => None,
        Some(_) => Some((row.parsed("writer", id)?, row.count("writer_records")?)),
    };
    Ok(Seen {
        store: row.parsed("store", id)?,
        content: row.digest("content")?,
        fingerprint: row.digest("record")?,
        version: row.count("version")?,
        writer,
        at: row.time("seen_at")?,
    })
}
