//! From rows to arrays that a metric takes, and what it says of them.

use std::collections::HashMap;

use super::definition::GateDefinition;
use super::inputs::{Column, Predicted};
use super::metric::GateMetric;
use super::own::OwnFunction;
use super::rows::{Checked, Rows, code, may_be_classes};
use super::stats::{CompareOptions, Comparison, Series, compare, compare_by, compare_values};
use crate::metrics::{Metric, Predictions, Score, Targets, per_row, score};

/// What was true, as a metric takes it.
#[derive(Debug)]
enum Truth {
    Classes(Vec<u32>),
    Values(Vec<f64>),
    Relevance { values: Vec<f64>, queries: Vec<u64> },
}

/// What a model said, as a metric takes it.
#[derive(Debug)]
enum Said {
    Classes(Vec<u32>),
    Values(Vec<f64>),
    Probabilities { values: Vec<f64>, n_classes: usize },
}

/// Rows prepared for one metric.
#[derive(Debug)]
pub(super) enum Prepared {
    /// For a metric that is known.
    Known(Arrays),
    /// Values of the caller's own.
    Own { name: String, greater_is_better: bool, candidate: Vec<f64>, baseline: Option<Vec<f64>> },
    /// A function of the caller's own, of rows that it knows by where they stood when they were handed in.
    Function { name: String, greater_is_better: bool, function: OwnFunction, places: Vec<u32> },
}

#[derive(Debug)]
pub(super) struct Arrays {
    metric: Metric,
    truth: Truth,
    candidate: Said,
    baseline: Option<Said>,
}

/// Which rows are of the positive class, and for which it is predicted.
#[derive(Debug)]
pub(super) struct Positives {
    pub(super) targets: Vec<bool>,
    pub(super) candidate: Vec<bool>,
    pub(super) baseline: Option<Vec<bool>>,
}

/// How rows are drawn.
#[derive(Clone, Debug)]
pub(super) struct Drawing {
    pub(super) alpha: f64,
    pub(super) resamples: u32,
    pub(super) seed: u64,
    pub(super) groups: Option<Vec<u64>>,
    pub(super) series: Option<Series>,
}

impl Drawing {
    pub(super) fn options(&self) -> CompareOptions<'_> {
        CompareOptions {
            alpha: self.alpha,
            resamples: self.resamples,
            seed: self.seed,
            groups: self.groups.as_deref(),
            series: self.series,
            ..CompareOptions::default()
        }
    }
}

impl Prepared {
    /// The rows as a metric takes them, or why it cannot.
    pub(super) fn new(definition: &GateDefinition, rows: &Rows, metric: &GateMetric) -> Checked<Self> {
        let metric = match metric {
            GateMetric::Known(metric) => *metric,
            GateMetric::Own { name, greater_is_better } if rows.own_functions.contains_key(name) => {
                let function = rows.own_functions.get(name).cloned().ok_or("the function is there")?;
                let (name, places) = (metric.to_string(), rows.places.clone());
                return Ok(Self::Function { name, greater_is_better: *greater_is_better, function, places });
            }
            GateMetric::Own { name, greater_is_better } => {
                let own = rows.own.get(name).ok_or_else(|| {
                    format!("the gate asks for the metric `{metric}`, and no values of it were handed in")
                })?;
                let baseline = rows.baseline.as_ref().map(|_| own.baseline.clone());
                let (name, candidate) = (metric.to_string(), own.candidate.clone());
                return Ok(Self::Own { name, greater_is_better: *greater_is_better, candidate, baseline });
            }
        };
        let reader = Reader { definition, rows, metric };
        let truth = reader.truth()?;
        let candidate = reader.said("the candidate", &rows.candidate)?;
        let baseline = rows.baseline.as_ref().map(|of| reader.said("the baseline", of)).transpose()?;
        let metric = metric.with_positive(reader.positive()?);
        Ok(Self::Known(Arrays { metric, truth, candidate, baseline }))
    }

