//! One run while records are applied to it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::codec::{self, first_layout};
use super::columns;
use super::contradicted::Contradiction;
use super::doc::{RunDoc, StoredArtifact, StoredParam, StoredText, Tail};
use super::inputs::StoredInput;
use super::keys::{self, SectionKind};
use super::record::Change;
use super::section::{Editor, for_each_entry};
use super::series::{self, Points, SegmentRef};
use super::types::{MetricSummary, RunInfo, RunStatus};
use crate::base::time::Timestamp;
use crate::blob::BlobStore;
use crate::error::Result;
use crate::storage::{KeyRange, Op, Storage};

/// The record is kept below this size by moving sections to pages, in bytes.
const RECORD_BYTES: usize = 24 << 10;
/// Points that are not sealed are sealed above this size, in bytes.
const TAIL_BYTES: u64 = 64 << 10;
/// One entry of the tail holds at most this many points, so that it stays below the limit of a value whatever they are:
/// of a point, the key has at most 500 bytes, and length prefixes, step, time and value at most 34.
const TAIL_ENTRY_POINTS: usize = 120;
/// A section with more entries is left out of the copy of a run's record.
const COPY_ENTRIES: u64 = 100_000;

/// One entry of the tail: points in the order they were logged, by key.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct TailEntry(pub(super) Points);

first_layout!(TailEntry);

/// A run, its changes so far, and what they become in storage.
#[derive(Debug)]
pub(super) struct Editing {
    /// The stored bytes that the commit checks; None: the run is new.
    old: Option<Vec<u8>>,
    pub(super) doc: RunDoc,
    pub(super) params: Editor<StoredParam>,
    pub(super) tags: Editor<StoredText>,
    pub(super) metrics: Editor<MetricSummary>,
    pub(super) artifacts: Editor<StoredArtifact>,
    pub(super) segments: Editor<SegmentRef>,
    pub(super) conflicts: Editor<StoredParam>,
    /// What of them the changes so far met.
    pub(super) contradictions: Vec<Contradiction>,
    pub(super) inputs: Editor<StoredInput>,
    points: Vec<(String, i64, i64, f64)>,
    /// The run ended: its points are sealed, however few.
    pub(super) seal: bool,
    /// The name of its experiment, for the copy of its record.
    pub(super) experiment: Option<String>,
}

impl Editing {
    /// The stored run; None if there is none.
    pub(super) fn load(storage: &dyn Storage, run: &str) -> Result<Option<Self>> {
        let Some(bytes) = storage.get(&keys::run(run))? else { return Ok(None) };
        let doc = codec::decode("a run", &bytes)?;
        Ok(Some(Self::edit(doc, Some(bytes))))
    }

    /// A run that is not stored.
    pub(super) fn new(info: RunInfo) -> Self {
        Self::edit(RunDoc::new(info), None)
    }

    /// Changes a record; `old` is what is stored of it.
    pub(super) fn edit(mut doc: RunDoc, old: Option<Vec<u8>>) -> Self {
        let run = doc.info.run_id.clone();
        let at = |section| keys::pages(&run, section);
        Self {
            params: Editor::new(std::mem::take(&mut doc.params), at(SectionKind::Params)),
            tags: Editor::new(std::mem::take(&mut doc.tags), at(SectionKind::Tags)),
            metrics: Editor::new(std::mem::take(&mut doc.metrics), at(SectionKind::Metrics)),
            artifacts: Editor::new(std::mem::take(&mut doc.artifacts), at(SectionKind::Artifacts)),
            segments: Editor::new(std::mem::take(&mut doc.segments), at(SectionKind::Segments)),
            conflicts: Editor::new(std::mem::take(&mut doc.conflicts), at(SectionKind::Conflicts)),
            inputs: Editor::new(std::mem::take(&mut doc.inputs), at(SectionKind::Inputs)),
            old,
            doc,
            contradictions: Vec::new(),
            points: Vec::new(),
            seal: false,
            experiment: None,
        }
    }

    /// True if the run is not stored yet.
    pub(super) fn is_new(&self) -> bool {
        self.old.is_none()
    }

