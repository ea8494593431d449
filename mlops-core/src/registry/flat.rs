//! The registry as plain values, for what writes it to plain files and reads it back.

use std::collections::BTreeMap;

use super::by_run;
use super::forward::event_ops;
use super::keys;
use super::layouts::encode_version;
use super::log::{Action, Event, Head};
use super::names;
use super::source::{FileList, ListedFile};
use super::store::LocalRegistry;
use super::types::{AliasEntry, ModelRecord, NameEntry, VersionInfo};
use crate::base::limits::STORAGE_BATCH_BYTES;
use crate::base::stored;
use crate::blob::BlobStore;
use crate::error::{Error, Result};
use crate::runs::{StoredArtifact, for_each_entry};
use crate::storage::{KeyRange, Op, Outcome};

impl LocalRegistry {
    /// The names that no model has, in lower case, and the highest number of a version given under each.
    pub(crate) fn free_names(&self) -> Result<Vec<(String, u64)>> {
        let mut found = Vec::new();
        for_each_entry(&*self.storage, KeyRange::prefix(keys::NAMES), |key, value| {
            let entry: NameEntry = stored::decode("the name of a registered model", value)?;
            if entry.model.is_none() {
                let name = key.get(keys::NAMES.len()..).unwrap_or_default();
                found.push((String::from_utf8_lossy(name).into_owned(), entry.used));
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// The highest number of a version that was given under a name when it was last let go.
    pub(crate) fn used(&self, name: &str) -> Result<u64> {
        Ok(self.name_entry(&names::model(name)?)?.used)
    }

    /// The number of the last event; 0 if there is none.
    pub(crate) fn last_event(&self) -> Result<u64> {
        Ok(self.head()?.0.seq)
    }

    pub(crate) fn model_tags(&self, model: u64) -> Result<BTreeMap<String, String>> {
        self.tags(&keys::part(keys::MODEL_TAGS, model))
    }

    pub(crate) fn version_tags(&self, model: u64, version: u64) -> Result<BTreeMap<String, String>> {
        self.tags(&keys::version_tag(model, version, ""))
    }

    pub(crate) fn alias_records(&self, model: u64) -> Result<Vec<AliasEntry>> {
        self.aliases(model)
    }

    /// The files of a version, by path; None if this store does not have them.
    pub(crate) fn version_files(&self, info: &VersionInfo) -> Result<Option<BTreeMap<String, StoredArtifact>>> {
        info.digest.map(|digest| Ok(self.listed(&digest)?.into_files())).transpose()
    }

    /// Begins a registry in a store that has none.
    pub(crate) fn build(&self) -> RegistryBuilder<'_> {
        RegistryBuilder { to: self, ops: Vec::new(), size: 0, next_model: 1, made: 0, head: Head::start() }
    }
}

/// A registry that is put together from plain values.
#[derive(Debug)]
pub(crate) struct RegistryBuilder<'a> {
    to: &'a LocalRegistry,
    ops: Vec<Op>,
    size: usize,
    next_model: u64,
    /// How many models were ever made, as the events say: their numbers are not given again.
    made: u64,
    head: Head,
}

impl RegistryBuilder<'_> {
    /// A name that no model has.
    pub(crate) fn free_name(&mut self, lower: &str, used: u64) -> Result<()> {
        self.push(Op::put(keys::name(lower), stored::encode(&NameEntry { model: None, used })?))
    }

    pub(crate) fn model(&mut self, model: &ModelRecord, used: u64) -> Result<()> {
        let entry = NameEntry { model: Some(model.number), used };
        self.push(Op::put(keys::name(&names::model(&model.name)?), stored::encode(&entry)?))?;
        self.next_model = self.next_model.max(model.number.saturating_add(1));
        self.push(Op::put(keys::model(model.number), stored::encode(model)?))
    }

    pub(crate) fn model_tag(&mut self, model: u64, key: &str, value: &str) -> Result<()> {
        self.push(self.to.tag_op(keys::model_tag(model, key), key, value)?)
    }

    pub(super) fn blobs(&self) -> &dyn BlobStore {
        self.to.blobs()
    }

    /// A version whose files, if it has some, are in the blobs of this store.
    pub(crate) fn version(
        &mut self,
        model: u64,
        number: u64,
        info: &VersionInfo,
        files: &BTreeMap<String, StoredArtifact>,
        manifest: Option<&str>,
    ) -> Result<()> {
        let manifest = manifest.map(|text| self.blobs().put(text.as_bytes())).transpose()?;
        let info = &VersionInfo { manifest, ..info.clone() };
        if let Some(digest) = info.digest {
            let listed = |(path, file): (&String, &StoredArtifact)| ListedFile {
                blake3: file.blob.to_hex(),
                path: path.clone(),
                size: file.size_bytes,
            };
            let list = FileList { files: files.iter().map(listed).collect() };
            let stored = self.to.blobs().put(&list.to_bytes()?)?;
            if stored != digest {
                return Err(Error::internal(format!(
                    "the files of version {number} are {stored} where they were {digest}"
                )));
            }
        }
        self.push(Op::put(keys::version(model, number), encode_version(info)?))?;
        by_run::entry(model, number, info).map_or(Ok(()), |op| self.push(op))?;
        self.push(Op::put(keys::stage(model, info.stage, number), stored::PRESENT))
    }

    pub(crate) fn version_tag(&mut self, model: u64, number: u64, key: &str, value: &str) -> Result<()> {
        self.push(self.to.tag_op(keys::version_tag(model, number, key), key, value)?)
    }

    pub(crate) fn alias(&mut self, model: u64, alias: &str, version: u64) -> Result<()> {
        let lower = names::alias(alias)?;
        let entry = AliasEntry { alias: alias.into(), version };
        self.push(Op::put(keys::alias(model, &lower), stored::encode(&entry)?))
    }

    /// The next event; its hash has to follow from the one before.
    pub(crate) fn event(&mut self, event: &Event) -> Result<()> {
        if event.seq != self.head.seq + 1 || event.prev_hash != self.head.hash || event.hash != event.computed_hash()? {
            return Err(Error::internal(format!(
                "event {} of the registry does not match its hash: it was changed, or one before it was",
                event.seq
            )));
        }
        self.head = Head { seq: event.seq, at: event.at, hash: event.hash };
        self.made += u64::from(event.action == Action::ModelCreated);
        event_ops(event)?.into_iter().try_for_each(|op| self.push(op))
    }

    pub(crate) fn finish(mut self) -> Result<()> {
        if self.head.seq > 0 {
            self.push(Op::put(keys::NEXT_MODEL, stored::encode(&self.next_model.max(self.made.saturating_add(1)))?))?;
            self.push(Op::put(keys::BY_RUN_IS_WHOLE, stored::PRESENT))?;
            self.push(Op::put(keys::HEAD, stored::encode(&self.head)?))?;
        }
        self.apply()
    }

    pub(super) fn push(&mut self, op: Op) -> Result<()> {
        if self.size + op.size() > STORAGE_BATCH_BYTES / 2 {
            self.apply()?;
        }
        self.size += op.size();
        self.ops.push(op);
        Ok(())
    }

    fn apply(&mut self) -> Result<()> {
        self.size = 0;
        let ops = std::mem::take(&mut self.ops);
        if !ops.is_empty() {
            let _: Outcome = self.to.storage.apply(&ops, self.to.runs.durability())?;
        }
        Ok(())
    }
}
