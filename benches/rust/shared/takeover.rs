//! How long a peer waits when the owner is killed, what opening takes, how much memory, and how long a checkpoint.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use mlops_benches::size;
use mlops_core::base::clock::SystemClock;
use mlops_core::base::files::Files;
use mlops_core::base::ids::TimeOrderedIds;
use mlops_core::storage::journal::{Journal, JournalOptions, SledIndex};
use mlops_core::{OpenOptions, Store};

use super::child::{Child, owner};
use super::figures::{Figures, Result, check, seconds};
use super::{TARGET, repetitions, work};

const SIZES: [usize; 3] = [1_000, 20_000, 500_000];
/// Commits of each owner before it is killed.
const COMMITS: usize = 100;

pub(crate) fn measure(figures: &mut Figures) -> Result<()> {
    for full in SIZES {
        one_size(figures, full, size(full, full / 100))?;
    }
    Ok(())
}

fn one_size(figures: &mut Figures, name: usize, entries: usize) -> Result<()> {
    let folder = tempfile::tempdir_in(TARGET)?;
    let path = folder.path().join("store");
    let mut owning = Child::open(&path)?;
    check(owning.ask_one(&format!("fill {entries}"))? == entries as u64, "the entries of a store")?;
    for _ in 0..repetitions() {
        owning.ask(&format!("fast {COMMITS}"))?;
        check(owner(&path)? == owning.pid(), "who owns the store")?;
        let mut peer = Child::open(&path)?;
        figures.add(&format!("{name}, peer, bytes"), memory(&mut peer)?, 1);
        figures.add(&format!("{name}, owner, bytes"), memory(&mut owning)?, 1);
        peer.ask("loop")?;
        let killed = owning.kill()?;
        let returned = peer.numbers()?.first().copied().unwrap_or_default();
        figures.add(&format!("{name}, take-over"), seconds(returned - killed), 1);
        check(owner(&path)? == peer.pid(), "who took over")?;
        peer.ask(&format!("fast {COMMITS}"))?;
        peer.kill()?;
        // Now nobody waits: a new process opens what a killed one left.
        owning = Child::open(&path)?;
        figures.add(&format!("{name}, opening"), seconds(owning.opened), 1);
    }
    owning.kill()?;
    checkpoints(figures, name, entries, &path)
}

#[expect(clippy::cast_precision_loss, reason = "memory in bytes is far below 2^53")]
fn memory(child: &mut Child) -> Result<f64> {
    Ok(child.ask_one("resident")? as f64)
}

/// Merges the last checkpoint and a thousand changed entries into a new one.
fn checkpoints(figures: &mut Figures, name: usize, entries: usize, path: &Path) -> Result<()> {
    let uri = path.to_str().ok_or("a folder without a name in UTF-8")?;
    let id = Store::open_with(&OpenOptions { uri: uri.into(), read_only: true, ..OpenOptions::default() })?.id();
    let (files, trash) = (Files::default(), path.join("trash"));
    let index = SledIndex::new(path.join("index"), trash.clone(), files.clone(), Arc::new(TimeOrderedIds));
    let journal = Journal::open(JournalOptions {
        folder: path.join("journal"),
        trash,
        files,
        owner: id,
        clock: Arc::new(SystemClock),
        index: Box::new(index),
        sync_before: None,
        accept: Arc::new(|_| Ok(true)),
        still_owned: None,
        new_segment: false,
        checkpoint_bytes: u64::MAX,
    })?;
    journal.checkpoint()?;
    for _ in 0..repetitions() {
        work::fill(&journal, entries.min(1_000))?;
        let started = Instant::now();
        journal.checkpoint()?;
        figures.add(&format!("{name}, checkpoint"), started.elapsed().as_secs_f64(), 1);
    }
    check(work::count(&journal)? == entries, "the entries of a store at its end")
}
