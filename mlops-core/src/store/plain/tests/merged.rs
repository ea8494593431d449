//! Registries that went on by themselves: what a policy of the destination says to what comes.

use serde_json::json;

use super::governed::{as_of, gate, govern, promote, set_policy};
use super::*;
use crate::registry::{PromoteOptions, SlotState, Verdict};
use crate::storage::{Durability, KeyRange, Op, Outcome, ScanOptions};

/// A store whose registry has its own history.
fn other() -> Store {
    let store = Store::open("memory:").unwrap();
    let options = VersionOptions { source: "s3://own".into(), ..VersionOptions::default() };
    as_of(&store, "carl").register("own", &options).unwrap();
    store
}

fn brought(from: &Store, to: &Store) -> Vec<String> {
    let planned = sync(from, to, &SyncOptions { dry_run: true, ..everything() }).unwrap().registered_models;
    let report = sync(from, to, &everything()).unwrap().registered_models;
    assert_eq!(planned, report, "a dry run says what is done");
    to.registry().verify_log(None).unwrap();
    assert_eq!(to.registry().lost(true).unwrap(), Vec::<String>::new());
    report.kept.iter().chain(&report.notes).map(|note| format!("{}: {}", note.model, note.reason)).collect()
}

fn stages(store: &Store, name: &str) -> Vec<(u64, Stage)> {
    let registry = store.registry();
    let found = registry.search_versions(&ModelQuery::default()).unwrap().items.into_iter();
    let mut found: Vec<_> = found.filter(|one| one.name == name).map(|one| (one.version, one.info.stage)).collect();
    found.sort_unstable();
    found
}

fn slots(store: &Store, name: &str) -> Vec<(String, SlotState)> {
    let slots = store.registry().get_model(name).unwrap().slots;
    // The numbers of events are those of the log here.
    slots.into_iter().map(|(slot, state)| (slot, SlotState { event: 0, ..state })).collect()
}

#[test]
fn a_model_that_is_new_comes_with_its_slots_and_can_be_rolled_back() {
    let (from, to) = (rich("memory:"), other());
    govern(&from);
    let notes = brought(&from, &to);
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].contains("guarded: its policies there did not come"), "{notes:?}");
    for name in ["guarded", "reborn", "Fraud 2"] {
        assert_eq!(stages(&from, name), stages(&to, name), "{name}");
        assert_eq!(slots(&from, name), slots(&to, name), "{name}");
        for (slot, state) in slots(&to, name) {
            let at =
                to.registry().version_at(name, Stage::Production, &slot, Timestamp::from_micros(i64::MAX)).unwrap();
            assert_eq!(at, state.production, "{name} {slot}");
        }
    }
    let registry = as_of(&to, "ops");
    assert_eq!(registry.get_by_alias("guarded", "production").unwrap().version, 1);
    assert_eq!(registry.get_by_alias("guarded", "challenger").unwrap().version, 3);
    let event = to.registry().why("guarded", 1).unwrap().event.unwrap();
    assert_eq!(event.reason.as_deref(), Some("brought by a sync from another store"));
    assert_eq!(registry.rollback("guarded", "eu", None).unwrap().version.version, 1);
    assert_eq!(registry.rollback("guarded", "", Some(2)).unwrap().version.version, 2);
    promote(&to, "guarded", 3, "eu");
    // What was said of another log is not taken over, and who made a version is.
    assert!(registry.gate_results("guarded", 1).unwrap().is_empty());
    let made = to.registry().history("guarded").unwrap()[1].clone();
    assert_eq!(made.version, Some(1));
    assert!(made.evidence.contains(&"made_by:ada".to_owned()), "{made:?}");
    set_policy(&to, Some("guarded"), Stage::Production, &json!({"approvals": 1, "self_approval": false}));
    let refused = as_of(&to, "ADA").approve("guarded", 1, Stage::Production).unwrap_err();
    assert!(refused.to_string().contains("ADA made the version"), "{refused}");
    as_of(&to, "bob").approve("guarded", 1, Stage::Production).unwrap();
    // The numbers of what was deleted there are not given here.
    let options = VersionOptions { source: "s3://x".into(), ..VersionOptions::default() };
    assert_eq!(registry.register("guarded", &options).unwrap().version, 6);
    // Into a third store all who made it go along.
    let third = other();
    brought(&to, &third);
    let made = third.registry().history("guarded").unwrap()[1].clone();
    assert!(made.evidence.contains(&"made_by:ada".to_owned()), "{made:?}");
}

