//! What a score is called, what it needs, and which way is better.

use std::fmt;

use crate::error::{Error, Result};

/// How the scores of single classes become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Average {
    /// The score of the positive class; for two classes.
    Binary,
    /// The mean over the classes that are in targets or predictions.
    Macro,
    /// The score of all decisions taken together.
    Micro,
    /// The mean over the classes, weighted by how many rows have them as target.
    Weighted,
}

/// Which score, with its parameters. [`Metric`] adds the positive class.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Score {
    /// The share of rows whose class is predicted.
    Accuracy,
    /// The share of rows whose class is not predicted.
    Error,
    /// The share of rows whose class is among the `k` with the highest probabilities; of equal ones, the later class is first.
    TopKAccuracy {
        /// How many classes count, at least 1.
        k: u32,
    },
    /// `tp / (tp + fp)`; 0 if a class is never predicted.
    Precision(Average),
    /// `tp / (tp + fn)`; 0 if a class is no row's.
    Recall(Average),
    /// `2 tp / (2 tp + fp + fn)`.
    F1(Average),
    /// The mean over the classes of the share of their rows that is predicted.
    BalancedAccuracy,
    /// Matthews' correlation coefficient, in the form for any number of classes (Gorodkin, 2004); 0 if its denominator is.
    Mcc,
    /// The mean of `-ln p(class)`, with p clipped to `[eps, 1 - eps]`, eps = 2.2e-16.
    LogLoss,
    /// The mean of `(p(positive) - y)^2`; for more than two classes, of the sum of that over the classes.
    Brier,
    /// The area under the ROC curve, equal scores counting half; for more than two classes, the mean over each against the rest.
    RocAuc,
    /// `sum (recall_i - recall_(i-1)) precision_i` over falling scores; for more than two classes, the mean over each against the rest.
    AveragePrecision,
    /// The expected calibration error: `sum n_b / n |mean y - mean p|` over bins of equal width of p, closed below (the last on
    /// both sides). With two classes p is of the positive one, else of the one with the highest, and y whether it is right.
    CalibrationError {
        /// How many bins, at least 1.
        bins: u32,
    },
    /// The mean of `|y - p|`.
    MeanAbsoluteError,
    /// The mean of `(y - p)^2`.
    MeanSquaredError,
    /// The root of the mean of `(y - p)^2`.
    RootMeanSquaredError,
    /// `1 - sum (y - p)^2 / sum (y - mean y)^2`.
    R2,
    /// The median of `|y - p|`.
    MedianAbsoluteError,
    /// The mean of `|y - p| / |y|`, as a share.
    MeanAbsolutePercentageError,
    /// The mean of `q max(y - p, 0) + (1 - q) max(p - y, 0)`: the pinball loss.
    QuantileLoss {
        /// Which quantile is predicted, between 0 and 1.
        quantile: f64,
    },
    /// The mean of `(ln(1 + y) - ln(1 + p))^2`.
    MeanSquaredLogError,
    /// The mean over the queries of `DCG / ideal DCG` with linear gains and `1 / log2(1 + rank)`, equal scores sharing the gain.
    Ndcg {
        /// How many ranks count; None is all.
        k: Option<u32>,
    },
    /// The mean over the queries of 1 / the rank of the first relevant row, 0 if none is; of equal scores, the worst rank counts.
    MeanReciprocalRank,
}

/// A score of predictions: which, of which class, and which way is better.
///
/// Read from text: a name, and for some a number after `@`, such as `accuracy`, `f1_macro`, `top_k_accuracy@5`,
/// `quantile_loss@0.9`, `ndcg@10` or `calibration_error@15`. Names of scikit-learn and MLflow are understood.
///
/// # Examples
/// ```
/// use mlops_core::metrics::{Average, Metric, Score};
/// let metric: Metric = "f1_score_macro".parse()?;
/// assert_eq!(metric.score(), Score::F1(Average::Macro));
/// assert_eq!(metric.to_string(), "f1_macro");
/// assert!(metric.greater_is_better() && !metric.is_mean());
/// # Ok::<(), mlops_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metric {
    score: Score,
    positive: u32,
}

impl Metric {
    /// A metric whose positive class is 1.
    ///
    /// # Errors
    /// `InvalidArgument` if a parameter is out of its range.
    pub fn new(score: Score) -> Result<Self> {
        let bad = |what: &str, value: String, expected: &str| {
            Err(Error::InvalidArgument { what: what.into(), value, expected: expected.into() })
        };
        match score {
            Score::TopKAccuracy { k: 0 } | Score::Ndcg { k: Some(0) } => bad("k", "0".into(), "1 or more"),
            Score::CalibrationError { bins } if bins == 0 || bins > MOST_BINS => {
                bad("bins", bins.to_string(), "1 to 10000")
            }
            Score::QuantileLoss { quantile } if !(quantile > 0.0 && quantile < 1.0) => {
                bad("quantile", quantile.to_string(), "a number between 0 and 1, such as 0.9")
            }
            _ => Ok(Self { score, positive: 1 }),
        }
    }

    /// The share of rows whose class is predicted.
    pub fn accuracy() -> Self {
        Self { score: Score::Accuracy, positive: 1 }
    }

    /// The area under the ROC curve.
    pub fn roc_auc() -> Self {
        Self { score: Score::RocAuc, positive: 1 }
    }

    /// The mean negative logarithm of the probability of the class.
    pub fn log_loss() -> Self {
        Self { score: Score::LogLoss, positive: 1 }
    }

