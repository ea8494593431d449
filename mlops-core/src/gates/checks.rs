//! What single checks say, and what the gate says then.

use serde::Serialize;

use super::definition::Change;
use super::definition::{GateDefinition, LimitOn, MetricRule, OnInconclusive, Test};
use super::stats::Comparison;
use crate::base::text::float_repr;
use crate::registry::Verdict;

/// What a check is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckKind {
    /// What was handed in.
    Inputs,
    /// The metric that decides.
    Primary,
    /// A metric that must not get worse.
    Guardrail,
    /// A part of the rows.
    Slice,
    /// A floor or a ceiling.
    Limit,
    /// Groups beside each other.
    Fairness,
    /// What the candidate costs.
    Budget,
    /// Rows of the evaluation data in the training data.
    Leakage,
    /// How often the data were used.
    Holdout,
    /// That there is no baseline.
    FirstModel,
}

impl CheckKind {
    /// `inputs`, `primary`, `guardrail`, `slice`, `limit`, `fairness`, `budget`, `leakage`, `holdout`, `first_model`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inputs => "inputs",
            Self::Primary => "primary",
            Self::Guardrail => "guardrail",
            Self::Slice => "slice",
            Self::Limit => "limit",
            Self::Fairness => "fairness",
            Self::Budget => "budget",
            Self::Leakage => "leakage",
            Self::Holdout => "holdout",
            Self::FirstModel => "first_model",
        }
    }
}

/// The numbers of a check; what does not apply, or is no finite number, is None.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CheckNumbers {
    /// The candidate's value.
    pub candidate: Option<f64>,
    /// The baseline's value.
    pub baseline: Option<f64>,
    /// How much better the candidate is, whichever way the metric counts; of a ratio of latencies: the ratio.
    pub difference: Option<f64>,
    /// The lower one-sided bound of the difference at `alpha`.
    pub lower: Option<f64>,
    /// The upper one-sided bound.
    pub upper: Option<f64>,
    /// The error rate that the bounds are at, after Holm.
    pub alpha: Option<f64>,
    /// One-sided, of the hypothesis that the check has to reject.
    pub p_value: Option<f64>,
    /// What the difference is held against: it must lie above `-margin`.
    pub margin: Option<f64>,
    /// What the value is held against.
    pub limit: Option<f64>,
    /// How many rows were looked at.
    pub rows: Option<u64>,
    /// The smallest difference that so many rows can show, at a power of 80 %.
    pub minimal_detectable: Option<f64>,
    /// How many rows would show the margin.
    pub rows_needed: Option<u64>,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// What it is about.
    pub kind: CheckKind,
    /// What it checks, such as `roc_auc` or `country=DE`; no two checks of a kind have the same.
    pub name: String,
    /// What it says: pass, fail, inconclusive or error.
    pub verdict: Verdict,
    /// False: the report says it, and the gate does not.
    pub is_blocking: bool,
    /// Why, in a sentence.
    pub reason: String,
    /// How the bounds were made.
    pub method: Option<String>,
    /// Its numbers.
    #[serde(flatten)]
    pub numbers: CheckNumbers,
}

impl Check {
    pub(super) fn new(kind: CheckKind, name: impl Into<String>, verdict: Verdict, reason: impl Into<String>) -> Self {
        let (name, reason) = (name.into(), reason.into());
        Self { kind, name, verdict, is_blocking: true, reason, method: None, numbers: CheckNumbers::default() }
    }

    pub(super) fn error(kind: CheckKind, name: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::new(kind, name, Verdict::Error, reason)
    }

    pub(super) fn with_numbers(self, numbers: CheckNumbers) -> Self {
        Self { numbers, ..self }
    }
}

/// What a reader of the report has to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// Which, as a word that does not change, such as `few_rows`.
    pub code: String,
    /// The same in a sentence.
    pub text: String,
}

impl Warning {
    pub(super) fn new(code: &str, text: impl Into<String>) -> Self {
        Self { code: code.into(), text: text.into() }
    }
}

/// What the gate says: error if a check is, else fail if one does, else inconclusive if one that blocks is, else pass.
pub(super) fn overall(checks: &[Check], on_inconclusive: OnInconclusive) -> Verdict {
    let any = |verdict: Verdict| checks.iter().any(|check| check.is_blocking && check.verdict == verdict);
    // That nothing could be checked is allowed by nobody.
    let unchecked = checks.iter().any(|check| {
        matches!(check.kind, CheckKind::FirstModel | CheckKind::Holdout) && check.verdict == Verdict::Inconclusive
    });
    if any(Verdict::Error) {
        Verdict::Error
    } else if any(Verdict::Fail) {
        Verdict::Fail
    } else if unchecked || (any(Verdict::Inconclusive) && on_inconclusive != OnInconclusive::Allow) {
        Verdict::Inconclusive
    } else {
        Verdict::Pass
    }
}