    /// The candidate's value.
    pub(super) fn candidate(&self) -> Checked<f64> {
        let found = match self {
            Self::Own { candidate, .. } => Ok(mean(candidate)),
            Self::Function { function, places, .. } => function.values(places).map(|(candidate, _)| candidate),
            Self::Known(arrays) => score(&arrays.metric, &arrays.truth.get(), &arrays.candidate.get()),
        };
        found.map_err(|e| e.to_string()).and_then(finite)
    }

    /// Candidate beside baseline.
    pub(super) fn compare(&self, drawing: &Drawing) -> Checked<Comparison> {
        let options = drawing.options();
        let found = match self {
            Self::Own { name, greater_is_better, candidate, baseline } => {
                let baseline = baseline.as_deref().ok_or("there is no baseline")?;
                compare_values(name, *greater_is_better, candidate, baseline, &options)
            }
            Self::Function { name, greater_is_better, function, places } => {
                let values = |rows: &[u32]| {
                    let (candidate, baseline) = function.values(&take(places, rows))?;
                    Ok((candidate, baseline.unwrap_or(f64::NAN)))
                };
                compare_by(name, *greater_is_better, places.len(), &values, &options)
            }
            Self::Known(arrays) => {
                let baseline = arrays.baseline.as_ref().ok_or("there is no baseline")?;
                compare(&arrays.metric, &arrays.truth.get(), &arrays.candidate.get(), &baseline.get(), &options)
            }
        };
        let found = found.map_err(|e| e.to_string())?;
        for value in [found.candidate, found.baseline, found.difference] {
            finite(value)?;
        }
        Ok(found)
    }

    /// The candidate beside nothing: bounds of its own value, counted so that more is better.
    pub(super) fn alone(&self, drawing: &Drawing) -> Checked<Comparison> {
        let options = drawing.options();
        let found = match self {
            Self::Own { name, greater_is_better, candidate, .. } => {
                compare_values(name, *greater_is_better, candidate, &vec![0.0; candidate.len()], &options)
            }
            Self::Function { name, greater_is_better, function, places } => {
                let values = |rows: &[u32]| Ok((function.values(&take(places, rows))?.0, 0.0));
                compare_by(name, *greater_is_better, places.len(), &values, &options)
            }
            // A mean is compared by its rows, which is fast.
            Self::Known(arrays) if arrays.metric.is_mean() && !arrays.metric.is_of_rankings() => {
                let (name, greater) = (arrays.metric.to_string(), arrays.metric.greater_is_better());
                per_row(&arrays.metric, &arrays.truth.get(), &arrays.candidate.get())
                    .and_then(|values| compare_values(&name, greater, &values, &vec![0.0; values.len()], &options))
            }
            Self::Known(arrays) => {
                let (name, greater) = (arrays.metric.to_string(), arrays.metric.greater_is_better());
                let values = |rows: &[u32]| Ok((arrays.score_of(rows, &arrays.candidate)?, 0.0));
                compare_by(&name, greater, arrays.truth.get().rows(), &values, &options)
            }
        };
        found.map_err(|e| e.to_string())
    }

    /// The values of candidate and baseline for some rows.
    pub(super) fn values_of(&self, rows: &[u32]) -> crate::error::Result<(f64, Option<f64>)> {
        match self {
            Self::Own { candidate, baseline, .. } => {
                Ok((mean(&take(candidate, rows)), baseline.as_ref().map(|of| mean(&take(of, rows)))))
            }
            Self::Function { function, places, .. } => function.values(&take(places, rows)),
            Self::Known(arrays) => {
                let baseline = arrays.baseline.as_ref().map(|of| arrays.score_of(rows, of)).transpose()?;
                Ok((arrays.score_of(rows, &arrays.candidate)?, baseline))
            }
        }
    }

