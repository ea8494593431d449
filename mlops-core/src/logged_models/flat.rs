//! Logged models as plain values, for what writes them to plain files and reads them back.

use std::collections::BTreeMap;

use super::keys;
use super::store::LoggedModels;
use super::transfer::record_ops;
use super::types::{LoggedModelData, ModelPoint};
use crate::base::stored;
use crate::base::time::Timestamp;
use crate::error::{Error, Result};
use crate::runs::{StoredArtifact, for_each_entry};
use crate::storage::{KeyRange, Op};

/// The ties of a model and a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FlatLink {
    pub(crate) run_id: String,
    pub(crate) model_id: String,
    /// The step of an output; None for an input.
    pub(crate) step: Option<i64>,
    pub(crate) at: Timestamp,
}

impl LoggedModels {
    /// What ties a run to models, as it was said.
    pub(crate) fn flat_links(&self, run: &str) -> Result<Vec<FlatLink>> {
        let mut found = Vec::new();
        for prefix in [keys::inputs(run), keys::outputs(run)] {
            for_each_entry(&*self.storage, KeyRange::prefix(prefix.clone()), |key, value| {
                let at = stored::decode("a link of a run", value)?;
                let model_id = keys::linked_behind(key, &prefix).unwrap_or_default();
                let step = key.starts_with(keys::OUTPUTS).then(|| keys::step(key)).flatten();
                found.push(FlatLink { run_id: run.into(), model_id, step, at });
                Ok(())
            })?;
        }
        Ok(found)
    }

    /// Stores what [`flat_links`](Self::flat_links) gives.
    pub(crate) fn put_link(&self, link: &FlatLink) -> Result<()> {
        let key = match link.step {
            None => keys::input(&link.run_id, &link.model_id),
            Some(step) => keys::output(&link.run_id, &link.model_id, step),
        };
        self.apply_all(vec![Op::put(key, stored::encode(&link.at)?)])
    }

    /// Stores a model as it is; its files are in the blobs of this store already.
    ///
    /// # Errors
    /// `AlreadyExists` if it is there; what writing gives.
    pub(crate) fn put_flat(
        &self,
        data: &LoggedModelData,
        files: &BTreeMap<String, StoredArtifact>,
        is_foreign: bool,
    ) -> Result<()> {
        let LoggedModelData { model, params, tags, points } = data;
        let id = &model.model_id;
        if self.storage.get(&keys::model(id))?.is_some() {
            let hint = "; it stands there twice".into();
            return Err(Error::AlreadyExists { what: "logged model", id: id.clone(), hint });
        }
        let texts = |of: &BTreeMap<String, String>| -> Vec<(String, String)> {
            of.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
        };
        let mut ops = self.text_ops(keys::PARAMS, id, &texts(params))?;
        ops.extend(self.text_ops(keys::TAGS, id, &texts(tags))?);
        for point in points {
            let ModelPoint { key, run_id, step, at, .. } = point;
            let key = keys::point(id, &(key.as_str(), run_id.as_str(), *step, at.as_micros()))?;
            ops.push(Op::put(key, stored::encode(point)?));
        }
        for (path, file) in files {
            ops.push(Op::put(keys::part(keys::FILES, id, path), stored::encode(file)?));
        }
        ops.push(Self::origin_op(id, is_foreign)?);
        ops.extend(record_ops(model)?);
        self.apply_all(ops)
    }
}
