//! A gate that runs: all its checks, and what they come to.

use super::budgets::budget;
use super::checks::{self, Check, CheckKind, CheckNumbers, Warning};
use super::definition::{GateDefinition, LimitOn, MetricRule, Spend};
use super::fairness::fairness;
use super::family::{Member, judge, rows_needed, too_few};
use super::inputs::GateInputs;
use super::report::{GateReport, HoldoutUse};
use super::rows::{Checked, Rows};
use super::scoring::{Drawing, Prepared};
use super::slices::slices;
use super::stats::{Comparison, Series};
use super::warnings;
use crate::base::digests::DigestHasher;
use crate::error::Result;
use crate::registry::Verdict;

/// What a report says of the models, and what is known of the data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunOptions {
    /// What the candidate is called, such as `fraud@5`. Default nothing.
    pub candidate: Option<String>,
    /// What the baseline is called. Default nothing.
    pub baseline: Option<String>,
    /// Which use this is of the data, from 1, as [`Gates::count_use`](super::Gates::count_use) says. Default: not counted.
    pub holdout_use: Option<u64>,
}

/// What the checks of a gate are made of.
struct Gate<'a> {
    definition: &'a GateDefinition,
    rows: &'a Rows,
    drawing: Drawing,
    checks: Vec<Check>,
    warnings: Vec<Warning>,
}

/// Holds a candidate against a baseline. The same inputs give the same report, whatever the order of the rows and the number
/// of threads. What cannot be judged (NaN, infinite, missing, mismatched rows) is a report whose verdict is error.
///
/// # Errors
/// `InvalidArgument` for a definition that asks for what no gate can.
///
/// # Examples
/// ```
/// use mlops_core::gates::{GateDefinition, GateInputs, MetricRule, Predicted, RunOptions, evaluate};
/// use mlops_core::registry::Verdict;
/// # fn main() -> mlops_core::Result<()> {
/// let targets: Vec<f64> = (0..1000).map(|row| f64::from(row % 2)).collect();
/// let wrong = |every: usize| {
///     targets.iter().enumerate().map(|(row, y)| if row % every == 0 { 1.0 - y } else { *y }).collect::<Vec<f64>>()
/// };
/// let inputs = GateInputs::new(targets.clone(), Predicted::values(wrong(10)))
///     .with_baseline(Predicted::values(wrong(5)));
/// let gate = GateDefinition::new("fraud-gate", MetricRule::new("accuracy")?.superior());
/// let report = evaluate(&gate, &inputs, &RunOptions::default())?;
/// assert_eq!(report.verdict, Verdict::Pass);
/// assert_eq!(report.primary().unwrap().numbers.candidate, Some(0.9));
/// # Ok(())
/// # }
/// ```
pub fn evaluate(definition: &GateDefinition, inputs: &GateInputs, options: &RunOptions) -> Result<GateReport> {
    definition.check()?;
    Ok(judge_rows(definition, inputs, Rows::new(definition, inputs), options))
}

/// The report of rows that were checked, or of why they cannot be judged.
pub(super) fn judge_rows(
    definition: &GateDefinition,
    inputs: &GateInputs,
    rows: Checked<Rows>,
    options: &RunOptions,
) -> GateReport {
    let mut report = empty(definition, inputs, options);
    let rows = match rows {
        Ok(rows) => rows,
        Err(reason) => {
            report.checks.push(Check::error(CheckKind::Inputs, "inputs", reason));
            return report.concluded(definition.on_inconclusive);
        }
    };
    let drawing = Drawing {
        alpha: report.alpha,
        resamples: definition.resamples,
        seed: 0,
        groups: rows.groups.clone(),
        series: series(definition),
        watch: inputs.watch.clone(),
    };
    let mut gate =
        Gate { definition, rows: &rows, drawing, checks: holdout(definition, options), warnings: Vec::new() };
    gate.primary();
    gate.guardrails();
    gate.slices(&mut report);
    gate.budgets(inputs);
    gate.checks.extend(leakage(inputs));
    gate.warnings.extend(warnings::of_inputs(definition, inputs, &rows));
    gate.warnings.extend(options.holdout_use.and_then(warnings::of_use));
    report.candidate_digest.clone_from(&rows.candidate_digest);
    report.baseline_digest.clone_from(&rows.baseline_digest);
    report.data.clone_from(&rows.data_digest);
    report.rows = rows.len() as u64;
    report.checks = gate.checks;
    report.warnings = gate.warnings;
    report.concluded(definition.on_inconclusive)
}

