//! Metrics read from text.

use std::str::FromStr;

use super::metric::{Average, Metric, Score};
use crate::error::{Error, Result};

/// How many classes count when `top_k_accuracy` has no number, as in scikit-learn.
const DEFAULT_K: u32 = 2;
/// How many bins a calibration error has when it has no number.
const DEFAULT_BINS: u32 = 15;

/// The names, for the error.
const NAMES: &str = "accuracy, error, top_k_accuracy@K, precision, recall or f1 (also with _macro, _micro, _weighted), \
    balanced_accuracy, mcc, log_loss, brier, roc_auc, average_precision, calibration_error@BINS, mae, mse, rmse, r2, \
    median_absolute_error, mape, quantile_loss@Q, msle, ndcg@K, mrr";

impl FromStr for Metric {
    type Err = Error;

    /// Reads a name with its parameter.
    ///
    /// # Errors
    /// `InvalidArgument` for what is no name, for a parameter that is missing, too much or out of range, and for names of
    /// scikit-learn's scorers that are negated losses: a loss is compared as it is here.
    fn from_str(text: &str) -> Result<Self> {
        let bad = |expected: String| Error::InvalidArgument { what: "metric".into(), value: text.into(), expected };
        let (name, parameter) = match text.split_once('@') {
            Some((name, parameter)) => (name, Some(parameter)),
            None => (text, None),
        };
        if let Some(loss) = name.strip_prefix("neg_") {
            let own = loss.parse::<Metric>().map_or_else(|_| loss.to_string(), |metric| metric.to_string());
            return Err(bad(format!("`{own}`, the loss itself: less of it is known to be better")));
        }
        let whole = |missing: Option<u32>| match (parameter, missing) {
            (Some(digits), _) => {
                digits.parse().map_err(|_| bad(format!("`{name}@` and a whole number, such as `{name}@5`")))
            }
            (None, Some(missing)) => Ok(missing),
            (None, None) => Err(bad(format!("`{name}@` and a whole number, such as `{name}@5`"))),
        };
        let score = match name {
            "top_k_accuracy" | "top_k_accuracy_score" => Score::TopKAccuracy { k: whole(Some(DEFAULT_K))? },
            "calibration_error" | "expected_calibration_error" | "ece" => {
                Score::CalibrationError { bins: whole(Some(DEFAULT_BINS))? }
            }
            "ndcg" | "ndcg_score" | "ndcg_at_k" => Score::Ndcg { k: parameter.map(|_| whole(None)).transpose()? },
            "quantile_loss" | "mean_pinball_loss" | "pinball_loss" => {
                let expected = || bad(format!("`{name}@` and a number between 0 and 1, such as `{name}@0.9`"));
                let quantile = parameter.ok_or_else(expected)?.parse().map_err(|_| expected())?;
                Score::QuantileLoss { quantile }
            }
            plain => {
                let score = without_parameter(plain).ok_or_else(|| bad(format!("one of {NAMES}")))?;
                if parameter.is_some() {
                    return Err(bad(format!("`{name}`, which has no parameter")));
                }
                score
            }
        };
        Metric::new(score)
    }
}

fn without_parameter(name: &str) -> Option<Score> {
    Some(match name {
        "accuracy" | "accuracy_score" => Score::Accuracy,
        "error" | "error_rate" | "zero_one_loss" => Score::Error,
        "balanced_accuracy" | "balanced_accuracy_score" => Score::BalancedAccuracy,
        "mcc" | "matthews_corrcoef" => Score::Mcc,
        "log_loss" | "logloss" | "cross_entropy" => Score::LogLoss,
        "brier" | "brier_score" | "brier_score_loss" => Score::Brier,
        "roc_auc" | "auc" | "roc_auc_score" | "roc_auc_ovr" => Score::RocAuc,
        "average_precision" | "average_precision_score" | "ap" => Score::AveragePrecision,
        "mae" | "mean_absolute_error" => Score::MeanAbsoluteError,
        "mse" | "mean_squared_error" => Score::MeanSquaredError,
        "rmse" | "root_mean_squared_error" => Score::RootMeanSquaredError,
        "r2" | "r2_score" => Score::R2,
        "median_absolute_error" | "medae" => Score::MedianAbsoluteError,
        "mape" | "mean_absolute_percentage_error" => Score::MeanAbsolutePercentageError,
        "msle" | "mean_squared_log_error" => Score::MeanSquaredLogError,
        "mrr" | "mean_reciprocal_rank" => Score::MeanReciprocalRank,
        averaged => return with_average(averaged),
    })
}

fn with_average(name: &str) -> Option<Score> {
    let averages = [
        ("_binary", Average::Binary),
        ("_macro", Average::Macro),
        ("_micro", Average::Micro),
        ("_weighted", Average::Weighted),
    ];
    let found = averages.iter().find_map(|(end, average)| Some((name.strip_suffix(end)?, *average)));
    let (stem, average) = found.unwrap_or((name, Average::Binary));
    Some(match stem {
        "precision" | "precision_score" => Score::Precision(average),
        "recall" | "recall_score" | "sensitivity" => Score::Recall(average),
        "f1" | "f1_score" => Score::F1(average),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back_as_itself() {
        let names = "accuracy error top_k_accuracy@5 precision precision_macro recall_micro f1 f1_weighted balanced_accuracy \
                     mcc log_loss brier roc_auc average_precision calibration_error@10 mae mse rmse r2 \
                     median_absolute_error mape quantile_loss@0.9 msle ndcg ndcg@10 mrr";
        for name in names.split_whitespace() {
            assert_eq!(name.parse::<Metric>().unwrap().to_string(), name);
        }
    }

    #[test]
    fn names_of_other_tools_are_understood() {
        for (other, own) in [
            ("auc", "roc_auc"),
            ("root_mean_squared_error", "rmse"),
            ("r2_score", "r2"),
            ("ece", "calibration_error@15"),
        ] {
            assert_eq!(other.parse::<Metric>().unwrap().to_string(), own);
        }
    }

    #[test]
    fn what_is_no_metric_says_what_is() {
        let said = |text: &str| text.parse::<Metric>().unwrap_err().to_string();
        assert!(said("neg_log_loss").contains("expected `log_loss`, the loss itself"), "{}", said("neg_log_loss"));
        assert!(said("neg_root_mean_squared_error").contains("`rmse`"));
        assert!(said("akkuracy").contains("one of accuracy, error"));
        assert!(said("accuracy@3").contains("no parameter"));
        assert!(said("top_k_accuracy@x").contains("such as `top_k_accuracy@5`"));
        assert!(said("top_k_accuracy@0").contains("k `0`"));
        assert!(said("quantile_loss").contains("@0.9"));
        assert!(said("quantile_loss@1.5").contains("between 0 and 1"));
        assert!(said("calibration_error@99999999").contains("1 to 10000"));
    }
}
