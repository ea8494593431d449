use std::fs;
use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::blob::memory::MemoryBlobs;
use crate::error::Code;
use crate::runs::{RunExt, RunOptions, RunStatus, RunsOptions};
use crate::spool::Spool;
use crate::storage::memory::MemoryStorage;
use crate::workflows::log_model;

fn open(storage: &Arc<MemoryStorage>, blobs: &Arc<MemoryBlobs>) -> Runs {
    let ids: Arc<dyn IdSource> = Arc::new(TimeOrderedIds);
    Runs::new(RunsOptions {
        storage: storage.clone(),
        blobs: blobs.clone(),
        spool: Spool::memory(&ids),
        clock: Arc::new(SystemClock),
        ids,
        read_only: false,
        unowned: None,
    })
    .unwrap()
}

/// The runs of a new store in memory.
pub(in crate::workflows) fn memory() -> Runs {
    open(&Arc::default(), &Arc::default())
}

fn logged(runs: &Runs) -> String {
    let local = tempfile::NamedTempFile::new().unwrap();
    fs::write(local.path(), b"from a file").unwrap();
    let model = SavedModel::builder()
        .flavor("toy", json!({"data": "weights.bin"}))
        .file("weights.bin", vec![7; 5000])
        .local_file("data/notes.txt", local.path())
        .build()
        .unwrap();
    let run = runs.start(RunOptions::default()).unwrap();
    let manifest = log_model(&*run, "models/best", &model).unwrap();
    assert_eq!(manifest.run_id.as_deref(), Some(run.id()));
    assert_eq!(manifest.artifact_path.as_deref(), Some("models/best"));
    let time = manifest.utc_time_created.unwrap();
    assert!(time.get(10..11) == Some(" ") && !time.contains('Z'), "{time}");
    run.end(RunStatus::Finished).unwrap();
    format!("runs:/{}/models/best", run.id())
}

#[test]
fn a_model_comes_back_after_the_store_was_closed() {
    let dir = tempfile::tempdir().unwrap();
    let (storage, blobs) = (Arc::default(), Arc::default());
    let runs = open(&storage, &blobs);
    let uri = logged(&runs);
    drop(runs);

    let runs = open(&storage, &blobs);
    let model = load_model(&runs, &uri).unwrap();
    assert_eq!(model.read("weights.bin").unwrap(), [7; 5000]);
    assert_eq!(model.read("data/notes.txt").unwrap(), b"from a file");
    let error = model.read("none").unwrap_err();
    assert!(error.code() == Code::NotFound && error.to_string().contains("data/notes.txt, weights.bin"), "{error}");

    let folder = download_model(&runs, &uri, &dir.path().join("out")).unwrap();
    assert_eq!(open_model_folder(&folder).unwrap(), model.manifest);
    assert_eq!(fs::read(folder.join("data/notes.txt")).unwrap(), b"from a file");
}

#[test]
fn a_flipped_byte_anywhere_in_a_downloaded_model_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let runs = memory();
    let folder = download_model(&runs, &logged(&runs), dir.path()).unwrap();
    for name in ["weights.bin", "data/notes.txt", "MLmodel"] {
        let file = folder.join(name);
        let whole = fs::read(&file).unwrap();
        for at in [0, whole.len() / 2, whole.len() - 2] {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x40;
            fs::write(&file, damaged).unwrap();
            let error = open_model_folder(&folder).unwrap_err();
            assert!(error.code() == Code::Corrupt && error.to_string().contains(name), "{name}, byte {at}: {error}");
        }
        fs::write(&file, &whole[..whole.len() - 2]).unwrap();
        assert_eq!(open_model_folder(&folder).unwrap_err().code(), Code::Corrupt, "{name} cut");
        fs::remove_file(&file).unwrap();
        assert_eq!(open_model_folder(&folder).unwrap_err().code(), Code::NotFound, "{name} gone");
        fs::write(&file, whole).unwrap();
    }
    open_model_folder(&folder).unwrap();
    fs::write(folder.join("data/more.txt"), "x").unwrap();
    let error = open_model_folder(&folder).unwrap_err();
    assert!(error.code() == Code::Corrupt && error.to_string().contains("data/more.txt"), "{error}");
}

#[test]
fn artifacts_that_were_changed_after_the_model_was_logged_are_found() {
    let runs = memory();
    let uri = logged(&runs);
    let run_id = uri.split('/').nth(1).unwrap();
    let run = runs.open(run_id).unwrap();

    run.log_bytes("models/best/extra.bin", b"x").unwrap();
    let error = load_model(&runs, &uri).unwrap_err();
    assert!(error.code() == Code::Corrupt && error.to_string().contains("extra.bin"), "{error}");

    let uri = logged(&runs);
    let run = runs.open(uri.split('/').nth(1).unwrap()).unwrap();
    run.log_bytes("models/best/weights.bin", &[8; 5000]).unwrap();
    let error = load_model(&runs, &uri).unwrap_err();
    assert!(error.code() == Code::Corrupt && error.to_string().contains("weights.bin"), "{error}");
    assert_eq!(download_model(&runs, &uri, tempfile::tempdir().unwrap().path()).unwrap_err().code(), Code::Corrupt);
}

#[test]
fn what_is_no_model_is_said_so() {
    let runs = memory();
    let run = runs.start(RunOptions::default()).unwrap();
    run.log_bytes("folder/file", b"x").unwrap();
    let load = |uri: &str| load_model(&runs, uri).unwrap_err();
    for uri in ["model", "runs:/", "runs:/abc", "runs:/abc/", "runs:/abc/../x", "models:/name/1"] {
        assert_eq!(load(uri).code(), Code::InvalidArgument, "{uri}");
    }
    let error = load(&format!("runs:/{}/folder", run.id()));
    assert!(error.code() == Code::NotFound && error.to_string().contains("MLmodel"), "{error}");
    assert_eq!(load("runs:/none/model").code(), Code::NotFound);
    assert_eq!(open_model_folder(Path::new("/none/at/all")).unwrap_err().code(), Code::NotFound);
}

#[test]
fn a_model_that_cannot_be_logged_whole_is_not_logged() {
    let dir = tempfile::tempdir().unwrap();
    let local = dir.path().join("weights");
    fs::write(&local, b"x").unwrap();
    let model = SavedModel::builder().flavor("toy", json!({})).file("a", "a").local_file("b", &local).build().unwrap();
    fs::remove_file(&local).unwrap();
    let runs = memory();
    let run = runs.start(RunOptions::default()).unwrap();
    assert_eq!(log_model(&*run, "model", &model).unwrap_err().code(), Code::NotFound);
    assert!(runs.list_artifacts(run.id(), None).unwrap().is_empty());
}
