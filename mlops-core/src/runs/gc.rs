//! What runs refer to, for who frees the rest; and the removal of deleted runs for good.

use std::collections::BTreeSet;

use super::apply;
use super::codec;
use super::columns;
use super::core::Core;
use super::doc::RunDoc;
use super::drain::stored_mark;
use super::holders;
use super::keys;
use super::record::{Change, RunRecord};
use super::references::for_each_reference;
use super::section::{for_each_entry, remove_pages};
use super::store::Runs;
use super::types::Lifecycle;
use crate::base::digests::Digest;
use crate::base::files::Files;
use crate::base::time::Timestamp;
use crate::blob::{BlobStore, Referrer};
use crate::error::{Error, Result};
use crate::spool::{SpoolReader, WriterFiles};
use crate::storage::{Durability, KeyRange, Op, Outcome};

/// The blobs of all runs but some.
#[derive(Debug)]
pub(crate) struct RunBlobs<'a> {
    pub(crate) runs: &'a Runs,
    /// Runs whose blobs are left out.
    pub(crate) except: &'a BTreeSet<String>,
    /// Artifacts whose blobs are left out: the run and the path.
    pub(crate) except_files: &'a BTreeSet<(String, String)>,
}

impl Referrer for RunBlobs<'_> {
    fn for_each_blob(&self, visit: &mut dyn FnMut(Digest)) -> Result<()> {
        let Core { storage, blobs, .. } = &*self.runs.core;
        for_each_reference(&**storage, |reference| {
            if self.except.contains(reference.run()) || reference.is_one_of(self.except_files) {
                return Ok(());
            }
            visit(reference.blob());
            // What a change has not unpacked yet is named in its blob only.
            if reference.is_change() { large_change(&**blobs, &reference.blob(), visit) } else { Ok(()) }
        })?;
        columns::for_each_blob(&**storage, &**blobs, visit)
    }
}

impl Runs {
    /// Visits the blobs that a writer's records name, of those that are not drained.
    ///
    /// # Errors
    /// `Corrupt` for a damaged record, `Io`.
    pub(crate) fn for_each_spooled_blob(
        &self,
        files: &Files,
        writer: &WriterFiles,
        visit: &mut dyn FnMut(Digest),
    ) -> Result<()> {
        let mut reader = SpoolReader::new(files, writer, stored_mark(&*self.core.storage, writer.writer)?.0);
        while let Some(record) = reader.next_record()? {
            match RunRecord::decode(&record.body)? {
                RunRecord::Start(start) => {
                    start.tags.iter().filter_map(|(_, value)| value.blob()).for_each(&mut *visit);
                }
                RunRecord::Change(change) => change.blobs(visit),
                RunRecord::Large { blob, .. } => {
                    visit(blob);
                    large_change(&*self.core.blobs, &blob, visit)?;
                }
                RunRecord::Status { .. } | RunRecord::Point { .. } | RunRecord::Lost => {}
            }
        }
        Ok(())
    }

    /// The runs that were deleted at a time that `old` says yes to.
    ///
    /// # Errors
    /// `Corrupt`, `Io`.
    pub(crate) fn list_deleted(&self, old: impl Fn(Timestamp) -> bool) -> Result<BTreeSet<String>> {
        let storage = &*self.core.storage;
        let mut found = BTreeSet::new();
        let hidden = self.core.deleted_experiments()?;
        for_each_entry(storage, KeyRange::prefix(keys::RUNS), |_, value| {
            let info = codec::decode::<RunDoc>("a run", value)?.info;
            if let Some(at) = hidden.get(&keys::experiment_number(&info.experiment_id)?)
                && old(*at)
            {
                found.insert(info.run_id);
            } else if info.lifecycle == Lifecycle::Deleted {
                let at = storage.get(&keys::deleted(&info.run_id))?;
                let at = at.map(|at| codec::decode("the time of a deletion", &at)).transpose()?;
                // Where it was not noted, it was not before the end of the run.
                if old(at.unwrap_or(info.ended_at.unwrap_or(info.started_at))) {
                    found.insert(info.run_id);
                }
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// Removes a deleted run for good: record, pages, points and index entries, in one commit. False if it is not
    /// deleted any more, somebody changed it meanwhile, or its pages are too many for a commit.
    ///
    /// # Errors
    /// `ReadOnly`, `Io`, `OutOfSpace`: nothing is removed then.
    pub(crate) fn remove(&self, run_id: &str) -> Result<bool> {
        let core = &*self.core;
        core.check_writable("the run")?;
        // No log call of this process comes behind this, and those before it are in storage: a record that came later
        // would make the run again.
        let known = core.known.lock().get(run_id).cloned();
        if let Some(known) = &known {
            known.state.lock().deleted = true;
        }
        let removed = core.drain_own().and_then(|()| remove_stored(core, run_id));
        if matches!(removed, Ok(true)) {
            // Another run may get the id.
            core.known.lock().remove(run_id);
        } else if let Some(known) = &known {
            let lifecycle = match core.existing(run_id) {
                Ok(doc) => doc.info.lifecycle,
                Err(Error::NotFound { .. }) => Lifecycle::Deleted,
                Err(e) => return Err(e),
            };
            known.state.lock().deleted = lifecycle == Lifecycle::Deleted;
        }
        removed
    }
}

#[cfg(test)]
impl Runs {
    /// Nothing is drained while this is held.
    pub(crate) fn hold_drain(&self) -> impl Drop + '_ {
        self.core.drain.lock()
    }
}

fn remove_stored(core: &Core, run: &str) -> Result<bool> {
    let storage = &*core.storage;
    let key = keys::run(run);
    let Some(bytes) = storage.get(&key)? else { return Ok(false) };
    let doc: RunDoc = codec::decode("a run", &bytes)?;
    let mut ops = Vec::new();
    if doc.info.lifecycle != Lifecycle::Deleted {
        // It is deleted with its experiment, and is not any more once that is restored.
        let Some(check) = core.check_deleted(&doc.info.experiment_id)? else { return Ok(false) };
        ops.push(check);
    }
    if doc.pending.is_some() {
        return Ok(false);
    }
    ops.extend([Op::check(key.clone(), Some(bytes)), Op::delete(key), Op::delete(keys::deleted(run))]);
    ops.push(Op::delete(keys::edited(run)));
    ops.push(Op::delete(keys::note(run)));
    ops.push(Op::delete(keys::experiment_run(keys::experiment_number(&doc.info.experiment_id)?, run)));
    ops.push(columns::removed(&doc)?);
    ops.extend(doc.writer.map(|writer| Op::delete(keys::live_run(writer, run))));
    holders::remove(storage, run, &mut ops)?;
    remove_pages(storage, run, &mut ops)?;
    Ok(apply::fits(&ops) && storage.apply(&ops, Durability::Full)? == Outcome::Applied)
}

/// Visits what a change names that is kept in a blob.
fn large_change(blobs: &dyn BlobStore, blob: &Digest, visit: &mut dyn FnMut(Digest)) -> Result<()> {
    codec::decode::<Change>("a large change", &blobs.get(blob)?)?.blobs(visit);
    Ok(())
}
