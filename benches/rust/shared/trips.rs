//! A peer's calls beside messages of the same sizes over a socket pair, and beside the same calls in the owner.

use mlops_benches::size;
use mlops_core::Store;
use mlops_core::storage::Durability;

use super::child::{Child, Echo, owner};
use super::figures::{Figures, Result, check, time_each};
use super::work::{self, Committer, SCANNED, VALUE_BYTES};
use super::{TARGET, repetitions};

/// Bytes of a key with its length, and of a value with its.
const KEY: usize = 15;
const VALUE: usize = 1 + VALUE_BYTES;
/// Length of the frame, and what kind of message it is.
const HEAD: usize = 5;
/// A question and its answer: the value that may be there; a range of two keys and options, and the entries; the
/// operations of a commit with their keys and values, and what became of it.
const GET: (usize, usize) = (HEAD + KEY, HEAD + 1 + VALUE);
const SCAN: (usize, usize) = (HEAD + 12, HEAD + 3 + SCANNED * (KEY + VALUE));
const COMMIT: (usize, usize) = (400, HEAD + 1);

pub(crate) fn measure(figures: &mut Figures) -> Result<()> {
    let folder = tempfile::tempdir_in(TARGET)?;
    let path = folder.path().join("store");
    let mut owning = Child::open(&path)?;
    check(owning.ask_one(&format!("fill {SCANNED}"))? == SCANNED as u64, "the entries of a store")?;
    let store = Store::open(path.to_str().ok_or("a folder without a name in UTF-8")?)?;
    let storage = &**store.storage();
    check(owner(&path)? == owning.pid(), "another process owns the store")?;
    let mut committer = Committer::new("peer");
    let (mut small, mut large, mut commit) = (echo(GET)?, echo(SCAN)?, echo(COMMIT)?);
    for _ in 0..repetitions() {
        for (name, count, echo) in [
            ("get", size(200, 20), &mut small),
            ("scan", size(20, 2), &mut large),
            ("fast", size(200, 20), &mut commit),
        ] {
            let (mut peer, mut pair, mut own) = (Vec::new(), Vec::new(), Vec::new());
            for _ in 0..size(20, 1) {
                peer.extend(match name {
                    "get" => work::get(storage, count)?,
                    "scan" => work::scan(storage, count)?,
                    _ => committer.commit_each(storage, count, Durability::Fast)?,
                });
                pair.extend(time_each(count, || echo.trip())?);
                own.extend(owning.ask(&format!("{name} {count}"))?);
            }
            figures.add_calls(&format!("trip, {name}, peer"), peer);
            figures.add_calls(&format!("trip, {name}, pair"), pair);
            figures.add_calls(&format!("trip, {name}, owner"), own);
        }
    }
    committer.check(storage)?;
    check(owner(&path)? == owning.pid(), "another process owns the store still")
}

fn echo((request, answer): (usize, usize)) -> Result<Echo> {
    Echo::start(request, answer)
}
