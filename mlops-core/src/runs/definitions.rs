//! What a run says of its metrics: which value sums a metric up, what it is plotted over.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::search::points::{first, mean};
use super::store::Runs;
use super::tags;
use super::types::{MetricSummary, Series};
use crate::base::names;
use crate::base::series_key::SeriesKey;
use crate::error::{Error, Result};

/// A value that stands for a metric of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Aggregation {
    /// The smallest value.
    Min,
    /// The largest value.
    Max,
    /// The mean of the values that are not NaN.
    Mean,
    /// The value at the largest (step, time, value).
    Last,
    /// The value at the smallest (step, time, value).
    First,
    /// The smallest or the largest value, as the goal says.
    Best,
    /// No value: the metric is left out of the summary.
    None,
}

/// Where a metric is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Goal {
    /// Small values are good.
    Minimize,
    /// Large values are good.
    Maximize,
}

fn unknown(what: &str, value: &str, expected: &str) -> Error {
    Error::InvalidArgument {
        what: what.into(),
        value: value.escape_debug().take(300).collect(),
        expected: expected.into(),
    }
}

impl Aggregation {
    const ALL: [Self; 7] = [Self::Min, Self::Max, Self::Mean, Self::Last, Self::First, Self::Best, Self::None];

    /// `min`, `max`, `mean`, `last`, `first`, `best` or `none`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Min => "min",
            Self::Max => "max",
            Self::Mean => "mean",
            Self::Last => "last",
            Self::First => "first",
            Self::Best => "best",
            Self::None => "none",
        }
    }
}

impl FromStr for Aggregation {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|aggregation| aggregation.name() == text);
        found.ok_or_else(|| unknown("summary of a metric", text, "min, max, mean, last, first, best or none"))
    }
}

impl fmt::Display for Aggregation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Goal {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "minimize" => Ok(Self::Minimize),
            "maximize" => Ok(Self::Maximize),
            other => Err(unknown("goal of a metric", other, "minimize or maximize")),
        }
    }
}

/// What a run says of a metric, or of all whose names match; kept as the tag `mlops.metric.<name>`, so that forks and
/// exports have it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetricDefinition {
    /// The metric whose values are its steps, such as `epoch`; None: the step that it is logged with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_metric: Option<String>,
    /// What sums it up; empty: the last value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub summary: Vec<Aggregation>,
    /// Where it is to go; `best` needs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goal: Option<Goal>,
    /// Nothing draws it that was not asked for it by name.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
}

impl MetricDefinition {
    /// Refuses what cannot be.
    ///
    /// # Errors
    /// `InvalidArgument` for `best` without a goal, `none` beside others, an aggregation that is named twice, or a step
    /// metric that is no key.
    pub fn check(&self) -> Result<()> {
        let listed = || self.summary.iter().map(|one| one.name()).collect::<Vec<_>>().join(", ");
        let refuse = |expected| Err(unknown("summary of a metric", &listed(), expected));
        if self.summary.contains(&Aggregation::Best) && self.goal.is_none() {
            return refuse("a goal beside `best`: minimize or maximize");
        }
        if self.summary.contains(&Aggregation::None) && self.summary.len() > 1 {
            return refuse("`none` alone");
        }
        let mut sorted = self.summary.clone();
        sorted.sort();
        sorted.dedup();
        if sorted.len() < self.summary.len() {
            return refuse("each aggregation once");
        }
        self.step_metric.as_deref().map_or(Ok(()), |key| names::check_key("step metric", key))
    }
}

/// The definitions of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetricDefinitions(BTreeMap<String, MetricDefinition>);

impl MetricDefinitions {
    /// Those that a run's tags hold. A tag that is none, as others may write it, is passed over.
    pub fn of(tags: &BTreeMap<String, String>) -> Self {
        let named = tags.iter().filter_map(|(key, value)| {
            let definition: MetricDefinition = serde_json::from_str(value).ok()?;
            definition.check().ok()?;
            Some((key.strip_prefix(tags::METRIC)?.to_owned(), definition))
        });
        Self(named.collect())
    }

