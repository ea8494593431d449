use super::*;
use crate::registry::{ModelRegistry, VersionOptions};

/// Two stores: a sample, and one that does not exist yet.
fn places(dir: &Path) -> (String, String) {
    (sample(dir).display().to_string(), dir.join("other").display().to_string())
}

#[test]
fn a_sync_says_what_it_copied_and_the_next_that_nothing_changed() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = places(dir.path());
    let answer = mlops(&["sync", &from, &to, "--dry-run"]);
    assert!(answer.code == 0 && answer.out.contains("3 runs would be new"), "{answer:?}");
    assert!(answer.err.contains("without --dry-run") && !Path::new(&to).exists(), "{answer:?}");
    let report = mlops(&["sync", &from, &to, "--json"]).json();
    assert_eq!(
        (&report["new"], &report["experiments"]),
        (&serde_json::json!(["abc1", "abc2", "xyz"]), &serde_json::json!(["churn"]))
    );
    let answer = mlops(&["sync", &from, &to]);
    assert!(answer.code == 0 && answer.out.contains("0 runs new, 3 unchanged") && answer.err.is_empty(), "{answer:?}");
    let listed = |path: &str| at(Path::new(path), &["runs", "list", "--json"]).out;
    assert_eq!(listed(&from), listed(&to));
}

#[test]
fn a_conflict_that_stands_is_the_exit_code_3() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = places(dir.path());
    mlops(&["sync", &from, &to]);
    let tag = |path: &str, value: &str| {
        let store = Store::open(path).unwrap();
        store.runs().open("xyz").unwrap().set_tag("note", value).unwrap();
        store.close().unwrap();
    };
    tag(&from, "from");
    tag(&to, "to \u{1b}[31m");
    let answer = mlops(&["sync", &from, &to]);
    assert!(answer.code == 3 && answer.out.contains("conflict (skip): xyz: tags note"), "{answer:?}");
    assert!(answer.err.contains("--on-conflict theirs"), "{answer:?}");
    assert_eq!(mlops(&["sync", &from, &to, "--json"]).code, 3);
    let answer = mlops(&["sync", &from, &to, "--on-conflict", "theirs"]);
    assert!(answer.code == 0 && answer.out.contains("conflict (theirs)"), "{answer:?}");
    assert_eq!(mlops(&["sync", &from, &to, "--on-conflict", "mine"]).code, 2);
}

#[test]
fn runs_are_exported_to_a_folder_and_imported_from_it() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = places(dir.path());
    let folder = dir.path().join("carried").display().to_string();
    let answer = at(Path::new(&from), &["export", "xy", "-o", &folder]);
    assert!(answer.code == 0 && answer.out.contains("1 run new"), "{answer:?}");
    let answer = at(Path::new(&from), &["export", "--filter", "metrics.loss = 0.5", "-o", &folder, "--json"]);
    assert_eq!(answer.json()["new"], serde_json::json!(["abc1"]));
    let report = at(Path::new(&to), &["import", &folder, "--experiment", "churn", "--json"]).json();
    assert_eq!(report["new"], serde_json::json!(["xyz"]));
    let report = at(Path::new(&to), &["import", &folder, "--run", "abc1", "--json"]).json();
    assert_eq!(report["new"], serde_json::json!(["abc1"]));
    for (wrong, code, says) in [
        (&["export", "-o", "x"][..], 2, "<RUN>"),
        (&["export", "none", "-o", &folder], 2, "does not exist"),
        (&["import", "nowhere"], 2, "an export or a backup"),
        (&["sync", "", &to], 2, "the path of a store"),
        (&["import", &folder, "--since", "soon"], 2, "such as 7d"),
    ] {
        let answer = at(Path::new(&from), wrong);
        assert!(answer.code == code && answer.err.contains(says), "{wrong:?}: {answer:?}");
    }
}

