//! A registry that uses all that there is, and what it answers.

use std::collections::BTreeMap;

use serde_json::json;

use crate::base::time::Timestamp;
use crate::error::Code;
use crate::registry::{
    By, GateOptions, INTENDED_USE, LocalRegistry, ModelQuery, ModelRegistry, PolicyChanges, PolicyScope,
    PromoteOptions, Stage, StageOptions, Verdict, VersionOptions,
};
use crate::runs::{ArtifactSource, Content, RunOptions, RunStatus};
use crate::store::Store;

/// The registry, used by somebody for a reason.
pub(super) fn as_of(store: &Store, actor: &str) -> LocalRegistry {
    store.registry().by(By { actor: Some(actor.into()), reason: Some(format!("{actor} says so")) })
}

pub(super) fn set_policy(store: &Store, model: Option<&str>, stage: Stage, fields: &serde_json::Value) {
    let scope = PolicyScope { model: model.map(str::to_owned), stage };
    store.registry().set_policies(&PolicyChanges::from([(scope, fields.as_object().cloned())])).unwrap();
}

pub(super) fn gate(store: &Store, name: &str, number: u64, baseline: Option<u64>, verdict: Verdict) {
    let report = json!({"metrics": {"auc": 0.9}, "slices": [], "text": "x".repeat(9_000)}).to_string();
    let options = GateOptions {
        data: Some("blake3:data".into()),
        report: Some(report),
        rules: Some("blake3:rules".into()),
        metrics: BTreeMap::from([("auc".into(), 0.9)]),
        ..GateOptions::new("auc", baseline, verdict)
    };
    as_of(store, "ci").record_gate_result(name, number, &options).unwrap();
}

pub(super) fn promote(store: &Store, name: &str, number: u64, slot: &str) {
    let options = PromoteOptions { slot: slot.into(), ..PromoteOptions::default() };
    as_of(store, "ops").promote(name, number, &options).unwrap();
}

/// Policies, approvals, gates, two slots, a rollback, deleted versions, and a model that was deleted and made again.
pub(super) fn govern(store: &Store) {
    let run = store.runs().start(RunOptions { bare: true, ..RunOptions::default() }).unwrap();
    run.log_param("lr", 0.1.into()).unwrap();
    let file = |path: &str, bytes: &'static [u8]| ArtifactSource { path: path.into(), content: Content::Bytes(bytes) };
    run.log_files(&[file("model/MLmodel", b"{}"), file("uv.lock", b"locked")]).unwrap();
    run.end(RunStatus::Finished).unwrap();
    let (ada, bob) = (as_of(store, "ada"), as_of(store, "bob"));
    let source = format!("runs:/{}/model", run.id());
    let options = VersionOptions { source, ..VersionOptions::default() };
    set_policy(store, None, Stage::Production, &json!({"protect_production": true}));
    let guarded =
        json!({"approvals": 1, "self_approval": false, "gate": "auc", "require": ["run"], "approval_ttl": "14d"});
    set_policy(store, Some("First Name"), Stage::Production, &guarded);
    set_policy(store, Some("First Name"), Stage::Staging, &json!({"require_reason": true}));
    set_policy(store, Some("nobody yet"), Stage::Staging, &json!({"approvals": 2}));
    for _ in 0..5 {
        ada.register("First Name", &options).unwrap();
    }
    ada.rename_model("First Name", "guarded").unwrap();
    ada.set_version_tag("guarded", 1, INTENDED_USE, "claims").unwrap();
    assert_eq!(ada.approve("guarded", 1, Stage::Production).unwrap_err().code(), Code::Denied);
    gate(store, "guarded", 1, None, Verdict::Pass);
    ada.request_approval("guarded", 1, Stage::Production).unwrap();
    bob.approve("guarded", 1, Stage::Production).unwrap();
    promote(store, "guarded", 1, "");
    promote(store, "guarded", 1, "eu");
    gate(store, "guarded", 2, Some(1), Verdict::Fail);
    gate(store, "guarded", 2, Some(1), Verdict::Pass);
    bob.approve("guarded", 2, Stage::Production).unwrap();
    promote(store, "guarded", 2, "");
    promote(store, "guarded", 2, "eu");
    as_of(store, "ops").rollback("guarded", "", None).unwrap();
    ada.set_stage("guarded", 3, Stage::Staging, StageOptions::default()).unwrap();
    ada.request_approval("guarded", 3, Stage::Production).unwrap();
    as_of(store, "eve").reject("guarded", 3, Stage::Production).unwrap();
    bob.approve("guarded", 4, Stage::Production).unwrap();
    bob.withdraw("guarded", 4, Stage::Production).unwrap();
    ada.request_approval("guarded", 5, Stage::Staging).unwrap();
    ada.delete_version("guarded", 5).unwrap();
    ada.set_alias("guarded", "Canary", 3).unwrap();
    ada.delete_alias("guarded", "canary").unwrap();
    ada.set_alias("guarded", "challenger", 3).unwrap();
    for _ in 0..2 {
        ada.register("Reborn", &options).unwrap();
    }
    promote(store, "Reborn", 1, "");
    ada.force_delete_model("Reborn").unwrap();
    ada.register("reborn", &options).unwrap();
    promote(store, "reborn", 3, "US");
}

/// What the registry answers to all questions.
pub(super) fn answers(store: &Store) -> Vec<String> {
    let registry = store.registry();
    let mut lines = vec![format!("{:?}", registry.log_head().unwrap())];
    lines.extend(registry.policies().unwrap().iter().map(|set| set.to_json().to_string()));
    lines.extend(registry.pending().unwrap().iter().map(|pending| pending.to_json().to_string()));
    let times: Vec<Timestamp> = registry.events(0, 100_000).unwrap().iter().map(|event| event.at).collect();
    let mut names = vec!["first name".to_owned(), "gone".into()];
    for model in registry.search_models(&ModelQuery::default()).unwrap().items {
        for alias in ["production", "previous", "canary", "champion", "challenger"] {
            let found = registry.get_by_alias(&model.name, alias);
            lines.push(match found {
                Ok(found) => format!("{alias} {}", found.version),
                Err(e) => e.to_string(),
            });
        }
        for number in 1..10 {
            let Ok(why) = registry.why(&model.name, number) else {
                lines.push(registry.get_version(&model.name, number).unwrap_err().to_string());
                continue;
            };
            lines.push(why.to_json().to_string());
            lines.push(registry.card(&model.name, number).unwrap().to_json().to_string());
            for (stage, slot) in [(Stage::Staging, ""), (Stage::Production, ""), (Stage::Production, "eu")] {
                let status = registry.status(&model.name, number, stage, slot).unwrap();
                lines.push(status.to_json().to_string());
            }
            lines.push(format!("{:?}", registry.version_manifest(&model.name, number).unwrap()));
        }
        names.push(model.name);
    }
    for name in names {
        lines.extend(registry.history(&name).unwrap().iter().map(|event| format!("{name}: {}", event.to_json())));
        lines.extend(registry.deleted_versions(&name).unwrap().iter().map(|left| left.to_json().to_string()));
        for at in &times {
            for (stage, slot) in [(Stage::Staging, ""), (Stage::Production, ""), (Stage::Production, "eu")] {
                lines.push(format!("{name} {at}: {:?}", registry.version_at(&name, stage, slot, *at).unwrap()));
            }
        }
    }
    let head = registry.log_head().unwrap();
    assert_eq!(registry.verify_log(Some(head)).unwrap(), head);
    assert_eq!(registry.lost(true).unwrap(), Vec::<String>::new());
    lines
}
