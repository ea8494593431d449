//! What a gate found.

use mlops_core::Result;
use mlops_core::gates::{Check, GateReport};
use mlops_core::registry::Verdict;
use mlops_core::ui;

use crate::args::{Handle, Versioned};
use crate::boundary::export;
use crate::registered_models::signed;
use crate::run_data::at;
use crate::sized::sized_output;
use crate::text::{Text, mlops_buf, mlops_str};

/// It could not be judged: NaN, missing rows, or what else the reason says.
pub const MLOPS_VERDICT_ERROR: i32 = 0;
/// What is asked for is shown.
pub const MLOPS_VERDICT_PASS: i32 = 1;
/// It is shown that what is asked for is not so.
pub const MLOPS_VERDICT_FAIL: i32 = 2;
/// The data cannot tell.
pub const MLOPS_VERDICT_INCONCLUSIVE: i32 = 3;

/// A count that is not known.
pub const MLOPS_GATE_COUNT_NONE: i64 = -1;

/// What a gate found: it does not change. Freed with `mlops_gate_report_free`.
#[derive(Debug)]
pub struct mlops_gate_report {
    pub(crate) report: GateReport,
    texts: Texts,
    checks: Vec<CheckTexts>,
    warnings: Vec<(Text, Text)>,
}

impl Handle for mlops_gate_report {}

/// What C reads of a report: its texts end with a NUL.
#[derive(Debug)]
struct Texts {
    gate: Text,
    mode: Text,
    rules: Text,
    candidate: Text,
    baseline: Text,
    candidate_digest: Text,
    baseline_digest: Text,
    data: Text,
    worst_slice: Text,
}

/// The same of a check.
#[derive(Debug)]
struct CheckTexts {
    kind: Text,
    name: Text,
    reason: Text,
    method: Text,
}

/// What a gate says. Begin with `MLOPS_GATE_REPORT_INFO_INIT`; the texts live as long as the report.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_gate_report_info {
    /// The size of this struct.
    pub struct_size: u32,
    /// `MLOPS_VERDICT_PASS`, `_FAIL`, `_INCONCLUSIVE` or `_ERROR`.
    pub verdict: i32,
    /// What a program returns: 0 pass, 1 fail, 5 inconclusive, 6 an approval decides, 7 error.
    pub exit_code: i32,
    /// 1 if it is inconclusive and an approval decides, else 0.
    pub needs_approval: i32,
    /// How many rows there are.
    pub rows: i64,
    /// Which use this is of the data, from 1; 0: it was not counted.
    pub holdout_use: i64,
    /// How likely it is at most that one of so many candidates that are no better has passed by luck; NaN: not counted.
    pub error_rate: f64,
    /// The error rate of each family of checks, after what the uses of the data cost.
    pub alpha: f64,
    /// The error rate that the definition asks for.
    pub alpha_asked: f64,
    /// How many checks there are.
    pub checks_count: usize,
    /// How many of them pass.
    pub passed_count: usize,
    /// How many fail.
    pub failed_count: usize,
    /// How many are inconclusive.
    pub inconclusive_count: usize,
    /// How many are errors.
    pub errors_count: usize,
    /// How many warnings there are.
    pub warnings_count: usize,
    /// The name of the gate.
    pub gate: mlops_str,
    /// What the primary metric is held to, in words.
    pub mode: mlops_str,
    /// The digest of the definition.
    pub rules: mlops_str,
    /// What the candidate is called, such as `fraud@5`; empty: nothing.
    pub candidate: mlops_str,
    /// What the baseline is called; empty: nothing.
    pub baseline: mlops_str,
    /// The digest of the candidate.
    pub candidate_digest: mlops_str,
    /// The digest of the baseline; empty: there is no baseline.
    pub baseline_digest: mlops_str,
    /// The digest or name of the data.
    pub data: mlops_str,
    /// The slice where the candidate is least better, such as `country=DE (+0.007)`; empty: there are none.
    pub worst_slice: mlops_str,
}

