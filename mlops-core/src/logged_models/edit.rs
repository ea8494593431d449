//! Changing a logged model: status, params, tags, deleting and restoring.

use super::keys;
use super::store::LoggedModels;
use super::types::{LoggedModel, LoggedModelStatus};
use crate::base::stored;
use crate::error::{Error, Result};
use crate::runs::Lifecycle;
use crate::storage::{Op, Outcome};

impl LoggedModels {
    /// Says how a model stands, and why.
    ///
    /// # Errors
    /// `NotFound`, `ReadOnly`, `Io`.
    pub fn set_status(&self, id: &str, status: LoggedModelStatus, message: Option<&str>) -> Result<LoggedModel> {
        self.edit(id, |model| {
            model.status = status;
            model.status_message = message.map(str::to_owned);
        })
    }

    /// Hides a model from lists that do not ask for deleted ones; it can be restored.
    ///
    /// # Errors
    /// `NotFound`, `ReadOnly`, `Io`.
    pub fn delete(&self, id: &str) -> Result<()> {
        self.edit(id, |model| model.lifecycle = Lifecycle::Deleted).map(drop)
    }

    /// Shows a deleted model again.
    ///
    /// # Errors
    /// `NotFound`, `ReadOnly`, `Io`.
    pub fn restore(&self, id: &str) -> Result<()> {
        self.edit(id, |model| model.lifecycle = Lifecycle::Active).map(drop)
    }

    /// Adds params, all or none of them.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` if the model has one with another value; `InvalidArgument`, `LimitExceeded`, `ReadOnly`,
    /// `Io`.
    pub fn log_params(&self, id: &str, params: &[(String, String)]) -> Result<()> {
        self.runs.check_writable()?;
        self.check_params(id, params)?;
        let _lease = self.blobs().leases().hold()?;
        self.commit(id, self.text_ops(keys::PARAMS, id, params)?)
    }

    /// Refuses params that a model has with other values.
    pub(super) fn check_params(&self, id: &str, params: &[(String, String)]) -> Result<()> {
        if params.is_empty() {
            return Ok(());
        }
        self.stored(id)?;
        let had = self.texts(keys::PARAMS, id)?;
        for (key, value) in params {
            if let Some(had) = had.get(key).filter(|had| *had != value) {
                let detail = format!(
                    "the param `{key}` of the logged model `{id}` is already `{had}` and cannot change to `{value}`; log it under another name"
                );
                return Err(Error::Conflict { detail });
            }
        }
        Ok(())
    }

    /// Sets tags.
    ///
    /// # Errors
    /// `NotFound`, `InvalidArgument`, `LimitExceeded`, `ReadOnly`, `Io`.
    pub fn set_tags(&self, id: &str, tags: &[(String, String)]) -> Result<()> {
        self.runs.check_writable()?;
        let _lease = self.blobs().leases().hold()?;
        self.commit(id, self.text_ops(keys::TAGS, id, tags)?)
    }

    /// Removes a tag.
    ///
    /// # Errors
    /// `NotFound`, also if the model has no such tag; `ReadOnly`, `Io`.
    pub fn delete_tag(&self, id: &str, key: &str) -> Result<()> {
        self.runs.check_writable()?;
        self.stored(id)?;
        let place = keys::part(keys::TAGS, id, key);
        if self.storage.get(&place)?.is_none() {
            let hint = format!(" in the logged model `{id}`");
            return Err(Error::NotFound { what: "tag", id: key.into(), hint });
        }
        self.commit(id, vec![Op::delete(place)])
    }

    /// Changes a model's record: again, if somebody else changed it meanwhile.
    fn edit(&self, id: &str, change: impl Fn(&mut LoggedModel)) -> Result<LoggedModel> {
        self.runs.check_writable()?;
        loop {
            let (mut model, bytes) = self.stored(id)?;
            change(&mut model);
            model.updated_at = self.runs.clock().now().max(model.updated_at);
            let key = keys::model(id);
            let ops = [Op::check(key.clone(), Some(bytes)), Op::put(key, stored::encode(&model)?)];
            if self.storage.apply(&ops, self.runs.durability())? == Outcome::Applied {
                return Ok(model);
            }
        }
    }
}
