//! Reading runs back.

use std::collections::BTreeMap;

use super::codec;
use super::core::Core;
use super::doc::{Pending, RunDoc, StoredArtifact, StoredParam, StoredText};
use super::editing;
use super::experiments;
use super::inputs::{self, StoredInput};
use super::keys::{self, SectionKind};
use super::record::Change;
use super::series::{self, Points};
use super::store::Runs;
use super::types::{Lifecycle, MetricSummary, Origin, RunData, RunInfo, Series};
use crate::base::names;
use crate::blob::BlobStore;
use crate::error::{Error, Result};
use crate::storage::Storage;

/// How often a read is tried again because the run changed under it, before it keeps the drain from running.
const TRIES: usize = 20;

/// A run as it is stored, all sections loaded.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) info: RunInfo,
    pub(super) params: BTreeMap<String, StoredParam>,
    pub(super) tags: BTreeMap<String, StoredText>,
    pub(super) metrics: BTreeMap<String, MetricSummary>,
    pub(super) artifacts: BTreeMap<String, StoredArtifact>,
    pub(super) inputs: BTreeMap<String, StoredInput>,
    pub(super) origin: Option<Origin>,
}

impl View {
    /// Loads the sections of a run's record, and lays a change over them that is not wholly applied.
    pub(super) fn load(storage: &dyn Storage, blobs: &dyn BlobStore, doc: RunDoc) -> Result<Self> {
        let run = doc.info.run_id.clone();
        let at = |section| keys::pages(&run, section);
        let mut view = Self {
            params: doc.params.load(storage, &at(SectionKind::Params))?,
            tags: doc.tags.load(storage, &at(SectionKind::Tags))?,
            metrics: doc.metrics.load(storage, &at(SectionKind::Metrics))?,
            artifacts: doc.artifacts.load(storage, &at(SectionKind::Artifacts))?,
            inputs: doc.inputs.load(storage, &at(SectionKind::Inputs))?,
            origin: doc.origin,
            info: doc.info,
        };
        if let Some(Pending { blob, done }) = doc.pending {
            let change: Change = codec::decode("a large change", &blobs.get(&blob)?)?;
            view.overlay(&change.slice(done, u64::MAX));
        }
        Ok(view)
    }

    fn overlay(&mut self, change: &Change) {
        for (key, value) in &change.params {
            self.params.entry(key.clone()).or_insert_with(|| value.clone());
        }
        for (key, value) in &change.tags {
            match value {
                Some(value) => drop(self.tags.insert(key.clone(), value.clone())),
                None => drop(self.tags.remove(key)),
            }
        }
        for (key, summary) in &change.summaries {
            let merged = self.metrics.get(key).map_or(*summary, |before| before.merge(summary));
            self.metrics.insert(key.clone(), merged);
        }
        self.artifacts.extend(change.artifacts.iter().map(|(path, artifact)| (path.clone(), *artifact)));
        for (key, input) in &change.inputs {
            let number = self.inputs.len() as u64;
            self.inputs.entry(key.clone()).or_insert_with(|| input.numbered(number));
        }
    }

    /// The run as users see it: long values loaded.
    pub(super) fn into_data(self, blobs: &dyn BlobStore) -> Result<RunData> {
        Ok(RunData {
            info: self.info,
            params: self.params.into_iter().map(|(key, value)| Ok((key, value.load(blobs)?))).collect::<Result<_>>()?,
            tags: self.tags.into_iter().map(|(key, value)| Ok((key, value.load(blobs)?))).collect::<Result<_>>()?,
            metrics: self.metrics,
            inputs: inputs::load(self.inputs, blobs)?,
            origin: self.origin,
        })
    }
}

impl Core {
    /// A run's record.
    pub(super) fn doc(&self, run: &str) -> Result<Option<RunDoc>> {
        let bytes = self.storage.get(&keys::run(run))?;
        bytes.map(|bytes| codec::decode("a run", &bytes)).transpose()
    }

    /// The record of a run that has to be there.
    ///
    /// # Errors
    /// `NotFound`, `InvalidArgument` for an id that none can have.
    pub(super) fn existing(&self, run: &str) -> Result<RunDoc> {
        names::check_run_id(run)?;
        let mut doc = self.doc(run)?.ok_or_else(|| Error::NotFound {
            what: "run",
            id: run.into(),
            hint: "; `mlops runs list` shows what there is".into(),
        })?;
        doc.info.lifecycle = self.lifecycle(&doc.info)?;
        Ok(doc)
    }

