//! `mlops models`.

use super::{at, sample, text};
use crate::base::digests::Digest;

#[test]
fn a_model_is_registered_moved_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    let store = sample(folder.path());
    assert_eq!(at(&store, &["models", "list"]).err, "no registered models\n");
    let run = "runs:/abc1";
    let missing = at(&store, &["models", "register", "fraud", "runs:/none/model"]);
    assert_eq!((missing.code, at(&store, &["models", "list", "--json"]).out.as_str()), (2, "{\"models\":[]}\n"));
    let made = at(&store, &["models", "register", "fraud", run, "--tag", "k=v", "--reason", "first", "--json"]).json();
    assert_eq!((made["version"].as_u64(), text(&made["run_id"]), text(&made["tags"]["k"])), (Some(1), "abc1", "v"));
    assert_eq!(at(&store, &["models", "register", "fraud", run]).out, "made version 2 of `fraud`\n");
    assert_eq!(at(&store, &["models", "alias", "fraud", "champion", "2"]).out, "`fraud@champion` is version 2\n");
    let moved = ["models", "stage", "fraud", "2", "production", "--expect", "0", "--actor", "ada", "--json"];
    assert_eq!(text(&at(&store, &moved).json()["stage"]), "Production");
    let late = at(&store, &["models", "stage", "fraud", "1", "production", "--expect", "0"]);
    assert_eq!(late.code, 3);
    assert!(late.err.contains("version 2 is in production, by event 5 of ada"), "{}", late.err);
    let shown = at(&store, &["models", "show", "fraud", "--json"]).json();
    assert_eq!((shown["latest_versions"]["Production"].as_u64(), shown["generation"].as_u64()), (Some(2), Some(1)));
    assert_eq!(shown["versions"].as_array().unwrap().len(), 2);
    let table = at(&store, &["models", "show", "fraud"]).out;
    assert!(table.contains("Production") && table.contains("champion"), "{table}");
    assert!(at(&store, &["models", "list"]).out.contains("champion=2"));
    assert_eq!(at(&store, &["models", "alias", "fraud", "champion", "--delete"]).code, 0);
    let events = at(&store, &["models", "history", "fraud", "--json"]).json();
    let events = events["events"].as_array().unwrap();
    assert_eq!((events.len(), text(&events[0]["reason"]), text(&events[4]["actor"])), (6, "first", "ada"));
    assert!(at(&store, &["models", "history", "fraud"]).out.contains("alias_deleted champion"));
    assert_eq!(at(&store, &["models", "history", "none"]).err, "nothing happened under the name `none`\n");
    assert_eq!(at(&store, &["models", "alias", "fraud", "champion"]).code, 2, "a version or --delete");
}

#[test]
fn a_version_is_approved_promoted_and_gone_back_from() {
    let folder = tempfile::tempdir().unwrap();
    let store = sample(folder.path());
    for _ in 0..3 {
        at(&store, &["models", "register", "fraud", "runs:/abc1", "--actor", "ada"]);
    }
    assert!(at(&store, &["models", "policy", "show"]).err.starts_with("no policies"));
    let file = folder.path().join("policies.toml");
    std::fs::write(&file, "[model.fraud.production]\napprovals = 1\nself_approval = false\n").unwrap();
    assert_eq!(at(&store, &["models", "policy", "set", file.to_str().unwrap()]).out, "1 policies are set\n");
    assert!(at(&store, &["models", "policy", "show"]).out.starts_with("[model.\"fraud\".production]\napprovals = 1\n"));
    let holds = at(&store, &["models", "policy", "show", "fraud", "--json"]).json();
    assert_eq!(holds["production"]["approvals"], 1);
    let refused = at(&store, &["models", "promote", "fraud", "1"]);
    assert!(refused.code == 6 && refused.err.contains("0 of 1 approvals"), "{refused:?}");
    assert_eq!(at(&store, &["models", "approve", "fraud", "1", "--actor", "ada"]).code, 6);
    at(&store, &["models", "request", "fraud", "1", "--actor", "ada", "--reason", "more data"]);
    assert_eq!(at(&store, &["models", "pending", "--json"]).json()["pending"][0]["needed"], 1);
    assert!(at(&store, &["models", "pending"]).out.contains("0 of 1"));
    assert_eq!(at(&store, &["models", "reject", "fraud", "1", "--actor", "bob"]).code, 2, "a reason is needed");
    let said = at(&store, &["models", "approve", "fraud", "1", "--actor", "bob"]);
    assert_eq!(said.out, "version 1 of `fraud` for Production: approved by bob\n");
    let status = at(&store, &["models", "status", "fraud@1"]).out;
    assert!(status.contains("it may go to Production") && status.contains("1 of 1"), "{status}");
    let done = at(&store, &["models", "promote", "fraud", "1", "--expect", "0", "--actor", "ada", "--json"]).json();
    assert_eq!(
        (&done["changed"], &done["generation"], &done["version"]["stage"]),
        (&true.into(), &1.into(), &"Production".into())
    );
    assert!(at(&store, &["models", "promote", "fraud", "1"]).out.ends_with("already\n"));
    assert_eq!(at(&store, &["models", "promote", "fraud", "2", "--expect", "0"]).code, 3);
    assert_eq!(at(&store, &["models", "rollback", "fraud", "--reason", "bad"]).code, 2, "nothing was there before");
    at(&store, &["models", "approve", "fraud", "2", "--actor", "bob"]);
    let done = at(&store, &["models", "promote", "fraud", "2"]).out;
    assert_eq!(done, "version 2 of `fraud` is in Production, instead of version 1\n");
    let back = at(&store, &["models", "rollback", "fraud", "--reason", "bad", "--json"]).json();
    assert_eq!((&back["replaced"], &back["version"]["version"]), (&2.into(), &1.into()));
    let why = at(&store, &["models", "why", "fraud@production"]).out;
    assert!(why.contains("rolled_back version 1 Archived -> Production") && why.contains("run abc1"), "{why}");
    let card = at(&store, &["models", "card", "fraud@1"]).out;
    assert!(card.starts_with("# fraud version 1\n") && card.contains("| loss | 0.5 |"), "{card}");
    assert_eq!(at(&store, &["models", "card", "fraud@1", "--json"]).json()["lineage"]["run"]["id"], "abc1");
    assert_eq!(at(&store, &["models", "card", "fraud"]).code, 2);
    let then = at(&store, &["models", "at", "fraud", "2020-01-01", "--json"]).json();
    assert!(then["version"].is_null());
    assert_eq!(at(&store, &["models", "at", "fraud", "2999-01-01"]).out, "version 1 of `fraud` was in Production\n");
}

