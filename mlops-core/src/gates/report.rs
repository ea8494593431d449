//! What a gate found.

use serde::Serialize;
use serde_json::{Value, json};

use super::checks::{Check, CheckKind, Warning};
use super::definition::OnInconclusive;
use crate::error::{Error, Result};
use crate::registry::Verdict;

/// The version of the JSON of a report; a change that is more than new names counts it up.
pub const REPORT_FORMAT: u64 = 1;

/// How often the data were used, and what that does.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HoldoutUse {
    /// Which use this is of the data, from 1: candidates, each with its gate, that were held against them.
    pub number: u64,
    /// How likely it is at most that one of so many candidates that are no better has passed by luck.
    pub error_rate: f64,
}

/// What a gate found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GateReport {
    /// The name of the gate.
    pub gate: String,
    /// The digest of its definition.
    pub rules: String,
    /// What the candidate is called, such as `fraud@5`. Default: nothing.
    pub candidate: Option<String>,
    /// What the baseline is called; None also if there is none.
    pub baseline: Option<String>,
    /// The digest of the candidate.
    pub candidate_digest: String,
    /// The digest of the baseline; None: there is no baseline.
    pub baseline_digest: Option<String>,
    /// The digest of the data.
    pub data: String,
    /// How many rows there are.
    pub rows: u64,
    /// What the primary metric is held to, in words.
    pub mode: String,
    /// The error rate of each family of checks, after what the uses of the data cost.
    pub alpha: f64,
    /// The error rate that the definition asks for.
    pub alpha_asked: f64,
    /// What the gate says: pass, fail, inconclusive or error.
    pub verdict: Verdict,
    /// It is inconclusive, and an approval decides.
    pub needs_approval: bool,
    /// What an inconclusive check does.
    pub on_inconclusive: &'static str,
    /// How often the data were used; None: it was not counted.
    pub holdout: Option<HoldoutUse>,
    /// The slice where the candidate is least better, whatever its size.
    pub worst_slice: Option<String>,
    /// The checks, those that are no pass first.
    pub checks: Vec<Check>,
    /// What a reader has to know.
    pub warnings: Vec<Warning>,
    /// The number of the version that the baseline is, if it is one.
    #[serde(skip)]
    pub(super) against: Option<u64>,
}

impl GateReport {
    /// The check of the primary metric, if it came to that.
    pub fn primary(&self) -> Option<&Check> {
        self.checks.iter().find(|check| check.kind == CheckKind::Primary)
    }

    /// The exit code of the command: 0 pass, 1 fail, 5 inconclusive, 6 an approval is needed, 7 error.
    pub fn exit_code(&self) -> u8 {
        match self.verdict {
            Verdict::Pass => 0,
            Verdict::Fail => 1,
            Verdict::Inconclusive if self.needs_approval => 6,
            Verdict::Inconclusive | Verdict::Ask => 5,
            Verdict::Error => 7,
        }
    }

    /// The verdict as the registry keeps it: `ask` where an approval decides.
    pub fn recorded_verdict(&self) -> Verdict {
        if self.needs_approval { Verdict::Ask } else { self.verdict }
    }

    /// The line of the verdict, as all reports begin.
    pub fn headline(&self) -> String {
        let what = match (self.verdict, self.needs_approval) {
            (Verdict::Pass, _) => "pass",
            (Verdict::Fail, _) => "fail",
            (Verdict::Error, _) => "error: it could not be judged",
            (_, true) => "inconclusive: an approval decides",
            _ => "inconclusive: the data cannot decide",
        };
        let candidate = self.candidate.as_ref().map_or_else(String::new, |name| format!(", {name}"));
        let against = match (&self.baseline, &self.baseline_digest) {
            (Some(name), _) => format!(" against {name}"),
            (None, Some(_)) => String::new(),
            (None, None) => " without a baseline".into(),
        };
        format!("{}{candidate}{against}: {what}", self.gate)
    }

    /// The report as JSON. Names that are there stay; new ones may come. Numbers that are not finite are null.
    pub fn to_json(&self) -> Value {
        let mut value = serde_json::to_value(self).unwrap_or_default();
        if let Some(fields) = value.as_object_mut() {
            fields.insert("format".into(), json!(REPORT_FORMAT));
            fields.insert("exit_code".into(), json!(self.exit_code()));
        }
        value
    }

    /// The report as a line of JSON.
    ///
    /// # Errors
    /// `Internal`, which does not happen.
    pub fn to_json_text(&self) -> Result<String> {
        serde_json::to_string(&self.to_json()).map_err(|e| Error::internal(format!("a report cannot be written: {e}")))
    }

    /// Sorts the checks, and says what the gate says.
    pub(super) fn concluded(mut self, on_inconclusive: OnInconclusive) -> Self {
        let rank = |check: &Check| match (check.verdict, check.is_blocking) {
            (Verdict::Error, _) => 0,
            (Verdict::Fail, true) => 1,
            (Verdict::Inconclusive | Verdict::Ask, true) => 2,
            (Verdict::Pass, true) => 3,
            (_, false) => 4,
        };
        // Sorting is stable, so that those of a rank stay in the order of the definition.
        self.checks.sort_by_key(rank);
        self.verdict = super::checks::overall(&self.checks, on_inconclusive);
        let unchecked = self
            .checks
            .iter()
            .any(|check| check.kind == CheckKind::FirstModel && check.verdict == Verdict::Inconclusive);
        self.needs_approval =
            self.verdict == Verdict::Inconclusive && (on_inconclusive == OnInconclusive::Ask || unchecked);
        self.on_inconclusive = on_inconclusive.as_str();
        self
    }
}
