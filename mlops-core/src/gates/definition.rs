//! What a gate asks for.

use super::metric::GateMetric;
use crate::base::digests::Digest;
use crate::base::names::check_key;
use crate::error::{Error, Result};

/// By how much a candidate must be better: by more than both. Default: better at all.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Change {
    /// In the unit of the metric.
    pub absolute: f64,
    /// As a share of the baseline's value, as MLflow's `min_relative_change`.
    pub relative: f64,
}

impl Change {
    /// By a number.
    pub fn absolute(by: f64) -> Self {
        Self { absolute: by, relative: 0.0 }
    }

    /// By a share of the baseline's value.
    pub fn relative(by: f64) -> Self {
        Self { absolute: 0.0, relative: by }
    }
}

/// What a difference between candidate and baseline must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Test {
    /// Better, by more than this: the lower bound of the difference lies above it. the default is better at all.
    Superior(Change),
    /// Not worse than this margin, in the unit of the metric: the lower bound lies above `-margin`. The primary metric's
    /// point value must not be worse at all.
    NonInferior {
        /// The margin, 0 or more.
        margin: f64,
    },
}

/// What an absolute limit is held against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LimitOn {
    /// The candidate's value.
    #[default]
    Point,
    /// The bound of the candidate's value at `alpha`: the lower one for what must be high, the upper one for what must be
    /// low.
    Bound,
}

/// What is asked of one metric.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricRule {
    /// The metric, such as `accuracy`, `roc_auc`, `quantile_loss@0.9` or `own:profit`.
    pub metric: GateMetric,
    /// What the difference from the baseline must be. Default for the primary metric: superior; for a guardrail: nothing.
    pub test: Option<Test>,
    /// The candidate's value is at least this. Default none.
    pub floor: Option<f64>,
    /// The candidate's value is at most this. Default none.
    pub ceiling: Option<f64>,
    /// What floor and ceiling are held against. Default the value.
    pub limit_on: LimitOn,
}

impl MetricRule {
    /// A rule that asks for nothing yet.
    ///
    /// # Errors
    /// `InvalidArgument` for a metric that there is not.
    pub fn new(metric: &str) -> Result<Self> {
        Ok(Self { metric: metric.parse()?, test: None, floor: None, ceiling: None, limit_on: LimitOn::Point })
    }

    /// The same, better than the baseline.
    pub fn superior(self) -> Self {
        Self { test: Some(Test::Superior(Change::default())), ..self }
    }

    /// The same, not worse than the baseline by more than this.
    pub fn with_margin(self, margin: f64) -> Self {
        Self { test: Some(Test::NonInferior { margin }), ..self }
    }

    /// The same, at least this.
    pub fn with_floor(self, floor: f64) -> Self {
        Self { floor: Some(floor), ..self }
    }

    /// The same, at most this.
    pub fn with_ceiling(self, ceiling: f64) -> Self {
        Self { ceiling: Some(ceiling), ..self }
    }
}

/// Parts of the rows that must not get worse, such as countries.
#[derive(Clone, Debug, PartialEq)]
pub struct SliceRule {
    /// The columns; each value of each is a slice.
    pub columns: Vec<String>,
    /// The metric. Default: the primary one.
    pub metric: Option<GateMetric>,
    /// No slice is worse by this margin or more, in the unit of the metric. Default: no slice may be shown to be worse.
    pub margin: Option<f64>,
    /// A slice with fewer rows is reported only. Default 50.
    pub min_rows: u64,
    /// More slices are an error. Default 64.
    pub max: u64,
}

impl SliceRule {
    /// Slices by columns.
    pub fn new(columns: &[&str]) -> Self {
        let columns = columns.iter().map(|column| (*column).to_owned()).collect();
        Self { columns, metric: None, margin: None, min_rows: 50, max: 64 }
    }

    /// The same, none worse by this margin or more.
    pub fn with_margin(self, margin: f64) -> Self {
        Self { margin: Some(margin), ..self }
    }
}

/// That the rows are a time series.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockRule {
    /// The column that has the order of the rows: numbers, or texts such as RFC 3339 times. Default: as they are handed in.
    pub order: Option<String>,
    /// How many steps ahead is predicted. Default 1.
    pub horizon: Option<u64>,
    /// How many rows in a row are drawn together. Default: the horizon, or the cube root of the number of rows if that is more.
    pub length: Option<u64>,
}

