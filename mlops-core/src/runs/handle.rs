//! The run that is handed out: checks what is logged and appends it to the spool.

use std::any::Any;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use parking_lot::MutexGuard;

use super::Run;
use super::alerts::Alert;
use super::apply;
use super::artifacts;
use super::codec::{self, Stored};
use super::contradicted::shown;
use super::core::{Known, KnownState};
use super::doc::{self, StoredArtifact, StoredParam, StoredText};
use super::inputs::{self, StoredInput};
use super::media::{self, MediaValue};
use super::record::{Change, PointRef, RunRecord};
use super::series::{self, Points, SEGMENT_POINTS};
use super::store::{Inner, Runs};
use super::subjects::{self, MetricSubject, MetricSubjects};
use super::tags;
use super::types::{ArtifactSource, Batch, Content, DatasetInput, MetricPoint, MetricSummary, RunStatus, Series};
use crate::base::durability::Durability;
use crate::base::limits;
use crate::base::names;
use crate::base::text::ParamValue;
use crate::base::time::Timestamp;
use crate::error::{Error, Result};

/// More points than this in one call are sealed at once instead of going through the tail.
const SEAL_ABOVE: usize = 1_000;
/// A record above this size is kept in a blob, in bytes.
const RECORD_BYTES: usize = 128 << 10;

/// A run of a store.
#[derive(Debug)]
pub(super) struct Handle {
    /// The whole pillar, so that it stays open as long as a run of it is held.
    pub(super) runs: Arc<Inner>,
    pub(super) known: Arc<Known>,
    durability: Durability,
    _store: Option<Arc<dyn Any + Send + Sync>>,
}

impl Handle {
    /// A handle of what is known of a run.
    pub(super) fn new(runs: &Arc<Inner>, known: Arc<Known>, durability: Durability) -> Self {
        Self { runs: runs.clone(), known, durability, _store: runs.store() }
    }

    /// Does a log call, which gives the number of its record, if there was something to log; the run is not locked any
    /// more then.
    fn logged(&self, log: impl FnOnce() -> Result<Option<u64>>) -> Result<()> {
        let core = &self.runs.core;
        if self.known.contradicted.is_some() {
            core.tell(
                &self.known,
                &mut self.known.state.lock(),
                "; nothing of this call was logged, so make it again",
            )?;
        }
        core.will_be(self.durability);
        let logged = log().and_then(|seq| match (self.durability, seq) {
            (Durability::Fast, _) => Ok(()),
            (Durability::Full, Some(seq)) => core.force(seq),
            // What is there already may not be on the disk.
            (Durability::Full, None) => core.force_all(),
        });
        self.known.dropped.unless_known(logged, self.durability)
    }

    /// Appends a record of the run.
    fn append(&self, record: &[u8]) -> Result<u64> {
        let seq = self.runs.core.append(record)?;
        self.known.dropped.kept();
        Ok(seq)
    }

