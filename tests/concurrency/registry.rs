//! Many processes change one registry: numbers without a gap, one winner of each expectation, one production at any moment,
//! and a process that is killed leaves a change or none.

#![expect(clippy::unwrap_used, reason = "a suite: what is not there fails it")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mlops_core::registry::{
    Action, By, LocalRegistry, ModelRegistry, PromoteOptions, Stage, VersionOptions, VersionStatus,
};
use mlops_core::runs::{ArtifactSource, Content, RunOptions, RunStatus};
use mlops_core::{Code, Store};

const CHILD: &str = "MLOPS_REGISTRY_CHILD";
const TASK: &str = "MLOPS_REGISTRY_TASK";
const NUMBER: &str = "MLOPS_REGISTRY_NUMBER";
const PROCESSES: u64 = 8;

fn open(folder: &Path) -> Store {
    Store::open(folder.join("store").to_str().unwrap()).unwrap()
}

fn as_of(store: &Store, number: u64) -> LocalRegistry {
    store.registry().by(By { actor: Some(format!("process {number}")), reason: Some("a test".into()) })
}

fn elsewhere() -> VersionOptions {
    VersionOptions { source: "s3://models/fraud".into(), ..VersionOptions::default() }
}

/// A process that changes the registry. Not a test of its own. Exit status 3: a conflict.
#[test]
fn child() {
    let Some(folder) = std::env::var_os(CHILD) else { return };
    let number: u64 = std::env::var(NUMBER).unwrap().parse().unwrap();
    let store = open(Path::new(&folder));
    let registry = as_of(&store, number);
    match std::env::var(TASK).unwrap().as_str() {
        "create" => (0..25).for_each(|_| drop(registry.register("fraud", &elsewhere()).unwrap())),
        "promote" => (0..10).for_each(|_| drop(registry.promote("fraud", number, &PromoteOptions::default()).unwrap())),
        "expect" => {
            let options = PromoteOptions { expect: Some(0), ..PromoteOptions::default() };
            match registry.promote("fraud", number, &options) {
                Ok(done) => assert!(done.changed),
                Err(e) => {
                    assert_eq!(e.code(), Code::Conflict);
                    assert!(e.to_string().contains("by event "), "{e}");
                    std::process::exit(3);
                }
            }
        }
        // Until it is killed. It opens the store when the others write, and looks for one in production.
        "read" => loop {
            let live = registry.latest_versions("fraud", &[Stage::Production]).unwrap();
            let numbers: Vec<_> = live.iter().map(|version| version.version).collect();
            assert!(matches!(numbers[..], [1..=PROCESSES]), "in production: {numbers:?}");
            assert!(registry.get_by_alias("fraud", "production").is_ok(), "no version behind the alias `production`");
            println!("seen {}", numbers[0]);
        },
        _ => loop {
            let made = registry.register("fraud", &elsewhere()).unwrap().version;
            registry.promote("fraud", made, &PromoteOptions::default()).unwrap();
            let made = registry.register("fraud", &elsewhere()).unwrap().version;
            registry.promote("fraud", made, &PromoteOptions::default()).unwrap();
            registry.rollback("fraud", "", None).unwrap();
        },
    }
}

fn start(folder: &Path, task: &str, number: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture"])
        .env(CHILD, folder)
        .env(TASK, task)
        .env(NUMBER, number.to_string())
        .stdout(if task == "read" { Stdio::piped() } else { Stdio::null() })
        .spawn()
        .unwrap()
}

fn codes(folder: &Path, task: &str) -> Vec<i32> {
    let children: Vec<Child> = (1..=PROCESSES).map(|number| start(folder, task, number)).collect();
    children.into_iter().map(|mut child| child.wait().unwrap().code().unwrap()).collect()
}

fn versions(store: &Store) {
    for _ in 0..PROCESSES {
        as_of(store, 0).register("fraud", &elsewhere()).unwrap();
    }
}

fn live(registry: &LocalRegistry) -> (u64, Option<u64>) {
    let slots = registry.get_model("fraud").unwrap().slots;
    let slot = slots.get("").unwrap();
    (slot.generation, slot.production)
}