/// How groups are held against each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FairnessMeasure {
    /// The highest less the lowest share of rows that are predicted positive.
    DemographicParityDifference,
    /// The larger of two gaps: of the rates of true and of false positives.
    EqualizedOddsDifference,
    /// The metric of the group where it is worst.
    WorstGroup,
}

impl FairnessMeasure {
    /// All of them, with their names.
    pub const ALL: [(&'static str, Self); 3] = [
        ("demographic_parity_difference", Self::DemographicParityDifference),
        ("equalized_odds_difference", Self::EqualizedOddsDifference),
        ("worst_group", Self::WorstGroup),
    ];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DemographicParityDifference => "demographic_parity_difference",
            Self::EqualizedOddsDifference => "equalized_odds_difference",
            Self::WorstGroup => "worst_group",
        }
    }
}

/// What is asked of the groups of a column.
#[derive(Clone, Debug, PartialEq)]
pub struct FairnessRule {
    /// The column.
    pub column: String,
    /// What is measured.
    pub measure: FairnessMeasure,
    /// The metric of `worst_group`. Default: the primary one.
    pub metric: Option<GateMetric>,
    /// It is not worse than the baseline's by more than this. Default: not asked.
    pub margin: Option<f64>,
    /// It is at most this. Default: not asked.
    pub ceiling: Option<f64>,
    /// The worst group has at least this. Default: not asked.
    pub floor: Option<f64>,
    /// Groups with fewer rows are left out. Default 50.
    pub min_rows: u64,
}

/// What a budget is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BudgetKind {
    /// The median latency of the candidate by that of the baseline.
    LatencyP50Ratio,
    /// The 95th percentile.
    LatencyP95Ratio,
    /// The 99th percentile.
    LatencyP99Ratio,
    /// The size of the model's files, in bytes.
    SizeBytes,
    /// The most memory that the model takes, in bytes.
    PeakRssBytes,
    /// How long loading takes, in seconds.
    LoadSeconds,
}

impl BudgetKind {
    /// All of them, with the names that they have in a definition.
    pub const ALL: [(&'static str, Self); 6] = [
        ("latency_p50_ratio", Self::LatencyP50Ratio),
        ("latency_p95_ratio", Self::LatencyP95Ratio),
        ("latency_p99_ratio", Self::LatencyP99Ratio),
        ("size_bytes", Self::SizeBytes),
        ("peak_rss_bytes", Self::PeakRssBytes),
        ("load_seconds", Self::LoadSeconds),
    ];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }

    /// The quantile of the latencies that it is about; None for what is not about latency.
    pub const fn quantile(self) -> Option<f64> {
        match self {
            Self::LatencyP50Ratio => Some(0.5),
            Self::LatencyP95Ratio => Some(0.95),
            Self::LatencyP99Ratio => Some(0.99),
            _ => None,
        }
    }
}

/// What a budget that is not kept does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It stops the candidate.
    Block,
    /// The report says it.
    Warn,
}

/// What the candidate may cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// Of what.
    pub kind: BudgetKind,
    /// The most that it may be. Of a ratio: the tolerance, so that 0.1 is a ratio of at most 1.1.
    pub limit: f64,
    /// What happens above it. Default: block; of a ratio of latencies that were not measured on a host for that: warn.
    pub action: Option<Action>,
}

/// What an inconclusive check does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnInconclusive {
    /// The candidate does not pass.
    #[default]
    Block,
    /// The candidate passes if nothing else is in its way.
    Allow,
    /// An approval decides.
    Ask,
}

/// How the use of the data for one candidate after another is paid for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spend {
    /// Not at all: each is held against it at `alpha`, and the report says what that does to the error rate.
    #[default]
    Off,
    /// Each of so many uses gets an equal part of `alpha`. There are no more uses after that.
    Bonferroni {
        /// How many.
        uses: u64,
    },
    /// The k-th use gets `6 / (pi k)^2` of `alpha`: all uses together, however many, get `alpha`.
    Decreasing,
}

impl Spend {
    /// What the k-th use, from 1, may spend; None if all is spent.
    ///
    /// ```
    /// use mlops_core::gates::Spend;
    /// assert_eq!(Spend::Off.alpha(0.05, 7), Some(0.05));
    /// assert_eq!(Spend::Bonferroni { uses: 5 }.alpha(0.05, 5), Some(0.01));
    /// assert_eq!(Spend::Bonferroni { uses: 5 }.alpha(0.05, 6), None);
    /// let all: f64 = (1..100_000).filter_map(|k| Spend::Decreasing.alpha(0.05, k)).sum();
    /// assert!(all < 0.05 && all > 0.0499);
    /// ```
    #[expect(clippy::cast_precision_loss, reason = "numbers of uses are small")]
    pub fn alpha(self, alpha: f64, k: u64) -> Option<f64> {
        let k = k.max(1);
        match self {
            Self::Off => Some(alpha),
            Self::Bonferroni { uses } => (k <= uses).then(|| alpha / uses as f64),
            Self::Decreasing => Some(alpha * 6.0 / (std::f64::consts::PI * k as f64).powi(2)),
        }
    }
}

