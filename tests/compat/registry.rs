//! Stores with a registry that older versions left. `MLOPS_MAKE_REGISTRY_FIXTURE=registry-v1 cargo test --test compat` makes the
//! store of what this version writes; those that are there never change.

use mlops_core::Store;
use mlops_core::registry::{
    By, ConsumerOptions, Event, GateOptions, GateResult, LocalRegistry, ModelQuery, ModelRegistry, ModelVersion, Next,
    PromoteOptions, SetPolicy, Stage, Tombstone, Verdict, VersionOptions, parse_policies,
};
use mlops_core::runs::{DatasetInput, RunExt, RunOptions, RunStatus};
use serde_json::{Value, json};

use crate::shown::{each, make_if_asked, open};

fn as_of(store: &Store, actor: &str) -> LocalRegistry {
    store.registry().by(By { actor: Some(actor.into()), reason: Some("a reason".into()) })
}

fn all<T>(items: &[T], one: impl Fn(&T) -> Value) -> Value {
    items.iter().map(one).collect()
}

/// Something of everything that a registry may have.
fn fill(store: &Store) {
    let options = RunOptions {
        run_id: Some("abc".into()),
        user: Some("ada".into()),
        source_name: Some("train.py".into()),
        ..RunOptions::default()
    };
    let run = store.runs().start(options).unwrap();
    run.log_bytes("model/weights.bin", b"weights").unwrap();
    run.log_param("depth", 3.into()).unwrap();
    run.log_metric("auc", 0.93, 0, None).unwrap();
    let input = DatasetInput {
        name: "clients".into(),
        digest: "4f1c".into(),
        source_type: "local".into(),
        source: "{}".into(),
        ..DatasetInput::default()
    };
    run.log_inputs(&[input.with_context("training")]).unwrap();
    run.end(RunStatus::Finished).unwrap();
    let (ada, bob) = (as_of(store, "ada"), as_of(store, "bob"));
    let of = |source: &str| VersionOptions { source: source.into(), ..VersionOptions::default() };
    for _ in 0..4 {
        ada.register("fraud-dev", &of("runs:/abc/model")).unwrap();
    }
    ada.rename_model("fraud-dev", "fraud").unwrap();
    ada.set_version_tag("fraud", 1, "long", &"text ".repeat(2_000)).unwrap();
    ada.set_model_tag("fraud", "team", "growth").unwrap();
    ada.describe_version("fraud", 2, Some("the second")).unwrap();
    ada.set_alias("fraud", "Champion", 1).unwrap();
    ada.set_alias("fraud", "gone", 1).unwrap();
    ada.delete_alias("fraud", "gone").unwrap();
    ada.promote("fraud", 1, &PromoteOptions::default()).unwrap();
    let policy =
        "[model.fraud.production]\napprovals = 1\nself_approval = false\ngate = \"auc\"\ngate_ttl = \"5000w\"\n";
    ada.set_policies(&parse_policies(policy).unwrap()).unwrap();
    let report = Some(format!("{{\"rows\": \"{}\"}}", "z".repeat(5_000)));
    let passed =
        GateOptions { report, data: Some("blake3:4f".into()), ..GateOptions::new("auc", Some(1), Verdict::Pass) };
    ada.record_gate_result("fraud", 2, &passed).unwrap();
    ada.request_approval("fraud", 2, Stage::Production).unwrap();
    assert!(ada.approve("fraud", 2, Stage::Production).is_err());
    bob.approve("fraud", 2, Stage::Production).unwrap();
    ada.promote("fraud", 2, &PromoteOptions::default()).unwrap();
    ada.rollback("fraud", "", None).unwrap();
    bob.reject("fraud", 3, Stage::Production).unwrap();
    ada.promote("fraud", 3, &PromoteOptions { to: Stage::Staging, ..PromoteOptions::default() }).unwrap();
    ada.delete_version("fraud", 4).unwrap();
    ada.register("churn", &of("s3://models/churn")).unwrap();
    ada.promote("churn", 1, &PromoteOptions { slot: "eu".into(), ..PromoteOptions::default() }).unwrap();
    ada.register("left", &of("models:/fraud/1")).unwrap();
    ada.delete_model("left").unwrap();
    let options = ConsumerOptions { name: Some("billing".into()), after: Some(0), ..ConsumerOptions::default() };
    ada.consumer(&options).unwrap().done(5).unwrap();
}