    /// Locks what is known of the run, after the checks that every change makes.
    pub(super) fn change(&self) -> Result<MutexGuard<'_, KnownState>> {
        self.runs.core.check_writable("the run")?;
        let state = self.known.state.lock();
        if state.deleted {
            return Err(doc::deleted(&self.known.id));
        }
        Ok(state)
    }

    /// The same, with the run's stored params, series and artifacts known.
    fn change_loaded(&self) -> Result<MutexGuard<'_, KnownState>> {
        let mut state = self.change()?;
        if !state.loaded {
            let view = self.runs.core.for_reading()?.view(&self.known.id)?;
            state.params.extend(view.params.iter().map(|(key, value)| (key.clone(), value.text_digest())));
            state.series.extend(view.metrics.into_keys());
            state.artifacts.extend(view.artifacts.into_keys());
            state.subjects = self.said(view.tags)?.last();
            state.loaded = true;
        }
        Ok(state)
    }

    /// What a run's tags say of the points of its metrics.
    fn said(&self, tags: BTreeMap<String, StoredText>) -> Result<MetricSubjects> {
        let of = tags.into_iter().filter(|(key, _)| key.starts_with(tags::METRIC_OF));
        let loaded = of.map(|(key, value)| Ok((key, value.load(&*self.runs.core.blobs)?)));
        Ok(MetricSubjects::of(&loaded.collect::<Result<_>>()?))
    }

    /// Adds what is new of what points are about, point by point, and gives what is said of their metrics then.
    fn say(
        &self,
        state: &KnownState,
        subjects: &[Option<MetricSubject>],
        change: &mut Change,
    ) -> Result<HashMap<String, MetricSubject>> {
        let mut said = HashMap::new();
        let nothing = MetricSubject::default();
        for (index, (key, step, at, value)) in change.points.iter().enumerate() {
            let subject = subjects.get(index).and_then(Option::as_ref).unwrap_or(&nothing);
            let before = said.get(key).or_else(|| state.subjects.get(key)).unwrap_or(&nothing);
            if subject != before {
                let (name, text) = subjects::tag(key, Some(subject), (*step, *at, *value))?;
                change.tags.push((name, Some(StoredText::new(&*self.runs.core.blobs, &text)?)));
                said.insert(key.clone(), subject.clone());
            }
        }
        Ok(said)
    }

    fn check_series(&self, state: &KnownState, key: &str, new: usize) -> Result<()> {
        let what = || format!("the number of metrics of run `{}` with `{key}`", self.known.id);
        limits::check(what, state.series.len() + new, limits::SERIES_PER_RUN, "series")
    }

    /// The params of a batch as they are stored: checked, long values as blobs.
    fn stored_params(&self, params: &[(String, ParamValue)]) -> Result<Vec<(String, StoredParam)>> {
        let mut seen = HashSet::new();
        let mut stored = Vec::with_capacity(params.len());
        for (key, value) in params {
            names::check_key("param", key)?;
            if !seen.insert(key) {
                return Err(Error::InvalidArgument {
                    what: "param".into(),
                    value: key.clone(),
                    expected: "each param once in a batch".into(),
                });
            }
            check_value("param", key, if let ParamValue::Text(text) = value { text.len() } else { 0 })?;
            stored.push((key.clone(), StoredParam::new(&*self.runs.core.blobs, value)?));
        }
        Ok(stored)
    }

    /// The params that the run has not; an error if it has one with another value.
    fn new_params(
        &self,
        state: &KnownState,
        stored: Vec<(String, StoredParam)>,
        given: &[(String, ParamValue)],
    ) -> Result<Vec<(String, StoredParam)>> {
        let mut new = Vec::with_capacity(stored.len());
        for ((key, stored), (_, value)) in stored.into_iter().zip(given) {
            match state.has_param(&key, &stored) {
                Some(true) => {}
                Some(false) => return Err(self.param_conflict(&key, value)),
                None => new.push((key, stored)),
            }
        }
        Ok(new)
    }

    fn param_conflict(&self, key: &str, value: &ParamValue) -> Error {
        let core = &self.runs.core;
        let before = core.drain_own().and_then(|()| core.view(&self.known.id)).ok();
        let before =
            before.and_then(|mut view| view.params.remove(key)).and_then(|value| value.load(&*core.blobs).ok());
        Error::Conflict {
            detail: format!(
                "the param `{key}` of run `{}` is already `{}` and cannot change to `{}`; log it under another name or in another run",
                self.known.id,
                before.map_or_else(|| "another value".into(), |value| shown(&value)),
                shown(value),
            ),
        }
    }

    /// Appends a change as one record, as a blob if it is large. Who has put blobs for it holds a lease.
    pub(super) fn append_change(&self, state: &mut KnownState, mut change: Change) -> Result<u64> {
        let core = &self.runs.core;
        let mut leases = Vec::new();
        if change.points.len() > SEAL_ABOVE {
            leases.push(core.blobs.leases().hold()?);
            apply::seal_points(&*core.blobs, &mut change)?;
        }
        let mut record = RunRecord::Change(change);
        let mut buffer = codec::encode_as(RunRecord::FORMAT, &record, std::mem::take(&mut state.buffer))?;
        if buffer.len() > RECORD_BYTES {
            leases.push(core.blobs.leases().hold()?);
            if let RunRecord::Change(change) = record {
                record = apply::enlarge(&*core.blobs, change)?;
            }
            buffer = codec::encode(&record)?;
        }
        let appended = self.append(&buffer);
        drop(leases);
        state.buffer = buffer;
        appended
    }

    pub(super) fn at(&self, at: Option<Timestamp>) -> Timestamp {
        at.unwrap_or_else(|| self.runs.core.clock.now())
    }
}

