//! The registry of one store in another.
//!
//! Every change of a registry is an event in a log in which each has the hash of the one before. If the log of the
//! destination is the beginning of that of the source, nobody changed the destination since: it becomes what the source is,
//! history and all (`forward.rs`). If it is the other way round, there is nothing to do. Otherwise both went on by themselves:
//! models and versions that the destination lacks are added, and nothing that it has is changed (`merge` here).

use std::collections::BTreeMap;

use super::by::By;
use super::change::{Change, What};
use super::forward::Forward;
use super::keys;
use super::log::{Action, Event, Head};
use super::names;
use super::source::FileList;
use super::store::LocalRegistry;
use super::types::{ModelRecord, Stage, VersionInfo};
use crate::base::digests::Digest;
use crate::base::stored;
use crate::error::{Code, Error, Result};
use crate::runs::{Copier, ModelsReport, SyncOptions, Synced, for_each_entry};
use crate::storage::{KeyRange, Op};

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
                        Err(e) if matches!(e.code(), Code::Corrupt | Code::LimitExceeded | Code::NotFound) => {
                            report.new.retain(|name| *name != model.name);
                            report.updated.retain(|name| *name != model.name);
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
            found.push((number, stored::decode("a version of a registered model", value)?));
            Ok(())
        })?;
        Ok(found)
    }

    /// The versions of a model that are safe to add here, or why none is.
    fn addable(
        &self,
        from: &Self,
        theirs: &ModelRecord,
        ours: Option<&ModelRecord>,
    ) -> Result<Result<Vec<(u64, VersionInfo)>, String>> {
        let mut versions = from.version_records(theirs.number)?;
        let Some(ours) = ours else {
            let used = self.name_entry(&names::model(&theirs.name)?)?.used;
            if versions.iter().any(|(number, _)| *number <= used) {
                return Ok(Err(format!(
                    "versions up to {used} were given under this name here before, and numbers are not given again; give \
                     the source's model another name"
                )));
            }
            return Ok(Ok(versions));
        };
        if ours.created_at != theirs.created_at {
            return Ok(Err("another model of this name is here; give one of them another name, and sync again".into()));
        }
        let what = |info: &VersionInfo| {
            (info.source.clone(), info.run_id.clone(), info.digest, info.created_at, info.model_id.clone())
        };
        for (number, info) in self.version_records(ours.number)? {
            if versions.iter().any(|(other, theirs)| *other == number && what(theirs) != what(&info)) {
                return Ok(Err(format!(
                    "version {number} here is another than that in the source; register the source's under another name"
                )));
            }
        }
        // What was deleted here stays so.
        versions.retain(|(number, _)| *number >= ours.next_version);
        Ok(Ok(versions))
    }

    /// Adds what is safe to add of one model, and says what is not.
    fn merge(
        &self,
        from: &Self,
        theirs: &ModelRecord,
        trusted: bool,
        copier: &mut Copier<'_>,
        dry_run: bool,
        report: &mut ModelsReport,
    ) -> Result<()> {
        let name = &theirs.name;
        let ours = self.find_record(name)?;
        let versions = match self.addable(from, theirs, ours.as_ref())? {
            Ok(versions) => versions,
            Err(reason) => {
                report.keep(name, reason);
                return Ok(());
            }
        };
        match &ours {
            None => report.new.push(name.clone()),
            Some(_) if versions.is_empty() => {
                report.unchanged += 1;
                return Ok(());
            }
            Some(_) => report.updated.push(name.clone()),
        }
        if dry_run {
            return Ok(());
        }
        for (_, info) in &versions {
            Self::copy_files(from, info, copier)?;
        }
        self.blobs().flush()?;
        let aliases = if ours.is_none() { from.aliases(theirs.number)? } else { Vec::new() };
        let model_tags = match &ours {
            None => from.tags(&keys::part(keys::MODEL_TAGS, theirs.number))?,
            Some(_) => BTreeMap::new(),
        };
        let mut tags = Vec::new();
        for (number, _) in &versions {
            tags.push(from.tags(&keys::version_tag(theirs.number, *number, ""))?);
        }
        let reason = self.by.reason.clone().or_else(|| Some("brought by a sync from another store".into()));
        let is_new = ours.is_none();
        self.by(By { reason, ..self.by.clone() }).change(|change| {
            let mut model = match self.find_record(name)? {
                Some(model) if ours.as_ref().is_some_and(|ours| ours.next_version == model.next_version) => model,
                Some(_) => {
                    let detail = format!("the registered model `{name}` changes at this moment; sync again");
                    return Err(Error::Busy { detail });
                }
                None => {
                    let new = self.new_model(change, name)?;
                    let ModelRecord { description, generation, created_at, .. } = theirs.clone();
                    ModelRecord { description, generation, created_at, ..new }
                }
            };
            for (key, value) in &model_tags {
                change.push(self.tag_op(keys::model_tag(model.number, key), key, value)?);
            }
            for ((number, info), tags) in versions.iter().zip(&tags) {
                // Into what is in use here nothing comes by itself.
                let stage = if is_new { info.stage } else { Stage::None };
                let info = VersionInfo { stage, is_foreign: info.is_foreign || !trusted, ..info.clone() };
                Self::add_version(change, &model, *number, &info)?;
                for (key, value) in tags {
                    change.push(self.tag_op(keys::version_tag(model.number, *number, key), key, value)?);
                }
                model.next_version = model.next_version.max(number + 1);
            }
            if is_new {
                model.next_version = model.next_version.max(theirs.next_version);
            }
            for entry in &aliases {
                let lower = names::alias(&entry.alias)?;
                change.push(Op::put(keys::alias(model.number, &lower), stored::encode(entry)?));
                let (to, version) = (entry.version.to_string(), Some(entry.version));
                let what = What { version, detail: Some(&entry.alias), to: Some(&to), ..What::default() };
                change.event(Action::AliasSet, &model.name, what)?;
            }
            change.put_model(&mut model)
        })
    }

    fn add_version(change: &mut Change, model: &ModelRecord, number: u64, info: &VersionInfo) -> Result<()> {
        change.push(Op::put(keys::version(model.number, number), stored::encode(info)?));
        change.push(Op::put(keys::stage(model.number, info.stage, number), stored::PRESENT));
        let what = What { version: Some(number), to: Some(&info.source), digest: info.digest, ..What::default() };
        change.event(Action::VersionCreated, &model.name, what)?;
        if info.stage != Stage::None {
            let (from, to) = (Some(Stage::None.as_str()), Some(info.stage.as_str()));
            let what = What { version: Some(number), from, to, digest: info.digest, ..What::default() };
            change.event(Action::StageChanged, &model.name, what)?;
        }
        Ok(())
    }

    /// Copies the files of a version of another store.
    pub(super) fn copy_files(from: &Self, info: &VersionInfo, copier: &mut Copier<'_>) -> Result<()> {
        let Some(list) = info.digest else { return Ok(()) };
        let files = FileList::read(&from.blobs().get(&list)?)?;
        files.blobs().try_for_each(|blob| copier.copy(blob))?;
        copier.copy(list)
    }
}
