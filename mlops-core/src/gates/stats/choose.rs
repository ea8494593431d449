//! Which method decides.

use super::options::{CompareOptions, Method, bad};
use crate::error::Result;
use crate::metrics::{Metric, Predictions, Score};

/// The fewest rows of which the t's interval is taken for a mean.
const FEWEST_FOR_T: usize = 30;
/// The most rows of which the bootstrap is taken without being asked for.
const MOST_FOR_BOOTSTRAP: usize = 100_000;
/// The most units that the jackknife of BCa leaves out in turn.
const MOST_FOR_BCA: usize = 5_000;
/// The most rows that it adds up, without being asked for.
const MOST_LEFT: usize = 100_000_000;

/// What kind of function of the rows a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A mean of zeros and ones.
    ZeroOne,
    /// A mean of values of rows.
    Mean,
    /// A mean, whose values are of queries or bend at a quantile: the bootstrap is taken.
    MeanByBootstrap,
    /// The area under the ROC curve of two classes.
    Area,
    /// A smooth function of means.
    Smooth,
    /// Any other.
    Rough,
}

impl Kind {
    /// The kind of a metric of such predictions.
    pub(super) fn of(metric: &Metric, predictions: &Predictions<'_>) -> Self {
        let two = !matches!(predictions, Predictions::Probabilities { n_classes, .. } if *n_classes > 2);
        match metric.score() {
            _ if metric.is_zero_or_one() => Self::ZeroOne,
            Score::QuantileLoss { .. } => Self::MeanByBootstrap,
            _ if metric.is_of_rankings() => Self::MeanByBootstrap,
            _ if metric.is_mean() => Self::Mean,
            Score::RocAuc if two => Self::Area,
            Score::AveragePrecision | Score::CalibrationError { .. } | Score::MedianAbsoluteError => Self::Rough,
            _ => Self::Smooth,
        }
    }

    fn is_mean(self) -> bool {
        matches!(self, Self::ZeroOne | Self::Mean | Self::MeanByBootstrap)
    }
}

/// Where the interval is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interval {
    Bootstrap { bca: bool },
    T,
    Wald,
    DeLong,
}

/// Where the p-value is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Test {
    /// The same distribution as the interval.
    Interval,
    McNemar,
    T,
    Wilcoxon,
    DieboldMariano,
}

/// What decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) interval: Interval,
    pub(super) test: Test,
    /// The bootstrap has to agree with the interval.
    pub(super) check: bool,
}

/// Whether DeLong's test is asked for, or is what suits.
pub(super) fn wants_delong(kind: Kind, options: &CompareOptions<'_>) -> bool {
    let independent = options.groups.is_none() && options.series.is_none();
    kind == Kind::Area && independent && matches!(options.method, Method::Auto | Method::DeLong)
}

/// Chooses; `units` are drawn (rows, queries or groups), and there are `rows` altogether.
pub(super) fn choose(
    metric: &str,
    kind: Kind,
    options: &CompareOptions<'_>,
    units: usize,
    rows: usize,
) -> Result<Choice> {
    let bca = match options.method {
        Method::Bca if units > MOST_FOR_BCA => {
            let expected =
                format!("at most {MOST_FOR_BCA} rows or groups for BCa, which leaves out each in turn; use percentile");
            return Err(bad("method", format!("bca of {units}"), &expected));
        }
        Method::Bca => true,
        Method::Percentile => false,
        _ => {
            kind != Kind::Rough
                && kind != Kind::ZeroOne
                && units <= MOST_FOR_BCA
                && units.saturating_mul(rows) <= MOST_LEFT
        }
    };
    let bootstrap = |test| Choice { interval: Interval::Bootstrap { bca }, test, check: false };
    let t = |test, check| Choice { interval: Interval::T, test, check };
    let refused = |expected: &str| Err(bad("method", format!("{:?} for {metric}", options.method), expected));
    let resampled = matches!(options.method, Method::Auto | Method::Bootstrap | Method::Percentile);
    if options.series.is_some() {
        let test = if kind.is_mean() { Test::DieboldMariano } else { Test::Interval };
        return if resampled {
            Ok(Choice { interval: Interval::Bootstrap { bca: false }, test, check: false })
        } else {
            refused("auto, bootstrap or percentile for a series, whose rows are not independent")
        };
    }
    if options.groups.is_some() {
        return if resampled || options.method == Method::Bca {
            Ok(bootstrap(Test::Interval))
        } else {
            refused("auto, bootstrap, percentile or bca with groups, whose rows are not independent")
        };
    }
    let by_kind = match kind {
        Kind::ZeroOne => Test::McNemar,
        Kind::Mean => Test::T,
        _ => Test::Interval,
    };
    match options.method {
        Method::Auto => Ok(match kind {
            Kind::ZeroOne if rows > MOST_FOR_BOOTSTRAP => {
                Choice { interval: Interval::Wald, test: Test::McNemar, check: false }
            }
            Kind::Area => Choice { interval: Interval::DeLong, test: Test::Interval, check: false },
            Kind::Mean if units >= FEWEST_FOR_T => t(Test::T, units <= MOST_FOR_BOOTSTRAP),
            _ => bootstrap(by_kind),
        }),
        Method::Bootstrap | Method::Percentile | Method::Bca => Ok(bootstrap(by_kind)),
        Method::PairedT if kind.is_mean() => Ok(t(Test::T, false)),
        Method::Wilcoxon if kind.is_mean() => Ok(t(Test::Wilcoxon, false)),
        Method::PairedT | Method::Wilcoxon => refused("a metric that is a mean over rows, or bootstrap"),
        Method::Wald if kind == Kind::ZeroOne => {
            Ok(Choice { interval: Interval::Wald, test: Test::McNemar, check: false })
        }
        Method::Wald => refused("accuracy, error or top_k_accuracy, or bootstrap"),
        Method::DeLong if kind == Kind::Area => {
            Ok(Choice { interval: Interval::DeLong, test: Test::Interval, check: false })
        }
        Method::DeLong => refused("roc_auc of two classes, or bootstrap"),
    }
}

/// The choice as text: `percentile+mcnemar`.
pub(super) fn name(choice: Choice, options: &CompareOptions<'_>, corrected: bool) -> String {
    let interval = match choice.interval {
        Interval::Bootstrap { .. } => {
            let draws = match (options.groups, options.series) {
                (Some(_), _) => "cluster_",
                (_, Some(_)) => "block_",
                _ => "",
            };
            format!("{draws}{}", if corrected { "bca" } else { "percentile" })
        }
        Interval::T => "paired_t".into(),
        Interval::Wald => "wald".into(),
        Interval::DeLong => "delong".into(),
    };
    match choice.test {
        Test::Interval => interval,
        Test::T if choice.interval == Interval::T => interval,
        Test::T => interval + "+paired_t",
        Test::McNemar => interval + "+mcnemar",
        Test::Wilcoxon => interval + "+wilcoxon",
        Test::DieboldMariano => interval + "+diebold_mariano",
    }
}
