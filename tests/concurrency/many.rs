//! Sixteen processes on one store, of which a random one, the owner among them, is killed every half second: what was
//! acknowledged is there, once.

#![expect(clippy::unwrap_used, reason = "a suite: what is not there fails it")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mlops_core::runs::{RunOptions, RunStatus};
use mlops_core::storage::{Durability, KeyRange, Op, Outcome, ScanOptions, Storage};
use mlops_core::{Store, fsck};

const CHILD: &str = "MLOPS_MANY_CHILD";
/// How long it goes on, in seconds; longer for a soak.
const SECONDS: &str = "MLOPS_SOAK_SECONDS";
const PROCESSES: u64 = 16;
const COUNTER: &str = "z/counter";
const COUNTED: &str = "z/counted/";

/// What a Python process does; it says what is acknowledged as the Rust ones do.
const PYTHON: &str = r#"
import os, sys, time, mlops
folder, name = sys.argv[1:]
said = os.open(os.path.join(folder, "said", name), os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
mlops.set_tracking_uri(os.path.join(folder, "store"))
step = 0
with mlops.start_run(run_name=name) as run:
    os.write(said, f"run {run.info.run_id}\n".encode())
    while not os.path.exists(os.path.join(folder, "stop")):
        mlops.log_metric("loss", step, step=step)
        os.write(said, f"point {step}\n".encode())
        step += 1
        time.sleep(0.002)
os.write(said, b"end\n")
"#;

/// A process of the crowd. Not a test of its own.
#[test]
fn child() {
    let Ok(told) = std::env::var(CHILD) else { return };
    let (name, folder) = told.split_once(' ').unwrap();
    let folder = Path::new(folder);
    // One write a line: it is whole in the file or not at all, whenever this process is killed.
    let mut said = File::options().create(true).append(true).open(folder.join("said").join(name)).unwrap();
    let mut say = |line: String| said.write_all((line + "\n").as_bytes()).unwrap();
    let store = Store::open(folder.join("store").to_str().unwrap()).unwrap();
    let run = store.runs().start(RunOptions { run_name: Some(name.into()), ..RunOptions::default() }).unwrap();
    say(format!("run {}", run.id()));
    for step in 0_i64.. {
        if folder.join("stop").exists() {
            break;
        }
        run.log_metric("loss", f64::from(u16::try_from(step % 60_000).unwrap()), step, None).unwrap();
        say(format!("point {step}"));
        let durability = if step % 8 == 0 { Durability::Full } else { Durability::Fast };
        count(&**store.storage(), &format!("{name} {step}"), durability);
        say(format!("count {step}"));
    }
    run.end(RunStatus::Finished).unwrap();
    say("end".into());
}

/// Adds one to the counter that all share, in the name of who does.
fn count(storage: &dyn Storage, who: &str, durability: Durability) {
    loop {
        let old = storage.get(COUNTER.as_bytes()).unwrap();
        let number = old.as_deref().map_or(0, number) + 1;
        let ops = [
            Op::check(COUNTER, old),
            Op::put(COUNTER, number.to_be_bytes()),
            Op::put(format!("{COUNTED}{number:012}"), who),
        ];
        if storage.apply(&ops, durability).unwrap() == Outcome::Applied {
            return;
        }
    }
}

fn number(bytes: &[u8]) -> u64 {
    u64::from_be_bytes(bytes.try_into().unwrap())
}

struct Crowd<'a> {
    folder: &'a Path,
    python: Option<String>,
    started: u64,
    processes: Vec<(String, Child)>,
    killed: BTreeSet<String>,
}

impl Crowd<'_> {
    fn start(&mut self) {
        let name = format!("p{}", self.started);
        let mut command = match &self.python {
            Some(python) if self.started % 2 == 1 => {
                let mut command = Command::new(python);
                command.arg("-c").arg(PYTHON).arg(self.folder).arg(&name);
                command
            }
            _ => {
                let mut command = Command::new(std::env::current_exe().unwrap());
                command.args(["--exact", "child", "--nocapture"]);
                command.env(CHILD, format!("{name} {}", self.folder.display()));
                command
            }
        };
        let errors = File::create(self.folder.join("errors").join(&name)).unwrap();
        command.env("MLOPS_CONFIG_DIR", self.folder.join("config")).env_remove("MLOPS_PARENT_RUN");
        self.processes.push((name, command.stdout(Stdio::null()).stderr(errors).spawn().unwrap()));
        self.started += 1;
    }

    /// Nobody ends of itself before it is told to.
    fn check(&mut self) {
        for (name, process) in &mut self.processes {
            if let Some(status) = process.try_wait().unwrap() {
                let errors = std::fs::read_to_string(self.folder.join("errors").join(&*name)).unwrap();
                panic!("{name} ended with {status}:\n{errors}");
            }
        }
    }
}

