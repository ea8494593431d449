//! `mlops runs fork`, `rewind`, `note` and `alerts`.

use super::*;
use crate::runs::{Alert, AlertLevel};

#[test]
fn a_run_is_forked_and_waits_for_somebody_to_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let store = sample(dir.path());
    let answer = at(&store, &["runs", "fork", "xy", "--step", "1", "--name", "again", "--json"]).json();
    assert_eq!((text(&answer["forked_from"]), text(&answer["run_name"])), ("xyz@1", "again"));
    let run = at(&store, &["runs", "show", text(&answer["run_id"]), "--json"]).json();
    assert_eq!((text(&run["status"]), run["metrics"]["loss"]["count"].as_u64()), ("SCHEDULED", Some(2)));
    let answer = at(&store, &["runs", "fork", "xyz"]);
    assert!(answer.out.starts_with("made the run ") && answer.out.ends_with(" of xyz\n"), "{answer:?}");
    assert_eq!(at(&store, &["runs", "fork", "none"]).code, 2);
}

#[test]
fn a_run_is_rewound_when_that_is_said_twice() {
    let dir = tempfile::tempdir().unwrap();
    let store = sample(dir.path());
    let count = || at(&store, &["runs", "show", "xyz", "--json"]).json()["metrics"]["loss"]["count"].as_u64();
    let answer = at(&store, &["runs", "rewind", "xyz", "--step", "0"]);
    assert_eq!((answer.code, count()), (0, Some(3)), "{answer:?}");
    assert!(answer.out.contains("would be removed from 1 of 1 metrics") && answer.err.contains("--yes"), "{answer:?}");
    let answer = at(&store, &["runs", "rewind", "xyz", "--step", "0", "--yes", "--json"]).json();
    assert_eq!((answer["metrics"].as_u64(), answer["dry_run"].as_bool(), count()), (Some(1), Some(false), Some(1)));
    at(&store, &["runs", "rewind", "xyz", "--step", "-1", "--yes"]);
    assert_eq!(count(), None);
    assert_eq!(at(&store, &["runs", "rewind", "xyz"]).code, 2);
}

#[test]
fn a_note_is_written_and_alerts_are_listed() {
    let dir = tempfile::tempdir().unwrap();
    let path = sample(dir.path());
    assert_eq!(at(&path, &["runs", "note", "xyz"]).err, "no note\n");
    assert_eq!(at(&path, &["runs", "note", "xyz", "--set", "a \u{1b}[31mb\nc"]).code, 0);
    let answer = at(&path, &["runs", "note", "xyz"]);
    assert!(answer.out.ends_with("\nc\n") && !answer.out.contains('\u{1b}'), "{answer:?}");
    assert_eq!(text(&at(&path, &["runs", "note", "xyz", "--json"]).json()["note"]), "a \u{1b}[31mb\nc");
    assert!(at(&path, &["runs", "note", "xyz", "--set", "", "--json"]).json()["note"].is_null());

    assert_eq!(at(&path, &["runs", "alerts", "xyz"]).err, "no alerts\n");
    let store = Store::open(path.to_str().unwrap()).unwrap();
    let alert = Alert { title: "t".into(), text: "x".into(), level: AlertLevel::Error, ..Alert::default() };
    store.runs().open("xyz").unwrap().alert(&alert).unwrap();
    store.close().unwrap();
    drop(store);
    assert!(at(&path, &["runs", "alerts", "xyz"]).out.contains("ERROR  t"));
    let answer = at(&path, &["runs", "alerts", "xyz", "--json"]).json();
    assert_eq!(text(&answer["alerts"][0]["level"]), "ERROR");
}
