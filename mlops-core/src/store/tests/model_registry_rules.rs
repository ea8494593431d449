//! What the registry guarantees: slots, policies, approvals, gates, going back, deletes and the log.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::base::clock::ManualClock;
use crate::base::digests::Digest;
use crate::base::time::Timestamp;
use crate::error::{Code, Result};
use crate::registry::{
    Action, By, Decision, GateOptions, INTENDED_USE, LocalRegistry, LogHead, ModelQuery, ModelRegistry, PolicyChanges,
    PolicyScope, PromoteOptions, Promotion, Stage, StageOptions, Verdict, VersionOptions, parse_policies,
};
use crate::runs::{ArtifactSource, Content, DatasetInput, RunOptions, RunStatus};
use crate::storage::{Durability, KeyRange, Op, Outcome, ScanOptions};
use crate::store::{OpenOptions, Store};

const DAY: i64 = 86_400_000_000;

pub(super) fn open() -> (Store, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_700_000_000_000)));
    let options = OpenOptions { uri: "memory:".into(), clock: clock.clone(), ..OpenOptions::default() };
    (Store::open_with(&options).unwrap(), clock)
}

pub(super) fn elsewhere() -> VersionOptions {
    VersionOptions { source: "s3://models/fraud".into(), ..VersionOptions::default() }
}

/// The registry, used by somebody for a reason.
pub(super) fn as_of(store: &Store, actor: &str) -> LocalRegistry {
    store.registry().by(By { actor: Some(actor.into()), reason: Some("better".into()) })
}

pub(super) fn versions(store: &Store, count: usize) -> LocalRegistry {
    let registry = as_of(store, "ada");
    for _ in 0..count {
        registry.register("fraud", &elsewhere()).unwrap();
    }
    registry
}

fn set(store: &Store, fields: &Value) {
    let scope = PolicyScope { model: Some("fraud".into()), stage: Stage::Production };
    store.registry().set_policies(&PolicyChanges::from([(scope, fields.as_object().cloned())])).unwrap();
}

pub(super) fn promote(registry: &LocalRegistry, number: u64) -> Result<Promotion> {
    registry.promote("fraud", number, &PromoteOptions::default())
}

fn gate(registry: &LocalRegistry, number: u64, baseline: Option<u64>) -> u64 {
    let options = GateOptions { data: Some("blake3:data".into()), ..GateOptions::new("auc", baseline, Verdict::Pass) };
    registry.record_gate_result("fraud", number, &options).unwrap().id
}

fn live(registry: &LocalRegistry, slot: &str) -> Option<u64> {
    registry.get_model("fraud").unwrap().slots.get(slot).and_then(|state| state.production)
}

fn refusal<T: std::fmt::Debug>(result: Result<T>) -> (Code, String) {
    let error = result.unwrap_err();
    (error.code(), error.to_string())
}

