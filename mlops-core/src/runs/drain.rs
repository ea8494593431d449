//! Brings records from the spool into storage, in packed commits.

use std::cell::Cell;
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use uuid::Uuid;

use super::apply::{self, Applying};
use super::codec;
use super::contradicted::Contradiction;
use super::core::Core;
use super::doc::RunDoc;
use super::keys;
use super::record::{Change, RunRecord};
use super::section::names_behind;
use crate::base::digests::Digest;
use crate::base::hurry;
use crate::base::time::Timestamp;
use crate::blob::BlobStore;
use crate::error::{Error, Result};
use crate::spool::{Mark, Record, SpoolReader};
use crate::storage::{Durability, Op, Outcome, Storage};

/// Records of one commit at most, by count and by bytes.
const COMMIT_RECORDS: usize = 4_096;
const COMMIT_BYTES: usize = 256 << 10;
/// The same where points of very many series come in any order.
const SCATTERED_RECORDS: usize = 65_536;
const SCATTERED_BYTES: usize = 16 << 20;
/// Points that do not fit into a commit, and are no more than this, are of so many series that each changes a page of its own:
/// as many of them as there are go into one large change then, which goes through the pages in their order.
const SCATTERED_BELOW: usize = 512;
/// Fewer points than this are not worth a large change.
const SCATTERED_FROM: usize = 64;
/// Items of a large change that one commit applies at first; fewer if they do not fit.
const UNPACK_ITEMS: u64 = 512;
/// How long a log call's record waits for others before it is drained.
pub(super) const DRAIN_EVERY: Duration = Duration::from_millis(200);

/// How far this process's own records are drained.
#[derive(Debug, Default)]
pub(super) struct DrainState {
    mark: Mark,
    /// What read the records up to the mark, still open: to find the file anew costs more than most drains.
    reader: Option<SpoolReader>,
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

    /// How many drains failed because the engine was away or refused, for [`drain_unless_failed`](Self::drain_unless_failed).
    pub(super) fn drain_failures(&self) -> u64 {
        self.drain_failures.load(Ordering::Acquire)
    }

    /// The same for who does not read: where a drain failed since there were so many failures, waiting for the engine once
    /// more is for the background thread.
    pub(super) fn drain_unless_failed(&self, failures: u64) -> Result<()> {
        self.check_process()?;
        let mut state = self.drain.lock();
        let dirty = self.dirty.load(Ordering::Acquire) && self.drain_failures() == failures;
        if dirty { self.drain_locked(&mut state) } else { Ok(()) }
    }

    /// What a reader reads: all that this process logged is in it.
    pub(super) fn for_reading(&self) -> Result<Arc<Core>> {
        if self.has_endings() {
            self.check_process()?;
            // What there is no room for yet is not to be read yet.
            let _ = self.write_endings();
        }
        match self.drain_own() {
            Err(error @ Error::NoOwner { .. }) => self.unowned.read(self.spool.end(), error),
            drained => drained.and_then(|()| self.this.upgrade().ok_or_else(|| Error::internal("the store is gone"))),
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
        let before = state.mark;
        let writer = self.spool.writer();
        let drained = finished.and_then(|()| {
            // From the stored mark after a failure: a commit whose answer did not come may have been made after all.
            let known = (!state.failed).then_some(state.mark);
            let of = Drain { forced: Some(&self.forced), ..Drain::new(storage, blobs, writer) };
            let reader = RefCell::new(self.spool.reader(state.mark, state.reader.take()));
            let drained = of.records(known, until, &mut state.mark, |mark| {
                reader.borrow_mut().go_to(mark);
                || {
                    hurry::waiting();
                    reader.borrow_mut().next_record()
                }
            });
            state.reader = reader.into_inner().keep().filter(|_| drained.is_ok());
            self.contradicted(of.met.take());
            drained
        });
        let behind = state.mark.seq < until.seq;
        // Whatever else is gone with the records.
        let is_gone = self.spool.is_gone();
        let drained = if is_gone || behind && drained.is_ok() {
            *self.gone_from.lock() = before.min(state.mark);
            Err(self.spool.gone(before.min(state.mark)))
        } else {
            drained
        };
        // What is logged from here on would be lost too: the next log call says so.
        self.is_gone.store(is_gone, Ordering::Relaxed);
        state.failed = drained.is_err();
        if state.failed {
            // That something is lost is for everyone to hear.
            if !matches!(drained, Err(Error::Corrupt { .. })) {
                self.drain_failures.fetch_add(1, Ordering::AcqRel);
            }
            self.dirty.store(true, Ordering::Release);
        }
        drained.and_then(|()| self.spool.drained(state.mark, self.clock.now()))
    }
}

/// Finishes the large changes that a killed process, or a drain that failed, left half applied.
pub(super) fn finish_pending(storage: &dyn Storage, blobs: &dyn BlobStore) -> Result<()> {
    let runs = names_behind(storage, keys::PENDING)?;
    runs.iter().try_for_each(|run| unpack(storage, blobs, run).map(drop))
}

/// The stored mark of a writer and its bytes.
pub(super) fn stored_mark(storage: &dyn Storage, writer: Uuid) -> Result<(Mark, Option<Vec<u8>>)> {
    let bytes = storage.get(&Mark::key(writer))?;
    let mark = bytes.as_deref().map(Mark::decode).transpose()?.unwrap_or_default();
    Ok((mark, bytes))
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

/// How the records of a writer are drained.
pub(super) struct Drain<'a> {
    pub(super) storage: &'a dyn Storage,
    pub(super) blobs: &'a dyn BlobStore,
    pub(super) writer: Uuid,
    /// What its last records name may be gone with the power.
    pub(super) is_dead: bool,
    /// True once some of its records may be acknowledged as being on the disk: what a commit names is there before the
    /// commit then. None: it is not known.
    pub(super) forced: Option<&'a AtomicBool>,
    /// Points come that each change a page of their own.
    pub(super) scattered: Cell<bool>,
    /// The params that came second, of what is committed.
    pub(super) met: RefCell<Vec<Contradiction>>,
}

impl<'a> Drain<'a> {
    /// How the records of a living writer are drained, of which any may be acknowledged as being on the disk.
    pub(super) fn new(storage: &'a dyn Storage, blobs: &'a dyn BlobStore, writer: Uuid) -> Self {
        Self {
            storage,
            blobs,
            writer,
            is_dead: false,
            forced: None,
            scattered: Cell::new(false),
            met: RefCell::default(),
        }
    }

