//! The registry of one store in another.
//!
//! Every change of a registry is an event in a log in which each has the hash of the one before. If the log of the
//! destination is the beginning of that of the source, nobody changed the destination since: it becomes what the source is,
//! history and all (`forward.rs`). If it is the other way round, there is nothing to do. Otherwise both went on by themselves:
//! models and versions that the destination lacks are added, and nothing that it has is changed (`merge.rs`).

use super::forward::Forward;
use super::keys;
use super::layouts::decode_version;
use super::log::{Event, Head};
use super::source::FileList;
use super::store::LocalRegistry;
use super::types::{ModelRecord, VersionInfo};
use crate::base::digests::Digest;
use crate::base::stored;
use crate::error::{Code, Result};
use crate::runs::{Copier, ModelsReport, SyncOptions, Synced, for_each_entry};
use crate::storage::KeyRange;

/// How the log of the destination stands to that of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Same,
    Behind,
    Ahead,
    Apart,
}

impl LocalRegistry {
    /// Brings the registry of another store into this one. What is `trusted` may run code when it is loaded, and may move what
    /// is in use here.
    ///
    /// # Errors
    /// What reading and writing give.
    pub(crate) fn sync_from(
        &self,
        from: &Self,
        trusted: bool,
        synced: &mut Synced,
        options: &SyncOptions<'_>,
    ) -> Result<()> {
        let mut report = ModelsReport::default();
        let mut copier = Copier::new(from.blobs(), self.blobs());
        let models = from.model_records()?;
        let (head, bytes) = self.head()?;
        match self.relation(from, &head)? {
            Relation::Same => report.unchanged = models.len() as u64,
            Relation::Ahead => report.ahead = models.into_iter().map(|model| model.name).collect(),
            Relation::Behind if trusted || head.seq == 0 => {
                for model in &models {
                    match self.find_record(&model.name)? {
                        None => report.new.push(model.name.clone()),
                        Some(ours) if ours == *model => report.unchanged += 1,
                        Some(_) => report.updated.push(model.name.clone()),
                    }
                }
                if !options.dry_run {
                    Forward::new(self, from, &mut copier, trusted, (head, bytes))?.run()?;
                }
            }
            Relation::Behind | Relation::Apart => {
                for model in models {
                    let _lease = self.blobs().leases().hold()?;
                    copier.under_new_lease();
                    match self.merge(from, &model, trusted, &mut copier, options.dry_run, &mut report) {
                        Err(e) if is_of_the_model(e.code()) => {
                            report.new.retain(|name| *name != model.name);
                            report.updated.retain(|name| *name != model.name);
                            report.notes.retain(|note| note.model != model.name);
                            report.keep(&model.name, e.to_string());
                        }
                        merged => merged?,
                    }
                }
            }
        }
        synced.report.blobs += copier.blobs;
        synced.report.bytes += copier.bytes;
        synced.report.registered_models = report;
        Ok(())
    }

    fn relation(&self, from: &Self, ours: &Head) -> Result<Relation> {
        let (theirs, _) = from.head()?;
        if (theirs.seq, theirs.hash) == (ours.seq, ours.hash) {
            return Ok(Relation::Same);
        }
        Ok(if theirs.seq == 0 || (theirs.seq < ours.seq && self.hash_of(theirs.seq)? == Some(theirs.hash)) {
            Relation::Ahead
        } else if ours.seq == 0 || (ours.seq < theirs.seq && from.hash_of(ours.seq)? == Some(ours.hash)) {
            Relation::Behind
        } else {
            Relation::Apart
        })
    }

    fn hash_of(&self, event: u64) -> Result<Option<Digest>> {
        let bytes = self.storage.get(&keys::event(event))?;
        let event: Option<Event> = bytes.map(|bytes| stored::decode("an event of the registry", &bytes)).transpose()?;
        Ok(event.map(|event| event.hash))
    }

    /// The records of all models, as they were made.
    pub(crate) fn model_records(&self) -> Result<Vec<ModelRecord>> {
        let mut found = Vec::new();
        for_each_entry(&*self.storage, KeyRange::prefix(keys::MODELS), |_, value| {
            found.push(stored::decode("a registered model", value)?);
            Ok(())
        })?;
        Ok(found)
    }

    /// The versions of a model, by number.
    pub(crate) fn version_records(&self, model: u64) -> Result<Vec<(u64, VersionInfo)>> {
        let mut found = Vec::new();
        for_each_entry(&*self.storage, KeyRange::prefix(keys::part(keys::VERSIONS, model)), |key, value| {
            let number = keys::last_number(key).unwrap_or_default();
            found.push((number, decode_version(value)?));
            Ok(())
        })?;
        Ok(found)
    }

    /// Copies the files of a version of another store, and its manifest.
    pub(super) fn copy_files(from: &Self, info: &VersionInfo, copier: &mut Copier<'_>) -> Result<()> {
        info.manifest.map_or(Ok(()), |manifest| copier.copy(manifest))?;
        let Some(list) = info.digest else { return Ok(()) };
        let files = FileList::read(&from.blobs().get(&list)?)?;
        files.blobs().try_for_each(|blob| copier.copy(blob))?;
        copier.copy(list)
    }
}

/// True for what is wrong with one model, so that the others come.
const fn is_of_the_model(code: Code) -> bool {
    matches!(code, Code::Corrupt | Code::LimitExceeded | Code::NotFound | Code::Denied | Code::InvalidArgument)
}
