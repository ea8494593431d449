//! Writes the runs of an export.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use super::manifest::{self, ManifestWriter};
use super::names::{self, Namer};
use super::tables::{self, Table};
use super::types::{ExportFilesOptions, ExportFilesReport};
use super::write::{Cell, Sink, TableWriter, Written};
use crate::base::files::Files;
use crate::base::series_key::SeriesKey;
use crate::base::text::ParamValue;
use crate::base::time::Timestamp;
use crate::blob::BlobStore;
use crate::error::{Error, Result};
use crate::runs::{
    Experiment, FlatRun, MediaKind, ParamsOf, StoredArtifact, SyncOptions, SyncProgress, media_at, tags,
};
use crate::settings;
use crate::store::Store;
use crate::store::backup::free_place;
use crate::store::partial::Partial;

/// Larger texts, tables and histograms stand in their file only, in bytes.
const MEDIA_BYTES: u64 = 1 << 20;

/// Writes runs, with the models that belong to them, as plain files that other tools read without this library: tables
/// in Parquet, artifacts and models as they are, and a manifest with the digest of each. [`import`](crate::import) brings
/// them back as they were.
///
/// The folder appears when it is whole, or not at all. Memory does not grow with the runs: of points, files and long texts a
/// part is held at a time. The registry of models comes where nothing is selected.
///
/// ```
/// use mlops_core::runs::RunOptions;
/// use mlops_core::{ExportFilesOptions, Store, SyncOptions, export_files, import};
///
/// # fn main() -> mlops_core::Result<()> {
/// # let dir = tempfile::tempdir().expect("a folder");
/// # let folder = dir.path().join("plain").display().to_string();
/// let store = Store::open("memory:")?;
/// let run = store.runs().start(RunOptions::default())?;
/// run.log_metric("loss", f64::NAN, 0, None)?;
/// let report = export_files(&store, &folder, &ExportFilesOptions::default())?;
/// assert_eq!((report.runs, report.points), (1, 1));
///
/// let elsewhere = Store::open("memory:")?;
/// import(&folder, &elsewhere, &SyncOptions::default())?;
/// assert!(elsewhere.runs().metric_history(run.id(), "loss")?.values[0].is_nan());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// `AlreadyExists` if the folder is there and neither empty nor an earlier export that may be overwritten;
/// `InvalidArgument` if it lies in the store; `NotFound` for a run or experiment that is named and not there;
/// `InvalidQuery`; `Corrupt` if something of a run is damaged or missing, which `mlops fsck` tells more of; `Busy`, `Io`,
/// `OutOfSpace`. Nothing is left of what was begun then.
pub fn export_files(store: &Store, dest: &str, options: &ExportFilesOptions<'_>) -> Result<ExportFilesReport> {
    store.check_open()?;
    let files = Files::default();
    let (dest, replaces) = place(store, dest, &files, options.overwrite)?;
    let runs = store.runs().flat()?;
    let selection = runs.select(&options.select)?;
    let mut report = ExportFilesReport {
        dry_run: options.select.dry_run,
        path: dest.clone(),
        experiments: selection.experiments.len() as u64,
        runs: selection.runs.len() as u64,
        skipped: selection.skipped,
        ..ExportFilesReport::default()
    };
    if options.select.dry_run {
        return Ok(report);
    }
    let partial = Partial::create(&files, &dest)?;
    let now = store.runs().clock().now();
    let manifest = ManifestWriter::create(&files, partial.path(), store.id(), now)?;
    let mut exporter = Exporter {
        store,
        files,
        folder: partial.path().to_path_buf(),
        tables: BTreeMap::new(),
        manifest,
        run_folders: HashSet::new(),
        now,
    };
    for table in tables::ALL {
        exporter.tables.insert(table.name, TableWriter::create(&exporter.files, &exporter.folder, table)?);
    }
    exporter.experiments(&selection.experiments)?;
    let mut progress = SyncProgress { runs: 0, of: report.runs, bytes: 0 };
    for id in &selection.runs {
        // It may have been removed for good since it was selected.
        if let Some(run) = runs.run(id)? {
            progress.bytes += exporter.run(&run)?;
        } else {
            report.runs -= 1;
        }
        progress.runs += 1;
        options.select.progress.iter().for_each(|show| show(progress));
    }
    exporter.models(&selection.runs, &selection.experiments, &options.select)?;
    exporter.finish(&mut report)?;
    if replaces {
        partial.replace(&dest)?;
    } else {
        partial.finish(&dest)?;
    }
    Ok(report)
}