/// Refuses the value of a param or tag that is too long; `size` is that of its text.
pub(super) fn check_value(what: &str, key: &str, size: usize) -> Result<()> {
    limits::check(|| format!("the value of {what} `{key}`"), size, limits::VALUE_BYTES, "bytes")
}

/// What the log calls do, with the number of the record.
impl Handle {
    fn batch(&self, batch: &Batch) -> Result<Option<u64>> {
        let core = &self.runs.core;
        core.check_writable("the run")?;
        let mut change = Change::new(&self.known.id, self.at(None));
        for (key, value) in &batch.tags {
            names::check_key("tag", key)?;
            check_value("tag", key, value.len())?;
        }
        for point in &batch.metrics {
            names::check_key("metric", &point.key)?;
            let at = point.at.unwrap_or(change.at).as_micros();
            change.points.push((point.key.clone(), point.step, at, point.value));
        }
        if !batch.subjects.is_empty() && batch.subjects.len() != batch.metrics.len() {
            return Err(Error::InvalidArgument {
                what: "the number of subjects of points".into(),
                value: batch.subjects.len().to_string(),
                expected: format!("none, or one for each of the {} points", batch.metrics.len()),
            });
        }
        batch.subjects.iter().flatten().try_for_each(MetricSubject::check)?;
        batch.inputs.iter().try_for_each(inputs::check)?;
        // What takes long is done before the run is locked: other threads log to it meanwhile.
        let puts = !batch.subjects.is_empty()
            || !batch.inputs.is_empty()
            || batch.params.iter().any(|(_, value)| StoredParam::puts(value))
            || batch.tags.iter().any(|(_, value)| StoredText::puts(value));
        let _lease = puts.then(|| core.blobs.leases().hold()).transpose()?;
        let params = self.stored_params(&batch.params)?;
        for (key, value) in &batch.tags {
            change.tags.push((key.clone(), Some(StoredText::new(&*core.blobs, value)?)));
        }
        for input in &batch.inputs {
            change.inputs.push((StoredInput::key(input)?, StoredInput::new(&*core.blobs, input)?));
        }
        let mut state = self.change_loaded()?;
        let mut new_series = HashSet::new();
        for point in &batch.metrics {
            if !state.series.contains(&point.key) && new_series.insert(point.key.as_str()) {
                self.check_series(&state, &point.key, new_series.len())?;
            }
        }
        change.params = self.new_params(&state, params, &batch.params)?;
        let said = if batch.subjects.is_empty() && state.subjects.is_empty() {
            HashMap::new()
        } else {
            self.say(&state, &batch.subjects, &mut change)?
        };
        if change.items() == 0 && change.points.is_empty() {
            return Ok(None);
        }
        let params: Vec<_> = change.params.iter().map(|(key, value)| (key.clone(), value.text_digest())).collect();
        let seq = self.append_change(&mut state, change)?;
        state.params.extend(params);
        state.series.extend(new_series.into_iter().map(str::to_owned));
        state.subjects.extend(said);
        Ok(Some(seq))
    }

    fn metric(&self, key: &str, value: f64, step: i64, at: Option<Timestamp>) -> Result<Option<u64>> {
        names::check_key("metric", key)?;
        let at = self.at(at).as_micros();
        let mut state = self.change()?;
        if !state.series.contains(key) {
            drop(state);
            state = self.change_loaded()?;
            self.check_series(&state, key, 1)?;
        }
        if state.subjects.get(key).is_some_and(|subject| !subject.is_empty()) {
            // That this point is about nothing is to be said.
            drop(state);
            let point = MetricPoint { key: key.into(), value, step, at: Some(Timestamp::from_micros(at)) };
            return self.batch(&Batch { metrics: vec![point], ..Batch::default() });
        }
        let record = PointRef::Point { run: &self.known.id, key, step, at, value };
        let buffer = codec::encode_as(RunRecord::FORMAT, &record, std::mem::take(&mut state.buffer))?;
        let appended = self.append(&buffer);
        state.buffer = buffer;
        if appended.is_ok() && !state.series.contains(key) {
            state.series.insert(key.into());
        }
        appended.map(Some)
    }

