//! Rewinding: a run forgets the points behind a step, and goes on from there.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::apply;
use super::codec;
use super::core::Core;
use super::cut::{Cut, Left};
use super::doc::{Pending, StoredText};
use super::drain;
use super::editing::Editing;
use super::keys::{self, SectionKind};
use super::media;
use super::record::Change;
use super::section::{Editor, Section, for_each_entry};
use super::series::SegmentRef;
use super::store::Runs;
use super::tags;
use super::types::MetricSummary;
use crate::base::limits;
use crate::error::{Error, Result};
use crate::storage::{Durability, KeyRange, Op, Outcome, Storage};

impl Runs {
    /// Removes the points of a run whose step is above `step`, from the series and from the summaries, with the texts,
    /// images, tables and histograms of such steps. Params, tags and other artifacts stay, and so does the status: [`resume`](Self::resume) goes on with the run. The tag
    /// [`REWOUND_TO`](tags::REWOUND_TO) says the step.
    ///
    /// It is one commit, on the disk when this returns: the run is as it was before, or rewound. What this process has
    /// logged by now is before it. What others log meanwhile is wholly before or wholly after it: what waits in the
    /// spool of another process comes after it, and stays. The time is proportional to the points; memory is bounded by
    /// one sealed segment of them and by the summaries.
    ///
    /// # Errors
    /// `NotFound`, `InvalidState` for a deleted run, `LimitExceeded` if what changes is more than one commit holds,
    /// `Corrupt` for damaged points, `NoOwner` while nobody may own the store, `ReadOnly`, `Io`: nothing is removed then.
    ///
    /// # Examples
    /// ```
    /// use mlops_core::runs::RunOptions;
    ///
    /// # fn main() -> mlops_core::Result<()> {
    /// # let store = mlops_core::Store::open("memory:")?;
    /// let run = store.runs().start(RunOptions::default())?;
    /// for step in 0..100 {
    ///     run.log_metric("loss", 1.0, step, None)?;
    /// }
    /// store.runs().rewind(run.id(), 49)?;
    /// assert_eq!(store.runs().get(run.id())?.metrics["loss"].count, 50);
    /// # Ok(())
    /// # }
    /// ```
    pub fn rewind(&self, run_id: &str, step: i64) -> Result<()> {
        let core = &*self.core;
        core.check_writable("the run")?;
        core.drain_own()?;
        core.existing(run_id)?.check_active()?;
        let _lease = core.blobs.leases().hold()?;
        let mut cut = Cut::new(&*core.blobs, run_id, step);
        while !core.rewind_once(run_id, step, &mut cut)? {}
        // The series that it has are asked for anew.
        let known = core.known.lock().get(run_id).cloned();
        if let Some(known) = known {
            let mut state = known.state.lock();
            state.loaded = false;
            state.series.clear();
            state.artifacts.clear();
        }
        Ok(())
    }
}

impl Core {
    /// False if somebody changed the run meanwhile.
    fn rewind_once(&self, run: &str, step: i64, cut: &mut Cut<'_>) -> Result<bool> {
        let (storage, blobs) = (&*self.storage, &*self.blobs);
        let Some(editing) = Editing::load(storage, run)? else { return Err(Error::not_found("run", run)) };
        editing.doc.check_active()?;
        if editing.doc.pending.is_some() {
            // Its summaries are not whole before that.
            drain::unpack(storage, blobs, run)?;
            return Ok(false);
        }
        let segments = editing.segments.section().clone();
        let segments = segments.load(storage, &keys::pages(run, SectionKind::Segments))?;
        let segments: Vec<_> = segments.into_values().collect();
        let tail = super::editing::read_tail(storage, run, editing.doc.tail)?;
        let left = cut.of(&segments, tail)?;
        let mut large = false;
        let version = editing.doc.version;
        let mut ops = self.rewound(editing, step, segments.len(), &left, large)?;
        if !apply::fits(&ops) {
            let again = Editing::load(storage, run)?.filter(|editing| editing.doc.version == version);
            let Some(editing) = again else { return Ok(false) };
            large = true;
            ops = self.rewound(editing, step, segments.len(), &left, large)?;
        }
        if !apply::fits(&ops) {
            let size = ops.iter().map(Op::size).sum::<usize>() as u64;
            let what = format!("the rewind of a run with {} sealed segments", segments.len());
            return Err(Error::LimitExceeded { what, size, limit: limits::STORAGE_BATCH_BYTES as u64, unit: "bytes" });
        }
        blobs.flush()?;
        let applied = storage.apply(&ops, Durability::Full)? == Outcome::Applied;
        if applied && large {
            drain::unpack(storage, blobs, run)?;
        }
        Ok(applied)
    }