/// What a store shows of its registry.
fn shown(store: &Store) -> Value {
    let registry = store.registry();
    let versions = registry.search_versions(&ModelQuery::default()).unwrap().items;
    let models = registry.search_models(&ModelQuery::default()).unwrap().items;
    let events = registry.events(0, 1_000).unwrap();
    let head = registry.verify_log(None).unwrap();
    let gates: Vec<_> = versions.iter().flat_map(|of| registry.gate_results(&of.name, of.version).unwrap()).collect();
    let status = |of: &ModelVersion| registry.status(&of.name, of.version, Stage::Production, "").unwrap().to_json();
    let tombstones = ["fraud", "left"].map(|name| all(&registry.deleted_versions(name).unwrap(), Tombstone::to_json));
    let gone = registry.get_by_alias("fraud", "gone").unwrap_err().to_string();
    json!({
        "models": models,
        "versions": all(&versions, ModelVersion::to_json),
        "manifests": all(&versions, |of| json!(registry.version_manifest(&of.name, of.version).unwrap())),
        "status": all(&versions, status),
        "why": all(&versions, |of| registry.why(&of.name, of.version).unwrap().to_json()),
        "events": all(&events, Event::to_json),
        "head": [json!(head.seq), json!(head.hash.to_string())],
        "policies": all(&registry.policies().unwrap(), SetPolicy::to_json),
        "gates": all(&gates, GateResult::to_json),
        "tombstones": tombstones,
        "gone": gone,
        "lineage": store.lineage("fraud@production").unwrap().to_json(),
    })
}

#[test]
fn make_a_registry_if_asked() {
    make_if_asked("MLOPS_MAKE_REGISTRY_FIXTURE", fill, shown);
}

#[test]
fn every_older_registry_shows_what_it_showed_and_goes_on() {
    each("registry-", shown, |store| {
        let registry = as_of(store, "ada");
        let options = ConsumerOptions { name: Some("billing".into()), ..ConsumerOptions::default() };
        let Next::Event(event) = registry.consumer(&options).unwrap().next().unwrap() else { panic!("there are more") };
        assert_eq!(event.seq, 6);
        let made = registry
            .register("fraud", &VersionOptions { source: "runs:/abc/model".into(), ..VersionOptions::default() });
        assert_eq!(made.unwrap().version, 5, "numbers are not given again");
        assert_eq!(registry.rollback("fraud", "", Some(2)).unwrap().replaced, Some(1));
        registry.verify_log(None).unwrap();
    });
}

#[test]
fn a_registry_that_is_opened_for_reading_is_read_and_not_changed() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("store");
    let store = open(&folder, false);
    fill(&store);
    let found = shown(&store);
    store.close().unwrap();
    drop(store);
    let store = open(&folder, true);
    assert_eq!(shown(&store), found);
    let into = dir.path().join("files");
    let registry = as_of(&store, "ada");
    let at = registry.download_files("fraud", 1, None, &into).unwrap();
    assert_eq!(std::fs::read(at.join("weights.bin")).unwrap(), b"weights");
    let refused = [
        registry.register("fraud", &VersionOptions { source: "s3://x".into(), ..VersionOptions::default() }).map(drop),
        registry.promote("fraud", 3, &PromoteOptions::default()).map(drop),
        registry.rollback("fraud", "", Some(2)).map(drop),
        registry.set_alias("fraud", "a", 1),
        registry.approve("fraud", 3, Stage::Production).map(drop),
        registry.record_gate_result("fraud", 3, &GateOptions::new("auc", None, Verdict::Pass)).map(drop),
        registry.delete_version("fraud", 3),
        registry.delete_model("fraud"),
        registry.set_model_tag("fraud", "k", "v"),
        registry.consumer(&ConsumerOptions { name: Some("new".into()), ..ConsumerOptions::default() }).map(drop),
    ];
    for error in refused {
        assert_eq!(error.unwrap_err().code(), mlops_core::Code::ReadOnly);
    }
    assert_eq!(shown(&store), found);
}
