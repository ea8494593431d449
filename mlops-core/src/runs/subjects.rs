//! What the points of a metric were measured on: a model, a data set.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::store::Runs;
use super::tags;
use super::types::Series;
use crate::base::digests::Digest;
use crate::base::names;
use crate::base::time::Timestamp;
use crate::error::{Error, Result};

/// The model and the data set that a point was measured on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MetricSubject {
    /// The id of the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_id: Option<String>,
    /// The name of the data set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset_name: Option<String>,
    /// The digest of the data set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset_digest: Option<String>,
}

impl MetricSubject {
    /// True if it names nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Refuses names that are none.
    pub(super) fn check(&self) -> Result<()> {
        let parts = [
            ("model id of a metric", &self.model_id),
            ("name of a data set", &self.dataset_name),
            ("digest of a data set", &self.dataset_digest),
        ];
        parts
            .into_iter()
            .try_for_each(|(what, name)| name.as_deref().map_or(Ok(()), |name| names::check_key(what, name)))
    }
}

/// What a tag says: from this point on, the points of a metric are about this.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Said {
    key: String,
    #[serde(flatten)]
    subject: MetricSubject,
    /// When, in microseconds, and the point that it was said with; the bits of its value.
    since: i64,
    step: i64,
    bits: u64,
}

/// The tag that says what the points of a metric are about from one of them on: its key and value.
pub(super) fn tag(
    key: &str,
    subject: Option<&MetricSubject>,
    (step, since, value): (i64, i64, f64),
) -> Result<(String, String)> {
    let subject = subject.cloned().unwrap_or_default();
    let said = Said { key: key.into(), subject, since, step, bits: value.to_bits() };
    let text = serde_json::to_string(&said).map_err(|e| Error::internal(format!("cannot write a tag: {e}")))?;
    let name = Digest::of(text.as_bytes()).to_hex();
    Ok((format!("{}{}", tags::METRIC_OF, name.get(..32).unwrap_or(&name)), text))
}

/// What the points of the metrics of a run were measured on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MetricSubjects(HashMap<String, Vec<Said>>);

impl MetricSubjects {
    /// What a run's tags say. A tag that says nothing, as others may write it, is passed over.
    pub fn of(tags: &BTreeMap<String, String>) -> Self {
        let mut all: HashMap<String, Vec<Said>> = HashMap::new();
        // Tags are in order of their keys.
        for (_, value) in
            tags.range(tags::METRIC_OF.to_owned()..).take_while(|(key, _)| key.starts_with(tags::METRIC_OF))
        {
            if let Ok(said) = serde_json::from_str::<Said>(value) {
                all.entry(said.key.clone()).or_default().push(said);
            }
        }
        all.values_mut().for_each(|said| said.sort_by_key(|one| one.since));
        Self(all)
    }

    /// True if nothing is said.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What a point of a metric was measured on: what was said last of the metric, up to the time of the point.
    pub fn find(&self, key: &str, step: i64, at: Timestamp, value: f64) -> Option<&MetricSubject> {
        let said = self.0.get(key)?;
        let upto = said.partition_point(|one| one.since <= at.as_micros());
        let before = said.get(..upto)?;
        // Of several that were said at one time, the one that was said with this very point.
        let same = |one: &&Said| (one.since, one.step, one.bits) == (at.as_micros(), step, value.to_bits());
        let one = before.iter().rev().find(same).or_else(|| before.last())?;
        (!one.subject.is_empty()).then_some(&one.subject)
    }

    /// What was said last of each metric.
    pub(super) fn last(self) -> HashMap<String, MetricSubject> {
        let last = self.0.into_iter().filter_map(|(key, mut said)| Some((key, said.pop()?.subject)));
        last.filter(|(_, subject)| !subject.is_empty()).collect()
    }
}

impl Runs {
    /// The points of a metric as [`metric_history`](Self::metric_history) has them, and what each was measured on; no
    /// subjects at all if none was said of the run.
    ///
    /// # Errors
    /// Those of [`metric_history`](Self::metric_history).
    ///
    /// ```
    /// use mlops_core::runs::{Batch, MetricPoint, MetricSubject, RunOptions};
    /// # fn main() -> mlops_core::Result<()> {
    /// let store = mlops_core::Store::open("memory:")?;
    /// let run = store.runs().start(RunOptions::default())?;
    /// let point = MetricPoint { key: "accuracy".into(), value: 0.9, step: 0, at: None };
    /// let subject = MetricSubject { model_id: Some("m-1".into()), ..MetricSubject::default() };
    /// run.log_batch(&Batch { metrics: vec![point], subjects: vec![Some(subject.clone())], ..Batch::default() })?;
    /// let (_, subjects) = store.runs().metric_history_of(run.id(), "accuracy")?;
    /// assert_eq!(subjects, [Some(subject)]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn metric_history_of(&self, run_id: &str, key: &str) -> Result<(Series, Vec<Option<MetricSubject>>)> {
        let series = self.metric_history(run_id, key)?;
        let said = MetricSubjects::of(&self.get(run_id)?.tags);
        if said.is_empty() {
            return Ok((series, Vec::new()));
        }
        let of = |(step, at, value)| said.find(key, step, Timestamp::from_micros(at), value).cloned();
        let subjects = series.points().map(of).collect();
        Ok((series, subjects))
    }
}
