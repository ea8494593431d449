//! What a comparison finds.

use super::bounds::Bounds;
use super::few::Turned;

/// What somebody who reads a comparison has to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Which.
    pub code: NoteCode,
    /// The same in a sentence, with the numbers.
    pub text: String,
}

/// What a note is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NoteCode {
    /// Fewer than 100 rows (queries, groups): too few for a statistical pass.
    FewRows,
    /// Fewer than 10 rows, or groups, on which one of both does better.
    FewDiscordant,
    /// Fewer than 30 positive or negative rows.
    FewOfOneClass,
    /// Both models have the same value at every row, or the same ranking.
    NoDifference,
    /// The differences do not vary, so that nothing can be said about how sure they are.
    NoVariance,
    /// A model predicts the same for every row.
    ConstantPredictions,
    /// In some resamples the metric has no value.
    UndefinedResamples,
    /// The bootstrap does not agree with the t on the sign of the lower bound.
    BootstrapDisagrees,
    /// The variance over lags is not positive; that without lags is taken.
    VarianceOfLags,
}

impl NoteCode {
    /// The code as text, which does not change: `few_rows`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FewRows => "few_rows",
            Self::FewDiscordant => "few_discordant",
            Self::FewOfOneClass => "few_of_one_class",
            Self::NoDifference => "no_difference",
            Self::NoVariance => "no_variance",
            Self::ConstantPredictions => "constant_predictions",
            Self::UndefinedResamples => "undefined_resamples",
            Self::BootstrapDisagrees => "bootstrap_disagrees",
            Self::VarianceOfLags => "variance_of_lags",
        }
    }
}

/// A candidate beside the baseline: the difference, how sure it is, and how that was found.
///
/// Bounds may be infinite: minus infinity below and infinity above say that the rows cannot tell, as one row cannot, or two
/// with a metric that many resamples have no value of.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The metric, as text.
    pub metric: String,
    /// Whether a larger value of the metric is better.
    pub greater_is_better: bool,
    /// How many rows were compared.
    pub rows: u64,
    /// The candidate's value of the metric.
    pub candidate: f64,
    /// The baseline's value of the metric.
    pub baseline: f64,
    /// Candidate less baseline, or baseline less candidate for a metric of which less is better: above 0 is better.
    pub difference: f64,
    /// The lower one-sided bound of the difference at `alpha`.
    pub lower: f64,
    /// The upper one-sided bound of the difference at `alpha`.
    pub upper: f64,
    /// One-sided, of the hypothesis that the candidate is not better.
    pub p_value: f64,
    /// The level of the bounds.
    pub alpha: f64,
    /// How interval and p-value were made: `wald+mcnemar`, `delong`, `paired_t`, `percentile`, `bca`, `cluster_percentile`,
    /// `block_percentile`...
    pub method: String,
    /// How many resamples were taken, if any.
    pub resamples: Option<u32>,
    /// The smallest true difference that such rows show with a power of 80 % at `alpha`; infinite if that cannot be said.
    pub minimal_detectable: f64,
    /// For 0/1 metrics, on how many rows just one of both is right.
    pub discordant: Option<u64>,
    /// How many rows are of the positive class, for metrics of a positive class.
    pub positives: Option<u64>,
    /// How many rows are not.
    pub negatives: Option<u64>,
    /// False if the interval is the t's and the bootstrap does not agree on the sign of the lower bound.
    pub agrees: bool,
    /// What a reader has to know.
    pub notes: Vec<Note>,
    /// The distribution that the bounds are of.
    pub(super) bounds: Bounds,
    /// The bootstrap's, where it has to agree.
    pub(super) check: Option<Bounds>,
    /// Where one of both models does better.
    pub(super) turned: Option<Turned>,
}

impl Comparison {
    /// The lower bound at another level, without resampling again: for Holm over slices at alpha / k.
    ///
    /// `alpha` above 0 and below 1/2; NaN for another. A bootstrap of B resamples says nothing of levels below `1 / (B + 1)`:
    /// minus infinity.
    ///
    /// # Examples
    /// ```
    /// use mlops_core::gates::stats::{CompareOptions, compare_values};
    /// let (candidate, baseline) = ([0.9, 0.8, 0.95, 0.7], [0.6, 0.7, 0.7, 0.65]);
    /// let found = compare_values("gain", true, &candidate, &baseline, &CompareOptions::default())?;
    /// assert!(found.lower_at(0.01) < found.lower_at(0.05));
    /// assert_eq!(found.lower_at(0.05), found.lower);
    /// # Ok::<(), mlops_core::Error>(())
    /// ```
    pub fn lower_at(&self, alpha: f64) -> f64 {
        self.bounds.lower(alpha)
    }

    /// The upper bound at another level, as [`lower_at`](Self::lower_at).
    pub fn upper_at(&self, alpha: f64) -> f64 {
        self.bounds.upper(alpha)
    }

    /// The one-sided p-value of the hypothesis that the true difference is `-margin` or less, by the distribution that the
    /// bounds are of: small means not worse than by `margin`. For 0/1 metrics at margin 0 the field `p_value` is McNemar's,
    /// and this one the interval's. NaN for a margin that is no finite number.
    pub fn p_value_at(&self, margin: f64) -> f64 {
        self.bounds.p_value(margin)
    }

    /// Whether the bootstrap agrees, at this level and margin, on the sign of lower bound plus margin; true where no
    /// bootstrap has to agree.
    pub fn agrees_at(&self, alpha: f64, margin: f64) -> bool {
        let above = |bounds: &Bounds| bounds.lower(alpha) > -margin;
        self.check.as_ref().is_none_or(|check| above(check) == above(&self.bounds))
    }

    /// How many resamples would say something of this level, where those that were taken, or have to agree, say nothing.
    pub fn resamples_needed(&self, alpha: f64) -> Option<f64> {
        let needed = [Some(&self.bounds), self.check.as_ref()];
        needed.into_iter().flatten().find_map(|bounds| bounds.resamples_needed(alpha))
    }

    /// Whether this note was made.
    pub fn has_note(&self, code: NoteCode) -> bool {
        self.notes.iter().any(|note| note.code == code)
    }
}
