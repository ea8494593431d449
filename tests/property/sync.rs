//! Stores that log, move and sync in any order and direction hold what a set of edits for each run says: the newer wins, what
//! changed in both is a conflict, and nothing is lost.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use mlops_core::runs::{RunExt, RunOptions, RunStatus};
use mlops_core::{OnConflict, OpenOptions, Store, SyncOptions, sync};
use proptest::prelude::*;

const STORES: usize = 3;

#[derive(Clone, Debug)]
enum Edit {
    Param,
    Tag(u8),
    Metric(u8),
    Series,
    File(u8),
    End,
    Move,
}

#[derive(Clone, Debug)]
enum Step {
    Start(usize),
    /// A store, one of its runs, what is logged.
    Edit(usize, usize, Edit),
    /// From, to, whether the source is opened for reading, and what a conflict does.
    Sync(usize, usize, bool, bool),
    Reopen(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let store = 0..STORES;
    let edit = prop_oneof![
        2 => Just(Edit::Param),
        2 => (0..3_u8).prop_map(Edit::Tag),
        3 => (0..3_u8).prop_map(Edit::Metric),
        1 => Just(Edit::Series),
        2 => (0..2_u8).prop_map(Edit::File),
        1 => Just(Edit::End),
        1 => Just(Edit::Move),
    ];
    prop_oneof![
        2 => store.clone().prop_map(Step::Start),
        6 => (store.clone(), 0..6_usize, edit).prop_map(|(store, run, edit)| Step::Edit(store, run, edit)),
        6 => (store.clone(), store.clone(), any::<bool>(), any::<bool>())
            .prop_map(|(from, to, read_only, theirs)| Step::Sync(from, to, read_only, theirs)),
        1 => store.prop_map(Step::Reopen),
    ]
}

/// The edits that a run in a store is made of, by run.
type Model = BTreeMap<String, BTreeSet<u32>>;

struct Player<'a> {
    folder: &'a Path,
    stores: Vec<Option<Store>>,
    models: Vec<Model>,
    edits: u32,
}

fn options(from: &str, read_only: bool) -> OpenOptions {
    OpenOptions { uri: from.into(), read_only, ..OpenOptions::default() }
}

/// All that a store shows of a run.
fn shown(store: &Store, run: &str) -> String {
    let runs = store.runs();
    let mut data = runs.get(run).unwrap();
    data.info.experiment_id = runs.get_experiment(&data.info.experiment_id).unwrap().name;
    let mut lines = vec![format!("{data:?}")];
    for key in data.metrics.keys() {
        let points = runs.metric_history(run, key).unwrap();
        lines.extend(points.points().map(|(step, at, value)| format!("{key} {step} {at} {:x}", value.to_bits())));
    }
    for file in runs.list_artifacts(run, None).unwrap() {
        lines.push(format!("{file:?} {}", runs.read_artifact(run, &file.path).unwrap().len()));
    }
    lines.join("\n")
}

impl<'a> Player<'a> {
    fn new(folder: &'a Path) -> Self {
        let mut player =
            Self { folder, stores: (0..STORES).map(|_| None).collect(), models: vec![Model::new(); STORES], edits: 0 };
        (0..STORES).for_each(|store| player.open(store));
        // Experiments have other ids in each.
        for (number, store) in player.stores.iter().enumerate() {
            (0..number)
                .for_each(|n| drop(store.as_ref().unwrap().runs().ensure_experiment(&format!("own {n}")).unwrap()));
        }
        player
    }

    fn uri(&self, store: usize) -> String {
        self.folder.join(format!("store-{store}")).display().to_string()
    }

    fn open(&mut self, store: usize) {
        self.stores[store] = Some(Store::open_with(&options(&self.uri(store), false)).unwrap());
    }

    fn store(&self, store: usize) -> &Store {
        self.stores[store].as_ref().unwrap()
    }

    fn edit(&mut self) -> u32 {
        self.edits += 1;
        self.edits
    }

    fn play(&mut self, step: &Step) {
        match step {
            Step::Start(store) => {
                let number = self.edit();
                let id = format!("run-{number}");
                let options = RunOptions {
                    run_id: Some(id.clone()),
                    experiment_name: Some(format!("experiment {}", number % 2)),
                    ..RunOptions::default()
                };
                self.store(*store).runs().start(options).unwrap();
                self.models[*store].insert(id, BTreeSet::from([number]));
            }
            Step::Edit(store, run, edit) => {
                let Some(id) = self.models[*store].keys().nth(*run).cloned() else { return };
                let number = self.edit();
                self.log(*store, &id, edit, number);
                self.models[*store].get_mut(&id).unwrap().insert(number);
            }
            Step::Sync(from, to, read_only, theirs) => {
                if from != to {
                    self.sync(*from, *to, *read_only, *theirs);
                }
            }
            Step::Reopen(store) => {
                let before: Vec<(String, String)> =
                    self.models[*store].keys().map(|run| (run.clone(), shown(self.store(*store), run))).collect();
                self.stores[*store] = None;
                self.open(*store);
                // Runs that this process left open count as killed.
                for (run, before) in before {
                    if shown(self.store(*store), &run) != before {
                        let number = self.edit();
                        self.models[*store].get_mut(&run).unwrap().insert(number);
                    }
                }
            }
        }
    }

