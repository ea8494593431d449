//! One change: operations and events that are committed together, if the log ends where it did when the change was thought
//! of. So changes are one sequence, and what one of them read is what it changes.

use super::by::Actor;
use super::keys;
use super::log::{Action, Event, Head};
use super::names;
use super::store::LocalRegistry;
use super::types::ModelRecord;
use crate::base::digests::Digest;
use crate::base::limits;
use crate::base::stored;
use crate::base::time::Timestamp;
use crate::error::{Code, Error, Result};
use crate::storage::{Op, Outcome};

/// A longer text is its digest in an event.
const TEXT_IN_EVENT_BYTES: usize = 1 << 10;

/// A change that is being put together.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) at: Timestamp,
    actor: Actor,
    reason: Option<String>,
    head: Head,
    ops: Vec<Op>,
    /// Some operation needs another event to be worth a commit.
    events: usize,
}

/// What an event says beside who, when and why.
#[derive(Debug, Default)]
pub(super) struct What<'a> {
    pub(super) version: Option<u64>,
    pub(super) detail: Option<&'a str>,
    pub(super) from: Option<&'a str>,
    pub(super) to: Option<&'a str>,
    pub(super) archived: Vec<u64>,
    pub(super) digest: Option<Digest>,
    pub(super) generation: Option<(u64, u64)>,
    pub(super) evidence: Vec<String>,
}

impl Change {
    pub(super) fn push(&mut self, op: Op) {
        self.ops.push(op);
    }

    /// Stores a model's record, which changed now.
    pub(super) fn put_model(&mut self, model: &mut ModelRecord) -> Result<()> {
        model.updated_at = self.at.max(model.updated_at);
        self.push(Op::put(keys::model(model.number), stored::encode(model)?));
        Ok(())
    }

    /// Appends an event about a model.
    pub(super) fn event(&mut self, action: Action, model: &str, what: What<'_>) -> Result<()> {
        let text = |text: Option<&str>| {
            text.map(|text| {
                let short = text.len() <= TEXT_IN_EVENT_BYTES;
                if short { text.to_owned() } else { Digest::of(text.as_bytes()).to_string() }
            })
        };
        let mut event = Event {
            seq: self.head.seq + 1,
            at: self.at,
            actor: self.actor.clone(),
            action,
            model: model.into(),
            version: what.version,
            detail: text(what.detail),
            from: text(what.from),
            to: text(what.to),
            archived: what.archived,
            digest: what.digest,
            generation: what.generation,
            reason: self.reason.clone(),
            evidence: what.evidence,
            prev_hash: self.head.hash,
            hash: self.head.hash,
        };
        event.hash = event.computed_hash()?;
        self.head = Head { seq: event.seq, at: event.at, hash: event.hash };
        self.push(Op::put(keys::event(event.seq), stored::encode(&event)?));
        // What is about the store has no history of its own.
        if !model.is_empty() {
            self.about(model)?;
        }
        self.events += 1;
        Ok(())
    }

    /// The number of the last event.
    pub(super) const fn seq(&self) -> u64 {
        self.head.seq
    }

    /// Who makes it.
    pub(super) const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Why, if it was said.
    pub(super) fn reason(&self) -> Option<&str> {
        self.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty())
    }

    /// Has the last event in the history of a name.
    pub(super) fn about(&mut self, name: &str) -> Result<()> {
        self.push(Op::put(keys::event_of(&names::model(name)?, self.head.seq), stored::PRESENT));
        Ok(())
    }
}

impl LocalRegistry {
    /// Makes a change: thinks of it again while others are faster. What appends no event is not stored.
    pub(super) fn change<T>(&self, work: impl Fn(&mut Change) -> Result<T>) -> Result<T> {
        self.runs.check_writable()?;
        if let Some(reason) = &self.by.reason {
            limits::check(|| "the reason".into(), reason.len(), limits::DESCRIPTION_BYTES, "bytes")?;
        }
        let actor = Actor::of(&self.by);
        limits::check(|| "the name of the actor".into(), actor.name.len(), limits::SOURCE_BYTES, "bytes")?;
        self.before_hooks();
        let _lease = self.blobs().leases().hold()?;
        loop {
            let (head, bytes) = self.head()?;
            let at = self.runs.clock().now().max(head.at);
            let (reason, actor) = (self.by.reason.clone(), actor.clone());
            let mut change = Change { at, actor, reason, head, ops: Vec::new(), events: 0 };
            let done = match work(&mut change) {
                // It may have read half of what others changed meanwhile.
                Err(e) if is_about_the_state(&e) && self.head()?.1 != bytes => continue,
                done => done?,
            };
            if change.events == 0 {
                return Ok(done);
            }
            let mut ops = vec![Op::check(keys::HEAD, bytes)];
            ops.append(&mut change.ops);
            ops.push(Op::put(keys::HEAD, stored::encode(&change.head)?));
            let size: usize = ops.iter().map(Op::size).sum();
            if size > limits::STORAGE_BATCH_BYTES {
                let (size, limit) = (size as u64, limits::STORAGE_BATCH_BYTES as u64);
                return Err(Error::LimitExceeded {
                    what: "one change of the registry".into(),
                    size,
                    limit,
                    unit: "bytes",
                });
            }
            if self.storage.apply(&ops, self.runs.durability())? == Outcome::Applied {
                self.watches.tell();
                self.after_hooks();
                return Ok(done);
            }
        }
    }
}

/// True for errors that another state may not give.
fn is_about_the_state(error: &Error) -> bool {
    let codes = [Code::NotFound, Code::AlreadyExists, Code::Conflict, Code::InvalidState, Code::Denied, Code::Stale];
    codes.contains(&error.code())
}
