//! Folds the runs that changed into segments.

use std::sync::atomic::Ordering;

use serde::Serialize;

use super::super::codec;
use super::super::core::Core;
use super::super::doc::RunDoc;
use super::super::keys;
use super::super::read::View;
use super::super::section::{for_each_entry, names_behind};
use super::super::types::RunStatus;
use super::build::{self, Source};
use super::layout::encode;
use super::table::Table;
use super::{FOLD_FROM, REST_FROM, RUNNING_FROM, SEGMENT_ENTRIES, SEGMENT_ROWS, SMALL_SEGMENTS, WIDEST};
use crate::base::digests::Digest;
use crate::base::limits;
use crate::error::{Error, Result};
use crate::storage::{Durability, KeyRange, Op, Outcome};

/// How often a commit is tried again because runs changed meanwhile.
const TRIES: usize = 4;

/// Runs that changed, and the bytes that say so.
type Unfolded = Vec<(String, Vec<u8>)>;

/// The storage entry that says that a run changed.
pub(in crate::runs) fn changed(doc: &RunDoc) -> Result<Op> {
    // Of two runs of one id, one after the other, versions are the same, but not the times.
    unfolded(&doc.info.run_id, &(doc.version, doc.info.started_at))
}

/// The storage entry that says that a run was removed for good.
pub(in crate::runs) fn removed(doc: &RunDoc) -> Result<Op> {
    unfolded(&doc.info.run_id, &(doc.version, doc.info.started_at, "removed"))
}

/// The bytes differ from those of every change before.
fn unfolded(run: &str, change: &impl Serialize) -> Result<Op> {
    Ok(Op::put(keys::unfolded(run), encode(change)?))
}

/// How many params, tags and metrics a run has.
fn entries(doc: &RunDoc) -> u64 {
    doc.params.len() + doc.tags.len() + doc.metrics.len()
}

/// True if a run that changed, one of `changed`, is folded; None: it is removed for good.
pub(super) fn is_folded(doc: Option<&RunDoc>, changed: usize) -> bool {
    doc.is_none_or(|doc| (changed > RUNNING_FROM || doc.info.status != RunStatus::Running) && entries(doc) <= WIDEST)
}

impl Core {
    /// Folds if so many runs changed that it is worth it, unless the last look at them, by a fold or by a search, found too
    /// few that can be folded.
    pub(super) fn fold_if_many(&self, changed: usize) {
        if changed >= 2 * FOLD_FROM && !self.read_only && self.columns.foldable() >= FOLD_FROM {
            // Who ended so many runs did not get to it. What is not folded now is only slower.
            let _ = self.fold();
        }
    }

    /// Notes that this process has ended a run.
    pub(in crate::runs) fn count_ended(&self) {
        self.columns.ended.fetch_add(1, Ordering::Relaxed);
    }

    /// Folds if this process has ended many runs.
    pub(in crate::runs) fn fold_if_due(&self) -> Result<()> {
        if self.columns.ended.load(Ordering::Relaxed) < FOLD_FROM { Ok(()) } else { self.fold() }
    }

    /// True if this process has ended so many runs since the last fold that what is left is worth one.
    pub(in crate::runs) fn has_rest(&self) -> bool {
        !self.read_only && self.columns.ended.load(Ordering::Relaxed) >= REST_FROM
    }

    /// Folds what is left of the runs that this process has ended, before it does nothing for a while or ends.
    pub(in crate::runs) fn fold_the_rest(&self) {
        if self.has_rest() {
            // What is not folded now is only slower.
            let _ = self.fold_from(REST_FROM);
        }
    }

    /// Folds what has changed, if it is much.
    ///
    /// # Errors
    /// What storage and blobs give; nothing is lost then, searches only read more records.
    pub(in crate::runs) fn fold(&self) -> Result<()> {
        self.fold_from(FOLD_FROM)
    }

    /// The same, from so many runs on. Another process may do it too: one of the two does it.
    fn fold_from(&self, least: usize) -> Result<()> {
        let Some(_one) = self.columns.folding.try_lock() else { return Ok(()) };
        self.columns.ended.store(0, Ordering::Relaxed);
        if self.storage.get(keys::COLUMNS)?.is_none() {
            self.begin()?;
        }
        match self.table() {
            Ok(Some(table)) => self.refold_small(&table)?,
            Ok(None) => {}
            Err(Error::Corrupt { .. } | Error::NotFound { .. }) => return self.forget_columns(),
            Err(e) => return Err(e),
        }
        while self.fold_some(least)? {}
        Ok(())
    }

    /// In a store that has no columns yet, every run is one that changed.
    fn begin(&self) -> Result<()> {
        for run in names_behind(&*self.storage, keys::RUNS)? {
            let ops = [Op::check_absent(keys::unfolded(&run)), unfolded(&run, &"not folded yet")?];
            // A failed check: it is said already.
            let _: Outcome = self.storage.apply(&ops, Durability::Fast)?;
        }
        let ops = [Op::check_absent(keys::COLUMNS), Op::put(keys::COLUMNS, codec::encode(&0_u64)?)];
        self.storage.apply(&ops, Durability::Fast).map(|_: Outcome| ())
    }

