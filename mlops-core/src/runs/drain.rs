//! Brings records from the spool into storage, in packed commits.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use uuid::Uuid;

use super::apply::{self, Applying};
use super::codec;
use super::core::Core;
use super::doc::RunDoc;
use super::keys;
use super::record::{Change, RunRecord};
use super::references::Referenced;
use super::section::for_each_entry;
use super::types::RunStatus;
use crate::base::files::Files;
use crate::base::hurry;
use crate::base::time::Timestamp;
use crate::blob::BlobStore;
use crate::error::{Error, Result};
use crate::spool::{Mark, Record, SpoolReader, WriterFiles};
use crate::storage::{Durability, KeyRange, Op, Outcome, Storage};

/// Records of one commit at most, by count and by bytes.
const COMMIT_RECORDS: usize = 4_096;
const COMMIT_BYTES: usize = 256 << 10;
/// Items of a large change that one commit applies at first; fewer if they do not fit.
const UNPACK_ITEMS: u64 = 512;
/// How long a log call's record waits for others before it is drained.
pub(super) const DRAIN_EVERY: Duration = Duration::from_millis(200);

/// How far this process's own records are drained.
#[derive(Debug, Default)]
pub(super) struct DrainState {
    mark: Mark,
    /// The last drain failed, and may have left a large change half applied.
    failed: bool,
}

impl Core {
    /// Drains this process's own records, so that it reads what it wrote.
    pub(super) fn drain_own(&self) -> Result<()> {
        self.check_process()?;
        // A drain that is under way is waited for: what it has taken cannot be read before it is done.
        let mut state = self.drain.lock();
        if self.dirty.load(Ordering::Acquire) { self.drain_locked(&mut state) } else { Ok(()) }
    }

    /// The same for who only reads: where nobody may own the store, what this process logged waits in the spool.
    pub(super) fn drain_for_reading(&self) -> Result<()> {
        match self.drain_own() {
            Err(Error::NoOwner { .. }) => Ok(()),
            drained => drained,
        }
    }

    /// The same, unless another drain takes longer than `patience`.
    pub(super) fn drain_own_within(&self, patience: Duration) -> Result<()> {
        self.check_process()?;
        match self.drain.try_lock_for(patience) {
            Some(mut state) if self.dirty.load(Ordering::Acquire) => self.drain_locked(&mut state),
            _ => Ok(()),
        }
    }

    fn drain_locked(&self, state: &mut DrainState) -> Result<()> {
        // Cleared first: a record appended from here on sets it again.
        self.dirty.store(false, Ordering::Release);
        let (storage, blobs) = (&*self.storage, &*self.blobs);
        let finished = if state.failed { finish_pending(storage, blobs) } else { Ok(()) };
        // Others log on meanwhile: who waits for this drain waits for what was logged before it.
        let until = self.spool.end();
        let writer = self.spool.writer();
        let drained = finished.and_then(|()| {
            // From the stored mark after a failure: a commit whose answer did not come may have been made after all.
            let known = (!state.failed).then_some(state.mark);
            drain(storage, blobs, writer, known, until, &mut state.mark, |mark| {
                let mut reader = self.spool.reader(mark);
                move || {
                    hurry::waiting();
                    reader.next_record()
                }
            })
        });
        let drained =
            drained.and_then(|()| if state.mark.seq < until.seq { Err(self.spool.gone(state.mark)) } else { Ok(()) });
        state.failed = drained.is_err();
        if state.failed {
            self.dirty.store(true, Ordering::Release);
        }
        drained.and_then(|()| self.spool.drained(state.mark, self.clock.now()))
    }
}

/// Finishes the large changes that a killed process, or a drain that failed, left half applied.
pub(super) fn finish_pending(storage: &dyn Storage, blobs: &dyn BlobStore) -> Result<()> {
    let mut runs = Vec::new();
    for_each_entry(storage, KeyRange::prefix(keys::PENDING), |key, _| {
        runs.extend(key.strip_prefix(keys::PENDING).map(|run| String::from_utf8_lossy(run).into_owned()));
        Ok(())
    })?;
    runs.iter().try_for_each(|run| unpack(storage, blobs, run))
}

/// Drains the files of other writers.
#[derive(Debug)]
pub(crate) struct Drainer {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) blobs: Arc<dyn BlobStore>,
}

impl Drainer {
    /// One that has no pillar; blobs are put as the pillar does it.
    pub(crate) fn new(storage: Arc<dyn Storage>, blobs: Arc<dyn BlobStore>) -> Self {
        Self { storage, blobs: Arc::new(Referenced(blobs)) }
    }

    /// Drains what a dead writer left in the spool and ends its runs as KILLED. Returns how far its files are
    /// drained.
    ///
    /// # Errors
    /// `Corrupt` with file and offset for a damaged record; what stands before it is drained.
    pub(crate) fn drain_dead(&self, files: &Files, writer: &WriterFiles) -> Result<Mark> {
        drain_dead(&*self.storage, &*self.blobs, files, writer)
    }

