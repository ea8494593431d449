//! A thread that waits: when it is wanted back it gives up, and meanwhile it may do something else.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

thread_local! {
    static WANTED: RefCell<Option<Arc<AtomicBool>>> = const { RefCell::new(None) };
    static UNTIL: Cell<Option<Instant>> = const { Cell::new(None) };
    static MEANWHILE: RefCell<Option<Meanwhile>> = const { RefCell::new(None) };
}

/// What is done while this thread waits.
struct Meanwhile {
    every: Duration,
    last: Instant,
    work: Rc<dyn Fn()>,
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
    UNTIL.get().is_some_and(|until| Instant::now() >= until) || WANTED.try_with(is_set).unwrap_or_default()
}

fn is_set(watched: &RefCell<Option<Arc<AtomicBool>>>) -> bool {
    watched.borrow().as_ref().is_some_and(|wanted| wanted.load(Ordering::Relaxed))
}

/// Does something, and `also` every now and then while that waits or goes on for long.
pub(crate) fn meanwhile<T>(every: Duration, also: &Rc<dyn Fn()>, work: impl FnOnce() -> T) -> T {
    MEANWHILE.set(Some(Meanwhile { every, last: Instant::now(), work: also.clone() }));
    let done = work();
    MEANWHILE.set(None);
    done
}

/// Says that this thread waits, or does something that takes long.
pub(crate) fn waiting() {
    // While the process exits, what threads have of their own is gone.
    let due = MEANWHILE.try_with(|meanwhile| {
        let mut meanwhile = meanwhile.borrow_mut();
        let meanwhile = meanwhile.as_mut().filter(|meanwhile| meanwhile.last.elapsed() >= meanwhile.every)?;
        meanwhile.last = Instant::now();
        Some(meanwhile.work.clone())
    });
    if let Ok(Some(work)) = due {
        work();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_long_is_not_all_that_is_done() {
        let count = Rc::new(Cell::new(0));
        let counter = count.clone();
        let also: Rc<dyn Fn()> = Rc::new(move || counter.set(counter.get() + 1));
        waiting();
        meanwhile(Duration::from_millis(5), &also, || {
            waiting();
            assert_eq!(count.get(), 0, "it has not been long");
            std::thread::sleep(Duration::from_millis(6));
            waiting();
            waiting();
        });
        waiting();
        assert_eq!(count.get(), 1);
    }
}
