//! Commits: durable ones beside an `fdatasync`, one committer beside many, and what a fast one costs.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use mlops_benches::{size, store};
use mlops_core::Store;
use mlops_core::storage::{Durability, Storage};
use rustix::time::{ClockId, clock_gettime};

use super::child::Child;
use super::figures::{Figures, Result, check, seconds, time_each};
use super::logging::folder_bytes;
use super::work::{Committer, commit_together};
use super::{TARGET, repetitions};

const COMMITTERS: usize = 64;
/// Peers that commit together, and the threads of each.
const PEERS: (usize, usize) = (16, 4);

pub(crate) fn measure(figures: &mut Figures) -> Result<()> {
    let (folder, store) = store(TARGET)?;
    let path = store.path().ok_or("a store on the disk has a folder")?;
    durable(figures, &store, path, folder.path())?;
    threads(figures, &**store.storage())?;
    peers(figures, &store, path)?;
    fast(figures, &**store.storage())
}

fn durable(figures: &mut Figures, store: &Store, path: &Path, folder: &Path) -> Result<()> {
    let storage = &**store.storage();
    let mut committer = Committer::new("durable");
    committer.commit(storage, Durability::Full)?;
    let before = folder_bytes(&path.join("journal"))?;
    committer.commit(storage, Durability::Full)?;
    let bytes = folder_bytes(&path.join("journal"))? - before;
    figures.add("commit, bytes", f64::from(u32::try_from(bytes)?), 1);
    let record = vec![7; usize::try_from(bytes)?];
    for _ in 0..repetitions() {
        let plain = folder.join("plain");
        let mut file = File::options().create_new(true).append(true).open(&plain)?;
        file.sync_all()?;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..size(10, 1) {
            ours.extend(committer.commit_each(storage, 20, Durability::Full)?);
            theirs.extend(time_each(20, || {
                file.write_all(&record)?;
                Ok(file.sync_data()?)
            })?);
        }
        committer.check(storage)?;
        std::fs::remove_file(plain)?;
        figures.add_calls("commit, durable, mlops", ours);
        figures.add_calls("commit, durable, fdatasync", theirs);
    }
    Ok(())
}

fn turn() -> Duration {
    Duration::from_millis(size(500, 20) as u64)
}

fn rate(figures: &mut Figures, name: &str, made: usize, nanos: u64) -> Result<()> {
    check(made > 0, "commits")?;
    figures.add(name, f64::from(u32::try_from(made)?) / seconds(nanos), made);
    Ok(())
}

/// Commits a second of one thread of the owner, and of many.
fn threads(figures: &mut Figures, storage: &dyn Storage) -> Result<()> {
    for repetition in 0..repetitions() {
        for (name, threads) in [("one", 1), ("many", size(COMMITTERS, 4))] {
            let committer = format!("threads-{repetition}-{name}");
            let (made, nanos) = commit_together(storage, &committer, threads, turn())?;
            rate(figures, &format!("commits, owner, {name}"), made, nanos)?;
        }
    }
    Ok(())
}

/// The same of one thread of a peer, and of many of many peers.
fn peers(figures: &mut Figures, store: &Store, path: &Path) -> Result<()> {
    let (count, threads) = (size(PEERS.0, 2), size(PEERS.1, 2));
    let mut peers = (0..count).map(|_| Child::open(path)).collect::<Result<Vec<_>>>()?;
    check(super::child::owner(path)? == std::process::id(), "this process owns the store")?;
    let millis = turn().as_millis();
    for repetition in 0..repetitions() {
        let peer = peers.first_mut().ok_or("no peer")?;
        match *peer.ask(&format!("commit peer-{repetition}-one 1 {millis}"))?.as_slice() {
            [made, nanos] => rate(figures, "commits, peers, one", usize::try_from(made)?, nanos)?,
            _ => return Err("a peer that did not commit".into()),
        }
        let began = Instant::now();
        for (number, peer) in peers.iter_mut().enumerate() {
            peer.tell(&format!("commit peer-{repetition}-{number} {threads} {millis}"))?;
        }
        let mut all = 0;
        for peer in &mut peers {
            all += usize::try_from(peer.numbers()?.first().copied().unwrap_or_default())?;
        }
        rate(figures, "commits, peers, many", all, u64::try_from(began.elapsed().as_nanos())?)?;
    }
    drop(peers);
    check(store.storage().get(b"y/peer-0-one-0/state")?.is_some(), "what a peer committed")
}

/// Wall clock, and CPU of all threads until everything is on the disk, of a fast commit in the owner.
fn fast(figures: &mut Figures, storage: &dyn Storage) -> Result<()> {
    let mut committer = Committer::new("fast");
    let count = size(2_000, 100);
    for _ in 0..repetitions() {
        storage.flush()?;
        let before = cpu();
        figures.add_calls("commit, fast, wall", committer.commit_each(storage, count, Durability::Fast)?);
        storage.flush()?;
        let taken = seconds(cpu() - before);
        figures.add("commit, fast, cpu", taken / f64::from(u32::try_from(count)?), count);
    }
    committer.check(storage)
}

/// Nanoseconds of CPU of all threads of this process, also those that ended.
fn cpu() -> u64 {
    let taken = clock_gettime(ClockId::ProcessCPUTime);
    u64::try_from(taken.tv_sec * 1_000_000_000 + taken.tv_nsec).unwrap_or_default()
}