    /// The operations that leave of a run what is left; `large` has its summaries follow in commits of their own, which
    /// readers do not notice.
    fn rewound(&self, mut editing: Editing, step: i64, had: usize, left: &Left, large: bool) -> Result<Vec<Op>> {
        let (storage, blobs) = (&*self.storage, &*self.blobs);
        let run = editing.doc.info.run_id.clone();
        let mut ops = vec![Op::put(keys::edited(&run), codec::encode(&self.clock.now())?)];
        editing.tag(storage, tags::REWOUND_TO, Some(&StoredText::Inline(step.to_string())))?;
        put_segments(&mut editing.segments, storage, had, &left.segments)?;
        let artifacts = editing.artifacts.section().clone();
        for path in artifacts.load(storage, &keys::pages(&run, SectionKind::Artifacts))?.keys() {
            if media::step_of(path).is_some_and(|at| at > step) {
                editing.artifacts.remove(storage, path)?;
            }
        }
        editing.drop_tail(&mut ops);
        editing.put_back(&left.tail);
        if large {
            let pages = keys::pages(&run, SectionKind::Metrics);
            for_each_entry(storage, KeyRange::prefix(pages.clone()), |key, _| {
                ops.push(Op::delete(key));
                Ok(())
            })?;
            editing.metrics = Editor::new(Section::default(), pages);
            let mut change = Change::new(&run, self.clock.now());
            change.summaries = left.summaries.clone().into_iter().collect();
            editing.doc.pending = Some(Pending { blob: blobs.put(&codec::encode(&change)?)?, done: 0 });
            ops.push(Op::put(keys::pending(&run), codec::PRESENT));
        } else {
            put_summaries(&mut editing.metrics, storage, &run, &left.summaries)?;
            // The copy of an ended run's record is made anew.
            editing.seal = editing.doc.info.status.is_end();
            let experiment = self.experiment(&editing.doc.info.experiment_id);
            editing.experiment = experiment.ok().map(|found| found.name);
        }
        editing.finish(storage, blobs, &mut ops)?;
        Ok(ops)
    }
}

/// Changes what differs: pages of segments that stay are not written again.
fn put_segments(editor: &mut Editor<SegmentRef>, storage: &dyn Storage, had: usize, left: &[SegmentRef]) -> Result<()> {
    for number in 0..had as u64 {
        let name = keys::segment(number);
        match usize::try_from(number).ok().and_then(|at| left.get(at)) {
            Some(segment) if editor.get(storage, &name)? == Some(segment) => {}
            Some(segment) => editor.put(storage, &name, *segment)?,
            None => editor.remove(storage, &name)?,
        }
    }
    Ok(())
}

/// The same of summaries. NaN is equal to itself here.
fn put_summaries(
    editor: &mut Editor<MetricSummary>,
    storage: &dyn Storage,
    run: &str,
    left: &BTreeMap<String, MetricSummary>,
) -> Result<()> {
    let before = editor.section().clone().load(storage, &keys::pages(run, SectionKind::Metrics))?;
    let mut changed: BTreeMap<&String, Option<MetricSummary>> = before.keys().map(|key| (key, None)).collect();
    for (key, summary) in left {
        match changed.entry(key) {
            Entry::Occupied(same) if before.get(key).is_some_and(|before| before.count == summary.count) => {
                // Points were only taken away: as many are the same.
                same.remove();
            }
            Entry::Occupied(mut other) => drop(other.insert(Some(*summary))),
            Entry::Vacant(new) => drop(new.insert(Some(*summary))),
        }
    }
    for (key, summary) in changed {
        match summary {
            Some(summary) => editor.put(storage, key, summary)?,
            None => editor.remove(storage, key)?,
        }
    }
    Ok(())
}
