//! One scenario, played from Rust, C and Python; what the three stores hold then is the same, whoever reads it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a suite: what is not there fails it")]

mod calls;
mod dump;
mod gates;
mod play;
#[path = "../../mlops-ffi/tests/support/build.rs"]
mod programs;
mod stats;

use std::path::{Path, PathBuf};
use std::process::Command;

use dump::{dump, normal};
use mlops_core::Store;
use serde_json::Value;

/// A language that plays the scenario on a store, and reads stores.
struct Player {
    name: &'static str,
    store: PathBuf,
}

/// A language by its name, and how it reads a store.
type Reader<'a> = (&'static str, &'a dyn Fn(&Path) -> Value);

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("parity")
}

fn scenario() -> Vec<calls::Step> {
    calls::read(&std::fs::read_to_string(folder().join("scenario.json")).unwrap())
}

fn questions() -> calls::Questions {
    calls::questions(&std::fs::read_to_string(folder().join("questions.json")).unwrap())
}

/// Opens a store that another process made, reads it and lets it go.
fn read_from_rust(store: &Path) -> Value {
    normal(dump(&Store::open(store.to_str().unwrap()).unwrap(), &questions()))
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

/// Builds the runner in C; it plays with `play STORE LINES FILES` and reads with `dump STORE LINES`.
fn c_runner(scratch: &Path) -> PathBuf {
    std::fs::write(scratch.join("questions.txt"), calls::question_lines(&questions())).unwrap();
    let program = scratch.join("runner");
    let include = format!("-I{}", programs::package().join("tests/c").display());
    let sources = ["runner.c", "lines.c", "play_runs.c", "dump_runs.c", "registry.c"].map(|name| folder().join(name));
    programs::compile(&program, programs::prefix(), &sources, &[&include]);
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

/// What every player's store holds, whoever reads it, is what Rust left and reads.
fn all_the_same(players: &[Player], readers: &[Reader<'_>]) {
    let expected = read_from_rust(&players[0].store);
    assert_eq!(expected["runs"].as_array().unwrap().len(), 11);
    for Player { name, store } in players {
        for (reader, read) in readers {
            same(&format!("{name}'s store, read from {reader}"), &read(store), &expected, "");
        }
    }
}

#[test]
fn rust_and_c_leave_the_same_store_and_read_the_same_from_it() {
    let scratch = programs::scratch();
    let runner = c_runner(scratch.path());
    let lines = scratch.path().join("questions.txt");
    let read_from_c = |store: &Path| parse(&programs::run(Command::new(&runner).arg("dump").arg(store).arg(&lines)));
    let players = [play_from_rust(scratch.path()), play_from_c(&runner, scratch.path())];
    all_the_same(&players, &[("Rust", &read_from_rust), ("C", &read_from_c)]);
}

#[test]
#[ignore = "needs the wheel: `make python` builds it and runs this, with its interpreter in MLOPS_PYTHON"]
fn python_and_c_and_rust_leave_the_same_store_and_read_the_same_from_it() {
    let python = std::env::var_os("MLOPS_PYTHON").expect("MLOPS_PYTHON names an interpreter that has mlops");
    let scratch = programs::scratch();
    let script =
        |arguments: &[&Path]| programs::run(Command::new(&python).arg(folder().join("runner.py")).args(arguments));
    let (path, files) = (scratch.path().join("python"), scratch.path().join("files-python"));
    std::fs::create_dir(&files).unwrap();
    script(&[Path::new("play"), &path, &folder().join("scenario.json"), &files]);

    let runner = c_runner(scratch.path());
    let lines = scratch.path().join("questions.txt");
    let read_from_c = |store: &Path| parse(&programs::run(Command::new(&runner).arg("dump").arg(store).arg(&lines)));
    let questions = folder().join("questions.json");
    let read_from_python = |store: &Path| parse(&script(&[Path::new("dump"), store, &questions]));
    let players =
        [play_from_rust(scratch.path()), play_from_c(&runner, scratch.path()), Player { name: "Python", store: path }];
    all_the_same(&players, &[("Rust", &read_from_rust), ("C", &read_from_c), ("Python", &read_from_python)]);
}

#[test]
#[ignore = "needs the wheel: `make python` builds it and runs this, with its interpreter in MLOPS_PYTHON"]
fn arrow_structs_of_the_c_library_are_what_python_gives() {
    let python = std::env::var_os("MLOPS_PYTHON").expect("MLOPS_PYTHON names an interpreter that has mlops");
    let scratch = programs::scratch();
    let Player { store, .. } = play_from_rust(scratch.path());
    let libraries = programs::prefix().join("lib");
    let library =
        ["libmlops.so", "libmlops.dylib"].map(|name| libraries.join(name)).into_iter().find(|path| path.exists());
    programs::run(Command::new(python).arg(folder().join("arrow.py")).arg(library.unwrap()).arg(store));
}
