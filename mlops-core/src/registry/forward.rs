//! Makes a registry the one that it was the beginning of.

use super::keys;
use super::log::{Action, Event, Head};
use super::names;
use super::store::LocalRegistry;
use super::types::VersionInfo;
use crate::base::limits::STORAGE_BATCH_BYTES;
use crate::base::stored;
use crate::blob::Lease;
use crate::error::{Error, Result};
use crate::runs::{Copier, StoredText, for_each_entry};
use crate::storage::{KeyRange, Op, Outcome};

/// How many events are read at a time.
const PAGE_EVENTS: usize = 1_000;

/// What is under way: one commit if it fits, else state first, then events. Every commit checks the end of the log, so that a
/// change by somebody else stops it; what is cut short goes on the next time.
#[derive(Debug)]
pub(super) struct Forward<'a, 'b> {
    to: &'a LocalRegistry,
    from: &'a LocalRegistry,
    copier: &'a mut Copier<'b>,
    trusted: bool,
    /// The end of the log here, and the bytes that stand for it.
    head: Head,
    bytes: Option<Vec<u8>>,
    ops: Vec<Op>,
    size: usize,
    /// Covers what is put until it is named.
    lease: Option<Lease>,
}

impl<'a, 'b> Forward<'a, 'b> {
    pub(super) fn new(
        to: &'a LocalRegistry,
        from: &'a LocalRegistry,
        copier: &'a mut Copier<'b>,
        trusted: bool,
        (head, bytes): (Head, Option<Vec<u8>>),
    ) -> Result<Self> {
        to.runs.check_writable()?;
        let lease = Some(to.blobs().leases().hold()?);
        Ok(Self { to, from, copier, trusted, head, bytes, ops: Vec::new(), size: 0, lease })
    }

    pub(super) fn run(mut self) -> Result<()> {
        let from = self.from;
        let mut state = vec![keys::NAMES, keys::MODELS];
        state.extend(keys::PARTS);
        for prefix in &state {
            for_each_entry(&*from.storage, KeyRange::prefix(*prefix), |key, value| {
                let value = self.value(prefix, value)?;
                if self.to.storage.get(key)?.as_ref() != Some(&value) {
                    self.push(Op::put(key, value))?;
                }
                Ok(())
            })?;
            let to = self.to;
            for_each_entry(&*to.storage, KeyRange::prefix(*prefix), |key, _| {
                if from.storage.get(key)?.is_none() { self.push(Op::delete(key)) } else { Ok(()) }
            })?;
        }
        if let Some(next) = from.storage.get(keys::NEXT_MODEL)? {
            self.push(Op::put(keys::NEXT_MODEL, next))?;
        }
        loop {
            let events = from.read_events(self.head.seq, PAGE_EVENTS)?;
            if events.is_empty() {
                return self.commit();
            }
            for event in events {
                for op in event_ops(&event)? {
                    self.push(op)?;
                }
                self.head = Head { seq: event.seq, at: event.at, hash: event.hash };
            }
        }
    }

    /// The value as it is here; its blobs are here by then.
    fn value(&mut self, prefix: &[u8], value: &[u8]) -> Result<Vec<u8>> {
        if prefix == keys::VERSIONS {
            let mut info: VersionInfo = stored::decode("a version of a registered model", value)?;
            info.is_foreign |= !self.trusted;
            LocalRegistry::copy_files(self.from, &info, self.copier)?;
            return stored::encode(&info);
        }
        if prefix == keys::MODEL_TAGS || prefix == keys::VERSION_TAGS {
            let text: StoredText = stored::decode("a tag of the registry", value)?;
            text.blob().map_or(Ok(()), |blob| self.copier.copy(blob))?;
        }
        Ok(value.to_vec())
    }

    fn push(&mut self, op: Op) -> Result<()> {
        self.size += op.size();
        self.ops.push(op);
        // Room for an event, its places and the end of the log.
        if self.size > STORAGE_BATCH_BYTES - (64 << 10) { self.commit() } else { Ok(()) }
    }

    fn commit(&mut self) -> Result<()> {
        self.to.blobs().flush()?;
        let head = if self.head.seq == 0 { None } else { Some(stored::encode(&self.head)?) };
        let mut ops = vec![Op::check(keys::HEAD, self.bytes.clone())];
        ops.append(&mut self.ops);
        ops.extend(head.clone().map(|head| Op::put(keys::HEAD, head)));
        if self.to.storage.apply(&ops, self.to.runs.durability())? != Outcome::Applied {
            let detail = "the registry of the destination changes at this moment; sync again".into();
            return Err(Error::Busy { detail });
        }
        (self.bytes, self.size) = (head, 0);
        self.lease = None;
        self.lease = Some(self.to.blobs().leases().hold()?);
        self.copier.under_new_lease();
        Ok(())
    }
}

/// The entries of an event.
pub(super) fn event_ops(event: &Event) -> Result<Vec<Op>> {
    let mut ops = vec![Op::put(keys::event(event.seq), stored::encode(event)?)];
    let renamed = event.from.as_deref().filter(|_| event.action == Action::ModelRenamed);
    for name in std::iter::once(event.model.as_str()).chain(renamed) {
        ops.push(Op::put(keys::event_of(&names::model(name)?, event.seq), stored::PRESENT));
    }
    Ok(ops)
}