    /// Applies what was logged, but for segments of its own.
    pub(super) fn change(&mut self, storage: &dyn Storage, change: &Change) -> Result<()> {
        for (key, value) in &change.params {
            match self.params.get(storage, key)? {
                None => self.params.put(storage, key, value.clone())?,
                Some(first) if first.same_text(value) => {}
                // The first that is drained wins; the rest of the batch stands.
                Some(first) => {
                    self.conflicts.put(storage, key, value.clone())?;
                    self.contradictions.push(Contradiction {
                        run: change.run.clone(),
                        key: key.clone(),
                        first: first.clone(),
                        later: value.clone(),
                    });
                    let count = StoredText::Inline(self.conflicts.len().to_string());
                    self.tags.put(storage, super::tags::CONFLICTING_PARAMS, count)?;
                }
            }
        }
        for (key, value) in &change.tags {
            self.tag(storage, key, value.as_ref())?;
        }
        for (key, summary) in &change.summaries {
            self.summarize(storage, key, summary)?;
        }
        for (path, artifact) in &change.artifacts {
            self.artifacts.put(storage, path, *artifact)?;
        }
        for (key, input) in &change.inputs {
            if self.inputs.get(storage, key)?.is_none() {
                let number = self.inputs.len();
                self.inputs.put(storage, key, input.numbered(number))?;
            }
        }
        for (key, step, at, value) in &change.points {
            self.point(storage, key, *step, *at, *value)?;
        }
        Ok(())
    }

    /// Sets or removes a tag. The tag of the run's name and the name stay in step.
    pub(super) fn tag(&mut self, storage: &dyn Storage, key: &str, value: Option<&StoredText>) -> Result<()> {
        if let (super::tags::RUN_NAME, Some(StoredText::Inline(name))) = (key, value) {
            self.doc.info.run_name.clone_from(name);
        }
        match value {
            Some(value) => self.tags.put(storage, key, value.clone()),
            None => self.tags.remove(storage, key),
        }
    }

    /// Adds a point.
    pub(super) fn point(&mut self, storage: &dyn Storage, key: &str, step: i64, at: i64, value: f64) -> Result<()> {
        self.summarize(storage, key, &MetricSummary::of(value, step, Timestamp::from_micros(at)))?;
        self.points.push((key.into(), step, at, value));
        Ok(())
    }

    fn summarize(&mut self, storage: &dyn Storage, key: &str, summary: &MetricSummary) -> Result<()> {
        let merged = self.metrics.get(storage, key)?.map_or(*summary, |before| before.merge(summary));
        self.metrics.put(storage, key, merged)
    }

    /// Adds sealed points behind those that are not sealed yet.
    pub(super) fn add_segments(
        &mut self,
        storage: &dyn Storage,
        blobs: &dyn BlobStore,
        segments: &[SegmentRef],
        ops: &mut Vec<Op>,
    ) -> Result<()> {
        if segments.is_empty() {
            return Ok(());
        }
        self.seal_tail(storage, blobs, None, ops)?;
        segments.iter().try_for_each(|segment| self.add_segment(storage, *segment))
    }

    fn add_segment(&mut self, storage: &dyn Storage, segment: SegmentRef) -> Result<()> {
        let name = keys::segment(self.segments.len());
        self.segments.put(storage, &name, segment)
    }

    /// The status; an ended run keeps when it ended, a running one has no end.
    pub(super) fn status(&mut self, status: RunStatus, at: Timestamp) {
        self.doc.info.status = status;
        self.doc.info.ended_at = status.is_end().then(|| at.max(self.doc.info.started_at));
        self.seal = status.is_end();
    }

    /// The operations that store all changes.
    pub(super) fn finish(mut self, storage: &dyn Storage, blobs: &dyn BlobStore, ops: &mut Vec<Op>) -> Result<()> {
        let new_bytes: u64 = self.points.iter().map(|(key, ..)| key.len() as u64 + 24).sum();
        if self.seal {
            let record = series::RecordCopy { doc: self.whole(storage)?, experiment: self.experiment.take() };
            self.seal_tail(storage, blobs, Some(codec::encode(&record)?), ops)?;
        } else if self.doc.tail.bytes + new_bytes >= TAIL_BYTES {
            self.seal_tail(storage, blobs, None, ops)?;
        } else {
            self.append_tail(ops, new_bytes)?;
        }
        self.store(ops)
    }

    /// The operations that store the run as it is by now.
    pub(super) fn store(mut self, ops: &mut Vec<Op>) -> Result<()> {
        self.fit_record()?;
        self.params.page_ops(ops)?;
        self.tags.page_ops(ops)?;
        self.metrics.page_ops(ops)?;
        self.artifacts.page_ops(ops)?;
        self.segments.page_ops(ops)?;
        self.conflicts.page_ops(ops)?;
        self.inputs.page_ops(ops)?;
        self.doc.version += 1;
        ops.push(columns::changed(&self.doc)?);
        let key = keys::run(&self.doc.info.run_id);
        ops.push(Op::Check { key: key.clone(), expected: self.old.clone() });
        ops.push(Op::put(key, codec::encode(&self.with_sections())?));
        Ok(())
    }

    /// The record with what stands in pages, for the copy of it. Summaries of metrics can be made from the points.
    fn whole(&self, storage: &dyn Storage) -> Result<RunDoc> {
        Ok(RunDoc {
            params: self.params.whole(storage, COPY_ENTRIES)?,
            tags: self.tags.whole(storage, COPY_ENTRIES)?,
            artifacts: self.artifacts.whole(storage, COPY_ENTRIES)?,
            segments: self.segments.whole(storage, COPY_ENTRIES)?,
            conflicts: self.conflicts.whole(storage, COPY_ENTRIES)?,
            inputs: self.inputs.whole(storage, COPY_ENTRIES)?,
            ..self.with_sections()
        })
    }

