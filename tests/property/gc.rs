//! Whatever is logged, replaced, deleted and freed in whatever order: nothing that is referred to is ever lost, and
//! what nothing refers to goes.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use mlops_core::runs::{RunExt, RunOptions, RunStatus};
use mlops_core::{Code, Digest, GcOptions, GcReport, Store};
use proptest::prelude::*;

const RUNS: usize = 3;
const CONTENTS: u8 = 6;

#[derive(Clone, Debug)]
enum Step {
    File(usize, u8, u8),
    Tag(usize, u8, Option<u8>),
    Put(u8),
    End(usize),
    Delete(usize),
    Restore(usize),
    Gc { deleted_runs: bool },
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let run = 0..RUNS;
    let content = 0..CONTENTS;
    prop_oneof![
        5 => (run.clone(), 0..3_u8, content.clone()).prop_map(|(run, path, content)| Step::File(run, path, content)),
        3 => (run.clone(), 0..2_u8, proptest::option::of(content.clone())).prop_map(|(run, key, content)| Step::Tag(run, key, content)),
        1 => content.prop_map(Step::Put),
        1 => run.clone().prop_map(Step::End),
        1 => run.clone().prop_map(Step::Delete),
        1 => run.prop_map(Step::Restore),
        3 => any::<bool>().prop_map(|deleted_runs| Step::Gc { deleted_runs }),
        1 => Just(Step::Reopen),
    ]
}

/// The few contents that all runs share: text, so that a tag may have it, too long for a record; every third is large.
fn content(number: u8) -> String {
    char::from(b'a' + number).to_string().repeat(if number.is_multiple_of(3) {
        70_000
    } else {
        5_000 + usize::from(number) * 3_000
    })
}

#[derive(Clone, Debug, Default)]
struct Model {
    files: BTreeMap<u8, u8>,
    tags: BTreeMap<u8, u8>,
    deleted: bool,
}

struct Player<'a> {
    folder: &'a Path,
    store: Store,
    /// None: removed for good.
    runs: Vec<Option<Model>>,
}

impl Player<'_> {
    fn play(&mut self, step: &Step) {
        let runs = self.store.runs();
        let id = |run: usize| format!("run{run}");
        let logs = |run: usize| self.runs[run].as_ref().is_some_and(|model| !model.deleted);
        match *step {
            Step::File(run, path, number) if logs(run) => {
                runs.open(&id(run)).unwrap().log_bytes(&format!("file{path}"), content(number).as_bytes()).unwrap();
                self.runs[run].as_mut().unwrap().files.insert(path, number);
            }
            Step::Tag(run, key, number) if logs(run) => {
                let (handle, model) = (runs.open(&id(run)).unwrap(), self.runs[run].as_mut().unwrap());
                match number {
                    Some(number) => {
                        handle.set_tag(&format!("tag{key}"), &content(number)).unwrap();
                        model.tags.insert(key, number);
                    }
                    None => {
                        if model.tags.remove(&key).is_some() {
                            handle.delete_tag(&format!("tag{key}")).unwrap();
                        }
                    }
                }
            }
            Step::Put(number) => drop(self.store.blobs().put(content(number).as_bytes()).unwrap().to_string()),
            Step::End(run) if logs(run) => runs.open(&id(run)).unwrap().end(RunStatus::Finished).unwrap(),
            Step::Delete(run) | Step::Restore(run) => {
                let deleted = matches!(step, Step::Delete(_));
                let done = if deleted { runs.delete(&id(run)) } else { runs.restore(&id(run)) };
                match &mut self.runs[run] {
                    Some(model) => {
                        done.unwrap();
                        model.deleted = deleted;
                    }
                    None => assert_eq!(done.unwrap_err().code(), Code::NotFound),
                }
            }
            Step::Gc { deleted_runs } => self.gc(deleted_runs),
            Step::Reopen => {
                self.store = Store::open("memory:").unwrap();
                self.store = Store::open(self.folder.to_str().unwrap()).unwrap();
            }
            Step::File(..) | Step::Tag(..) | Step::End(_) => {}
        }
    }

    fn gc(&mut self, deleted_runs: bool) {
        let options = GcOptions { dry_run: true, older_than: Duration::ZERO, deleted_runs };
        let counted = self.store.gc(&options).unwrap();
        let report = self.store.gc(&GcOptions { dry_run: false, ..options }).unwrap();
        assert_eq!(report, GcReport { dry_run: false, ..counted });
        if deleted_runs {
            for run in &mut self.runs {
                *run = run.take().filter(|model| !model.deleted);
            }
        }
        let live = self.check();
        let dead = (0..CONTENTS).filter(|number| !live.contains(number));
        let left: Vec<u8> = dead.filter(|number| self.size(*number).is_some()).collect();
        // Small ones that share a pack with more that is alive.
        assert!(left.iter().all(|number| content(*number).len() < 65_536), "{left:?} are left");
        let bytes: usize = left.iter().map(|number| content(*number).len()).sum();
        assert!(bytes as u64 <= report.kept.bytes && left.len() as u64 <= report.kept.count, "{left:?}, {report:?}");
    }

    fn size(&self, number: u8) -> Option<u64> {
        self.store.blobs().size(&Digest::of(content(number).as_bytes())).unwrap()
    }

    /// Every run has what it should have; returns the contents that are referred to.
    fn check(&self) -> BTreeSet<u8> {
        let mut live = BTreeSet::new();
        for (number, model) in self.runs.iter().enumerate() {
            let id = format!("run{number}");
            let Some(model) = model else {
                assert_eq!(self.store.runs().get(&id).unwrap_err().code(), Code::NotFound);
                continue;
            };
            let data = self.store.runs().get(&id).unwrap();
            for (path, number) in &model.files {
                let found = self.store.runs().read_artifact(&id, &format!("file{path}")).unwrap();
                assert!(found == content(*number).as_bytes(), "file{path} of {id}");
                assert!(self.size(*number).is_some());
                live.insert(*number);
            }
            for (key, number) in &model.tags {
                assert!(data.tags[&format!("tag{key}")] == content(*number), "tag{key} of {id}");
                assert!(self.size(*number).is_some());
                live.insert(*number);
            }
        }
        live
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_is_referred_to_is_lost_and_the_rest_goes(steps in proptest::collection::vec(step(), 1..50)) {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("store");
        let store = Store::open(folder.to_str().unwrap()).unwrap();
        for run in 0..RUNS {
            store.runs().start(RunOptions { run_id: Some(format!("run{run}")), ..RunOptions::default() }).unwrap();
        }
        let mut player = Player { folder: &folder, store, runs: vec![Some(Model::default()); RUNS] };
        for step in &steps {
            player.play(step);
        }
        player.gc(true);
        player.play(&Step::Reopen);
        player.check();
        drop(player);
        let report = mlops_core::fsck(folder.to_str().unwrap(), false).unwrap();
        prop_assert!(report.findings.is_empty() && report.lost.is_empty(), "{report:?}");
    }
}
