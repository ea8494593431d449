//! The same arrays at the same gates, from Rust, C and Python: the reports are the same, byte by byte.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use mlops_core::Store;
use mlops_core::gates::{
    Column, GateDefinition, GateInputs, OwnValues, Predicted, RecordOptions, RunOptions, evaluate,
};
use mlops_core::registry::{GateResult, ModelRegistry, PromoteOptions, VersionOptions};
use serde_json::Value;

use crate::{folder, programs};

/// One gate and what it looks at.
struct Case {
    name: &'static str,
    definition: &'static str,
    inputs: GateInputs,
}

/// Numbers between 0 and 1 that are the same in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(self.0 >> 32).unwrap()) / 4_294_967_296.0
    }

    /// The targets, of which so many in a hundred are wrong.
    fn wrong(&mut self, targets: &[f64], share: f64) -> Vec<f64> {
        targets.iter().map(|y| if self.next() < share { 1.0 - y } else { *y }).collect()
    }
}

fn numbers(rows: u32, of: impl FnMut(u32) -> f64) -> Vec<f64> {
    (0..rows).map(of).collect()
}

/// Two classes with ids, of which both models have these shares wrong.
fn binary(rows: u32, candidate: f64, baseline: f64) -> GateInputs {
    let mut random = Random(7);
    let targets = numbers(rows, |_| random.next().round());
    let (ours, theirs) = (random.wrong(&targets, candidate), random.wrong(&targets, baseline));
    let ids = (0..rows).map(|row| (row * 7).to_string()).collect();
    let mut inputs =
        GateInputs::new(targets, Predicted::values(ours)).with_baseline(Predicted::values(theirs)).with_ids(ids);
    inputs.data_digest = Some("holdout@7".into());
    inputs
}

/// The same with labels that are texts, and with countries.
fn texts() -> GateInputs {
    fn label(column: &Column) -> Column {
        match column {
            Column::Numbers(values) => {
                values.iter().map(|y| if *y > 0.0 { "faul" } else { "süß" }).collect::<Vec<_>>().into()
            }
            Column::Texts(_) => panic!("they are numbers"),
        }
    }
    let mut inputs = binary(900, 0.05, 0.12);
    inputs.targets = label(&inputs.targets);
    inputs.candidate.values = inputs.candidate.values.as_ref().map(label);
    let baseline = inputs.baseline.as_mut().unwrap();
    baseline.values = baseline.values.as_ref().map(label);
    let countries = (0..900).map(|row| ["DE", "FR", "日本"][row % 3]).collect::<Vec<_>>();
    inputs.with_column("country", countries)
}

/// Three classes, of whose true one the models are so sure.
fn probabilities() -> GateInputs {
    let mut random = Random(11);
    let targets = numbers(600, |row| f64::from(row % 3));
    let mut of = |sure: f64| {
        let mut said = Predicted::default();
        let peaks = numbers(600, |_| (sure + 0.25 * random.next()).min(0.99));
        for class in 0..3_u32 {
            let share = |row: u32| {
                let peak = peaks[row as usize];
                if row % 3 == class { peak } else { (1.0 - peak) / 2.0 }
            };
            said.probabilities.insert(class.to_string(), numbers(600, share));
        }
        said
    };
    let (candidate, baseline) = (of(0.7), of(0.55));
    let mut inputs = GateInputs::new(targets, candidate).with_baseline(baseline);
    inputs.data_digest = Some("three classes".into());
    inputs
}

/// Scores of two classes, of users that have several rows.
fn scores() -> GateInputs {
    let mut inputs = binary(800, 0.2, 0.2);
    let mut random = Random(13);
    let Column::Numbers(targets) = inputs.targets.clone() else { panic!("they are numbers") };
    let mut of = |noise: f64| {
        Predicted::scores(
            targets.iter().map(|y| 0.5 + (y - 0.5) * (1.0 - noise) + (random.next() - 0.5) * noise).collect(),
        )
    };
    inputs.candidate = of(0.7);
    inputs.baseline = Some(of(0.8));
    inputs.with_column("user", numbers(800, |row| f64::from(row / 4)))
}