impl Drop for Crowd<'_> {
    fn drop(&mut self) {
        // Also of a test that fails nobody stays.
        for (_, process) in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// What a process said that was acknowledged to it.
#[derive(Debug, Default)]
struct Said {
    run: Option<String>,
    points: i64,
    counts: i64,
    end: bool,
}

fn said(path: &Path) -> Said {
    let mut said = Said::default();
    for line in std::fs::read_to_string(path).unwrap().lines() {
        match line.split_once(' ') {
            Some(("run", run)) => said.run = Some(run.into()),
            Some(("point", step)) => said.points = step.parse::<i64>().unwrap() + 1,
            Some(("count", step)) => said.counts = step.parse::<i64>().unwrap() + 1,
            _ => said.end = line == "end",
        }
    }
    said
}

fn a_crowd_loses_nothing(python: Option<String>, seed: u64) {
    let seconds = std::env::var(SECONDS).ok().map_or(30, |seconds| seconds.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    for part in ["said", "errors"] {
        std::fs::create_dir(dir.path().join(part)).unwrap();
    }
    let mut crowd = Crowd { folder: dir.path(), python, started: 0, processes: Vec::new(), killed: BTreeSet::new() };
    (0..PROCESSES).for_each(|_| crowd.start());
    let mut random = seed;
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(seconds) {
        std::thread::sleep(Duration::from_millis(500));
        crowd.check();
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let owner = owner(&dir.path().join("store"));
        // Every other time the owner itself.
        let chosen = crowd.processes.iter().position(|(_, process)| random >> 63 == 0 && owner == Some(process.id()));
        let chosen = chosen.unwrap_or(usize::try_from((random >> 33) % PROCESSES).unwrap());
        let (name, mut process) = crowd.processes.swap_remove(chosen);
        process.kill().unwrap();
        process.wait().unwrap();
        crowd.killed.insert(name);
        crowd.start();
    }
    File::create(dir.path().join("stop")).unwrap();
    for (name, mut process) in std::mem::take(&mut crowd.processes) {
        let status = process.wait().unwrap();
        let errors = std::fs::read_to_string(dir.path().join("errors").join(&name)).unwrap();
        assert!(status.success(), "{name} ended with {status}:\n{errors}");
    }
    check(dir.path(), &crowd.killed);
}

fn owner(store: &Path) -> Option<u32> {
    let text = std::fs::read_to_string(store.join("owner")).ok()?;
    text.split_once("\"pid\":")?.1.split_once(',')?.0.parse().ok()
}

fn check(folder: &Path, killed: &BTreeSet<String>) {
    let place = folder.join("store").display().to_string();
    let store = Store::open(&place).unwrap();
    let mut counted: BTreeMap<String, u64> = BTreeMap::new();
    for (key, who) in all(&**store.storage(), COUNTED) {
        let number = key.strip_prefix(COUNTED).unwrap().parse().unwrap();
        let before = counted.insert(String::from_utf8(who).unwrap(), number);
        assert_eq!(before, None, "an increment had its effect twice");
    }
    let counter = store.storage().get(COUNTER.as_bytes()).unwrap();
    assert_eq!(counter.as_deref().map_or(0, number), counted.len() as u64);
    let (mut points, mut runs) = (0, 0);
    for path in paths(&folder.join("said")) {
        let name = path.file_name().unwrap().to_str().unwrap();
        let said = said(&path);
        assert!(said.end || killed.contains(name), "{name} neither ended nor was killed");
        for step in 0..said.counts {
            assert!(counted.contains_key(&format!("{name} {step}")), "{name}: increment {step} is lost");
        }
        let Some(run) = said.run else { continue };
        let history = store.runs().metric_history(&run, "loss").unwrap();
        let found = i64::try_from(history.len()).unwrap();
        assert_eq!(history.steps, (0..found).collect::<Vec<_>>(), "{name}: every point once and in order");
        // The one in flight when it was killed may be there or not.
        assert!((said.points..=said.points + 1).contains(&found), "{name}: {found} of {} points", said.points);
        let status = store.runs().get(&run).unwrap().info.status;
        let expected = if said.end { RunStatus::Finished } else { RunStatus::Killed };
        let at_its_end = killed.contains(name) && status == RunStatus::Finished;
        assert!(status == expected || at_its_end, "{name}: {status:?}");
        points += found;
        runs += 1;
    }
    drop(store);
    let report = fsck(&place, false).unwrap();
    assert!(report.findings.is_empty() && report.lost.is_empty(), "{report:?}");
    let done = format!("{runs} runs, {} killed, {points} points, {} increments", killed.len(), counted.len());
    assert!(points > 1_000 && counted.len() > 100 && runs > 16, "the crowd did little: {done}");
}

fn all(storage: &dyn Storage, prefix: &str) -> Vec<(String, Vec<u8>)> {
    let mut range = KeyRange::prefix(prefix);
    let mut found = Vec::new();
    loop {
        let page = storage.scan(&range, &ScanOptions::default()).unwrap();
        let last = page.entries.last().map(|(key, _)| key.clone());
        found.extend(page.entries.into_iter().map(|(key, value)| (String::from_utf8(key).unwrap(), value)));
        match last {
            Some(last) if page.more => range = range.after(&last),
            _ => return found,
        }
    }
}

fn paths(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn sixteen_processes_lose_nothing_though_one_is_killed_every_half_second() {
    a_crowd_loses_nothing(None, 1);
}

#[test]
#[ignore = "needs the wheel: make python sets MLOPS_PYTHON"]
fn so_it_is_when_half_of_them_are_python() {
    a_crowd_loses_nothing(Some(std::env::var("MLOPS_PYTHON").unwrap()), 2);
}