/// What a comparison must show, as one number: the difference lies above it.
pub(super) fn bar(test: Test, baseline: f64) -> Result<f64, String> {
    match test {
        Test::NonInferior { margin } => Ok(-margin),
        Test::Superior(Change { relative, .. }) if baseline == 0.0 && relative > 0.0 => {
            Err("the baseline's value is 0, so that no share of it can be asked for; use min_absolute_change".into())
        }
        Test::Superior(Change { absolute, relative }) => Ok(absolute.max(relative * baseline.abs())),
    }
}

/// The numbers of a comparison at a level, held against a bar.
pub(super) fn numbers(found: &Comparison, alpha: f64, bar: f64) -> CheckNumbers {
    let finite = |value: f64| Some(value).filter(|value| value.is_finite());
    CheckNumbers {
        candidate: finite(found.candidate),
        baseline: finite(found.baseline),
        difference: finite(found.difference),
        lower: finite(found.lower_at(alpha)),
        upper: finite(found.upper_at(alpha)),
        alpha: Some(alpha),
        p_value: finite(if is_zero(bar) { found.p_value } else { found.p_value_at(-bar) }),
        margin: Some(-bar + 0.0),
        limit: None,
        rows: Some(found.rows),
        minimal_detectable: finite(found.minimal_detectable),
        rows_needed: None,
    }
}

fn is_zero(bar: f64) -> bool {
    bar.abs() <= 0.0
}

/// What a comparison says at a level: pass, fail or inconclusive, and why. `not_worse` asks that the value is not worse too.
pub(super) fn decide(found: &Comparison, alpha: f64, bar: f64, not_worse: bool) -> (Verdict, String) {
    let (lower, upper) = (found.lower_at(alpha), found.upper_at(alpha));
    let level = format!("with {}", confidence(alpha));
    let asked = match bar {
        bar if is_zero(bar) => "better is asked for".to_owned(),
        bar if bar < 0.0 => format!("less than {} worse is asked for", number(-bar)),
        bar => format!("more than {} better is asked for", number(bar)),
    };
    if (bar < 0.0 && upper <= bar) || (bar >= 0.0 && upper < bar) {
        return (Verdict::Fail, format!("at most {} better {level}; {asked}", signed(upper)));
    }
    let silent = || too_few_resamples(found, alpha);
    if lower <= bar || lower.is_nan() {
        let why =
            || format!("{} to {} better, each {level}: the data cannot tell; {asked}", signed(lower), signed(upper));
        return (Verdict::Inconclusive, silent().unwrap_or_else(why));
    }
    if !found.agrees_at(alpha, -bar) {
        let why = || format!("at least {} better by {}, and the bootstrap does not agree", signed(lower), found.method);
        return (Verdict::Inconclusive, silent().unwrap_or_else(why));
    }
    if not_worse && found.difference < 0.0 {
        let (here, lower) = (signed(found.difference), signed(lower));
        let why =
            format!("{here} better on these rows, so not as good, though within the margin: at least {lower} {level}");
        return (Verdict::Inconclusive, why);
    }
    (Verdict::Pass, format!("at least {} better {level}; {asked}", signed(lower)))
}

/// That a bootstrap took too few resamples to say anything of this level.
pub(super) fn too_few_resamples(found: &Comparison, alpha: f64) -> Option<String> {
    let needed = found.resamples_needed(alpha)?;
    let taken = found.resamples.map_or_else(String::new, |taken| format!("{} ", count(u64::from(taken))));
    Some(format!(
        "{taken}resamples say nothing at an error rate of {}: set resamples to {needed} or more",
        number(alpha)
    ))
}

/// The limits of a rule: what is held against a floor and a ceiling. `bounds` are those of the value.
pub(super) fn limits(rule: &MetricRule, value: f64, bounds: Option<(f64, f64)>, rows: u64) -> Vec<Check> {
    let mut checks = Vec::new();
    for (limit, is_floor) in [(rule.floor, true), (rule.ceiling, false)] {
        let Some(limit) = limit else { continue };
        let (word, at) = if is_floor { ("floor", "at least") } else { ("ceiling", "at most") };
        let held = match (rule.limit_on, bounds) {
            (LimitOn::Bound, Some((lower, upper))) => {
                if is_floor {
                    lower
                } else {
                    upper
                }
            }
            _ => value,
        };
        let kept = if is_floor { held >= limit } else { held <= limit };
        let what = if rule.limit_on == LimitOn::Bound { "its bound" } else { "it" };
        let reason = format!("{what} is {}, and {at} {} is asked for", number(held), number(limit));
        let verdict = if kept { Verdict::Pass } else { Verdict::Fail };
        let finite = |value: f64| Some(value).filter(|value| value.is_finite());
        let (lower, upper) = bounds.map_or((None, None), |(lower, upper)| (finite(lower), finite(upper)));
        let numbers = CheckNumbers {
            candidate: finite(value),
            lower,
            upper,
            limit: Some(limit),
            rows: Some(rows),
            ..CheckNumbers::default()
        };
        checks.push(
            Check::new(CheckKind::Limit, format!("{} {word}", rule.metric), verdict, reason).with_numbers(numbers),
        );
    }
    checks
}

