//! A sweep over real data: four processes take trials from one store, and what is not worth going on with stops early.
//! `examples/python/sweep.py` is the same with scikit-learn's digits.
//!
//! `cargo run --example sweep`; the store is `./.mlops`, or `MLOPS_STORE`. It prints:
//!
//! ```text
//! 16 trials, of which 14 were stopped early; best accuracy 0.9930 of trial 1
//! Look at it:
//!   mlops --store /home/you/.mlops sweeps show cancer
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::process::Command;

use mlops_core::Store;
use mlops_core::runs::RunStatus;
use mlops_core::sweeps::{Decision, Dimension, EarlyStopping, Goal, Sweep, SweepOptions, Trial};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/breast_cancer.csv");
const EPOCHS: i64 = 27;
const PROCESSES: usize = 4;
/// Every fourth row is held out.
const HELD_OUT: usize = 4;

/// Features of rows, each column with mean 0 and deviation 1, and their classes.
struct Data {
    train: Vec<(Vec<f64>, f64)>,
    test: Vec<(Vec<f64>, f64)>,
}

impl Data {
    fn read() -> Result<Self, Box<dyn Error>> {
        let (mut train, mut test) = (Vec::new(), Vec::new());
        for (number, line) in std::fs::read_to_string(DATA)?.lines().skip(1).enumerate() {
            let mut row = line.split(',').map(str::parse).collect::<Result<Vec<f64>, _>>()?;
            let class = row.pop().ok_or("a row is empty")?;
            if number % HELD_OUT == 0 { &mut test } else { &mut train }.push((row, class));
        }
        let columns = train.first().map_or(0, |(row, _)| row.len());
        for column in 0..columns {
            let values: Vec<f64> = train.iter().filter_map(|(row, _)| row.get(column).copied()).collect();
            let count = f64::from(u32::try_from(values.len())?);
            let mean = values.iter().sum::<f64>() / count;
            let deviation = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt();
            for (row, _) in train.iter_mut().chain(&mut test) {
                row.iter_mut().skip(column).take(1).for_each(|value| *value = (*value - mean) / deviation);
            }
        }
        Ok(Self { train, test })
    }
}

/// Logistic regression, learned row by row.
struct Model {
    weights: Vec<f64>,
    bias: f64,
}

impl Model {
    fn margin(&self, row: &[f64]) -> f64 {
        self.bias + self.weights.iter().zip(row).map(|(weight, value)| weight * value).sum::<f64>()
    }

    /// One epoch of gradient descent.
    fn learn(&mut self, data: &Data, rate: f64, alpha: f64, by_sign: bool) {
        for (row, class) in &data.train {
            let error = class - 1.0 / (1.0 + (-self.margin(row)).exp());
            for (weight, value) in self.weights.iter_mut().zip(row) {
                let penalty = if by_sign { weight.signum() } else { *weight };
                *weight += rate * (error * value - alpha * penalty);
            }
            self.bias += rate * error;
        }
    }

    fn accuracy(&self, data: &Data) -> Result<f64, Box<dyn Error>> {
        let right = data.test.iter().filter(|(row, class)| (self.margin(row) > 0.0) == (*class > 0.5)).count();
        Ok(f64::from(u32::try_from(right)?) / f64::from(u32::try_from(data.test.len())?))
    }
}

/// One trial: epochs of gradient descent, as long as they are worth it.
fn objective(trial: &Trial, data: &Data) -> Result<(), Box<dyn Error>> {
    let number = |name: &str| trial.params().get(name).and_then(mlops_core::ParamValue::number).ok_or("no such param");
    let (alpha, rate) = (number("alpha")?, number("eta0")?);
    let by_sign = trial.params().get("penalty").is_some_and(|penalty| penalty.text() == "l1");
    let columns = data.train.first().map_or(0, |(row, _)| row.len());
    let mut model = Model { weights: vec![0.0; columns], bias: 0.0 };
    for epoch in 1..=EPOCHS {
        model.learn(data, rate, alpha, by_sign);
        if trial.report(model.accuracy(data)?, epoch)? == Decision::Stop {
            break;
        }
    }
    Ok(())
}

/// The sweep, made by whoever comes first.
fn sweep(store: &Store) -> Result<Sweep, Box<dyn Error>> {
    let options = SweepOptions::random("accuracy", 16)
        .with_param("alpha", Dimension::log_float(1e-6, 1e-1))
        .with_param("eta0", Dimension::log_float(1e-4, 1.0))
        .with_param("penalty", Dimension::choice(["l2", "l1"]));
    Ok(store.sweeps().ensure(&SweepOptions {
        name: Some("cancer".into()),
        goal: Goal::Maximize,
        seed: Some(7),
        early_stopping: EarlyStopping::Halving { min_resource: 1, factor: 3 },
        experiment_id: Some(store.runs().ensure_experiment("cancer")?.experiment_id),
        ..options
    })?)
}

/// What each process does: trial after trial, until there are none left.
fn work(store: &Store) -> Result<(), Box<dyn Error>> {
    let (sweep, data) = (sweep(store)?, Data::read()?);
    while let Some(trial) = sweep.take()? {
        let done = objective(&trial, &data);
        trial.end(if done.is_ok() { RunStatus::Finished } else { RunStatus::Failed })?;
        done?;
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let store = Store::open("")?;
    if std::env::args().nth(1).is_some_and(|command| command == "work") {
        return work(&store);
    }
    let sweep = sweep(&store)?;
    let process = || Command::new(std::env::current_exe()?).arg("work").env("MLOPS_STORE", store.uri()).spawn();
    let started = (0..PROCESSES).map(|_| process()).collect::<std::io::Result<Vec<_>>>()?;
    for mut process in started {
        if !process.wait()?.success() {
            return Err("a process failed".into());
        }
    }
    let (best, status) = (sweep.best()?.ok_or("no trial has ended")?, sweep.status()?);
    let (stopped, value) = (status.stopped, best.value.ok_or("no trial has a value")?);
    assert_eq!(status.finished + stopped, 16, "{status:?}");
    println!("16 trials, of which {stopped} were stopped early; best accuracy {value:.4} of trial {}", best.number);
    println!("Look at it:\n  mlops --store {} sweeps show cancer", store.uri());
    Ok(())
}
