//! Logged models from one store into another. Their ids are unique, so a model is the same model wherever it is.

use std::collections::{BTreeMap, HashSet};

use super::keys;
use super::store::LoggedModels;
use super::types::LoggedModel;
use crate::base::digests::Digest;
use crate::base::limits;
use crate::base::stored;
use crate::error::Result;
use crate::runs::{
    Copier, ModelsReport, OnConflict, StoredArtifact, StoredText, SyncOptions, Synced, View, for_each_entry,
};
use crate::storage::{KeyRange, Op, Outcome};

/// A model as it is stored.
#[derive(Debug)]
struct Raw {
    /// With the name of its experiment in the place of the id, which differs from store to store.
    model: LoggedModel,
    /// Params, tags, files and points by key.
    parts: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Raw {
    /// True if nothing of `older` is gone or different here.
    fn is_grown_from(&self, older: &Self) -> bool {
        let (new, old) = (&self.model, &older.model);
        let same_model = (&new.name, &new.experiment_id, &new.model_type, &new.source_run_id, new.created_at)
            == (&old.name, &old.experiment_id, &old.model_type, &old.source_run_id, old.created_at);
        same_model
            && (new == old || new.updated_at > old.updated_at)
            && older.parts.iter().all(|(key, value)| self.parts.get(key) == Some(value))
    }
}

impl LoggedModels {
    /// Brings models of another store into this one: those of the runs that a sync selected, made by them or used, and
    /// where whole experiments are selected, all of these.
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
        let (ids, links) = from.selected(synced, options)?;
        let mut copier = Copier::new(from.blobs(), self.blobs());
        for id in ids {
            let _lease = self.blobs().leases().hold()?;
            copier.under_new_lease();
            self.bring((from, trusted), &id, synced, options, &mut copier, &mut report)?;
        }
        if !options.dry_run {
            self.blobs().flush()?;
            let new = links.into_iter().filter_map(|(key, value)| match self.storage.get(&key) {
                Ok(Some(_)) => None,
                Ok(None) => Some(Ok(Op::put(key, value))),
                Err(e) => Some(Err(e)),
            });
            self.apply_all(new.collect::<Result<Vec<_>>>()?)?;
        }
        synced.report.blobs += copier.blobs;
        synced.report.bytes += copier.bytes;
        synced.report.logged_models = report;
        Ok(())
    }

    /// The models that a sync is about, and the entries that tie them to its runs.
    #[expect(clippy::type_complexity, reason = "keys and values as they are stored")]
    pub(crate) fn selected(
        &self,
        synced: &Synced,
        options: &SyncOptions<'_>,
    ) -> Result<(Vec<String>, Vec<(Vec<u8>, Vec<u8>)>)> {
        let mut links = Vec::new();
        let mut linked = HashSet::new();
        for run in &synced.runs {
            for prefix in [keys::inputs(run), keys::outputs(run)] {
                for_each_entry(&*self.storage, KeyRange::prefix(prefix.clone()), |key, value| {
                    linked.extend(keys::linked_behind(key, &prefix));
                    links.push((key.to_vec(), value.to_vec()));
                    Ok(())
                })?;
            }
        }
        let runs: HashSet<&str> = synced.runs.iter().map(String::as_str).collect();
        let view = if options.include_deleted { View::All } else { View::Active };
        let mut ids = Vec::new();
        for_each_entry(&*self.storage, KeyRange::prefix(keys::MODELS), |_, value| {
            let model: LoggedModel = stored::decode("a logged model", value)?;
            let is_of_run = model.source_run_id.as_deref().is_some_and(|run| runs.contains(run));
            let is_of_experiment = !options.selects_runs() && synced.experiments.contains_key(&model.experiment_id);
            if view.shows(model.lifecycle) && (is_of_run || is_of_experiment || linked.contains(&model.model_id)) {
                ids.push(model.model_id);
            }
            Ok(())
        })?;
        Ok((ids, links))
    }

