//! Lineage across pillars, also of what is gone.

use std::collections::BTreeSet;

use crate::error::Code;
use crate::lineage::{Lineage, NodeState};
use crate::logged_models::{LoggedModelOptions, ModelLinks};
use crate::registry::{By, GateOptions, LocalRegistry, ModelRegistry, PromoteOptions, Stage, Verdict, VersionOptions};
use crate::runs::{DatasetInput, RunExt, RunOptions, RunStatus};
use crate::store::Store;

/// A data set, two runs of which one is the other's parent, a logged model, and versions of it, of a run and of a version.
fn sample() -> (Store, LocalRegistry) {
    let store = Store::open("memory:").unwrap();
    for (id, parent) in [("up", None), ("abc", Some("up"))] {
        let options =
            RunOptions { run_id: Some(id.into()), parent_run_id: parent.map(str::to_owned), ..RunOptions::default() };
        let run = store.runs().start(options).unwrap();
        let input = DatasetInput {
            name: format!("clients of {id}"),
            digest: format!("4f1c{id}"),
            source_type: "local".into(),
            ..DatasetInput::default()
        };
        run.log_inputs(&[input.with_context("training")]).unwrap();
        run.log_bytes("model/weights.bin", b"weights").unwrap();
        run.end(RunStatus::Finished).unwrap();
    }
    let options = LoggedModelOptions {
        model_id: Some("m-1".into()),
        experiment_id: "0".into(),
        name: Some("forest".into()),
        source_run_id: Some("abc".into()),
        ..LoggedModelOptions::default()
    };
    store.logged_models().create(options).unwrap();
    let links = ModelLinks { inputs: Vec::new(), outputs: vec![("m-1".into(), 0)] };
    store.logged_models().link("abc", &links).unwrap();
    let registry = store.registry().by(By { actor: Some("ada".into()), reason: Some("better".into()) });
    let of = |source: &str| VersionOptions { source: source.into(), ..VersionOptions::default() };
    registry.register("fraud", &of("models:/m-1")).unwrap();
    registry.register("fraud", &of("runs:/abc/model")).unwrap();
    registry.copy_version("fraud", 2, "fraud-eu").unwrap();
    (store, registry)
}

fn ids(graph: &Lineage) -> BTreeSet<&str> {
    graph.nodes.iter().map(|node| node.id.as_str()).collect()
}

fn edges(graph: &Lineage) -> Vec<String> {
    graph.edges.iter().map(|edge| format!("{} {} {}", edge.from, edge.kind.as_str(), edge.to)).collect()
}

#[test]
fn a_version_knows_what_it_was_made_of_and_where_it_is() {
    let (store, registry) = sample();
    registry.record_gate_result("fraud", 1, &GateOptions::new("auc", None, Verdict::Pass)).unwrap();
    registry.approve("fraud", 1, Stage::Production).unwrap();
    registry.promote("fraud", 1, &PromoteOptions::default()).unwrap();
    registry.set_alias("fraud", "champion", 1).unwrap();
    let graph = store.lineage("fraud@production").unwrap();
    assert_eq!(graph, store.lineage("models:/fraud/1").unwrap());
    assert_eq!(graph, store.lineage("models:/fraud/Production").unwrap());
    assert_eq!(
        edges(&graph),
        [
            "dataset:4f1cabc used run:abc",
            "dataset:4f1cup used run:up",
            "logged_model:m-1 registered version:fraud/1",
            "run:abc logged logged_model:m-1",
            "run:up contains run:abc",
            "version:fraud/1 is_in alias:fraud@champion",
            "version:fraud/1 is_in stage:fraud/Production/",
        ]
    );
    let root = graph.get("version:fraud/1").unwrap();
    assert!(root.notes[0].starts_with("gate `auc`: pass against nothing, event "), "{root:?}");
    assert!(root.notes[1].starts_with("approved for Production by ada, event "), "{root:?}");
    let stage = graph.get("stage:fraud/Production/").unwrap();
    assert!(stage.notes[0].contains("None -> Production by ada (better)"), "{stage:?}");
    let text = graph.to_text();
    assert!(text.contains("dataset clients of abc 4f1cabc") && text.contains("used for training"), "{text}");
    assert!(graph.is_whole && graph.to_mermaid().contains("-->|is in|"));
}

