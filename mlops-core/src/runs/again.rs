//! Runs made again from what was sealed, where their records are lost.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::codec;
use super::doc::{RunDoc, Tail};
use super::editing::Editing;
use super::experiments::Making;
use super::keys::{self, SectionKind};
use super::section::{self, Section};
use super::series::{self, Points, RecordCopy, Sealed, SegmentRef};
use super::store::Runs;
use super::types::{DEFAULT_EXPERIMENT_ID, Lifecycle, MetricSummary, RunInfo, RunStatus, Series};
use crate::base::digests::Digest;
use crate::base::os;
use crate::base::time::Timestamp;
use crate::error::{Error, Result};
use crate::storage::{Durability, Op, Outcome};

/// What is sealed of a run that storage does not have.
#[derive(Debug, Default)]
struct Found {
    /// The newest copy of its record: the record's version, and the segment that has it.
    copy: Option<(u64, SegmentRef)>,
    /// Segments without a copy.
    others: Vec<SegmentRef>,
}

/// Takes the bytes of a blob for as long as it may be a segment.
#[derive(Debug, Default)]
struct Taker(Vec<u8>);

impl Write for Taker {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        if series::may_be_segment(&self.0) { Ok(bytes.len()) } else { Err(io::Error::other("not a segment")) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Runs {
    /// Makes the runs again that storage does not have and that `blobs` holds sealed points of: as they ended, or as far
    /// as their points tell if they did not. A run that was removed for good comes back if its blobs are still there, so
    /// that this is for stores that have lost records. Returns the ids.
    ///
    /// # Errors
    /// `Io`, `OutOfSpace`: the runs that were made again before stay.
    pub(crate) fn make_again(&self, blobs: &[Digest]) -> Result<Vec<String>> {
        let mut lost: BTreeMap<String, Found> = BTreeMap::new();
        for blob in blobs {
            let Some(Sealed { run, record, points }) = self.sealed(blob)? else { continue };
            if !lost.contains_key(&run) && self.core.doc(&run)?.is_some() {
                continue;
            }
            let found = lost.entry(run).or_default();
            let segment = SegmentRef { blob: *blob, points };
            match record.map(|copy| copy.doc.version) {
                Some(version) if found.copy.is_none_or(|(newest, _)| newest < version) => {
                    found.copy = Some((version, segment));
                }
                Some(_) => {}
                None => found.others.push(segment),
            }
        }
        let mut made = Vec::new();
        for (run, found) in lost {
            let copy = match found.copy {
                Some((_, segment)) => self.as_it_ended(segment)?,
                None => self.as_points_tell(&run, found.others)?,
            };
            if let Some(copy) = copy
                && self.put_again(copy)?
            {
                made.push(run);
            }
        }
        Ok(made)
    }

