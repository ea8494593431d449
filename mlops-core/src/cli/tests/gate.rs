//! `mlops gate`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::{Answer, at, mlops, sample, text};

const DEFINITION: &str = "name = \"fraud-gate\"\n[primary]\nmetric = \"accuracy\"\nmode = \"superior\"\n\n[slices]\ncolumns = [\"country\"]\nmargin = 0.05\n";

/// A store with two versions of a model, the first in production, and files of a gate.
struct Files {
    folder: tempfile::TempDir,
    store: PathBuf,
}

impl Files {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = sample(folder.path());
        for _ in 0..2 {
            at(&store, &["models", "register", "fraud", "runs:/abc1", "--actor", "ada"]);
        }
        at(&store, &["models", "promote", "fraud", "1", "--actor", "ada"]);
        let files = Self { folder, store };
        files.write("gate.toml", DEFINITION);
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name).to_str().unwrap().to_owned()
    }

    /// Predictions of which one in so many is wrong.
    fn predictions(&self, candidate: usize, baseline: usize) -> String {
        let mut csv = "id,target,candidate,baseline,country,row_hash\n".to_owned();
        for row in 0..1_000 {
            let y = row % 2;
            let said = |every: usize| if row % every == every - 1 { 1 - y } else { y };
            let country = ["DE", "FR"][row % 2];
            writeln!(csv, "{row},{y},{},{},{country},h{row}", said(candidate), said(baseline)).unwrap();
        }
        self.write(&format!("{candidate}-{baseline}.csv"), &csv)
    }

    fn gate(&self, predictions: &str, more: &[&str]) -> Answer {
        let definition = self.path("gate.toml");
        let first = ["gate", "fraud@2", "--definition", definition.to_str().unwrap(), "--predictions", predictions];
        at(&self.store, &[&first[..], more].concat())
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn a_better_candidate_passes_is_noted_and_promoted() {
    let files = Files::new();
    let policy = files.write("policies.toml", "[default.production]\ngate = \"fraud-gate\"\n");
    at(&files.store, &["models", "policy", "set", &policy]);
    assert_eq!(at(&files.store, &["models", "promote", "fraud", "2"]).code, 6, "the gate has no result");
    let passed = files.gate(&files.predictions(50, 5), &["--record", "--actor", "ci", "--reason", "nightly"]);
    assert_eq!(passed.code, 0, "{passed:?}");
    assert!(passed.out.starts_with("fraud-gate, fraud@2 against fraud@1: pass\n"), "{}", passed.out);
    assert!(passed.out.contains("use 1 of the data") && passed.out.contains("slice country=DE"), "{}", passed.out);
    assert_eq!(at(&files.store, &["models", "promote", "fraud", "2"]).code, 0);
    let history = at(&files.store, &["models", "history", "fraud"]).out;
    assert!(history.contains("fraud-gate") && history.contains("nightly"), "{history}");
}

#[test]
fn the_exit_code_is_the_verdict() {
    let files = Files::new();
    assert_eq!(files.gate(&files.predictions(5, 50), &[]).code, 1);
    assert_eq!(files.gate(&files.predictions(50, 50), &[]).code, 5);
    files.write("gate.toml", &format!("on_inconclusive = \"ask\"\n{DEFINITION}"));
    assert_eq!(files.gate(&files.predictions(50, 50), &[]).code, 6);
    let broken = files.write("nan.csv", "target,candidate,baseline,country\n1,nan,1,DE\n0,0,1,FR\n");
    let error = files.gate(&broken, &[]);
    assert!(error.code == 7 && error.out.contains("1 of 2 predictions of the candidate are NaN"), "{error:?}");
    assert_eq!(files.gate("nowhere.csv", &[]).code, 2);
    assert_eq!(files.gate(&files.predictions(50, 5), &["--against", "9"]).code, 2);
    assert_eq!(mlops(&["gate"]).code, 2);
}

#[test]
fn reports_are_written_as_they_are_asked_for() {
    let files = Files::new();
    let (junit, page) = (files.path("gate.xml"), files.path("gate.html"));
    let predictions = files.predictions(50, 5);
    let report = files.gate(&predictions, &["--report", "md", "--junit", junit.to_str().unwrap()]);
    assert!(report.out.starts_with("### ✅ fraud-gate, fraud\\@2 against fraud\\@1: pass\n"), "{}", report.out);
    assert!(read(&junit).contains("<testsuite name=\"fraud-gate\" tests=\"3\" failures=\"0\""), "{}", read(&junit));
    let written = files.gate(&predictions, &["--report", "html", "--output", page.to_str().unwrap()]);
    assert_eq!(written.out, "fraud-gate, fraud@2 against fraud@1: pass\n");
    assert!(read(&page).contains("<svg") && !read(&page).contains("<script"));
    let json = files.gate(&predictions, &["--json"]).json();
    assert_eq!((text(&json["verdict"]), json["checks"].as_array().unwrap().len()), ("pass", 3));
    assert_eq!(files.gate(&predictions, &["--report", "json"]).json(), json);
}

#[test]
fn without_a_version_nothing_of_a_store_is_looked_at() {
    let files = Files::new();
    let (definition, predictions) = (files.path("gate.toml"), files.predictions(50, 5));
    let answer = mlops(&[
        "--store",
        "/nowhere",
        "gate",
        "--definition",
        definition.to_str().unwrap(),
        "--predictions",
        &predictions,
    ]);
    assert!(answer.code == 0 && answer.out.starts_with("fraud-gate: pass\n"), "{answer:?}");
    let record = mlops(&["gate", "--definition", "a", "--predictions", "b", "--record"]);
    assert_eq!(record.code, 2, "what is noted is noted of a version");
}

#[test]
fn costs_and_training_rows_are_handed_in_beside_the_predictions() {
    let files = Files::new();
    files.write("gate.toml", &format!("{DEFINITION}\n[budgets]\nsize_bytes = 1000\nlatency_p50_ratio = 0.1\n"));
    let mut latencies = "candidate,baseline\n".to_owned();
    for call in 0..300 {
        writeln!(latencies, "{},{}", 0.02 + f64::from(call % 7) * 1e-4, 0.01 + f64::from(call % 5) * 1e-4).unwrap();
    }
    let (latencies, predictions) = (files.write("latencies.csv", &latencies), files.predictions(50, 5));
    let costs = ["--latencies", &latencies, "--size-bytes", "900"];
    let warned = files.gate(&predictions, &costs);
    assert!(warned.code == 0 && warned.out.contains("warning budget: latency_p50_ratio"), "{warned:?}");
    assert_eq!(files.gate(&predictions, &[&costs[..], &["--measuring-host"]].concat()).code, 1);
    let trained = files.write("trained.txt", "h7\n\nh8\n");
    let leaks = files.gate(&predictions, &[&costs[..], &["--training-hashes", &trained]].concat());
    assert!(leaks.code == 1 && leaks.out.contains("2 of 1,000 rows"), "{leaks:?}");
}

#[test]
fn a_definition_is_checked() {
    let files = Files::new();
    let path = files.path("gate.toml");
    let checked = mlops(&["gate", "check", path.to_str().unwrap(), "--json"]).json();
    assert!(text(&checked["rules"]).starts_with("blake3:"));
    assert_eq!(text(&checked["definition"]["primary"]["metric"]), "accuracy");
    assert!(mlops(&["gate", "check", path.to_str().unwrap()]).out.starts_with("fraud-gate: superior"));
    let wrong = files.write("wrong.toml", &DEFINITION.replace("margin", "margn"));
    let refused = mlops(&["gate", "check", &wrong]);
    assert!(refused.code == 2 && refused.err.contains("`slices.margn` is not valid: expected `margin`"), "{refused:?}");
}

#[test]
fn predictions_in_parquet_are_those_in_csv() {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, BooleanArray, Float32Array, Int64Array, RecordBatch, StringArray};
    use parquet::arrow::ArrowWriter;

    let files = Files::new();
    let rows = 0..1_000_i64;
    let flipped = |row: i64, every: i64| (row % 2 == 1) != (row % every == every - 1);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(rows.clone().collect::<Int64Array>())),
        ("target", Arc::new(rows.clone().map(|row| Some(row % 2 == 1)).collect::<BooleanArray>())),
        (
            "candidate",
            Arc::new(rows.clone().map(|row| f32::from(u8::from(flipped(row, 50)))).map(Some).collect::<Float32Array>()),
        ),
        ("baseline", Arc::new(rows.clone().map(|row| i64::from(flipped(row, 5))).collect::<Int64Array>())),
        ("country", Arc::new(rows.map(|row| Some(if row % 2 == 1 { "FR" } else { "DE" })).collect::<StringArray>())),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let path = files.path("predictions.parquet");
    let mut writer = ArrowWriter::try_new(std::fs::File::create(&path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let of_parquet = files.gate(path.to_str().unwrap(), &["--json"]).json();
    assert_eq!(of_parquet["data"], files.gate(&files.predictions(50, 5), &["--json"]).json()["data"]);
    assert_eq!(text(&of_parquet["verdict"]), "pass");
    let broken = files.write("broken.parquet", "no such thing");
    assert_eq!(files.gate(&broken, &[]).code, 2);
}
