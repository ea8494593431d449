//! The same arrays in the same tests, from Rust, C and Python: the numbers are the same, to the last bit.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use mlops_core::gates::stats::{
    corrected_t, delong, diebold_mariano, five_by_two_f, holm, mcnemar, newcombe, paired_t, tost, wilcoxon, wilson,
};
use mlops_core::metrics::{Metric, Predictions, Targets};

use crate::{folder, programs};

/// What is handed in.
struct Given {
    differences: Vec<f64>,
    p_values: Vec<f64>,
    targets: Vec<u32>,
    candidate: Vec<f64>,
    baseline: Vec<f64>,
}

impl Given {
    fn new() -> Self {
        let mut state = 7_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            f64::from(u32::try_from(state >> 32).unwrap()) / 4_294_967_296.0
        };
        let targets: Vec<u32> = (0..90).map(|row| row % 3 % 2).collect();
        let mut scores = |noise: f64| -> Vec<f64> {
            // Two digits, so that there are ties.
            targets.iter().map(|y| ((0.3 * f64::from(*y) + noise * next()) * 50.0).round() / 50.0).collect()
        };
        let (candidate, baseline) = (scores(0.5), scores(0.7));
        let differences = (0..10).map(|_| next() - 0.4).collect();
        let p_values = (0..12).map(|_| next() * next() / 4.0).collect();
        Self { differences, p_values, targets, candidate, baseline }
    }

    /// A line an array, numbers with tabs between them.
    fn lines(&self) -> String {
        let targets: Vec<f64> = self.targets.iter().map(|y| f64::from(*y)).collect();
        let mut out = String::new();
        for values in [&self.differences, &self.p_values, &targets, &self.candidate, &self.baseline] {
            let texts: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
            writeln!(out, "{}", texts.join("\t")).unwrap();
        }
        out
    }
}

/// What a language prints: the name of a test and the bits of its numbers.
fn from_rust(given: &Given) -> String {
    let mut out = String::new();
    let mut say = |name: &str, numbers: &[f64]| {
        let bits: Vec<String> = numbers.iter().map(|number| format!("{:016x}", number.to_bits())).collect();
        writeln!(out, "{name} {}", bits.join(" ")).unwrap();
    };
    let d = &given.differences;
    let found = paired_t(d).unwrap();
    say("paired_t", &[found.difference, found.error, found.df, found.t, found.p_value]);
    let found = corrected_t(d, 900, 100).unwrap();
    say("corrected_t", &[found.difference, found.error, found.df, found.t, found.p_value]);
    let pairs = std::array::from_fn(|at| [d[2 * at], d[2 * at + 1]]);
    let (f, p) = five_by_two_f(&pairs).unwrap();
    say("five_by_two_f", &[f, p]);
    let found = tost(d, 0.5).unwrap();
    say("tost", &[found.p_not_below, found.p_not_above, found.p_value]);
    let found = wilcoxon(d).unwrap();
    say("wilcoxon", &[found.statistic, found.p_value, f64::from(u8::from(found.exact))]);
    let found = diebold_mariano(d, 3).unwrap();
    say("diebold_mariano", &[found.statistic, found.p_value, f64::from(u8::from(found.without_lags))]);
    let found = mcnemar(31, 17);
    say("mcnemar", &[found.p_value, found.mid_p, found.two_sided, found.two_sided_mid_p]);
    let (candidate, baseline) = (Predictions::Values(&given.candidate), Predictions::Values(&given.baseline));
    let found = delong(&Metric::roc_auc(), &Targets::Classes(&given.targets), &candidate, &baseline).unwrap();
    say("delong", &[found.candidate, found.baseline, found.difference, found.error, found.p_value]);
    let (lower, upper) = wilson(7, 90, 0.1).unwrap();
    say("wilson", &[lower, upper]);
    let (lower, upper) = newcombe((7, 90), (19, 80), 0.1).unwrap();
    say("newcombe", &[lower, upper]);
    say("holm", &holm(&given.p_values).unwrap());
    out
}

fn handed_over(folder: &Path) -> (String, std::path::PathBuf) {
    let (given, file) = (Given::new(), folder.join("given.txt"));
    std::fs::write(&file, given.lines()).unwrap();
    (from_rust(&given), file)
}

#[test]
fn statistics_are_the_same_from_rust_and_c() {
    let scratch = programs::scratch();
    let (expected, file) = handed_over(scratch.path());
    let program = scratch.path().join("stats");
    let include = format!("-I{}", programs::package().join("tests/c").display());
    programs::compile(&program, programs::prefix(), &[folder().join("stats.c")], &[&include]);
    assert_eq!(programs::run(Command::new(&program).arg(&file)), expected);
}

#[test]
#[ignore = "needs the wheel: `make python` builds it and runs this, with its interpreter in MLOPS_PYTHON"]
fn statistics_are_the_same_from_python() {
    let python = std::env::var_os("MLOPS_PYTHON").expect("MLOPS_PYTHON names an interpreter that has mlops");
    let scratch = programs::scratch();
    let (expected, file) = handed_over(scratch.path());
    assert_eq!(programs::run(Command::new(python).arg(folder().join("stats.py")).arg(&file)), expected);
}
