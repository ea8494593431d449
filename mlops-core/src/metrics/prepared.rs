//! A metric made ready to be taken of any list of rows: once for all, or for each resample.

use super::bins::Binned;
use super::classes::{self, ClassRows};
use super::median::{self, MedianOf};
use super::metric::{Metric, Score};
use super::ranks::Ranked;
use super::sums::{ExplainedOf, MeanOf};
use super::{Predictions, Targets, input, probabilities, ranking, regression};
use crate::error::Result;

/// A metric of the rows that are added, which may be added more than once. Adding costs a few memory accesses a row.
pub(crate) trait Accumulator {
    /// Forgets all rows.
    fn clear(&mut self);

    /// Adds units: rows, or queries for rankings, each below [`Prepared::units`].
    fn add(&mut self, units: &[u32]);

    /// The metric of what was added; None where it has no value, as of one class only.
    fn value(&mut self) -> Option<f64>;
}

/// What a metric needs of each row, checked.
#[derive(Debug)]
pub(crate) struct Prepared {
    form: Form,
    /// For rankings, the first row of each query.
    first_rows: Option<Vec<u32>>,
}

#[derive(Debug)]
enum Form {
    Mean(Vec<f64>),
    RootMean(Vec<f64>),
    Explained { squares: Vec<f64>, centred: Vec<f64> },
    Median { values: Vec<f64>, order: Vec<u32> },
    Classes(ClassRows),
    Ranked(Ranked),
    Binned(Binned),
}

impl Prepared {
    /// Checks targets and predictions and prepares them.
    pub(crate) fn new(metric: &Metric, targets: &Targets<'_>, predictions: &Predictions<'_>) -> Result<Self> {
        input::check(targets, predictions)?;
        if metric.is_of_rankings() {
            let (values, first) = ranking::of_queries(metric, targets, predictions)?;
            return Ok(Self { form: Form::Mean(values), first_rows: Some(first) });
        }
        Ok(Self { form: Self::form(metric, targets, predictions)?, first_rows: None })
    }

    fn form(metric: &Metric, targets: &Targets<'_>, predictions: &Predictions<'_>) -> Result<Form> {
        let of_classes = || input::classes(metric.name(), targets);
        Ok(match metric.score() {
            Score::Accuracy | Score::Error => {
                let targets = of_classes()?;
                let right = metric.score() == Score::Accuracy;
                let predicted = classes::predicted(metric, targets, predictions)?;
                let value = |(y, p): (&u32, &u32)| f64::from(u8::from((y == p) == right));
                Form::Mean(targets.iter().zip(&predicted).map(value).collect())
            }
            Score::TopKAccuracy { k } => match predictions {
                Predictions::Probabilities { values, n_classes } => {
                    Form::Mean(classes::among_top(of_classes()?, values, *n_classes, k)?)
                }
                _ => return Err(probabilities::needed(metric)),
            },
            Score::Precision(_) | Score::Recall(_) | Score::F1(_) | Score::BalancedAccuracy | Score::Mcc => {
                Form::Classes(ClassRows::new(metric, targets, predictions)?)
            }
            Score::LogLoss => Form::Mean(probabilities::log_losses(metric, of_classes()?, predictions)?),
            Score::Brier => Form::Mean(probabilities::brier_losses(metric, of_classes()?, predictions)?),
            Score::CalibrationError { bins } => {
                Form::Binned(probabilities::calibration(metric, of_classes()?, predictions, bins)?)
            }
            Score::RocAuc | Score::AveragePrecision => Form::Ranked(Ranked::new(metric, of_classes()?, predictions)?),
            _ => {
                let (targets, predictions) = regression::numbers(metric, targets, predictions)?;
                let losses = regression::losses(metric, targets, predictions)?;
                regression::check_finite(&losses)?;
                match metric.score() {
                    Score::RootMeanSquaredError => Form::RootMean(losses),
                    Score::R2 => Form::Explained { squares: losses, centred: regression::centred(targets)? },
                    Score::MedianAbsoluteError => Form::Median { order: median::rising(&losses), values: losses },
                    _ => Form::Mean(losses),
                }
            }
        })
    }

    /// How many units there are: rows, or queries for rankings.
    pub(crate) fn units(&self) -> usize {
        match &self.form {
            Form::Mean(values) | Form::RootMean(values) | Form::Median { values, .. } => values.len(),
            Form::Explained { squares, .. } => squares.len(),
            Form::Classes(rows) => rows.len(),
            Form::Ranked(rows) => rows.len(),
            Form::Binned(rows) => rows.len(),
        }
    }

    /// For rankings, the first row of each query.
    pub(crate) fn first_rows(&self) -> Option<&[u32]> {
        self.first_rows.as_deref()
    }

    /// The values that the metric is the mean of, if it is one.
    pub(crate) fn values(&self) -> Option<&[f64]> {
        if let Form::Mean(values) = &self.form { Some(values) } else { None }
    }

    /// The same, handed over.
    pub(crate) fn into_values(self) -> Option<Vec<f64>> {
        if let Form::Mean(values) = self.form { Some(values) } else { None }
    }

    /// An empty accumulator, which needs at most 4 bytes a row.
    pub(crate) fn accumulator(&self) -> Box<dyn Accumulator + '_> {
        match &self.form {
            Form::Mean(values) => Box::new(MeanOf::new(values, false)),
            Form::RootMean(values) => Box::new(MeanOf::new(values, true)),
            Form::Explained { squares, centred } => Box::new(ExplainedOf::new(squares, centred)),
            Form::Median { values, order } => Box::new(MedianOf::new(values, order)),
            Form::Classes(rows) => Box::new(rows.accumulator()),
            Form::Ranked(rows) => Box::new(rows.accumulator()),
            Form::Binned(rows) => Box::new(rows.accumulator()),
        }
    }

    /// The metric of all units, each once.
    pub(crate) fn value(&self) -> Option<f64> {
        let mut accumulator = self.accumulator();
        let units = u32::try_from(self.units()).unwrap_or(u32::MAX);
        let mut chunk = Vec::with_capacity(CHUNK as usize);
        let mut start = 0;
        while start < units {
            let end = start.saturating_add(CHUNK).min(units);
            chunk.clear();
            chunk.extend(start..end);
            accumulator.add(&chunk);
            start = end;
        }
        accumulator.value()
    }
}

/// How many units are added at once.
const CHUNK: u32 = 4096;
