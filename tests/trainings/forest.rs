//! Forests of smartcore on the breast cancer data, a step a tree: `training_forest DATA.csv TREES DEPTH...`
//!
//! The store is that of `MLOPS_STORE`. What was logged is said line by line in the file `TRAININGS_LEDGER`, as ledger.py
//! does.

use std::error::Error;
use std::fs::OpenOptions;
use std::io::Write as _;

use mlops_core::runs::{Batch, Run, RunOptions, RunStatus};
use mlops_core::{ParamValue, Store};
use serde_json::{Value, json};
use smartcore::ensemble::random_forest_classifier::{RandomForestClassifier, RandomForestClassifierParameters};
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::metrics::accuracy;
use smartcore::model_selection::train_test_split;

type Matrix = DenseMatrix<f64>;
type Forest = RandomForestClassifier<f64, i32, Matrix, Vec<i32>>;
type Done<T> = Result<T, Box<dyn Error>>;

const EXPERIMENT: &str = "forest";

/// Writes a line to the ledger: one write, so that those of many processes do not mix.
fn say(kind: &str, run: &str, mut what: Value) -> Done<()> {
    let line = what.as_object_mut().ok_or("a line is an object")?;
    line.extend([
        ("kind".into(), kind.into()),
        ("run".into(), run.into()),
        ("process".into(), std::process::id().into()),
    ]);
    let mut file = OpenOptions::new().append(true).create(true).open(std::env::var("TRAININGS_LEDGER")?)?;
    Ok(file.write_all(format!("{what}\n").as_bytes())?)
}

/// Training and held-out rows.
struct Split {
    train: Matrix,
    test: Matrix,
    train_y: Vec<i32>,
    test_y: Vec<i32>,
}

impl Split {
    fn read(path: &str) -> Done<Self> {
        let (mut rows, mut y) = (Vec::new(), Vec::new());
        for line in std::fs::read_to_string(path)?.lines().skip(1) {
            let mut row = line.split(',').map(str::parse).collect::<Result<Vec<f64>, _>>()?;
            y.push(i32::from(row.pop().ok_or("a row is empty")? > 0.5));
            rows.push(row);
        }
        let (train, test, train_y, test_y) = train_test_split(&Matrix::from_2d_vec(&rows)?, &y, 0.25, true, Some(7));
        Ok(Self { train, test, train_y, test_y })
    }
}

/// One run: its curve is the accuracy of forests of more and more trees.
fn train(run: &dyn Run, parent: &str, data: &Split, trees: u16, depth: u16) -> Done<()> {
    let params: Vec<(String, ParamValue)> = vec![
        ("depth".into(), i64::from(depth).into()),
        ("share".into(), 0.75.into()),
        ("keeps_samples".into(), false.into()),
        ("criterion".into(), "gini".into()),
    ];
    run.log_batch(&Batch { params: params.clone(), ..Batch::default() })?;
    say("begun", run.id(), json!({"experiment": EXPERIMENT, "parent": parent}))?;
    for (key, number) in
        [("depth", json!(depth)), ("share", json!(0.75)), ("keeps_samples", json!(null)), ("criterion", json!(null))]
    {
        let text = params.iter().find(|(name, _)| name == key).map(|(_, value)| value.text());
        say("param", run.id(), json!({"key": key, "text": text, "number": number}))?;
    }
    for count in 1..=trees {
        let settings =
            RandomForestClassifierParameters::default().with_n_trees(count).with_max_depth(depth).with_seed(7);
        let model = Forest::fit(&data.train, &data.train_y, settings)?;
        let score = accuracy(&data.test_y, &model.predict(&data.test)?);
        run.log_metric("accuracy", score, count.into(), None)?;
        say("points", run.id(), json!({"values": {"accuracy": score}, "step": count}))?;
    }
    Ok(())
}

fn main() -> Done<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, trees, depths @ ..] = arguments.as_slice() else { return Err("usage: DATA.csv TREES DEPTH...".into()) };
    let data = Split::read(path)?;
    say("ready", "", json!({"program": "training_forest"}))?;
    std::io::stdin().read_line(&mut String::new())?;

    let store = Store::open("")?;
    let start = |name: String, parent: Option<&str>| {
        store.runs().start(RunOptions {
            experiment_name: Some(EXPERIMENT.into()),
            run_name: Some(name),
            parent_run_id: parent.map(String::from),
            ..RunOptions::default()
        })
    };
    let parent = start("forests".into(), None)?;
    say("begun", parent.id(), json!({"experiment": EXPERIMENT, "parent": null}))?;
    for depth in depths {
        let run = start(format!("depth {depth}"), Some(parent.id()))?;
        train(&*run, parent.id(), &data, trees.parse()?, depth.parse()?)?;
        run.end(RunStatus::Finished)?;
        say("ended", run.id(), json!({"status": "FINISHED"}))?;
    }
    parent.end(RunStatus::Finished)?;
    say("ended", parent.id(), json!({"status": "FINISHED"}))
}