    /// Some of the rows.
    pub(super) fn take(&self, rows: &[u32]) -> Self {
        match self {
            Self::Own { name, greater_is_better, candidate, baseline } => Self::Own {
                name: name.clone(),
                greater_is_better: *greater_is_better,
                candidate: take(candidate, rows),
                baseline: baseline.as_ref().map(|of| take(of, rows)),
            },
            Self::Function { name, greater_is_better, function, places } => Self::Function {
                name: name.clone(),
                greater_is_better: *greater_is_better,
                function: function.clone(),
                places: take(places, rows),
            },
            Self::Known(arrays) => Self::Known(Arrays {
                metric: arrays.metric,
                truth: arrays.truth.take(rows),
                candidate: arrays.candidate.take(rows),
                baseline: arrays.baseline.as_ref().map(|of| of.take(rows)),
            }),
        }
    }

    /// Which rows are of the positive class, and for which candidate and baseline predict it; for metrics of classes.
    pub(super) fn positives(&self) -> Option<Positives> {
        let Self::Known(arrays) = self else { return None };
        let Truth::Classes(targets) = &arrays.truth else { return None };
        let positive = arrays.metric.positive();
        Some(Positives {
            targets: targets.iter().map(|class| *class == positive).collect(),
            candidate: arrays.candidate.positives(positive),
            baseline: arrays.baseline.as_ref().map(|of| of.positives(positive)),
        })
    }
}

fn finite(value: f64) -> Checked<f64> {
    if value.is_finite() { Ok(value) } else { Err(format!("the metric is {value}")) }
}

#[expect(clippy::cast_precision_loss, reason = "a number of rows")]
fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn take<T: Copy>(values: &[T], rows: &[u32]) -> Vec<T> {
    rows.iter().filter_map(|row| values.get(*row as usize).copied()).collect()
}

impl Arrays {
    fn score_of(&self, rows: &[u32], said: &Said) -> crate::error::Result<f64> {
        score(&self.metric, &self.truth.take(rows).get(), &said.take(rows).get())
    }
}

impl Truth {
    fn get(&self) -> Targets<'_> {
        match self {
            Self::Classes(classes) => Targets::Classes(classes),
            Self::Values(values) => Targets::Values(values),
            Self::Relevance { values, queries } => Targets::Relevance { values, queries },
        }
    }

    fn take(&self, rows: &[u32]) -> Self {
        match self {
            Self::Classes(classes) => Self::Classes(take(classes, rows)),
            Self::Values(values) => Self::Values(take(values, rows)),
            Self::Relevance { values, queries } => {
                Self::Relevance { values: take(values, rows), queries: take(queries, rows) }
            }
        }
    }
}

impl Said {
    fn get(&self) -> Predictions<'_> {
        match self {
            Self::Classes(classes) => Predictions::Classes(classes),
            Self::Values(values) => Predictions::Values(values),
            Self::Probabilities { values, n_classes } => Predictions::Probabilities { values, n_classes: *n_classes },
        }
    }

    fn take(&self, rows: &[u32]) -> Self {
        match self {
            Self::Classes(classes) => Self::Classes(take(classes, rows)),
            Self::Values(values) => Self::Values(take(values, rows)),
            Self::Probabilities { values, n_classes } => {
                let row = |row: &u32| values.chunks_exact(*n_classes).nth(*row as usize).unwrap_or_default();
                Self::Probabilities { values: rows.iter().flat_map(row).copied().collect(), n_classes: *n_classes }
            }
        }
    }
}

impl Said {
    fn positives(&self, positive: u32) -> Vec<bool> {
        match self {
            Self::Classes(classes) => classes.iter().map(|class| *class == positive).collect(),
            Self::Values(values) => values.iter().map(|value| *value > 0.5).collect(),
            Self::Probabilities { values, n_classes } => values
                .chunks_exact((*n_classes).max(1))
                .map(|row| {
                    let of = row.get(positive as usize).copied().unwrap_or_default();
                    // Of equal ones the first is predicted.
                    let before = row.iter().take(positive as usize).all(|other| *other < of);
                    before && row.iter().all(|other| *other <= of)
                })
                .collect(),
        }
    }
}