#[test]
fn a_data_set_and_a_run_know_what_became_of_them() {
    let (store, _) = sample();
    let graph = store.lineage("dataset:4f1cup").unwrap();
    let all = BTreeSet::from([
        "dataset:4f1cup",
        "run:up",
        "run:abc",
        "logged_model:m-1",
        "version:fraud/1",
        "version:fraud/2",
        "version:fraud-eu/1",
    ]);
    assert_eq!(ids(&graph), all);
    assert!(edges(&graph).contains(&"version:fraud/2 copied version:fraud-eu/1".into()));
    assert_eq!(store.lineage("4f1cup").unwrap(), graph, "a bare digest is one");
    assert_eq!(ids(&store.lineage("runs:/abc/model").unwrap()).len(), 8, "with both data sets");
    assert_eq!(store.lineage("abc").unwrap().root, "run:abc");
    assert_eq!(store.lineage("models:/m-1").unwrap().root, "logged_model:m-1");
    assert_eq!(store.lineage("models:/fraud/latest").unwrap().root, "version:fraud/2");
}

#[test]
fn what_is_gone_is_told_of() {
    let (store, registry) = sample();
    store.runs().delete("abc").unwrap();
    store.logged_models().delete("m-1").unwrap();
    registry.delete_version("fraud", 2).unwrap();
    let graph = store.lineage("fraud-eu@1").unwrap();
    let gone = graph.get("version:fraud/2").unwrap();
    assert_eq!(gone.state, NodeState::Deleted);
    assert!(gone.notes[0].starts_with("deleted by ada, event ") && gone.notes[0].ends_with("(better)"), "{gone:?}");
    assert_eq!(graph.get("run:abc").unwrap().state, NodeState::Deleted);
    assert!(graph.get("dataset:4f1cup").is_some(), "beyond what is gone");
    assert_eq!(store.lineage("fraud@2").unwrap().root, "version:fraud/2");
    assert!(ids(&store.lineage("runs:/up").unwrap()).contains("version:fraud/2"));
    registry.delete_model("fraud").unwrap();
    let graph = store.lineage("models:/fraud/1").unwrap();
    assert_eq!(graph.get("version:fraud/1").unwrap().state, NodeState::Deleted);
    assert_eq!(graph.get("logged_model:m-1").unwrap().state, NodeState::Deleted);
}

#[test]
fn a_source_elsewhere_and_a_run_that_nobody_has_are_unknown() {
    let (store, registry) = sample();
    let options = VersionOptions {
        source: "s3://bucket/model".into(),
        run_id: Some("elsewhere".into()),
        ..VersionOptions::default()
    };
    registry.register("other", &options).unwrap();
    let graph = store.lineage("other@1").unwrap();
    assert_eq!(graph.get("run:elsewhere").map(|node| node.state), Some(NodeState::Unknown));
    registry.register("other", &VersionOptions { run_id: None, ..options }).unwrap();
    let graph = store.lineage("other@2").unwrap();
    assert_eq!(graph.get("source:s3://bucket/model").map(|node| node.state), Some(NodeState::Unknown));
    for (what, code) in [
        ("nobody", Code::NotFound),
        ("fraud@9", Code::NotFound),
        ("none@1", Code::NotFound),
        ("dataset:00", Code::NotFound),
        ("runs:/none", Code::NotFound),
        ("models:/fraud/Stagin", Code::InvalidArgument),
    ] {
        let error = store.lineage(what).unwrap_err();
        assert_eq!(error.code(), code, "{what}: {error}");
    }
    let error = store.lineage("nobody").unwrap_err().to_string();
    assert!(error.contains("fraud@5") && error.contains("nobody"), "{error}");
}
