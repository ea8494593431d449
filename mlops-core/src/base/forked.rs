//! What a process has once, and a forked child anew.

use std::sync::OnceLock;

use super::os;
use crate::error::{Error, Result};

/// Refuses the use of a store in a child that was forked since it was opened, after so many forks.
///
/// # Errors
/// `InvalidState`.
pub(crate) fn check(forks: usize) -> Result<()> {
    if os::forks() == forks {
        return Ok(());
    }
    Err(Error::InvalidState {
        detail: "this store was opened before the process was forked; open it again in the child".into(),
    })
}

/// A static value of which a forked child gets one of its own: a lock in the parent's may have been held, at the fork, by
/// a thread that the child does not have.
#[derive(Debug, Default)]
pub struct PerProcess<T> {
    first: OnceLock<Box<Of<T>>>,
}

#[derive(Debug)]
struct Of<T> {
    forks: usize,
    value: T,
    child: OnceLock<Box<Of<T>>>,
}

impl<T: Default> PerProcess<T> {
    /// A value that is not made yet.
    pub const fn new() -> Self {
        Self { first: OnceLock::new() }
    }

    /// The value of this process, made at the first call in it.
    pub fn get(&self) -> &T {
        let forks = os::forks();
        let mut place = &self.first;
        loop {
            match place.get() {
                Some(found) if found.forks == forks => return &found.value,
                Some(found) => place = &found.child,
                // Made before it is set, not while: a fork at that moment would leave the child waiting.
                None => drop(place.set(Box::new(Of { forks, value: T::default(), child: OnceLock::new() }))),
            }
        }
    }
}
