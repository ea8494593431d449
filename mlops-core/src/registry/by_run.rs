//! The versions of a run. An entry for each says where to look: whether it is still so, the version itself tells.

use super::keys;
use super::store::LocalRegistry;
use super::types::{ModelRecord, VersionInfo};
use crate::base::stored;
use crate::error::Result;
use crate::runs::for_each_entry;
use crate::storage::{KeyRange, Op};

/// What says that a version was made by its run; None if no run made it.
pub(super) fn entry(model: u64, number: u64, info: &VersionInfo) -> Option<Op> {
    let key = keys::version_of_run(info.run_id.as_deref()?, model, number)?;
    Some(Op::put(key, stored::PRESENT))
}

/// Removes that.
pub(super) fn no_entry(model: u64, number: u64, info: &VersionInfo) -> Option<Op> {
    Some(Op::delete(keys::version_of_run(info.run_id.as_deref()?, model, number)?))
}

impl LocalRegistry {
    /// The versions of a run, with their models; None if there are some that no entry tells of, in a registry that was begun
    /// before there were entries, or of a run with so long a name.
    pub(super) fn versions_of_run(&self, run: &str) -> Result<Option<Vec<(ModelRecord, u64, VersionInfo)>>> {
        let Some(prefix) = keys::versions_of_run(run) else { return Ok(None) };
        if self.storage.get(keys::BY_RUN_IS_WHOLE)?.is_none() {
            return Ok(None);
        }
        let mut named = Vec::new();
        for_each_entry(&*self.storage, KeyRange::prefix(prefix), |key, _| {
            named.extend(keys::owner_and_version(key));
            Ok(())
        })?;
        let mut found = Vec::new();
        for (model, number) in named {
            let Some(bytes) = self.storage.get(&keys::model(model))? else { continue };
            let record: ModelRecord = stored::decode("a registered model", &bytes)?;
            if let Some(info) = self.find_version_record(&record, number)?
                && info.run_id.as_deref() == Some(run)
            {
                found.push((record, number, info));
            }
        }
        Ok(Some(found))
    }
}
