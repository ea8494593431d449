//! A deleted model goes for good. What no commit holds goes in several: the first removes the record and notes that the rest
//! is to go, the last removes the note, and who finds one goes on.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::keys;
use super::store::LoggedModels;
use super::types::LoggedModel;
use crate::base::digests::Digest;
use crate::base::limits;
use crate::base::stored;
use crate::base::time::Timestamp;
use crate::error::{Code, Error, Result};
use crate::models::MANIFEST;
use crate::runs::{Lifecycle, StoredArtifact, for_each_entry};
use crate::storage::{Durability, KeyRange, Op, Outcome};

/// The keys of links, by model.
type Links = HashMap<String, Vec<Vec<u8>>>;

/// The deleted models that a gc is to remove, or would.
#[derive(Debug, Default)]
pub(crate) struct Leaving {
    /// Their ids.
    pub(crate) ids: BTreeSet<String>,
    /// Those of which another removal has left something.
    pub(crate) left: BTreeSet<String>,
    /// Their files that are artifacts of runs too: the run and the path.
    pub(crate) copies: BTreeSet<(String, String)>,
    /// How many bytes their files are.
    pub(crate) bytes: u64,
}

/// The files of a run that are a model's.
struct Copies {
    run_id: String,
    /// The path of its manifest among them.
    manifest: String,
    files: BTreeMap<String, Digest>,
}

