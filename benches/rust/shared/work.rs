//! The work that owners and peers do alike.

use std::time::{Duration, Instant};

use mlops_core::storage::{Durability, KeyRange, Op, Outcome, ScanOptions, Storage};

use super::figures::{Result, check, time_each};

/// Bytes of every value.
pub(crate) const VALUE_BYTES: usize = 100;
/// Entries of a scan.
pub(crate) const SCANNED: usize = 1_000;
const ENTRIES: &str = "z/";

/// The key of an entry of [`fill`].
pub(crate) fn key(number: usize) -> String {
    format!("{ENTRIES}{number:012}")
}

/// A value that differs with the number, and that nothing makes much smaller.
pub(crate) fn value(number: u64) -> Vec<u8> {
    let mut state = number;
    let bytes = std::iter::from_fn(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes().first().copied()
    });
    number.to_le_bytes().into_iter().chain(bytes).take(VALUE_BYTES).collect()
}

/// Puts entries, in few commits.
pub(crate) fn fill(storage: &dyn Storage, entries: usize) -> Result<()> {
    let numbers: Vec<usize> = (0..entries).collect();
    for some in numbers.chunks(2_000) {
        let ops: Vec<Op> = some.iter().map(|number| Op::put(key(*number), value(*number as u64))).collect();
        check(storage.apply(&ops, Durability::Fast)? == Outcome::Applied, "a commit without checks")?;
    }
    Ok(())
}

/// How many entries of [`fill`] there are.
pub(crate) fn count(storage: &dyn Storage) -> Result<usize> {
    let mut range = KeyRange::prefix(ENTRIES);
    let mut found = 0;
    loop {
        let page = storage.scan(&range, &ScanOptions::default())?;
        found += page.entries.len();
        match page.entries.last() {
            Some((last, _)) if page.more => range = range.after(last),
            _ => return Ok(found),
        }
    }
}

/// Reads one value `times` times; nanoseconds each.
pub(crate) fn get(storage: &dyn Storage, times: usize) -> Result<Vec<u64>> {
    let (key, expected) = (key(7), value(7));
    time_each(times, || check(storage.get(key.as_bytes())?.as_ref() == Some(&expected), "a value"))
}

/// Reads [`SCANNED`] entries `times` times; nanoseconds each.
pub(crate) fn scan(storage: &dyn Storage, times: usize) -> Result<Vec<u64>> {
    let (range, options) = (KeyRange::prefix(ENTRIES), ScanOptions { limit: SCANNED, ..ScanOptions::default() });
    time_each(times, || check(storage.scan(&range, &options)?.entries.len() == SCANNED, "the entries of a scan"))
}

/// Who commits decisions: each checks the last, puts the next, and notes it.
#[derive(Debug)]
pub(crate) struct Committer {
    state: String,
    made: u64,
}

impl Committer {
    /// `name` is of one committer only.
    pub(crate) fn new(name: &str) -> Self {
        Self { state: format!("y/{name}/state"), made: 0 }
    }

    pub(crate) fn commit(&mut self, storage: &dyn Storage, durability: Durability) -> Result<()> {
        let old = (self.made > 0).then(|| value(self.made));
        self.made += 1;
        let noted = format!("{}/{:03}", self.state, self.made % 1_000);
        let new = value(self.made);
        let ops = [Op::check(&*self.state, old), Op::put(&*self.state, new.clone()), Op::put(noted, new)];
        check(storage.apply(&ops, durability)? == Outcome::Applied, "a commit that nobody else's can hinder")
    }

    /// Commits `times` times; nanoseconds each.
    pub(crate) fn commit_each(
        &mut self,
        storage: &dyn Storage,
        times: usize,
        durability: Durability,
    ) -> Result<Vec<u64>> {
        time_each(times, || self.commit(storage, durability))
    }

    /// Reads back that the last commit is there.
    pub(crate) fn check(&self, storage: &dyn Storage) -> Result<()> {
        check(storage.get(self.state.as_bytes())? == Some(value(self.made)), "the last commit")
    }
}

/// Threads that commit durably for a time; how many commits they made, and in which time, in nanoseconds.
pub(crate) fn commit_together(
    storage: &dyn Storage,
    name: &str,
    threads: usize,
    time: Duration,
) -> Result<(usize, u64)> {
    let began = Instant::now();
    let work = |thread: usize| -> Result<usize> {
        let mut committer = Committer::new(&format!("{name}-{thread}"));
        while began.elapsed() < time {
            committer.commit(storage, Durability::Full)?;
        }
        committer.check(storage)?;
        Ok(usize::try_from(committer.made)?)
    };
    let made: Result<Vec<usize>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|thread| scope.spawn(move || work(thread))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err("a thread panicked".into()))).collect()
    });
    Ok((made?.into_iter().sum(), u64::try_from(began.elapsed().as_nanos())?))
}
