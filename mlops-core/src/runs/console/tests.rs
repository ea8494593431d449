//! What becomes of what is said, without descriptors; those of real processes are tested from Python.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::*;
use crate::runs::tests::opened;
use crate::runs::{RunOptions, RunStatus};

fn options(flush_every: Duration) -> ConsoleOptions {
    ConsoleOptions { descriptors: false, flush_every, ..ConsoleOptions::default() }
}

/// Longer than any test takes.
const NEVER: Duration = Duration::from_hours(1);

fn parts(runs: &Runs, run: &str) -> Vec<u32> {
    runs.console_parts(run).unwrap().into_iter().map(|(number, _)| number).collect()
}

#[test]
fn what_is_said_is_kept_with_the_run_and_a_second_capture_goes_on_behind_it() {
    let runs = opened();
    let run = runs.start(RunOptions::default()).unwrap();
    for text in ["first\n", "second\n"] {
        let console = runs.capture_console(run.id(), &options(NEVER)).unwrap();
        console.write(ConsoleStream::Output, text.as_bytes());
        assert_eq!((console.end(), console.end()), (0, 0));
        console.write(ConsoleStream::Output, b"too late");
    }
    assert_eq!(runs.console(run.id()).unwrap(), b"first\nsecond\n");
    assert_eq!(parts(&runs, run.id()), [1, 2]);
}

#[test]
fn what_is_said_is_kept_soon_with_the_line_that_has_no_end() {
    let runs = opened();
    let run = runs.start(RunOptions::default()).unwrap();
    let console = runs.capture_console(run.id(), &options(Duration::from_millis(1))).unwrap();
    let deadline = Instant::now() + Duration::from_mins(1);
    for (said, kept) in [("a\n 10%", "a\n 10%"), ("\r 20%", "a\n 20%"), ("\nb\n", "a\n 20%\nb\n")] {
        console.write(ConsoleStream::Error, said.as_bytes());
        while runs.console(run.id()).unwrap() != kept.as_bytes() {
            assert!(Instant::now() < deadline, "{kept:?} was not kept");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    assert_eq!(parts(&runs, run.id()), [1]);
}

#[test]
fn much_is_kept_in_parts_and_nothing_twice() {
    let runs = opened();
    let run = runs.start(RunOptions::default()).unwrap();
    let console = runs.capture_console(run.id(), &options(Duration::from_millis(1))).unwrap();
    let mut all = Vec::new();
    for number in 0..20_000 {
        let line = format!("line {number}\n");
        console.write(ConsoleStream::Output, line.as_bytes());
        all.extend(line.into_bytes());
    }
    assert_eq!(console.end(), 0);
    assert!(runs.console(run.id()).unwrap() == all);
    let numbers = parts(&runs, run.id());
    assert_eq!(numbers, (1..=u32::try_from(numbers.len()).unwrap()).collect::<Vec<_>>());
}

#[test]
fn what_the_store_does_not_take_is_dropped_counted_and_noted() {
    let runs = opened();
    let run = runs.start(RunOptions::default()).unwrap();
    let options = ConsoleOptions { buffer_bytes: 100, ..options(NEVER) };
    let console = runs.capture_console(run.id(), &options).unwrap();
    runs.delete(run.id()).unwrap();
    console.write(ConsoleStream::Output, &[b'x'; 60]);
    console.write(ConsoleStream::Output, b"\n");
    console.write(ConsoleStream::Output, &[b'y'; 60]);
    runs.restore(run.id()).unwrap();
    console.write(ConsoleStream::Output, b"z\n");
    assert_eq!(console.end(), 60);
    let text = String::from_utf8(runs.console(run.id()).unwrap()).unwrap();
    assert_eq!(text, format!("{}\n\n[mlops: 60 bytes of output are missing here]\nz\n", "x".repeat(60)));
}

#[test]
fn who_says_more_than_the_store_takes_waits_and_nothing_is_lost() {
    let runs = opened();
    let run = runs.start(RunOptions::default()).unwrap();
    let options = ConsoleOptions { buffer_bytes: 1_000, ..options(NEVER) };
    let console = runs.capture_console(run.id(), &options).unwrap();
    for _ in 0..200 {
        console.write(ConsoleStream::Output, &[b"x".repeat(299), b"\n".to_vec()].concat());
    }
    assert_eq!(console.end(), 0);
    assert_eq!(runs.console(run.id()).unwrap().len(), 60_000);
}

#[test]
fn a_run_that_goes_away_holds_up_nobody() {
    let runs = opened();
    let run = runs.start(RunOptions::default()).unwrap();
    let console = runs.capture_console(run.id(), &options(Duration::from_millis(1))).unwrap();
    runs.delete(run.id()).unwrap();
    console.write(ConsoleStream::Output, b"lost\n");
    assert_eq!(console.end(), 5);
    assert!(runs.capture_console(run.id(), &options(NEVER)).is_err());
}

#[test]
fn captures_that_are_left_open_end_with_the_process() {
    let runs = opened();
    let run = runs.start(RunOptions::default()).unwrap();
    let console = Arc::new(runs.capture_console(run.id(), &options(NEVER)).unwrap());
    console.write(ConsoleStream::Output, b"the last words");
    // What the hook at the exit of the process does.
    end(&console.recorder);
    assert_eq!(runs.console(run.id()).unwrap(), b"the last words");
    run.end(RunStatus::Finished).unwrap();
}