#[test]
fn what_a_policy_asks_for_does_not_come_by_a_sync() {
    let (from, to) = (rich("memory:"), other());
    govern(&from);
    set_policy(&to, None, Stage::Production, &json!({"approvals": 1, "gate": "auc"}));
    let notes = brought(&from, &to);
    let of =
        |notes: &[String], name: &str| notes.iter().filter(|note| note.starts_with(name)).cloned().collect::<Vec<_>>();
    let [held, _] = &*of(&notes, "guarded") else { panic!("{notes:?}") };
    assert!(held.contains("version 1, 2 was in Production") && held.contains("approvals, gate"), "{held}");
    assert_eq!((of(&notes, "reborn").len(), of(&notes, "Fraud 2").len()), (1, 1), "{notes:?}");
    let none = Stage::None;
    assert_eq!(stages(&to, "guarded"), [(1, none), (2, none), (3, Stage::Staging), (4, none)]);
    assert_eq!(slots(&to, "guarded"), [(String::new(), SlotState::default())]);
    let registry = as_of(&to, "ops");
    for alias in ["production", "previous"] {
        assert_eq!(registry.get_by_alias("guarded", alias).unwrap_err().code(), Code::NotFound, "{alias}");
    }
    // No way around it: what was in production there was not here.
    assert_eq!(registry.rollback("guarded", "", Some(1)).unwrap_err().code(), Code::NotFound);
    assert_eq!(registry.promote("guarded", 1, &PromoteOptions::default()).unwrap_err().code(), Code::Denied);
    gate(&to, "guarded", 1, None, Verdict::Pass);
    as_of(&to, "bob").approve("guarded", 1, Stage::Production).unwrap();
    promote(&to, "guarded", 1, "");
    // A policy of the model's name holds before the model is there, and for staging by itself.
    let to = other();
    set_policy(&to, Some("GUARDED"), Stage::Staging, &json!({"require": ["run"]}));
    set_policy(&to, None, Stage::Production, &json!({"strict_transitions": true}));
    from.registry().set_alias("guarded", "staging", 3).unwrap();
    let notes = of(&brought(&from, &to), "guarded");
    assert_eq!(notes.len(), 3, "{notes:?}");
    assert!(notes[0].contains("version 3 was in Staging") && notes[0].contains("require"), "{notes:?}");
    assert!(notes[1].contains("`staging` did not come"), "{notes:?}");
    assert_eq!(stages(&to, "guarded")[2], (3, none));
    assert_eq!(slots(&from, "guarded"), slots(&to, "guarded"));
}

#[test]
fn what_is_not_verified_does_not_come_where_a_policy_asks_for_it() {
    let (from, to) = (rich("memory:"), other());
    let options = VersionOptions { source: "s3://x".into(), ..VersionOptions::default() };
    from.registry().register("elsewhere", &options).unwrap();
    set_policy(&to, None, Stage::Production, &json!({"require_verified": true}));
    let notes = brought(&from, &to);
    assert!(matches!(&*notes, [note] if note.starts_with("elsewhere: ") && note.contains("external")), "{notes:?}");
    assert_eq!(to.registry().find_model("elsewhere").unwrap(), None);
    assert_eq!(stages(&to, "Fraud 2").len(), 2);
    // It comes when the policy does not ask for it any more.
    set_policy(&to, None, Stage::Production, &json!({}));
    assert_eq!(brought(&from, &to), Vec::<String>::new());
    assert_eq!(stages(&to, "elsewhere"), [(1, Stage::None)]);
}

#[test]
fn a_model_of_a_time_before_slots_comes_with_its_way_back() {
    let (from, to) = (Store::open("memory:").unwrap(), other());
    let options = VersionOptions { source: "s3://x".into(), ..VersionOptions::default() };
    for number in 1..=3 {
        as_of(&from, "ada").register("old", &options).unwrap();
        promote(&from, "old", number, "");
    }
    let mut ops = Vec::new();
    for prefix in [b"gl/", b"gr/"] {
        let page = from.storage().scan(&KeyRange::prefix(prefix.as_slice()), &ScanOptions::default()).unwrap();
        ops.extend(page.entries.into_iter().map(|(key, _)| Op::delete(key)));
    }
    assert_eq!(ops.len(), 4);
    assert_eq!(from.storage().apply(&ops, Durability::default()).unwrap(), Outcome::Applied);
    assert_eq!(brought(&from, &to), Vec::<String>::new());
    assert_eq!(slots(&from, "old"), slots(&to, "old"));
    assert_eq!(to.registry().get_by_alias("old", "previous").unwrap().version, 2);
    assert_eq!(as_of(&to, "ops").rollback("old", "", Some(1)).unwrap().version.version, 1);
}

#[test]
fn a_version_that_is_added_to_a_model_takes_no_place_of_its_own() {
    let (from, to) = (Store::open("memory:").unwrap(), Store::open("memory:").unwrap());
    let options = VersionOptions { source: "s3://x".into(), ..VersionOptions::default() };
    as_of(&from, "ada").register("shared", &options).unwrap();
    sync(&from, &to, &everything()).unwrap();
    promote(&to, "shared", 1, "");
    as_of(&from, "ada").register("shared", &options).unwrap();
    promote(&from, "shared", 2, "");
    as_of(&from, "ada").set_alias("shared", "production", 2).unwrap();
    assert_eq!(brought(&from, &to), Vec::<String>::new());
    assert_eq!(stages(&to, "shared"), [(1, Stage::Production), (2, Stage::None)]);
    assert_eq!(to.registry().get_by_alias("shared", "production").unwrap().version, 1);
    assert_eq!(to.registry().get_model("shared").unwrap().generation, 1);
}