    /// The record of a run that has to be there, not deleted, and its experiment neither.
    ///
    /// # Errors
    /// As [`existing`](Self::existing); `InvalidState`.
    pub(super) fn active(&self, run: &str) -> Result<RunDoc> {
        let doc = self.existing(run)?;
        if doc.info.lifecycle == Lifecycle::Deleted {
            // What is to be restored first.
            experiments::check_active(&self.experiment(&doc.info.experiment_id)?)?;
        }
        doc.check_active()?;
        Ok(doc)
    }

    /// Reads something that stands in several entries: again, if the run changed meanwhile.
    pub(super) fn consistent<T>(&self, run: &str, mut read: impl FnMut(RunDoc) -> Result<T>) -> Result<T> {
        for _ in 0..TRIES {
            let doc = self.existing(run)?;
            let version = doc.version;
            let found = read(doc);
            if self.doc(run)?.is_some_and(|after| after.version == version) {
                return found;
            }
        }
        let _no_drain = self.drain.lock();
        read(self.existing(run)?)
    }

    /// A run with all sections loaded.
    ///
    /// # Errors
    /// As [`existing`](Self::existing).
    pub(super) fn view(&self, run: &str) -> Result<View> {
        self.consistent(run, |doc| View::load(&*self.storage, &*self.blobs, doc))
    }

    /// The run of a record that was just read, with all sections: as it is by now, if it changed meanwhile; None if it was
    /// removed for good.
    pub(super) fn view_of(&self, doc: RunDoc) -> Result<Option<View>> {
        let (run, version, alone) = (doc.info.run_id.clone(), doc.version, doc.stands_alone());
        let found = View::load(&*self.storage, &*self.blobs, doc);
        if alone {
            return found.map(Some);
        }
        match self.doc(&run)? {
            Some(after) if after.version == version => found.map(Some),
            Some(_) => self.view_if_there(&run),
            None => Ok(None),
        }
    }

    /// A run with all sections loaded; None if there is no such run.
    pub(super) fn view_if_there(&self, run: &str) -> Result<Option<View>> {
        match self.view(run) {
            Err(Error::NotFound { what: "run", .. }) => Ok(None),
            found => found.map(Some),
        }
    }

    /// The points of one key, or of all, in the order they were logged.
    pub(super) fn points(&self, run: &str, key: Option<&str>) -> Result<Points> {
        self.consistent(run, |doc| {
            let mut points = Points::new();
            let segments = doc.segments.load(&*self.storage, &keys::pages(run, SectionKind::Segments))?;
            for segment in segments.values() {
                editing::merge(&mut points, series::open(&*self.blobs, segment, key)?);
            }
            let mut tail = editing::read_tail(&*self.storage, run, doc.tail)?;
            if let Some(key) = key {
                tail.retain(|found, _| found == key);
            }
            editing::merge(&mut points, tail);
            Ok(points)
        })
    }
}

impl Runs {
    /// Everything about a run but its points and files.
    ///
    /// # Errors
    /// `NotFound`, `InvalidArgument` for an id that none can have.
    pub fn get(&self, run_id: &str) -> Result<RunData> {
        let core = self.core.for_reading()?;
        core.view(run_id)?.into_data(&*core.blobs)
    }

    /// What identifies a run and how it stands; None if there is no such run.
    ///
    /// # Errors
    /// What reading the store gives: `Corrupt`, `Io`.
    pub(crate) fn find_info(&self, run_id: &str) -> Result<Option<RunInfo>> {
        Ok(self.core.for_reading()?.doc(run_id)?.map(|doc| doc.info))
    }

    /// The same of a run that has to be there; deleted is also what its experiment is deleted with.
    ///
    /// # Errors
    /// `NotFound`, `InvalidArgument` for an id that none can have.
    pub(crate) fn info(&self, run_id: &str) -> Result<RunInfo> {
        Ok(self.core.for_reading()?.existing(run_id)?.info)
    }

    /// The points of one metric, in the order (time, step, logged); empty if the run has no such metric.
    ///
    /// # Errors
    /// `NotFound` for an unknown run, `Corrupt` if a sealed series is damaged.
    pub fn metric_history(&self, run_id: &str, key: &str) -> Result<Series> {
        let mut points = self.core.for_reading()?.points(run_id, Some(key))?;
        Ok(points.remove(key).unwrap_or_default().sorted())
    }
}