    fn bring(
        &self,
        (from, trusted): (&Self, bool),
        id: &str,
        synced: &Synced,
        options: &SyncOptions<'_>,
        copier: &mut Copier<'_>,
        report: &mut ModelsReport,
    ) -> Result<()> {
        // It was deleted for good since it was selected.
        let Some((source, of)) = from.raw(id)? else { return Ok(()) };
        let Some(experiment) = synced.experiments.get(&of) else {
            report.keep(id, "its experiment is not copied: name that one too, or none");
            return Ok(());
        };
        let dest = self.raw(id)?.map(|(raw, _)| raw);
        match &dest {
            None => report.new.push(id.into()),
            Some(dest) if (&dest.model, &dest.parts) == (&source.model, &source.parts) => {
                report.unchanged += 1;
                return Ok(());
            }
            Some(dest) if source.is_grown_from(dest) || options.on_conflict == OnConflict::Theirs => {
                report.updated.push(id.into());
            }
            Some(dest) if dest.is_grown_from(&source) => {
                report.ahead.push(id.into());
                return Ok(());
            }
            Some(_) => {
                if options.on_conflict == OnConflict::Skip {
                    report.keep(id, "it changed in both; on_conflict `theirs` takes that of the source");
                } else {
                    report.ahead.push(id.into());
                }
                return Ok(());
            }
        }
        if options.dry_run {
            return Ok(());
        }
        self.finish_leaving(id)?;
        blobs_of(&source.parts)?.into_iter().try_for_each(|blob| copier.copy(blob))?;
        self.blobs().flush()?;
        let had = dest.map(|raw| raw.parts).unwrap_or_default();
        // Before its files: what runs code asks first where the source is not trusted, or had it from elsewhere.
        let mut ops = vec![Self::origin_op(id, !trusted || from.is_foreign(id)?)?];
        ops.extend(had.keys().filter(|key| !source.parts.contains_key(*key)).map(|key| Op::delete(key.clone())));
        ops.extend(
            source
                .parts
                .iter()
                .filter(|(key, value)| had.get(*key) != Some(value))
                .map(|(k, v)| Op::put(k.clone(), v.clone())),
        );
        // The record comes last: what is cut short is not shown, and the next sync goes on.
        let model = LoggedModel { experiment_id: experiment.clone(), ..source.model };
        ops.extend(record_ops(&model)?);
        self.apply_all(ops)
    }

    /// A model as it is stored, and the id of its experiment; None if there is none.
    fn raw(&self, id: &str) -> Result<Option<(Raw, String)>> {
        let Some(bytes) = self.storage.get(&keys::model(id))? else { return Ok(None) };
        let mut model: LoggedModel = stored::decode("a logged model", &bytes)?;
        let of = model.experiment_id.clone();
        model.experiment_id = self.runs.get_experiment(&of).map_or_else(|_| of.clone(), |found| found.name);
        let mut parts = BTreeMap::new();
        for prefix in keys::parts(id) {
            for_each_entry(&*self.storage, KeyRange::prefix(prefix), |key, value| {
                parts.insert(key.to_vec(), value.to_vec());
                Ok(())
            })?;
        }
        Ok(Some((Raw { model, parts }, of)))
    }

    /// Applies operations that say what they say by themselves, in commits that storage takes, in order.
    pub(super) fn apply_all(&self, ops: Vec<Op>) -> Result<()> {
        let mut batch = Vec::new();
        let mut size = 0;
        for op in ops {
            if size + op.size() > limits::STORAGE_BATCH_BYTES / 2 {
                let _: Outcome = self.storage.apply(&std::mem::take(&mut batch), self.runs.durability())?;
                size = 0;
            }
            size += op.size();
            batch.push(op);
        }
        if !batch.is_empty() {
            let _: Outcome = self.storage.apply(&batch, self.runs.durability())?;
        }
        Ok(())
    }
}

/// The entries of a model's record.
pub(super) fn record_ops(model: &LoggedModel) -> Result<[Op; 2]> {
    Ok([
        Op::put(keys::in_experiment(&model.experiment_id, &model.model_id), stored::PRESENT),
        Op::put(keys::model(&model.model_id), stored::encode(model)?),
    ])
}

/// The blobs that the parts of a model name.
fn blobs_of(parts: &BTreeMap<Vec<u8>, Vec<u8>>) -> Result<Vec<Digest>> {
    let mut blobs = Vec::new();
    for (key, value) in parts {
        if key.starts_with(keys::FILES) {
            blobs.push(stored::decode::<StoredArtifact>("a file of a logged model", value)?.blob);
        } else if key.starts_with(keys::PARAMS) || key.starts_with(keys::TAGS) {
            blobs.extend(stored::decode::<StoredText>("a text of a logged model", value)?.blob());
        }
    }
    Ok(blobs)
}
