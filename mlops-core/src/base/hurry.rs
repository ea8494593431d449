//! A thread that is wanted back: what it waits for is given up.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

thread_local! {
    static WANTED: RefCell<Option<Arc<AtomicBool>>> = const { RefCell::new(None) };
    static UNTIL: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// From now on this thread is wanted back when `wanted` is set.
pub(crate) fn watch(wanted: Arc<AtomicBool>) {
    WANTED.with_borrow_mut(|watched| *watched = Some(wanted));
}

/// Does something after which this thread is wanted back, within a time.
pub(crate) fn within<T>(time: Duration, work: impl FnOnce() -> T) -> T {
    UNTIL.set(Some(Instant::now() + time));
    let done = work();
    UNTIL.set(None);
    done
}

/// True if this thread is wanted back.
pub(crate) fn is_wanted() -> bool {
    UNTIL.get().is_some_and(|until| Instant::now() >= until)
        || WANTED.with_borrow(|watched| watched.as_ref().is_some_and(|wanted| wanted.load(Ordering::Relaxed)))
}
