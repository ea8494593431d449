//! The model registry, with the store that keeps and mends it.

use std::sync::Barrier;
use std::time::Duration;

use crate::error::Code;
use crate::logged_models::LoggedModelOptions;
use crate::registry::{
    Action, By, FilesOf, GateOptions, LocalRegistry, ModelQuery, ModelRegistry, PolicyChanges, PolicyScope,
    PromoteOptions, Stage, StageOptions, Verdict, VersionOptions,
};
use crate::runs::{ArtifactSource, Content, RunOptions, RunStatus};
use crate::store::{GcOptions, Store};

fn store() -> Store {
    Store::open("memory:").unwrap()
}

fn elsewhere() -> VersionOptions {
    VersionOptions { source: "s3://models/tree".into(), ..VersionOptions::default() }
}

fn from(source: String) -> VersionOptions {
    VersionOptions { source, must_exist: true, ..VersionOptions::default() }
}

/// A run with a model, and its id.
fn trained(store: &Store) -> String {
    let run = store.runs().start(RunOptions::default()).unwrap();
    let file = |path: &str, bytes: &'static [u8]| ArtifactSource { path: path.into(), content: Content::Bytes(bytes) };
    run.log_files(&[file("model/MLmodel", b"{}"), file("model/data/weights", b"weights"), file("other", b"x")])
        .unwrap();
    run.end(RunStatus::Finished).unwrap();
    run.id().to_owned()
}

fn numbers(registry: &LocalRegistry, name: &str) -> Vec<u64> {
    let query = ModelQuery { filter: format!("name = '{name}'"), ..ModelQuery::default() };
    registry.search_versions(&query).unwrap().items.into_iter().map(|version| version.version).collect()
}

fn stage_of(registry: &LocalRegistry, number: u64) -> Stage {
    registry.get_version("tree", number).unwrap().info.stage
}

#[test]
fn a_number_is_never_given_again() {
    let store = store();
    let registry = store.registry();
    for _ in 0..3 {
        registry.register("tree", &elsewhere()).unwrap();
    }
    registry.delete_version("tree", 3).unwrap();
    assert_eq!(registry.register("tree", &elsewhere()).unwrap().version, 4);
    registry.delete_model("tree").unwrap();
    assert_eq!(registry.get_model("tree").unwrap_err().code(), Code::NotFound);
    assert_eq!(registry.register("Tree", &elsewhere()).unwrap().version, 5);
    registry.rename_model("tree", "forest").unwrap();
    assert_eq!(registry.register("tree", &elsewhere()).unwrap().version, 6);
    assert_eq!(registry.register("forest", &elsewhere()).unwrap().version, 6);
    registry.delete_model("tree").unwrap();
    assert_eq!(registry.rename_model("forest", "tree").unwrap_err().code(), Code::Conflict, "`tree` had another 6");
    registry.delete_version("forest", 6).unwrap();
    registry.rename_model("forest", "tree").unwrap();
    assert_eq!(registry.register("tree", &elsewhere()).unwrap().version, 7);
    assert_eq!(numbers(&registry, "tree"), [7, 5]);
}

#[test]
fn a_version_from_elsewhere_keeps_its_number_if_that_was_not_given_yet() {
    let store = store();
    let registry = store.registry();
    let numbered = |number| VersionOptions { number: Some(number), ..elsewhere() };
    assert_eq!(registry.register("tree", &numbered(3)).unwrap().version, 3);
    for number in [0, 2, 3] {
        assert_eq!(registry.register("tree", &numbered(number)).unwrap_err().code(), Code::Conflict);
    }
    assert_eq!(registry.register("tree", &elsewhere()).unwrap().version, 4);
}

#[test]
fn a_registration_that_fails_leaves_no_model_behind() {
    let store = store();
    let registry = store.registry();
    assert_eq!(registry.register("tree", &from("runs:/none/model".into())).unwrap_err().code(), Code::NotFound);
    let options = VersionOptions { tags: vec![(" ".into(), "x".into())], ..elsewhere() };
    assert_eq!(registry.register("tree", &options).unwrap_err().code(), Code::InvalidArgument);
    assert_eq!(registry.create_version("tree", &elsewhere()).unwrap_err().code(), Code::NotFound);
    assert!(registry.find_model("tree").unwrap().is_none());
    assert!(registry.events(0, 10).unwrap().is_empty());
}