    fn log(&self, store: usize, id: &str, edit: &Edit, number: u32) {
        let runs = self.store(store).runs();
        let run = runs.open(id).unwrap();
        match edit {
            Edit::Param => run.log_param(&format!("param {number}"), i64::from(number).into()).unwrap(),
            Edit::Tag(key) => run.set_tag(&format!("tag {key}"), &number.to_string()).unwrap(),
            Edit::Metric(key) => {
                let value = if number.is_multiple_of(5) { f64::NAN } else { f64::from(number) };
                run.log_metric(&format!("metric {key}"), value, number.into(), None).unwrap();
            }
            Edit::Series => run.log_series("series", &[], &[], &vec![f64::from(number); 1_500]).unwrap(),
            Edit::File(path) => run.log_bytes(&format!("file {path}"), number.to_string().as_bytes()).unwrap(),
            Edit::End => run.end(RunStatus::Finished).unwrap(),
            Edit::Move => {
                let into = runs.ensure_experiment(&format!("moved {number}")).unwrap();
                runs.move_to_experiment(&[id], &into.experiment_id).unwrap();
            }
        }
    }

    fn sync(&mut self, from: usize, to: usize, read_only: bool, theirs: bool) {
        let on_conflict = if theirs { OnConflict::Theirs } else { OnConflict::Skip };
        let sync_options = || SyncOptions { on_conflict, ..SyncOptions::default() };
        let source = if read_only {
            Store::open_with(&options(&self.uri(from), true)).unwrap()
        } else {
            self.store(from).clone()
        };
        let before: BTreeMap<String, String> =
            self.models[to].keys().map(|run| (run.clone(), shown(self.store(to), run))).collect();
        let planned = sync(&source, self.store(to), &SyncOptions { dry_run: true, ..sync_options() }).unwrap();
        let report = sync(&source, self.store(to), &sync_options()).unwrap();
        assert_eq!((&planned.new, &planned.updated, &planned.ahead), (&report.new, &report.updated, &report.ahead));
        assert_eq!((planned.unchanged, &planned.conflicts), (report.unchanged, &report.conflicts));
        assert!(report.failed.is_empty() && report.skipped.is_empty(), "{report:?}");
        let mut unchanged = 0;
        for (run, theirs_has) in self.models[from].clone() {
            let has = |runs: &[String]| runs.contains(&run);
            let Some(ours_has) = self.models[to].get(&run).cloned() else {
                assert!(has(&report.new), "{run} is new: {report:?}");
                self.takes(from, to, &run, &source);
                continue;
            };
            let conflict = report.conflicts.iter().any(|conflict| conflict.run_id == run);
            if theirs_has == ours_has {
                unchanged += 1;
                assert_eq!(shown(self.store(to), &run), before[&run]);
            } else if theirs_has.is_superset(&ours_has) {
                assert!(has(&report.updated), "{run} has grown from {ours_has:?} to {theirs_has:?}: {report:?}");
                self.takes(from, to, &run, &source);
            } else if ours_has.is_superset(&theirs_has) {
                assert!(has(&report.ahead), "{run} is newer here: {ours_has:?} than {theirs_has:?}: {report:?}");
                assert_eq!(shown(self.store(to), &run), before[&run]);
            } else {
                assert!(conflict, "{run} changed in both: {ours_has:?} and {theirs_has:?}: {report:?}");
                if theirs {
                    self.takes(from, to, &run, &source);
                } else {
                    assert_eq!(shown(self.store(to), &run), before[&run]);
                }
            }
        }
        assert_eq!(report.unchanged, unchanged, "{report:?}");
        // What the source does not have is as it was.
        for (run, before) in before.iter().filter(|(run, _)| !self.models[from].contains_key(*run)) {
            assert_eq!(&shown(self.store(to), run), before);
        }
        let again = sync(&source, self.store(to), &sync_options()).unwrap();
        assert_eq!((again.new.len(), again.updated.len(), again.blobs), (0, 0, 0), "{again:?}");
    }

    fn takes(&mut self, from: usize, to: usize, run: &str, source: &Store) {
        assert_eq!(shown(self.store(to), run), shown(source, run));
        let edits = self.models[from][run].clone();
        self.models[to].insert(run.into(), edits);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(14), ..ProptestConfig::default() })]

    #[test]
    fn stores_that_sync_in_any_order_hold_what_their_edits_say(steps in proptest::collection::vec(step(), 1..40)) {
        let dir = tempfile::tempdir().unwrap();
        let mut player = Player::new(dir.path());
        for step in &steps {
            player.play(step);
        }
    }
}