/// The place of an export, and whether an earlier one stands there.
fn place(store: &Store, dest: &str, files: &Files, overwrite: bool) -> Result<(PathBuf, bool)> {
    if dest.trim().is_empty() || dest.contains('\0') {
        let expected = "the path of a folder".into();
        return Err(Error::InvalidArgument {
            what: "destination".into(),
            value: dest.escape_debug().to_string(),
            expected,
        });
    }
    let path = std::path::absolute(dest).map_err(|e| Error::io("find", Path::new(dest), e))?;
    let is_export = is_export_at(&path);
    if is_export && overwrite {
        // A link to it is not replaced, but what it leads to.
        return Ok((path.canonicalize().map_err(|e| Error::io("find", &path, e))?, true));
    }
    match free_place(Path::new(store.uri()), &path, files) {
        Err(Error::AlreadyExists { what, id, .. }) if is_export => Err(Error::AlreadyExists {
            what,
            id,
            hint: "; an earlier export is there: name another folder, or replace it with overwrite (--overwrite)"
                .into(),
        }),
        free => Ok((free?, false)),
    }
}

/// True if an earlier export stands there.
fn is_export_at(folder: &Path) -> bool {
    use std::io::Read;
    let mut begin = Vec::new();
    let file = folder.join(manifest::NAME);
    let is_file = file.symlink_metadata().is_ok_and(|found| found.is_file());
    is_file
        && std::fs::File::open(file).is_ok_and(|file| file.take(64).read_to_end(&mut begin).is_ok())
        && manifest::is_ours(&begin)
}

/// An export at work.
#[derive(Debug)]
pub(super) struct Exporter<'a> {
    pub(super) store: &'a Store,
    files: Files,
    folder: PathBuf,
    tables: BTreeMap<&'static str, TableWriter>,
    manifest: ManifestWriter,
    /// The folders that runs and models have, in lower case.
    run_folders: HashSet<String>,
    now: Timestamp,
}

