//! What a gate has to be handed: the kinds of predictions that its metrics take, and columns.

use super::definition::GateDefinition;
use super::metric::GateMetric;
use super::scoring::{Needs, needs};
use super::warnings::is_named_like_an_id;
use crate::metrics::Score;

/// What a metric takes of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Takes {
    /// Which class each row is of.
    Classes,
    /// Scores that order the rows, such as probabilities or what a classifier decides by.
    Scores,
    /// Probabilities of the positive class, or of all classes.
    Probabilities,
    /// Numbers.
    Numbers,
    /// Values of a metric of the caller's own.
    Own,
}

impl Takes {
    /// `classes`, `scores`, `probabilities`, `numbers`, `own`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Classes => "classes",
            Self::Scores => "scores",
            Self::Probabilities => "probabilities",
            Self::Numbers => "numbers",
            Self::Own => "own",
        }
    }
}

impl GateMetric {
    /// What the metric takes.
    ///
    /// ```
    /// use mlops_core::gates::{GateMetric, Takes};
    /// # fn main() -> mlops_core::Result<()> {
    /// assert_eq!("log_loss".parse::<GateMetric>()?.takes(), Takes::Probabilities);
    /// assert_eq!("roc_auc".parse::<GateMetric>()?.takes(), Takes::Scores);
    /// # Ok(())
    /// # }
    /// ```
    pub fn takes(&self) -> Takes {
        let Self::Known(metric) = self else { return Takes::Own };
        match (needs(*metric), metric.score()) {
            (Needs::Classes, _) => Takes::Classes,
            (Needs::Scores, Score::RocAuc | Score::AveragePrecision) | (Needs::Ranking, _) => Takes::Scores,
            (Needs::Scores | Needs::Probabilities, _) => Takes::Probabilities,
            (Needs::Numbers, _) => Takes::Numbers,
        }
    }
}

impl GateDefinition {
    /// What one of its metrics takes: where a cutoff is asked for, a metric of classes takes scores.
    pub fn takes(&self, metric: &GateMetric) -> Takes {
        match metric.takes() {
            Takes::Classes if self.cutoff.is_some() => Takes::Scores,
            takes => takes,
        }
    }

    /// All metrics that the gate looks at, each once, the primary one first.
    pub fn metrics(&self) -> Vec<GateMetric> {
        let mut found: Vec<GateMetric> = Vec::new();
        let rules = std::iter::once(&self.primary).chain(&self.guardrails).map(|rule| &rule.metric);
        let slices = self.slices.iter().filter_map(|slices| slices.metric.as_ref());
        let fairness = self.fairness.iter().filter_map(|rule| rule.metric.as_ref());
        for metric in rules.chain(slices).chain(fairness) {
            if !found.contains(metric) {
                found.push(metric.clone());
            }
        }
        found
    }

    /// True for a column that the gate looks at: one that the definition names, or one that may say which rows belong together.
    pub fn looks_at(&self, column: &str) -> bool {
        self.columns().any(|name| name == column) || (self.group.is_none() && is_named_like_an_id(column))
    }

    /// The columns that the definition names.
    pub(super) fn columns(&self) -> impl Iterator<Item = &str> {
        let slices = self.slices.iter().flat_map(|slices| slices.columns.iter());
        let order = self.blocks.iter().filter_map(|blocks| blocks.order.as_ref());
        let fairness = self.fairness.iter().map(|rule| &rule.column);
        slices.chain(self.group.iter()).chain(self.query.iter()).chain(order).chain(fairness).map(String::as_str)
    }
}
