//! What a run gives a model that it makes: its params, and what it has measured at the step of the model.

use std::collections::BTreeMap;

use super::core::Core;
use super::doc::{RunDoc, StoredParam, StoredText};
use super::keys::{self, SectionKind};
use super::read::View;
use super::store::Runs;
use super::subjects::{MetricSubject, MetricSubjects};
use super::types::{MetricSummary, RunInfo};
use crate::base::time::Timestamp;
use crate::error::Result;

/// Of a metric with more points at a step, those that were logged last.
const MOST_POINTS: usize = 1_000;

/// What a model has from the run that makes it.
#[derive(Debug)]
pub(crate) struct Given {
    /// What identifies the run and how it stands; deleted is also what its experiment is deleted with.
    pub(crate) info: RunInfo,
    /// Its params.
    pub(crate) params: BTreeMap<String, String>,
    /// What it has measured at the step, but of another model.
    pub(crate) points: Vec<GivenPoint>,
}

/// A point of a run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GivenPoint {
    pub(crate) key: String,
    pub(crate) value: f64,
    pub(crate) at: Timestamp,
    /// What it was measured on.
    pub(crate) subject: MetricSubject,
}

/// The parts of a run that are read for it: files and inputs, of which there may be many, are not.
struct Parts {
    params: BTreeMap<String, StoredParam>,
    tags: BTreeMap<String, StoredText>,
    metrics: BTreeMap<String, MetricSummary>,
}

impl Runs {
    /// What a run gives a model of this step.
    ///
    /// # Errors
    /// `NotFound`, `InvalidArgument` for an id that none can have; `Corrupt`, `Io`.
    pub(crate) fn given(&self, run_id: &str, step: i64) -> Result<Given> {
        let core = self.core.for_reading()?;
        let (info, parts) = core.consistent(run_id, |doc| Ok((doc.info.clone(), core.parts(doc)?)))?;
        let blobs = &*core.blobs;
        let Parts { params, tags, metrics } = parts;
        let said = tags.into_iter().filter(|(key, _)| key.starts_with(super::tags::METRIC_OF));
        let said = said.map(|(key, value)| Ok((key, value.load(blobs)?))).collect::<Result<_>>()?;
        let subjects = MetricSubjects::of(&said);
        let mut points = Vec::new();
        for (key, summary) in metrics {
            core.measured(run_id, &key, &summary, step, &mut |value, at| {
                let subject = subjects.find(&key, step, at, value).cloned().unwrap_or_default();
                if subject.model_id.is_none() {
                    points.push(GivenPoint { key: key.clone(), value, at, subject });
                }
            })?;
        }
        let params =
            params.into_iter().map(|(key, value)| Ok((key, value.load(blobs)?.text()))).collect::<Result<_>>()?;
        Ok(Given { info, params, points })
    }
}

impl Core {
    fn parts(&self, doc: RunDoc) -> Result<Parts> {
        if doc.pending.is_some() {
            // What it brings is laid over all of the run.
            let View { params, tags, metrics, .. } = View::load(&*self.storage, &*self.blobs, doc)?;
            return Ok(Parts { params, tags, metrics });
        }
        let run = doc.info.run_id;
        let at = |section| keys::pages(&run, section);
        Ok(Parts {
            params: doc.params.load(&*self.storage, &at(SectionKind::Params))?,
            tags: doc.tags.load(&*self.storage, &at(SectionKind::Tags))?,
            metrics: doc.metrics.load(&*self.storage, &at(SectionKind::Metrics))?,
        })
    }

    /// Visits the points of a metric at a step.
    fn measured(
        &self,
        run: &str,
        key: &str,
        summary: &MetricSummary,
        step: i64,
        visit: &mut dyn FnMut(f64, Timestamp),
    ) -> Result<()> {
        if summary.last_step < step {
            // It is the largest.
            return Ok(());
        }
        if summary.count == 1 {
            if summary.last_step == step {
                visit(summary.last, summary.last_at);
            }
            return Ok(());
        }
        let series = self.points(run, Some(key))?.remove(key).unwrap_or_default().sorted();
        let here: Vec<_> = series.points().filter(|(of, _, _)| *of == step).collect();
        for (_, at, value) in here.iter().skip(here.len().saturating_sub(MOST_POINTS)) {
            visit(*value, Timestamp::from_micros(*at));
        }
        Ok(())
    }
}
