//! The background thread: drains what this process logged, a few times a second, and says that it lives.
//!
//! It runs while a run is active or something is not drained, and a moment longer, so that a process that does not log has no thread of ours.
//! Before a fork it is stopped, since a child would have what it holds and not the thread; the next log call starts it
//! again.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};

use super::core::Core;
use super::drain::DRAIN_EVERY;
use crate::base::hurry;
use crate::base::signal::Signal;

/// How often a process with an active run says that it lives: when it wakes, if the last time is a little less ago.
const HEARTBEAT: Duration = Duration::from_secs(5);
const BEAT_AFTER_MICROS: i64 = 4_000_000;
/// How long the thread waits for another run after the last has ended: to start it costs as much as a whole run.
const LINGER: Duration = Duration::from_millis(500);
/// How often records are forced to the disk that the engine has not: what is logged survives power loss after a second.
const FORCE_EVERY: Duration = Duration::from_millis(400);
/// How long a fork waits for the thread.
const FORK_PATIENCE: Duration = Duration::from_millis(100);

/// The thread, if there is one, and what it is told.
#[derive(Debug, Default)]
pub(super) struct Background {
    state: Mutex<State>,
    changed: Signal,
    /// True while the thread will look again before it ends.
    running: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    dirty: bool,
    /// Which thread is meant: one that was told to stop does not count any more.
    generation: u64,
    thread: Option<JoinHandle<()>>,
    /// Set when the thread is wanted back: a call to the owner is given up then.
    wanted: Arc<AtomicBool>,
}

impl Background {
    /// True if there is a thread that will see what is dirty.
    pub(super) fn is_running(&self) -> bool {
        self.running.load(Ordering::Acquire)
    }

    /// Has the thread drain soon; starts it if there is none. Without it (no thread to be had) readers, `end` and the
    /// next open drain.
    pub(super) fn wake(&self, core: &Arc<Core>) {
        let mut state = self.state.lock();
        let news = !std::mem::replace(&mut state.dirty, true);
        if self.is_running() {
            drop(state);
            // Who knows already looks in a moment: waking it for each of many runs would cost more than the look.
            if news {
                self.changed.notify_all();
            }
        } else {
            // The one before it has ended, or is about to, without another look.
            let core = core.clone();
            let generation = state.generation;
            state.wanted = Arc::default();
            self.running.store(true, Ordering::Release);
            let wanted = state.wanted.clone();
            let started = std::thread::Builder::new().name("mlops-drain".into()).spawn(move || {
                hurry::watch(wanted);
                run(&core, generation);
            });
            if started.is_err() {
                self.running.store(false, Ordering::Release);
            }
            state.thread = started.ok();
        }
    }

    /// Ends the thread and waits for it; for `patience` at most, if there is one.
    pub(super) fn stop(&self, patience: Option<Duration>) {
        let thread = {
            let mut state = self.state.lock();
            state.generation += 1;
            self.running.store(false, Ordering::Release);
            state.wanted.store(true, Ordering::Relaxed);
            state.thread.take()
        };
        self.changed.notify_all();
        let Some(thread) = thread else { return };
        if let Some(patience) = patience {
            let began = Instant::now();
            while !thread.is_finished() && began.elapsed() < patience {
                std::thread::sleep(Duration::from_micros(200));
            }
            if !thread.is_finished() {
                return;
            }
        }
        // A panic of the thread was its own end; what it left is drained by the next.
        let _ = thread.join();
    }

    /// Ends the thread before this process forks. What was logged is drained first, if that does not take long: nobody
    /// else drains it before the next log call.
    pub(super) fn before_fork(&self, core: &Core) {
        self.stop(Some(FORK_PATIENCE));
        if hurry::within(FORK_PATIENCE, || core.drain_own_within(FORK_PATIENCE)).is_err() {
            // What cannot be drained now stands in the spool, where it is not forced to the disk before the next log call.
            let _ = core.force_all();
        }
    }
}

fn run(core: &Arc<Core>, generation: u64) {
    let background = &core.background;
    let also = forcing(core);
    let mut failures = 0_u32;
    let mut again_from = Instant::now();
    let mut beaten = core.clock.now();
    loop {
        let open = core.known.lock().values().any(|run| run.active.load(Ordering::Relaxed));
        let has_endings = core.has_endings();
        let active = open || has_endings;
        {
            let mut state = background.state.lock();
            state.dirty |= has_endings;
            while state.generation == generation && !state.dirty {
                if background.changed.wait_for(&mut state, if active { HEARTBEAT } else { LINGER }) {
                    if active {
                        break;
                    }
                    if core.has_rest() {
                        MutexGuard::unlocked(&mut state, || core.fold_the_rest());
                        continue;
                    }
                    background.running.store(false, Ordering::Release);
                    return;
                }
            }
            // Records that come close together are drained together.
            if state.generation == generation && state.dirty {
                background.changed.wait_for(&mut state, DRAIN_EVERY);
            }
            if state.generation != generation {
                return;
            }
            state.dirty = false;
        }
        let now = core.clock.now();
        if active && now.as_micros().saturating_sub(beaten.as_micros()) >= BEAT_AFTER_MICROS {
            core.spool.beat(now);
            beaten = now;
        }
        if has_endings {
            // What there is no room for is tried again.
            let _ = core.write_endings();
        }
        // A failed drain waits longer each time.
        let drained = (failures == 0 || Instant::now() >= again_from)
            .then(|| hurry::meanwhile(FORCE_EVERY, &also, || core.drain_own()));
        // What cannot be removed now only takes room; it is tried again.
        let _ = core.spool.remove_drained(core.clock.now(), || core.storage.flush());
        match drained {
            Some(Ok(())) => {
                failures = 0;
                // Without columns searches are only slower; it is tried again when as many runs have ended.
                let _ = core.fold_if_due();
            }
            Some(Err(_)) => {
                failures += 1;
                again_from = Instant::now() + DRAIN_EVERY * 2_u32.pow(failures.min(5));
            }
            None => {}
        }
        if failures > 0 {
            background.state.lock().dirty = true;
        }
        if failures > 0 || core.spool.has_left_unsynced() {
            // With the engine away the spool is what keeps the records: it is forced to the disk instead.
            let _ = core.force_all();
        }
    }
}

/// Forces the spool to the disk, for who waits for the engine or drains for long.
fn forcing(core: &Arc<Core>) -> Rc<dyn Fn()> {
    let core = core.clone();
    // What fails is tried again, and says so to who wants it on the disk.
    Rc::new(move || drop(core.force_all()))
}
