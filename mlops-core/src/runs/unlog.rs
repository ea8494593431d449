//! Artifacts are taken away again.

use std::collections::BTreeMap;

use super::apply;
use super::artifacts;
use super::codec;
use super::core::Core;
use super::doc::StoredArtifact;
use super::drain;
use super::editing::Editing;
use super::keys::{self, SectionKind};
use super::store::Runs;
use crate::base::digests::Digest;
use crate::base::limits;
use crate::error::{Error, Result};
use crate::storage::{Durability, Op, Outcome};

impl Runs {
    /// Removes an artifact of a run, or all in a folder (None: all that it has), and returns how many files that were. What
    /// only they held is freed by the next gc.
    ///
    /// It is one commit, on the disk when this returns. What this process has logged by now is before it; what waits in the
    /// spool of another process comes after it, and stays.
    ///
    /// # Errors
    /// `NotFound` for an unknown run or path, `InvalidState` for a deleted run, `InvalidArgument` for a path that leaves the
    /// artifacts, `LimitExceeded` if what changes is more than one commit holds, `ReadOnly`, `Io`: nothing is removed then.
    ///
    /// # Examples
    /// ```
    /// use mlops_core::runs::{RunExt, RunOptions};
    ///
    /// # fn main() -> mlops_core::Result<()> {
    /// # let store = mlops_core::Store::open("memory:")?;
    /// let run = store.runs().start(RunOptions::default())?;
    /// run.log_bytes("plots/loss.svg", b"<svg/>")?;
    /// assert_eq!(store.runs().delete_artifacts(run.id(), Some("plots"))?, 1);
    /// assert!(store.runs().list_artifacts(run.id(), None)?.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn delete_artifacts(&self, run_id: &str, path: Option<&str>) -> Result<u64> {
        let core = &*self.core;
        core.check_writable("the run")?;
        core.drain_own()?;
        core.existing(run_id)?.check_active()?;
        core.delete_artifacts(run_id, &|editing, all| {
            editing.doc.check_active()?;
            Ok(artifacts::select(all, &artifacts::hint(run_id), path)?.into_keys().collect())
        })
    }

    /// Removes files of a run that still are what they were, if one of them, which stands for all, is too: whatever the
    /// lifecycle of the run. A run that is not there has none.
    ///
    /// # Errors
    /// As [`delete_artifacts`](Self::delete_artifacts).
    pub(crate) fn remove_copies(&self, run_id: &str, of: &str, files: &BTreeMap<String, Digest>) -> Result<u64> {
        let core = &*self.core;
        core.check_writable("the run")?;
        core.drain_own()?;
        let removed = core.delete_artifacts(run_id, &|_, all| {
            let same = |path: &str| all.get(path).map(|file| file.blob) == files.get(path).copied();
            if !files.contains_key(of) || !same(of) {
                return Ok(Vec::new());
            }
            Ok(files.keys().filter(|path| same(path)).cloned().collect())
        });
        match removed {
            Err(Error::NotFound { what: "run", .. }) => Ok(0),
            removed => removed,
        }
    }
}

/// What is to go of the artifacts of a run.
type Choose<'a> = dyn Fn(&Editing, BTreeMap<String, StoredArtifact>) -> Result<Vec<String>> + 'a;

impl Core {
    fn delete_artifacts(&self, run_id: &str, choose: &Choose<'_>) -> Result<u64> {
        let _lease = self.blobs.leases().hold()?;
        let removed = loop {
            if let Some(removed) = self.delete_artifacts_once(run_id, choose)? {
                break removed;
            }
        };
        let known = self.known.lock().get(run_id).cloned();
        if let Some(known) = known {
            let mut state = known.state.lock();
            state.loaded = false;
            state.artifacts.clear();
        }
        Ok(removed)
    }

    /// None if somebody changed the run meanwhile.
    fn delete_artifacts_once(&self, run: &str, choose: &Choose<'_>) -> Result<Option<u64>> {
        let (storage, blobs) = (&*self.storage, &*self.blobs);
        let Some(mut editing) = Editing::load(storage, run)? else { return Err(Error::not_found("run", run)) };
        if editing.doc.pending.is_some() {
            drain::unpack(storage, blobs, run)?;
            return Ok(None);
        }
        let all = editing.artifacts.section().clone().load(storage, &keys::pages(run, SectionKind::Artifacts))?;
        let gone = choose(&editing, all)?;
        if gone.is_empty() {
            return Ok(Some(0));
        }
        let mut ops = vec![Op::put(keys::edited(run), codec::encode(&self.clock.now())?)];
        for path in &gone {
            editing.artifacts.remove(storage, path)?;
        }
        // The copy of an ended run's record is made anew.
        editing.seal = editing.doc.info.status.is_end();
        editing.experiment = self.experiment(&editing.doc.info.experiment_id).ok().map(|found| found.name);
        editing.finish(storage, blobs, &mut ops)?;
        if !apply::fits(&ops) {
            let size = ops.iter().map(Op::size).sum::<usize>() as u64;
            let what = format!("the removal of {} artifacts", gone.len());
            return Err(Error::LimitExceeded { what, size, limit: limits::STORAGE_BATCH_BYTES as u64, unit: "bytes" });
        }
        blobs.flush()?;
        let applied = storage.apply(&ops, Durability::Full)? == Outcome::Applied;
        Ok(applied.then_some(gone.len() as u64))
    }
}