#[test]
fn runs_are_moved_to_an_experiment_that_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let path = sample(dir.path());
    let answer = at(&path, &["runs", "move", "abc1", "xyz", "--experiment", "baselines"]);
    assert!(answer.code == 0 && answer.out == "moved 2 runs to baselines\n", "{answer:?}");
    let answer = at(&path, &["runs", "move", "xyz", "--experiment", "baselines"]);
    assert!(answer.out == "moved 0 runs to baselines; 1 was there already\n", "{answer:?}");
    let listed = at(&path, &["runs", "list", "--experiment", "baselines", "--json"]).json();
    assert_eq!(listed["runs"].as_array().unwrap().len(), 2);
    let moved = at(&path, &["runs", "move", "abc2", "--experiment", "churn", "--json"]).json();
    assert_eq!((&moved["moved"], text(&moved["name"])), (&1.into(), "churn"));
    assert_eq!(at(&path, &["runs", "move", "abc", "--experiment", "churn"]).code, 2);
    assert_eq!(at(&dir.path().join("none"), &["runs", "move", "abc", "--experiment", "churn"]).code, 2);
}

#[test]
fn runs_are_exported_as_plain_files_and_imported_from_them() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = places(dir.path());
    let folder = dir.path().join("plain").display().to_string();
    let export =
        |more: &[&str]| at(Path::new(&from), &[&["export", "--format", "plain", "-o", &folder], more].concat());
    let answer = export(&["--all", "--dry-run"]);
    assert!(answer.code == 0 && answer.out.contains("3 runs would be exported"), "{answer:?}");
    assert!(!Path::new(&folder).exists());
    let answer = export(&["--all"]);
    assert!(answer.code == 0 && answer.out.contains("plain: 3 runs, "), "{answer:?}");
    let answer = export(&["--all"]);
    assert!(answer.code == 3 && answer.err.contains("--overwrite"), "{answer:?}");
    let report = export(&["xyz", "--overwrite", "--json"]).json();
    assert_eq!((&report["runs"], &report["dry_run"]), (&1.into(), &false.into()));
    let report = at(Path::new(&to), &["import", &folder, "--run", "xy", "--json"]).json();
    assert_eq!(report["new"], serde_json::json!(["xyz"]));
    let shown = |path: &str| at(Path::new(path), &["runs", "show", "xyz", "--json"]).json()["params"].clone();
    assert_eq!(shown(&from), shown(&to));
    std::fs::write(Path::new(&folder).join("tags.parquet"), "damaged").unwrap();
    let answer = at(Path::new(&to), &["import", &folder]);
    assert!(answer.code == 4 && answer.err.contains("tags.parquet"), "{answer:?}");
    let answer = at(Path::new(&from), &["export", "--all", "--overwrite", "-o", &to]);
    assert!(answer.code == 2 && answer.err.contains("--format plain"), "{answer:?}");
}

#[test]
fn a_stage_that_a_policy_does_not_let_in_is_told_of() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = places(dir.path());
    let run = |path: &str, arguments: &[&str]| {
        let answer = at(Path::new(path), arguments);
        assert_eq!(answer.code, 0, "{answer:?}");
    };
    let register = |path: &str, name: &str| {
        let store = Store::open(path).unwrap();
        let options = VersionOptions { source: "s3://x".into(), ..VersionOptions::default() };
        store.registry().register(name, &options).unwrap();
        store.close().unwrap();
    };
    register(&from, "fraud");
    run(&from, &["models", "promote", "fraud", "1", "--reason", "the first"]);
    register(&to, "own");
    run(&to, &["models", "policy", "init", "strict"]);
    let answer = mlops(&["sync", &from, &to]);
    // The source does not have the files of `s3://x` itself.
    assert!(
        answer.code == 0 && answer.out.contains("kept as it is: registered model fraud: the policy here"),
        "{answer:?}"
    );
    let lenient = dir.path().join("policies.toml");
    std::fs::write(&lenient, "[default.production]\napprovals = 1\n").unwrap();
    run(&to, &["models", "policy", "set", lenient.to_str().unwrap()]);
    let answer = mlops(&["sync", &from, &to, "--dry-run"]);
    let line = "registered model fraud: version 1 was in Production there and is in None here: the policy here asks for approvals";
    assert!(answer.code == 0 && answer.out.contains(line), "{answer:?}");
    let notes = mlops(&["sync", &from, &to, "--json"]).json()["registered_models"]["notes"].clone();
    assert!(notes[0]["model"] == "fraud" && notes[0]["reason"].as_str().unwrap().contains("approvals"), "{notes}");
}