impl Versioned for mlops_gate_report_info {
    const DEFAULT: Self = Self {
        struct_size: 0,
        verdict: MLOPS_VERDICT_ERROR,
        exit_code: 7,
        needs_approval: 0,
        rows: 0,
        holdout_use: 0,
        error_rate: f64::NAN,
        alpha: f64::NAN,
        alpha_asked: f64::NAN,
        checks_count: 0,
        passed_count: 0,
        failed_count: 0,
        inconclusive_count: 0,
        errors_count: 0,
        warnings_count: 0,
        gate: mlops_str::EMPTY,
        mode: mlops_str::EMPTY,
        rules: mlops_str::EMPTY,
        candidate: mlops_str::EMPTY,
        baseline: mlops_str::EMPTY,
        candidate_digest: mlops_str::EMPTY,
        baseline_digest: mlops_str::EMPTY,
        data: mlops_str::EMPTY,
        worst_slice: mlops_str::EMPTY,
    };
}

/// One check. Begin with `MLOPS_GATE_CHECK_INIT`; the texts live as long as the report. A number that does not apply, or is not
/// finite, is NaN.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_gate_check {
    /// The size of this struct.
    pub struct_size: u32,
    /// `MLOPS_VERDICT_PASS`, `_FAIL`, `_INCONCLUSIVE` or `_ERROR`.
    pub verdict: i32,
    /// 0: the report says it, and the gate does not; else 1.
    pub is_blocking: i32,
    /// 0.
    pub reserved: i32,
    /// What it is about: `inputs`, `primary`, `guardrail`, `slice`, `limit`, `fairness`, `budget`, `leakage`, `holdout` or
    /// `first_model`.
    pub kind: mlops_str,
    /// What it checks, such as `roc_auc` or `country=DE`.
    pub name: mlops_str,
    /// Why, in a sentence.
    pub reason: mlops_str,
    /// How the bounds were made; empty: there are none.
    pub method: mlops_str,
    /// The candidate's value.
    pub candidate: f64,
    /// The baseline's value.
    pub baseline: f64,
    /// How much better the candidate is, whichever way the metric counts; of a ratio of latencies: the ratio.
    pub difference: f64,
    /// The lower one-sided bound of the difference at `alpha`.
    pub lower: f64,
    /// The upper one-sided bound.
    pub upper: f64,
    /// The error rate that the bounds are at, after Holm.
    pub alpha: f64,
    /// One-sided, of the hypothesis that the check has to reject.
    pub p_value: f64,
    /// What the difference is held against: it must lie above `-margin`.
    pub margin: f64,
    /// What the value is held against.
    pub limit: f64,
    /// The smallest difference that so many rows can show, at a power of 80 %.
    pub minimal_detectable: f64,
    /// How many rows were looked at; `MLOPS_GATE_COUNT_NONE`: it is not about rows.
    pub rows: i64,
    /// How many rows would show the margin; `MLOPS_GATE_COUNT_NONE`: not known.
    pub rows_needed: i64,
}

impl Versioned for mlops_gate_check {
    const DEFAULT: Self = Self {
        struct_size: 0,
        verdict: MLOPS_VERDICT_ERROR,
        is_blocking: 0,
        reserved: 0,
        kind: mlops_str::EMPTY,
        name: mlops_str::EMPTY,
        reason: mlops_str::EMPTY,
        method: mlops_str::EMPTY,
        candidate: f64::NAN,
        baseline: f64::NAN,
        difference: f64::NAN,
        lower: f64::NAN,
        upper: f64::NAN,
        alpha: f64::NAN,
        p_value: f64::NAN,
        margin: f64::NAN,
        limit: f64::NAN,
        minimal_detectable: f64::NAN,
        rows: MLOPS_GATE_COUNT_NONE,
        rows_needed: MLOPS_GATE_COUNT_NONE,
    };
}

/// What a reader of a report has to know. Begin with `MLOPS_GATE_WARNING_INIT`; the texts live as long as the report.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_gate_warning {
    /// The size of this struct.
    pub struct_size: u32,
    /// 0.
    pub reserved: u32,
    /// Which, as a word that does not change, such as `few_rows`.
    pub code: mlops_str,
    /// The same in a sentence.
    pub text: mlops_str,
}

