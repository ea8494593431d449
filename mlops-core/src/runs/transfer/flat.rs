//! A run as plain values, one at a time: what plain files are written from, and what makes the same run of them again.

use std::sync::Arc;

use super::content::{self, Chains};
use super::note::{Note, Seen};
use super::select::{Selection, select};
use super::types::{PassedOver, SyncOptions};
use super::whole::Whole;
use super::write;
use crate::base::text::ParamValue;
use crate::base::time::Timestamp;
use crate::blob::BlobStore;
use crate::error::{Error, Result};
use crate::runs::core::Core;
use crate::runs::doc::{StoredArtifact, StoredParam, StoredText};
use crate::runs::drain;
use crate::runs::inputs::{self, StoredInput};
use crate::runs::keys;
use crate::runs::series::{self, Points};
use crate::runs::store::Runs;
use crate::runs::types::{DatasetInput, Experiment, MetricSummary, Origin, RunInfo, Series};
use crate::storage::{Durability, Outcome};

/// Points that are sealed together.
const SEALED_POINTS: usize = 1 << 16;

/// The runs of a store as they are at one moment.
#[derive(Debug)]
pub(crate) struct FlatRuns {
    runs: Runs,
    core: Arc<Core>,
}

/// What is selected of them.
#[derive(Debug)]
pub(crate) struct FlatSelection {
    /// Ids of runs, in the order in which they began.
    pub(crate) runs: Vec<String>,
    /// Their experiments, and those that are asked for without runs, by number.
    pub(crate) experiments: Vec<Experiment>,
    pub(crate) skipped: Vec<PassedOver>,
}

/// One run, all but its long texts and points loaded.
#[derive(Debug)]
pub(crate) struct FlatRun<'a> {
    whole: Whole,
    note: Note,
    blobs: &'a dyn BlobStore,
}

/// Two sorts of params: those that a run has, and values that came second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParamsOf {
    Run,
    Conflicts,
}

impl Runs {
    /// Reads runs as plain values.
    ///
    /// # Errors
    /// What reading the store gives.
    pub(crate) fn flat(&self) -> Result<FlatRuns> {
        Ok(FlatRuns { runs: self.clone(), core: self.core.for_reading()? })
    }
}

impl FlatRuns {
    /// The runs that are selected.
    ///
    /// # Errors
    /// As those of a sync.
    pub(crate) fn select(&self, options: &SyncOptions<'_>) -> Result<FlatSelection> {
        let Selection { runs, experiments, skipped } = select(&self.runs, &self.core, options)?;
        let mut experiments: Vec<Experiment> = experiments.into_values().collect();
        experiments.sort_by_key(|one| one.experiment_id.parse::<u64>().unwrap_or(u64::MAX));
        Ok(FlatSelection { runs: runs.into_iter().map(|run| run.run_id).collect(), experiments, skipped })
    }

    /// A run; None if it was removed for good meanwhile.
    ///
    /// # Errors
    /// `Corrupt`, `Busy`, `Io`.
    pub(crate) fn run(&self, id: &str) -> Result<Option<FlatRun<'_>>> {
        let Some(whole) = Whole::load(&self.core, id)? else { return Ok(None) };
        let (note, _) = Note::load(&*self.core.storage, id)?;
        Ok(Some(FlatRun { whole, note, blobs: &*self.core.blobs }))
    }
}

impl FlatRun<'_> {
    pub(crate) fn info(&self) -> &RunInfo {
        &self.whole.info
    }

    pub(crate) fn experiment(&self) -> &Experiment {
        &self.whole.experiment
    }

    pub(crate) fn origin(&self) -> Option<&Origin> {
        self.whole.origin.as_ref()
    }

    pub(crate) fn is_foreign(&self) -> bool {
        self.note.foreign
    }

    /// What stores had of the run, this one with this id first.
    pub(crate) fn seen(&self, store: uuid::Uuid, now: Timestamp) -> Result<Vec<Seen>> {
        let chains = content::chains(&self.whole, self.blobs)?;
        let own = Seen {
            store,
            content: content::digest(&self.whole, &chains)?,
            fingerprint: self.whole.fingerprint,
            version: self.whole.version,
            writer: self.whole.writer,
            at: now,
        };
        let others = self.note.seen.iter().filter(|seen| seen.store != store).copied();
        Ok(std::iter::once(own).chain(others).collect())
    }

    pub(crate) fn for_each_param(
        &self,
        of: ParamsOf,
        mut visit: impl FnMut(&str, &ParamValue) -> Result<()>,
    ) -> Result<()> {
        let params = if of == ParamsOf::Run { &self.whole.params } else { &self.whole.conflicts };
        params.iter().try_for_each(|(key, value)| visit(key, &value.clone().load(self.blobs)?))
    }

    pub(crate) fn for_each_tag(&self, mut visit: impl FnMut(&str, &str) -> Result<()>) -> Result<()> {
        self.whole.tags.iter().try_for_each(|(key, value)| visit(key, &value.clone().load(self.blobs)?))
    }

    pub(crate) fn artifacts(&self) -> impl Iterator<Item = (&str, &StoredArtifact)> {
        self.whole.artifacts.iter().map(|(path, artifact)| (path.as_str(), artifact))
    }

    /// The data sets, in their order.
    pub(crate) fn for_each_input(&self, mut visit: impl FnMut(u64, &DatasetInput) -> Result<()>) -> Result<()> {
        for (_, input) in inputs::in_order(self.whole.inputs.clone()) {
            let number = input.number;
            visit(number, &input.load(self.blobs)?)?;
        }
        Ok(())
    }

    /// The points, of each metric in the order in which they were logged.
    pub(crate) fn for_each_points(&self, mut visit: impl FnMut(&str, &Series) -> Result<()>) -> Result<()> {
        let mut done = Ok(());
        self.whole.for_each_points(self.blobs, |key, series| {
            if done.is_ok() {
                done = visit(key, series);
            }
        })?;
        done
    }
}

