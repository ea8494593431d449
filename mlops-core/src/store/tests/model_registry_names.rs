//! Renaming a model: numbers, policies and tombstones of both names, and what the log says of it.

use serde_json::{Value, json};

use super::model_registry_rules::{as_of, elsewhere, open, promote, versions};
use crate::base::time::Timestamp;
use crate::error::Code;
use crate::registry::{
    Action, By, LocalRegistry, ModelRegistry, PolicyChanges, PolicyScope, PromoteOptions, Stage, StageOptions,
};
use crate::store::Store;

const END: Timestamp = Timestamp::from_micros(i64::MAX);

fn set(store: &Store, model: &str, stage: Stage, fields: &Value) {
    let scope = PolicyScope { model: Some(model.into()), stage };
    store.registry().set_policies(&PolicyChanges::from([(scope, fields.as_object().cloned())])).unwrap();
}

fn one(registry: &LocalRegistry, name: &str) -> u64 {
    registry.register(name, &elsewhere()).unwrap().version
}

fn refused(registry: &LocalRegistry, name: &str, to: &str) -> (Code, String) {
    let error = registry.rename_model(name, to).unwrap_err();
    assert_eq!(registry.get_model(name).unwrap().name, name, "it is as it was");
    (error.code(), error.to_string())
}