fn regression() -> GateInputs {
    let mut random = Random(17);
    let targets = numbers(500, |row| 0.01 * f64::from(row) + random.next());
    let mut of =
        |noise: f64| Predicted::values(targets.iter().map(|y| y + noise * (random.next() - 0.5)).collect::<Vec<_>>());
    let (candidate, baseline) = (of(0.2), of(0.4));
    let mut inputs = GateInputs::new(targets, candidate).with_baseline(baseline);
    inputs.data_digest = Some("series@2".into());
    inputs.with_column("day", numbers(500, f64::from))
}

fn own() -> GateInputs {
    let mut inputs = binary(400, 0.05, 0.1);
    let values = OwnValues {
        candidate: numbers(400, |row| f64::from(row % 9)),
        baseline: numbers(400, |row| f64::from(row % 8)),
    };
    inputs.own.insert("profit".into(), values);
    inputs
}

/// Inputs of which one thing is not as it should be.
fn broken(change: impl FnOnce(&mut Vec<f64>)) -> GateInputs {
    let mut inputs = binary(300, 0.05, 0.2);
    let Some(Column::Numbers(values)) = &mut inputs.candidate.values else { panic!("they are numbers") };
    change(values);
    inputs
}

const SUPERIOR: &str = "name = \"g\"\n[primary]\nmetric = \"accuracy\"\nmode = \"superior\"\nfloor = 0.8\n";
const OTHERS: &str = "name = \"g\"\nresamples = 999\n[primary]\nmetric = \"accuracy\"\nmargin = 0.01\n\
    [[guardrails]]\nmetric = \"f1_macro\"\nmargin = 0.02\n[slices]\ncolumns = [\"country\"]\nmargin = 0.05\n\
    [[fairness]]\ncolumn = \"country\"\nmeasure = \"worst_group\"\nmargin = 0.2\n";
const SURE: &str = "name = \"g\"\n[primary]\nmetric = \"log_loss\"\nmode = \"superior\"\nceiling = 0.5\n\
    [[guardrails]]\nmetric = \"accuracy\"\nmargin = 0.01\n[[guardrails]]\nmetric = \"calibration_error\"\nmargin = 0.2\n";
const USERS: &str = "name = \"g\"\ngroup = \"user\"\n[primary]\nmetric = \"roc_auc\"\nmargin = 0.02\n";
const SERIES: &str =
    "name = \"g\"\n[primary]\nmetric = \"rmse\"\nmode = \"superior\"\n[blocks]\norder = \"day\"\nhorizon = 3\n";
const ASKS: &str = "name = \"g\"\non_inconclusive = \"ask\"\n[primary]\nmetric = \"accuracy\"\nmode = \"superior\"\n";
const OWN: &str = "name = \"g\"\n[primary]\nmetric = \"own:profit\"\nmode = \"superior\"\n";

fn cases() -> Vec<Case> {
    let case = |name, definition, inputs| Case { name, definition, inputs };
    vec![
        case("pass", SUPERIOR, binary(1_000, 0.05, 0.12)),
        case("fail", SUPERIOR, binary(1_000, 0.12, 0.05)),
        case("ask", ASKS, binary(1_000, 0.1, 0.1)),
        case("first", SUPERIOR, GateInputs { baseline: None, ..binary(300, 0.05, 0.1) }),
        case("texts", OTHERS, texts()),
        case("probabilities", SURE, probabilities()),
        case("scores", USERS, scores()),
        case("series", SERIES, regression()),
        case("nan", SUPERIOR, broken(|values| values[3] = f64::NAN)),
        case("infinite", SUPERIOR, broken(|values| values[4] = f64::INFINITY)),
        case("fewer", SUPERIOR, broken(|values| values.truncate(299))),
        case("own", OWN, own()),
    ]
}