/// A run that is put together from plain values.
#[derive(Debug)]
pub(crate) struct RunBuilder<'a> {
    core: &'a Core,
    whole: Whole,
    points: Points,
    count: usize,
}

impl Runs {
    /// Begins a run that this store does not have.
    pub(crate) fn build(&self, info: RunInfo, experiment: Experiment, origin: Option<Origin>) -> RunBuilder<'_> {
        let whole = Whole { origin, ..Whole::new(info, experiment) };
        RunBuilder { core: &self.core, whole, points: Points::new(), count: 0 }
    }

    /// Stores an experiment as it is, in the place of one with its id.
    ///
    /// # Errors
    /// What writing gives.
    pub(crate) fn put_experiment(&self, experiment: &Experiment) -> Result<()> {
        super::experiments::put(&self.core, experiment)
    }

    /// Removes an experiment without runs for good, in a store that is being put together.
    pub(crate) fn forget_experiment(&self, id: &str) -> Result<()> {
        super::experiments::forget(&self.core, id)
    }

    /// The experiment with an id; None if there is none.
    pub(crate) fn find_experiment_by_id(&self, id: &str) -> Result<Option<Experiment>> {
        self.core.find_experiment(id)
    }
}

impl RunBuilder<'_> {
    pub(crate) fn param(&mut self, of: ParamsOf, key: &str, value: &ParamValue) -> Result<()> {
        let stored = StoredParam::new(&*self.core.blobs, value)?;
        let params = if of == ParamsOf::Run { &mut self.whole.params } else { &mut self.whole.conflicts };
        params.insert(key.into(), stored);
        Ok(())
    }

    pub(crate) fn tag(&mut self, key: &str, value: &str) -> Result<()> {
        self.whole.tags.insert(key.into(), StoredText::new(&*self.core.blobs, value)?);
        Ok(())
    }

    /// A file whose bytes are in the blobs of this store.
    pub(crate) fn artifact(&mut self, path: &str, artifact: StoredArtifact) {
        self.whole.artifacts.insert(path.into(), artifact);
    }

    pub(crate) fn input(&mut self, number: u64, input: &DatasetInput) -> Result<()> {
        let stored = StoredInput::new(&*self.core.blobs, input)?.numbered(number);
        self.whole.inputs.insert(StoredInput::key(input)?, stored);
        Ok(())
    }

    pub(crate) fn point(&mut self, key: &str, step: i64, at: Timestamp, value: f64) -> Result<()> {
        let new = MetricSummary::of(value, step, at);
        match self.whole.metrics.get_mut(key) {
            Some(summary) => *summary = summary.merge(&new),
            None => drop(self.whole.metrics.insert(key.into(), new)),
        }
        match self.points.get_mut(key) {
            Some(series) => series.push(step, at.as_micros(), value),
            None => {
                let mut series = Series::default();
                series.push(step, at.as_micros(), value);
                self.points.insert(key.into(), series);
            }
        }
        self.count += 1;
        if self.count >= SEALED_POINTS { self.seal() } else { Ok(()) }
    }

    fn seal(&mut self) -> Result<()> {
        let run = &self.whole.info.run_id;
        let segment = series::seal(&*self.core.blobs, run, None, &std::mem::take(&mut self.points))?;
        self.whole.segments.insert(keys::segment(self.whole.segments.len() as u64), segment);
        self.count = 0;
        Ok(())
    }

    /// Stores the run, with what stores had of it; the first of these says what its content has to be.
    ///
    /// # Errors
    /// `Corrupt` if the run is not what it was; what writing gives.
    pub(crate) fn finish(mut self, seen: Vec<Seen>, foreign: bool) -> Result<()> {
        if self.count > 0 {
            self.seal()?;
        }
        let Self { core, whole, .. } = self;
        let run = whole.info.run_id.clone();
        let chains: Chains = content::chains(&whole, &*core.blobs)?;
        let content = content::digest(&whole, &chains)?;
        if let Some(expected) = seen.first().filter(|seen| seen.content != content) {
            let expected = expected.content;
            return Err(Error::internal(format!("the run `{run}` says {content} where it said {expected}")));
        }
        let id = whole.info.experiment_id.clone();
        let written = write::replace(&*core.storage, &*core.blobs, None, &whole, &id, core.clock.now())?;
        let mut ops = written.ops;
        let note = Note { content: None, foreign, seen };
        ops.extend(note.ops(&run, None)?);
        if core.storage.apply(&ops, Durability::Fast)? != Outcome::Applied {
            let hint = "; it stands there twice".into();
            return Err(Error::AlreadyExists { what: "run", id: run, hint });
        }
        if written.unpacks {
            drain::unpack(&*core.storage, &*core.blobs, &run)?;
        }
        Ok(())
    }
}