#[test]
fn no_policy_is_lost_when_two_names_become_one() {
    let (store, _) = open();
    let registry = as_of(&store, "ada");
    set(&store, "fraud", Stage::Production, &json!({"approvals": 2}));
    set(&store, "x", Stage::Production, &json!({"approvals": 0}));
    one(&registry, "x");
    let (code, text) = refused(&registry, "x", "fraud");
    assert!(
        code == Code::Conflict && text.contains(r#"{"approvals":0}"#) && text.contains(r#"{"approvals":2}"#),
        "{text}"
    );
    set(&store, "x", Stage::Production, &Value::Null);
    set(&store, "x", Stage::Staging, &json!({"approvals": 1}));
    registry.rename_model("x", "fraud").unwrap();
    let approvals = |stage| registry.policy("fraud", stage).unwrap().policy.approvals;
    assert_eq!((approvals(Stage::Production), approvals(Stage::Staging)), (2, 1));
    // What came along is an event of the name that has it now.
    let last = registry.history("fraud").unwrap().pop().unwrap();
    assert_eq!((last.action, last.detail.as_deref()), (Action::PolicySet, Some("Staging")));
    let set = registry.policies().unwrap();
    let came = set.iter().find(|set| set.scope.model.as_deref() == Some("fraud") && set.scope.stage == Stage::Staging);
    assert_eq!(came.map(|set| (set.event, set.version)), Some((last.seq, 2)));
    // Back again nothing is in the way, and nothing changes.
    registry.rename_model("fraud", "Fraud").unwrap();
    assert_eq!(registry.policies().unwrap()[0].scope.model.as_deref(), Some("Fraud"));
    registry.verify_events().unwrap();
}

#[test]
fn a_rename_is_no_way_around_the_policy_of_a_name() {
    let (store, _) = open();
    let registry = as_of(&store, "ada");
    one(&registry, "x");
    registry.promote("x", 1, &PromoteOptions::default()).unwrap();
    set(&store, "fraud", Stage::Production, &json!({"approvals": 1}));
    let (code, text) = refused(&registry, "x", "fraud");
    assert!(code == Code::Denied && text.contains("version 1 is in Production") && text.contains("0 of 1"), "{text}");
    registry.set_stage("x", 1, Stage::Staging, StageOptions::default()).unwrap();
    set(&store, "staged", Stage::Staging, &json!({"require_intended_use": true}));
    assert_eq!(refused(&registry, "x", "staged").0, Code::Denied);
    registry.set_version_tag("x", 1, crate::registry::INTENDED_USE, "claims").unwrap();
    registry.rename_model("x", "staged").unwrap();
    let rests_on = registry.history("staged").unwrap().pop().unwrap().evidence;
    assert_eq!(rests_on, [format!("policy:{}", registry.policy("staged", Stage::Staging).unwrap().digest)]);
}

#[test]
fn what_is_served_under_a_name_that_is_protected_is_renamed_with_a_reason_only() {
    let (store, _) = open();
    let registry = versions(&store, 1);
    promote(&registry, 1).unwrap();
    set(&store, "fraud", Stage::Production, &json!({"protect_production": true, "strict_transitions": true}));
    let mute = store.registry().by(By { actor: Some("ada".into()), reason: Some(" ".into()) });
    let (code, text) = refused(&mute, "fraud", "claims");
    assert!(code == Code::Conflict && text.contains("version 1") && text.contains("reason"), "{text}");
    mute.rename_model("fraud", "FRAUD").unwrap();
    registry.rename_model("fraud", "claims").unwrap();
    assert_eq!(registry.get_by_alias("claims", "production").unwrap().version, 1);
}

#[test]
fn a_number_under_a_name_is_one_version_for_ever() {
    let (store, _) = open();
    let registry = as_of(&store, "ada");
    one(&registry, "fraud");
    registry.delete_model("fraud").unwrap();
    one(&registry, "x");
    let (code, text) = refused(&registry, "x", "fraud");
    assert!(code == Code::Conflict && text.contains("version 1 of `x`"), "{text}");
    // A model without such a number may come, and one that comes back has its own.
    assert_eq!(one(&registry, "x"), 2);
    registry.delete_version("x", 1).unwrap();
    registry.rename_model("x", "fraud").unwrap();
    assert_eq!(one(&registry, "fraud"), 3);
    registry.rename_model("fraud", "y").unwrap();
    assert_eq!(one(&registry, "y"), 4);
    registry.rename_model("y", "Fraud").unwrap();
    assert_eq!(one(&registry, "fraud"), 5);
    // What another got meanwhile under the name is not its own.
    registry.rename_model("fraud", "z").unwrap();
    assert_eq!(one(&registry, "fraud"), 6);
    assert_eq!(one(&registry, "z"), 6);
    registry.delete_model("fraud").unwrap();
    let (code, text) = refused(&registry, "z", "fraud");
    assert!(code == Code::Conflict && text.contains("version 6 of `z`"), "{text}");
    registry.verify_events().unwrap();
}

#[test]
fn what_was_where_is_told_over_all_names_and_under_none_that_was_left() {
    let (store, _) = open();
    let registry = as_of(&store, "ada");
    let at = |name: &str| registry.version_at(name, Stage::Production, "", END).unwrap();
    one(&registry, "a");
    registry.promote("a", 1, &PromoteOptions::default()).unwrap();
    registry.rename_model("a", "b").unwrap();
    assert_eq!((at("a"), at("b")), (None, Some(1)));
    registry.rename_model("b", "c").unwrap();
    registry.rename_model("c", "C").unwrap();
    assert_eq!((at("b"), at("c")), (None, Some(1)));
    assert_eq!(registry.why("c", 1).unwrap().event.unwrap().action, Action::StageChanged);
    // A name that another model has now is about that one.
    assert_eq!(one(&registry, "a"), 2);
    assert_eq!(at("a"), None);
    registry.promote("a", 2, &PromoteOptions::default()).unwrap();
    assert_eq!((at("a"), at("C")), (Some(2), Some(1)));
    // One that was left and is had again.
    registry.rename_model("C", "d").unwrap();
    registry.rename_model("d", "c").unwrap();
    assert_eq!((at("c"), at("d")), (Some(1), None));
}

#[test]
fn a_version_that_was_deleted_is_told_of_under_the_next_name() {
    let (store, _) = open();
    let registry = as_of(&store, "ada");
    one(&registry, "b");
    registry.delete_model("b").unwrap();
    for _ in 0..2 {
        one(&registry, "b");
    }
    registry.delete_version("b", 3).unwrap();
    registry.rename_model("b", "c").unwrap();
    registry.rename_model("c", "d").unwrap();
    let left =
        |name: &str| registry.deleted_versions(name).unwrap().iter().map(|left| left.version).collect::<Vec<_>>();
    assert_eq!((left("b"), left("c"), left("d")), (vec![1, 3], vec![], vec![3]));
    let text = registry.get_version("d", 3).unwrap_err().to_string();
    assert!(text.contains("it was deleted by ada, event 7: better"), "{text}");
    assert!(registry.get_version("d", 1).unwrap_err().to_string().ends_with("it was deleted"), "of another model");
}

#[test]
fn a_version_that_was_deleted_elsewhere_keeps_its_number() {
    let (store, _) = open();
    let registry = versions(&store, 1);
    assert!(!registry.note_deleted("fraud", 1).unwrap());
    assert!(registry.note_deleted("fraud", 4).unwrap());
    assert_eq!(one(&registry, "fraud"), 5);
    assert!(registry.get_version("fraud", 4).unwrap_err().to_string().contains("it was deleted by ada"));
    assert_eq!(registry.note_deleted("none", 1).unwrap_err().code(), Code::NotFound);
    registry.verify_events().unwrap();
}