    /// Removes columns that cannot be read; the next fold makes them again.
    fn forget_columns(&self) -> Result<()> {
        let counter = self.storage.get(keys::COLUMNS)?;
        let mut ops = vec![Op::check(keys::COLUMNS, counter), Op::delete(keys::COLUMNS)];
        for_each_entry(&*self.storage, KeyRange::prefix(keys::SEGMENTS), |key, _| {
            ops.push(Op::delete(key));
            Ok(())
        })?;
        self.storage.apply(&ops, Durability::Fast).map(|_: Outcome| ())
    }

    /// One segment; false if fewer than `least` runs have changed.
    fn fold_some(&self, least: usize) -> Result<bool> {
        let Some(counter) = self.storage.get(keys::COLUMNS)? else { return Ok(false) };
        let (rows, mut runs) = self.choose_runs()?;
        self.columns.found_foldable(runs.len());
        if runs.len() < least {
            return Ok(false);
        }
        let _lease = self.blobs.leases().hold()?;
        let segment = build::build(&*self.blobs, rows)?;
        // Without the entries that it stands for, a segment that is gone with the power would hide runs.
        self.blobs.flush()?;
        for _ in 0..TRIES {
            if self.storage.apply(&commit(&counter, segment, &runs)?, Durability::Fast)? == Outcome::Applied {
                return Ok(true);
            }
            if self.storage.get(keys::COLUMNS)?.as_ref() != Some(&counter) {
                // Another process folds.
                return Ok(false);
            }
            // Of a run that changed meanwhile the row is old already: the entry that says so stays.
            let mut still = Vec::with_capacity(runs.len());
            for (run, value) in runs {
                if self.storage.get(&keys::unfolded(&run))?.as_ref() == Some(&value) {
                    still.push((run, value));
                }
            }
            runs = still;
        }
        Ok(false)
    }

    /// The rows of the next segment, and the entries that it takes the place of.
    fn choose_runs(&self) -> Result<(Vec<Source>, Unfolded)> {
        let mut all: Unfolded = Vec::new();
        for_each_entry(&*self.storage, KeyRange::prefix(keys::UNFOLDED), |key, value| {
            let run = key.strip_prefix(keys::UNFOLDED).unwrap_or_default();
            all.push((String::from_utf8_lossy(run).into_owned(), value.to_vec()));
            Ok(())
        })?;
        let changed = all.len();
        let (mut rows, mut runs, mut bytes, mut held) = (Vec::new(), Vec::new(), 0, 0);
        for (run, value) in all {
            // Each stands in a check and a deletion.
            bytes += 2 * (run.len() + 16) + value.len();
            if rows.len() >= SEGMENT_ROWS || bytes > limits::STORAGE_BATCH_BYTES / 2 || held > SEGMENT_ENTRIES {
                break;
            }
            let doc = self.doc(&run)?;
            if !is_folded(doc.as_ref(), changed) {
                continue;
            }
            held += doc.as_ref().map_or(0, entries);
            let view = doc.map(|doc| View::load(&*self.storage, &*self.blobs, doc)).transpose()?;
            rows.push((run.clone(), view));
            runs.push((run, value));
        }
        Ok((rows, runs))
    }

    /// Has the rows of small segments folded anew, together, once there are many such segments.
    fn refold_small(&self, table: &Table) -> Result<()> {
        let live: Vec<usize> = (0..table.segments.len()).map(|segment| table.newest(segment).count()).collect();
        // One that has few rows because they are wide would be no larger.
        let is_small = |rows: usize, columns: usize| {
            rows < SEGMENT_ROWS / 2 && (rows as u64).saturating_mul(columns as u64) < SEGMENT_ENTRIES / 4
        };
        let small = || {
            let all = table.segments.iter().enumerate();
            all.filter(|(at, found)| live.get(*at).is_some_and(|rows| is_small(*rows, found.directory.columns.len())))
        };
        if small().count() <= SMALL_SEGMENTS {
            return Ok(());
        }
        for (at, segment) in small() {
            let key = keys::segment_of_columns(segment.number);
            let value = encode(&segment.directory_blob)?;
            let mut ops = vec![Op::check(key.clone(), Some(value)), Op::delete(key)];
            // Not what any other change says: who folds the run at this moment sees the difference.
            let again = self.ids.next_hex();
            for row in table.newest(at) {
                let Some(run) = segment.heads.ids.get(row) else { continue };
                ops.push(unfolded(run, &again)?);
            }
            let _: Outcome = self.storage.apply(&ops, Durability::Fast)?;
        }
        Ok(())
    }
}

/// What makes a segment part of the columns.
fn commit(counter: &[u8], segment: Digest, runs: &Unfolded) -> Result<Vec<Op>> {
    let number: u64 = codec::decode("the counter of columns", counter)?;
    let mut ops = vec![
        Op::check(keys::COLUMNS, Some(counter.to_vec())),
        Op::put(keys::COLUMNS, codec::encode(&(number + 1))?),
        Op::put(keys::segment_of_columns(number), encode(&segment)?),
    ];
    for (run, value) in runs {
        let key = keys::unfolded(run);
        ops.push(Op::check(key.clone(), Some(value.clone())));
        ops.push(Op::delete(key));
    }
    Ok(ops)
}
