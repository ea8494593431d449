//! Faults for tests: a file layer that fails, tears or kills at the Nth operation, and an engine that fails.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Capabilities, Durability, KeyRange, Op, Outcome, ScanOptions, ScanPage, Storage};
use crate::base::files::{FileHook, FileOp};
use crate::error::{Error, Result};

/// What happens at the Nth operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// Nothing: operations are only counted.
    None,
    /// It fails, once.
    Fail,
    /// It and all behind it fail: the disk is full.
    FailOn,
    /// A write stores half of its bytes and fails.
    Torn,
    /// The process is killed before it.
    Kill,
}

/// Counts the operations of the file layer and lets the Nth fail.
#[derive(Debug)]
pub struct FaultPlan {
    fault: Fault,
    at: u64,
    seen: AtomicU64,
}

impl FaultPlan {
    /// Reads a plan: `count`, or `fail:N` (once), `fail-on:N` (from then on), `torn:N` (half of a write), `kill:N`
    /// (SIGKILL before the operation). N counts from 1.
    ///
    /// # Errors
    /// `InvalidArgument` for any other text.
    pub fn from_text(text: &str) -> Result<Self> {
        let (fault, at) = text.split_once(':').unwrap_or((text, "0"));
        let fault = match fault {
            "count" => Some(Fault::None),
            "fail" => Some(Fault::Fail),
            "fail-on" => Some(Fault::FailOn),
            "torn" => Some(Fault::Torn),
            "kill" => Some(Fault::Kill),
            _ => None,
        };
        match (fault, at.parse()) {
            (Some(fault), Ok(at)) => Ok(Self { fault, at, seen: AtomicU64::new(0) }),
            _ => Err(Error::InvalidArgument {
                what: "fault plan".into(),
                value: text.into(),
                expected: "count, fail:N, fail-on:N, torn:N or kill:N".into(),
            }),
        }
    }

    /// How many operations were seen.
    pub fn seen(&self) -> u64 {
        self.seen.load(Ordering::SeqCst)
    }
}

impl FileHook for FaultPlan {
    fn before(&self, op: &FileOp<'_>) -> io::Result<Option<usize>> {
        let number = self.seen.fetch_add(1, Ordering::SeqCst) + 1;
        let full = || Err(io::Error::from(io::ErrorKind::StorageFull));
        match self.fault {
            Fault::FailOn if number >= self.at => full(),
            Fault::Fail if number == self.at => full(),
            Fault::Torn if number == self.at => match op {
                FileOp::Write(_, _, bytes) => Ok(Some(bytes.len() / 2)),
                _ => full(),
            },
            Fault::Kill if number == self.at => {
                // The signal ends every thread before the call returns, or soon after.
                let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
                std::thread::park();
                full()
            }
            _ => Ok(None),
        }
    }
}

/// An engine whose Nth call fails with [`Error::Io`].
#[derive(Debug)]
pub struct FaultyStorage<S> {
    inner: S,
    fail_at: u64,
    /// All calls behind it fail too.
    on: bool,
    calls: AtomicU64,
}

impl<S: Storage> FaultyStorage<S> {
    /// Lets the call number `fail_at` (from 1) fail, once; it does nothing then.
    pub fn new(inner: S, fail_at: u64) -> Self {
        Self { inner, fail_at, on: false, calls: AtomicU64::new(0) }
    }

    /// Lets the call number `fail_at` (from 1) fail, and all behind it.
    pub fn from_then_on(inner: S, fail_at: u64) -> Self {
        Self { on: true, ..Self::new(inner, fail_at) }
    }

    /// How many calls there were.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    fn call(&self) -> Result<&S> {
        let number = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        if number == self.fail_at || self.on && number > self.fail_at {
            return Err(Error::io("use", std::path::Path::new("a faulty engine"), io::Error::other("fault of a test")));
        }
        Ok(&self.inner)
    }
}

impl<S: Storage> Storage for FaultyStorage<S> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.call()?.get(key)
    }

    fn scan(&self, range: &KeyRange, options: &ScanOptions) -> Result<ScanPage> {
        self.call()?.scan(range, options)
    }

    fn apply(&self, ops: &[Op], durability: Durability) -> Result<Outcome> {
        self.call()?.apply(ops, durability)
    }

    fn flush(&self) -> Result<()> {
        self.call()?.flush()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }
}