/// What a gate asks for. It is read from a file of TOML by [`from_toml`](Self::from_toml), or made here.
///
/// ```
/// use mlops_core::gates::{GateDefinition, MetricRule, SliceRule};
/// # fn main() -> mlops_core::Result<()> {
/// let gate = GateDefinition::new("fraud-gate", MetricRule::new("accuracy")?.with_margin(0.005).with_floor(0.8))
///     .with_guardrail(MetricRule::new("log_loss")?.with_margin(0.01))
///     .with_slices(SliceRule::new(&["country"]).with_margin(0.02));
/// gate.check()?;
/// let same = GateDefinition::from_toml(
///     r#"
/// name = "fraud-gate"
///
/// [primary]
/// metric = "accuracy"
/// margin = 0.005
/// floor = 0.8
///
/// [[guardrails]]
/// metric = "log_loss"
/// margin = 0.01
///
/// [slices]
/// columns = ["country"]
/// margin = 0.02
/// "#,
/// )?;
/// assert_eq!(gate.digest(), same.digest());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct GateDefinition {
    /// The name, which a policy may ask for.
    pub name: String,
    /// The metric that decides. Without a test the candidate must be better, and the report says that nobody said so.
    pub primary: MetricRule,
    /// Metrics that must not get worse, or lie within limits; of what nothing is asked the report tells, and it decides nothing.
    /// Default none.
    pub guardrails: Vec<MetricRule>,
    /// Parts of the rows that must not get worse. Default none.
    pub slices: Option<SliceRule>,
    /// The column that says which rows belong together, such as those of a user: they are drawn together. Default none.
    pub group: Option<String>,
    /// That the rows are a time series. Default: they are not.
    pub blocks: Option<BlockRule>,
    /// What is asked of groups of people. Default nothing.
    pub fairness: Vec<FairnessRule>,
    /// What the candidate may cost. Default anything.
    pub budgets: Vec<Budget>,
    /// How likely a candidate that is not better may pass, of each family of checks. Above 0, below 0.5; default 0.05.
    pub alpha: f64,
    /// How often a bootstrap draws, 999 to 1,000,000; default 2,000.
    pub resamples: u32,
    /// What an inconclusive check does. Default block.
    pub on_inconclusive: OnInconclusive,
    /// How the use of the data for many candidates is paid for. Default not at all.
    pub spend: Spend,
    /// The label that is positive, as text. Default 1, or what stands last of two labels.
    pub positive: Option<String>,
    /// A score of at least this is positive, where labels are asked for and scores handed in. Default: a probability above 1/2.
    pub cutoff: Option<f64>,
    /// The column that says which query a row belongs to, for metrics of rankings. Default none.
    pub query: Option<String>,
}

impl GateDefinition {
    /// A gate of one metric, with the defaults of all else.
    pub fn new(name: &str, primary: MetricRule) -> Self {
        Self {
            name: name.into(),
            primary,
            guardrails: Vec::new(),
            slices: None,
            group: None,
            blocks: None,
            fairness: Vec::new(),
            budgets: Vec::new(),
            alpha: 0.05,
            resamples: 2_000,
            on_inconclusive: OnInconclusive::Block,
            spend: Spend::Off,
            positive: None,
            cutoff: None,
            query: None,
        }
    }

    /// With one more guardrail.
    pub fn with_guardrail(mut self, rule: MetricRule) -> Self {
        self.guardrails.push(rule);
        self
    }

    /// With these slices.
    pub fn with_slices(self, slices: SliceRule) -> Self {
        Self { slices: Some(slices), ..self }
    }

    /// With one more budget.
    pub fn with_budget(mut self, kind: BudgetKind, limit: f64) -> Self {
        self.budgets.push(Budget { kind, limit, action: None });
        self
    }

    /// With this error rate.
    pub fn with_alpha(self, alpha: f64) -> Self {
        Self { alpha, ..self }
    }