    fn series(&self, key: &str, steps: &[i64], times: &[i64], values: &[f64]) -> Result<Option<u64>> {
        names::check_key("metric", key)?;
        for (what, len) in [("steps", steps.len()), ("times", times.len())] {
            if len != 0 && len != values.len() {
                return Err(Error::InvalidArgument {
                    what: format!("the number of {what} of metric `{key}`"),
                    value: len.to_string(),
                    expected: format!("none, or one for each of the {} values", values.len()),
                });
            }
        }
        if values.is_empty() {
            return Ok(None);
        }
        self.runs.core.check_writable("the run")?;
        let now = self.at(None);
        let mut change = Change::new(&self.known.id, now);
        let _lease = self.runs.core.blobs.leases().hold()?;
        let mut summary: Option<MetricSummary> = None;
        let mut first = 0;
        while first < values.len() {
            let end = values.len().min(first + SEGMENT_POINTS);
            let part = Series {
                steps: if steps.is_empty() { counted(first, end) } else { slice(steps, first, end) },
                times: if times.is_empty() { vec![now.as_micros(); end - first] } else { slice(times, first, end) },
                values: slice(values, first, end),
            };
            summary = match (summary, part.summary()) {
                (Some(before), Some(this)) => Some(before.merge(&this)),
                (before, this) => before.or(this),
            };
            if values.len() <= SEAL_ABOVE {
                change.points.extend(part.points().map(|(step, at, value)| (key.to_owned(), step, at, value)));
            } else {
                let points = Points::from([(key.to_owned(), part)]);
                change.segments.push(series::seal(&*self.runs.core.blobs, &self.known.id, None, &points)?);
            }
            first = end;
        }
        if !change.segments.is_empty() {
            change.summaries.extend(summary.map(|summary| (key.to_owned(), summary)));
        }
        let mut state = self.change_loaded()?;
        if !state.series.contains(key) {
            self.check_series(&state, key, 1)?;
        }
        let about = state.subjects.get(key).is_some_and(|subject| !subject.is_empty());
        if about {
            let first = times.iter().copied().min().unwrap_or(now.as_micros());
            let (name, text) = subjects::tag(key, None, (i64::MIN, first, f64::NAN))?;
            change.tags.push((name, Some(StoredText::new(&*self.runs.core.blobs, &text)?)));
        }
        let seq = self.append_change(&mut state, change)?;
        if about {
            state.subjects.remove(key);
        }
        state.series.insert(key.into());
        Ok(Some(seq))
    }

    fn untag(&self, key: &str) -> Result<Option<u64>> {
        names::check_key("tag", key)?;
        let mut state = self.change()?;
        match self.runs.core.for_reading().and_then(|core| core.view(&self.known.id)) {
            Ok(view) if !view.tags.contains_key(key) => {
                let hint = format!(" in run `{}`", self.known.id);
                return Err(Error::NotFound { what: "tag", id: key.into(), hint });
            }
            // Where the store cannot be read at this moment, the run goes on.
            Err(e) if !e.code().row().retryable => return Err(e),
            _ => {}
        }
        let mut change = Change::new(&self.known.id, self.at(None));
        change.tags.push((key.into(), None));
        self.append_change(&mut state, change).map(Some)
    }

