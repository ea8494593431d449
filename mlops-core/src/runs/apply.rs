//! Turns records of a spool into one batch for storage.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::codec;
use super::contradicted::Contradiction;
use super::doc::{Pending, StoredText};
use super::editing::Editing;
use super::experiments;
use super::holders::Holders;
use super::keys;
use super::record::{Change, Create, ExperimentRef, RunRecord, Start};
use super::series::{self, Points};
use super::tags;
use super::types::{DEFAULT_EXPERIMENT_ID, Lifecycle, RunInfo, RunStatus};
use crate::base::limits;
use crate::base::time::Timestamp;
use crate::blob::BlobStore;
use crate::error::{Error, Result};
use crate::storage::{Op, Storage};

/// The records that one commit applies.
#[derive(Debug)]
pub(super) struct Applying<'a> {
    storage: &'a dyn Storage,
    blobs: &'a dyn BlobStore,
    writer: Uuid,
    runs: BTreeMap<String, Editing>,
    experiments: experiments::Making,
    holders: Holders,
    ops: Vec<Op>,
    /// A run's large change is not wholly applied, and another came: this commit is to wait for it.
    pub(super) waits: bool,
}

impl<'a> Applying<'a> {
    /// Starts an empty commit of records of `writer`.
    pub(super) fn new(storage: &'a dyn Storage, blobs: &'a dyn BlobStore, writer: Uuid) -> Self {
        Self {
            storage,
            blobs,
            writer,
            runs: BTreeMap::new(),
            experiments: experiments::Making::default(),
            holders: Holders::default(),
            ops: Vec::new(),
            waits: false,
        }
    }

    /// Adds the effect of one record.
    pub(super) fn record(&mut self, record: &RunRecord) -> Result<()> {
        match record {
            RunRecord::Start(start) => self.start(start),
            RunRecord::Change(change) => self.change(change),
            RunRecord::Large { run, at, blob } => {
                let change: Change = codec::decode("a large change", &self.blobs.get(blob)?)?;
                self.pending(run, *at, &change, Pending { blob: *blob, done: 0 })
            }
            RunRecord::Lost => Ok(()),
            RunRecord::Status { run, at, status } => self.status(run, *at, *status),
            RunRecord::Point { run, key, step, at, value } => {
                let storage = self.storage;
                self.run(run, Timestamp::from_micros(*at))?.point(storage, key, *step, *at, *value)
            }
        }
    }

    /// Adds a change whose items are applied later, in commits of their own; what it needs at once is its points.
    pub(super) fn pending(&mut self, run: &str, at: Timestamp, change: &Change, pending: Pending) -> Result<()> {
        let (storage, blobs) = (self.storage, self.blobs);
        let mut ops = vec![Op::put(keys::pending(run), codec::PRESENT)];
        let editing = self.run(run, at)?;
        editing.add_segments(storage, blobs, &change.segments, &mut ops)?;
        let waits = editing.doc.pending.replace(pending).is_some();
        self.waits |= waits;
        self.ops.append(&mut ops);
        Ok(())
    }

    /// Applies the next items of a run's pending change; true if it is done then.
    pub(super) fn unpack(&mut self, run: &str, pending: Pending, change: &Change, count: u64) -> Result<bool> {
        let storage = self.storage;
        let done = pending.done + count >= change.items();
        let editing = self.run(run, change.at)?;
        editing.change(storage, &change.slice(pending.done, count))?;
        editing.doc.pending = (!done).then_some(Pending { done: pending.done + count, ..pending });
        if done {
            self.ops.push(Op::delete(keys::pending(run)));
        }
        Ok(done)
    }

    /// True if the writer of these records holds a run that says that `last` was the last to start it.
    pub(super) fn holds(&mut self, run: &str, last: Option<Uuid>) -> Result<bool> {
        let one_of_several = self.holders.has(self.storage, run, self.writer)?;
        Ok(one_of_several.unwrap_or(last == Some(self.writer)))
    }

    /// The params that came second, of the records so far.
    pub(super) fn contradictions(&mut self) -> Vec<Contradiction> {
        self.runs.values_mut().flat_map(|editing| std::mem::take(&mut editing.contradictions)).collect()
    }

    /// The batch.
    pub(super) fn finish(self) -> Result<Vec<Op>> {
        let mut ops = self.ops;
        let mut runs = self.runs;
        for editing in runs.values_mut().filter(|editing| editing.seal) {
            editing.experiment = self.experiments.name_of(self.storage, &editing.doc.info.experiment_id)?;
        }
        self.experiments.finish(&mut ops);
        self.holders.finish(&mut ops);
        for editing in runs.into_values() {
            editing.finish(self.storage, self.blobs, &mut ops)?;
        }
        Ok(ops)
    }

    /// The run; a run that no start was seen of (its record is drained later, from another spool) is made.
    fn run(&mut self, run: &str, at: Timestamp) -> Result<&mut Editing> {
        if !self.runs.contains_key(run) {
            let editing = match Editing::load(self.storage, run)? {
                Some(editing) => editing,
                None => self.create(run, at, DEFAULT_EXPERIMENT_ID.into(), None)?,
            };
            self.runs.insert(run.into(), editing);
        }
        self.runs.get_mut(run).ok_or_else(|| Error::internal("a run that was just loaded is gone"))
    }

