use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::base::clock::SystemClock;
use crate::base::ids::{IdSource, TimeOrderedIds};
use crate::blob::memory::MemoryBlobs;
use crate::logged_models::{LoggedModelOptions, LoggedModelParts, LoggedModelStatus, ModelLinks, ModelPoint};
use crate::runs::{ArtifactSource, Content, Runs, RunsOptions, View};
use crate::spool::Spool;
use crate::storage::memory::MemoryStorage;
use crate::storage::{Capabilities, ScanOptions, ScanPage, Storage};

/// A storage that takes so many commits and then none.
#[derive(Debug, Default)]
struct Failing {
    inner: MemoryStorage,
    left: AtomicUsize,
}

impl Storage for Failing {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.inner.get(key)
    }

    fn scan(&self, range: &KeyRange, options: &ScanOptions) -> Result<ScanPage> {
        self.inner.scan(range, options)
    }

    fn apply(&self, ops: &[Op], durability: Durability) -> Result<Outcome> {
        let left = self.left.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| left.checked_sub(1));
        if left.is_err() {
            return Err(Error::io("write", std::path::Path::new("journal"), std::io::Error::other("no more")));
        }
        self.inner.apply(ops, durability)
    }

    fn flush(&self) -> Result<()> {
        self.inner.flush()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }
}

fn open() -> (Arc<Failing>, LoggedModels) {
    let storage = Arc::new(Failing { left: usize::MAX.into(), ..Failing::default() });
    let ids: Arc<dyn IdSource> = Arc::new(TimeOrderedIds);
    let blobs: Arc<MemoryBlobs> = Arc::default();
    let runs = Runs::new(RunsOptions {
        storage: storage.clone(),
        blobs,
        spool: Spool::memory(&ids),
        clock: Arc::new(SystemClock),
        ids,
        read_only: false,
        unowned: None,
    });
    (storage, LoggedModels::new(runs.unwrap()))
}

fn entries(storage: &Failing) -> Vec<Vec<u8>> {
    let mut keys = Vec::new();
    // Runs and experiments stand elsewhere.
    for_each_entry(storage, KeyRange::prefix(b"m".as_slice()), |key, _| {
        keys.push(key.to_vec());
        Ok(())
    })
    .unwrap();
    keys
}

fn point(number: i64) -> ModelPoint {
    ModelPoint {
        key: "loss".into(),
        value: 0.5,
        step: number,
        at: Timestamp::from_micros(number),
        run_id: "r".into(),
        dataset_name: None,
        dataset_digest: None,
    }
}

/// A model with one of everything, and so many points.
fn make(models: &LoggedModels, id: &str, points: i64) {
    let run = models.runs.start(crate::runs::RunOptions::default()).unwrap();
    let text = vec![("key".to_owned(), "value".to_owned())];
    let options = LoggedModelOptions {
        model_id: Some(id.into()),
        experiment_id: "0".into(),
        params: text.clone(),
        tags: text,
        status: LoggedModelStatus::Ready,
        ..LoggedModelOptions::default()
    };
    let parts = LoggedModelParts {
        files: vec![ArtifactSource { path: "weights.bin".into(), content: Content::Bytes(b"weights") }],
        points: (0..points).map(point).collect(),
        output_of: Some((run.id().into(), 3)),
    };
    models.create_with(options, &parts).unwrap();
    let other = models.runs.start(crate::runs::RunOptions::default()).unwrap();
    let links = ModelLinks { inputs: vec![id.into()], outputs: Vec::new() };
    models.link(other.id(), &links).unwrap();
}

#[test]
fn nothing_of_a_removed_model_is_left_and_all_of_others() {
    let (storage, models) = open();
    make(&models, "m-kept", 2);
    let before = entries(&storage);
    make(&models, "m-gone", 2);
    models.delete("m-gone").unwrap();
    assert_eq!(models.remove("m-gone").unwrap(), 7);
    assert_eq!(entries(&storage), before);
    assert_eq!(models.remove("m-gone").unwrap_err().code(), Code::NotFound);
    assert_eq!(models.remove("m-kept").unwrap_err().code(), Code::InvalidState);
}

/// What is removed of a model with so many points and so long an id is more than a commit holds.
const POINTS: i64 = 8_000;

fn long_id() -> String {
    format!("m-{}", "x".repeat(80))
}

#[test]
fn a_removal_that_was_cut_short_after_any_commit_is_gone_on_with() {
    let id = long_id();
    for after in 0.. {
        let (storage, models) = open();
        make(&models, "m-kept", 1);
        let before = entries(&storage);
        make(&models, &id, POINTS);
        models.delete(&id).unwrap();
        storage.left.store(after, Ordering::Release);
        let done = models.remove(&id);
        storage.left.store(usize::MAX, Ordering::Release);
        match models.get(&id) {
            // Wholly there, to be restored as it was.
            Ok(found) => assert!(after == 0 && done.is_err() && found.points.len() as u64 == POINTS.unsigned_abs()),
            Err(e) => assert_eq!(e.code(), Code::NotFound),
        }
        assert_eq!(models.list(&[], View::Active).unwrap().len(), 1);
        let leaving = models.leaving(|_| true).unwrap();
        assert_eq!(leaving.left.len(), usize::from(after > 0 && done.is_err()));
        models.remove_all(&leaving).unwrap();
        assert_eq!(entries(&storage), before, "{after} commits");
        if done.is_ok() {
            assert!(after > 2, "it was not more than one commit");
            break;
        }
    }
}

#[test]
fn an_id_whose_model_is_on_its_way_out_is_free_at_once() {
    let (storage, models) = open();
    let id = long_id();
    make(&models, &id, POINTS);
    models.delete(&id).unwrap();
    storage.left.store(1, Ordering::Release);
    models.remove(&id).unwrap_err();
    storage.left.store(usize::MAX, Ordering::Release);
    let options = LoggedModelOptions { model_id: Some(id.clone()), ..LoggedModelOptions::default() };
    models.create(LoggedModelOptions { experiment_id: "0".into(), ..options }).unwrap();
    let found = models.get(&id).unwrap();
    assert!(found.points.is_empty() && found.params.is_empty(), "the model before had these");
    assert!(models.leaving(|_| true).unwrap().left.is_empty());
}

#[test]
fn making_a_model_fails_before_or_after_any_commit_and_never_says_that_it_is_whole() {
    for points in [1, 20_000] {
        for after in 0..12 {
            let (storage, models) = open();
            storage.left.store(after, Ordering::Release);
            let options = LoggedModelOptions { model_id: Some("m-1".into()), ..LoggedModelOptions::default() };
            let status = LoggedModelStatus::Ready;
            let parts = LoggedModelParts { points: (0..points).map(point).collect(), ..LoggedModelParts::default() };
            let options = LoggedModelOptions { experiment_id: "0".into(), status, ..options };
            let done = models.create_with(options, &parts);
            match models.get("m-1") {
                Ok(found) if found.model.status == LoggedModelStatus::Ready => {
                    assert_eq!(found.points.len() as u64, points.unsigned_abs());
                }
                Ok(found) => assert!(done.is_err() && found.model.status == LoggedModelStatus::Pending),
                Err(e) => assert!(done.is_err() && e.code() == Code::NotFound),
            }
        }
    }
}
