//! Where a logged model is from: what nobody knows to be made here asks before it runs code.

use serde::{Deserialize, Serialize};

use super::keys;
use super::store::LoggedModels;
use crate::base::stored;
use crate::error::{Code, Result};
use crate::storage::Op;

/// Whether a model was made in this store. It stands beside the record, so that a copy of the record does not bring it along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Origin {
    /// By a process that uses the store.
    Here,
    /// It was brought in from elsewhere.
    Elsewhere,
}

impl LoggedModels {
    /// Notes that a model came from elsewhere: what of it runs code when it is loaded asks first from now on. For what brings
    /// models in from other stores and tools, before it brings their files.
    ///
    /// # Errors
    /// `NotFound`, `ReadOnly`, `Io`.
    pub fn mark_foreign(&self, id: &str) -> Result<()> {
        self.runs.check_writable()?;
        self.commit(id, vec![Self::origin_op(id, true)?])
    }

    /// The operation that notes where a model is from.
    pub(super) fn origin_op(id: &str, is_foreign: bool) -> Result<Op> {
        let origin = if is_foreign { Origin::Elsewhere } else { Origin::Here };
        Ok(Op::put(keys::origin(id), stored::encode(&origin)?))
    }

    /// True if nobody knows that a model was made here: it was brought in, or nothing is noted of it and it has no run here
    /// that was not brought in.
    ///
    /// # Errors
    /// `NotFound` for an unknown model, `Corrupt`, `Io`.
    pub fn is_foreign(&self, id: &str) -> Result<bool> {
        let (model, _) = self.stored(id)?;
        if let Some(noted) = self.storage.get(&keys::origin(id))? {
            return Ok(stored::decode::<Origin>("the origin of a logged model", &noted)? == Origin::Elsewhere);
        }
        let Some(run) = model.source_run_id else { return Ok(true) };
        match self.runs.info(&run) {
            Ok(_) => self.runs.is_foreign(&run),
            Err(e) if matches!(e.code(), Code::NotFound | Code::InvalidArgument) => Ok(true),
            Err(e) => Err(e),
        }
    }
}