#[test]
fn names_are_the_same_in_any_case() {
    let store = store();
    let registry = store.registry();
    registry.create_model("Tree", Some("of decisions"), &[("team".into(), "growth".into())]).unwrap();
    assert_eq!(registry.create_model("tree", None, &[]).unwrap_err().code(), Code::AlreadyExists);
    let found = registry.get_model("TREE").unwrap();
    assert_eq!((found.name.as_str(), found.description.as_deref()), ("Tree", Some("of decisions")));
    assert_eq!(registry.rename_model("Tree", "tree").unwrap().name, "tree");
    registry.register("tree", &elsewhere()).unwrap();
    registry.set_alias("tree", "Champion", 1).unwrap();
    assert_eq!(registry.set_alias("tree", "champion", 1).unwrap_err().code(), Code::Conflict);
    assert_eq!(registry.get_by_alias("tree", "champion").unwrap().version, 1);
}

#[test]
fn an_alias_points_to_one_version_and_goes_with_it() {
    let store = store();
    let registry = store.registry();
    for _ in 0..2 {
        registry.register("tree", &elsewhere()).unwrap();
    }
    registry.set_alias("tree", "champion", 1).unwrap();
    registry.set_alias("tree", "best", 1).unwrap();
    registry.set_alias("tree", "champion", 2).unwrap();
    assert_eq!(registry.get_version("tree", 1).unwrap().aliases, ["best"]);
    assert_eq!(registry.get_model("tree").unwrap().aliases["champion"], 2);
    assert_eq!(registry.set_alias("tree", "champion", 9).unwrap_err().code(), Code::NotFound);
    assert_eq!(registry.set_alias("tree", "latest", 1).unwrap_err().code(), Code::InvalidArgument);
    registry.delete_version("tree", 2).unwrap();
    assert_eq!(registry.get_by_alias("tree", "champion").unwrap_err().code(), Code::NotFound);
    assert!(!registry.delete_alias("tree", "champion").unwrap());
    assert!(registry.delete_alias("tree", "best").unwrap());
}

#[test]
fn one_version_is_in_production_and_its_alias_agrees() {
    let store = store();
    let registry = store.registry();
    for _ in 0..3 {
        registry.register("tree", &elsewhere()).unwrap();
    }
    let moved = |number, stage| registry.set_stage("tree", number, stage, StageOptions::default()).unwrap();
    moved(1, Stage::Production);
    moved(2, Stage::Production);
    assert_eq!((stage_of(&registry, 1), stage_of(&registry, 2)), (Stage::Archived, Stage::Production));
    registry.set_alias("tree", "production", 3).unwrap();
    assert_eq!((stage_of(&registry, 2), stage_of(&registry, 3)), (Stage::Archived, Stage::Production));
    moved(1, Stage::Production);
    assert_eq!(registry.get_by_alias("tree", "production").unwrap().version, 1);
    registry.delete_alias("tree", "production").unwrap();
    assert_eq!(stage_of(&registry, 1), Stage::None);
    let found = registry.latest_versions("tree", &[]).unwrap();
    let found: Vec<_> = found.into_iter().map(|version| (version.version, version.info.stage)).collect();
    assert_eq!(found, [(1, Stage::None), (3, Stage::Archived)]);
    let events = registry.events(0, 100).unwrap().len();
    moved(1, Stage::None);
    assert_eq!(registry.events(0, 100).unwrap().len(), events, "what changes nothing is no event");
}

#[test]
fn existing_versions_are_archived_where_that_is_asked_for() {
    let store = store();
    let registry = store.registry();
    for _ in 0..3 {
        registry.register("tree", &elsewhere()).unwrap();
    }
    let archive = StageOptions { archive_existing: true, ..StageOptions::default() };
    for number in [1, 2] {
        registry.set_stage("tree", number, "staging".parse().unwrap(), StageOptions::default()).unwrap();
    }
    assert_eq!((stage_of(&registry, 1), stage_of(&registry, 2)), (Stage::Staging, Stage::Staging));
    registry.set_stage("tree", 3, Stage::Staging, archive).unwrap();
    assert_eq!((stage_of(&registry, 1), stage_of(&registry, 2)), (Stage::Archived, Stage::Archived));
    assert_eq!(registry.history("tree").unwrap().last().unwrap().archived, [1, 2]);
    let refused = registry.set_stage("tree", 3, Stage::Archived, archive).unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!("produktion".parse::<Stage>().unwrap_err().code(), Code::InvalidArgument);
}

