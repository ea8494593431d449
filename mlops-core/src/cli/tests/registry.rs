//! `mlops models`.

use super::{at, sample, text};

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