impl Exporter<'_> {
    pub(super) fn row(&mut self, table: &Table, cells: &[Cell<'_>]) -> Result<()> {
        let writer = self.tables.get_mut(table.name).ok_or_else(|| Error::internal("a table is not open"))?;
        writer.push(cells)
    }

    fn experiments(&mut self, experiments: &[Experiment]) -> Result<()> {
        for Experiment { experiment_id, name, lifecycle, created_at, updated_at, tags } in experiments {
            let lifecycle = lifecycle.as_str();
            self.row(
                tables::EXPERIMENTS,
                &[experiment_id.into(), name.into(), lifecycle.into(), (*created_at).into(), (*updated_at).into()],
            )?;
            for (key, value) in tags {
                self.row(tables::EXPERIMENT_TAGS, &[experiment_id.into(), key.into(), value.into()])?;
            }
        }
        Ok(())
    }

    /// Writes a run; how many bytes its files have.
    fn run(&mut self, run: &FlatRun<'_>) -> Result<u64> {
        self.info(run)?;
        self.params_and_points(run)?;
        self.inputs(run)?;
        let bytes = self.artifacts(run)?;
        self.ties(run)?;
        Ok(bytes)
    }

    fn info(&mut self, run: &FlatRun<'_>) -> Result<()> {
        let info = run.info();
        let id = info.run_id.as_str();
        let mut notes = None;
        run.for_each_tag(|key, value| {
            if key == tags::DESCRIPTION {
                notes = Some(value.to_owned());
            }
            self.row(tables::TAGS, &[id.into(), key.into(), value.into()])
        })?;
        let origin = run.origin();
        self.row(
            tables::RUNS,
            &[
                id.into(),
                (&info.experiment_id).into(),
                (&run.experiment().name).into(),
                (&info.run_name).into(),
                info.status.as_str().into(),
                info.started_at.into(),
                info.ended_at.into(),
                (&info.user).into(),
                (&info.host).into(),
                info.lifecycle.as_str().into(),
                (&info.parent_run_id).into(),
                (&notes).into(),
                origin.map(|origin| origin.run_id.as_str()).into(),
                origin.and_then(|origin| origin.step).into(),
                run.is_foreign().into(),
            ],
        )
    }

    fn params_and_points(&mut self, run: &FlatRun<'_>) -> Result<()> {
        let id = run.info().run_id.as_str();
        for (of, table) in [(ParamsOf::Run, tables::PARAMS), (ParamsOf::Conflicts, tables::PARAM_CONFLICTS)] {
            run.for_each_param(of, |key, value| {
                let text = value.text();
                self.row(table, &[id.into(), key.into(), (&text).into(), kind_of(value).into(), value.number().into()])
            })?;
        }
        run.for_each_points(|key, series| {
            let SeriesKey { key, context } = SeriesKey::parse(key);
            let context = context_text(&context)?;
            for (step, at, value) in series.points() {
                let at = Timestamp::from_micros(at);
                self.row(
                    tables::METRICS,
                    &[id.into(), (&key).into(), (&context).into(), step.into(), at.into(), value.into()],
                )?;
            }
            Ok(())
        })
    }

    fn inputs(&mut self, run: &FlatRun<'_>) -> Result<()> {
        let id = run.info().run_id.as_str();
        run.for_each_input(|number, input| {
            let tags: BTreeMap<&String, &String> = input.tags.iter().collect();
            let tags = serde_json::to_string(&tags).map_err(|e| Error::internal(e.to_string()))?;
            self.row(
                tables::INPUTS,
                &[
                    id.into(),
                    number.into(),
                    (&input.name).into(),
                    (&input.digest).into(),
                    input.context().into(),
                    (&input.source_type).into(),
                    (&input.source).into(),
                    (&input.schema).into(),
                    (&input.profile).into(),
                    (&tags).into(),
                ],
            )
        })
    }

    /// What ties a run to models, and to what other stores have of it.
    fn ties(&mut self, run: &FlatRun<'_>) -> Result<()> {
        let id = run.info().run_id.as_str();
        for link in self.store.logged_models().flat_links(id)? {
            let direction = if link.step.is_some() { "output" } else { "input" };
            self.row(
                tables::MODEL_LINKS,
                &[id.into(), (&link.model_id).into(), direction.into(), link.step.into(), link.at.into()],
            )?;
        }
        for seen in run.seen(self.store.id(), self.now)? {
            let (store, content, record) = (seen.store.to_string(), seen.content.to_hex(), seen.fingerprint.to_hex());
            let writer = seen.writer.map(|(writer, _)| writer.to_string());
            self.row(
                tables::SYNC_NOTES,
                &[
                    id.into(),
                    (&store).into(),
                    (&content).into(),
                    (&record).into(),
                    seen.version.into(),
                    (&writer).into(),
                    seen.writer.map(|(_, count)| count).into(),
                    seen.at.into(),
                ],
            )?;
        }
        Ok(())
    }

    fn artifacts(&mut self, run: &FlatRun<'_>) -> Result<u64> {
        let id = run.info().run_id.as_str();
        if run.artifacts().next().is_none() {
            return Ok(0);
        }
        let folder = self.folder_for("artifacts", id);
        let mut namer = Namer::new(run.artifacts().map(|(path, _)| path));
        let mut bytes = 0;
        for (path, artifact) in run.artifacts() {
            let file = format!("{folder}/{}", namer.name(path));
            self.file(&file, artifact)?;
            bytes += artifact.size_bytes;
            self.file_row(tables::ARTIFACTS, id, path, artifact, &file)?;
            self.media(id, path, artifact)?;
        }
        Ok(bytes)
    }

    /// What is said of a file of a run or of a logged model.
    pub(super) fn file_row(
        &mut self,
        table: &Table,
        id: &str,
        path: &str,
        artifact: &StoredArtifact,
        file: &str,
    ) -> Result<()> {
        let digest = artifact.blob.to_hex();
        let size = artifact.size_bytes;
        self.row(table, &[id.into(), path.into(), size.into(), (&digest).into(), artifact.at.into(), file.into()])
    }

    /// What is a value of a series stands in a table of its own, too.
    fn media(&mut self, id: &str, path: &str, artifact: &StoredArtifact) -> Result<()> {
        let Some((key, step, kind)) = media_at(path) else { return Ok(()) };
        let value = if kind == MediaKind::Image || artifact.size_bytes > MEDIA_BYTES {
            None
        } else {
            String::from_utf8(self.blobs().get(&artifact.blob)?).ok()
        };
        let SeriesKey { key, context } = SeriesKey::parse(&key);
        let context = context_text(&context)?;
        let kind = format!("{kind:?}").to_lowercase();
        self.row(
            tables::MEDIA,
            &[
                id.into(),
                (&key).into(),
                (&context).into(),
                step.into(),
                (&kind).into(),
                artifact.at.into(),
                path.into(),
                (&value).into(),
            ],
        )
    }

    /// A folder that nothing else has.
    pub(super) fn folder_for(&mut self, of: &str, name: &str) -> String {
        let mut folder = format!("{of}/{}", names::part(name));
        if !self.run_folders.insert(folder.to_lowercase()) {
            folder.push_str(&names::distinct(name));
            self.run_folders.insert(folder.to_lowercase());
        }
        folder
    }

    fn blobs(&self) -> &dyn BlobStore {
        &**self.store.runs().blobs()
    }

    /// Writes the bytes of a file, which are checked.
    pub(super) fn file(&mut self, path: &str, artifact: &StoredArtifact) -> Result<()> {
        let target = self.folder.join(path);
        self.files.create_dir_all(target.parent().unwrap_or(&self.folder))?;
        let mut sink = Sink::create(&self.files, &target)?;
        if let Err(error) = self.blobs().read_to(&artifact.blob, &mut sink) {
            return Err(sink.error(error));
        }
        let written = sink.finish(path)?;
        if written.digest != artifact.blob {
            return Err(Error::corrupt(&target, 0, "what was written is not what was stored"));
        }
        self.manifest.add(&written)
    }

    fn finish(mut self, report: &mut ExportFilesReport) -> Result<()> {
        let mut counts = BTreeMap::new();
        for (name, table) in std::mem::take(&mut self.tables) {
            counts.insert(name.to_owned(), table.total);
            let written: Written = table.finish()?;
            self.manifest.add(&written)?;
        }
        let count = |name: &Table| counts.get(name.name).copied().unwrap_or_default();
        report.points = count(tables::METRICS);
        report.artifacts = count(tables::ARTIFACTS);
        report.logged_models = count(tables::LOGGED_MODELS);
        report.model_versions = count(tables::VERSIONS);
        let (files, bytes, digest) = self.manifest.finish(&counts)?;
        (report.files, report.bytes) = (files, bytes);
        self.files.sync_dir(&self.folder)?;
        if self.store.is_trusted() {
            // As for a store that is made: without the entry the user is asked, no reason to fail.
            let _ = settings::trust(super::import::trusted_as(&digest));
        }
        Ok(())
    }
}

fn kind_of(value: &ParamValue) -> &'static str {
    match value {
        ParamValue::Text(_) => "text",
        ParamValue::Int(_) => "int",
        ParamValue::Float(_) => "float",
        ParamValue::Bool(_) => "bool",
        ParamValue::None => "none",
    }
}

/// A context as a JSON object; None if it is empty.
fn context_text(context: &BTreeMap<String, String>) -> Result<Option<String>> {
    if context.is_empty() {
        return Ok(None);
    }
    serde_json::to_string(context).map(Some).map_err(|e| Error::internal(format!("cannot write a context: {e}")))
}

/// The selection of models is that of a sync of everything that is selected.
pub(super) fn takes_registry(options: &SyncOptions<'_>) -> bool {
    options.takes_registry()
}