    fn files(&self, files: &[ArtifactSource<'_>]) -> Result<Option<u64>> {
        artifacts::check_paths(&self.change_loaded()?.artifacts, files)?;
        let mut change = Change::new(&self.known.id, self.at(None));
        // Files may be large: other threads log to the run meanwhile.
        let _lease = self.runs.core.blobs.leases().hold()?;
        let mut stored = Vec::with_capacity(files.len());
        for file in files {
            let (blob, size_bytes) = artifacts::store(&*self.runs.core.blobs, file)?;
            stored.push(StoredArtifact { blob, size_bytes, at: change.at });
        }
        if stored.is_empty() {
            return Ok(None);
        }
        let mut state = self.change_loaded()?;
        let paths = artifacts::check_paths(&state.artifacts, files)?;
        change.artifacts = paths.iter().cloned().zip(stored).collect();
        let seq = self.append_change(&mut state, change)?;
        state.artifacts.extend(paths);
        Ok(Some(seq))
    }
}

impl Run for Handle {
    fn id(&self) -> &str {
        &self.known.id
    }

    fn durability(&self) -> Durability {
        self.durability
    }

    fn runs(&self) -> Runs {
        let (core, inner) = (self.runs.core.clone(), self.runs.clone());
        Runs { core, inner, durability: self.durability }
    }

    fn with_durability(&self, durability: Durability) -> Arc<dyn Run> {
        Arc::new(Self::new(&self.runs, self.known.clone(), durability))
    }

    fn log_batch(&self, batch: &Batch) -> Result<()> {
        self.logged(|| self.batch(batch))
    }

    fn log_param(&self, key: &str, value: ParamValue) -> Result<()> {
        self.log_batch(&Batch { params: vec![(key.into(), value)], ..Batch::default() })
    }

    fn log_metric(&self, key: &str, value: f64, step: i64, at: Option<Timestamp>) -> Result<()> {
        self.logged(|| self.metric(key, value, step, at))
    }

    fn log_series(&self, key: &str, steps: &[i64], times: &[i64], values: &[f64]) -> Result<()> {
        self.logged(|| self.series(key, steps, times, values))
    }

    fn delete_tag(&self, key: &str) -> Result<()> {
        self.logged(|| self.untag(key))
    }

    fn log_files(&self, files: &[ArtifactSource<'_>]) -> Result<()> {
        self.logged(|| self.files(files))
    }

    fn log_inputs(&self, inputs: &[DatasetInput]) -> Result<()> {
        self.logged(|| self.inputs(inputs))
    }

    fn log_media(&self, key: &str, value: &MediaValue, step: i64) -> Result<String> {
        let path = media::new_path(key, step, &self.runs.core.ids.next_hex(), value)?;
        let content = value.encode()?;
        self.log_files(&[ArtifactSource { path: path.clone(), content: Content::Bytes(&content) }])?;
        Ok(path)
    }

    fn alert(&self, alert: &Alert) -> Result<bool> {
        self.raise(alert)
    }

    fn end(&self, status: RunStatus) -> Result<()> {
        self.end_at(status, self.at(None))
    }

    fn end_at(&self, status: RunStatus, at: Timestamp) -> Result<()> {
        let core = &self.runs.core;
        let failures = core.drain_failures();
        core.check_writable("the run")?;
        if status.is_end() {
            // Its last point comes before the end.
            core.monitors.stop(&self.known.id, false);
        }
        let state = self.change()?;
        core.will_be(self.durability);
        let ended = core.end_run(&self.known, status, at);
        drop(state);
        let is_gone = core.is_gone.load(Ordering::Relaxed);
        if status != RunStatus::Running && (is_gone || matches!(ended, Ok(_) | Err(Error::Dropped { .. }))) {
            self.known.active.store(false, Ordering::Release);
            core.count_ended();
        }
        let (seq, told) = ended?;
        if self.durability == Durability::Full {
            core.force(seq)?;
        }
        match core.drain_unless_failed(failures) {
            // What was logged cannot be read any more.
            Err(lost @ Error::Corrupt { .. }) => Err(lost),
            // What could not be drained now stands in the spool and is drained later.
            _ => told.and_then(|()| core.tell(&self.known, &mut self.known.state.lock(), "; the run has ended")),
        }
    }
}

/// The steps `first..end`.
fn counted(first: usize, end: usize) -> Vec<i64> {
    (0_i64..).take(end).skip(first).collect()
}

fn slice<T: Copy>(all: &[T], first: usize, end: usize) -> Vec<T> {
    all.get(first..end).unwrap_or_default().to_vec()
}