/// The version 1 of `fraud` of a run with everything, or without a part of it.
fn of_a_run(store: &Store, without: &str) -> u64 {
    let tag = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let mut tags = vec![tag("mlflow.source.git.commit", "0123abcd"), tag("mlops.source.git.dirty", "false")];
    tags.retain(|(key, _)| key != without);
    let run = store.runs().start(RunOptions { tags, bare: true, ..RunOptions::default() }).unwrap();
    run.log_param("lr", 0.1.into()).unwrap();
    run.log_metric("auc", 0.75, 0, None).unwrap();
    run.log_metric("broken", f64::NAN, 0, None).unwrap();
    let data = DatasetInput {
        name: "claims".into(),
        digest: "blake3:00".into(),
        source_type: "local".into(),
        source: "{}".into(),
        profile: Some(r#"{"num_rows": 1000}"#.into()),
        ..DatasetInput::default()
    };
    if without != "dataset" {
        run.log_inputs(&[data.with_context("training")]).unwrap();
    }
    let file = |path: &str, bytes: &'static [u8]| ArtifactSource { path: path.into(), content: Content::Bytes(bytes) };
    let saved = br#"{"flavors":{"python_function":{"python_version":"3.12.1"}},"signature":{"inputs":"[]"}}"#;
    let mut files =
        vec![file("model/MLmodel", saved), file("model/requirements.txt", b"numpy==2.0\n# no\n\nscipy==1.0\n")];
    if without != "lock" {
        files.push(file("uv.lock", b"locked"));
    }
    run.log_files(&files).unwrap();
    run.end(RunStatus::Finished).unwrap();
    let source = format!("runs:/{}/model", run.id());
    as_of(store, "ada").register("fraud", &VersionOptions { source, ..VersionOptions::default() }).unwrap().version
}

#[test]
fn a_promotion_archives_what_was_there_and_promoting_again_is_no_event() {
    let (store, _) = open();
    let registry = versions(&store, 2);
    let first = promote(&registry, 1).unwrap();
    assert_eq!((first.changed, first.replaced, first.generation, first.event), (true, None, 1, Some(4)));
    let second = promote(&registry, 2).unwrap();
    assert_eq!((second.replaced, second.generation), (Some(1), 2));
    assert_eq!(registry.get_version("fraud", 1).unwrap().info.stage, Stage::Archived);
    let again = promote(&registry, 2).unwrap();
    assert_eq!((again.changed, again.event, again.generation), (false, None, 2));
    assert_eq!(registry.history("fraud").unwrap().len(), 5);
    assert_eq!(registry.get_by_alias("fraud", "previous").unwrap().version, 1);
    assert_eq!(registry.get_by_alias("fraud", "production").unwrap().version, 2);
    assert_eq!(refusal(registry.set_alias("fraud", "previous", 1)).0, Code::InvalidArgument);
    let kept = PromoteOptions { archive_existing: false, ..PromoteOptions::default() };
    registry.promote("fraud", 1, &kept).unwrap();
    assert_eq!(registry.get_version("fraud", 2).unwrap().info.stage, Stage::Staging);
    assert_eq!(live(&registry, ""), Some(1));
}

#[test]
fn each_slot_has_its_own_production_and_generation() {
    let (store, _) = open();
    let registry = versions(&store, 3);
    let to = |slot: &str| PromoteOptions { slot: slot.into(), ..PromoteOptions::default() };
    promote(&registry, 1).unwrap();
    registry.promote("fraud", 1, &to("EU")).unwrap();
    registry.promote("fraud", 2, &to("eu")).unwrap();
    let model = registry.get_model("fraud").unwrap();
    let of = |slot: &str| (model.slots[slot].production, model.slots[slot].previous, model.slots[slot].generation);
    assert_eq!((of(""), of("eu")), ((Some(1), None, 1), (Some(2), Some(1), 2)));
    // It is in production elsewhere, so that it stays there.
    assert_eq!(registry.get_version("fraud", 1).unwrap().info.stage, Stage::Production);
    assert_eq!(registry.latest_versions("fraud", &[Stage::Production]).unwrap()[0].version, 1);
    let late = PromoteOptions { expect: Some(1), ..to("eu") };
    let (code, text) = refusal(registry.promote("fraud", 3, &late));
    assert_eq!(code, Code::Conflict);
    assert!(text.contains("version 2 is in production in the slot `eu`, by event 7 of ada"), "{text}");
    assert_eq!(registry.rollback("fraud", "eu", None).unwrap().version.version, 1);
    assert_eq!((live(&registry, ""), live(&registry, "eu")), (Some(1), Some(1)));
    // It leaves all slots when it goes to another stage.
    registry.set_stage("fraud", 1, Stage::Archived, StageOptions::default()).unwrap();
    assert_eq!((live(&registry, ""), live(&registry, "eu")), (None, None));
    let left = registry.history("fraud").unwrap().split_off(8);
    let left: Vec<_> = left.iter().map(|event| (event.detail.as_deref(), event.to.as_deref())).collect();
    assert_eq!(left, [(None, Some("Archived")), (Some("eu"), Some("Archived"))]);
    let end = Timestamp::from_micros(i64::MAX);
    assert_eq!(registry.version_at("fraud", Stage::Production, "eu", end).unwrap(), None);
    for bad in ["a b", "a/b", "a\0b"] {
        assert_eq!(refusal(registry.promote("fraud", 1, &to(bad))).0, Code::InvalidArgument);
    }
    let staged = PromoteOptions { to: Stage::Staging, ..to("eu") };
    assert_eq!(refusal(registry.promote("fraud", 1, &staged)).0, Code::InvalidArgument);
    registry.verify_events().unwrap();
}

#[test]
fn a_policy_is_set_by_an_event_and_of_a_model_goes_before_that_of_the_store() {
    let (store, _) = open();
    let registry = versions(&store, 1);
    let text =
        "[default.production]\napprovals = 2\nself_approval = false\n\n[model.\"Fraud\".production]\napprovals = 1\n";
    registry.set_policies(&parse_policies(text).unwrap()).unwrap();
    let holds = registry.policy("fraud", Stage::Production).unwrap();
    assert_eq!((holds.policy.approvals, holds.policy.self_approval), (1, false));
    assert_eq!(registry.policy("other", Stage::Production).unwrap().policy.approvals, 2);
    assert_eq!(registry.policy("fraud", Stage::Staging).unwrap().policy.approvals, 0);
    let before = registry.log_head().unwrap().seq;
    registry.set_policies(&parse_policies(text).unwrap()).unwrap();
    assert_eq!(registry.log_head().unwrap().seq, before, "what is the same is no event");
    assert_eq!(registry.policies_as_toml().unwrap(), text);
    let changed = registry.history("fraud").unwrap().pop().unwrap();
    assert_eq!((changed.action, changed.to.as_deref()), (Action::PolicySet, Some(r#"{"approvals":1}"#)));
    // Another name does not free a model of its policy.
    registry.rename_model("fraud", "free").unwrap();
    assert_eq!(registry.policy("free", Stage::Production).unwrap().policy.approvals, 1);
    let scope = PolicyScope { model: Some("free".into()), stage: Stage::Production };
    registry.set_policies(&PolicyChanges::from([(scope.clone(), None)])).unwrap();
    assert_eq!(registry.policy("free", Stage::Production).unwrap().policy.approvals, 2);
    let wrong = json!({"aprovals": 1}).as_object().cloned();
    let (code, text) = refusal(registry.set_policies(&PolicyChanges::from([(scope, wrong)])));
    assert!(code == Code::InvalidArgument && text.contains("aprovals"), "{text}");
    let archived = PolicyScope { model: None, stage: Stage::Archived };
    assert_eq!(refusal(registry.set_policies(&PolicyChanges::from([(archived, None)]))).0, Code::InvalidArgument);
}

#[test]
fn a_version_needs_the_approvals_of_others_than_who_made_it() {
    let (store, _) = open();
    let ada = versions(&store, 2);
    set(&store, &json!({"approvals": 1, "self_approval": false}));
    let (code, text) = refusal(promote(&ada, 1));
    assert_eq!(code, Code::Denied);
    assert!(text.contains("0 of 1 approvals"), "{text}");
    let bob = as_of(&store, "bob");
    assert!(bob.request_approval("fraud", 1, Stage::Production).unwrap().changed);
    assert!(!bob.request_approval("fraud", 1, Stage::Production).unwrap().changed);
    for (who, why) in [("ADA", "made the version"), ("bob", "asked for approval")] {
        let (code, text) = refusal(as_of(&store, who).approve("fraud", 1, Stage::Production));
        assert!(code == Code::Denied && text.contains(why), "{text}");
        let recorded = ada.history("fraud").unwrap().pop().unwrap();
        assert_eq!((recorded.action, recorded.actor.name.as_str()), (Action::ApprovalDenied, who));
    }
    let pending = ada.pending().unwrap();
    assert_eq!(pending.len(), 1);
    assert_eq!((pending[0].version, pending[0].approvals, pending[0].needed), (1, 0, 1));
    let said = as_of(&store, "cy").approve("fraud", 1, Stage::Production).unwrap();
    assert!(said.changed);
    assert!(!as_of(&store, "Cy").approve("fraud", 1, Stage::Production).unwrap().changed);
    let promoted = promote(&ada, 1).unwrap();
    let event = ada.events(promoted.event.unwrap() - 1, 1).unwrap().pop().unwrap();
    let policy = format!("policy:{}", ada.policy("fraud", Stage::Production).unwrap().digest);
    assert_eq!(event.evidence, [format!("approval:{}", said.approval.id), policy]);
    assert!(ada.pending().unwrap().is_empty());
    ada.set_stage("fraud", 1, Stage::Staging, StageOptions::default()).unwrap();
    assert!(ada.pending().unwrap().is_empty(), "what was asked for was given");
    promote(&ada, 1).unwrap();
    // The calls of MLflow and the alias are promotions too.
    assert_eq!(refusal(ada.set_stage("fraud", 2, Stage::Production, StageOptions::default())).0, Code::Denied);
    assert_eq!(refusal(ada.set_alias("fraud", "production", 2)).0, Code::Denied);
    assert_eq!(live(&ada, ""), Some(1));
    ada.verify_events().unwrap();
}

#[test]
fn a_rejection_blocks_until_the_same_actor_changes_their_mind() {
    let (store, _) = open();
    let registry = versions(&store, 2);
    let (bob, cy) = (as_of(&store, "bob"), as_of(&store, "cy"));
    let silent = store.registry().by(By { actor: Some("bob".into()), reason: Some("  ".into()) });
    assert_eq!(refusal(silent.reject("fraud", 1, Stage::Production)).0, Code::InvalidArgument);
    bob.reject("fraud", 1, Stage::Production).unwrap();
    cy.approve("fraud", 1, Stage::Production).unwrap();
    let (code, text) = refusal(promote(&registry, 1));
    assert!(code == Code::Denied && text.contains("bob has rejected"), "{text}");
    bob.approve("fraud", 1, Stage::Production).unwrap();
    promote(&registry, 1).unwrap();
    let (code, text) = refusal(bob.reject("fraud", 1, Stage::Production));
    assert!(code == Code::Conflict && text.contains("roll back"), "{text}");
    bob.reject("fraud", 2, Stage::Production).unwrap();
    assert_eq!(refusal(promote(&registry, 2)).0, Code::Denied);
    // Asking for approval is no change of mind.
    bob.request_approval("fraud", 2, Stage::Production).unwrap();
    let (code, text) = refusal(promote(&registry, 2));
    assert!(code == Code::Denied && text.contains("bob has rejected"), "{text}");
    assert_eq!(registry.pending().unwrap()[0].rejected_by, ["bob"]);
    assert_eq!(bob.withdraw("fraud", 2, Stage::Production).unwrap().approval.decision, Decision::Withdrawn);
    assert_eq!(refusal(bob.withdraw("fraud", 2, Stage::Production)).0, Code::NotFound);
    promote(&registry, 2).unwrap();
    assert_eq!(refusal(bob.approve("fraud", 2, Stage::Archived)).0, Code::InvalidArgument);
}

#[test]
fn an_approval_outlives_a_description_and_no_new_gate_policy_or_term() {
    let (store, clock) = open();
    let registry = versions(&store, 1);
    let fields = json!({"approvals": 1, "approval_ttl": "14d"});
    set(&store, &fields);
    let bob = as_of(&store, "bob");
    let void = |registry: &LocalRegistry| {
        let status = registry.status("fraud", 1, Stage::Production, "").unwrap();
        (status.can_promote(), status.approvals.last().and_then(|state| state.void.clone()).unwrap_or_default())
    };
    bob.approve("fraud", 1, Stage::Production).unwrap();
    registry.describe_version("fraud", 1, Some("of trees")).unwrap();
    registry.set_version_tag("fraud", 1, "k", "v").unwrap();
    assert_eq!(void(&registry), (true, String::new()));
    let event = gate(&registry, 1, None);
    assert_eq!(void(&registry), (false, format!("a gate has a new result, event {event}")));
    let (code, text) = refusal(promote(&registry, 1));
    assert!(code == Code::Denied && text.contains("a gate has a new result"), "{text}");
    bob.approve("fraud", 1, Stage::Production).unwrap();
    assert!(void(&registry).0);
    set(&store, &json!({"approvals": 1, "approval_ttl": "13d"}));
    assert_eq!(void(&registry), (false, "the policy has changed since".into()));
    bob.approve("fraud", 1, Stage::Production).unwrap();
    clock.advance(13 * DAY - 1);
    assert!(void(&registry).0);
    clock.advance(1);
    assert!(void(&registry).1.contains("it was good until 2023-11-27"), "{}", void(&registry).1);
    assert_eq!(refusal(promote(&registry, 1)).0, Code::Denied);
    bob.approve("fraud", 1, Stage::Production).unwrap();
    promote(&registry, 1).unwrap();
}

#[test]
fn a_gate_counts_against_what_is_in_production_now() {
    let (store, clock) = open();
    let registry = versions(&store, 6);
    promote(&registry, 3).unwrap();
    set(&store, &json!({"gate": "auc", "gate_ttl": "7d"}));
    assert_eq!(refusal(promote(&registry, 5)).0, Code::Denied);
    gate(&registry, 4, Some(3));
    gate(&registry, 5, Some(3));
    promote(&registry, 4).unwrap();
    let (code, text) = refusal(promote(&registry, 5));
    assert_eq!(code, Code::Stale);
    assert!(text.contains("gate baseline v3, production v4"), "{text}");
    gate(&registry, 5, Some(4));
    clock.advance(7 * DAY);
    let (code, text) = refusal(promote(&registry, 5));
    assert!(code == Code::Stale && text.contains("too old"), "{text}");
    gate(&registry, 5, Some(4));
    // Another looks at newer data meanwhile.
    let newer = GateOptions { data: Some("blake3:newer".into()), ..GateOptions::new("auc", Some(4), Verdict::Fail) };
    registry.record_gate_result("fraud", 6, &newer).unwrap();
    let (code, text) = refusal(promote(&registry, 5));
    assert!(code == Code::Stale && text.contains("other data"), "{text}");
    assert_eq!(refusal(promote(&registry, 6)).0, Code::Denied);
    gate(&registry, 5, Some(4));
    set(&store, &json!({"gate": "auc", "gate_ttl": "8d"}));
    let (code, text) = refusal(promote(&registry, 5));
    assert!(code == Code::Stale && text.contains("the policy has changed"), "{text}");
    // A result of another gate is not the one that is asked for, also when it is the newest.
    gate(&registry, 5, Some(4));
    registry.record_gate_result("fraud", 5, &GateOptions::new("speed", Some(4), Verdict::Fail)).unwrap();
    promote(&registry, 5).unwrap();
    assert_eq!(live(&registry, ""), Some(5));
}

#[test]
fn a_verdict_on_a_metric_that_is_nan_is_an_error_and_promotes_nothing() {
    let (store, _) = open();
    let registry = versions(&store, 1);
    set(&store, &json!({"gate": "auc"}));
    let pass = || GateOptions::new("auc", None, Verdict::Pass);
    let metrics = BTreeMap::from([("auc".to_owned(), f64::NAN)]);
    let report = Some(r#"{"slices": [{"auc": "NaN"}]}"#.to_owned());
    for options in [GateOptions { metrics, ..pass() }, GateOptions { report, ..pass() }] {
        let noted = registry.record_gate_result("fraud", 1, &options).unwrap();
        assert_eq!((noted.verdict, noted.why.as_deref()), (Verdict::Error, Some("the metric `auc` is NaN")));
        let (code, text) = refusal(promote(&registry, 1));
        assert!(code == Code::Denied && text.contains("says error (the metric `auc` is NaN)"), "{text}");
    }
    let named = json!({"slices": [{"name": "nan", "ok": true}], "customer": "Nan"}).to_string();
    let noted = registry.record_gate_result("fraud", 1, &GateOptions { report: Some(named), ..pass() }).unwrap();
    assert_eq!((noted.verdict, noted.why), (Verdict::Pass, None), "a name is no number");
    let broken = GateOptions { report: Some("{".into()), ..pass() };
    assert_eq!(refusal(registry.record_gate_result("fraud", 1, &broken)).0, Code::InvalidArgument);
    let unknown = GateOptions::new("auc", Some(9), Verdict::Pass);
    assert_eq!(refusal(registry.record_gate_result("fraud", 1, &unknown)).0, Code::NotFound);
    let long = json!({"text": "x".repeat(100_000)}).to_string();
    registry.record_gate_result("fraud", 1, &GateOptions { report: Some(long.clone()), ..pass() }).unwrap();
    promote(&registry, 1).unwrap();
    store
        .gc(&crate::store::GcOptions { dry_run: false, older_than: std::time::Duration::ZERO, deleted_runs: true })
        .unwrap();
    assert_eq!(registry.gate_results("fraud", 1).unwrap()[3].report.as_deref(), Some(long.as_str()));
}

#[test]
fn going_back_happens_once_by_itself_and_further_only_by_number() {
    let (store, _) = open();
    let registry = versions(&store, 4);
    let (code, text) = refusal(registry.rollback("fraud", "", None));
    assert!(code == Code::NotFound && text.contains("previous version of `fraud` does not exist"), "{text}");
    promote(&registry, 1).unwrap();
    assert_eq!(refusal(registry.rollback("fraud", "", None)).0, Code::NotFound);
    for number in [2, 3] {
        promote(&registry, number).unwrap();
    }
    let mute = store.registry().by(By { actor: Some("ada".into()), reason: None });
    assert_eq!(refusal(mute.rollback("fraud", "", None)).0, Code::InvalidArgument);
    let back = registry.rollback("fraud", "", None).unwrap();
    assert_eq!((back.version.version, back.replaced, back.generation), (2, Some(3), 4));
    assert_eq!(registry.history("fraud").unwrap().pop().unwrap().action, Action::RolledBack);
    assert_eq!(refusal(registry.rollback("fraud", "", None)).0, Code::NotFound, "no ping-pong");
    assert_eq!(refusal(registry.get_by_alias("fraud", "previous")).0, Code::NotFound);
    let (code, text) = refusal(registry.rollback("fraud", "", Some(4)));
    assert!(code == Code::NotFound && text.contains("promote it instead"), "{text}");
    assert_eq!(registry.rollback("fraud", "", Some(1)).unwrap().version.version, 1);
    assert!(!registry.rollback("fraud", "", Some(1)).unwrap().changed);
    // The next promotion begins anew.
    promote(&registry, 4).unwrap();
    registry.delete_version("fraud", 1).unwrap();
    assert_eq!(refusal(registry.rollback("fraud", "", None)).0, Code::NotFound);
    let (code, text) = refusal(registry.rollback("fraud", "", Some(1)));
    assert!(code == Code::NotFound && text.contains("it was deleted by ada"), "{text}");
}

#[test]
fn nobody_goes_back_to_damaged_files() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path().join("store").to_str().unwrap()).unwrap();
    let run = store.runs().start(RunOptions::default()).unwrap();
    let content = vec![7_u8; 100_000];
    run.log_files(&[ArtifactSource { path: "model/weights".into(), content: Content::Bytes(&content) }]).unwrap();
    run.end(RunStatus::Finished).unwrap();
    let registry = as_of(&store, "ada");
    let source = format!("runs:/{}/model", run.id());
    registry.register("fraud", &VersionOptions { source, ..VersionOptions::default() }).unwrap();
    registry.register("fraud", &elsewhere()).unwrap();
    promote(&registry, 1).unwrap();
    promote(&registry, 2).unwrap();
    let digest = Digest::of(&content).to_hex();
    let file = dir.path().join("store/blobs/objects").join(&digest[..2]).join(&digest);
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[50_000] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let (code, text) = refusal(registry.rollback("fraud", "", None));
    assert!(code == Code::Corrupt && text.contains("fraud/1/weights"), "{text}");
    assert_eq!(live(&registry, ""), Some(2));
    std::fs::remove_file(&file).unwrap();
    assert_eq!(refusal(registry.rollback("fraud", "", None)).0, Code::Corrupt);
}

#[test]
fn the_strict_policy_asks_for_all_of_where_a_version_is_from() {
    let (store, _) = open();
    let scope = PolicyScope { model: None, stage: Stage::Production };
    let strict = PolicyChanges::from([(scope, Some(crate::registry::Policy::strict()))]);
    as_of(&store, "ada").set_policies(&strict).unwrap();
    let bob = as_of(&store, "bob");
    let ready = |number: u64| {
        bob.set_stage("fraud", number, Stage::Staging, StageOptions::default()).unwrap();
        bob.set_version_tag("fraud", number, INTENDED_USE, "claims in the EU").unwrap();
        bob.approve("fraud", number, Stage::Production).unwrap();
    };
    for (without, named) in [
        ("mlflow.source.git.commit", "lacks commit;"),
        ("mlops.source.git.dirty", "lacks clean_tree;"),
        ("dataset", "lacks dataset;"),
        ("lock", "lacks env_lock;"),
    ] {
        let number = of_a_run(&store, without);
        ready(number);
        let (code, text) = refusal(promote(&bob, number));
        assert!(code == Code::Denied && text.contains(named), "{without}: {text}");
    }
    assert_eq!(refusal(bob.register("fraud", &elsewhere())).0, Code::NotFound, "verified sources only");
    let external = VersionOptions { external: true, ..elsewhere() };
    let external = as_of(&store, "ada").register("fraud", &external).unwrap();
    ready(external.version);
    assert!(refusal(promote(&bob, external.version)).1.contains("run, commit, clean_tree, dataset, env_lock"));
    let good = of_a_run(&store, "");
    assert!(refusal(promote(&bob, good)).1.contains("was not in staging"));
    bob.set_stage("fraud", good, Stage::Staging, StageOptions::default()).unwrap();
    assert!(refusal(promote(&bob, good)).1.contains(INTENDED_USE));
    ready(good);
    let mute = store.registry().by(By { actor: Some("bob".into()), reason: None });
    assert!(refusal(promote(&mute, good)).1.contains("reason"));
    promote(&bob, good).unwrap();
    let next = of_a_run(&store, "");
    ready(next);
    promote(&bob, next).unwrap();
    // What was there comes back as a rollback only, and nothing is left empty by the way.
    assert!(refusal(promote(&bob, good)).1.contains("it is archived"));
    assert_eq!(refusal(bob.set_stage("fraud", next, Stage::Archived, StageOptions::default())).0, Code::Denied);
    assert_eq!(bob.rollback("fraud", "", None).unwrap().version.version, good);
    assert_eq!(refusal(bob.delete_version("fraud", good)).0, Code::Conflict);
    assert_eq!(refusal(bob.delete_model("fraud")).0, Code::Conflict);
    bob.set_alias("fraud", "production", good).unwrap();
    assert_eq!(refusal(bob.delete_alias("fraud", "production")).0, Code::Conflict);
    assert_eq!(refusal(bob.set_alias("fraud", "Staging", good)).0, Code::InvalidArgument);
    let empty = PromoteOptions { to: Stage::Archived, leave_empty: true, ..PromoteOptions::default() };
    bob.promote("fraud", good, &empty).unwrap();
    assert_eq!(live(&bob, ""), None);
    bob.verify_events().unwrap();
}

#[test]
fn two_users_are_not_one_under_two_names() {
    let (store, _) = open();
    let registry = versions(&store, 1);
    set(&store, &json!({"approvals": 1, "require_distinct_uid": true}));
    let (code, text) = refusal(as_of(&store, "bob").approve("fraud", 1, Stage::Production));
    assert!(code == Code::Denied && text.contains("require_distinct_uid"), "{text}");
    assert_eq!(refusal(promote(&registry, 1)).0, Code::Denied);
}

#[test]
fn what_is_deleted_leaves_a_tombstone_and_a_removed_alias_says_what_it_was() {
    let (store, _) = open();
    let registry = versions(&store, 3);
    registry.set_alias("fraud", "champion", 2).unwrap();
    registry.delete_version("fraud", 2).unwrap();
    let (_, text) = refusal(registry.get_by_alias("fraud", "champion"));
    assert!(text.contains("it pointed to version 2 until event 6 of ada removed it"), "{text}");
    let (_, text) = refusal(registry.get_version("fraud", 2));
    assert!(text.contains("it was deleted by ada, event 7: better"), "{text}");
    registry.set_alias("fraud", "champion", 1).unwrap();
    assert!(!registry.delete_alias("fraud", "none").unwrap());
    promote(&registry, 1).unwrap();
    set(&store, &json!({"protect_production": true}));
    assert_eq!(refusal(registry.delete_model("fraud")).0, Code::Conflict);
    let mute = store.registry();
    assert_eq!(refusal(mute.force_delete_model("fraud")).0, Code::InvalidArgument);
    registry.force_delete_model("fraud").unwrap();
    let left = registry.deleted_versions("Fraud").unwrap();
    assert_eq!(left.iter().map(|left| left.version).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(
        (left[0].stage, left[0].actor.as_str(), left[0].reason.as_deref()),
        (Stage::Production, "ada", Some("better"))
    );
    assert!(left.iter().all(|left| left.manifest.is_some()));
    assert_eq!(registry.register("fraud", &elsewhere()).unwrap().version, 4);
    assert_eq!(refusal(registry.get_version("fraud", 3)).0, Code::NotFound);
    assert!(refusal(registry.get_version("fraud", 3)).1.contains("it was deleted by ada"));
}

#[test]
fn the_log_goes_forward_when_the_clock_goes_back_and_says_what_was_where() {
    let (store, clock) = open();
    let registry = versions(&store, 2);
    promote(&registry, 1).unwrap();
    let first = registry.history("fraud").unwrap().pop().unwrap().at;
    clock.advance(DAY);
    promote(&registry, 2).unwrap();
    clock.advance(-2 * DAY);
    registry.rename_model("fraud", "claims").unwrap();
    registry.promote("claims", 1, &PromoteOptions::default()).unwrap();
    let times: Vec<_> = registry.events(0, 100).unwrap().into_iter().map(|event| event.at).collect();
    assert!(times.is_sorted());
    let at = |time: Timestamp| registry.version_at("claims", Stage::Production, "", time).unwrap();
    let after = |micros: i64| Timestamp::from_micros(first.as_micros() + micros);
    assert_eq!((at(after(-1)), at(first), at(after(DAY - 1)), at(after(DAY))), (None, Some(1), Some(1), Some(1)));
    assert_eq!(registry.version_at("claims", Stage::Archived, "", after(DAY)).unwrap(), Some(2));
    assert_eq!(registry.version_at("fraud", Stage::Production, "", after(0)).unwrap(), Some(1));
    registry.verify_events().unwrap();
}

#[test]
fn a_head_that_was_kept_shows_a_log_that_was_cut_or_written_anew() {
    let (store, _) = open();
    let registry = versions(&store, 3);
    let head = registry.log_head().unwrap();
    promote(&registry, 1).unwrap();
    assert_eq!(registry.verify_log(Some(head)).unwrap(), registry.log_head().unwrap());
    let start = LogHead { seq: 0, hash: Digest::of(b"") };
    assert_eq!(registry.verify_log(Some(start)).unwrap().seq, 5);
    let other = LogHead { hash: Digest::of(b"x"), ..head };
    let (code, text) = refusal(registry.verify_log(Some(other)));
    assert!(code == Code::Corrupt && text.contains("event 4"), "{text}");
    // Somebody cuts the end off, and the note of it too.
    let kept = registry.log_head().unwrap();
    let storage = store.storage();
    let range = KeyRange::all();
    let page = storage.scan(&range, &ScanOptions::default()).unwrap();
    let (last, _) = page.entries.iter().rfind(|(key, _)| key.starts_with(b"ge/")).unwrap();
    let old = (head.seq, registry.events(head.seq - 1, 1).unwrap()[0].at, head.hash);
    let put = Op::put(b"gh".to_vec(), crate::base::stored::encode(&old).unwrap());
    let cut = [Op::delete(last.clone()), put];
    assert_eq!(storage.apply(&cut, Durability::Fast).unwrap(), Outcome::Applied);
    assert_eq!(registry.verify_log(None).unwrap(), head, "by itself it hangs together");
    let (code, text) = refusal(registry.verify_log(Some(kept)));
    assert!(code == Code::Corrupt && text.contains("its end was cut off"), "{text}");
}

#[test]
fn the_manifest_says_where_a_version_is_from_and_never_changes() {
    let (store, _) = open();
    let number = of_a_run(&store, "");
    let registry = as_of(&store, "ada");
    let manifest = registry.version_manifest("fraud", number).unwrap().unwrap();
    assert_eq!(manifest["code"]["commit"], "0123abcd");
    assert_eq!((&manifest["code"]["dirty"], &manifest["params"]["lr"]), (&json!(false), &json!("0.1")));
    assert_eq!((&manifest["metrics"]["auc"], &manifest["metrics"]["broken"]), (&json!(0.75), &json!("NaN")));
    assert_eq!((&manifest["data"][0]["name"], &manifest["data"][0]["rows"]), (&json!("claims"), &json!(1000)));
    assert_eq!(manifest["environment"]["python"], "3.12.1");
    assert_eq!(manifest["environment"]["requirements"], json!(["numpy==2.0", "scipy==1.0"]));
    assert_eq!(manifest["environment"]["lock"]["digest"], Digest::of(b"locked").to_string());
    assert_eq!(manifest["files"].as_array().unwrap().len(), 2);
    let digest = registry.get_version("fraud", number).unwrap().info.manifest;
    registry.set_version_tag("fraud", number, "k", "v").unwrap();
    promote(&registry, number).unwrap();
    assert_eq!(registry.get_version("fraud", number).unwrap().info.manifest, digest);
    let unknown = VersionOptions { source: "runs:/none/model".into(), ..VersionOptions::default() };
    let made = registry.register("fraud", &unknown).unwrap();
    let manifest = registry.version_manifest("fraud", made.version).unwrap().unwrap();
    assert_eq!((&manifest["run"]["id"], &manifest["run"]["is_known"]), (&json!("none"), &json!(false)));
}

#[test]
fn a_search_of_one_model_looks_at_that_model() {
    let (store, _) = open();
    let registry = versions(&store, 2);
    registry.register("other", &elsewhere()).unwrap();
    let found = |filter: &str| -> Vec<(String, u64)> {
        let query = ModelQuery { filter: filter.into(), ..ModelQuery::default() };
        let items = registry.search_versions(&query).unwrap().items;
        items.into_iter().map(|version| (version.name, version.version)).collect()
    };
    assert_eq!(found("name = 'fraud' AND version_number > 1"), [("fraud".to_owned(), 2)]);
    assert_eq!(found("name = 'Fraud'"), found("name = 'fraud'"), "names are the same in upper and lower case");
    assert_eq!(found("name IN ('OTHER', 'none') AND name != 'Fraud'"), [("other".to_owned(), 1)]);
    assert_eq!(found("name != 'FRAUD'"), [("other".to_owned(), 1)]);
    assert!(found("name LIKE 'FRAUD'").is_empty(), "a pattern is about text");
    let models = ModelQuery { filter: "name = 'FRAUD'".into(), ..ModelQuery::default() };
    assert_eq!(registry.search_models(&models).unwrap().items[0].name, "fraud");
    assert!(found("name = 'a/b'").is_empty());
    assert_eq!(found("name = 'fraud' OR name = 'other'").len(), 3);
}

#[test]
fn no_stage_is_a_way_around_staging_or_out_of_the_archive() {
    let (store, _) = open();
    let registry = versions(&store, 3);
    let to =
        |number: u64, to: Stage| registry.promote("fraud", number, &PromoteOptions { to, ..PromoteOptions::default() });
    set(&store, &json!({"skip_staging": false}));
    assert_eq!(refusal(promote(&registry, 1)).0, Code::Denied);
    to(1, Stage::Archived).unwrap();
    let (code, text) = refusal(promote(&registry, 1));
    assert!(code == Code::Denied && text.contains("was not in staging"), "{text}");
    to(1, Stage::Staging).unwrap();
    to(1, Stage::Archived).unwrap();
    promote(&registry, 1).unwrap();
    set(&store, &json!({"strict_transitions": true}));
    promote(&registry, 2).unwrap();
    let (code, text) = refusal(to(1, Stage::None));
    assert!(code == Code::Denied && text.contains("it is archived"), "{text}");
    assert_eq!(refusal(registry.set_stage("fraud", 1, Stage::None, StageOptions::default())).0, Code::Denied);
    assert!(!registry.status("fraud", 1, Stage::None, "").unwrap().can_promote());
    to(1, Stage::Staging).unwrap();
    promote(&registry, 1).unwrap();
}

#[test]
fn who_leaves_production_for_staging_needs_what_the_policy_asks_for() {
    let (store, _) = open();
    let registry = versions(&store, 2);
    let scope = PolicyScope { model: None, stage: Stage::Staging };
    let fields = json!({"approvals": 1}).as_object().cloned();
    registry.set_policies(&PolicyChanges::from([(scope, fields)])).unwrap();
    promote(&registry, 1).unwrap();
    let kept = PromoteOptions { archive_existing: false, ..PromoteOptions::default() };
    let (code, text) = refusal(registry.promote("fraud", 2, &kept));
    assert!(code == Code::Denied && text.contains("version 1 of `fraud` may not go to Staging"), "{text}");
    let said = as_of(&store, "bob").approve("fraud", 1, Stage::Staging).unwrap().approval;
    registry.promote("fraud", 2, &kept).unwrap();
    assert_eq!(registry.get_version("fraud", 1).unwrap().info.stage, Stage::Staging);
    let moved = registry.history("fraud").unwrap().pop().unwrap();
    assert_eq!((moved.version, &moved.evidence[0]), (Some(1), &format!("approval:{}", said.id)));
}

#[test]
fn a_status_says_what_a_promotion_does() {
    let (store, _) = open();
    let registry = versions(&store, 3);
    let status = |number: u64, to: Stage| registry.status("fraud", number, to, "").unwrap();
    set(&store, &json!({"approvals": 1}));
    assert!(status(2, Stage::Archived).can_promote(), "policies are for Staging and Production");
    set(&store, &json!({"require_reason": true}));
    let asked = status(1, Stage::Production);
    assert!(asked.can_promote());
    assert_eq!(asked.requirements.iter().map(|asked| asked.name).collect::<Vec<_>>(), ["reason"]);
    promote(&registry, 1).unwrap();
    set(&store, &json!({"gate": "auc"}));
    gate(&registry, 1, None);
    let there = status(1, Stage::Production);
    assert!(there.is_there && there.can_promote() && there.requirements.is_empty());
    assert!(!promote(&registry, 1).unwrap().changed);
    assert!(!status(2, Stage::Production).is_there);
    assert_eq!(refusal(registry.status("fraud", 3, Stage::Staging, "eu")).0, Code::InvalidArgument);
    set(&store, &json!({"strict_transitions": true}));
    assert!(!status(1, Stage::Archived).can_promote(), "nothing would be left in production");
}

#[test]
fn the_version_of_a_policy_counts_on_when_it_was_taken_away() {
    let (store, _) = open();
    let registry = versions(&store, 1);
    for model in [Some("fraud".to_owned()), None] {
        let scope = PolicyScope { model, stage: Stage::Production };
        for fields in [json!({"approvals": 1}), json!({"approvals": 2}), Value::Null, json!({"approvals": 1})] {
            registry.set_policies(&PolicyChanges::from([(scope.clone(), fields.as_object().cloned())])).unwrap();
        }
        let set = registry.policies().unwrap().into_iter().find(|set| set.scope == scope).unwrap();
        assert_eq!(set.version, 3, "{scope:?}");
    }
}

#[test]
fn the_alias_production_is_deleted_whoever_made_it() {
    let (store, _) = open();
    let registry = versions(&store, 1);
    promote(&registry, 1).unwrap();
    set(&store, &json!({"protect_production": true}));
    assert_eq!(refusal(registry.delete_alias("fraud", "production")).0, Code::Conflict);
    set(&store, &Value::Null);
    assert!(registry.delete_alias("fraud", "Production").unwrap());
    assert_eq!(refusal(registry.get_by_alias("fraud", "production")).0, Code::NotFound);
    assert_eq!(registry.get_version("fraud", 1).unwrap().info.stage, Stage::None);
    assert!(!registry.delete_alias("fraud", "production").unwrap());
}

#[test]
fn what_is_verified_has_files_in_this_store() {
    let (store, _) = open();
    let registry = versions(&store, 1);
    let run = store.runs().start(RunOptions::default()).unwrap();
    run.end(RunStatus::Finished).unwrap();
    set(&store, &json!({"require_verified": true}));
    let scope = PolicyScope { model: None, stage: Stage::Production };
    let fields = json!({"require_verified": true}).as_object().cloned();
    registry.set_policies(&PolicyChanges::from([(scope, fields)])).unwrap();
    for source in ["models:/fraud/1".to_owned(), format!("runs:/{}", run.id())] {
        let of = VersionOptions { source, ..VersionOptions::default() };
        let (code, text) = refusal(registry.register("other", &of));
        assert!(code == Code::NotFound && text.contains("it has none"), "{text}");
        registry.register("other", &VersionOptions { external: true, ..of.clone() }).unwrap();
        let must_exist = VersionOptions { external: true, must_exist: true, ..of };
        assert_eq!(refusal(registry.register("other", &must_exist)).0, Code::NotFound);
    }
    assert_eq!(refusal(registry.copy_version("fraud", 1, "other")).0, Code::NotFound);
}

#[test]
fn a_blank_actor_is_nobody() {
    let (store, _) = open();
    versions(&store, 1);
    let of = |actor: Option<&str>| {
        let by = By { actor: actor.map(str::to_owned), reason: None };
        store.registry().by(by).request_approval("fraud", 1, Stage::Staging).unwrap().approval.actor
    };
    let (blank, none) = (of(Some(" \t")), of(None));
    assert_eq!((&blank.name, &blank.name_from), (&none.name, &none.name_from));
    assert!(!blank.name.trim().is_empty());
}

#[test]
fn limits_of_tags_are_stated_and_enforced() {
    let (store, _) = open();
    let registry = versions(&store, 1);
    registry.set_version_tag("fraud", 1, "long", &"x".repeat(100_000)).unwrap();
    assert_eq!(registry.get_version("fraud", 1).unwrap().tags["long"].len(), 100_000);
    assert_eq!(refusal(registry.set_version_tag("fraud", 1, "", "x")).0, Code::InvalidArgument);
    assert_eq!(refusal(registry.set_version_tag("fraud", 1, &"k".repeat(501), "x")).0, Code::LimitExceeded);
    assert_eq!(refusal(registry.set_version_tag("fraud", 1, "k", &"x".repeat((16 << 20) + 1))).0, Code::LimitExceeded);
}

#[test]
fn a_store_that_is_opened_to_read_shows_the_registry_and_takes_no_change() {
    let dir = tempfile::tempdir().unwrap();
    let uri = dir.path().join("store").display().to_string();
    let store = Store::open(&uri).unwrap();
    let registry = versions(&store, 2);
    promote(&registry, 1).unwrap();
    drop(registry);
    store.close().unwrap();
    let read = Store::open_with(&OpenOptions { uri, read_only: true, ..OpenOptions::default() }).unwrap();
    let registry = as_of(&read, "ada");
    assert_eq!(registry.get_by_alias("fraud", "production").unwrap().version, 1);
    assert!(registry.status("fraud", 2, Stage::Production, "").unwrap().can_promote());
    assert_eq!(refusal(promote(&registry, 2)).0, Code::ReadOnly);
    assert_eq!(refusal(registry.approve("fraud", 2, Stage::Production)).0, Code::ReadOnly);
    assert_eq!(refusal(registry.rollback("fraud", "", None)).0, Code::ReadOnly);
    assert_eq!(refusal(registry.set_policies(&parse_policies("[default.production]").unwrap())).0, Code::ReadOnly);
}

/// Writes the records of `fraud` as they were before there were slots and manifests.
fn age(store: &Store) {
    let (storage, registry) = (store.storage(), store.registry());
    let range = KeyRange::all();
    let page = storage.scan(&range, &ScanOptions::default()).unwrap();
    assert!(!page.more);
    let mut ops = Vec::new();
    for (key, _) in page.entries {
        if key.starts_with(b"gl/") || key.starts_with(b"gr/") {
            ops.push(Op::delete(key));
        } else if key.starts_with(b"gv/") {
            let number = u64::from_be_bytes(*key.last_chunk().unwrap());
            let info = registry.get_version("fraud", number).unwrap().info;
            let head = (&info.description, &info.source, &info.run_id, &info.run_link, &info.model_id, info.status);
            let rest = (info.stage, &info.created_by, info.digest, info.is_foreign, info.created_at, info.updated_at);
            let first = (head, &info.status_message, rest);
            ops.push(Op::put(key, crate::base::stored::encode(&first).unwrap()));
        }
    }
    let done = storage.apply(&ops, Durability::Fast).unwrap();
    assert_eq!(done, Outcome::Applied);
}

#[test]
fn a_model_of_before_slots_and_manifests_goes_on_under_another_name() {
    let (store, _) = open();
    let registry = versions(&store, 3);
    for number in [1, 2] {
        promote(&registry, number).unwrap();
    }
    age(&store);
    registry.rename_model("fraud", "claims").unwrap();
    let slot = &registry.get_model("claims").unwrap().slots[""];
    assert_eq!((slot.generation, slot.production, slot.previous, slot.event), (2, Some(2), Some(1), 6));
    let scope = PolicyScope { model: None, stage: Stage::Production };
    let fields = json!({"approvals": 1, "self_approval": false}).as_object().cloned();
    registry.set_policies(&PolicyChanges::from([(scope, fields)])).unwrap();
    assert_eq!(refusal(registry.approve("claims", 3, Stage::Production)).0, Code::Denied, "ada made it");
    assert_eq!(registry.rollback("claims", "", Some(1)).unwrap().replaced, Some(2));
}

#[test]
fn a_model_of_before_slots_and_manifests_goes_on() {
    let (store, _) = open();
    let registry = versions(&store, 3);
    for number in [1, 2] {
        promote(&registry, number).unwrap();
    }
    age(&store);
    let model = registry.get_model("fraud").unwrap();
    let slot = &model.slots[""];
    assert_eq!((slot.generation, slot.production, slot.previous, slot.event), (2, Some(2), Some(1), 6));
    let version = registry.get_version("fraud", 2).unwrap();
    assert_eq!((version.info.stage, version.info.manifest), (Stage::Production, None));
    assert_eq!(registry.version_manifest("fraud", 2).unwrap(), None);
    assert!(registry.why("fraud", 2).unwrap().to_text().contains("made before there were manifests"));
    assert!(registry.card("fraud", 2).unwrap().to_json()["params"].is_null());
    let late = PromoteOptions { expect: Some(1), ..PromoteOptions::default() };
    assert!(refusal(registry.promote("fraud", 3, &late)).1.contains("by event 6 of ada"));
    set(&store, &json!({"approvals": 1, "self_approval": false}));
    assert_eq!(refusal(registry.approve("fraud", 3, Stage::Production)).0, Code::Denied, "ada made it");
    as_of(&store, "bob").approve("fraud", 3, Stage::Production).unwrap();
    promote(&registry, 3).unwrap();
    assert_eq!(registry.rollback("fraud", "", None).unwrap().version.version, 2);
    assert_eq!(registry.rollback("fraud", "", Some(1)).unwrap().generation, 5);
    registry.delete_version("fraud", 3).unwrap();
    registry.verify_events().unwrap();
}

#[test]
fn a_reason_looks_like_no_line_of_its_own_where_it_is_told() {
    let (store, _) = open();
    let registry = versions(&store, 1);
    let eve = By {
        actor: Some("eve\u{1b}[31m".into()),
        reason: Some("ok)\n    approved by bob, event 8 (looked at it".into()),
    };
    promote(&registry.by(eve), 1).unwrap();
    let why = registry.why("fraud", 1).unwrap();
    for text in [why.to_text(), store.lineage("fraud@1").unwrap().to_text()] {
        assert!(!text.lines().any(|line| line.trim_start().starts_with("approved by")), "{text}");
        assert!(text.contains("by eve[31m (ok)     approved by bob"), "{text}");
    }
    assert!(why.to_json()["event"]["reason"].as_str().unwrap().contains('\n'), "JSON has it as it was said");
}
