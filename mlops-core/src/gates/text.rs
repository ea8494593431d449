//! Reports as text for a terminal.

use std::fmt::Write;

use super::checks::{Check, CheckNumbers, count, number, percent, signed};
use super::report::GateReport;
use crate::base::text::one_line;
use crate::registry::Verdict;

impl GateReport {
    /// The report as lines of text. No text of the inputs begins a line or steers a terminal.
    pub fn to_text(&self) -> String {
        let mut out = format!("{}\n", one_line(&self.headline()));
        for line in self.facts() {
            let _ = writeln!(out, "{}", one_line(&line));
        }
        out.push('\n');
        let label = |check: &Check| one_line(&format!("{} {}", check.kind.as_str(), check.name));
        let wide = self.checks.iter().map(|check| label(check).chars().count()).max().unwrap_or_default();
        for check in &self.checks {
            let values = values(&check.numbers);
            let values = if values.is_empty() { String::new() } else { format!("{values}; ") };
            let _ = writeln!(out, "{:12}  {:wide$}  {values}{}", outcome(check), label(check), one_line(&check.reason));
        }
        for warning in &self.warnings {
            let _ = writeln!(out, "warning {}: {}", warning.code, one_line(&warning.text));
        }
        out
    }

    /// What all reports say beside the checks: mode, rows, error rate, power, uses of the data.
    pub(crate) fn facts(&self) -> Vec<String> {
        let mut facts = vec![self.mode.clone()];
        let rows = format!("{} rows, error rate {}", count(self.rows), percent(self.alpha));
        facts.push(if self.alpha < self.alpha_asked {
            format!("{rows} of the {} that the gate spends over the uses of the data", percent(self.alpha_asked))
        } else {
            rows
        });
        facts.extend(self.power());
        facts.extend(self.uses());
        facts.extend(self.worst_slice.as_ref().map(|worst| format!("worst slice: {worst}")));
        facts
    }

    /// The smallest difference that the rows can show, and how many rows would show what is asked for.
    fn power(&self) -> Option<String> {
        let primary = self.primary()?;
        let smallest = primary.numbers.minimal_detectable?;
        let needed = primary.numbers.rows_needed.map_or_else(String::new, |rows| {
            let what = match primary.numbers.margin.filter(|margin| *margin > 0.0) {
                Some(margin) => format!("the margin of {}", number(margin)),
                None => "the difference that was found".into(),
            };
            format!("; {what} shows with {} rows", count(rows))
        });
        Some(format!("power: the smallest difference that shows 4 times of 5 is {}{needed}", number(smallest)))
    }

    fn uses(&self) -> Option<String> {
        let of = self.holdout.as_ref()?;
        let k = of.number;
        let chance = percent(of.error_rate);
        Some(if of.error_rate > self.alpha_asked {
            format!(
                "use {k} of the data: that one of {k} candidates that are no better passes by luck has a chance of up to {chance}; spend = \"bonferroni\" holds it"
            )
        } else {
            format!("use {k} of the data: all together pass by luck with a chance of up to {chance}")
        })
    }
}

/// A word for what a check says.
pub(super) fn outcome(check: &Check) -> String {
    match (check.verdict, check.is_blocking) {
        (Verdict::Pass, _) => "pass".into(),
        (verdict, true) => verdict.as_str().to_uppercase(),
        (verdict, false) => format!("({})", verdict.as_str()),
    }
}

/// The values and the interval of a check.
pub(super) fn values(numbers: &CheckNumbers) -> String {
    let mut parts = Vec::new();
    match (numbers.candidate, numbers.baseline) {
        (Some(candidate), Some(baseline)) => parts.push(format!("{} against {}", number(candidate), number(baseline))),
        (Some(candidate), None) => parts.push(number(candidate)),
        _ => {}
    }
    if let (Some(difference), true) = (numbers.difference, numbers.margin.is_some()) {
        let bound = |value: Option<f64>, none: &str| value.map_or_else(|| none.to_owned(), signed);
        let (lower, upper) = (bound(numbers.lower, "-infinity"), bound(numbers.upper, "infinity"));
        parts.push(format!("{} [{lower}, {upper}]", signed(difference)));
    }
    parts.join(", ")
}
