//! Processes that put the same blobs at the same time and are killed, while another frees what nobody names: what somebody
//! has named is there.
//!
//! The children speak to the blob store itself. Each names what it put in a file of its own, while it holds the lease.

#![expect(clippy::unwrap_used, reason = "a suite: what is not there fails it")]

use std::collections::HashSet;
use std::fs::read_to_string;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mlops_core::base::clock::{Clock, SystemClock};
use mlops_core::base::files::Files;
use mlops_core::base::ids::TimeOrderedIds;
use mlops_core::blob::local::{LocalBlobOptions, LocalBlobs};
use mlops_core::blob::{BlobStore, Sweep, Swept};
use mlops_core::runs::{RunExt, RunOptions, RunStatus};
use mlops_core::{Code, Digest, GcOptions, Store};

const CHILD: &str = "MLOPS_GC_CONCURRENT_CHILD";
const LOGGER: &str = "MLOPS_GC_LOGGING_CHILD";
const CHILDREN: usize = 3;
/// How many processes are killed, one after the other, and how many puts each makes before at least.
const KILLS: usize = 24;
const PUTS: usize = 150;
/// How many of what it put last a process names.
const NAMED: usize = 3;
/// The different contents that all put.
const CONTENTS: u64 = 36;

fn open(folder: &Path) -> LocalBlobs {
    let part = |name: &str| folder.join(name);
    LocalBlobs::open(LocalBlobOptions {
        folder: part("blobs"),
        tmp: part("tmp"),
        trash: part("trash"),
        files: Files::default(),
        ids: Arc::new(TimeOrderedIds),
        read_only: false,
    })
    .unwrap()
}

/// Every third is large. Of the small, all but one in eight are this process's own, so that packs fill with what dies.
fn content(number: u64, own: u64) -> Vec<u8> {
    let shared = number % CONTENTS;
    let text = if number.is_multiple_of(8) || shared.is_multiple_of(3) {
        format!("content {shared} ")
    } else {
        format!("content {shared} of {own} ")
    };
    let size = if shared.is_multiple_of(3) { 66_000 } else { 900 };
    text.into_bytes().into_iter().cycle().take(size).collect()
}

/// Numbers that are the same for the same seed (`SplitMix64`).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// Puts, names, and says that it has, until it is killed. Not a test of its own.
#[test]
fn child() {
    let Ok(arguments) = std::env::var(CHILD) else { return };
    let (number, folder) = arguments.split_once(' ').unwrap();
    let folder = Path::new(folder);
    let own: u64 = number.parse().unwrap();
    let mut numbers = Numbers(own);
    let mut blobs = open(folder);
    let mut named: Vec<Digest> = Vec::new();
    let (names, new) = (folder.join(format!("names/{own}")), folder.join(format!("tmp/names-{own}")));
    let mut out = std::io::stdout().lock();
    loop {
        {
            let _lease = blobs.leases().hold().unwrap();
            for _ in 0..=numbers.next() % 2 {
                let bytes = content(numbers.next(), own);
                named.push(if numbers.next().is_multiple_of(2) {
                    blobs.put(&bytes).unwrap()
                } else {
                    blobs.put_reader(&mut bytes.as_slice()).unwrap().0
                });
            }
            named.drain(..named.len().saturating_sub(NAMED));
            let lines: Vec<String> = named.iter().map(|digest| digest.to_hex()).collect();
            std::fs::write(&new, lines.join("\n")).unwrap();
            std::fs::rename(&new, &names).unwrap();
        }
        for digest in &named {
            // Not from the trash.
            assert!(blobs.size(digest).unwrap().is_some(), "{own}: {digest} is gone");
            assert_eq!(Digest::of(&blobs.get(digest).unwrap()), *digest);
        }
        if numbers.next().is_multiple_of(20) {
            // Closes its pack, so that it may be written anew.
            blobs = open(folder);
        }
        writeln!(out, "put").unwrap();
        std::thread::sleep(Duration::from_micros(numbers.next() % 500));
    }
}

/// Logs the same contents as others, each in the place of another, and says so, until it is killed. Not a test of its own.
#[test]
fn logging_child() {
    let Ok(arguments) = std::env::var(LOGGER) else { return };
    let (number, folder) = arguments.split_once(' ').unwrap();
    let own: u64 = number.parse().unwrap();
    let mut numbers = Numbers(own);
    let store = Store::open(folder).unwrap();
    let mut out = std::io::stdout().lock();
    for round in 0.. {
        let run = store.runs().start(RunOptions::default()).unwrap();
        for step in 0..8 {
            let bytes = content(numbers.next(), own);
            run.log_bytes(&format!("file{}", step % 2), &bytes).unwrap();
            run.set_tag("long", &"tag ".repeat(2_000 + usize::try_from(numbers.next() % 4).unwrap())).unwrap();
            if step % 4 == 3 {
                run.log_series("loss", &[], &[], &[0.5; 1_500]).unwrap();
                assert_eq!(store.runs().read_artifact(run.id(), &format!("file{}", step % 2)).unwrap(), bytes);
            }
            writeln!(out, "put").unwrap();
        }
        // Some runs are left open, some are removed for good.
        if round % 3 > 0 {
            run.end(RunStatus::Finished).unwrap();
        }
        if round % 3 == 2 {
            store.runs().delete(run.id()).unwrap();
        }
    }
}

fn spawn(folder: &Path, own: usize) -> (Child, BufReader<ChildStdout>) {
    spawn_as("child", CHILD, folder, own)
}