/// A column as a line. Whole numbers are written as integers, so that other languages hand in such.
fn column(out: &mut String, name: &str, column: &Column) {
    let (kind, values): (_, Vec<String>) = match column {
        Column::Texts(texts) => ("texts", texts.clone()),
        Column::Numbers(numbers) if numbers.iter().all(|value| value.fract() == 0.0) => {
            ("integers", numbers.iter().map(|value| format!("{value:.0}")).collect())
        }
        Column::Numbers(numbers) => ("numbers", numbers.iter().map(|value| format!("{value:?}")).collect()),
    };
    writeln!(out, "{name}\t{kind}\t{}", values.join("\t")).unwrap();
}

fn predicted(out: &mut String, model: &str, said: &Predicted) {
    if let Some(values) = &said.values {
        column(out, &format!("{model}.values"), values);
    }
    if let Some(scores) = &said.scores {
        column(out, &format!("{model}.scores"), &scores.clone().into());
    }
    if !said.probabilities.is_empty() {
        let classes: Vec<String> = said.probabilities.keys().cloned().collect();
        let rows = said.probabilities.values().next().map_or(0, Vec::len);
        let of_rows: Vec<f64> = (0..rows).flat_map(|row| said.probabilities.values().map(move |of| of[row])).collect();
        column(out, &format!("{model}.classes"), &classes.into());
        column(out, &format!("{model}.probabilities"), &of_rows.into());
    }
}

/// The cases for languages without JSON: a line a thing, fields with tabs between them.
fn lines(cases: &[Case]) -> String {
    let mut out = String::new();
    for Case { name, definition, inputs } in cases {
        writeln!(out, "case\t{name}").unwrap();
        writeln!(out, "definition\t{}", definition.replace('\n', "\\n")).unwrap();
        writeln!(out, "data\t{}", inputs.data_digest.as_ref().unwrap()).unwrap();
        column(&mut out, "targets", &inputs.targets);
        if let Some(ids) = &inputs.ids {
            writeln!(out, "ids\tintegers\t{}", ids.join("\t")).unwrap();
        }
        predicted(&mut out, "candidate", &inputs.candidate);
        if let Some(baseline) = &inputs.baseline {
            predicted(&mut out, "baseline", baseline);
        }
        for (name, values) in &inputs.columns {
            column(&mut out, &format!("column:{name}"), values);
        }
        for (name, own) in &inputs.own {
            column(&mut out, &format!("own.candidate:{name}"), &own.candidate.clone().into());
            column(&mut out, &format!("own.baseline:{name}"), &own.baseline.clone().into());
        }
        writeln!(out, "judge").unwrap();
    }
    out
}

/// The reports from Rust, by the name of the case.
fn from_rust(cases: &[Case]) -> Vec<String> {
    let report = |case: &Case| {
        let definition = GateDefinition::from_toml(case.definition).unwrap();
        evaluate(&definition, &case.inputs, &RunOptions::default()).unwrap().to_json_text().unwrap()
    };
    cases.iter().map(report).collect()
}

fn same(language: &str, cases: &[Case], printed: &str, expected: &[String]) {
    let found: Vec<&str> = printed.lines().collect();
    assert_eq!(found.len(), expected.len(), "{language}: {printed}");
    for ((case, found), expected) in cases.iter().zip(found).zip(expected) {
        assert_eq!(found, expected, "{}, judged from {language}", case.name);
    }
}

fn c_program(scratch: &Path) -> std::path::PathBuf {
    let program = scratch.join("gate");
    let include = format!("-I{}", programs::package().join("tests/c").display());
    programs::compile(&program, programs::prefix(), &[folder().join("gate.c")], &[&include]);
    program
}

/// A store of two versions, the first of which is in production.
fn registered(store: &Path) {
    let store = Store::open(store.to_str().unwrap()).unwrap();
    let registry = store.registry();
    let options = VersionOptions { source: "s3://models/fraud".into(), ..VersionOptions::default() };
    for _ in 0..2 {
        registry.register("fraud", &options).unwrap();
    }
    registry.promote("fraud", 1, &PromoteOptions::default()).unwrap();
    store.close().unwrap();
}

