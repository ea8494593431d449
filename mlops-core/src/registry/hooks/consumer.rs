//! Reading the log of events behind a cursor.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::super::log::Event;
use super::super::store::LocalRegistry;
use super::cursor::CursorState;
use super::wanted::Wanted;
use crate::base::forked::PerProcess;
use crate::base::names::check_key;
use crate::base::time::Timestamp;
use crate::error::Result;
use crate::settings::hooks::{HookLock, try_lock};

/// How often it is looked whether something changed.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// So many events are read at a time.
const PAGE: usize = 100;
/// After so many that are not wanted the cursor is stored, so that they are not read again.
const PASSED_OVER: u64 = 1_000;

/// The consumers that a thread of this process is delivering to.
static BUSY: PerProcess<Mutex<BTreeSet<String>>> = PerProcess::new();

/// What a consumer is told of, and how far it is remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsumerOptions {
    /// The name under which the store remembers how far it is, whichever process it is in. None: this consumer alone, from now
    /// on.
    pub name: Option<String>,
    /// The kinds of events: [`EVENT_KINDS`](super::EVENT_KINDS), or names of actions. Empty: all.
    pub on: Vec<String>,
    /// The model. Default: any.
    pub model: Option<String>,
    /// Where a name that is new begins: behind this event; 0 is with the first. Default: with what happens from now on.
    pub after: Option<u64>,
}

/// What a consumer has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// An event; [`done`](Consumer::done) or [`failed`](Consumer::failed) says what became of it.
    Event(Box<Event>),
    /// Nothing, until something changes.
    Nothing,
    /// Nothing until then: the next one failed.
    Later(Timestamp),
    /// Another process, or thread, is delivering to it.
    Elsewhere,
}

/// Somebody who is told of events: of each at least once, in order. An event whose consumer was killed before it said what
/// became of it comes again.
///
/// ```
/// use mlops_core::Store;
/// use mlops_core::registry::{ConsumerOptions, ModelRegistry, Next};
///
/// # fn main() -> mlops_core::Result<()> {
/// let store = Store::open("memory:")?;
/// let registry = store.registry();
/// let name = Some("billing".to_owned());
/// let mut consumer = registry.consumer(&ConsumerOptions { name, ..ConsumerOptions::default() })?;
/// registry.create_model("fraud", None, &[])?;
/// let Next::Event(event) = consumer.next()? else { panic!("there is one") };
/// assert_eq!(event.action.as_str(), "model_created");
/// consumer.done(event.seq)?;
/// assert_eq!(consumer.next()?, Next::Nothing);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Consumer {
    registry: LocalRegistry,
    /// As it is stored; None: in this process only.
    name: Option<String>,
    wanted: Wanted,
    /// How far it is, as it was last read.
    state: CursorState,
    /// Behind an event that is done nothing is for it up to another.
    passed: (u64, u64),
    held: Option<Held>,
}

/// The right to deliver.
#[derive(Debug)]
struct Held {
    busy: String,
    _lock: HookLock,
}

impl Drop for Held {
    fn drop(&mut self) {
        BUSY.get().lock().remove(&self.busy);
    }
}

impl LocalRegistry {
    /// A consumer of events.
    ///
    /// # Errors
    /// `InvalidArgument` for a kind of event that there is not, or a bad name; with a name `ReadOnly`, `Io`; `InvalidState` for
    /// what is to come in a store that was opened for reading, which shows it as it was then.
    pub fn consumer(&self, options: &ConsumerOptions) -> Result<Consumer> {
        if let Some(name) = &options.name {
            check_key("name of a consumer of events", name)?;
        }
        self.stored_consumer(options.name.as_ref().map(|name| format!("app/{name}")), options)
    }

    /// A consumer whose name is stored as it is.
    pub(super) fn stored_consumer(&self, name: Option<String>, options: &ConsumerOptions) -> Result<Consumer> {
        let wanted = Wanted::new(&options.on, options.model.as_deref())?;
        let state = match &name {
            Some(name) => self.cursor(name, options.after)?.0,
            None => {
                if options.after.is_none() {
                    self.check_live()?;
                }
                let seq = options.after.map_or_else(|| self.head().map(|(head, _)| head.seq), Ok)?;
                CursorState { seq, ..CursorState::default() }
            }
        };
        Ok(Consumer { registry: self.clone(), name, wanted, state, passed: (0, 0), held: None })
    }