#[test]
fn of_two_who_promote_at_once_one_wins_and_the_other_is_told() {
    let store = store();
    let registry = store.registry();
    for _ in 0..8 {
        registry.register("tree", &elsewhere()).unwrap();
    }
    let expect = Some(registry.get_model("tree").unwrap().generation);
    let all = Barrier::new(8);
    let results: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (1..=8)
            .map(|number| {
                let (registry, all) = (&registry, &all);
                scope.spawn(move || {
                    all.wait();
                    registry.set_stage(
                        "tree",
                        number,
                        Stage::Production,
                        StageOptions { expect, ..StageOptions::default() },
                    )
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    let lost = results.into_iter().filter_map(Result::err);
    assert!(lost.map(|e| e.code()).all(|code| code == Code::Conflict));
    let moved = registry.history("tree").unwrap().into_iter().filter(|event| event.action == Action::StageChanged);
    assert_eq!(moved.count(), 1);
}

#[test]
fn threads_that_register_at_once_get_numbers_without_a_gap() {
    let store = store();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..10 {
                    store.registry().register("tree", &elsewhere()).unwrap();
                }
            });
        }
    });
    assert_eq!(numbers(&store.registry(), "tree"), (1..=80).rev().collect::<Vec<_>>());
    assert_eq!(store.registry().verify_events().unwrap(), 81);
}

#[test]
fn a_version_keeps_its_files_when_its_run_is_gone() {
    let store = store();
    let registry = store.registry();
    let run = trained(&store);
    let made = registry.register("tree", &from(format!("runs:/{run}/model"))).unwrap();
    assert_eq!(made.info.run_id.as_deref(), Some(run.as_str()));
    let model = LoggedModelOptions { experiment_id: "0".into(), foreign: true, ..LoggedModelOptions::default() };
    let model = store.logged_models().create(model).unwrap().model_id;
    let file = ArtifactSource { path: "MLmodel".into(), content: Content::Bytes(b"{ }") };
    store.logged_models().log_files(&model, &[file]).unwrap();
    let of_model = registry.register("tree", &from(format!("models:/{model}"))).unwrap();
    assert!(of_model.info.is_foreign && !made.info.is_foreign, "what was brought in is foreign");
    store.logged_models().delete_files(&model, None).unwrap();
    store.runs().delete(&run).unwrap();
    let all = GcOptions { dry_run: false, older_than: Duration::ZERO, deleted_runs: true };
    assert_eq!(store.gc(&all).unwrap().runs, 1);
    let top = |number| -> Vec<String> {
        let found = registry.list_files("tree", number, None).unwrap();
        found.into_iter().map(|file| file.path).collect()
    };
    assert_eq!((top(1), top(2)), (vec!["MLmodel".to_owned(), "data".to_owned()], vec!["MLmodel".to_owned()]));
    let folder = tempfile::tempdir().unwrap();
    registry.download_files("tree", 1, None, folder.path()).unwrap();
    assert_eq!(std::fs::read(folder.path().join("data/weights")).unwrap(), b"weights");
    // A copy has them when the first is gone, and when all are gone so are the files.
    let copy = registry.copy_version("tree", 1, "copy").unwrap();
    assert_eq!((copy.version, copy.info.source.as_str(), copy.info.digest), (1, "models:/tree/1", made.info.digest));
    registry.delete_model("tree").unwrap();
    store.gc(&all).unwrap();
    assert_eq!(registry.list_files("copy", 1, Some("data")).unwrap().len(), 1);
    let digest = registry.list_files("copy", 1, Some("data")).unwrap()[0].digest.unwrap();
    registry.delete_version("copy", 1).unwrap();
    store.gc(&all).unwrap();
    assert_eq!(store.blobs().size(&digest).unwrap(), None);
}

#[test]
fn a_version_of_files_that_are_elsewhere_says_so() {
    let store = store();
    let registry = store.registry();
    registry.create_model("tree", None, &[]).unwrap();
    let unknown = VersionOptions { source: "runs:/none/model".into(), ..VersionOptions::default() };
    let made = registry.create_version("tree", &unknown).unwrap();
    assert_eq!((made.info.run_id.as_deref(), made.info.digest), (Some("none"), None));
    assert_eq!(registry.list_files("tree", 1, None).unwrap_err().code(), Code::InvalidState);
    assert_eq!(registry.register("tree", &from("s3://x".into())).unwrap_err().code(), Code::NotFound);
}