impl Versioned for mlops_gate_warning {
    const DEFAULT: Self = Self { struct_size: 0, reserved: 0, code: mlops_str::EMPTY, text: mlops_str::EMPTY };
}

sized_output!(mlops_gate_report_info mlops_gate_check mlops_gate_warning);

impl From<GateReport> for mlops_gate_report {
    fn from(report: GateReport) -> Self {
        let texts = Texts {
            gate: Text::new(&*report.gate),
            mode: Text::new(&*report.mode),
            rules: Text::new(&*report.rules),
            candidate: optional(report.candidate.as_ref()),
            baseline: optional(report.baseline.as_ref()),
            candidate_digest: Text::new(&*report.candidate_digest),
            baseline_digest: optional(report.baseline_digest.as_ref()),
            data: Text::new(&*report.data),
            worst_slice: optional(report.worst_slice.as_ref()),
        };
        let check = |check: &Check| CheckTexts {
            kind: Text::new(check.kind.as_str()),
            name: Text::new(&*check.name),
            reason: Text::new(&*check.reason),
            method: optional(check.method.as_ref()),
        };
        let warnings = report.warnings.iter().map(|warning| (Text::new(&*warning.code), Text::new(&*warning.text)));
        Self { texts, checks: report.checks.iter().map(check).collect(), warnings: warnings.collect(), report }
    }
}

fn optional(text: Option<&String>) -> Text {
    Text::new(text.cloned().unwrap_or_default())
}

/// The number of a verdict; nobody's approval is asked for by a check.
const fn verdict(verdict: Verdict) -> i32 {
    match verdict {
        Verdict::Pass => MLOPS_VERDICT_PASS,
        Verdict::Fail => MLOPS_VERDICT_FAIL,
        Verdict::Inconclusive | Verdict::Ask => MLOPS_VERDICT_INCONCLUSIVE,
        Verdict::Error => MLOPS_VERDICT_ERROR,
    }
}

impl mlops_gate_report {
    fn info(&self) -> mlops_gate_report_info {
        let Self { report, texts, .. } = self;
        let count = |number: i32| report.checks.iter().filter(|check| verdict(check.verdict) == number).count();
        mlops_gate_report_info {
            verdict: verdict(report.verdict),
            exit_code: report.exit_code().into(),
            needs_approval: report.needs_approval.into(),
            rows: signed(report.rows),
            holdout_use: report.holdout.as_ref().map_or(0, |used| signed(used.number)),
            error_rate: report.holdout.as_ref().map_or(f64::NAN, |used| used.error_rate),
            alpha: report.alpha,
            alpha_asked: report.alpha_asked,
            checks_count: report.checks.len(),
            passed_count: count(MLOPS_VERDICT_PASS),
            failed_count: count(MLOPS_VERDICT_FAIL),
            inconclusive_count: count(MLOPS_VERDICT_INCONCLUSIVE),
            errors_count: count(MLOPS_VERDICT_ERROR),
            warnings_count: report.warnings.len(),
            gate: texts.gate.view(),
            mode: texts.mode.view(),
            rules: texts.rules.view(),
            candidate: texts.candidate.view(),
            baseline: texts.baseline.view(),
            candidate_digest: texts.candidate_digest.view(),
            baseline_digest: texts.baseline_digest.view(),
            data: texts.data.view(),
            worst_slice: texts.worst_slice.view(),
            ..mlops_gate_report_info::DEFAULT
        }
    }

