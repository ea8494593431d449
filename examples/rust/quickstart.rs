//! Trains on real data, tracks every run, finds the best by search, and loads it again in a fresh process.
//!
//! `cargo run --example quickstart`; the store is `./.mlops`, or `MLOPS_STORE`. It prints:
//!
//! ```text
//! breast cancer: 12 runs of 100 steps; best accuracy 0.9648 with alpha=10.0 columns=30 (run 54157ab4)
//!                loaded in a fresh process: 142 held-out predictions are identical
//! Everything is in /home/you/.mlops. Look at it:
//!   mlops --store /home/you/.mlops runs list --experiment quickstart --order-by 'metrics.accuracy DESC' --limit 5
//!   mlops --store /home/you/.mlops runs metrics 01a21a916ae6710b969034f854157ab4 loss --points
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::process::{Command, Stdio};

use mlops_core::models::SavedModel;
use mlops_core::models::smartcore::{FLAVOR, signature};
use mlops_core::runs::{Run, RunOptions, RunQuery, RunStatus};
use mlops_core::workflows::{load_serde_model, log_model};
use mlops_core::{OpenOptions, Store};
use smartcore::linalg::basic::arrays::Array2;
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::linear::ridge_regression::{RidgeRegression, RidgeRegressionParameters};
use smartcore::metrics::{accuracy, mean_squared_error};
use smartcore::model_selection::train_test_split;

type Matrix = DenseMatrix<f64>;
type Ridge = RidgeRegression<f64, f64, Matrix, Vec<f64>>;

const EXPERIMENT: &str = "quickstart";
const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/breast_cancer.csv");
const STEPS: usize = 100;

/// Training and held-out rows, and the names of their columns.
struct Split {
    names: Vec<String>,
    train: Matrix,
    test: Matrix,
    train_y: Vec<f64>,
    test_y: Vec<f64>,
}

impl Split {
    /// Reads the first columns of the file; its last column is the target. The seed makes every process split alike.
    fn read(columns: usize) -> Result<Self, Box<dyn Error>> {
        let text = std::fs::read_to_string(DATA)?;
        let mut lines = text.lines();
        let names = lines.next().ok_or("the file is empty")?.split(',').take(columns).map(String::from).collect();
        let (mut rows, mut y) = (Vec::new(), Vec::new());
        for line in lines {
            let mut row = line.split(',').map(str::parse).collect::<Result<Vec<f64>, _>>()?;
            y.push(row.pop().ok_or("a row is empty")?);
            row.truncate(columns);
            rows.push(row);
        }
        let (train, test, train_y, test_y) = train_test_split(&Matrix::from_2d_vec(&rows)?, &y, 0.25, true, Some(7));
        Ok(Self { names, train, test, train_y, test_y })
    }

    /// A model of the first `rows` training rows.
    fn fit(&self, rows: usize, alpha: f64) -> Result<Ridge, Box<dyn Error>> {
        let first: Vec<usize> = (0..rows).collect();
        let y = self.train_y.iter().take(rows).copied().collect();
        Ok(Ridge::fit(&self.train.take(&first, 0), &y, RidgeRegressionParameters::default().with_alpha(alpha))?)
    }
}

/// One run: its curve is the held-out error of models of more and more rows; the last model, of all rows, is logged.
fn train(run: &dyn Run, alpha: f64, columns: usize) -> Result<(), Box<dyn Error>> {
    run.log_param("alpha", alpha.into())?;
    run.log_param("columns", columns.into())?;
    let data = Split::read(columns)?;
    let (all, fewest) = (data.train_y.len(), 2 * columns);
    for step in 1..=STEPS {
        let model = data.fit(fewest + (all - fewest) * step / STEPS, alpha)?;
        let loss = mean_squared_error(&data.test_y, &model.predict(&data.test)?);
        run.log_metric("loss", loss, i64::try_from(step)?, None)?;
    }

    let model = data.fit(all, alpha)?;
    let predictions = model.predict(&data.test)?;
    let classes = |values: &[f64]| values.iter().map(|value| i32::from(*value > 0.5)).collect::<Vec<_>>();
    run.log_metric("accuracy", accuracy(&classes(&data.test_y), &classes(&predictions)), 0, None)?;

    let names: Vec<&str> = data.names.iter().map(String::as_str).collect();
    let saved = SavedModel::builder()
        .serde_model(FLAVOR, &model)?
        .signature(signature(&data.train, &names, &data.train_y)?)
        .build()?;
    log_model(run, "model", &saved)?;
    Ok(())
}

