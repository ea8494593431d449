//! What is handed to a gate: targets, what both models predicted for them, and what is known of the rows and the models.

use std::collections::BTreeMap;

use super::own::OwnFunction;
use super::stats::Watch;
use crate::base::digests::Digest;
use crate::base::text::float_repr;

/// A column of the rows.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// Numbers; NaN is missing.
    Numbers(Vec<f64>),
    /// Texts; an empty one is missing.
    Texts(Vec<String>),
}

impl Column {
    /// How many rows it has.
    pub fn len(&self) -> usize {
        match self {
            Self::Numbers(values) => values.len(),
            Self::Texts(values) => values.len(),
        }
    }

    /// True without a row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// True if nothing is in a row, or nothing is beyond its end.
    pub(super) fn is_missing(&self, row: usize) -> bool {
        match self {
            Self::Numbers(values) => values.get(row).is_none_or(|value| value.is_nan()),
            Self::Texts(values) => values.get(row).is_none_or(String::is_empty),
        }
    }

    /// What stands in a row as text; whole numbers have no point.
    pub(super) fn text(&self, row: usize) -> String {
        match self {
            Self::Numbers(values) => values.get(row).map_or_else(String::new, |value| number_text(*value)),
            Self::Texts(values) => values.get(row).cloned().unwrap_or_default(),
        }
    }

    /// The same as texts.
    #[cfg(feature = "files")]
    pub(super) fn into_texts(self) -> Vec<String> {
        match self {
            Self::Texts(values) => values,
            Self::Numbers(_) => (0..self.len()).map(|row| self.text(row)).collect(),
        }
    }

    /// The rows in another order, or some of them.
    pub(super) fn pick(&self, rows: &[usize]) -> Self {
        match self {
            Self::Numbers(values) => Self::Numbers(pick(values, rows)),
            Self::Texts(values) => Self::Texts(pick(values, rows)),
        }
    }
}

/// A number as it stands in a label: `1`, not `1.0`.
pub(super) fn number_text(value: f64) -> String {
    // Minus zero is zero.
    let text = float_repr(value + 0.0);
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// From here on whole numbers are not all floats: in a column of texts they have all their digits.
pub(super) const EXACT: f64 = 9_007_199_254_740_992.0;

/// Some of some values, in this order; places behind the end are left out.
pub(super) fn pick<T: Clone>(values: &[T], rows: &[usize]) -> Vec<T> {
    rows.iter().filter_map(|row| values.get(*row).cloned()).collect()
}

impl From<Vec<f64>> for Column {
    fn from(values: Vec<f64>) -> Self {
        Self::Numbers(values)
    }
}

impl From<Vec<String>> for Column {
    fn from(values: Vec<String>) -> Self {
        Self::Texts(values)
    }
}

impl From<Vec<&str>> for Column {
    fn from(values: Vec<&str>) -> Self {
        Self::Texts(values.into_iter().map(str::to_owned).collect())
    }
}

/// What a model predicted. At least one of values, scores and probabilities is there; a metric takes what it needs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Predicted {
    /// The ids of its rows; None: its rows are in the order of the targets.
    pub ids: Option<Vec<String>>,
    /// Predicted classes, or predicted numbers.
    pub values: Option<Column>,
    /// The score of the positive class, such as its probability, or what a ranking orders by.
    pub scores: Option<Vec<f64>>,
    /// The probability of each class, by its name.
    pub probabilities: BTreeMap<String, Vec<f64>>,
}

impl Predicted {
    /// Predicted classes, or predicted numbers.
    pub fn values(values: impl Into<Column>) -> Self {
        Self { values: Some(values.into()), ..Self::default() }
    }

    /// Scores of the positive class.
    pub fn scores(scores: Vec<f64>) -> Self {
        Self { scores: Some(scores), ..Self::default() }
    }

    /// The same, for rows with these ids.
    pub fn with_ids(self, ids: Vec<String>) -> Self {
        Self { ids: Some(ids), ..self }
    }

    /// The same, with scores of the positive class too.
    pub fn with_scores(self, scores: Vec<f64>) -> Self {
        Self { scores: Some(scores), ..self }
    }

    /// The same, with the probability of one more class.
    pub fn with_probability(mut self, class: &str, values: Vec<f64>) -> Self {
        self.probabilities.insert(class.into(), values);
        self
    }

    pub(super) fn pick(&self, rows: &[usize]) -> Self {
        Self {
            ids: None,
            values: self.values.as_ref().map(|values| values.pick(rows)),
            scores: self.scores.as_ref().map(|scores| pick(scores, rows)),
            probabilities: self.probabilities.iter().map(|(class, of)| (class.clone(), pick(of, rows))).collect(),
        }
    }
}

/// The values of the rows by a metric of the caller's own, which is their mean. They are in the order of the targets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OwnValues {
    /// What the candidate gets for each row.
    pub candidate: Vec<f64>,
    /// What the baseline gets; empty without a baseline.
    pub baseline: Vec<f64>,
}

