//! Sweeps as JSON.

use serde_json::json;

use super::Pillars;
use crate::base::text::ParamValue;
use crate::runs::RunStatus;
use crate::sweeps::{Dimension, EarlyStopping, Method, SweepOptions, params_from_json};

fn read(text: &serde_json::Value) -> SweepOptions {
    SweepOptions::from_json(&text.to_string()).unwrap()
}

#[test]
fn every_form_of_a_param_is_understood() {
    let options = read(&json!({"metric": "loss", "space": {
        "choice": ["a", 1, 1.5, true, null],
        "values": {"values": [1, 2]},
        "constant": 3, "value": {"value": "x"},
        "int": {"min": 1, "max": 8}, "int_step": {"min": 0, "max": 8, "step": 2, "log": false},
        "log": {"min": 1e-5, "max": 0.1, "log": true},
        "float": {"min": 0, "max": 1, "type": "float"}, "by_step": {"min": 0, "max": 1, "step": 0.25},
    }}));
    let space = options.space;
    let Dimension::Choice(values) = &space["choice"] else { panic!("{space:?}") };
    assert_eq!(values.len(), 5);
    assert_eq!(values[4], ParamValue::None);
    assert_eq!(space["values"], Dimension::choice([1_i64, 2]));
    assert_eq!(space["constant"], Dimension::Constant(3.into()));
    assert_eq!(space["value"], Dimension::Constant("x".into()));
    assert_eq!(space["int"], Dimension::int(1, 8));
    assert_eq!(space["int_step"], Dimension::Int { min: 0, max: 8, step: 2, log: false });
    assert_eq!(space["log"], Dimension::log_float(1e-5, 0.1));
    assert_eq!(space["float"], Dimension::float(0.0, 1.0));
    assert_eq!(space["by_step"], Dimension::Float { min: 0.0, max: 1.0, step: Some(0.25), log: false });
}

#[test]
fn what_is_not_understood_is_named() {
    for (text, named) in [
        ("{", "JSON"),
        ("[]", "an object"),
        (r#"{"space": {}}"#, "metric"),
        (r#"{"metric": "m", "spcae": {}}"#, "spcae"),
        (r#"{"metric": "m", "goal": "best"}"#, "minimize"),
        (r#"{"metric": "m", "method": "tpe"}"#, "given"),
        (r#"{"metric": "m", "max_trials": -1}"#, "max_trials"),
        (r#"{"metric": "m", "early_stopping": "mean"}"#, "halving"),
        (r#"{"metric": "m", "early_stopping": {"rule": "median", "factor": 3}}"#, "factor"),
        (r#"{"metric": "m", "space": {"x": {"min": 1}}}"#, "param `x`"),
        (r#"{"metric": "m", "space": {"x": {"min": 1, "max": 2, "quantum": 1}}}"#, "quantum"),
        (r#"{"metric": "m", "space": {"x": [[1]]}}"#, "param `x`"),
        (r#"{"metric": "m", "space": {"x": 18446744073709551615}}"#, "64 bits"),
    ] {
        let read = SweepOptions::from_json(text);
        let error = read.map(|options| options.space).unwrap_err().to_string();
        assert!(error.contains(named), "{text}: {error}");
    }
    assert!(params_from_json("[1]").is_err());
}

#[test]
fn a_definition_that_is_written_is_read_again() {
    let store = Pillars::new();
    let options = read(&json!({
        "name": "s", "method": "grid", "metric": "acc", "goal": "maximize", "seed": 5, "max_attempts": 2,
        "early_stopping": {"rule": "median", "after": 3},
        "space": {"a": [1, "x"], "b": {"min": 0.0, "max": 1.0, "step": 0.5}, "c": {"min": 1, "max": 3}, "d": 1.0},
    }));
    assert_eq!(options.early_stopping, EarlyStopping::Median { min_trials: 5, after: 3 });
    let sweep = store.sweeps().create(options).unwrap();
    let mut written = sweep.info().to_json();
    assert_eq!(written["max_trials"], 18);
    written.as_object_mut().unwrap().remove("created_at");
    let again = read(&written);
    assert_eq!(again.method, Method::Grid);
    assert_eq!(store.sweeps().ensure(&again).unwrap().info(), sweep.info());
}

#[test]
fn a_trial_and_a_status_are_objects_and_numbers_that_json_lacks_are_texts() {
    let store = Pillars::new();
    let options = SweepOptions::random("loss", 3).with_param("x", Dimension::choice([f64::INFINITY]));
    let sweep = store.sweeps().create(options).unwrap();
    let trial = sweep.take().unwrap().unwrap();
    let _ = trial.report(f64::NAN, 4).unwrap();
    trial.end(RunStatus::Finished).unwrap();
    let found = sweep.trials().unwrap()[0].to_json();
    assert_eq!((&found["value"], &found["step"], &found["state"]), (&json!("NaN"), &json!(4), &json!("finished")));
    assert_eq!(found["params"], json!({"x": "Infinity"}));
    let status = sweep.status().unwrap().to_json();
    assert_eq!((&status["finished"], &status["left"], &status["max_trials"]), (&json!(1), &json!(2), &json!(3)));
}
