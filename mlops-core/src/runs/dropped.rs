//! What could not be kept because the disk was full: an error the first time, a count at the end of the run.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::codec;
use super::core::{Core, Known};
use super::doc::StoredText;
use super::record::{Change, RunRecord};
use super::tags;
use super::types::RunStatus;
use crate::base::durability::Durability;
use crate::base::time::Timestamp;
use crate::error::{Code, Error, Result};

/// The records of one run that were dropped.
#[derive(Debug, Default)]
pub(super) struct Dropped {
    /// How many, since somebody was told.
    count: AtomicU64,
    /// The caller knows that there is no room: an error said so, and nothing was kept since.
    is_known: AtomicBool,
}

/// How a run ends, until the spool has it.
#[derive(Clone, Debug)]
pub(super) struct Ending {
    run: String,
    at: Timestamp,
    /// None: only what was dropped is to be noted.
    status: Option<RunStatus>,
    /// How many records were dropped that the run's tag does not count yet.
    count: u64,
    /// How many of them an error has told of.
    told: u64,
}

impl Dropped {
    /// True if somebody is to be told.
    pub(super) fn is_some(&self) -> bool {
        self.count.load(Ordering::Relaxed) > 0
    }

    /// Notes that a record was kept: the next that is not is an error again.
    pub(super) fn kept(&self) {
        if self.is_known.load(Ordering::Relaxed) {
            self.is_known.store(false, Ordering::Relaxed);
        }
    }

    /// What a log call gives: a record that there was no room for is counted, and an error unless the one before it was.
    /// A call that promises the disk never succeeds without it.
    pub(super) fn unless_known(&self, logged: Result<()>, durability: Durability) -> Result<()> {
        match logged {
            Err(error) if error.code() == Code::OutOfSpace => {
                self.count.fetch_add(1, Ordering::Relaxed);
                let was_known = self.is_known.swap(true, Ordering::Relaxed);
                if was_known && durability == Durability::Fast { Ok(()) } else { Err(error) }
            }
            logged => logged,
        }
    }
}

impl Core {
    /// Ends a run: in the spool, or as soon as that has room. Returns the number of the record that says so, and what the
    /// caller is to be told.
    pub(super) fn end_run(&self, known: &Known, status: RunStatus, at: Timestamp) -> Result<(u64, Result<()>)> {
        let mut endings = self.endings.lock();
        let mut ending = Ending {
            run: known.id.clone(),
            at,
            status: Some(status),
            count: known.dropped.count.swap(0, Ordering::Relaxed),
            told: 0,
        };
        // What an earlier end could not write goes with this one.
        endings.retain(|earlier| {
            if earlier.run == known.id {
                ending.count += earlier.count;
                ending.told += earlier.told;
            }
            earlier.run != known.id
        });
        let (count, told) = (ending.count, ending.told);
        let dropped = |ended| Error::Dropped { run: known.id.clone(), count, ended };
        match self.write_ending(&mut ending) {
            Ok(seq) => {
                known.dropped.kept();
                Ok((seq, if count > told { Err(dropped(true)) } else { Ok(()) }))
            }
            Err(error) if error.code() == Code::OutOfSpace => {
                ending.told = ending.count;
                endings.push(ending);
                drop(endings);
                self.wake();
                Err(dropped(false))
            }
            Err(error) => {
                known.dropped.count.fetch_add(ending.count, Ordering::Relaxed);
                Err(error)
            }
        }
    }

    /// True if a run ended that the spool had no room for.
    pub(super) fn has_endings(&self) -> bool {
        !self.endings.lock().is_empty()
    }

    /// Writes the ends that the spool had no room for.
    ///
    /// # Errors
    /// `OutOfSpace` and others: what is not written is tried again at the next call.
    pub(super) fn write_endings(&self) -> Result<()> {
        let mut endings = self.endings.lock();
        while let Some(ending) = endings.first_mut() {
            self.write_ending(ending)?;
            endings.remove(0);
        }
        Ok(())
    }

    /// Ends runs that nobody ended, with `status` those that this process started; notes what of any run was dropped.
    ///
    /// # Errors
    /// As [`write_endings`](Self::write_endings).
    pub(super) fn end_all(&self, status: Option<RunStatus>) -> Result<()> {
        {
            let (known, mut endings) = (self.known.lock(), self.endings.lock());
            for run in known.values() {
                let status = status.filter(|_| run.active.swap(false, Ordering::AcqRel));
                let count = run.dropped.count.swap(0, Ordering::Relaxed);
                if status.is_some() || count > 0 {
                    let at = self.clock.now();
                    endings.push(Ending { run: run.id.clone(), at, status, count, told: 0 });
                }
            }
        }
        self.write_endings()
    }

    /// Writes how a run ends: first what was dropped, as a tag, then its status.
    fn write_ending(&self, ending: &mut Ending) -> Result<u64> {
        let mut seq = 0;
        if ending.count > 0 {
            let count = (self.noted(&ending.run) + ending.count).to_string();
            let mut change = Change::new(&ending.run, ending.at);
            change.tags.push((tags::DROPPED_RECORDS.into(), Some(StoredText::Inline(count))));
            seq = self.append(&codec::encode(&RunRecord::Change(change))?)?;
            // Once is enough, also if there is no room for the status.
            ending.count = 0;
        }
        if let Some(status) = ending.status {
            let record = RunRecord::Status { run: ending.run.clone(), at: ending.at, status };
            seq = self.append(&codec::encode(&record)?)?;
        }
        Ok(seq)
    }

    /// How many dropped records the run's tag counts.
    fn noted(&self, run: &str) -> u64 {
        // What cannot be read now is not added to: a count that is too low is better than no end.
        let view = self.drain_own().and_then(|()| self.view(run)).ok();
        let tag = view.and_then(|mut view| view.tags.remove(tags::DROPPED_RECORDS));
        tag.and_then(|tag| tag.load(&*self.blobs).ok()?.parse().ok()).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Result<()> {
        Err(Error::io("write", std::path::Path::new("x"), std::io::ErrorKind::StorageFull.into()))
    }

    #[test]
    fn the_first_call_without_room_fails_and_the_next_are_counted_until_one_is_kept() {
        let dropped = Dropped::default();
        dropped.unless_known(full(), Durability::Fast).unwrap_err();
        for _ in 0..3 {
            dropped.unless_known(full(), Durability::Fast).unwrap();
        }
        dropped.unless_known(full(), Durability::Full).unwrap_err();
        dropped.unless_known(Err(Error::internal("no")), Durability::Fast).unwrap_err();
        dropped.kept();
        dropped.unless_known(Ok(()), Durability::Fast).unwrap();
        dropped.unless_known(full(), Durability::Fast).unwrap_err();
        assert_eq!(dropped.count.load(Ordering::Relaxed), 6);
    }
}
