//! Where a version is from, noted when it is made: a manifest that never changes, whose digest the version has.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::policy::Provenance;
use super::source::FileList;
use super::store::LocalRegistry;
use super::types::VersionInfo;
use crate::base::digests::Digest;
use crate::base::os;
use crate::error::{Code, Error, Result};
use crate::models::MANIFEST;
use crate::runs::{MetricSummary, RunData, StoredArtifact, tags};

/// The tag of a run with the digest of a lock file that is not among its files.
pub const LOCK_DIGEST: &str = "mlops.env.lockDigest";

/// What lock files are called.
const LOCKS: &[&str] = &[
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
    "Pipfile.lock",
    "pylock.toml",
    "conda-lock.yml",
    "pixi.lock",
    "requirements.lock",
    "Cargo.lock",
];

/// A file that says more of an environment is not read, in bytes.
const TEXT_FILE_BYTES: u64 = 4 << 20;

/// What a manifest is made of.
#[derive(Debug)]
pub(super) struct Origin<'a> {
    pub(super) model: &'a str,
    pub(super) number: u64,
    pub(super) source: &'a str,
    pub(super) run_id: Option<&'a str>,
    pub(super) model_id: Option<&'a str>,
    pub(super) files: Option<Digest>,
}

impl LocalRegistry {
    /// Stores the manifest of a version that is being made, and returns its digest.
    pub(super) fn keep_manifest(&self, of: &Origin<'_>) -> Result<Digest> {
        let list = of.files.map(|digest| self.listed(&digest)).transpose()?.unwrap_or(FileList { files: Vec::new() });
        let run = of.run_id.map(|id| self.known_run(id)).transpose()?.flatten();
        let files: Vec<_> = list
            .files
            .iter()
            .map(|file| json!({"path": file.path, "size": file.size, "blake3": file.blake3}))
            .collect();
        let files_by_path = list.into_files();
        let saved = self.saved_model(&files_by_path)?;
        let signature = saved.as_ref().and_then(|saved| saved.get("signature")).cloned().unwrap_or(Value::Null);
        let mut manifest = json!({
            "model": of.model,
            "version": of.number,
            "source": of.source,
            "logged_model": of.model_id,
            "files": files,
            "signature": signature,
            "run": of.run_id.map(|id| run_json(id, run.as_ref())),
            "code": run.as_ref().map(code_json),
            "data": run.as_ref().map_or_else(Vec::new, data_json),
            "environment": self.environment(run.as_ref(), saved.as_ref(), &files_by_path)?,
            "params": run.as_ref().map(|run| {
                run.params.iter().map(|(key, value)| (key.clone(), value.text().into())).collect::<Map<_, _>>()
            }),
            "metrics": run.as_ref().map(|run| run.metrics.iter().map(metric_json).collect::<Map<_, _>>()),
        });
        // Whatever the map of the library is.
        manifest.sort_all_objects();
        self.blobs().put(manifest.to_string().as_bytes())
    }

