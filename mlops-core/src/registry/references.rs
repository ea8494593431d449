//! The blobs that the registry refers to: what is referred to and is not there is damage.

use std::collections::BTreeSet;
use std::io::sink;

use super::gate_results::GateRecord;
use super::keys;
use super::layouts::decode_version;
use super::source::FileList;
use super::store::LocalRegistry;
use super::types::ModelRecord;
use crate::base::digests::Digest;
use crate::base::stored;
use crate::blob::{BlobStore, Referrer};
use crate::error::{Code, Error, Result};
use crate::runs::{StoredText, for_each_entry};
use crate::storage::{KeyRange, Op, Outcome, Storage};

/// The blobs of all versions, and of the tags of the registry.
#[derive(Debug)]
pub(crate) struct VersionBlobs<'a> {
    pub(crate) storage: &'a dyn Storage,
    pub(crate) blobs: &'a dyn BlobStore,
}

impl Referrer for VersionBlobs<'_> {
    fn for_each_blob(&self, visit: &mut dyn FnMut(Digest)) -> Result<()> {
        let mut lists = BTreeSet::new();
        for_each_reference(self.storage, &mut |_, what, blob| {
            visit(blob);
            // Versions of the same files have one list.
            if what == LIST && lists.insert(blob) {
                FileList::read(&self.blobs.get(&blob)?)?.blobs().for_each(&mut *visit);
            }
            Ok(())
        })
    }
}

const TAG: &str = "tag";
const LIST: &str = "list of files";
const ORIGIN: &str = "manifest";
const REPORT: &str = "report of a gate";

/// What is told of an entry that names a blob: the key, what it is, and the blob.
type Visit<'a> = dyn FnMut(&[u8], &'static str, Digest) -> Result<()> + 'a;

/// Visits the entries that name a blob, of the models that are not deleted.
fn for_each_reference(storage: &dyn Storage, visit: &mut Visit<'_>) -> Result<()> {
    let mut models = BTreeSet::new();
    for_each_entry(storage, KeyRange::prefix(keys::MODELS), |key, _| {
        models.extend(keys::owner(key));
        Ok(())
    })?;
    let is_there = |key: &[u8]| keys::owner(key).is_some_and(|model| models.contains(&model));
    for prefix in [keys::MODEL_TAGS, keys::VERSION_TAGS] {
        for_each_entry(storage, KeyRange::prefix(prefix), |key, value| {
            let stored: StoredText = stored::decode("a tag of the registry", value)?;
            stored.blob().filter(|_| is_there(key)).map_or(Ok(()), |blob| visit(key, TAG, blob))
        })?;
    }
    for_each_entry(storage, KeyRange::prefix(keys::VERSIONS), |key, value| {
        let info = decode_version(value)?;
        info.digest.filter(|_| is_there(key)).map_or(Ok(()), |blob| visit(key, LIST, blob))?;
        info.manifest.filter(|_| is_there(key)).map_or(Ok(()), |blob| visit(key, ORIGIN, blob))
    })?;
    for_each_entry(storage, KeyRange::prefix(keys::GATES), |key, value| {
        let record: GateRecord = stored::decode("a result of a gate", value)?;
        let blob = record.report.and_then(|report| report.blob()).filter(|_| is_there(key));
        blob.map_or(Ok(()), |blob| visit(key, REPORT, blob))
    })
}

impl LocalRegistry {
    /// What the registry refers to and cannot be read, and where its log of events is broken, a line each. With `read` the bytes
    /// are read, else only looked for.
    ///
    /// # Errors
    /// `Io`; `Corrupt` if the records themselves cannot be read.
    pub(crate) fn lost(&self, read: bool) -> Result<Vec<String>> {
        let mut lost = Vec::new();
        for_each_reference(&*self.storage, &mut |key, what, blob| {
            let of = self.owner_of(key)?;
            if !self.is_whole(&blob, read || what == LIST)? {
                let removed = if what == TAG { ", which a repair removes" } else { "" };
                lost.push(format!("a {what} of {of}{removed} ({blob})"));
            } else if what == LIST {
                for file in self.listed(&blob)?.files {
                    let Some(digest) = Digest::from_hex(&file.blake3) else { continue };
                    if !self.is_whole(&digest, read)? {
                        lost.push(format!("the file `{}` of {of} ({digest})", file.path));
                    }
                }
            }
            Ok(())
        })?;
        match self.verify_events() {
            Ok(_) => {}
            Err(Error::Corrupt { detail, .. }) => lost.push(format!("the registry's log of events: {detail}")),
            Err(e) => return Err(e),
        }
        Ok(lost)
    }

    /// Removes what a deleted model has left behind, if the process that deleted it was killed.
    ///
    /// # Errors
    /// `Io`, `OutOfSpace`, `Corrupt`.
    pub(crate) fn sweep(&self) -> Result<()> {
        let mut owners = BTreeSet::new();
        for part in keys::PARTS {
            for_each_entry(&*self.storage, KeyRange::prefix(part), |key, _| {
                owners.extend(keys::owner(key));
                Ok(())
            })?;
        }
        for_each_entry(&*self.storage, KeyRange::prefix(keys::GRAVES), |key, _| {
            owners.extend(keys::owner(key));
            Ok(())
        })?;
        for model in owners {
            // A model's record comes in one commit with its first part, and its number is not given again.
            if self.storage.get(&keys::model(model))?.is_none() {
                self.remove_parts(model)?;
            }
        }
        Ok(())
    }

    /// Removes lost tags: with them a model could be neither shown nor listed.
    ///
    /// # Errors
    /// `Io`, `OutOfSpace`, `Corrupt`.
    pub(crate) fn forget_lost(&self) -> Result<()> {
        let mut ops = Vec::new();
        for_each_reference(&*self.storage, &mut |key, what, blob| {
            if what == TAG && !self.is_whole(&blob, false)? {
                ops.push(Op::delete(key));
            }
            Ok(())
        })?;
        for op in ops {
            let _: Outcome = self.storage.apply(&[op], self.runs.durability())?;
        }
        Ok(())
    }

    fn owner_of(&self, key: &[u8]) -> Result<String> {
        let model = keys::owner(key).unwrap_or_default();
        let record = self.storage.get(&keys::model(model))?;
        let record: Option<ModelRecord> =
            record.map(|bytes| stored::decode("a registered model", &bytes)).transpose()?;
        let name = record.map_or_else(|| model.to_string(), |record| record.name);
        Ok(match keys::version_in(key).filter(|_| !key.starts_with(keys::MODEL_TAGS)) {
            Some(version) => format!("version {version} of the registered model {name}"),
            None => format!("the registered model {name}"),
        })
    }

    fn is_whole(&self, blob: &Digest, read: bool) -> Result<bool> {
        let found = match self.blobs().size(blob) {
            Ok(Some(_)) if read => self.blobs().read_to(blob, &mut sink()).map(Some),
            size => size,
        };
        match found {
            Ok(found) => Ok(found.is_some()),
            Err(e) if matches!(e.code(), Code::Corrupt | Code::NotFound) => Ok(false),
            Err(e) => Err(e),
        }
    }
}