    fn check(&self, index: usize) -> Result<mlops_gate_check> {
        let (check, texts) = (at(&self.report.checks, index)?, at(&self.checks, index)?);
        let (numbers, number) = (&check.numbers, |number: Option<f64>| number.unwrap_or(f64::NAN));
        let count = |count: Option<u64>| count.map_or(MLOPS_GATE_COUNT_NONE, signed);
        Ok(mlops_gate_check {
            verdict: verdict(check.verdict),
            is_blocking: check.is_blocking.into(),
            kind: texts.kind.view(),
            name: texts.name.view(),
            reason: texts.reason.view(),
            method: texts.method.view(),
            candidate: number(numbers.candidate),
            baseline: number(numbers.baseline),
            difference: number(numbers.difference),
            lower: number(numbers.lower),
            upper: number(numbers.upper),
            alpha: number(numbers.alpha),
            p_value: number(numbers.p_value),
            margin: number(numbers.margin),
            limit: number(numbers.limit),
            minimal_detectable: number(numbers.minimal_detectable),
            rows: count(numbers.rows),
            rows_needed: count(numbers.rows_needed),
            ..mlops_gate_check::DEFAULT
        })
    }
}

export! {
    /// What a gate says: `MLOPS_VERDICT_PASS`, `_FAIL`, `_INCONCLUSIVE` or `_ERROR`, which NULL is too.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_gate_report_verdict(report: *const mlops_gate_report) -> i32 {
        report.map_or(MLOPS_VERDICT_ERROR, |report| verdict(report.report.verdict))
    }

    /// What a program returns for a report: 0 pass, 1 fail, 5 inconclusive, 6 an approval decides, 7 error, and for NULL.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_gate_report_exit_code(report: *const mlops_gate_report) -> i32 {
        report.map_or(7, |report| report.report.exit_code().into())
    }

    /// What a gate says, with counts, digests and names.
    ///
    /// The texts live as long as the report. Threads: any. Since 0.1.
    pub fn mlops_gate_report_get_info(
        report: *const mlops_gate_report,
        out: *mut mlops_gate_report_info,
    ) -> mlops_status {
        out.set(report.info());
        Ok(())
    }

    /// The check at `index`; those that are no pass come first.
    ///
    /// The texts live as long as the report. Threads: any. Since 0.1.
    pub fn mlops_gate_report_check(
        report: *const mlops_gate_report,
        index: usize,
        out: *mut mlops_gate_check,
    ) -> mlops_status {
        out.set(report.check(index)?);
        Ok(())
    }

    /// The warning at `index`.
    ///
    /// The texts live as long as the report. Threads: any. Since 0.1.
    pub fn mlops_gate_report_warning(
        report: *const mlops_gate_report,
        index: usize,
        out: *mut mlops_gate_warning,
    ) -> mlops_status {
        let (code, text) = at(&report.warnings, index)?;
        out.set(mlops_gate_warning { code: code.view(), text: text.view(), ..mlops_gate_warning::DEFAULT });
        Ok(())
    }

    /// A report for people, a line a check.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_gate_report_text(report: *const mlops_gate_report, out: *mut mlops_buf) -> mlops_status {
        out.set(report.report.to_text().into());
        Ok(())
    }

    /// A report as Markdown, for a pull request.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_gate_report_markdown(report: *const mlops_gate_report, out: *mut mlops_buf) -> mlops_status {
        out.set(report.report.to_markdown().into());
        Ok(())
    }

    /// A report as XML of JUnit, for a build: each check is a test case.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_gate_report_junit(report: *const mlops_gate_report, out: *mut mlops_buf) -> mlops_status {
        out.set(report.report.to_junit().into());
        Ok(())
    }

    /// A report as a page of HTML that opens without network, with the intervals drawn.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_gate_report_html(report: *const mlops_gate_report, out: *mut mlops_buf) -> mlops_status {
        out.set(ui::gate_html(&report.report).into());
        Ok(())
    }

    /// A report as JSON, the same that Rust, Python and the command give. Names that are there stay; new ones may come. Numbers
    /// that are not finite are null.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_gate_report_json(report: *const mlops_gate_report, out: *mut mlops_buf) -> mlops_status {
        out.set(report.report.to_json_text()?.into());
        Ok(())
    }

    /// Frees a report. NULL is fine.
    ///
    /// Threads: any, but nobody may use the report any more. Since 0.1.
    pub fn mlops_gate_report_free(report: *mut mlops_gate_report) {
        drop(report);
    }
}