    /// The definition of a metric: that of its name with its context, else of its name alone, else of the longest
    /// pattern that matches one of them. `*` in a pattern stands for any text.
    pub fn find(&self, key: &str) -> Option<&MetricDefinition> {
        let name = SeriesKey::parse(key).key;
        let exact = self.0.get(key).or_else(|| self.0.get(&name));
        exact.or_else(|| {
            let patterns = self.0.iter().filter(|(pattern, _)| matches(pattern, key) || matches(pattern, &name));
            patterns.max_by_key(|(pattern, _)| pattern.len()).map(|(_, definition)| definition)
        })
    }

    /// True if a metric is not to be drawn unless somebody names it.
    pub fn is_hidden(&self, key: &str) -> bool {
        self.find(key).is_some_and(|definition| definition.hidden)
    }

    /// Every definition by the name or pattern that it is for.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &MetricDefinition)> {
        self.0.iter().map(|(name, definition)| (name.as_str(), definition))
    }
}

/// True if a pattern matches a whole text.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((begin, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut left) = text.strip_prefix(begin) else { return false };
    let parts: Vec<_> = rest.split('*').collect();
    let Some((end, middle)) = parts.split_last() else { return false };
    for part in middle {
        // The first place is as good as any: what follows has more to match in.
        let Some(at) = left.find(part) else { return false };
        left = left.get(at + part.len()..).unwrap_or_default();
    }
    left.ends_with(end)
}

/// The points of a metric with the values of another in the place of steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SteppedSeries {
    /// The value of the step metric at each point; NaN for points before its first.
    pub at: Vec<f64>,
    /// The points, in the order (step, time, logged).
    pub points: Series,
}

/// Values that sum a metric up, in the order of its definition.
pub type SummaryValues = Vec<(Aggregation, f64)>;

impl Runs {
    /// What sums up each metric of a run, as its definitions say: one value or several, in the order they name them; the
    /// last value where none is named. A metric with the summary `none` is left out.
    ///
    /// Points are read for `mean` and `first` only.
    ///
    /// # Errors
    /// `NotFound` for an unknown run, `Corrupt` for damaged points.
    ///
    /// # Examples
    /// ```
    /// use mlops_core::runs::{Aggregation, MetricDefinition, RunExt, RunOptions};
    ///
    /// # fn main() -> mlops_core::Result<()> {
    /// # let store = mlops_core::Store::open("memory:")?;
    /// let run = store.runs().start(RunOptions::default())?;
    /// let smallest = MetricDefinition { summary: vec![Aggregation::Min], ..MetricDefinition::default() };
    /// run.define_metric("val/*", &smallest)?;
    /// for (step, loss) in [0.5, 0.2, 0.3].into_iter().enumerate() {
    ///     run.log_metric("val/loss", loss, step as i64, None)?;
    /// }
    /// assert_eq!(store.runs().summary(run.id())?["val/loss"], [(Aggregation::Min, 0.2)]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn summary(&self, run_id: &str) -> Result<BTreeMap<String, SummaryValues>> {
        let data = self.get(run_id)?;
        let definitions = MetricDefinitions::of(&data.tags);
        let mut all = BTreeMap::new();
        for (key, summary) in &data.metrics {
            let found = definitions.find(key);
            let asked = found.map(|found| found.summary.as_slice()).filter(|asked| !asked.is_empty());
            let asked = asked.unwrap_or(&[Aggregation::Last]);
            let goal = found.and_then(|found| found.goal);
            let mut points = None;
            let mut values = SummaryValues::new();
            for aggregation in asked {
                if points.is_none() && matches!(aggregation, Aggregation::Mean | Aggregation::First) {
                    points = Some(self.metric_history(run_id, key)?);
                }
                values.extend(value(*aggregation, goal, summary, points.as_ref()).map(|value| (*aggregation, value)));
            }
            if !values.is_empty() {
                all.insert(key.clone(), values);
            }
        }
        Ok(all)
    }

    /// What a run says of its metrics.
    ///
    /// # Errors
    /// `NotFound` for an unknown run.
    pub fn metric_definitions(&self, run_id: &str) -> Result<MetricDefinitions> {
        Ok(MetricDefinitions::of(&self.get(run_id)?.tags))
    }

    /// The points of a metric over the values of another, in the order (step, time, logged). Beside a point stands the
    /// value of the other at the largest step that is not above the point's; of several values at the point's own step
    /// the last that is not later than the point, else the first.
    ///
    /// # Errors
    /// `NotFound` for an unknown run, `Corrupt` for damaged points.
    pub fn metric_history_by(&self, run_id: &str, key: &str, step_metric: &str) -> Result<SteppedSeries> {
        let (points, steps) = (self.metric_history(run_id, key)?, self.metric_history(run_id, step_metric)?);
        Ok(stepped(&points, &steps))
    }

    /// The contexts that a metric of a run has series of; an empty one stands for the series without a context.
    ///
    /// # Errors
    /// `NotFound` for an unknown run.
    pub fn metric_contexts(&self, run_id: &str, key: &str) -> Result<Vec<BTreeMap<String, String>>> {
        let metrics = self.get(run_id)?.metrics;
        Ok(metrics.keys().map(|text| SeriesKey::parse(text)).filter(|of| of.key == key).map(|of| of.context).collect())
    }
}

