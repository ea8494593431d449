//! Waiting for a change of what a lock protects, in a way that survives a fork.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use parking_lot::MutexGuard;

/// A condition variable for [`parking_lot::Mutex`].
///
/// `parking_lot::Condvar` keeps waiting threads in a list of the process. A forked child inherits the list, but neither
/// the threads nor their memory: it would walk through what has become something else, and crash or never end. Here
/// threads wait in the kernel, and a child inherits nothing of it.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    /// How often it was given.
    given: Mutex<u64>,
    changed: Condvar,
}

impl Signal {
    /// Wakes who waits.
    pub(crate) fn notify_all(&self) {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        *given = given.wrapping_add(1);
        drop(given);
        self.changed.notify_all();
    }

    /// Lets go of the lock and waits for a signal. It may come without a reason: look again at what was waited for.
    pub(crate) fn wait<T: ?Sized>(&self, guard: &mut MutexGuard<'_, T>) {
        self.wait_at_most(guard, None);
    }

    /// [`wait`](Self::wait) for a time; true if it passed without a signal.
    pub(crate) fn wait_for<T: ?Sized>(&self, guard: &mut MutexGuard<'_, T>, time: Duration) -> bool {
        self.wait_at_most(guard, Some(time))
    }

    /// [`wait`](Self::wait) up to a moment; true if it passed without a signal.
    pub(crate) fn wait_until<T: ?Sized>(&self, guard: &mut MutexGuard<'_, T>, moment: Instant) -> bool {
        self.wait_at_most(guard, Some(moment.saturating_duration_since(Instant::now())))
    }

    fn wait_at_most<T: ?Sized>(&self, guard: &mut MutexGuard<'_, T>, time: Option<Duration>) -> bool {
        // Read under the caller's lock: a signal for a change that is made after the lock is let go is not missed.
        let seen = *self.given.lock().unwrap_or_else(PoisonError::into_inner);
        MutexGuard::unlocked(guard, || {
            let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
            match time {
                Some(time) => {
                    let waited = self.changed.wait_timeout_while(given, time, |given| *given == seen);
                    waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
                }
                None => {
                    drop(self.changed.wait_while(given, |given| *given == seen));
                    false
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_change_is_missed_by_who_waits_for_it() {
        let (number, signal) = (parking_lot::Mutex::new(0_u32), Signal::default());
        std::thread::scope(|scope| {
            for turn in 0..2 {
                let (number, signal) = (&number, &signal);
                scope.spawn(move || {
                    let mut number = number.lock();
                    while *number < 2_000 {
                        if *number % 2 == turn {
                            *number += 1;
                            signal.notify_all();
                        } else {
                            signal.wait(&mut number);
                        }
                    }
                });
            }
        });
        assert_eq!(*number.lock(), 2_000);
    }

    #[test]
    fn waiting_ends_with_the_time() {
        let (lock, signal) = (parking_lot::Mutex::new(()), Signal::default());
        assert!(signal.wait_for(&mut lock.lock(), Duration::from_millis(1)));
        assert!(signal.wait_until(&mut lock.lock(), Instant::now()));
    }
}
