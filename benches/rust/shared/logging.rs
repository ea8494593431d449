//! One `log_metric` call beside a `write(2)` of as many bytes.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use mlops_benches::{end, size, start, store};
use mlops_core::Store;

use super::child::Child;
use super::figures::{Figures, Result, check, time_each};
use super::{TARGET, repetitions};

/// Other processes that log.
const OTHERS: usize = 8;
/// Calls of one turn.
const CALLS: usize = 1_000;

pub(crate) fn measure(figures: &mut Figures) -> Result<()> {
    let (folder, store) = store(TARGET)?;
    let path = store.path().ok_or("a store on the disk has a folder")?;
    let bytes = point_bytes(&store, path)?;
    figures.add("log, bytes", f64::from(u32::try_from(bytes)?), 1_000);
    in_turn(figures, "log, idle", &store, folder.path(), bytes)?;
    let mut others = (0..size(OTHERS, 2)).map(|_| Child::open(path)).collect::<Result<Vec<_>>>()?;
    for other in &mut others {
        other.ask("log")?;
    }
    in_turn(figures, "log, others", &store, folder.path(), bytes)?;
    for other in &mut others {
        let logged = other.ask_one("stop")?;
        check(logged > 0, "what another process logs")?;
        figures.add("log, by another", f64::from(u32::try_from(logged)?), usize::try_from(logged)?);
    }
    Ok(())
}

/// What a point takes in the spool.
fn point_bytes(store: &Store, path: &Path) -> Result<usize> {
    let run = start(store)?;
    run.log_metric("loss", 0.5, 0, None)?;
    let before = folder_bytes(&path.join("spool"))?;
    for step in 1..=1_000 {
        run.log_metric("loss", 0.5, step, None)?;
    }
    let bytes = usize::try_from((folder_bytes(&path.join("spool"))? - before) / 1_000)?;
    end(&*run)?;
    check((20..500).contains(&bytes), "the bytes of a point")?;
    Ok(bytes)
}

/// The sizes of the files in a folder.
pub(crate) fn folder_bytes(folder: &Path) -> Result<u64> {
    std::fs::read_dir(folder)?.map(|entry| Ok(entry?.metadata()?.len())).sum()
}

fn in_turn(figures: &mut Figures, name: &str, store: &Store, folder: &Path, bytes: usize) -> Result<()> {
    let record = vec![7; bytes];
    let turns = size(20, 1);
    for _ in 0..repetitions() {
        let plain = folder.join("plain");
        let mut file = File::options().create_new(true).append(true).open(&plain)?;
        let run = start(store)?;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let mut step = 0;
        for _ in 0..turns {
            ours.extend(time_each(CALLS, || {
                step += 1;
                Ok(run.log_metric("loss", 0.5, step, None)?)
            })?);
            theirs.extend(time_each(CALLS, || Ok(file.write_all(&record)?))?);
        }
        end(&*run)?;
        let found = store.runs().metric_history(run.id(), "loss")?;
        check(found.len() == ours.len() && found.steps.last() == Some(&step), "the points of a run")?;
        check(usize::try_from(file.metadata()?.len())? == theirs.len() * bytes, "the bytes of a file")?;
        std::fs::remove_file(plain)?;
        figures.add_calls(&format!("{name}, mlops"), ours);
        figures.add_calls(&format!("{name}, write"), theirs);
    }
    Ok(())
}
