//! Drains what other writers left, and says how their runs ended.

use std::sync::Arc;

use uuid::Uuid;

use super::apply::Applying;
use super::codec;
use super::doc::RunDoc;
use super::drain::Drain;
use super::keys;
use super::record::RunRecord;
use super::references::Referenced;
use super::section::names_behind;
use super::types::RunStatus;
use crate::base::files::Files;
use crate::base::time::Timestamp;
use crate::blob::BlobStore;
use crate::error::Result;
use crate::spool::{Mark, SpoolReader, WriterFiles};
use crate::storage::{Durability, Op, Outcome, Storage};

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
        let killed = names_behind(storage, &keys::live_runs(id))?;
        let Some(run) = killed.first() else { return Ok(mark) };
        kill(storage, blobs, id, run, last_sign)?;
    }
}

/// Drains what stands in a writer's files by now; returns how far they are drained.
fn drain_writer(storage: &dyn Storage, blobs: &dyn BlobStore, files: &Files, writer: &WriterFiles) -> Result<Mark> {
    let until = writer.end(files)?;
    let mut mark = Mark::default();
    // What a dead writer has promised is not known: all of it counts as that.
    let of = Drain { is_dead: true, ..Drain::new(storage, blobs, writer.writer) };
    of.records(None, until, &mut mark, |mark| {
        let mut reader = SpoolReader::new(files, writer, mark);
        move || reader.next_record()
    })?;
    Ok(mark)
}

/// Ends a run as KILLED, if the dead writer was the last to start it and it still runs; of several that hold it, it leaves.
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
    if let Some(doc) = doc.filter(|doc| doc.info.status == RunStatus::Running)
        && applying.holds(run, doc.writer)?
    {
        let at = last_sign.unwrap_or(doc.info.started_at);
        applying.record(&RunRecord::Status { run: run.into(), at, status: RunStatus::Killed })?;
    }
    let mut ops = applying.finish()?;
    if keys::removes_tail(&ops) {
        blobs.flush()?;
    }
    ops.push(Op::delete(keys::live_run(writer, run)));
    // A failed check: somebody else changed the run meanwhile; the caller looks again.
    let _: Outcome = storage.apply(&ops, Durability::Fast)?;
    Ok(())
}
