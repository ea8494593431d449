//! From rows to arrays that a metric takes, and what it says of them.

use std::fmt;

use super::definition::GateDefinition;
use super::inputs::{Column, Predicted};
use super::metric::GateMetric;
use super::own::OwnFunction;
use super::rows::{Checked, Coded, Labels, Rows};
use super::stats::{CompareOptions, Comparison, Series, Watch, compare, compare_by, compare_values, of_model};
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
    pub(super) watch: Option<Watch>,
}

impl Drawing {
    pub(super) fn options(&self) -> CompareOptions<'_> {
        CompareOptions {
            alpha: self.alpha,
            resamples: self.resamples,
            seed: self.seed,
            groups: self.groups.as_deref(),
            series: self.series,
            watch: self.watch.as_ref(),
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
        let candidate = reader.said(Side::Candidate, &rows.candidate)?;
        let baseline = rows.baseline.as_ref().map(|of| reader.said(Side::Baseline, of)).transpose()?;
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

    /// Why the rows cannot be scored, if they cannot; rows are counted as they were handed in.
    pub(super) fn why_not(&self, places: &[u32]) -> Option<String> {
        let Self::Known(arrays) = self else { return None };
        let mut order = vec![0_u32; places.len()];
        for (at, place) in (0_u32..).zip(places) {
            if let Some(row) = order.get_mut(*place as usize) {
                *row = at;
            }
        }
        let truth = arrays.truth.take(&order);
        let sides = [("candidate", Some(&arrays.candidate)), ("baseline", arrays.baseline.as_ref())];
        sides.into_iter().find_map(|(whose, said)| {
            let error = score(&arrays.metric, &truth.get(), &said?.take(&order).get()).err()?;
            Some(of_model(error, whose).to_string())
        })
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

/// Whose predictions.
#[derive(Clone, Copy)]
enum Side {
    Candidate,
    Baseline,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Candidate => "the candidate",
            Self::Baseline => "the baseline",
        })
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
            _ => match &self.labels().targets {
                Some(targets) => Ok(Truth::Classes(targets.codes.clone())),
                None => Err(format!("`{}` is a score of classes, and the targets have fractions", self.metric)),
            },
        }
    }

    fn said(&self, of: Side, predicted: &Predicted) -> Checked<Said> {
        let scores = || self.scores(of, predicted);
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
            Needs::Classes if self.definition.cutoff.is_some() => self.decided(of, predicted),
            Needs::Classes => match self.labels_of(of) {
                Some(labels) => {
                    self.check_classes(of, labels)?;
                    Ok(Said::Classes(labels.codes.clone()))
                }
                None => match scores() {
                    Some(scores) => Ok(Said::Values(scores)),
                    None if !predicted.probabilities.is_empty() => self.probabilities(of, predicted),
                    None => missing("predicted classes"),
                },
            },
            Needs::Scores => match scores() {
                Some(scores) => Ok(Said::Values(scores)),
                None if predicted.probabilities.is_empty() => missing("scores or probabilities, and not classes,"),
                None if self.labels().classes.len() == 2 => {
                    let name = self.labels().classes.get(self.positive()? as usize);
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
    fn scores(&self, of: Side, predicted: &Predicted) -> Option<Vec<f64>> {
        match (&predicted.scores, &predicted.values) {
            (Some(scores), _) => Some(scores.clone()),
            // Labels are no scores where something better is there.
            (None, _) if !predicted.probabilities.is_empty() => None,
            (None, Some(Column::Numbers(values))) => {
                let known = self.labels().targets.as_ref().map_or(&[][..], |targets| &targets.names);
                let is_of_targets =
                    self.labels_of(of).is_some_and(|labels| labels.names.iter().all(|name| known.contains(name)));
                (!is_of_targets).then(|| values.clone())
            }
            _ => None,
        }
    }

    /// Classes by the cutoff, of scores or of the probability of the positive class.
    fn decided(&self, of: Side, predicted: &Predicted) -> Checked<Said> {
        let Some(cutoff) = self.definition.cutoff else { return Err("there is no cutoff".into()) };
        let classes = &self.labels().classes;
        if classes.len() != 2 {
            return Err(format!("a cutoff decides between two classes, and there are {}", classes.len()));
        }
        let positive = self.positive()?;
        let other = u32::from(positive == 0);
        let of_class = |class: u32| predicted.probabilities.get(classes.get(class as usize)?);
        let chances = || match (of_class(positive), of_class(other)) {
            (Some(values), _) => Some(values.clone()),
            (None, Some(values)) => Some(values.iter().map(|value| 1.0 - value).collect()),
            (None, None) => None,
        };
        let Some(scores) = self.scores(of, predicted).or_else(chances) else {
            // Classes were decided by somebody: a warning says so.
            let Some(labels) = self.labels_of(of) else {
                return Err(format!("the gate has a cutoff, and {of} has no scores or probabilities: hand them in"));
            };
            self.check_classes(of, labels)?;
            return Ok(Said::Classes(labels.codes.clone()));
        };
        Ok(Said::Classes(scores.iter().map(|score| if *score >= cutoff { positive } else { other }).collect()))
    }

    fn probabilities(&self, of: Side, predicted: &Predicted) -> Checked<Said> {
        let columns = self.labels().classes.iter().map(|class| {
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
    fn check_classes(&self, of: Side, labels: &Coded) -> Checked<()> {
        let targets = self.labels().targets.as_ref().map_or(&[][..], |targets| &targets.names);
        if labels.names.iter().any(|name| targets.contains(name)) {
            return Ok(());
        }
        let some =
            |names: &[String]| names.iter().take(3).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let (said, targets) = (some(&labels.names), some(targets));
        Err(format!("no prediction of {of} is a class of the targets: it predicts {said}, and they are {targets}"))
    }

    /// The number of the positive class.
    fn positive(&self) -> Checked<u32> {
        let Some(name) = &self.definition.positive else { return Ok(1) };
        let place = self.labels().classes.iter().position(|class| class == name);
        place.and_then(|place| u32::try_from(place).ok()).ok_or_else(|| {
            let classes: Vec<_> = self.labels().classes.iter().map(|class| format!("`{class}`")).collect();
            format!(
                "there is no class `{name}`, which is to be the positive one; the classes are {}",
                classes.join(", ")
            )
        })
    }

    fn numbers(&self, what: &str, column: &Column) -> Checked<Vec<f64>> {
        match column {
            Column::Numbers(values) => Ok(values.clone()),
            Column::Texts(_) => Err(format!("`{}` is a score of numbers, and the {what} are texts", self.metric)),
        }
    }

    fn labels(&self) -> &Labels {
        self.rows.labels()
    }

    fn labels_of(&self, of: Side) -> Option<&Coded> {
        match of {
            Side::Candidate => self.labels().candidate.as_ref(),
            Side::Baseline => self.labels().baseline.as_ref(),
        }
    }
}