    /// Applies what a writer has in the spool, without saying how its runs ended: it may live.
    ///
    /// # Errors
    /// As [`drain_dead`](Self::drain_dead).
    pub(crate) fn read_writer(&self, files: &Files, writer: &WriterFiles) -> Result<()> {
        drain_writer(&*self.storage, &*self.blobs, files, writer).map(drop)
    }
}

/// Drains what a dead writer left, and says how its runs ended.
fn drain_dead(storage: &dyn Storage, blobs: &dyn BlobStore, files: &Files, writer: &WriterFiles) -> Result<Mark> {
    let id = writer.writer;
    let mark = drain_writer(storage, blobs, files, writer)?;
    let last_sign = writer.heartbeat().max(writer.last_write(files)?);
    loop {
        let mut killed = Vec::new();
        let prefix = keys::live_runs(id);
        for_each_entry(storage, KeyRange::prefix(prefix.clone()), |key, _| {
            killed.extend(key.strip_prefix(prefix.as_slice()).map(|run| String::from_utf8_lossy(run).into_owned()));
            Ok(())
        })?;
        let Some(run) = killed.first() else { return Ok(mark) };
        kill(storage, blobs, id, run, last_sign)?;
    }
}

/// Drains what stands in a writer's files by now; returns how far they are drained.
fn drain_writer(storage: &dyn Storage, blobs: &dyn BlobStore, files: &Files, writer: &WriterFiles) -> Result<Mark> {
    let until = writer.end(files)?;
    let mut mark = Mark::default();
    drain(storage, blobs, writer.writer, None, until, &mut mark, |mark| {
        let mut reader = SpoolReader::new(files, writer, mark);
        move || reader.next_record()
    })?;
    Ok(mark)
}

/// Ends a run as KILLED, if the dead writer was the last to start it and it still runs.
fn kill(
    storage: &dyn Storage,
    blobs: &dyn BlobStore,
    writer: Uuid,
    run: &str,
    last_sign: Option<Timestamp>,
) -> Result<()> {
    let doc = storage.get(&keys::run(run))?.map(|bytes| codec::decode::<RunDoc>("a run", &bytes)).transpose()?;
    let _lease = blobs.leases().hold()?;
    let mut applying = Applying::new(storage, blobs, writer);
    if let Some(doc) = doc.filter(|doc| doc.writer == Some(writer) && doc.info.status == RunStatus::Running) {
        let at = last_sign.unwrap_or(doc.info.started_at);
        applying.record(&RunRecord::Status { run: run.into(), at, status: RunStatus::Killed })?;
    }
    let mut ops = applying.finish()?;
    ops.push(Op::delete(keys::live_run(writer, run)));
    // A failed check: somebody else changed the run meanwhile; the caller looks again.
    let _: Outcome = storage.apply(&ops, Durability::Fast)?;
    Ok(())
}

/// The stored mark of a writer and its bytes.
pub(super) fn stored_mark(storage: &dyn Storage, writer: Uuid) -> Result<(Mark, Option<Vec<u8>>)> {
    let bytes = storage.get(&Mark::key(writer))?;
    let mark = bytes.as_deref().map(Mark::decode).transpose()?.unwrap_or_default();
    Ok((mark, bytes))
}

/// Drains records from the mark that is `known`, else from the stored one, up to a place at least, or until there are no
/// more. `mark` moves with every commit. `read` gives the records behind a mark.
fn drain<N: FnMut() -> Result<Option<Record>>>(
    storage: &dyn Storage,
    blobs: &dyn BlobStore,
    writer: Uuid,
    known: Option<Mark>,
    until: Mark,
    mark: &mut Mark,
    read: impl Fn(Mark) -> N,
) -> Result<()> {
    *mark = known.map_or_else(|| stored_mark(storage, writer).map(|(stored, _)| stored), Ok)?;
    let mut next = read(*mark);
    loop {
        let mut records = Vec::new();
        let mut bytes = 0;
        let mut damage = None;
        while records.len() < COMMIT_RECORDS && bytes < COMMIT_BYTES {
            match next() {
                Ok(Some(record)) => {
                    bytes += record.body.len();
                    records.push((RunRecord::decode(&record.body)?, record.after));
                }
                Ok(None) => break,
                // What stands before the damage is whole and is kept; the damage is reported after that.
                Err(e) => {
                    damage = Some(e);
                    break;
                }
            }
        }
        let done = records.is_empty();
        if let Committed::Elsewhere(stored) = commit_all(storage, blobs, writer, &records, mark)? {
            *mark = stored;
            next = read(stored);
            continue;
        }
        if let Some(damage) = damage {
            return Err(damage);
        }
        if done || *mark >= until {
            return Ok(());
        }
    }
}

