//! What is left of a run's points up to a step.

use std::collections::BTreeMap;

use super::series::{self, Points, SegmentRef};
use super::types::{MetricSummary, Series};
use crate::blob::BlobStore;
use crate::error::Result;

/// Cuts sealed points, a segment at a time, and sums up what is left. What a segment became is remembered, so that a cut
/// that is tried again, since somebody logged meanwhile, goes on where it was.
#[derive(Debug)]
pub(super) struct Cut<'a> {
    blobs: &'a dyn BlobStore,
    /// The run that the points are for.
    run: &'a str,
    step: i64,
    done: Vec<(SegmentRef, Option<SegmentRef>)>,
    summaries: BTreeMap<String, MetricSummary>,
}

/// What is left.
#[derive(Debug)]
pub(super) struct Left {
    /// Segments, in their order. Those that are left whole are the same.
    pub(super) segments: Vec<SegmentRef>,
    /// Points that were not sealed.
    pub(super) tail: Points,
    /// The summaries of all.
    pub(super) summaries: BTreeMap<String, MetricSummary>,
}

impl<'a> Cut<'a> {
    pub(super) fn new(blobs: &'a dyn BlobStore, run: &'a str, step: i64) -> Self {
        Self { blobs, run, step, done: Vec::new(), summaries: BTreeMap::new() }
    }

    /// What is left of these segments and of the points behind them. Who calls it holds a lease.
    pub(super) fn of(&mut self, segments: &[SegmentRef], tail: Points) -> Result<Left> {
        if !self.done.iter().map(|(before, _)| before).eq(segments.iter().take(self.done.len())) {
            self.done.clear();
            self.summaries.clear();
        }
        for segment in segments.iter().skip(self.done.len()) {
            let left = self.segment(segment)?;
            self.done.push((*segment, left));
        }
        let tail = self.keep(tail);
        let mut summaries = self.summaries.clone();
        sum_up(&mut summaries, &tail);
        Ok(Left { segments: self.done.iter().filter_map(|(_, left)| *left).collect(), tail, summaries })
    }

    fn segment(&mut self, segment: &SegmentRef) -> Result<Option<SegmentRef>> {
        let left = self.keep(series::open(self.blobs, segment, None)?);
        sum_up(&mut self.summaries, &left);
        let points = left.values().map(|series| series.len() as u64).sum::<u64>();
        match points {
            0 => Ok(None),
            points if points == segment.points => Ok(Some(*segment)),
            _ => series::seal(self.blobs, self.run, None, &left).map(Some),
        }
    }

    fn keep(&self, points: Points) -> Points {
        let kept = points.into_iter().map(|(key, series)| (key, up_to(series, self.step)));
        kept.filter(|(_, series)| !series.is_empty()).collect()
    }
}

fn sum_up(summaries: &mut BTreeMap<String, MetricSummary>, points: &Points) {
    for (key, series) in points {
        let Some(summary) = series.summary() else { continue };
        let merged = summaries.get(key).map_or(summary, |before| before.merge(&summary));
        summaries.insert(key.clone(), merged);
    }
}

/// The points with a step that is not above `step`, in their order.
fn up_to(series: Series, step: i64) -> Series {
    if series.steps.iter().all(|at| *at <= step) {
        return series;
    }
    let mut left = Series::default();
    for (at_step, at, value) in series.points().filter(|(at_step, ..)| *at_step <= step) {
        left.push(at_step, at, value);
    }
    left
}