#[test]
fn the_log_is_checked_and_exported() {
    let folder = tempfile::tempdir().unwrap();
    let store = sample(folder.path());
    at(&store, &["models", "register", "fraud", "runs:/abc1"]);
    let head = at(&store, &["models", "audit", "head"]).out;
    assert!(head.starts_with("2:blake3:"), "{head}");
    at(&store, &["models", "policy", "init", "strict"]);
    assert_eq!(at(&store, &["models", "audit", "verify", "--head", head.trim()]).code, 0);
    let other = format!("2:{}", Digest::of(b"other"));
    assert_eq!(at(&store, &["models", "audit", "verify", "--head", &other]).code, 4);
    let later = head.replacen("2:", "9:", 1);
    assert_eq!(at(&store, &["models", "audit", "verify", "--head", later.trim()]).code, 4);
    assert_eq!(at(&store, &["models", "audit", "verify", "--head", "x"]).code, 2);
    let events = at(&store, &["models", "audit", "export", "--since", "1"]).out;
    let events: Vec<serde_json::Value> = events.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        events.iter().map(|event| text(&event["action"])).collect::<Vec<_>>(),
        ["version_created", "policy_set"]
    );
    assert_eq!(events[1]["prev_hash"], events[0]["hash"]);
    assert!(at(&store, &["models", "policy", "clear"]).out.contains("taken away"));
    let gone = at(&store, &["models", "policy", "show", "--json"]).json();
    assert_eq!(gone["policies"].as_array().unwrap().len(), 0);
}

#[test]
fn events_are_printed_a_gate_is_noted_and_the_lineage_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let store = sample(folder.path());
    for _ in 0..2 {
        at(&store, &["models", "register", "fraud", "runs:/xyz", "--actor", "ada"]);
    }
    at(&store, &["models", "promote", "fraud", "1", "--actor", "ada"]);
    let report = folder.path().join("report.json");
    std::fs::write(&report, "{\"slices\": []}").unwrap();
    let gate = ["models", "gate", "record", "fraud", "2", "auc", "pass", "--against", "production"];
    let said = at(&store, &[&gate[..], &["--report", report.to_str().unwrap(), "--metric", "auc=0.9"]].concat());
    assert_eq!(said.out, "version 2 of `fraud` at the gate `auc` against version 1: pass\n");
    let noted = at(&store, &[&gate[..], &["--metric", "auc=nan", "--json"]].concat()).json();
    assert_eq!((text(&noted["verdict"]), noted["baseline"].as_u64()), ("error", Some(1)));
    assert_eq!(at(&store, &[&gate[..], &["--metric", "auc"]].concat()).code, 2);
    let all = at(&store, &["models", "events", "--json"]).out;
    assert_eq!(all.lines().count(), 6);
    let some = at(&store, &["models", "events", "--after", "2", "--on", "promoted", "--on", "gate"]).out;
    assert!(some.starts_with("fraud event 4, ") && some.lines().count() == 3, "{some}");
    let wrong = at(&store, &["models", "events", "--on", "promotd"]);
    assert!(wrong.code == 2 && wrong.err.contains("promotd"), "{wrong:?}");
    let told = at(&store, &["lineage", "fraud@production"]).out;
    assert!(told.starts_with("version fraud version 1\nmade of\n`- registered: run xyz (the-best)"), "{told}");
    assert!(
        told.contains("dataset clients 0a1b2c3d") && told.contains("became\n`- is in: stage fraud Production"),
        "{told}"
    );
    let json = at(&store, &["lineage", "dataset:0a1b2c3d", "--json"]).json();
    assert_eq!((text(&json["root"]), json["is_whole"].as_bool()), ("dataset:0a1b2c3d", Some(true)));
    assert!(at(&store, &["lineage", "runs:/xyz", "--mermaid"]).out.starts_with("flowchart LR\n"));
    assert_eq!(at(&store, &["lineage", "nobody"]).code, 2);
}