impl GateDefinition {
    /// What the primary metric is held to, in words.
    pub fn mode_text(&self) -> String {
        let metric = &self.primary.metric;
        match (self.primary_test(), self.primary.test.is_some()) {
            (Test::Superior(change), false) if change == Change::default() => {
                format!("superior: `{metric}` must be better, since the gate names neither a mode nor a margin")
            }
            (Test::Superior(change), _) => {
                let Change { absolute, relative } = change;
                let absolute = (absolute > 0.0).then(|| number(absolute));
                let relative = (relative > 0.0).then(|| format!("{} of the baseline's", percent(relative)));
                let by: Vec<String> = absolute.into_iter().chain(relative).collect();
                let by = if by.is_empty() { String::new() } else { format!(" by more than {}", by.join(" and ")) };
                format!("superior: `{metric}` must be better{by}")
            }
            (Test::NonInferior { margin }, _) => format!(
                "noninferior_and_not_worse: `{metric}` must be less than {} worse, and not worse on these rows",
                number(margin)
            ),
        }
    }
}

/// A number with four digits that count.
pub(super) fn number(value: f64) -> String {
    if !value.is_finite() {
        return if value.is_nan() {
            "not a number"
        } else if value > 0.0 {
            "infinity"
        } else {
            "-infinity"
        }
        .into();
    }
    let text = float_repr(format!("{value:.3e}").parse().unwrap_or(value));
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// The same with its sign.
pub(super) fn signed(value: f64) -> String {
    let text = number(value);
    if value > 0.0 { format!("+{text}") } else { text }
}

/// A share as per cent.
pub(super) fn percent(share: f64) -> String {
    format!("{} %", number(share * 100.0))
}

/// How sure a bound at this level is, in words.
pub(super) fn confidence(alpha: f64) -> String {
    // Rounded it would be all of them.
    if alpha < 5e-5 { "more than 99.99 % confidence".into() } else { format!("{} confidence", percent(1.0 - alpha)) }
}

/// A number of rows with its thousands apart.
pub(super) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(verdict: Verdict) -> Check {
        Check::new(CheckKind::Primary, "m", verdict, "r")
    }

    #[test]
    fn an_error_goes_before_a_failure_and_that_before_what_is_open() {
        use Verdict::{Error, Fail, Inconclusive, Pass};
        for (checks, expected) in [
            (vec![Pass, Inconclusive, Fail, Error], Error),
            (vec![Pass, Inconclusive, Fail], Fail),
            (vec![Pass, Inconclusive], Inconclusive),
            (vec![Pass], Pass),
        ] {
            let checks: Vec<_> = checks.into_iter().map(check).collect();
            assert_eq!(overall(&checks, OnInconclusive::Block), expected);
            assert_eq!(overall(&checks, OnInconclusive::Ask), expected);
        }
    }

    #[test]
    fn what_is_open_is_allowed_where_the_gate_says_so_but_not_where_nothing_was_checked() {
        let open = [check(Verdict::Pass), check(Verdict::Inconclusive)];
        assert_eq!(overall(&open, OnInconclusive::Allow), Verdict::Pass);
        let first = Check { kind: CheckKind::FirstModel, ..check(Verdict::Inconclusive) };
        assert_eq!(overall(&[first], OnInconclusive::Allow), Verdict::Inconclusive);
    }

    #[test]
    fn what_does_not_block_is_reported_only() {
        let only = Check { is_blocking: false, ..check(Verdict::Fail) };
        assert_eq!(overall(&[only], OnInconclusive::Block), Verdict::Pass);
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!((number(0.123_456_7).as_str(), number(1.0).as_str(), signed(0.5).as_str()), ("0.1235", "1", "+0.5"));
        assert_eq!(
            (percent(0.05).as_str(), percent(0.95).as_str(), count(1_234_567).as_str()),
            ("5 %", "95 %", "1,234,567")
        );
        assert_eq!((number(f64::NAN).as_str(), number(f64::NEG_INFINITY).as_str()), ("not a number", "-infinity"));
    }
}