/// The tag that a definition is kept in.
pub(super) fn tag(name: &str, definition: &MetricDefinition) -> Result<(String, String)> {
    names::check_key("metric", name)?;
    definition.check()?;
    let text = serde_json::to_string(definition).map_err(|e| Error::internal(format!("cannot write JSON: {e}")))?;
    Ok((format!("{}{name}", tags::METRIC), text))
}

fn value(
    aggregation: Aggregation,
    goal: Option<Goal>,
    summary: &MetricSummary,
    points: Option<&Series>,
) -> Option<f64> {
    match (aggregation, goal) {
        (Aggregation::Min, _) | (Aggregation::Best, Some(Goal::Minimize)) => Some(summary.min),
        (Aggregation::Max, _) | (Aggregation::Best, Some(Goal::Maximize)) => Some(summary.max),
        (Aggregation::Last, _) => Some(summary.last),
        (Aggregation::Mean, _) => mean(&points?.values),
        (Aggregation::First, _) => first(points?),
        (Aggregation::Best | Aggregation::None, _) => None,
    }
}

fn stepped(points: &Series, steps: &Series) -> SteppedSeries {
    let by_step = |series: &Series| {
        let mut all: Vec<_> = series.points().collect();
        // What is equal stays in the order it was logged.
        all.sort_by_key(|(step, at, _)| (*step, *at));
        all
    };
    let places = by_step(steps);
    let mut found = SteppedSeries::default();
    for (step, at, value) in by_step(points) {
        let upto = places.partition_point(|(s, t, _)| (*s, *t) <= (step, at));
        let before = upto.checked_sub(1).and_then(|last| places.get(last));
        let at_step = places.get(upto).filter(|(s, ..)| *s == step);
        let place = before.filter(|(s, ..)| *s == step).or(at_step).or(before);
        found.at.push(place.map_or(f64::NAN, |(_, _, value)| *value));
        found.points.push(step, at, value);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runs::tests::opened;
    use crate::runs::{RunExt, RunOptions};

    #[test]
    fn a_pattern_matches_as_a_glob_does() {
        for (pattern, text, expected) in [
            ("loss", "loss", true),
            ("*", "", true),
            ("val/*", "val/loss", true),
            ("val/*", "train/loss", false),
            ("*loss", "val/loss", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*a", "a", false),
            ("*b*", "abc", true),
            ("*bb", "abb", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn the_most_exact_definition_counts() {
        let define = |goal| MetricDefinition { goal: Some(goal), ..MetricDefinition::default() };
        let tags = [("*", Goal::Minimize), ("acc*", Goal::Maximize), ("loss", Goal::Minimize)];
        let mut tags: BTreeMap<_, _> = tags.into_iter().map(|(name, goal)| tag(name, &define(goal)).unwrap()).collect();
        tags.insert(format!("{}bad", tags::METRIC), "no JSON".into());
        let all = MetricDefinitions::of(&tags);
        let goal = |key: &str| all.find(key).unwrap().goal;
        assert_eq!(goal("accuracy{subset=\"val\"}"), Some(Goal::Maximize));
        assert_eq!((goal("loss{subset=\"val\"}"), goal("bad")), (Some(Goal::Minimize), Some(Goal::Minimize)));
        assert_eq!(all.iter().count(), 3);
    }

    #[test]
    fn a_definition_that_cannot_be_is_refused() {
        assert!("median".parse::<Aggregation>().unwrap_err().to_string().contains("min, max, mean"));
        assert!("up".parse::<Goal>().is_err());
        let with =
            |summary: &[Aggregation]| MetricDefinition { summary: summary.into(), ..MetricDefinition::default() };
        for wrong in [&[Aggregation::Best][..], &[Aggregation::None, Aggregation::Min], &[Aggregation::Min; 2]] {
            assert!(with(wrong).check().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_summary_has_what_the_definitions_say() {
        let runs = opened();
        let run = runs.start(RunOptions::default()).unwrap();
        for (step, value) in [(0, 3.0), (1, 1.0), (2, 2.0)] {
            for key in ["loss", "acc", "epoch", "other"] {
                run.log_metric(key, value, step, None).unwrap();
            }
        }
        let define = |key: &str, summary: &[Aggregation], goal| {
            let definition = MetricDefinition { summary: summary.into(), goal, ..MetricDefinition::default() };
            run.define_metric(key, &definition).unwrap();
        };
        define("loss", &[Aggregation::Best, Aggregation::Mean, Aggregation::First], Some(Goal::Minimize));
        define("acc", &[Aggregation::Best], Some(Goal::Maximize));
        define("epoch", &[Aggregation::None], None);
        let summary = runs.summary(run.id()).unwrap();
        let expected = [(Aggregation::Best, 1.0), (Aggregation::Mean, 2.0), (Aggregation::First, 3.0)];
        assert_eq!(summary["loss"], expected);
        assert_eq!(summary["acc"], [(Aggregation::Best, 3.0)]);
        assert_eq!(summary["other"], [(Aggregation::Last, 2.0)]);
        assert!(!summary.contains_key("epoch"));
    }

    #[test]
    fn a_point_stands_beside_the_step_metric_of_its_step_else_of_the_one_before() {
        let series = |points: &[(i64, i64, f64)]| {
            let mut series = Series::default();
            points.iter().for_each(|(step, at, value)| series.push(*step, *at, *value));
            series
        };
        let epochs = series(&[(10, 100, 1.0), (20, 200, 2.0), (20, 210, 2.5), (30, 300, 3.0)]);
        let loss = series(&[(5, 50, 0.1), (10, 90, 0.2), (15, 999, 0.3), (20, 205, 0.4), (20, 190, 0.5), (40, 1, 0.6)]);
        let found = stepped(&loss, &epochs);
        assert!(found.at[0].is_nan(), "before the first");
        assert_eq!(found.at[1..], [1.0, 1.0, 2.0, 2.0, 3.0]);
        assert_eq!(found.points.values, [0.1, 0.2, 0.3, 0.5, 0.4, 0.6]);
        assert!(stepped(&found.points, &Series::default()).at.iter().all(|at| at.is_nan()));
    }

    #[test]
    fn a_metric_lists_its_contexts() {
        let runs = opened();
        let run = runs.start(RunOptions::default()).unwrap();
        let key = |subset: &str| SeriesKey::new("loss").with("subset", subset).text().unwrap();
        for key in ["loss".to_owned(), key("val"), key("train"), "lossy".into()] {
            run.log_metric(&key, 1.0, 0, None).unwrap();
        }
        let contexts = runs.metric_contexts(run.id(), "loss").unwrap();
        let subset = |context: &BTreeMap<String, String>| context.get("subset").cloned().unwrap_or_default();
        assert_eq!(contexts.iter().map(subset).collect::<Vec<_>>(), ["", "train", "val"]);
    }
}