impl LoggedModels {
    /// Removes a deleted model for good: its record, texts, points, links and files, and what of its files its run has too, if
    /// that is still this model. Versions of registered models keep theirs. Returns how many bytes its files were; what nothing
    /// else refers to is freed by the next [`gc`](crate::Store::gc).
    ///
    /// # Errors
    /// `NotFound` for an unknown model, `InvalidState` for one that is not deleted, `ReadOnly`, `Io`, `OutOfSpace`: if some of
    /// it was removed by then, the next gc goes on.
    ///
    /// # Examples
    /// ```
    /// use mlops_core::logged_models::LoggedModelOptions;
    ///
    /// # fn main() -> mlops_core::Result<()> {
    /// let models = mlops_core::Store::open("memory:")?.logged_models();
    /// let model = models.create(LoggedModelOptions { experiment_id: "0".into(), ..LoggedModelOptions::default() })?;
    /// assert!(models.remove(&model.model_id).is_err(), "it is not deleted");
    /// models.delete(&model.model_id)?;
    /// models.remove(&model.model_id)?;
    /// assert!(models.get(&model.model_id).is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn remove(&self, id: &str) -> Result<u64> {
        self.runs.check_writable()?;
        let only = BTreeSet::from([id.to_owned()]);
        self.remove_one(id, &self.links_of(&only)?)
    }

    /// The deleted models that were deleted at a time that `old` says yes to.
    ///
    /// # Errors
    /// `Corrupt`, `Io`.
    pub(crate) fn leaving(&self, old: impl Fn(Timestamp) -> bool) -> Result<Leaving> {
        let mut found = Leaving::default();
        for_each_entry(&*self.storage, KeyRange::prefix(keys::MODELS), |_, value| {
            let model: LoggedModel = stored::decode("a logged model", value)?;
            if model.lifecycle == Lifecycle::Deleted && old(model.updated_at) {
                found.ids.insert(model.model_id);
            }
            Ok(())
        })?;
        for id in &found.ids {
            let files = self.files(id)?;
            found.bytes += bytes(&files);
            if let Some(Copies { run_id, files, .. }) = self.copies(&files)? {
                found.copies.extend(files.into_keys().map(|path| (run_id.clone(), path)));
            }
        }
        for_each_entry(&*self.storage, KeyRange::prefix(keys::LEAVING), |key, _| {
            let id = key.get(keys::LEAVING.len()..).unwrap_or_default();
            found.left.insert(String::from_utf8_lossy(id).into_owned());
            Ok(())
        })?;
        Ok(found)
    }

    /// Removes them; those that are not deleted any more stay. Returns how many went, and the bytes of their files.
    ///
    /// # Errors
    /// As [`remove`](Self::remove).
    pub(crate) fn remove_all(&self, leaving: &Leaving) -> Result<(u64, u64)> {
        for id in &leaving.left {
            self.finish_leaving(id)?;
        }
        let links = if leaving.ids.is_empty() { Links::new() } else { self.links_of(&leaving.ids)? };
        let (mut count, mut size) = (0, 0);
        for id in &leaving.ids {
            match self.remove_one(id, &links) {
                Ok(bytes) => {
                    count += 1;
                    size += bytes;
                }
                Err(e) if matches!(e.code(), Code::NotFound | Code::InvalidState) => {}
                Err(e) => return Err(e),
            }
        }
        Ok((count, size))
    }

    fn remove_one(&self, id: &str, links: &Links) -> Result<u64> {
        loop {
            let (model, bytes_of) = self.stored(id)?;
            if model.lifecycle != Lifecycle::Deleted {
                let detail = format!("the logged model `{id}` is not deleted; delete it first");
                return Err(Error::InvalidState { detail });
            }
            let files = self.files(id)?;
            if let Some(Copies { run_id, manifest, files }) = self.copies(&files)? {
                self.runs.remove_copies(&run_id, &manifest, &files)?;
            }
            let mut ops = vec![
                Op::check(keys::model(id), Some(bytes_of)),
                Op::delete(keys::model(id)),
                Op::delete(keys::in_experiment(&model.experiment_id, id)),
                Op::delete(keys::origin(id)),
            ];
            let mut rest: Vec<Op> = links.get(id).into_iter().flatten().map(|key| Op::delete(key.as_slice())).collect();
            rest.extend(self.parts(id)?);
            let is_one = ops.iter().chain(&rest).map(Op::size).sum::<usize>() <= limits::STORAGE_BATCH_BYTES / 2;
            if is_one {
                ops.extend(rest.iter().cloned());
            } else {
                ops.push(Op::put(keys::leaving(id), stored::PRESENT));
            }
            if self.storage.apply(&ops, Durability::Full)? == Outcome::Applied {
                if !is_one {
                    self.remove_rest(id, rest)?;
                }
                return Ok(bytes(&files));
            }
        }
    }

    /// Removes what a removal that did not come to its end has left of a model.
    pub(super) fn finish_leaving(&self, id: &str) -> Result<()> {
        if self.storage.get(&keys::leaving(id))?.is_none() {
            return Ok(());
        }
        let links = self.links_of(&BTreeSet::from([id.to_owned()]))?;
        let mut ops: Vec<Op> = links.into_values().flatten().map(Op::delete).collect();
        ops.extend(self.parts(id)?);
        self.remove_rest(id, ops)
    }

    fn remove_rest(&self, id: &str, ops: Vec<Op>) -> Result<()> {
        let (mut batch, mut size) = (Vec::new(), 0);
        for op in ops.into_iter().chain([Op::delete(keys::leaving(id))]) {
            if size + op.size() > limits::STORAGE_BATCH_BYTES / 2 {
                let _: Outcome = self.storage.apply(&std::mem::take(&mut batch), Durability::Full)?;
                size = 0;
            }
            size += op.size();
            batch.push(op);
        }
        let _: Outcome = self.storage.apply(&batch, Durability::Full)?;
        Ok(())
    }

    /// The removal of a model's texts, files and points.
    fn parts(&self, id: &str) -> Result<Vec<Op>> {
        let mut ops = Vec::new();
        for prefix in [
            keys::part(keys::PARAMS, id, ""),
            keys::part(keys::TAGS, id, ""),
            keys::part(keys::FILES, id, ""),
            keys::points(id),
        ] {
            for_each_entry(&*self.storage, KeyRange::prefix(prefix), |key, _| {
                ops.push(Op::delete(key));
                Ok(())
            })?;
        }
        Ok(ops)
    }

    /// The keys that say which runs have these models as inputs or outputs. They stand by run, so that all are looked at.
    fn links_of(&self, ids: &BTreeSet<String>) -> Result<Links> {
        let mut found = Links::new();
        for prefix in [keys::INPUTS, keys::OUTPUTS] {
            for_each_entry(&*self.storage, KeyRange::prefix(prefix), |key, _| {
                let id = keys::linked(key).and_then(|id| std::str::from_utf8(id).ok());
                if let Some(id) = id.filter(|id| ids.contains(*id)) {
                    found.entry(id.to_owned()).or_default().push(key.to_vec());
                }
                Ok(())
            })?;
        }
        Ok(found)
    }

    /// What of these files of a model are artifacts of its run too; none if its folder there is another model's by now.
    fn copies(&self, files: &BTreeMap<String, StoredArtifact>) -> Result<Option<Copies>> {
        let Some(of) = files.get(MANIFEST) else { return Ok(None) };
        let text = match self.blobs().get(&of.blob) {
            Ok(text) => text,
            // Nobody knows where it was then.
            Err(Error::Corrupt { .. } | Error::NotFound { .. }) => return Ok(None),
            Err(e) => return Err(e),
        };
        // MLflow's is no JSON: a run has no copy of it.
        let Ok(manifest) = serde_json::from_slice::<Value>(&text) else { return Ok(None) };
        let named = |key| manifest.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let (Some(run_id), Some(folder)) = (named("run_id"), named("artifact_path")) else { return Ok(None) };
        let artifacts = match self.runs.artifact_files(run_id, Some(folder)) {
            Ok(artifacts) => artifacts,
            Err(e) if matches!(e.code(), Code::NotFound | Code::InvalidArgument) => return Ok(None),
            Err(e) => return Err(e),
        };
        let inside = |path: &str| format!("{folder}/{path}");
        let manifest = inside(MANIFEST);
        if artifacts.get(&manifest).map(|file| file.blob) != Some(of.blob) {
            return Ok(None);
        }
        let files = files.iter().map(|(path, file)| (inside(path), file.blob));
        let files = files.filter(|(path, blob)| artifacts.get(path).is_some_and(|file| file.blob == *blob)).collect();
        Ok(Some(Copies { run_id: run_id.into(), manifest, files }))
    }
}

fn bytes(files: &BTreeMap<String, StoredArtifact>) -> u64 {
    files.values().map(|file| file.size_bytes).sum()
}

#[cfg(test)]
mod tests;
