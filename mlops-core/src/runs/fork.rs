//! Forks: new runs that begin with what another has logged, up to a step.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Run;
use super::apply::{self, Applying};
use super::codec;
use super::core::Core;
use super::cut::{Cut, Left};
use super::doc::StoredText;
use super::drain;
use super::editing;
use super::inputs;
use super::keys::{self, SectionKind};
use super::media;
use super::point::RunPoint;
use super::read::View;
use super::record::{Change, RunRecord, Start};
use super::series::{self, Points, SegmentRef};
use super::store::Runs;
use super::tags;
use super::types::{RunOptions, RunStatus};
use crate::base::durability::Durability;
use crate::base::limits;
use crate::error::{Error, Result};
use crate::storage::{Op, Outcome};

/// How a fork begins: as any run, but in the experiment of the run that it comes from unless another is given.
pub type ForkOptions = RunOptions;

/// A run as a fork finds it.
#[derive(Debug)]
struct Parent {
    view: View,
    segments: Vec<SegmentRef>,
    tail: Points,
}

impl Runs {
    /// Starts a run that begins with what another has logged: its params, its inputs, its artifacts, its tags and the points with a
    /// step up to `step` (None: all points). Files and long values are shared, not copied; without a step, points are
    /// too.
    ///
    /// A tag that says who or what started a run, under which, and how that ended, is the fork's own;
    /// [`FORKED_FROM`](tags::FORKED_FROM) says where it comes from. The fork appears whole or not at all. What the other
    /// run logs meanwhile is in it or not. The time is proportional to the points if there is a step; memory is bounded
    /// by one sealed segment of them and by what [`get`](Self::get) gives.
    ///
    /// # Errors
    /// `NotFound` for an unknown run, `InvalidState` if it or the experiment is deleted; those of
    /// [`start`](Self::start); `NoOwner` while nobody may own the store; `Corrupt` if its points are damaged.
    ///
    /// # Examples
    /// ```
    /// use mlops_core::runs::{ForkOptions, RunOptions};
    ///
    /// # fn main() -> mlops_core::Result<()> {
    /// # let store = mlops_core::Store::open("memory:")?;
    /// let run = store.runs().start(RunOptions::default())?;
    /// for step in 0..100 {
    ///     run.log_metric("loss", 1.0, step, None)?;
    /// }
    /// let fork = store.runs().fork(run.id(), Some(49), ForkOptions::default())?;
    /// fork.log_metric("loss", 0.5, 50, None)?;
    /// assert_eq!(store.runs().metric_history(fork.id(), "loss")?.len(), 51);
    /// # Ok(())
    /// # }
    /// ```
    pub fn fork(&self, run_id: &str, step: Option<i64>, mut options: ForkOptions) -> Result<Arc<dyn Run>> {
        let core = &*self.core;
        core.check_writable("the store")?;
        core.drain_own()?;
        let parent = core.existing(run_id)?;
        parent.check_active()?;
        if options.experiment_id.is_none() && options.experiment_name.is_none() {
            options.experiment_id = Some(parent.info.experiment_id);
        }
        // Of two that give the same id, the second sees the run of the first.
        let _one = options.run_id.is_some().then(|| core.naming.lock());
        let _lease = core.blobs.leases().hold()?;
        let mut start = self.prepare(options)?;
        let from = RunPoint { run_id: run_id.into(), step }.to_string();
        start.tags.push((tags::FORKED_FROM.into(), StoredText::Inline(from)));
        if let Some(create) = &mut start.create {
            // It runs when this process has said so in its spool: one that is killed before that leaves no run behind
            // that seems to.
            create.status = RunStatus::Scheduled;
        }
        let change = inherited(core, run_id, step, &mut start)?;
        let id = start.run.clone();
        self.put_fork(&start, &change)?;
        self.begin(Start { run: id, at: start.at, create: None, tags: Vec::new() }, false)
    }

    /// Stores the whole fork in one commit.
    fn put_fork(&self, start: &Start, change: &Change) -> Result<()> {
        let core = &*self.core;
        let (storage, blobs) = (&*core.storage, &*core.blobs);
        loop {
            let mut large = false;
            let mut ops = fork_ops(core, start, &RunRecord::Change(change.clone()))?;
            if !apply::fits(&ops) {
                large = true;
                ops = fork_ops(core, start, &apply::enlarge(blobs, change.clone())?)?;
            }
            if !apply::fits(&ops) {
                let size = ops.iter().map(Op::size).sum::<usize>() as u64;
                let what = format!("the fork of a run with {} sealed segments", change.segments.len());
                let limit = limits::STORAGE_BATCH_BYTES as u64;
                return Err(Error::LimitExceeded { what, size, limit, unit: "bytes" });
            }
            ops.push(Op::put(keys::edited(&start.run), codec::encode(&start.at)?));
            if self.durability == Durability::Full || !change.segments.is_empty() {
                blobs.flush()?;
            }
            if storage.apply(&ops, self.durability)? == Outcome::Applied {
                return if large { drain::unpack(storage, blobs, &start.run).map(drop) } else { Ok(()) };
            }
            if core.doc(&start.run)?.is_some() {
                let hint = "; choose another, or leave the id out for a new one";
                return Err(Error::AlreadyExists { what: "run", id: start.run.clone(), hint: hint.into() });
            }
        }
    }
}

fn fork_ops(core: &Core, start: &Start, content: &RunRecord) -> Result<Vec<Op>> {
    let mut applying = Applying::new(&*core.storage, &*core.blobs, core.spool.writer());
    applying.record(&RunRecord::Start(Box::new(start.clone())))?;
    applying.record(content)?;
    let mut ops = applying.finish()?;
    ops.push(Op::check_absent(keys::run(&start.run)));
    Ok(ops)
}

/// What a fork takes from its parent; its own tags are among them.
fn inherited(core: &Core, parent: &str, step: Option<i64>, start: &mut Start) -> Result<Change> {
    let Parent { view, segments, tail } = core.consistent(parent, |doc| {
        let segments = doc.segments.clone().load(&*core.storage, &keys::pages(parent, SectionKind::Segments))?;
        let tail = editing::read_tail(&*core.storage, parent, doc.tail)?;
        let view = View::load(&*core.storage, &*core.blobs, doc)?;
        Ok(Parent { view, segments: segments.into_values().collect(), tail })
    })?;
    let left = match step {
        None => Left { segments, tail, summaries: view.metrics },
        Some(step) => Cut::new(&*core.blobs, &start.run, step).of(&segments, tail)?,
    };
    let mut change = Change::new(&start.run, start.at);
    change.segments = left.segments;
    if !left.tail.is_empty() {
        change.segments.push(series::seal(&*core.blobs, &start.run, None, &left.tail)?);
    }
    change.summaries = left.summaries.into_iter().collect();
    change.params = view.params.into_iter().collect();
    // Texts, images, tables and histograms are points of series, too.
    let is_later = |path: &str| step.is_some_and(|step| media::step_of(path).is_some_and(|at| at > step));
    change.artifacts = view.artifacts.into_iter().filter(|(path, _)| !is_later(path)).collect();
    change.inputs = inputs::in_order(view.inputs);
    let own = std::mem::take(&mut start.tags);
    let given: BTreeSet<_> = own.iter().map(|(key, _)| key.clone()).collect();
    let inherited = view.tags.into_iter().filter(|(key, _)| !tags::is_of_one_run(key) && !given.contains(key));
    change.tags = inherited.chain(own).map(|(key, value)| (key, Some(value))).collect();
    Ok(change)
}