fn spawn_as(test: &str, variable: &str, folder: &Path, own: usize) -> (Child, BufReader<ChildStdout>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(variable, format!("{own} {}", folder.display()))
        .env("MLOPS_CONFIG_DIR", folder.with_extension("config"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    (child, out)
}

/// What is named. A file that goes meanwhile is one of the dead.
fn named(folder: &Path) -> HashSet<Digest> {
    let mut named = HashSet::new();
    for path in Files::default().list(&folder.join("names")).unwrap() {
        named.extend(read_to_string(path).unwrap_or_default().lines().map(|hex| Digest::from_hex(hex).unwrap()));
    }
    named
}

/// A gc of everything that is not named; None if the others left it no time.
fn collect(blobs: &LocalBlobs, folder: &Path) -> Option<Swept> {
    let lease = match blobs.leases().begin_sweep() {
        Err(e) if e.code() == Code::Busy => return None,
        lease => lease.unwrap(),
    };
    let live = named(folder);
    let sweep =
        Sweep { lease: &lease, live: &live, now: SystemClock.now(), older_than: Duration::ZERO, dry_run: false };
    match blobs.sweep(&sweep) {
        Err(e) if e.code() == Code::Busy => None,
        swept => Some(swept.unwrap()),
    }
}

#[test]
fn what_processes_have_named_is_there_whatever_another_frees_and_whenever_they_are_killed() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    std::fs::create_dir_all(folder.join("names")).unwrap();
    let blobs = open(folder);
    let killed = AtomicU64::new(0);
    let (mut small, mut large, mut longest) = (0, 0, Duration::ZERO);
    std::thread::scope(|scope| {
        let killing = scope.spawn(|| {
            let mut children: Vec<_> = (0..CHILDREN).map(|own| (own, spawn(folder, own))).collect();
            let mut numbers = Numbers(7);
            for number in CHILDREN..CHILDREN + KILLS {
                let at = usize::try_from(numbers.next()).unwrap_or(usize::MAX) % CHILDREN;
                let (own, (mut child, out)) = std::mem::replace(&mut children[at], (number, spawn(folder, number)));
                let steps = PUTS + usize::try_from(numbers.next() % 20).unwrap();
                let lived = out.lines().map_while(Result::ok).filter(|line| line == "put").take(steps).count();
                // It goes on meanwhile: the kill comes anywhere.
                child.kill().unwrap();
                child.wait().unwrap();
                assert_eq!(lived, steps, "child {at} ended by itself");
                killed.fetch_add(1, Ordering::Release);
                if !number.is_multiple_of(4) {
                    // What only this one has named is nobody's now.
                    std::fs::remove_file(folder.join(format!("names/{own}"))).unwrap();
                }
            }
            for (_, (mut child, _out)) in children {
                child.kill().unwrap();
                child.wait().unwrap();
            }
        });
        while !killing.is_finished() {
            let began = Instant::now();
            if let Some(swept) = collect(&blobs, folder) {
                small += swept.small_blobs.count;
                large += swept.large_blobs.count;
            }
            longest = longest.max(began.elapsed());
        }
        killing.join().unwrap();
    });
    println!("{small} small and {large} large blobs went, the longest gc took {longest:?}");
    assert_eq!(killed.load(Ordering::Acquire), KILLS as u64);
    assert!(small > 10 && large > 10, "the gc met nothing: {small} small, {large} large");
    // Only what is in its place counts.
    for path in Files::default().list(&folder.join("trash")).unwrap() {
        std::fs::remove_file(path).unwrap();
    }
    let named = named(folder);
    for blobs in [&blobs, &open(folder)] {
        for digest in &named {
            assert_eq!(Digest::of(&blobs.get(digest).unwrap()), *digest);
        }
        blobs.verify(&mut |damage| panic!("{damage}")).unwrap();
    }
    // And nothing else is in the way of the next.
    collect(&blobs, folder).expect("nobody else is there");
    assert!(named.iter().all(|digest| blobs.size(digest).unwrap().is_some()));
}

#[test]
fn processes_that_log_to_one_store_lose_nothing_to_a_gc_of_another() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("store");
    let uri = folder.display().to_string();
    let store = Store::open(&uri).unwrap();
    let mut freed = 0;
    std::thread::scope(|scope| {
        let killing = scope.spawn(|| {
            for round in 0..4 {
                let children: Vec<_> =
                    (0..CHILDREN).map(|at| spawn_as("logging_child", LOGGER, &folder, round * CHILDREN + at)).collect();
                for (mut child, out) in children {
                    let lived = out.lines().map_while(Result::ok).filter(|line| line == "put").take(120).count();
                    child.kill().unwrap();
                    child.wait().unwrap();
                    assert_eq!(lived, 120, "a child ended by itself");
                }
            }
        });
        let options = GcOptions { dry_run: false, older_than: Duration::ZERO, deleted_runs: true };
        while !killing.is_finished() {
            match store.gc(&options) {
                Ok(report) => freed += report.large_blobs.count + report.small_blobs.count,
                Err(e) => assert_eq!(e.code(), Code::Busy, "{e}"),
            }
        }
        killing.join().unwrap();
    });
    assert!(freed > 10, "the gc met nothing: {freed}");
    drop(store);
    // What the last to be killed have left is drained by who opens.
    drop(Store::open(&uri).unwrap());
    let report = mlops_core::fsck(&uri, false).unwrap();
    assert!(report.findings.is_empty() && report.lost.is_empty(), "{report:?}");
}