#[test]
fn eight_processes_that_make_versions_get_numbers_without_a_gap() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    assert_eq!(codes(dir.path(), "create"), [0; 8]);
    let registry = store.registry();
    for number in 1..=PROCESSES * 25 {
        assert_eq!(registry.get_version("fraud", number).unwrap().info.status, VersionStatus::Ready);
    }
    assert_eq!(registry.get_version("fraud", PROCESSES * 25 + 1).unwrap_err().code(), Code::NotFound);
    assert_eq!(registry.verify_events().unwrap(), 1 + PROCESSES * 25);
}

#[test]
fn of_eight_processes_with_one_expectation_one_promotes() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    versions(&store);
    let before = store.registry().log_head().unwrap();
    let mut codes = codes(dir.path(), "expect");
    codes.sort_unstable();
    assert_eq!(codes, [0, 3, 3, 3, 3, 3, 3, 3]);
    let registry = store.registry();
    assert_eq!(registry.events(before.seq, 100).unwrap().len(), 1);
    let (generation, production) = live(&registry);
    assert_eq!(generation, 1);
    assert_eq!(registry.latest_versions("fraud", &[Stage::Production]).unwrap()[0].version, production.unwrap());
    registry.verify_log(Some(before)).unwrap();
}

#[test]
fn eight_processes_that_promote_are_one_sequence_and_a_reader_sees_one_production() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    versions(&store);
    let registry = store.registry();
    let mut children: Vec<Child> = (1..=PROCESSES).map(|number| start(dir.path(), "promote", number)).collect();
    let mut last = 0;
    // A reader that is open all the time sees each change, and generations only go up.
    while children.iter_mut().any(|child| child.try_wait().unwrap().is_none()) {
        let (generation, production) = live(&registry);
        assert!(generation >= last && production.is_some() == (generation > 0));
        last = generation;
    }
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let events = registry.history("fraud").unwrap();
    let moves: Vec<_> = events.into_iter().filter(|event| event.action == Action::StageChanged).collect();
    let generations: Vec<_> = moves.iter().filter_map(|event| event.generation).collect();
    assert_eq!(generations, (0..generations.len() as u64).map(|number| (number, number + 1)).collect::<Vec<_>>());
    assert_eq!(live(&registry), (moves.len() as u64, moves.last().unwrap().version));
    let stages: Vec<_> =
        (1..=PROCESSES).map(|number| registry.get_version("fraud", number).unwrap().info.stage).collect();
    assert_eq!(stages.iter().filter(|stage| **stage == Stage::Production).count(), 1);
    registry.verify_events().unwrap();
}

#[test]
fn a_reading_process_sees_one_production_while_others_promote() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    versions(&store);
    store.registry().promote("fraud", 1, &PromoteOptions::default()).unwrap();
    let mut reader = start(dir.path(), "read", 0);
    let children: Vec<Child> = (1..=PROCESSES).map(|number| start(dir.path(), "promote", number)).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(reader.try_wait().unwrap(), None, "it found something else");
    reader.kill().unwrap();
    let read = String::from_utf8(reader.wait_with_output().unwrap().stdout).unwrap();
    let seen: BTreeSet<_> = read.lines().filter(|line| line.starts_with("seen ")).collect();
    assert!(seen.len() > 1, "it saw no change: {seen:?}");
}

#[test]
fn processes_that_are_killed_leave_whole_changes() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    // Seeded: another instant in each of fifty rounds.
    let mut seed = 7_u64;
    for round in 0..50_u64 {
        let before = open(dir.path()).registry().log_head().unwrap().seq;
        let mut child = start(dir.path(), "until killed", round);
        // At some change, another one in each round.
        let deadline = Instant::now() + Duration::from_mins(1);
        let store = open(dir.path());
        while store.registry().log_head().unwrap().seq < before + 3 + round % 7 {
            assert!(Instant::now() < deadline, "the child does not come along");
            std::thread::sleep(Duration::from_millis(1));
        }
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let instant = Instant::now() + Duration::from_micros(seed >> 51);
        while Instant::now() < instant {
            std::hint::spin_loop();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // In every other round the store is opened anew, by nobody else.
        let store = if round % 2 == 0 {
            store
        } else {
            drop(store);
            open(dir.path())
        };
        let registry = store.registry();
        registry.verify_events().unwrap();
        let made: BTreeSet<_> = registry
            .history("fraud")
            .unwrap()
            .iter()
            .filter(|event| event.action == Action::VersionCreated)
            .filter_map(|event| event.version)
            .collect();
        assert_eq!(made, (1..=made.len() as u64).collect());
        let mut in_production = 0;
        for number in made {
            let version = registry.get_version("fraud", number).unwrap();
            assert!(version.info.manifest.is_some() && version.info.status == VersionStatus::Ready);
            assert!(registry.version_manifest("fraud", number).unwrap().is_some());
            in_production += usize::from(version.info.stage == Stage::Production);
        }
        assert_eq!(in_production, usize::from(live(&registry).1.is_some()));
    }
}

