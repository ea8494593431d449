//! One scenario, played from Rust, C and Python; what the three stores hold then is the same, whoever reads it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a suite: what is not there fails it")]

mod calls;
mod dump;
mod play;
#[path = "../../mlops-ffi/tests/support/build.rs"]
mod programs;

use std::path::{Path, PathBuf};
use std::process::Command;

use dump::{as_mlflow_shows, dump, normal};
use mlops_core::Store;
use serde_json::Value;

/// A language that plays the scenario on a store, and reads stores.
struct Player {
    name: &'static str,
    store: PathBuf,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("parity")
}

fn scenario() -> Vec<calls::Step> {
    calls::read(&std::fs::read_to_string(folder().join("scenario.json")).unwrap())
}

/// Opens a store that another process made, reads it and lets it go.
fn read_from_rust(store: &Path) -> Value {
    normal(dump(&Store::open(store.to_str().unwrap()).unwrap()))
}

fn parse(text: &str) -> Value {
    normal(serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}")))
}

/// Fails at the first place where two dumps differ, not with two pages of JSON.
fn same(what: &str, left: &Value, right: &Value, place: &str) {
    match (left, right) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: std::collections::BTreeSet<_> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let absent = Value::from("(absent)");
                let at = format!("{place}.{key}");
                same(what, a.get(key).unwrap_or(&absent), b.get(key).unwrap_or(&absent), &at);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (at, (a, b)) in a.iter().zip(b).enumerate() {
                same(what, a, b, &format!("{place}[{at}]"));
            }
        }
        _ => assert_eq!(left, right, "{what}: {place}"),
    }
}

fn play_from_rust(scratch: &Path) -> Player {
    let path = scratch.join("rust");
    let store = Store::open(path.to_str().unwrap()).unwrap();
    play::play(&scenario(), &store, &scratch.join("files-rust"));
    store.close().unwrap();
    Player { name: "Rust", store: path }
}

/// Builds the runner in C; it plays with `play STORE LINES FILES` and reads with `dump STORE`.
fn c_runner(scratch: &Path) -> PathBuf {
    let program = scratch.join("runner");
    let include = format!("-I{}", programs::package().join("tests/c").display());
    programs::compile(&program, programs::prefix(), &[folder().join("runner.c")], &[&include]);
    program
}

fn play_from_c(runner: &Path, scratch: &Path) -> Player {
    let path = scratch.join("c");
    let lines = scratch.join("scenario.txt");
    std::fs::write(&lines, calls::lines(&scenario())).unwrap();
    std::fs::create_dir(scratch.join("files-c")).unwrap();
    programs::run(Command::new(runner).arg("play").arg(&path).arg(&lines).arg(scratch.join("files-c")));
    Player { name: "C", store: path }
}

#[test]
fn rust_and_c_leave_the_same_store_and_read_the_same_from_it() {
    let scratch = programs::scratch();
    let runner = c_runner(scratch.path());
    let players = [play_from_rust(scratch.path()), play_from_c(&runner, scratch.path())];
    let expected = read_from_rust(&players[0].store);
    assert_eq!(expected["runs"].as_array().unwrap().len(), 4);
    for Player { name, store } in &players {
        same(&format!("{name}'s store, read from Rust"), &read_from_rust(store), &expected, "");
        let read = programs::run(Command::new(&runner).arg("dump").arg(store));
        same(&format!("{name}'s store, read from C"), &parse(&read), &expected, "");
    }
}

#[test]
fn python_leaves_the_same_store_as_rust_and_reads_the_same_from_it() {
    let Some(python) = std::env::var_os("MLOPS_PYTHON") else {
        assert!(std::env::var_os("CI").is_none(), "CI must set MLOPS_PYTHON to an interpreter that has mlops");
        programs::announce("skipped: parity of Python: set MLOPS_PYTHON to an interpreter that has mlops installed");
        return;
    };
    let scratch = programs::scratch();
    let rust = play_from_rust(scratch.path());
    let expected = read_from_rust(&rust.store);
    let path = scratch.path().join("python");
    let runner = |arguments: &[&Path]| {
        let mut command = Command::new(&python);
        command.arg(folder().join("runner.py")).args(arguments);
        programs::run(&mut command)
    };
    let files = scratch.path().join("files-python");
    std::fs::create_dir(&files).unwrap();
    runner(&[Path::new("play"), &path, &folder().join("scenario.json"), &files]);
    same("Python's store, read from Rust", &read_from_rust(&path), &expected, "");
    let shown = as_mlflow_shows(expected);
    for (name, store) in [("Python's", &path), ("Rust's", &rust.store)] {
        let read = runner(&[Path::new("dump"), store]);
        same(&format!("{name} store, read from Python"), &parse(&read), &shown, "");
    }
}
