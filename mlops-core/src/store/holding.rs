//! A lock on a part of a run that is read, changed and written again, for as long as that takes.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::Store;
use super::local::Layout;
use crate::base::digests::Digest;
use crate::base::files::{FileHandle, Files};
use crate::error::{Error, Result};

/// How long one waits before it looks again whether the other has let go.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Who holds what.
#[derive(Debug)]
pub(super) struct Holding {
    /// Where the files stand that are locked; None: nobody but this process has the store.
    place: Option<(Files, PathBuf)>,
    /// What is held in a store in memory.
    held: Arc<Mutex<BTreeSet<String>>>,
    patience: Duration,
}

impl Holding {
    pub(super) fn new(place: Option<(Files, &Layout)>, patience: Duration) -> Self {
        let place = place.map(|(files, layout)| (files, layout.tmp()));
        Self { place, held: Arc::default(), patience }
    }

    fn try_take(&self, name: &str) -> Result<Option<Taken>> {
        let Some((files, folder)) = &self.place else {
            let taken = self.held.lock().insert(name.to_owned());
            return Ok(taken.then(|| Taken::Memory(self.held.clone(), name.to_owned())));
        };
        let path = folder.join(name);
        let file = files.open_append(&path)?;
        if !file.try_lock().map_err(|e| Error::io("lock", &path, e))? {
            return Ok(None);
        }
        // Who clears the folder takes what was not written for long: this says that it is in use, and the look that it
        // was not taken before.
        file.set_len(0)?;
        file.write_at(b"held", 0)?;
        Ok(file.is_at_its_path()?.then_some(Taken::File(file)))
    }
}

#[derive(Debug)]
enum Taken {
    /// The lock ends with its handle.
    File(#[expect(dead_code, reason = "held for its lock")] FileHandle),
    Memory(Arc<Mutex<BTreeSet<String>>>, String),
}

impl Drop for Taken {
    fn drop(&mut self) {
        if let Self::Memory(held, name) = self {
            held.lock().remove(name);
        }
    }
}

/// A part of a run that nobody else holds; see [`Store::hold`].
#[derive(Debug)]
pub struct Held {
    store: Store,
    taken: Option<Taken>,
}

impl Held {
    /// Brings what this process logged into the store, and lets go: who holds it next reads what was changed.
    ///
    /// # Errors
    /// What bringing it into the store gives, such as `Locked`; it is let go all the same.
    pub fn release(mut self) -> Result<()> {
        let drained = self.store.runs().drain();
        self.taken = None;
        drained
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.taken.is_some() {
            // What cannot be brought into the store now is later.
            let _ = self.store.runs().drain();
        }
    }
}

impl Store {
    /// Holds a part of a run, such as an artifact that is read, changed and logged again: whoever holds the same, in this
    /// process or another, is waited for, as long as an owner that does not answer (`OpenOptions::owner_wait`). Nothing else
    /// is locked: who does not ask for it may change that part all the same. One thread must not hold a part twice.
    ///
    /// ```
    /// use mlops_core::Store;
    /// use mlops_core::runs::{RunExt, RunOptions};
    ///
    /// # fn main() -> mlops_core::Result<()> {
    /// let store = Store::open("memory:")?;
    /// let run = store.runs().start(RunOptions::default())?;
    /// run.log_bytes("rows.txt", b"one\n")?;
    /// let held = store.hold(run.id(), "rows.txt")?;
    /// let mut rows = store.runs().read_artifact(run.id(), "rows.txt")?;
    /// rows.extend(b"two\n");
    /// run.log_bytes("rows.txt", &rows)?;
    /// held.release()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Busy` if it is held for too long; `ReadOnly`; `InvalidState` for a closed store; `Io`.
    pub fn hold(&self, run_id: &str, part: &str) -> Result<Held> {
        self.check_open()?;
        self.runs().check_writable()?;
        let digest = Digest::of(format!("{run_id}\n{part}").as_bytes());
        let name = format!("held-{}", digest.to_string().rsplit(':').next().unwrap_or_default());
        let holding = &self.inner.holding;
        let began = Instant::now();
        loop {
            if let Some(taken) = holding.try_take(&name)? {
                return Ok(Held { store: self.clone(), taken: Some(taken) });
            }
            if began.elapsed() >= holding.patience {
                return Err(Error::Busy {
                    detail: format!(
                        "`{part}` of run `{run_id}` has been changed by another for {} s; try again when that has ended",
                        holding.patience.as_secs_f32()
                    ),
                });
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;
    use crate::runs::{RunExt, RunOptions};
    use crate::store::OpenOptions;

    /// Every thread adds its lines to one artifact, each through an opening of its own.
    fn all_lines_are_kept(stores: &[Store]) {
        let run = stores[0].runs().start(RunOptions::default()).unwrap();
        run.log_bytes("lines", b"").unwrap();
        stores[0].runs().drain().unwrap();
        std::thread::scope(|scope| {
            for store in stores {
                let id = run.id();
                scope.spawn(move || {
                    let run = store.runs().open(id).unwrap();
                    for _ in 0..10 {
                        let held = store.hold(id, "lines").unwrap();
                        let mut lines = store.runs().read_artifact(id, "lines").unwrap();
                        lines.push(b'x');
                        run.log_bytes("lines", &lines).unwrap();
                        held.release().unwrap();
                    }
                });
            }
        });
        assert_eq!(stores[0].runs().read_artifact(run.id(), "lines").unwrap().len(), 10 * stores.len());
    }

    #[test]
    fn who_holds_an_artifact_changes_it_alone() {
        let dir = tempfile::tempdir().unwrap();
        let store = || Store::open(dir.path().to_str().unwrap()).unwrap();
        all_lines_are_kept(&[store(), store(), store()]);
        let memory = Store::open("memory:").unwrap();
        all_lines_are_kept(&[memory.clone(), memory]);
    }

    #[test]
    fn what_is_held_for_too_long_is_busy_and_other_parts_are_not() {
        let dir = tempfile::tempdir().unwrap();
        for uri in ["memory:", dir.path().to_str().unwrap()] {
            let owner_wait = Duration::from_millis(20);
            let options = OpenOptions { uri: uri.into(), owner_wait, ..OpenOptions::default() };
            let store = Store::open_with(&options).unwrap();
            let held = store.hold("run", "a").unwrap();
            assert_eq!(store.hold("run", "a").unwrap_err().code(), Code::Busy);
            store.hold("run", "b").unwrap().release().unwrap();
            drop(held);
            store.hold("run", "a").unwrap();
        }
    }
}