#[test]
fn a_version_of_a_version_is_named_by_a_number_whatever_word_led_to_it() {
    let store = store();
    let registry = store.registry();
    registry.register("tree", &from(format!("runs:/{}/model", trained(&store)))).unwrap();
    registry.set_alias("tree", "best", 1).unwrap();
    let digest = registry.get_version("tree", 1).unwrap().info.digest;
    assert!(digest.is_some());
    for uri in ["models:/tree@best", "models:/tree/latest", "models:/tree@latest", "models:/tree/None", "models:tree/1"]
    {
        for made in [
            registry.register("copies", &from(uri.into())).unwrap(),
            registry.create_version("copies", &VersionOptions { must_exist: false, ..from(uri.into()) }).unwrap(),
        ] {
            assert_eq!((made.info.source.as_str(), made.info.digest), ("models:/tree/1", digest), "{uri}");
        }
    }
    let files = Some(FilesOf::Version { name: "tree".into(), number: 1 });
    let named = VersionOptions { files, ..from("s3://of/the/caller".into()) };
    let made = registry.register("copies", &named).unwrap();
    assert_eq!((made.info.source.as_str(), made.info.digest), ("s3://of/the/caller", digest));
    for (uri, told) in [
        ("models:/tree@champion", "alias `champion` does not exist of the registered model `tree`"),
        ("models:/tree/Staging", "`tree` has no version in `Staging`"),
        ("models:/tree/best", "an alias is named by models:/tree@best"),
    ] {
        let error = registry.register("copies", &from(uri.into())).unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
        let options = VersionOptions { must_exist: false, ..from(uri.into()) };
        let made = registry.create_version("copies", &options).unwrap();
        assert_eq!((made.info.source.as_str(), made.info.digest, made.info.run_id), (uri, None, None));
    }
}

#[test]
fn a_copy_of_a_version_whose_files_are_elsewhere_says_where_they_are() {
    let store = store();
    let registry = store.registry();
    registry.register("tree", &elsewhere()).unwrap();
    let place = elsewhere().source;
    assert_eq!(registry.copy_version("tree", 1, "copies").unwrap().info.source, place);
    let again = VersionOptions { source: "models:/copies/1".into(), ..VersionOptions::default() };
    assert_eq!(registry.create_version("copies", &again).unwrap().info.source, place);
}

#[test]
fn the_latest_version_is_found_as_an_alias_and_counts_all_slots() {
    let store = store();
    let registry = store.registry();
    assert_eq!(registry.get_by_alias("tree", "latest").unwrap_err().code(), Code::NotFound);
    registry.create_model("tree", None, &[]).unwrap();
    let error = registry.get_by_alias("tree", "Latest").unwrap_err();
    assert_eq!(error.to_string(), "model version `tree/latest` does not exist: `tree` has no version");
    for (number, slot) in [(1, ""), (2, "eu")] {
        registry.register("tree", &elsewhere()).unwrap();
        registry.promote("tree", number, &PromoteOptions { slot: slot.into(), ..PromoteOptions::default() }).unwrap();
    }
    for uri in ["models:/tree/latest", "models:/tree@latest"] {
        assert_eq!(registry.version_of_uri(uri).unwrap().version, 2, "{uri}");
    }
    registry.delete_version("tree", 2).unwrap();
    assert_eq!(registry.get_by_alias("tree", "LATEST").unwrap().version, 1);
}

#[test]
fn damaged_files_are_damage_and_no_missing_artifact() {
    let folder = tempfile::tempdir().unwrap();
    let uri = folder.path().join("store").display().to_string();
    let store = Store::open(&uri).unwrap();
    let run = store.runs().start(RunOptions::default()).unwrap();
    let content = vec![7_u8; 100_000];
    run.log_files(&[ArtifactSource { path: "model/w.bin".into(), content: Content::Bytes(&content) }]).unwrap();
    let source = format!("runs:/{}/model", run.id());
    std::fs::remove_dir_all(folder.path().join("store/blobs/objects")).unwrap();
    for must_exist in [true, false] {
        let options = VersionOptions { must_exist, ..from(source.clone()) };
        let error = store.registry().register("tree", &options).unwrap_err();
        assert_eq!(error.code(), Code::Corrupt);
        assert!(error.to_string().starts_with("model/w.bin is damaged: its bytes are damaged or gone"), "{error}");
    }
}