    fn create(&mut self, run: &str, at: Timestamp, experiment_id: String, create: Option<&Create>) -> Result<Editing> {
        let number = keys::experiment_number(&experiment_id)?;
        self.ops.push(Op::put(keys::experiment_run(number, run), codec::PRESENT));
        Ok(Editing::new(RunInfo {
            run_id: run.into(),
            experiment_id,
            run_name: create.map(|c| c.name.clone()).unwrap_or_default(),
            status: create.map_or(RunStatus::Running, |c| c.status),
            started_at: at,
            ended_at: None,
            user: create.map(|c| c.user.clone()).unwrap_or_default(),
            host: create.map(|c| c.host.clone()).unwrap_or_default(),
            lifecycle: Lifecycle::Active,
            parent_run_id: create.and_then(|c| c.parent.clone()),
        }))
    }

    fn start(&mut self, start: &Start) -> Result<()> {
        let stored = if self.runs.contains_key(&start.run) { None } else { Editing::load(self.storage, &start.run)? };
        match (stored, &start.create) {
            (Some(editing), _) => drop(self.runs.insert(start.run.clone(), editing)),
            (None, Some(create)) if !self.runs.contains_key(&start.run) => {
                let experiment_id = match &create.experiment {
                    ExperimentRef::Id(id) => id.clone(),
                    ExperimentRef::Name(name) => self.experiments.ensure(self.storage, name, start.at)?,
                };
                let editing = self.create(&start.run, start.at, experiment_id, Some(create))?;
                self.runs.insert(start.run.clone(), editing);
            }
            (None, _) => {}
        }
        let (storage, writer) = (self.storage, self.writer);
        let mut ops = Vec::new();
        let editing = self.run(&start.run, start.at)?;
        let runs = editing.doc.info.status == RunStatus::Running;
        if !editing.is_new() || start.create.is_none() {
            // A second start of the same run is a resume: the start time stays.
            editing.status(RunStatus::Running, start.at);
        }
        if let Some(before) = editing.doc.writer.replace(writer).filter(|before| *before != writer) {
            if runs && storage.get(&keys::live_run(before, &start.run))?.is_some() {
                // It goes on in both, until both have ended it.
                self.holders.join(storage, &start.run, before, writer)?;
            } else {
                ops.push(Op::delete(keys::live_run(before, &start.run)));
            }
        }
        let editing = self.run(&start.run, start.at)?;
        if editing.doc.info.status == RunStatus::Running {
            ops.push(Op::put(keys::live_run(writer, &start.run), codec::PRESENT));
        }
        for (key, value) in &start.tags {
            editing.tag(storage, key, Some(value))?;
        }
        if editing.doc.info.run_name.is_empty() {
            editing.doc.info.run_name = start.create.as_ref().map(|c| c.name.clone()).unwrap_or_default();
        }
        let name = editing.doc.info.run_name.clone();
        editing.tag(storage, tags::RUN_NAME, Some(&StoredText::Inline(name)))?;
        self.ops.append(&mut ops);
        Ok(())
    }

    fn change(&mut self, change: &Change) -> Result<()> {
        let (storage, blobs) = (self.storage, self.blobs);
        let mut ops = Vec::new();
        let editing = self.run(&change.run, change.at)?;
        editing.add_segments(storage, blobs, &change.segments, &mut ops)?;
        editing.change(storage, change)?;
        self.ops.append(&mut ops);
        Ok(())
    }

    fn status(&mut self, run: &str, at: Timestamp, status: RunStatus) -> Result<()> {
        let (storage, writer) = (self.storage, self.writer);
        if status != RunStatus::Running
            && let Some(other) = self.holders.leave(storage, run, writer)?
        {
            self.run(run, at)?.doc.writer = Some(other);
            self.ops.push(Op::delete(keys::live_run(writer, run)));
            return Ok(());
        }
        let editing = self.run(run, at)?;
        editing.status(status, at);
        if status != RunStatus::Running
            && let Some(writer) = editing.doc.writer
        {
            self.ops.push(Op::delete(keys::live_run(writer, run)));
        }
        Ok(())
    }
}

/// The same change with its points sealed, as a blob: what is done with a change that one commit cannot hold.
pub(super) fn enlarge(blobs: &dyn BlobStore, mut change: Change) -> Result<RunRecord> {
    seal_points(blobs, &mut change)?;
    let (run, at) = (change.run.clone(), change.at);
    Ok(RunRecord::Large { run, at, blob: blobs.put(&codec::encode(&change)?)? })
}

/// Moves the points of a change into segments.
pub(super) fn seal_points(blobs: &dyn BlobStore, change: &mut Change) -> Result<()> {
    let mut points = Points::new();
    for (key, step, at, value) in std::mem::take(&mut change.points) {
        points.entry(key).or_default().push(step, at, value);
    }
    for (key, series) in &points {
        change.summaries.extend(series.summary().map(|summary| (key.clone(), summary)));
    }
    if !points.is_empty() {
        change.segments.push(series::seal(blobs, &change.run, None, &points)?);
    }
    Ok(())
}

/// True if a batch is within what storage takes in one commit.
pub(super) fn fits(ops: &[Op]) -> bool {
    // A margin for the watermark and the keys that the layers add.
    ops.iter().map(Op::size).sum::<usize>() <= limits::STORAGE_BATCH_BYTES - 4096
}