    fn with_sections(&self) -> RunDoc {
        RunDoc {
            params: self.params.section().clone(),
            tags: self.tags.section().clone(),
            metrics: self.metrics.section().clone(),
            artifacts: self.artifacts.section().clone(),
            segments: self.segments.section().clone(),
            conflicts: self.conflicts.section().clone(),
            inputs: self.inputs.section().clone(),
            ..self.doc.clone()
        }
    }

    /// Moves the largest sections to pages until the record is small.
    fn fit_record(&mut self) -> Result<()> {
        loop {
            let sizes = [
                self.params.inline_bytes()?,
                self.tags.inline_bytes()?,
                self.metrics.inline_bytes()?,
                self.artifacts.inline_bytes()?,
                self.segments.inline_bytes()?,
                self.conflicts.inline_bytes()?,
                self.inputs.inline_bytes()?,
            ];
            if sizes.iter().sum::<usize>() <= RECORD_BYTES {
                return Ok(());
            }
            let largest = sizes.iter().enumerate().max_by_key(|(_, size)| **size).map(|(index, _)| index);
            match largest {
                Some(0) => self.params.spill(),
                Some(1) => self.tags.spill(),
                Some(2) => self.metrics.spill(),
                Some(3) => self.artifacts.spill(),
                Some(4) => self.segments.spill(),
                Some(5) => self.conflicts.spill(),
                _ => self.inputs.spill(),
            }
        }
    }

    /// Drops the points that are not sealed.
    pub(super) fn drop_tail(&mut self, ops: &mut Vec<Op>) {
        let Tail { first, next, .. } = self.doc.tail;
        ops.extend((first..next).map(|number| Op::delete(keys::tail(&self.doc.info.run_id, number))));
        self.doc.tail = Tail { first: next, next, bytes: 0 };
    }

    /// Adds points whose summaries are there.
    pub(super) fn put_back(&mut self, points: &Points) {
        for (key, series) in points {
            self.points.extend(series.points().map(|(step, at, value)| (key.clone(), step, at, value)));
        }
    }

    fn append_tail(&mut self, ops: &mut Vec<Op>, new_bytes: u64) -> Result<()> {
        for points in std::mem::take(&mut self.points).chunks(TAIL_ENTRY_POINTS) {
            let entry = TailEntry(by_key(points));
            ops.push(Op::put(keys::tail(&self.doc.info.run_id, self.doc.tail.next), codec::encode(&entry)?));
            self.doc.tail.next += 1;
        }
        self.doc.tail.bytes += new_bytes;
        Ok(())
    }

    /// Seals the tail and the new points. With `record` a segment is made even if there are no points.
    fn seal_tail(
        &mut self,
        storage: &dyn Storage,
        blobs: &dyn BlobStore,
        record: Option<Vec<u8>>,
        ops: &mut Vec<Op>,
    ) -> Result<()> {
        let run = self.doc.info.run_id.clone();
        let mut points = read_tail(storage, &run, self.doc.tail)?;
        merge(&mut points, by_key(&std::mem::take(&mut self.points)));
        if points.is_empty() && record.is_none() {
            return Ok(());
        }
        let segment = series::seal(blobs, &run, record, &points)?;
        if segment.points > 0 {
            self.add_segment(storage, segment)?;
        } else {
            self.doc.copy = Some(segment.blob);
        }
        self.drop_tail(ops);
        Ok(())
    }
}

/// The points of a run's tail.
pub(super) fn read_tail(storage: &dyn Storage, run: &str, tail: Tail) -> Result<Points> {
    let mut points = Points::new();
    if tail.first < tail.next {
        let range = KeyRange { start: keys::tail(run, tail.first), end: Some(keys::tail(run, tail.next)) };
        for_each_entry(storage, range, |_, value| {
            let TailEntry(entry) = codec::decode("the points of a run", value)?;
            merge(&mut points, entry);
            Ok(())
        })?;
    }
    Ok(points)
}

fn by_key(points: &[(String, i64, i64, f64)]) -> Points {
    let mut by_key: Points = BTreeMap::new();
    for (key, step, at, value) in points {
        match by_key.get_mut(key) {
            Some(series) => series.push(*step, *at, *value),
            None => by_key.entry(key.clone()).or_default().push(*step, *at, *value),
        }
    }
    by_key
}

/// Adds points behind others.
pub(super) fn merge(points: &mut Points, more: Points) {
    for (key, series) in more {
        points.entry(key).or_default().append(series);
    }
}