/// What a store keeps of the gate of the second version: the result without its time, and the uses of the data.
fn kept(store: &Path) -> (Value, u64) {
    let store = Store::open(store.to_str().unwrap()).unwrap();
    let mut results = store.registry().gate_results("fraud", 2).unwrap();
    assert_eq!(results.len(), 1);
    let mut noted = results.pop().as_ref().map(GateResult::to_json).unwrap();
    let fields = noted.as_object_mut().unwrap();
    assert!(fields.remove("at").is_some(), "{fields:?}");
    (noted, store.gates().uses("holdout@7").unwrap())
}

fn record_from_rust(store: &Path, case: &Case) -> String {
    let store = Store::open(store.to_str().unwrap()).unwrap();
    let definition = GateDefinition::from_toml(case.definition).unwrap();
    let options = RecordOptions { record: true, count: true, ..RecordOptions::default() };
    let report = store.gates().run("fraud", 2, &definition, case.inputs.clone(), &options).unwrap();
    store.close().unwrap();
    report.to_json_text().unwrap()
}

#[test]
fn reports_of_gates_are_the_same_from_rust_and_c() {
    let (cases, scratch) = (cases(), programs::scratch());
    let expected = from_rust(&cases);
    let verdicts: Vec<Value> =
        expected.iter().map(|text| serde_json::from_str::<Value>(text).unwrap()["verdict"].clone()).collect();
    let said =
        ["pass", "fail", "inconclusive", "pass", "pass", "pass", "pass", "pass", "error", "error", "error", "pass"];
    assert_eq!(verdicts, said);
    let (program, file) = (c_program(scratch.path()), scratch.path().join("cases.txt"));
    std::fs::write(&file, lines(&cases)).unwrap();
    same("C", &cases, &programs::run(Command::new(&program).arg(&file)), &expected);
}

#[test]
fn what_a_store_keeps_of_a_gate_is_the_same_from_rust_and_c() {
    let (cases, scratch) = (cases(), programs::scratch());
    let (file, stores) = (scratch.path().join("cases.txt"), ["rust", "c"].map(|name| scratch.path().join(name)));
    stores.iter().for_each(|store| registered(store));
    std::fs::write(&file, lines(&cases[..1])).unwrap();
    let expected = record_from_rust(&stores[0], &cases[0]);
    let printed = programs::run(Command::new(c_program(scratch.path())).arg(&file).arg(&stores[1]));
    same("C", &cases[..1], &printed, &[expected]);
    assert_eq!(kept(&stores[1]), kept(&stores[0]));
}

#[test]
#[ignore = "needs the wheel: `make python` builds it and runs this, with its interpreter in MLOPS_PYTHON"]
fn reports_of_gates_and_what_a_store_keeps_are_the_same_from_python() {
    let python = std::env::var_os("MLOPS_PYTHON").expect("MLOPS_PYTHON names an interpreter that has mlops");
    // A metric of Python's own is a callable, and not values.
    let cases: Vec<Case> = cases().into_iter().filter(|case| case.inputs.own.is_empty()).collect();
    let scratch = programs::scratch();
    let (file, stores) = (scratch.path().join("cases.txt"), ["rust", "python"].map(|name| scratch.path().join(name)));
    let script = |file: &Path, store: Option<&Path>| {
        let mut command = Command::new(&python);
        programs::run(command.arg(folder().join("gate.py")).arg(file).args(store))
    };
    std::fs::write(&file, lines(&cases)).unwrap();
    same("Python", &cases, &script(&file, None), &from_rust(&cases));

    stores.iter().for_each(|store| registered(store));
    std::fs::write(&file, lines(&cases[..1])).unwrap();
    let expected = record_from_rust(&stores[0], &cases[0]);
    same("Python", &cases[..1], &script(&file, Some(&stores[1])), &[expected]);
    assert_eq!(kept(&stores[1]), kept(&stores[0]));
}