#[test]
fn every_change_says_who_made_it_and_why_in_a_log_that_hangs_together() {
    let store = store();
    let because = |reason: &str| store.registry().by(By { actor: Some("ada".into()), reason: Some(reason.into()) });
    let registry = because("first");
    registry.register("tree", &elsewhere()).unwrap();
    registry.set_model_tag("tree", "team", "growth").unwrap();
    registry.set_version_tag("tree", 1, "long", &"x".repeat(100_000)).unwrap();
    registry.describe_version("tree", 1, Some("small")).unwrap();
    assert!(registry.delete_model_tag("tree", "team").unwrap());
    assert!(!registry.delete_model_tag("tree", "team").unwrap());
    because("good").set_stage("tree", 1, Stage::Production, StageOptions::default()).unwrap();
    because("old").delete_model("tree").unwrap();
    let events = registry.history("tree").unwrap();
    assert_eq!(events.iter().map(|event| event.seq).collect::<Vec<_>>(), (1..=8).collect::<Vec<_>>());
    let moved = &events[6];
    assert_eq!((moved.actor.name.as_str(), moved.actor.name_from.as_str()), ("ada", "argument"));
    assert_eq!((moved.reason.as_deref(), moved.generation), (Some("good"), Some((0, 1))));
    assert_eq!((moved.from.as_deref(), moved.to.as_deref()), (Some("None"), Some("Production")));
    assert_eq!(registry.verify_events().unwrap(), 8);
    assert_eq!(registry.events(6, 1).unwrap(), std::slice::from_ref(moved));
    // Somebody changes what is stored.
    let storage = store.storage();
    let page = storage.scan(&crate::storage::KeyRange::all(), &crate::storage::ScanOptions::default()).unwrap();
    let (key, value) = page.entries.iter().find(|(key, _)| key.starts_with(b"ge/") && key.ends_with(&[7])).unwrap();
    let at = value.windows(3).position(|part| part == b"ada").unwrap();
    let mut forged = value.clone();
    forged[at] = b'o';
    let op = crate::storage::Op::put(key.clone(), forged);
    assert_eq!(storage.apply(&[op], crate::storage::Durability::Fast).unwrap(), crate::storage::Outcome::Applied);
    let broken = registry.verify_events().unwrap_err();
    assert!(broken.to_string().contains("event 7 does not match its hash"), "{broken}");
    assert!(registry.lost(false).unwrap().iter().any(|line| line.contains("event 7")));
}

#[test]
fn a_gc_removes_what_a_deleted_model_has_left_behind() {
    let store = store();
    let registry = store.registry();
    registry.register("tree", &elsewhere()).unwrap();
    registry.register("forest", &elsewhere()).unwrap();
    registry.set_alias("tree", "best", 1).unwrap();
    let entries = || {
        let all = crate::storage::KeyRange::all();
        let page = store.storage().scan(&all, &crate::storage::ScanOptions::default()).unwrap();
        page.entries.into_iter().map(|(key, _)| key).collect::<Vec<_>>()
    };
    // As if its process had been killed when the record was gone.
    let record = entries().into_iter().find(|key| key.starts_with(b"gm/") && key.ends_with(&[1])).unwrap();
    let gone = [crate::storage::Op::delete(record)];
    assert_eq!(
        store.storage().apply(&gone, crate::storage::Durability::Fast).unwrap(),
        crate::storage::Outcome::Applied
    );
    let is_part = |key: &Vec<u8>| [b"gv/", b"gs/", b"ga/"].iter().any(|part| key.starts_with(*part));
    assert_eq!(entries().iter().filter(|key| is_part(key)).count(), 5);
    store.gc(&GcOptions { dry_run: false, ..GcOptions::default() }).unwrap();
    assert_eq!(entries().iter().filter(|key| is_part(key)).count(), 2);
    assert_eq!(numbers(&registry, "forest"), [1]);
}