    fn sealed(&self, blob: &Digest) -> Result<Option<Sealed>> {
        let mut taker = Taker::default();
        match self.core.blobs.read_to(blob, &mut taker) {
            Ok(_) => Ok(series::identify(&taker.0)),
            // Damage is found and told by others.
            Err(Error::Corrupt { .. }) => Ok(None),
            Err(_) if !series::may_be_segment(&taker.0) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// The run as it ended.
    fn as_it_ended(&self, segment: SegmentRef) -> Result<Option<RecordCopy>> {
        let Some(RecordCopy { mut doc, experiment }) = self.sealed(&segment.blob)?.and_then(|sealed| sealed.record)
        else {
            return Ok(None);
        };
        if segment.points == 0 {
            doc.copy = Some(segment.blob);
        } else if let Section::Inline(segments) = &mut doc.segments {
            segments.insert(keys::segment(segments.len() as u64), segment);
        }
        if matches!(doc.metrics, Section::Paged(_)) {
            doc.metrics = Section::Inline(self.points_of(&doc)?.into_iter().filter_map(summary).collect());
        }
        Ok(Some(RecordCopy { doc, experiment }))
    }

    /// A run that never ended: its points, and when they were logged.
    fn as_points_tell(&self, run: &str, segments: Vec<SegmentRef>) -> Result<Option<RecordCopy>> {
        let mut parts = BTreeMap::new();
        for segment in segments {
            let points = series::open(&*self.core.blobs, &segment, None)?;
            let first =
                points.iter().filter_map(|(key, of)| Some((*of.times.first()?, key.clone(), *of.steps.first()?)));
            // A commit that was tried again has sealed the same points twice, with more behind them.
            let Some(first) = first.min() else { continue };
            let part = parts.entry(first).or_insert(segment);
            if part.points < segment.points {
                *part = segment;
            }
        }
        let mut doc = RunDoc::new(RunInfo {
            run_id: run.into(),
            experiment_id: DEFAULT_EXPERIMENT_ID.into(),
            run_name: run.into(),
            status: RunStatus::Killed,
            started_at: Timestamp::default(),
            ended_at: None,
            user: String::new(),
            host: os::host_name(),
            lifecycle: Lifecycle::Active,
            parent_run_id: None,
        });
        let numbered = parts.into_values().enumerate().map(|(number, segment)| (keys::segment(number as u64), segment));
        doc.segments = Section::Inline(numbered.collect());
        let points = self.points_of(&doc)?;
        let times = || points.values().flat_map(|series| series.times.iter().copied());
        let (Some(first), Some(last)) = (times().min(), times().max()) else { return Ok(None) };
        doc.info.started_at = Timestamp::from_micros(first);
        doc.info.ended_at = Some(Timestamp::from_micros(last));
        doc.metrics = Section::Inline(points.into_iter().filter_map(summary).collect());
        Ok(Some(RecordCopy { doc, experiment: None }))
    }

    fn points_of(&self, doc: &RunDoc) -> Result<Points> {
        let mut points = Points::new();
        let segments =
            doc.segments.clone().load(&*self.core.storage, &keys::pages(&doc.info.run_id, SectionKind::Segments))?;
        for segment in segments.values() {
            match series::open(&*self.core.blobs, segment, None) {
                Ok(of) => super::editing::merge(&mut points, of),
                // What is lost with it is told by others.
                Err(Error::Corrupt { .. } | Error::NotFound { .. }) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(points)
    }

    /// Stores a run; false if another process has made it meanwhile.
    fn put_again(&self, RecordCopy { mut doc, experiment }: RecordCopy) -> Result<bool> {
        let core = &*self.core;
        let run = doc.info.run_id.clone();
        let mut ops = Vec::new();
        let mut making = Making::default();
        let experiment_id =
            making.create_again(&*core.storage, &doc.info.experiment_id, experiment, doc.info.started_at)?;
        doc.info.experiment_id.clone_from(&experiment_id);
        making.finish(&mut ops);
        ops.push(Op::put(keys::experiment_run(keys::experiment_number(&experiment_id)?, &run), codec::PRESENT));
        // What the record says of the process that wrote it, and of points that were not sealed, is not so any more.
        let tail = Tail { first: doc.tail.next, next: doc.tail.next, bytes: 0 };
        let doc = RunDoc { writer: None, pending: None, tail, ..doc };
        // What is left of the old pages and points goes, and the new pages, which say nothing without the record, come
        // before it: they may be more than one commit holds.
        let mut before = Vec::new();
        section::remove_pages(&*core.storage, &run, &mut before)?;
        let mut stored = Vec::new();
        Editing::edit(doc, None).store(&mut stored)?;
        let (pages, record): (Vec<_>, Vec<_>) = stored.into_iter().partition(|op| keys::is_page(op.key()));
        before.extend(pages);
        for op in before {
            let _: Outcome = core.storage.apply(&[op], Durability::Fast)?;
        }
        ops.extend(record);
        Ok(core.storage.apply(&ops, Durability::Full)? == Outcome::Applied)
    }
}

fn summary((key, series): (String, Series)) -> Option<(String, MetricSummary)> {
    series.summary().map(|summary| (key, summary))
}
