//! Delivering to commands in a thread, after a change.

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use uuid::Uuid;

use super::super::store::LocalRegistry;
use super::command::{HOOK, hooks_of_this_user};
use crate::base::forked::PerProcess;

/// How long it is waited where another process is delivering.
const ELSEWHERE: Duration = Duration::from_millis(100);

/// Those whose threads deliver in this process.
static AT_WORK: PerProcess<Mutex<Vec<Weak<Background>>>> = PerProcess::new();

/// Waits until the threads of this process have delivered what there is, also of stores that are closed, for at most so long.
pub(crate) fn settle_all(patience: Duration) {
    let until = Instant::now() + patience;
    let all: Vec<_> = AT_WORK.get().lock().iter().filter_map(Weak::upgrade).collect();
    for one in all {
        one.settle(until.saturating_duration_since(Instant::now()));
    }
}

/// What the registries of one opening of a store share.
#[derive(Debug, Default)]
pub(crate) struct Background {
    store: Uuid,
    /// Where the store is, for the commands; empty in memory.
    uri: String,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// There is a thread.
    runs: bool,
    /// It delivers: it does not wait for a time to try again.
    is_busy: bool,
    /// Something changed since it last looked.
    again: bool,
    /// The store is closed.
    ended: bool,
    /// The hooks whose cursors are stored.
    known: BTreeSet<String>,
}

impl Background {
    pub(crate) fn new(store: Uuid, uri: &str) -> Self {
        Self { store, uri: uri.into(), ..Self::default() }
    }

    pub(super) const fn store(&self) -> Uuid {
        self.store
    }

    pub(super) fn uri(&self) -> &str {
        &self.uri
    }

    /// Ends the thread when it has delivered what there is.
    pub(crate) fn end(&self) {
        self.state.lock().ended = true;
        self.changed.notify_all();
    }

    /// Waits until all that can be delivered now is, for at most so long. True if it is.
    pub(crate) fn settle(&self, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        let mut state = self.state.lock();
        while state.is_busy {
            if self.changed.wait_until(&mut state, until).timed_out() {
                return false;
            }
        }
        true
    }
}

impl LocalRegistry {
    /// Before a change: the user's hooks that are new begin with it. What goes wrong here is no matter of the change.
    pub(in super::super) fn before_hooks(&self) {
        for hook in hooks_of_this_user().unwrap_or_default() {
            let consumer = hook.consumer();
            if !self.hooks.state.lock().known.contains(&consumer) && self.cursor(&consumer, None).is_ok() {
                self.hooks.state.lock().known.insert(consumer);
            }
        }
    }

    /// After a change: it is delivered to the user's hooks, in a thread.
    pub(in super::super) fn after_hooks(&self) {
        // In the command of a hook: who runs it goes on with this change when the command has ended.
        if std::env::var_os(HOOK).is_some() {
            return;
        }
        {
            let mut state = self.hooks.state.lock();
            if state.known.is_empty() || state.ended {
                return;
            }
            state.again = true;
            state.is_busy = true;
            if state.runs {
                self.hooks.changed.notify_all();
                return;
            }
            state.runs = true;
        }
        {
            let mut all = AT_WORK.get().lock();
            all.retain(|one| one.strong_count() > 0);
            all.push(Arc::downgrade(&self.hooks));
        }
        let registry = self.clone();
        let begun = std::thread::Builder::new().name("mlops-hooks".into()).spawn(move || registry.deliver_for_long());
        if begun.is_err() {
            let mut state = self.hooks.state.lock();
            (state.runs, state.is_busy) = (false, false);
        }
    }

    /// Waits until what happened is handed to the user's commands, for at most so long; a failure that is tried again later is
    /// not waited for. True if nothing is under way any more.
    pub fn settle_hooks(&self, patience: Duration) -> bool {
        self.hooks.settle(patience)
    }

    fn deliver_for_long(&self) {
        loop {
            self.hooks.state.lock().again = false;
            let done = self.run_hooks().unwrap_or_default();
            let elsewhere = done.iter().any(|delivery| delivery.elsewhere);
            let later = done.iter().filter_map(|delivery| delivery.state.retry_at).min();
            let now = self.runs.clock().now();
            let mut state = self.hooks.state.lock();
            if state.again && !state.ended {
                continue;
            }
            if elsewhere && !state.ended {
                // Who is delivering may have looked for the last time before this change.
                self.hooks.changed.wait_for(&mut state, ELSEWHERE);
                continue;
            }
            state.is_busy = false;
            self.hooks.changed.notify_all();
            if let Some(at) = later.filter(|_| !state.ended) {
                let until = Instant::now() + at.since(now).max(Duration::from_millis(10));
                while !state.again && !state.ended && !self.hooks.changed.wait_until(&mut state, until).timed_out() {}
                if !state.ended {
                    state.is_busy = true;
                    continue;
                }
            }
            state.runs = false;
            return;
        }
    }
}