#[test]
fn models_and_versions_are_searched_by_page() {
    let store = store();
    let registry = store.registry();
    for name in ["b", "a", "c"] {
        registry.create_model(name, None, &[("kind".into(), format!("{name}x"))]).unwrap();
    }
    for run in ["r1", "r2", "r3"] {
        let options = VersionOptions { run_id: Some(run.into()), ..elsewhere() };
        registry.register("b", &options).unwrap();
    }
    let names = |query: &ModelQuery| -> Vec<String> {
        registry.search_models(query).unwrap().items.into_iter().map(|model| model.name).collect()
    };
    let mut query = ModelQuery { max_results: 2, ..ModelQuery::default() };
    assert_eq!(names(&query), ["a", "b"]);
    query.page_token = registry.search_models(&query).unwrap().next_page_token;
    assert_eq!(names(&query), ["c"]);
    query.order_by = vec!["name DESC".into()];
    assert_eq!(registry.search_models(&query).unwrap_err().code(), Code::InvalidArgument, "of another query");
    let filter = |filter: &str| ModelQuery { filter: filter.into(), ..ModelQuery::default() };
    assert_eq!(names(&filter("tags.kind LIKE 'b%' OR name = 'c'")), ["b", "c"]);
    let versions = |query: &ModelQuery| -> Vec<u64> {
        registry.search_versions(query).unwrap().items.into_iter().map(|version| version.version).collect()
    };
    assert_eq!(versions(&filter("name = 'b' AND run_id IN ('r1', 'r3')")), [3, 1]);
    assert_eq!(versions(&filter("version_number > 1 AND source_path ILIKE 'S3:%'")), [3, 2]);
    assert_eq!(registry.search_models(&filter("metrics.a > 1")).unwrap_err().code(), Code::InvalidArgument);
}

#[test]
fn what_a_version_has_lost_is_told_and_a_repair_keeps_the_rest_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let uri = folder.path().join("store").display().to_string();
    let opened = Store::open(&uri).unwrap();
    let run = opened.runs().start(RunOptions::default()).unwrap();
    let content = vec![7_u8; 100_000];
    run.log_files(&[ArtifactSource { path: "model/w.bin".into(), content: Content::Bytes(&content) }]).unwrap();
    run.end(RunStatus::Finished).unwrap();
    let registry = opened.registry();
    registry.register("tree", &from(format!("runs:/{}/model", run.id()))).unwrap();
    registry.set_version_tag("tree", 1, "long", &"z".repeat(70_000)).unwrap();
    registry.set_version_tag("tree", 1, "short", "kept").unwrap();
    opened.close().unwrap();
    drop((run, registry, opened));
    assert!(crate::store::fsck(&uri, false).unwrap().lost.is_empty());
    // Blobs of this size are files of their own.
    std::fs::remove_dir_all(folder.path().join("store/blobs/objects")).unwrap();
    let lost = crate::store::fsck(&uri, false).unwrap().lost;
    let tells = |what: &str| lost.iter().any(|line| line.contains(what));
    assert!(tells("the file `w.bin` of version 1 of the registered model tree"), "{lost:?}");
    assert!(tells("a tag of version 1 of the registered model tree"), "{lost:?}");
    crate::store::fsck(&uri, true).unwrap();
    let found = Store::open(&uri).unwrap().registry().get_version("tree", 1).unwrap();
    assert_eq!(found.tags.into_iter().collect::<Vec<_>>(), [("short".to_owned(), "kept".to_owned())]);
}

#[test]
fn a_report_of_a_gate_that_is_lost_is_named_and_what_the_gate_said_stays() {
    let folder = tempfile::tempdir().unwrap();
    let uri = folder.path().join("store").display().to_string();
    let opened = Store::open(&uri).unwrap();
    let registry = opened.registry();
    registry.register("tree", &elsewhere()).unwrap();
    let gate = serde_json::json!({"gate": "auc"});
    let scope = PolicyScope { model: Some("tree".into()), stage: Stage::Production };
    registry.set_policies(&PolicyChanges::from([(scope, gate.as_object().cloned())])).unwrap();
    let report = format!("{{\"rows\": \"{}\"}}", "z".repeat(70_000));
    let options = GateOptions { report: Some(report), ..GateOptions::new("auc", None, Verdict::Pass) };
    registry.record_gate_result("tree", 1, &options).unwrap();
    opened.close().unwrap();
    drop((registry, opened));
    assert!(crate::store::fsck(&uri, false).unwrap().lost.is_empty());
    // Blobs of this size are files of their own.
    std::fs::remove_dir_all(folder.path().join("store/blobs/objects")).unwrap();
    let lost = crate::store::fsck(&uri, false).unwrap().lost;
    let told: Vec<_> = lost.iter().filter(|line| line.contains("report of a gate")).collect();
    assert_eq!(told.len(), 1, "{lost:?}");
    assert!(told[0].starts_with("a report of a gate of version 1 of the registered model tree (blake3:"), "{told:?}");
    crate::store::fsck(&uri, true).unwrap();
    let registry = Store::open(&uri).unwrap().registry();
    assert!(registry.promote("tree", 1, &PromoteOptions::default()).unwrap().changed, "the verdict counts");
}