    /// The digest of what is asked for: the same for the same rules, however they are written down. A policy may ask for it
    /// by `gate_rules`.
    pub fn digest(&self) -> Digest {
        let mut value = self.to_json();
        value.sort_all_objects();
        // In which order rules stand says nothing.
        for list in ["/guardrails", "/fairness", "/slices/columns"] {
            if let Some(list) = value.pointer_mut(list).and_then(serde_json::Value::as_array_mut) {
                list.sort_by_cached_key(ToString::to_string);
            }
        }
        Digest::of(value.to_string().as_bytes())
    }

    /// True if the candidate is held against a limit that needs no baseline.
    pub(super) fn has_limits(&self) -> bool {
        let limited = |rule: &MetricRule| rule.floor.is_some() || rule.ceiling.is_some();
        let fair = |rule: &FairnessRule| rule.floor.is_some() || rule.ceiling.is_some();
        limited(&self.primary) || self.guardrails.iter().any(limited) || self.fairness.iter().any(fair)
    }

    /// What the primary metric is held to.
    pub(super) fn primary_test(&self) -> Test {
        self.primary.test.unwrap_or(Test::Superior(Change::default()))
    }

    /// Refuses what no gate can ask for.
    ///
    /// # Errors
    /// `InvalidArgument` that names the key.
    pub fn check(&self) -> Result<()> {
        check_key("name of a gate", &self.name)?;
        // A report whose text is `nan` is noted as one with a metric that is NaN.
        if self.name.eq_ignore_ascii_case("nan") {
            return refuse("name", &self.name, "another name");
        }
        if !(self.alpha > 0.0 && self.alpha < 0.5) {
            return refuse("alpha", self.alpha, "a number above 0 and below 0.5");
        }
        if !(999..=1_000_000).contains(&self.resamples) {
            return refuse("resamples", self.resamples, "999 to 1,000,000");
        }
        check_rule("primary", &self.primary)?;
        let mut seen = vec![self.primary.metric.to_string()];
        for rule in &self.guardrails {
            let name = rule.metric.to_string();
            check_rule(&format!("guardrails.{name}"), rule)?;
            if seen.contains(&name) {
                return refuse("guardrails", name, "each metric once; floor and ceiling stand beside the margin");
            }
            seen.push(name);
        }
        if let Some(slices) = &self.slices {
            if slices.columns.is_empty() {
                return refuse("slices.columns", "[]", "at least one column");
            }
            slices.margin.map_or(Ok(()), |margin| check_size("slices.margin", margin))?;
        }
        for rule in &self.fairness {
            let place = format!("fairness.{}", rule.column);
            let worst = rule.measure == FairnessMeasure::WorstGroup;
            for (key, value) in [("margin", rule.margin), ("ceiling", rule.ceiling)] {
                value.map_or(Ok(()), |value| check_size(&format!("{place}.{key}"), value))?;
            }
            if rule.margin.is_none() && rule.ceiling.is_none() && rule.floor.is_none() {
                return refuse(&place, "nothing", "a margin, a ceiling of a difference, or a floor of the worst group");
            }
            if !worst && (rule.floor.is_some() || rule.metric.is_some()) {
                return refuse(&place, rule.measure.as_str(), "floor and metric with worst_group only");
            }
            if rule.floor.is_some() && rule.ceiling.is_some() {
                return refuse(&place, "floor and ceiling", "one of both");
            }
        }
        self.budgets
            .iter()
            .try_for_each(|budget| check_size(&format!("budgets.{}", budget.kind.as_str()), budget.limit))
    }
}

fn check_rule(place: &str, rule: &MetricRule) -> Result<()> {
    for (key, value) in [("floor", rule.floor), ("ceiling", rule.ceiling)] {
        if let Some(value) = value.filter(|value| !value.is_finite()) {
            return refuse(&format!("{place}.{key}"), value, "a finite number");
        }
    }
    match rule.test {
        Some(Test::NonInferior { margin }) => check_size(&format!("{place}.margin"), margin),
        Some(Test::Superior(Change { absolute, relative })) => {
            check_size(&format!("{place}.min_absolute_change"), absolute)?;
            check_size(&format!("{place}.min_relative_change"), relative)
        }
        None => Ok(()),
    }
}

fn check_size(key: &str, value: f64) -> Result<()> {
    if value.is_finite() && value >= 0.0 { Ok(()) } else { refuse(key, value, "a finite number of 0 or more") }
}

fn refuse<T>(key: &str, value: impl std::fmt::Display, expected: &str) -> Result<T> {
    let what = format!("`{key}` of a gate");
    Err(Error::InvalidArgument { what, value: value.to_string(), expected: expected.into() })
}