    /// The same with another class as the positive one. It says of which class a prediction of one number a row is the
    /// probability, and whose precision, recall, F1, AUC or average precision is meant; with one number a row, classes are 0
    /// and 1.
    ///
    /// # Examples
    /// ```
    /// use mlops_core::metrics::{Metric, Predictions, Targets, score};
    /// let of_zero = Metric::roc_auc().with_positive(0);
    /// assert_eq!(score(&of_zero, &Targets::Classes(&[0, 1]), &Predictions::Values(&[0.9, 0.3]))?, 1.0);
    /// # Ok::<(), mlops_core::Error>(())
    /// ```
    pub fn with_positive(mut self, class: u32) -> Self {
        self.positive = class;
        self
    }

    /// Which score.
    pub fn score(&self) -> Score {
        self.score
    }

    /// The positive class; 1 unless set.
    pub fn positive(&self) -> u32 {
        self.positive
    }

    /// The name, without parameters.
    pub fn name(&self) -> &'static str {
        match self.score {
            Score::Accuracy => "accuracy",
            Score::Error => "error",
            Score::TopKAccuracy { .. } => "top_k_accuracy",
            Score::Precision(Average::Binary) => "precision",
            Score::Precision(Average::Macro) => "precision_macro",
            Score::Precision(Average::Micro) => "precision_micro",
            Score::Precision(Average::Weighted) => "precision_weighted",
            Score::Recall(Average::Binary) => "recall",
            Score::Recall(Average::Macro) => "recall_macro",
            Score::Recall(Average::Micro) => "recall_micro",
            Score::Recall(Average::Weighted) => "recall_weighted",
            Score::F1(Average::Binary) => "f1",
            Score::F1(Average::Macro) => "f1_macro",
            Score::F1(Average::Micro) => "f1_micro",
            Score::F1(Average::Weighted) => "f1_weighted",
            Score::BalancedAccuracy => "balanced_accuracy",
            Score::Mcc => "mcc",
            Score::LogLoss => "log_loss",
            Score::Brier => "brier",
            Score::RocAuc => "roc_auc",
            Score::AveragePrecision => "average_precision",
            Score::CalibrationError { .. } => "calibration_error",
            Score::MeanAbsoluteError => "mae",
            Score::MeanSquaredError => "mse",
            Score::RootMeanSquaredError => "rmse",
            Score::R2 => "r2",
            Score::MedianAbsoluteError => "median_absolute_error",
            Score::MeanAbsolutePercentageError => "mape",
            Score::QuantileLoss { .. } => "quantile_loss",
            Score::MeanSquaredLogError => "msle",
            Score::Ndcg { .. } => "ndcg",
            Score::MeanReciprocalRank => "mrr",
        }
    }

    /// Whether a larger value is better. Losses and errors are better when smaller.
    pub fn greater_is_better(&self) -> bool {
        match self.score {
            Score::Accuracy
            | Score::TopKAccuracy { .. }
            | Score::Precision(_)
            | Score::Recall(_)
            | Score::F1(_)
            | Score::BalancedAccuracy
            | Score::Mcc
            | Score::RocAuc
            | Score::AveragePrecision
            | Score::R2
            | Score::Ndcg { .. }
            | Score::MeanReciprocalRank => true,
            Score::Error
            | Score::LogLoss
            | Score::Brier
            | Score::CalibrationError { .. }
            | Score::MeanAbsoluteError
            | Score::MeanSquaredError
            | Score::RootMeanSquaredError
            | Score::MedianAbsoluteError
            | Score::MeanAbsolutePercentageError
            | Score::QuantileLoss { .. }
            | Score::MeanSquaredLogError => false,
        }
    }

    /// Whether it is a mean of values of rows (of queries, for rankings), which [`per_row`](super::per_row) gives.
    pub fn is_mean(&self) -> bool {
        self.is_zero_or_one()
            || self.is_of_rankings()
            || matches!(
                self.score,
                Score::LogLoss
                    | Score::Brier
                    | Score::MeanAbsoluteError
                    | Score::MeanSquaredError
                    | Score::MeanAbsolutePercentageError
                    | Score::QuantileLoss { .. }
                    | Score::MeanSquaredLogError
            )
    }

    /// Whether every row's value is 0 or 1, so that McNemar's test applies.
    pub fn is_zero_or_one(&self) -> bool {
        matches!(self.score, Score::Accuracy | Score::Error | Score::TopKAccuracy { .. })
    }

    /// Whether it is a score of rankings: its rows are of queries, and it is a mean over these.
    pub fn is_of_rankings(&self) -> bool {
        matches!(self.score, Score::Ndcg { .. } | Score::MeanReciprocalRank)
    }

    /// Whether it depends on how many rows are positive and negative: its error is large when either is few.
    pub fn is_of_positives(&self) -> bool {
        matches!(
            self.score,
            Score::RocAuc
                | Score::AveragePrecision
                | Score::F1(Average::Binary)
                | Score::Precision(Average::Binary)
                | Score::Recall(Average::Binary)
        )
    }
}

/// The most bins of a calibration error.
const MOST_BINS: u32 = 10_000;

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self.score {
            Score::TopKAccuracy { k } | Score::Ndcg { k: Some(k) } => write!(f, "@{k}"),
            Score::CalibrationError { bins } => write!(f, "@{bins}"),
            Score::QuantileLoss { quantile } => write!(f, "@{quantile}"),
            _ => Ok(()),
        }
    }
}