/// Loads a model and predicts the held-out rows.
fn predict(store: &Store, model_uri: &str, columns: usize) -> Result<Vec<f64>, Box<dyn Error>> {
    let model: Ridge = load_serde_model(store.runs(), model_uri)?;
    Ok(model.predict(&Split::read(columns)?.test)?)
}

/// The fresh process: prints the bits of its predictions.
fn fresh(store: &str, model_uri: &str, columns: &str) -> Result<(), Box<dyn Error>> {
    // The process that trains has the store open for writing.
    let store = Store::open_with(&OpenOptions { uri: store.into(), read_only: true, ..OpenOptions::default() })?;
    for prediction in predict(&store, model_uri, columns.parse()?)? {
        println!("{:016x}", prediction.to_bits());
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [command, store, model_uri, columns] = arguments.as_slice()
        && command == "predict"
    {
        return fresh(store, model_uri, columns);
    }

    let store = Store::open("")?;
    let start = |options| store.runs().start(RunOptions { experiment_name: Some(EXPERIMENT.into()), ..options });
    let parent = start(RunOptions { run_name: Some("breast cancer".into()), ..RunOptions::default() })?;
    for alpha in [0.1, 1.0, 10.0, 100.0] {
        for columns in [10, 20, 30] {
            let run = start(RunOptions {
                run_name: Some(format!("alpha={alpha} columns={columns}")),
                parent_run_id: Some(parent.id().into()),
                ..RunOptions::default()
            })?;
            train(&*run, alpha, columns)?;
            run.end(RunStatus::Finished)?;
        }
    }
    parent.end(RunStatus::Finished)?;

    let found = store.runs().search(&RunQuery {
        filter: format!("tags.mlflow.parentRunId = '{}'", parent.id()),
        order_by: vec!["metrics.accuracy DESC".into(), "metrics.loss ASC".into()],
        ..RunQuery::default()
    })?;
    let best = found.items.first().ok_or("no run was found")?;
    let run_id = &best.info.run_id;
    let param = |key| best.params.get(key).map(mlops_core::ParamValue::text).unwrap_or_default();
    let (alpha, columns) = (param("alpha"), param("columns"));
    let accuracy = best.metrics.get("accuracy").ok_or("the run has no accuracy")?.last;
    let tail = run_id.get(run_id.len() - 8..).unwrap_or(run_id);
    print!("breast cancer: {} runs of {STEPS} steps; best accuracy {accuracy:.4} ", found.items.len());
    println!("with alpha={alpha} columns={columns} (run {tail})");

    let model_uri = format!("runs:/{run_id}/model");
    let here: Vec<u64> = predict(&store, &model_uri, columns.parse()?)?.into_iter().map(f64::to_bits).collect();
    let mut command = Command::new(std::env::current_exe()?);
    let child = command.args(["predict", store.uri(), &model_uri, &columns]).stderr(Stdio::inherit()).output()?;
    let there = String::from_utf8(child.stdout)?;
    let there = there.lines().map(|bits| u64::from_str_radix(bits, 16)).collect::<Result<Vec<_>, _>>()?;
    if !child.status.success() || here != there {
        return Err("the fresh process predicts something else".into());
    }
    println!("               loaded in a fresh process: {} held-out predictions are identical", there.len());

    let uri = store.uri();
    println!("Everything is in {uri}. Look at it:");
    let by = "--order-by 'metrics.accuracy DESC' --limit 5";
    println!("  mlops --store {uri} runs list --experiment {EXPERIMENT} {by}");
    println!("  mlops --store {uri} runs metrics {run_id} loss --points");
    Ok(())
}