    /// The manifest of a version; None for one that was made before there were manifests.
    pub(super) fn manifest(&self, info: &VersionInfo) -> Result<Option<Value>> {
        let Some(digest) = info.manifest else { return Ok(None) };
        let bytes = self.blobs().get(&digest)?;
        serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|e| Error::internal(format!("the manifest of a model version cannot be read: {e}")))
    }

    /// The manifest of a version as canonical JSON: what it is and where it is from. None for one that was made before there
    /// were manifests.
    ///
    /// # Errors
    /// `NotFound`, `Corrupt`, `Io`.
    pub fn version_manifest(&self, name: &str, number: u64) -> Result<Option<Value>> {
        self.manifest(&self.version_record(&self.record(name)?, number)?)
    }

    pub(super) fn known_run(&self, id: &str) -> Result<Option<RunData>> {
        match self.runs.get(id) {
            Ok(run) => Ok(Some(run)),
            // MLflow takes any text for a run.
            Err(e) if matches!(e.code(), Code::NotFound | Code::InvalidArgument) => Ok(None),
            Err(e) => Err(e),
        }
    }

    fn text_file(&self, files: &BTreeMap<String, StoredArtifact>, path: &str) -> Result<Option<Vec<u8>>> {
        let small = files.get(path).filter(|file| file.size_bytes <= TEXT_FILE_BYTES);
        small.map(|file| self.blobs().get(&file.blob)).transpose()
    }

    /// The model's own description of itself; None if it has none that is JSON.
    fn saved_model(&self, files: &BTreeMap<String, StoredArtifact>) -> Result<Option<Value>> {
        let bytes = self.text_file(files, MANIFEST)?;
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    fn environment(
        &self,
        run: Option<&RunData>,
        saved: Option<&Value>,
        files: &BTreeMap<String, StoredArtifact>,
    ) -> Result<Value> {
        let flavors = saved.and_then(|saved| saved.get("flavors")).and_then(Value::as_object);
        let python =
            flavors.into_iter().flat_map(|flavors| flavors.values()).find_map(|flavor| flavor.get("python_version"));
        let text = self.text_file(files, "requirements.txt")?.and_then(|bytes| String::from_utf8(bytes).ok());
        let lines = text.as_deref().unwrap_or_default().lines().map(str::trim);
        let requirements: Vec<_> = lines.filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
        // Of another machine nobody has said it.
        let is_here = run.is_some_and(|run| run.info.host == os::host_name());
        let platform = is_here.then(|| format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH));
        Ok(json!({
            "python": python,
            "platform": platform,
            "requirements": requirements,
            "lock": self.lock(run, files)?,
        }))
    }

    /// The lock file among the files of a version, else of its run.
    fn lock(&self, run: Option<&RunData>, files: &BTreeMap<String, StoredArtifact>) -> Result<Value> {
        let of = |files: &BTreeMap<String, StoredArtifact>| {
            let is_lock = |path: &str| LOCKS.contains(&path.rsplit('/').next().unwrap_or(path));
            let found = files.iter().find(|(path, _)| is_lock(path));
            found.map(|(path, file)| json!({"path": path, "digest": file.blob.to_string()}))
        };
        if let Some(found) = of(files) {
            return Ok(found);
        }
        let Some(run) = run else { return Ok(Value::Null) };
        if let Some(digest) = run.tags.get(LOCK_DIGEST).filter(|digest| !digest.is_empty()) {
            return Ok(json!({"path": Value::Null, "digest": digest}));
        }
        Ok(of(&self.runs.artifact_files(&run.info.run_id, None)?).unwrap_or(Value::Null))
    }
}

fn run_json(id: &str, run: Option<&RunData>) -> Value {
    match run {
        None => json!({"id": id, "is_known": false}),
        Some(run) => json!({
            "id": id,
            "is_known": true,
            "name": run.info.run_name,
            "experiment": run.info.experiment_id,
            "user": run.info.user,
            "host": run.info.host,
            "started_at": run.info.started_at.to_string(),
        }),
    }
}

fn code_json(run: &RunData) -> Value {
    let tag = |key: &str| run.tags.get(key).filter(|text| !text.is_empty());
    let dirty = tag(tags::GIT_DIRTY).and_then(|text| text.parse::<bool>().ok());
    json!({"commit": tag(tags::GIT_COMMIT), "dirty": dirty, "entrypoint": tag(tags::SOURCE_NAME)})
}

fn data_json(run: &RunData) -> Vec<Value> {
    let one = |input: &crate::runs::DatasetInput| {
        let profile: Option<Value> = input.profile.as_deref().and_then(|profile| serde_json::from_str(profile).ok());
        let rows = profile.as_ref().and_then(|profile| profile.get("num_rows")).cloned();
        json!({
            "name": input.name,
            "digest": input.digest,
            "context": input.context(),
            "source_type": input.source_type,
            "source": input.source,
            "rows": rows,
        })
    };
    run.inputs.iter().map(one).collect()
}

pub(super) fn metric_json((key, summary): (&String, &MetricSummary)) -> (String, Value) {
    let last = summary.last;
    // JSON has no numbers that are none.
    let value = if last.is_finite() { json!(last) } else { json!(format!("{last}")) };
    (key.clone(), value)
}

/// True if a manifest has what a policy may ask for.
pub(super) fn has(manifest: &Value, part: Provenance) -> bool {
    let at = |place: &str| manifest.pointer(place);
    match part {
        Provenance::Run => at("/run/is_known").and_then(Value::as_bool) == Some(true),
        Provenance::Commit => at("/code/commit").is_some_and(Value::is_string),
        Provenance::CleanTree => at("/code/dirty").and_then(Value::as_bool) == Some(false),
        Provenance::Dataset => {
            let data = at("/data").and_then(Value::as_array);
            data.is_some_and(|data| {
                data.iter().any(|set| set["digest"].as_str().is_some_and(|digest| !digest.is_empty()))
            })
        }
        Provenance::EnvLock => at("/environment/lock/digest").is_some_and(Value::is_string),
    }
}
