//! Stores that older versions left open, and show what they showed. `MLOPS_MAKE_FIXTURE=v1 cargo test --test compat`
//! makes the store of a new format from what this version writes; those that are there never change.

#![expect(clippy::unwrap_used, reason = "a suite: what is not there fails it")]

#[path = "../support/killed.rs"]
mod killed;

mod gates;
mod registry;
mod shown;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The child that fills a store. Not a test of its own.
#[test]
fn child() {
    killed::fill_if_child();
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("compat")
}

/// What a store shows, as it stands in the file beside it. When a killed process last lived is in the times of its
/// files, which a checkout does not keep.
fn shown(store: &Path, read_only: bool) -> BTreeMap<String, String> {
    let items = killed::read(store, read_only).unwrap();
    let mut items: BTreeMap<_, _> = items.into_iter().map(|(name, text)| (name, text.unwrap())).collect();
    let left = items.get_mut("run left").unwrap();
    assert!(left.contains("KILLED"), "{left}");
    let mut run: serde_json::Value = serde_json::from_str(left).unwrap();
    run.get_mut("info").unwrap().as_object_mut().unwrap().remove("ended_at").unwrap();
    *left = run.to_string();
    items
}

/// What of a store is kept: not the index, which is made again, and not who held it.
fn keep(store: &Path) {
    std::fs::remove_dir_all(store.join("index")).unwrap();
    for name in ["lock", "owner"] {
        std::fs::remove_file(store.join(name)).unwrap();
    }
}

/// The stores whose names begin so.
fn stores(prefix: &str) -> Vec<PathBuf> {
    let paths = std::fs::read_dir(fixtures()).unwrap().map(|entry| entry.unwrap().path());
    let named = |path: &PathBuf| path.is_dir() && path.file_name().unwrap().to_string_lossy().starts_with(prefix);
    paths.filter(named).collect()
}

#[test]
fn make_a_fixture_if_asked() {
    let Ok(name) = std::env::var("MLOPS_MAKE_FIXTURE") else { return };
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store");
    killed::made(&store);
    keep(&store);
    let expected = shown(&store, true);
    killed::copy(&store, &fixtures().join(&name));
    let text = serde_json::to_string_pretty(&expected).unwrap() + "\n";
    std::fs::write(fixtures().join(format!("{name}.json")), text).unwrap();
}

#[test]
fn every_older_store_opens_and_shows_what_it_showed() {
    let mut count = 0;
    for path in stores("v") {
        let expected: BTreeMap<String, String> =
            serde_json::from_slice(&std::fs::read(path.with_extension("json")).unwrap()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let store = dir.path().join("store");
        killed::copy(&path, &store);
        let name = path.file_name().unwrap().display();
        assert_eq!(shown(&store, true), expected, "{name}");
        let uri = store.display().to_string();
        assert_eq!(mlops_core::fsck(&uri, false).unwrap().findings, [], "{name}");
        for _ in 0..2 {
            assert_eq!(shown(&store, false), expected, "{name}");
        }
        count += 1;
    }
    assert!(count > 0);
}

#[test]
fn a_run_of_an_older_store_is_made_again_from_the_copy_of_its_record() {
    for name in ["v1", "v2"] {
        let path = fixtures().join(name);
        let expected: BTreeMap<String, String> =
            serde_json::from_slice(&std::fs::read(path.with_extension("json")).unwrap()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let store = dir.path().join("store");
        killed::copy(&path, &store);
        for lost in ["journal", "spool"] {
            std::fs::remove_dir_all(store.join(lost)).unwrap();
        }
        std::fs::create_dir(store.join("spool")).unwrap();
        let report = mlops_core::fsck(&store.display().to_string(), true).unwrap();
        assert!(report.made_again.contains(&"whole".to_owned()), "{name}: {report:?}");
        let store = mlops_core::Store::open(&store.display().to_string()).unwrap();
        let run = serde_json::to_string(&store.runs().get("whole").unwrap()).unwrap();
        assert_eq!(Some(&run), expected.get("run whole"), "{name}");
    }
}