fn empty(definition: &GateDefinition, inputs: &GateInputs, options: &RunOptions) -> GateReport {
    let number = options.holdout_use.map(|number| number.max(1));
    let alpha = definition.spend.alpha(definition.alpha, number.unwrap_or(1)).unwrap_or(definition.alpha);
    let holdout = number.map(|number| HoldoutUse { number, error_rate: error_rate(definition, number) });
    GateReport {
        gate: definition.name.clone(),
        rules: definition.digest().to_string(),
        candidate: options.candidate.clone(),
        baseline: options.baseline.clone(),
        candidate_digest: inputs.candidate_digest.clone().unwrap_or_default(),
        // As that of the candidate it is empty where nobody looked, and there is a baseline all the same.
        baseline_digest: inputs.baseline.as_ref().map(|_| inputs.baseline_digest.clone().unwrap_or_default()),
        data: inputs.data_digest.clone().unwrap_or_default(),
        rows: inputs.targets.len() as u64,
        mode: definition.mode_text(),
        alpha,
        alpha_asked: definition.alpha,
        verdict: Verdict::Error,
        needs_approval: false,
        on_inconclusive: definition.on_inconclusive.as_str(),
        holdout,
        worst_slice: None,
        checks: Vec::new(),
        warnings: Vec::new(),
        against: None,
    }
}

/// How likely it is at most that one of so many candidates that are no better has passed by luck.
#[expect(clippy::cast_precision_loss, reason = "a number of uses")]
fn error_rate(definition: &GateDefinition, uses: u64) -> f64 {
    match definition.spend {
        Spend::Off => (definition.alpha * uses as f64).min(1.0),
        Spend::Bonferroni { .. } | Spend::Decreasing => definition.alpha,
    }
}

/// That `alpha` can be spent.
fn holdout(definition: &GateDefinition, options: &RunOptions) -> Vec<Check> {
    let check = |verdict, reason: String| vec![Check::new(CheckKind::Holdout, "uses", verdict, reason)];
    match (definition.spend, options.holdout_use) {
        (Spend::Off, _) => Vec::new(),
        (_, None) => {
            let why = "the gate spends its error rate over the uses of the data, and they were not counted: hand in ids of the rows or the digest of the data, and a store that can be written";
            check(Verdict::Error, why.into())
        }
        (spend, Some(number)) => match spend.alpha(definition.alpha, number) {
            Some(alpha) => check(Verdict::Pass, format!("use {number} of the data, at {}", checks::percent(alpha))),
            None => {
                let why =
                    format!("use {number} of the data, and the gate has spent its error rate before; take new data");
                check(Verdict::Inconclusive, why)
            }
        },
    }
}

fn series(definition: &GateDefinition) -> Option<Series> {
    let blocks = definition.blocks.as_ref()?;
    let small = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    let horizon = blocks.horizon.map_or(1, small);
    Some(Series { horizon, block: blocks.length.map(small) })
}

fn leakage(inputs: &GateInputs) -> Option<Check> {
    if inputs.row_hashes.is_empty() || inputs.training_hashes.is_empty() {
        return None;
    }
    let training: std::collections::HashSet<u64> = inputs.training_hashes.iter().copied().collect();
    let found = inputs.row_hashes.iter().filter(|hash| training.contains(hash)).count() as u64;
    let rows = inputs.row_hashes.len() as u64;
    let numbers = CheckNumbers { rows: Some(rows), ..CheckNumbers::default() };
    let (verdict, reason) = if found == 0 {
        (
            Verdict::Pass,
            format!("none of the {} rows is among those that the candidate was trained on", checks::count(rows)),
        )
    } else {
        (
            Verdict::Fail,
            format!(
                "{} of {} rows are among those that the candidate was trained on",
                checks::count(found),
                checks::count(rows)
            ),
        )
    };
    Some(Check::new(CheckKind::Leakage, "leakage", verdict, reason).with_numbers(numbers))
}