    /// Has a consumer that was made with a name go on behind an event, whatever became of that.
    ///
    /// # Errors
    /// `NotFound` if there is none of this name; `ReadOnly`, `Io`.
    pub fn move_consumer(&self, name: &str, seq: u64) -> Result<CursorState> {
        self.move_cursor(&format!("app/{name}"), seq)
    }
}

impl Consumer {
    /// What there is to do. It does not wait.
    ///
    /// # Errors
    /// `Corrupt`, `Io`.
    #[expect(clippy::should_implement_trait, reason = "an iterator ends where there is nothing")]
    pub fn next(&mut self) -> Result<Next> {
        if !self.hold() {
            return Ok(Next::Elsewhere);
        }
        let now = self.registry.runs.clock().now();
        if let Some(name) = &self.name {
            self.state = self.registry.read_cursor(name)?.map(|(state, _)| state).unwrap_or_default();
        }
        if let Some(at) = self.state.retry_at.filter(|at| *at > now) {
            self.held = None;
            return Ok(Next::Later(at));
        }
        let (done, passed) = self.passed;
        let mut after = if done == self.state.seq { passed.max(done) } else { self.state.seq };
        loop {
            let events = self.registry.read_events(after, PAGE)?;
            let Some(last) = events.last().map(|event| event.seq) else { break };
            if let Some(event) = events.into_iter().find(|event| self.wanted.takes(event)) {
                return Ok(Next::Event(Box::new(event)));
            }
            after = last;
        }
        self.pass_over(after)?;
        self.held = None;
        Ok(Next::Nothing)
    }

    /// Notes that there is nothing for it up to a number.
    fn pass_over(&mut self, seq: u64) -> Result<()> {
        if let Some(name) = &self.name
            && let Some((stored, bytes)) = self.registry.read_cursor(name)?
            && seq >= stored.seq + PASSED_OVER
        {
            let moved = CursorState { seq, ..stored };
            if self.registry.write_cursor(name, &moved, bytes.as_deref())? {
                self.state = moved;
            }
        }
        self.passed = (self.state.seq, seq);
        Ok(())
    }

    /// What there is to do, once there is something; None if there is nothing for so long.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub fn wait(&mut self, patience: Duration) -> Result<Option<Box<Event>>> {
        let until = Instant::now() + patience;
        loop {
            if let Next::Event(event) = self.next()? {
                return Ok(Some(event));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            std::thread::sleep(left.min(LOOK_EVERY));
        }
    }

    /// Says that an event is done, and with it all before.
    ///
    /// # Errors
    /// `ReadOnly`, `OutOfSpace`, `Io`: the event comes again.
    pub fn done(&mut self, seq: u64) -> Result<()> {
        let now = self.registry.runs.clock().now();
        self.change(|state| state.done(seq, now))
    }

    /// Says that an event could not be done, and why. It comes again: after a second, and twice as long after each further time,
    /// up to ten minutes. Returns when.
    ///
    /// # Errors
    /// `ReadOnly`, `OutOfSpace`, `Io`: the event comes again at once.
    pub fn failed(&mut self, why: &str) -> Result<Timestamp> {
        let now = self.registry.runs.clock().now();
        self.change(|state| state.failed(why, now))?;
        self.held = None;
        Ok(self.state.retry_at.unwrap_or(now))
    }

    /// How far it is.
    pub const fn state(&self) -> &CursorState {
        &self.state
    }

    /// Lets another process deliver, if this one has begun to.
    pub fn let_go(&mut self) {
        self.held = None;
    }

    fn change(&mut self, change: impl Fn(&mut CursorState)) -> Result<()> {
        let Some(name) = &self.name else {
            change(&mut self.state);
            return Ok(());
        };
        loop {
            let (mut state, bytes) = self.registry.read_cursor(name)?.unwrap_or_default();
            change(&mut state);
            if self.registry.write_cursor(name, &state, bytes.as_deref())? {
                self.state = state;
                return Ok(());
            }
        }
    }

    /// True if this consumer is the one that delivers under its name.
    fn hold(&mut self) -> bool {
        let Some(name) = self.name.as_ref().filter(|_| self.held.is_none()) else { return true };
        let store = self.registry.hooks.store();
        let busy = format!("{store} {name}");
        if !BUSY.get().lock().insert(busy.clone()) {
            return false;
        }
        match try_lock(store, name) {
            Some(lock) => self.held = Some(Held { busy, _lock: lock }),
            None => drop(BUSY.get().lock().remove(&busy)),
        }
        self.held.is_some()
    }
}
