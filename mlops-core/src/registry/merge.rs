//! Adds what is safe to add of the registry of another store to one that went on by itself: models that it lacks, and
//! versions with numbers that it has never given. What people and gates said there was said of another log and is not taken
//! over; who made a version is noted, so that a policy that asks for others asks for others here too.

use std::collections::BTreeMap;

use super::arrive::Arriving;
use super::by::By;
use super::by_run;
use super::change::{Change, What};
use super::keys;
use super::layouts::encode_version;
use super::log::{Action, Event};
use super::names;
use super::store::LocalRegistry;
use super::types::{ModelRecord, Stage, VersionInfo};
use crate::base::stored;
use crate::error::{Error, Result};
use crate::runs::{Copier, ModelsReport};
use crate::storage::Op;

/// Begins what an event rests on that says who made a version in the store that it is from.
pub(super) const MADE_BY: &str = "made_by:";

/// A version that comes.
#[derive(Debug)]
pub(super) struct Coming {
    pub(super) number: u64,
    pub(super) info: VersionInfo,
    tags: BTreeMap<String, String>,
    /// Its manifest, who made it, and the event that says so there.
    evidence: Vec<String>,
}

impl LocalRegistry {
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

    /// Refuses versions of files that the source does not have, where the policy here asks for what is verified.
    fn check_verified(&self, name: &str, versions: &[(u64, VersionInfo)]) -> Result<()> {
        let unverified = versions.iter().find(|(_, info)| info.digest.is_none());
        let Some((number, _)) = unverified else { return Ok(()) };
        if !self.policy(name, Stage::Production)?.policy.require_verified {
            return Ok(());
        }
        let detail = format!(
            "the policy here asks for verified sources (require_verified), and the store that version {number} comes from does \
             not have its files; register its versions here, that one with external"
        );
        Err(Error::Denied { detail })
    }

    /// Adds what is safe to add of one model, and says what is not.
    pub(super) fn merge(
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
        self.check_verified(name, &versions)?;
        // Into what is in use here nothing comes by itself.
        let arriving = if ours.is_none() { Some(Arriving::read(from, theirs, &versions)?) } else { None };
        if dry_run {
            let places = arriving.map(|arriving| self.places(name, &arriving, &versions)).transpose()?;
            report.note(name, places.map_or_else(Vec::new, |places| places.notes));
            return Ok(());
        }
        let made = from.made_before(theirs, &versions)?;
        let mut coming = Vec::with_capacity(versions.len());
        for (number, info) in &versions {
            Self::copy_files(from, info, copier)?;
            let made = if info.event > 0 { from.event(info.event)? } else { made.get(number).cloned() };
            coming.push(from.coming(theirs.number, *number, info, made.as_ref(), trusted)?);
        }
        self.blobs().flush()?;
        let reason = self.by.reason.clone().or_else(|| Some("brought by a sync from another store".into()));
        let notes = self.by(By { reason, ..self.by.clone() }).change(|change| {
            self.check_verified(name, &versions)?;
            let mut model = match self.find_record(name)? {
                Some(model) if ours.as_ref().is_some_and(|ours| ours.next_version == model.next_version) => model,
                Some(_) => {
                    let detail = format!("the registered model `{name}` changes at this moment; sync again");
                    return Err(Error::Busy { detail });
                }
                None => {
                    let new = self.new_model(change, name)?;
                    let ModelRecord { description, created_at, .. } = theirs.clone();
                    ModelRecord { description, created_at, ..new }
                }
            };
            let places = arriving.as_ref().map(|arriving| self.places(name, arriving, &versions)).transpose()?;
            let places = places.unwrap_or_default();
            for version in &coming {
                let stage = places.stages.get(&version.number).copied().unwrap_or_default();
                self.add_version(change, &model, version, stage)?;
                places.put_version(change, &mut model, version, stage)?;
                model.next_version = model.next_version.max(version.number + 1);
            }
            if let Some(arriving) = &arriving {
                model.next_version = model.next_version.max(theirs.next_version);
                for (key, value) in &arriving.tags {
                    change.push(self.tag_op(keys::model_tag(model.number, key), key, value)?);
                }
                places.put_rest(change, &mut model)?;
            }
            change.put_model(&mut model)?;
            Ok(places.notes)
        })?;
        report.note(name, notes);
        Ok(())
    }

    /// The events that made versions whose records do not name them.
    fn made_before(&self, model: &ModelRecord, versions: &[(u64, VersionInfo)]) -> Result<BTreeMap<u64, Event>> {
        if versions.iter().all(|(_, info)| info.event > 0) {
            return Ok(BTreeMap::new());
        }
        let chain = self.chain(&model.name)?;
        let made = chain.own().iter().filter(|event| event.action == Action::VersionCreated);
        Ok(made.filter_map(|event| Some((event.version?, event.clone()))).collect())
    }

    /// A version of this store as it comes to another.
    fn coming(
        &self,
        model: u64,
        number: u64,
        info: &VersionInfo,
        made: Option<&Event>,
        trusted: bool,
    ) -> Result<Coming> {
        let mut evidence: Vec<_> = info.manifest.iter().map(|digest| format!("manifest:{digest}")).collect();
        if let Some(made) = made {
            // Over more stores than one all of them are said.
            evidence.extend(made.evidence.iter().filter(|said| said.starts_with(MADE_BY)).cloned());
            evidence.push(format!("{MADE_BY}{}", made.actor.name));
            evidence.push(format!("source_event:{}", made.hash));
        }
        let info = VersionInfo { is_foreign: info.is_foreign || !trusted, ..info.clone() };
        let tags = self.tags(&keys::version_tag(model, number, ""))?;
        Ok(Coming { number, info, tags, evidence })
    }

    fn add_version(&self, change: &mut Change, model: &ModelRecord, coming: &Coming, stage: Stage) -> Result<()> {
        let Coming { number, info, tags, evidence } = coming;
        let info = VersionInfo { stage, event: change.seq() + 1, ..info.clone() };
        change.push(Op::put(keys::version(model.number, *number), encode_version(&info)?));
        by_run::entry(model.number, *number, &info).into_iter().for_each(|op| change.push(op));
        change.push(Op::put(keys::stage(model.number, stage, *number), stored::PRESENT));
        for (key, value) in tags {
            change.push(self.tag_op(keys::version_tag(model.number, *number, key), key, value)?);
        }
        let what = What {
            version: Some(*number),
            to: Some(&info.source),
            digest: info.digest,
            evidence: evidence.clone(),
            ..What::default()
        };
        change.event(Action::VersionCreated, &model.name, what)
    }
}
