//! The way into the pillar.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::keys;
use super::types::{LoggedModel, LoggedModelData};
use crate::base::limits;
use crate::base::names;
use crate::base::stored;
use crate::blob::BlobStore;
use crate::error::{Error, Result};
use crate::runs::{Runs, StoredText, View, for_each_entry};
use crate::storage::{KeyRange, Op, Outcome, Storage};

/// The logged models of a store.
///
/// ```
/// use mlops_core::Store;
/// use mlops_core::logged_models::LoggedModelOptions;
///
/// # fn main() -> mlops_core::Result<()> {
/// let store = Store::open("memory:")?;
/// let models = store.logged_models();
/// let model = models.create(LoggedModelOptions { experiment_id: "0".into(), ..LoggedModelOptions::default() })?;
/// models.set_tags(&model.model_id, &[("stage".into(), "candidate".into())])?;
/// assert_eq!(models.get(&model.model_id)?.tags["stage"], "candidate");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct LoggedModels {
    pub(super) runs: Runs,
    pub(super) storage: Arc<dyn Storage>,
}

impl LoggedModels {
    /// The models of the store whose runs are these.
    pub(crate) fn new(runs: Runs) -> Self {
        let storage = runs.storage().clone();
        Self { runs, storage }
    }

    pub(super) fn blobs(&self) -> &dyn BlobStore {
        &**self.runs.blobs()
    }

    /// The operations that store texts of a model; long ones become blobs.
    pub(super) fn text_ops(&self, of: &[u8], id: &str, texts: &[(String, String)]) -> Result<Vec<Op>> {
        let ops = texts.iter().map(|(key, value)| {
            names::check_key("key of a logged model", key)?;
            limits::check(|| format!("the value of `{key}`"), value.len(), limits::VALUE_BYTES, "bytes")?;
            let stored = StoredText::new(self.blobs(), value)?;
            Ok(Op::put(keys::part(of, id, key), stored::encode(&stored)?))
        });
        ops.collect()
    }

    /// A model's record, with the bytes that stand for it.
    pub(super) fn stored(&self, id: &str) -> Result<(LoggedModel, Vec<u8>)> {
        let hint = "; `mlops.search_logged_models` shows what there is";
        let missing = || Error::NotFound { what: "logged model", id: id.into(), hint: hint.into() };
        names::check_run_id(id)?;
        let bytes = self.storage.get(&keys::model(id))?.ok_or_else(missing)?;
        Ok((stored::decode("a logged model", &bytes)?, bytes))
    }

    /// A model with all but its files, deleted or not.
    ///
    /// # Errors
    /// `NotFound`, `InvalidArgument` for an id that none can have, `Corrupt`, `Io`.
    pub fn get(&self, id: &str) -> Result<LoggedModelData> {
        let (model, _) = self.stored(id)?;
        self.with_parts(model)
    }

    /// The models of experiments (none: of all) that a view shows, the newest first.
    ///
    /// # Errors
    /// What reading the store gives: `Corrupt`, `Io`.
    pub fn list(&self, experiments: &[String], view: View) -> Result<Vec<LoggedModelData>> {
        let mut ids = Vec::new();
        let prefixes: Vec<_> = match experiments {
            [] => vec![keys::BY_EXPERIMENT.to_vec()],
            some => some.iter().map(|id| keys::of_experiment(id)).collect(),
        };
        for prefix in prefixes {
            for_each_entry(&*self.storage, KeyRange::prefix(prefix), |key, _| {
                let id = key.rsplit(|byte| *byte == 0).next().unwrap_or_default();
                ids.push(String::from_utf8_lossy(id).into_owned());
                Ok(())
            })?;
        }
        ids.sort_unstable();
        ids.dedup();
        let mut found = Vec::new();
        for id in ids {
            let (model, _) = self.stored(&id)?;
            if view.shows(model.lifecycle) {
                found.push(self.with_parts(model)?);
            }
        }
        found.sort_by(|a, b| {
            b.model.created_at.cmp(&a.model.created_at).then_with(|| a.model.model_id.cmp(&b.model.model_id))
        });
        Ok(found)
    }

    fn with_parts(&self, model: LoggedModel) -> Result<LoggedModelData> {
        let id = model.model_id.clone();
        let (params, tags) = (self.texts(keys::PARAMS, &id)?, self.texts(keys::TAGS, &id)?);
        let points = self.points(&id)?;
        Ok(LoggedModelData { model, params, tags, points })
    }

    pub(super) fn texts(&self, of: &[u8], id: &str) -> Result<BTreeMap<String, String>> {
        let prefix = keys::part(of, id, "");
        let mut texts = BTreeMap::new();
        for_each_entry(&*self.storage, KeyRange::prefix(prefix.clone()), |key, value| {
            let key = String::from_utf8_lossy(key.strip_prefix(prefix.as_slice()).unwrap_or_default()).into_owned();
            let stored: StoredText = stored::decode("a text of a logged model", value)?;
            texts.insert(key, stored.load(self.blobs())?);
            Ok(())
        })?;
        Ok(texts)
    }

    /// Commits changes of a model that exists, in commits that storage takes: entries say what they say by themselves.
    pub(super) fn commit(&self, id: &str, ops: Vec<Op>) -> Result<()> {
        let (mut batch, mut size) = (Vec::new(), 0);
        for op in ops {
            if size + op.size() > limits::STORAGE_BATCH_BYTES / 2 {
                self.apply(id, &mut batch)?;
                size = 0;
            }
            size += op.size();
            batch.push(op);
        }
        self.apply(id, &mut batch)
    }

    /// One commit of a model that is there then too: again, if its record changed meanwhile.
    fn apply(&self, id: &str, batch: &mut Vec<Op>) -> Result<()> {
        let ops = std::mem::take(batch);
        loop {
            let (_, bytes) = self.stored(id)?;
            if ops.is_empty() {
                return Ok(());
            }
            let mut checked = vec![Op::check(keys::model(id), Some(bytes))];
            checked.extend(ops.iter().cloned());
            if self.storage.apply(&checked, self.runs.durability())? == Outcome::Applied {
                return Ok(());
            }
        }
    }
}