/// What kind of predictions a metric takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    /// Which class.
    Classes,
    /// Scores or probabilities of classes.
    Scores,
    /// The probabilities of all classes.
    Probabilities,
    /// Numbers.
    Numbers,
    /// Scores that rows of a query are ranked by.
    Ranking,
}

pub(super) fn needs(metric: Metric) -> Needs {
    match metric.score() {
        Score::Accuracy
        | Score::Error
        | Score::Precision(_)
        | Score::Recall(_)
        | Score::F1(_)
        | Score::BalancedAccuracy
        | Score::Mcc => Needs::Classes,
        Score::TopKAccuracy { .. } => Needs::Probabilities,
        Score::LogLoss | Score::Brier | Score::RocAuc | Score::AveragePrecision | Score::CalibrationError { .. } => {
            Needs::Scores
        }
        Score::Ndcg { .. } | Score::MeanReciprocalRank => Needs::Ranking,
        _ => Needs::Numbers,
    }
}

struct Reader<'a> {
    definition: &'a GateDefinition,
    rows: &'a Rows,
    metric: Metric,
}

impl Reader<'_> {
    fn truth(&self) -> Checked<Truth> {
        match needs(self.metric) {
            Needs::Numbers => Ok(Truth::Values(self.numbers("targets", &self.rows.targets)?)),
            Needs::Ranking => {
                let name = self.definition.query.as_ref().ok_or_else(|| {
                    format!("`{}` needs the column of queries; name it by `query` in the definition", self.metric)
                })?;
                let queries = self.rows.coded(name).ok_or_else(|| format!("there is no column `{name}`"))?;
                let queries = queries.codes.into_iter().map(u64::from).collect();
                Ok(Truth::Relevance { values: self.numbers("targets", &self.rows.targets)?, queries })
            }
            _ if may_be_classes(&self.rows.targets) => Ok(Truth::Classes(self.classes(&self.rows.targets)?)),
            _ => Err(format!("`{}` is a score of classes, and the targets have fractions", self.metric)),
        }
    }

    fn said(&self, of: &str, predicted: &Predicted) -> Checked<Said> {
        let scores = || self.scores(predicted);
        let missing = |what: &str| Err(format!("`{}` needs {what}, which were not handed in for {of}", self.metric));
        match needs(self.metric) {
            Needs::Numbers => match (&predicted.values, &predicted.scores) {
                (Some(values), _) => Ok(Said::Values(self.numbers(&format!("predictions of {of}"), values)?)),
                (None, Some(scores)) => Ok(Said::Values(scores.clone())),
                (None, None) => missing("predicted numbers"),
            },
            Needs::Ranking => match (scores(), &predicted.values) {
                (Some(scores), _) => Ok(Said::Values(scores)),
                (None, Some(values)) => Ok(Said::Values(self.numbers(&format!("predictions of {of}"), values)?)),
                (None, None) => missing("scores"),
            },
            Needs::Classes => match &predicted.values {
                Some(values) if may_be_classes(values) => {
                    self.check_classes(of, values)?;
                    Ok(Said::Classes(self.classes(values)?))
                }
                _ => match scores() {
                    Some(scores) => self.decided(scores),
                    None if !predicted.probabilities.is_empty() => self.probabilities(of, predicted),
                    None => missing("predicted classes"),
                },
            },
            Needs::Scores => match scores() {
                Some(scores) => Ok(Said::Values(scores)),
                None if predicted.probabilities.is_empty() => missing("scores or probabilities, and not classes,"),
                None if self.rows.classes.len() == 2 => {
                    let name = self.rows.classes.get(self.positive()? as usize);
                    match name.and_then(|name| predicted.probabilities.get(name)) {
                        Some(values) => Ok(Said::Values(values.clone())),
                        None => self.probabilities(of, predicted),
                    }
                }
                None => self.probabilities(of, predicted),
            },
            Needs::Probabilities if predicted.probabilities.is_empty() => missing("the probabilities of all classes"),
            Needs::Probabilities => self.probabilities(of, predicted),
        }
    }

    /// Scores that were handed in as such, or as numbers that are no classes.
    fn scores(&self, predicted: &Predicted) -> Option<Vec<f64>> {
        match (&predicted.scores, &predicted.values) {
            (Some(scores), _) => Some(scores.clone()),
            (None, Some(column @ Column::Numbers(values))) => {
                let is_of_targets = may_be_classes(column) && {
                    let targets = code(&self.rows.targets).names;
                    code(column).names.iter().all(|name| targets.contains(name))
                };
                (!is_of_targets).then(|| values.clone())
            }
            _ => None,
        }
    }

    /// Classes by scores: with a cutoff here, else by the metric itself.
    fn decided(&self, scores: Vec<f64>) -> Checked<Said> {
        let Some(cutoff) = self.definition.cutoff else { return Ok(Said::Values(scores)) };
        let positive = self.positive()?;
        let other = u32::from(positive == 0);
        Ok(Said::Classes(scores.iter().map(|score| if *score >= cutoff { positive } else { other }).collect()))
    }

    fn probabilities(&self, of: &str, predicted: &Predicted) -> Checked<Said> {
        let columns = self.rows.classes.iter().map(|class| {
            predicted.probabilities.get(class).ok_or_else(|| {
                let there: Vec<_> = predicted.probabilities.keys().map(|class| format!("`{class}`")).collect();
                format!("{of} has no probability of the class `{class}`; it has those of {}", there.join(", "))
            })
        });
        let columns: Vec<&Vec<f64>> = columns.collect::<Checked<_>>()?;
        let row = |row: usize| columns.iter().filter_map(move |column| column.get(row).copied());
        let values = (0..self.rows.len()).flat_map(row).collect();
        Ok(Said::Probabilities { values, n_classes: columns.len() })
    }

    /// Refuses classes that are written in another way than those of the targets: `1` and `True`.
    fn check_classes(&self, of: &str, values: &Column) -> Checked<()> {
        let (said, targets) = (code(values).names, code(&self.rows.targets).names);
        if said.iter().any(|name| targets.contains(name)) {
            return Ok(());
        }
        let some =
            |names: &[String]| names.iter().take(3).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let (said, targets) = (some(&said), some(&targets));
        Err(format!("no prediction of {of} is a class of the targets: it predicts {said}, and they are {targets}"))
    }

    /// The number of the positive class.
    fn positive(&self) -> Checked<u32> {
        let Some(name) = &self.definition.positive else { return Ok(1) };
        let place = self.rows.classes.iter().position(|class| class == name);
        place.and_then(|place| u32::try_from(place).ok()).ok_or_else(|| format!("there is no class `{name}`"))
    }

    fn numbers(&self, what: &str, column: &Column) -> Checked<Vec<f64>> {
        match column {
            Column::Numbers(values) => Ok(values.clone()),
            Column::Texts(_) => Err(format!("`{}` is a score of numbers, and the {what} are texts", self.metric)),
        }
    }

    fn classes(&self, column: &Column) -> Checked<Vec<u32>> {
        let coded = code(column);
        let places: HashMap<&String, u32> = self.rows.classes.iter().zip(0_u32..).collect();
        let place = |name: &String| places.get(name).copied().ok_or_else(|| format!("there is no class `{name}`"));
        let moved: Vec<u32> = coded.names.iter().map(place).collect::<Checked<_>>()?;
        Ok(coded.codes.iter().filter_map(|was| moved.get(*was as usize).copied()).collect())
    }
}