    fn is_forced(&self) -> bool {
        self.forced.is_none_or(|forced| forced.load(Ordering::Acquire))
    }

    /// A record. One that cannot be applied, since what it names never came to the disk, was not acknowledged for that
    /// long: the power went.
    fn decode(&self, record: &Record) -> Result<RunRecord> {
        let record = RunRecord::decode(&record.body)?;
        let mut missing = Vec::new();
        if self.is_dead {
            record.blobs(&mut |blob| missing.push(blob));
        }
        for blob in missing {
            if self.blobs.size(&blob)?.is_none() {
                return Ok(RunRecord::Lost);
            }
        }
        Ok(record)
    }

    /// Drains records from the mark that is `known`, else from the stored one, up to a place at least, or until there are no
    /// more. `mark` moves with every commit. `read` gives the records behind a mark.
    pub(super) fn records<N: FnMut() -> Result<Option<Record>>>(
        &self,
        known: Option<Mark>,
        until: Mark,
        mark: &mut Mark,
        read: impl Fn(Mark) -> N,
    ) -> Result<()> {
        *mark = known.map_or_else(|| stored_mark(self.storage, self.writer).map(|(stored, _)| stored), Ok)?;
        let mut next = read(*mark);
        loop {
            let mut records = Vec::new();
            let mut bytes = 0;
            let mut damage = None;
            let (most, most_bytes) = if self.scattered.get() {
                (SCATTERED_RECORDS, SCATTERED_BYTES)
            } else {
                (COMMIT_RECORDS, COMMIT_BYTES)
            };
            while records.len() < most && bytes < most_bytes {
                match next() {
                    Ok(Some(record)) => {
                        bytes += record.body.len();
                        records.push((self.decode(&record)?, record.after));
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
            if let Committed::Elsewhere(stored) = self.commit_all(&records, mark)? {
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

    /// Commits records, as many at a time as fit.
    fn commit_all(&self, mut records: &[(RunRecord, Mark)], mark: &mut Mark) -> Result<Committed> {
        let Self { storage, blobs, writer, .. } = *self;
        let mut size = records.len();
        while let [(first, after_first), ..] = records {
            let points = if self.scattered.get() { leading_points(records) } else { 0 };
            if points >= SCATTERED_FROM
                && let Some((points, rest)) = records.split_at_checked(points)
                && let Some((_, after)) = points.last()
            {
                let lease = blobs.leases().hold()?;
                let large = apply::enlarge(blobs, together(points))?;
                let committed = self.commit_all(&[(large, *after)], mark)?;
                drop(lease);
                if committed != Committed::Done {
                    return Ok(committed);
                }
                records = rest;
                continue;
            }
            // A large change goes alone, and is wholly applied before what comes behind it.
            let alone = matches!(first, RunRecord::Large { .. });
            let until_large = records.iter().position(|(record, _)| matches!(record, RunRecord::Large { .. }));
            let count = if alone { 1 } else { size.min(until_large.unwrap_or(records.len())).max(1) };
            if let RunRecord::Large { run, .. } = first {
                // A large change of another writer, which may be dead, is applied before it.
                unpack(storage, blobs, run)?;
            }
            let Some((part, rest)) = records.split_at_checked(count) else { break };
            let Some((_, after)) = part.last() else { break };
            // What is sealed is named when it is committed.
            let lease = blobs.leases().hold()?;
            let mut applying = Applying::new(storage, blobs, writer);
            part.iter().try_for_each(|(record, _)| applying.record(record))?;
            if applying.waits {
                continue;
            }
            let met = applying.contradictions();
            let ops = applying.finish()?;
            if apply::fits(&ops) {
                if self.is_forced()
                    || part.iter().any(|(record, _)| builds_on_blobs(record))
                    || keys::removes_tail(&ops)
                {
                    blobs.flush()?;
                }
                let committed = commit(storage, writer, ops, mark, *after)?;
                drop(lease);
                match committed {
                    Committed::Done => {
                        self.met.borrow_mut().extend(met);
                        if let RunRecord::Large { run, .. } = first {
                            self.met.borrow_mut().extend(unpack(storage, blobs, run)?);
                        }
                        records = rest;
                    }
                    Committed::Again => {}
                    elsewhere @ Committed::Elsewhere(_) => return Ok(elsewhere),
                }
                size = (count * 2).max(1);
            } else if count > 1 && count <= SCATTERED_BELOW && !self.scattered.get() && leading_points(part) == count {
                self.scattered.set(true);
            } else if count > 1 {
                size = count / 2;
            } else if let RunRecord::Change(change) = first {
                let large = apply::enlarge(blobs, change.clone())?;
                let committed = self.commit_all(&[(large, *after_first)], mark)?;
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
                let committed = self.commit_all(&both, mark)?;
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
}

/// How many records the first of which are points of one run.
fn leading_points(records: &[(RunRecord, Mark)]) -> usize {
    let run_of = |record: &RunRecord| if let RunRecord::Point { run, .. } = record { Some(run.clone()) } else { None };
    let first = records.first().and_then(|(record, _)| run_of(record));
    let of_it = |record: &RunRecord| matches!(record, RunRecord::Point { run, .. } if Some(run) == first.as_ref());
    records.iter().take_while(|(record, _)| of_it(record)).count()
}

/// The same points as one change of their run.
fn together(points: &[(RunRecord, Mark)]) -> Change {
    let mut change = Change::new("", Timestamp::default());
    for (record, _) in points {
        if let RunRecord::Point { run, key, step, at, value } = record {
            if change.run.is_empty() {
                (change.run, change.at) = (run.clone(), Timestamp::from_micros(*at));
            }
            change.points.push((key.clone(), *step, *at, *value));
        }
    }
    change
}

/// True if a run could not be read any more if what the record names were gone with the power, but the commit not. An
/// artifact is only missing itself.
fn builds_on_blobs(record: &RunRecord) -> bool {
    let mut found = false;
    match record {
        RunRecord::Change(change) => change.values_in_blobs(&mut |_| found = true),
        record => record.blobs(&mut |_| found = true),
    }
    found
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
/// Returns the params among them that came second.
pub(super) fn unpack(storage: &dyn Storage, blobs: &dyn BlobStore, run: &str) -> Result<Vec<Contradiction>> {
    let mut count = UNPACK_ITEMS;
    let mut met = Vec::new();
    let mut loaded: Option<(Digest, Change)> = None;
    loop {
        let doc = storage.get(&keys::run(run))?.map(|bytes| codec::decode::<RunDoc>("a run", &bytes)).transpose()?;
        let Some(pending) = doc.and_then(|doc| doc.pending) else { return Ok(met) };
        // Another writer's may follow it.
        let known = loaded.take().filter(|(blob, _)| *blob == pending.blob);
        let (_, change) = match known {
            Some(known) => loaded.insert(known),
            None => loaded.insert((pending.blob, codec::decode("a large change", &blobs.get(&pending.blob)?)?)),
        };
        let _lease = blobs.leases().hold()?;
        let mut applying = Applying::new(storage, blobs, Uuid::nil());
        applying.unpack(run, pending, change, count)?;
        let now_met = applying.contradictions();
        let ops = applying.finish()?;
        if !apply::fits(&ops) && count > 1 {
            count /= 2;
            continue;
        }
        if keys::removes_tail(&ops) {
            blobs.flush()?;
        }
        if storage.apply(&ops, Durability::Fast)? == Outcome::Applied {
            met.extend(now_met);
        }
    }
}