impl OwnValues {
    pub(super) fn pick(&self, rows: &[usize]) -> Self {
        Self { candidate: pick(&self.candidate, rows), baseline: pick(&self.baseline, rows) }
    }
}

/// What a model costs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Costs {
    /// How long calls took, in seconds, without those to warm up; those of candidate and baseline were made in turn.
    pub latencies: Vec<f64>,
    /// The size of its files, in bytes.
    pub size_bytes: Option<f64>,
    /// The most memory that it took, in bytes.
    pub peak_rss_bytes: Option<f64>,
    /// How long loading it took, in seconds.
    pub load_seconds: Option<f64>,
}

/// All that a gate looks at. Rows may be in any order: those of the models are brought together by their ids.
///
/// ```
/// use mlops_core::gates::{GateInputs, Predicted};
/// let inputs = GateInputs::new(vec![0.0, 1.0], Predicted::values(vec![0.0, 1.0]))
///     .with_baseline(Predicted::values(vec![1.0, 1.0]))
///     .with_column("country", vec!["DE", "FR"]);
/// assert_eq!(inputs.targets.len(), 2);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct GateInputs {
    /// What is true: classes, or numbers.
    pub targets: Column,
    /// The ids of the rows; None: they have none. With ids the use of the data is counted.
    pub ids: Option<Vec<String>>,
    /// What the candidate predicted.
    pub candidate: Predicted,
    /// What the baseline predicted; None: there is none.
    pub baseline: Option<Predicted>,
    /// Other columns of the rows, by name: slices, groups, the order of time, queries.
    pub columns: BTreeMap<String, Column>,
    /// The values of the rows by metrics of the caller's own, by name: that of `own:profit` is `profit`. Default none.
    pub own: BTreeMap<String, OwnValues>,
    /// Functions of rows for metrics of the caller's own that are no means, by name as those of `own`. Default none.
    pub own_functions: BTreeMap<String, OwnFunction>,
    /// The digest of the candidate. Default: that of its predictions.
    pub candidate_digest: Option<String>,
    /// The digest of the baseline. Default: that of its predictions.
    pub baseline_digest: Option<String>,
    /// The digest of the data, or the name and version of a data set. Default: the digest of ids and targets.
    pub data_digest: Option<String>,
    /// A hash of each row, as [`row_hash`] makes it, to be looked for in the training data. Default none.
    pub row_hashes: Vec<u64>,
    /// The hashes of the rows that the candidate was trained on. Default none.
    pub training_hashes: Vec<u64>,
    /// How many rows without a label were left out, of the candidate's data and of the baseline's. Default: not known.
    pub unlabelled: Option<(u64, u64)>,
    /// What the candidate costs.
    pub candidate_costs: Costs,
    /// What the baseline costs.
    pub baseline_costs: Costs,
    /// The latencies were measured on a host where nothing else runs, so that a budget of latency may block. Default false.
    pub is_measuring_host: bool,
    /// Who hears how far the gate is, and may end it: its checks are errors then. Default nobody.
    pub watch: Option<Watch>,
    /// Why a model could not be loaded or asked: the gate is an error, and says it. Default: they could.
    pub failure: Option<String>,
}

impl GateInputs {
    /// Targets, and what the candidate predicted for them.
    pub fn new(targets: impl Into<Column>, candidate: Predicted) -> Self {
        Self {
            targets: targets.into(),
            ids: None,
            candidate,
            baseline: None,
            columns: BTreeMap::new(),
            own: BTreeMap::new(),
            own_functions: BTreeMap::new(),
            candidate_digest: None,
            baseline_digest: None,
            data_digest: None,
            row_hashes: Vec::new(),
            training_hashes: Vec::new(),
            unlabelled: None,
            candidate_costs: Costs::default(),
            baseline_costs: Costs::default(),
            is_measuring_host: false,
            watch: None,
            failure: None,
        }
    }

    /// The same, with what the baseline predicted.
    pub fn with_baseline(self, baseline: Predicted) -> Self {
        Self { baseline: Some(baseline), ..self }
    }

    /// The same, with ids of the rows.
    pub fn with_ids(self, ids: Vec<String>) -> Self {
        Self { ids: Some(ids), ..self }
    }

    /// The same, with one more column.
    pub fn with_column(mut self, name: &str, values: impl Into<Column>) -> Self {
        self.columns.insert(name.into(), values.into());
        self
    }
}

/// A hash of a row, to find rows of the evaluation data in the training data: the first 8 bytes of its BLAKE3 digest.
///
/// ```
/// assert_ne!(mlops_core::gates::row_hash(b"1,2,3"), mlops_core::gates::row_hash(b"1,2,4"));
/// ```
pub fn row_hash(row: &[u8]) -> u64 {
    Digest::of(row).as_bytes().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}