/// What became of a commit of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Committed {
    Done,
    /// Somebody else changed a run meanwhile: the same records are to be applied anew.
    Again,
    /// The records up to this mark were drained already: by a commit of this process whose answer did not come, or by
    /// one of a process that was killed while it drained the same writer.
    Elsewhere(Mark),
}

/// Commits records, as many at a time as fit.
fn commit_all(
    storage: &dyn Storage,
    blobs: &dyn BlobStore,
    writer: Uuid,
    mut records: &[(RunRecord, Mark)],
    mark: &mut Mark,
) -> Result<Committed> {
    let mut size = records.len();
    while let [(first, after_first), ..] = records {
        // A large change goes alone, and is wholly applied before what comes behind it.
        let alone = matches!(first, RunRecord::Large { .. });
        let until_large = records.iter().position(|(record, _)| matches!(record, RunRecord::Large { .. }));
        let count = if alone { 1 } else { size.min(until_large.unwrap_or(records.len())).max(1) };
        let Some((part, rest)) = records.split_at_checked(count) else { break };
        let Some((_, after)) = part.last() else { break };
        // What is sealed is named when it is committed.
        let lease = blobs.leases().hold()?;
        let mut applying = Applying::new(storage, blobs, writer);
        part.iter().try_for_each(|(record, _)| applying.record(record))?;
        let ops = applying.finish()?;
        if apply::fits(&ops) {
            let committed = commit(storage, writer, ops, mark, *after)?;
            drop(lease);
            match committed {
                Committed::Done => {
                    if let RunRecord::Large { run, .. } = first {
                        unpack(storage, blobs, run)?;
                    }
                    records = rest;
                }
                Committed::Again => {}
                elsewhere @ Committed::Elsewhere(_) => return Ok(elsewhere),
            }
            size = (count * 2).max(1);
        } else if count > 1 {
            size = count / 2;
        } else if let RunRecord::Change(change) = first {
            let large = apply::enlarge(blobs, change.clone())?;
            let committed = commit_all(storage, blobs, writer, &[(large, *after_first)], mark)?;
            if committed != Committed::Done {
                return Ok(committed);
            }
            records = rest;
        } else if let RunRecord::Start(start) = first
            && !start.tags.is_empty()
        {
            // The run first, then its tags as a large change. The mark stays before the record until those are in:
            // to start a run twice changes nothing.
            let mut start = start.clone();
            let tags = std::mem::take(&mut start.tags).into_iter().map(|(key, value)| (key, Some(value)));
            let tags = Change { tags: tags.collect(), ..Change::new(&start.run, start.at) };
            let large = apply::enlarge(blobs, tags)?;
            let both = [(RunRecord::Start(start), *mark), (large, *after_first)];
            let committed = commit_all(storage, blobs, writer, &both, mark)?;
            if committed != Committed::Done {
                return Ok(committed);
            }
            records = rest;
        } else {
            return Err(Error::internal("a single record of a run does not fit into a commit"));
        }
    }
    Ok(Committed::Done)
}

/// Commits a batch together with the mark.
fn commit(storage: &dyn Storage, writer: Uuid, mut ops: Vec<Op>, mark: &mut Mark, after: Mark) -> Result<Committed> {
    let (stored, bytes) = stored_mark(storage, writer)?;
    if stored.seq > mark.seq {
        return Ok(Committed::Elsewhere(stored));
    }
    ops.push(Op::Check { key: Mark::key(writer), expected: bytes });
    ops.push(Op::put(Mark::key(writer), after.encode()));
    if storage.apply(&ops, Durability::Fast)? != Outcome::Applied {
        return Ok(Committed::Again);
    }
    *mark = after;
    Ok(Committed::Done)
}

/// Applies the items of a run's large change, commit by commit; what is done stands in the run's record.
fn unpack(storage: &dyn Storage, blobs: &dyn BlobStore, run: &str) -> Result<()> {
    let mut count = UNPACK_ITEMS;
    let mut loaded: Option<Change> = None;
    loop {
        let doc = storage.get(&keys::run(run))?.map(|bytes| codec::decode::<RunDoc>("a run", &bytes)).transpose()?;
        let Some(pending) = doc.and_then(|doc| doc.pending) else { return Ok(()) };
        let change = match &loaded {
            Some(change) => change,
            None => loaded.insert(codec::decode("a large change", &blobs.get(&pending.blob)?)?),
        };
        let _lease = blobs.leases().hold()?;
        let mut applying = Applying::new(storage, blobs, Uuid::nil());
        applying.unpack(run, pending, change, count)?;
        let ops = applying.finish()?;
        if !apply::fits(&ops) && count > 1 {
            count /= 2;
            continue;
        }
        let _: Outcome = storage.apply(&ops, Durability::Fast)?;
    }
}