impl Gate<'_> {
    /// How rows are drawn for a metric: the seed is of both models, the data and the metric, and of nothing else.
    fn drawing(&self, metric: &str) -> Drawing {
        let mut hasher = DigestHasher::new();
        let baseline = self.rows.baseline_digest.as_deref().unwrap_or_default();
        for part in [&self.rows.candidate_digest, baseline, &self.rows.data_digest, metric] {
            hasher.update(part.as_bytes());
            hasher.update(&[0]);
        }
        let seed = hasher.finish().as_bytes().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        Drawing { seed, ..self.drawing.clone() }
    }

    fn compare(&mut self, rule: &MetricRule) -> Checked<(Prepared, Option<Comparison>)> {
        let prepared = Prepared::new(self.definition, self.rows, &rule.metric)?;
        let found = match &self.rows.baseline {
            Some(_) => Some(prepared.compare(&self.drawing(&rule.metric.to_string())).map_err(|reason| {
                // Rows stand in another order here than they came in.
                prepared.why_not(&self.rows.places).unwrap_or(reason)
            })?),
            None => None,
        };
        if let Some(found) = &found {
            self.warnings.extend(warnings::of_comparison(found));
        }
        Ok((prepared, found))
    }

    fn primary(&mut self) {
        let rule = self.definition.primary.clone();
        let name = rule.metric.to_string();
        let (prepared, found) = match self.compare(&rule) {
            Ok(compared) => compared,
            Err(reason) => return self.checks.push(Check::error(CheckKind::Primary, name, reason)),
        };
        let Some(found) = found else {
            self.first_model(&name, &prepared);
            return self.limits(&rule, &prepared, None);
        };
        let alpha = self.drawing.alpha;
        let bar = match checks::bar(self.definition.primary_test(), found.baseline) {
            Ok(bar) => bar,
            Err(reason) => return self.checks.push(Check::error(CheckKind::Primary, name, reason)),
        };
        let (mut verdict, mut reason) = checks::decide(&found, alpha, bar, bar < 0.0 || is_margin(self.definition));
        if verdict == Verdict::Pass
            && let Some(why) = too_few(&found, alpha, bar, true)
        {
            (verdict, reason) = (Verdict::Inconclusive, why);
        }
        self.warnings.extend(warnings::of_margin(&found, bar));
        let mut numbers = checks::numbers(&found, alpha, bar);
        numbers.rows_needed = rows_needed(&found, bar);
        let mut check = Check::new(CheckKind::Primary, name, verdict, reason).with_numbers(numbers);
        check.method = Some(found.method.clone());
        self.checks.push(check);
        self.limits(&rule, &prepared, Some(&found));
    }

    /// Without a baseline only limits and budgets decide.
    fn first_model(&mut self, name: &str, prepared: &Prepared) {
        let check = match prepared.candidate() {
            Err(reason) => {
                Check::error(CheckKind::Primary, name, prepared.why_not(&self.rows.places).unwrap_or(reason))
            }
            Ok(value) => {
                let (verdict, reason) = if self.definition.has_limits() {
                    (Verdict::Pass, "there is no baseline: floors, ceilings and budgets decide")
                } else {
                    (
                        Verdict::Inconclusive,
                        "there is no baseline, and the gate has no floor or ceiling: an approval decides",
                    )
                };
                let numbers = CheckNumbers {
                    candidate: Some(value),
                    rows: Some(self.rows.len() as u64),
                    ..CheckNumbers::default()
                };
                Check::new(CheckKind::FirstModel, name, verdict, reason).with_numbers(numbers)
            }
        };
        self.checks.push(check);
    }

    fn guardrails(&mut self) {
        let mut members = Vec::new();
        let mut errors = 0;
        for rule in self.definition.guardrails.clone() {
            let name = rule.metric.to_string();
            let done = self.compare(&rule).and_then(|(prepared, found)| {
                self.limits(&rule, &prepared, found.as_ref());
                let Some(found) = found else { return Ok(None) };
                let Some(test) = rule.test else {
                    if rule.floor.is_none() && rule.ceiling.is_none() {
                        self.tell(&name, &found);
                    }
                    return Ok(None);
                };
                let bar = checks::bar(test, found.baseline)?;
                Ok(Some(Member { kind: CheckKind::Guardrail, name: name.clone(), found, bar, needs_rows: true }))
            });
            match done {
                Ok(member) => members.extend(member),
                Err(reason) => {
                    errors += 1;
                    self.checks.push(Check::error(CheckKind::Guardrail, name, reason));
                }
            }
        }
        for rule in &self.definition.fairness {
            let name = format!("{} {}", rule.column, rule.measure.as_str());
            match fairness(self.definition, rule, self.rows, &self.drawing(&name)) {
                Ok(found) => {
                    self.checks.extend(found.limit);
                    members.extend(found.member);
                }
                Err(reason) => {
                    errors += 1;
                    self.checks.push(Check::error(CheckKind::Fairness, name, reason));
                }
            }
        }
        self.checks.extend(judge(&members, errors, self.drawing.alpha));
    }

    /// A metric of which nothing is asked.
    fn tell(&mut self, name: &str, found: &Comparison) {
        let alpha = self.drawing.alpha;
        let (verdict, _) = checks::decide(found, alpha, 0.0, false);
        let seen = match verdict {
            Verdict::Pass => "it is better",
            Verdict::Fail => "it is worse",
            _ => "the data cannot tell whether it is better or worse",
        };
        let reason = format!("{seen}; how much worse it may be is not said, so that it decides nothing");
        if verdict == Verdict::Fail {
            self.warnings.push(Warning::new("worse_unasked", format!("{name}: {reason}")));
        }
        let mut check = Check::new(CheckKind::Guardrail, name, verdict, reason);
        check = check.with_numbers(checks::numbers(found, alpha, 0.0));
        check.method = Some(found.method.clone());
        check.is_blocking = false;
        self.checks.push(check);
    }

    fn limits(&mut self, rule: &MetricRule, prepared: &Prepared, found: Option<&Comparison>) {
        if rule.floor.is_none() && rule.ceiling.is_none() {
            return;
        }
        let name = rule.metric.to_string();
        let done = (|| -> Checked<Vec<Check>> {
            let value = found.map_or_else(|| prepared.candidate(), |found| Ok(found.candidate))?;
            let bounds = match rule.limit_on {
                LimitOn::Point => None,
                LimitOn::Bound => {
                    let alone = prepared.alone(&self.drawing(&format!("{name} alone")))?;
                    let greater = rule.metric.greater_is_better();
                    Some(if greater { (alone.lower, alone.upper) } else { (-alone.upper, -alone.lower) })
                }
            };
            Ok(checks::limits(rule, value, bounds, self.rows.len() as u64))
        })();
        match done {
            Ok(checks) => self.checks.extend(checks),
            Err(reason) => self.checks.push(Check::error(CheckKind::Limit, name, reason)),
        }
    }

    fn slices(&mut self, report: &mut GateReport) {
        let Some(rule) = self.definition.slices.as_ref().filter(|_| self.rows.baseline.is_some()) else { return };
        let (checks, worst) = slices(self.definition, rule, self.rows, &self.drawing("slices"));
        self.checks.extend(checks);
        report.worst_slice = worst;
    }

    fn budgets(&mut self, inputs: &GateInputs) {
        for rule in &self.definition.budgets {
            let Some(check) = budget(rule, inputs, &self.drawing(rule.kind.as_str())) else { continue };
            if !check.is_blocking && check.verdict != Verdict::Pass {
                self.warnings.push(Warning::new("budget", format!("{}: {}", check.name, check.reason)));
            }
            self.checks.push(check);
        }
    }
}

fn is_margin(definition: &GateDefinition) -> bool {
    matches!(definition.primary_test(), super::definition::Test::NonInferior { .. })
}