/// Opens a store where nobody may write, as any other. Not a test of its own.
#[test]
fn mounted_child() {
    let Some(folder) = std::env::var_os("MLOPS_MOUNTED_CHILD") else { return };
    let store = open(Path::new(&folder));
    let registry = as_of(&store, 1);
    assert_eq!(registry.get_by_alias("fraud", "production").unwrap().version, 2);
    assert_eq!(registry.latest_versions("fraud", &[Stage::Production]).unwrap().len(), 1);
    assert_eq!(registry.read_file("fraud", 1, "weights").unwrap(), b"weights");
    let refused = [
        registry.register("fraud", &elsewhere()).map(drop).unwrap_err(),
        registry.promote("fraud", 1, &PromoteOptions::default()).map(drop).unwrap_err(),
        registry.set_alias("fraud", "champion", 1).unwrap_err(),
        store.runs().start(RunOptions::default()).map(drop).unwrap_err(),
    ];
    for error in refused {
        assert_eq!(error.code(), Code::ReadOnly);
        assert!(error.to_string().contains(&*folder.to_string_lossy()), "{error}");
    }
    println!("refused all of them");
}

/// Case 19 of the registry's table.
#[cfg(target_os = "linux")]
#[test]
fn where_nobody_may_write_models_are_found_and_read_and_changes_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (folder, mounted) = (dir.path().join("place"), dir.path().join("mounted"));
    for folder in [&folder, &mounted] {
        std::fs::create_dir(folder).unwrap();
    }
    let store = open(&folder);
    let registry = as_of(&store, 0);
    let run = store.runs().start(RunOptions::default()).unwrap();
    let file = ArtifactSource { path: "model/weights".into(), content: Content::Bytes(b"weights") };
    run.log_files(&[file]).unwrap();
    run.end(RunStatus::Finished).unwrap();
    let source = format!("runs:/{}/model", run.id());
    registry.register("fraud", &VersionOptions { source, ..VersionOptions::default() }).unwrap();
    registry.register("fraud", &elsewhere()).unwrap();
    registry.promote("fraud", 2, &PromoteOptions::default()).unwrap();
    drop((run, registry, store));
    let bind = format!(
        "mount --bind {from} {at} && mount -o remount,bind,ro {at} && ! touch {at}/x 2>/dev/null && exec {} --exact \
         mounted_child --nocapture",
        std::env::current_exe().unwrap().display(),
        from = folder.display(),
        at = mounted.display(),
    );
    let done = Command::new("unshare").args(["-m", "sh", "-c", &bind]).env("MLOPS_MOUNTED_CHILD", &mounted).output();
    // Where this user may make no mounts, the same by the modes of the folders.
    let ran = done.is_ok_and(|done| {
        let told = String::from_utf8_lossy(&done.stdout).into_owned();
        let began = told.contains("running 1 test");
        assert!(!began || told.contains("refused all of them"), "{told}{}", String::from_utf8_lossy(&done.stderr));
        began
    });
    if !ran && !rustix::process::geteuid().is_root() {
        let done = Command::new("sh")
            .args(["-c", "chmod -R a-w \"$0\"; \"$1\" --exact mounted_child --nocapture; chmod -R u+w \"$0\""])
            .args([&folder, &std::env::current_exe().unwrap()])
            .env("MLOPS_MOUNTED_CHILD", &folder)
            .output()
            .unwrap();
        assert!(String::from_utf8_lossy(&done.stdout).contains("refused all of them"), "{done:?}");
    }
}
