//! The way into the pillar.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::keys;
use super::types::{LoggedModel, LoggedModelData, LoggedModelOptions};
use crate::base::limits;
use crate::base::names;
use crate::base::stored;
use crate::blob::BlobStore;
use crate::error::{Error, Result};
use crate::runs::{Lifecycle, Runs, StoredText, View, for_each_entry};
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
    /// The models of a store whose runs are these.
    pub(crate) fn new(runs: Runs, storage: Arc<dyn Storage>) -> Self {
        Self { runs, storage }
    }

    pub(super) fn blobs(&self) -> &dyn BlobStore {
        &**self.runs.blobs()
    }

    /// Makes a logged model, with params and tags.
    ///
    /// # Errors
    /// `NotFound` for an unknown experiment, `InvalidState` for a deleted one, `AlreadyExists` if the given id is taken,
    /// `InvalidArgument` or `LimitExceeded` for a bad id, name, key or value, `ReadOnly`, `Io`.
    pub fn create(&self, options: LoggedModelOptions) -> Result<LoggedModel> {
        self.runs.check_writable()?;
        let experiment = self.runs.get_experiment(&options.experiment_id)?;
        if experiment.lifecycle == Lifecycle::Deleted {
            let detail = format!("the experiment `{}` is deleted; restore it first", experiment.name);
            return Err(Error::InvalidState { detail });
        }
        let ids = self.runs.ids();
        let model_id = options.model_id.unwrap_or_else(|| format!("m-{}", ids.next_hex()));
        names::check_run_id(&model_id)?;
        let name = options.name.filter(|name| !name.is_empty()).unwrap_or_else(|| names::run_name(ids.next()));
        names::check_key("name of a logged model", &name)?;
        let at = options.created_at.unwrap_or_else(|| self.runs.clock().now());
        let model = LoggedModel {
            model_id,
            experiment_id: experiment.experiment_id,
            name,
            model_type: options.model_type,
            source_run_id: options.source_run_id,
            status: options.status,
            status_message: None,
            lifecycle: Lifecycle::Active,
            created_at: at,
            updated_at: at,
        };
        let _lease = self.blobs().leases().hold()?;
        let id = model.model_id.clone();
        let mut ops = vec![
            Op::check_absent(keys::model(&id)),
            Op::put(keys::model(&id), stored::encode(&model)?),
            Op::put(keys::in_experiment(&model.experiment_id, &id), stored::PRESENT),
        ];
        ops.extend(self.text_ops(keys::PARAMS, &id, &options.params)?);
        ops.extend(self.text_ops(keys::TAGS, &id, &options.tags)?);
        match self.storage.apply(&ops, self.runs.durability())? {
            Outcome::Applied => Ok(model),
            Outcome::CheckFailed { .. } => {
                Err(Error::AlreadyExists { what: "logged model", id, hint: "; leave the id out for a new one".into() })
            }
        }
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

    fn texts(&self, of: &[u8], id: &str) -> Result<BTreeMap<String, String>> {
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
        let durability = self.runs.durability();
        self.stored(id)?;
        let mut batch = Vec::new();
        let mut size = 0;
        for op in ops {
            if size + op.size() > limits::STORAGE_BATCH_BYTES / 2 {
                let _: Outcome = self.storage.apply(&std::mem::take(&mut batch), durability)?;
                size = 0;
            }
            size += op.size();
            batch.push(op);
        }
        if !batch.is_empty() {
            let _: Outcome = self.storage.apply(&batch, durability)?;
        }
        Ok(())
    }
}
