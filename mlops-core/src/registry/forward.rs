//! Makes a registry the one that it was the beginning of.

use std::collections::{BTreeMap, BTreeSet};

use super::by_run;
use super::gate_results::GateRecord;
use super::keys;
use super::layouts::{decode_version, encode_version};
use super::log::{Action, Event, Head};
use super::names;
use super::store::LocalRegistry;
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
        let (from, to) = (self.from, self.to);
        let models: BTreeSet<u64> = from.model_records()?.into_iter().map(|model| model.number).collect();
        let mut left = BTreeMap::new();
        for (lower, tombstone) in from.unburied()? {
            left.insert(keys::tombstone(&lower, tombstone.version), stored::encode(&tombstone)?);
        }
        let whole: &[&[u8]] = &[keys::NAMES, keys::MODELS, keys::POLICIES, keys::TOMBSTONES];
        for prefix in whole.iter().chain(&keys::PARTS) {
            // Of a model that is deleted some parts may still be there, and their blobs may be gone.
            let is_part = keys::PARTS.contains(prefix);
            let is_there = |key: &[u8]| !is_part || keys::owner(key).is_some_and(|model| models.contains(&model));
            for_each_entry(&*from.storage, KeyRange::prefix(*prefix), |key, value| {
                if !is_there(key) {
                    return Ok(());
                }
                let value = self.value(prefix, value)?;
                if let (true, Some((model, number))) = (*prefix == keys::VERSIONS, keys::owner_and_version(key)) {
                    let entry = by_run::entry(model, number, &decode_version(&value)?);
                    entry.map_or(Ok(()), |op| self.push(op))?;
                }
                self.put(key, value)
            })?;
            for_each_entry(&*to.storage, KeyRange::prefix(*prefix), |key, _| {
                let stays = is_there(key) && (left.contains_key(key) || from.storage.get(key)?.is_some());
                if stays { Ok(()) } else { self.push(Op::delete(key)) }
            })?;
        }
        for (key, value) in left {
            self.put(&key, value)?;
        }
        // What they stood for is gone with the rest.
        for_each_entry(&*to.storage, KeyRange::prefix(keys::GRAVES), |key, _| self.push(Op::delete(key)))?;
        for_each_entry(&*to.storage, KeyRange::prefix(keys::BY_RUN), |key, _| {
            let Some((model, number)) = keys::owner_and_version(key) else { return Ok(()) };
            let stays = models.contains(&model) && from.storage.get(&keys::version(model, number))?.is_some();
            if stays { Ok(()) } else { self.push(Op::delete(key)) }
        })?;
        if self.bytes.is_none() {
            // All that is here came with entries.
            self.push(Op::put(keys::BY_RUN_IS_WHOLE, stored::PRESENT))?;
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
            let mut info = decode_version(value)?;
            info.is_foreign |= !self.trusted;
            LocalRegistry::copy_files(self.from, &info, self.copier)?;
            return encode_version(&info);
        }
        if prefix == keys::GATES {
            let record: GateRecord = stored::decode("a result of a gate", value)?;
            record.report.and_then(|report| report.blob()).map_or(Ok(()), |blob| self.copier.copy(blob))?;
        }
        if prefix == keys::MODEL_TAGS || prefix == keys::VERSION_TAGS {
            let text: StoredText = stored::decode("a tag of the registry", value)?;
            text.blob().map_or(Ok(()), |blob| self.copier.copy(blob))?;
        }
        Ok(value.to_vec())
    }

    fn put(&mut self, key: &[u8], value: Vec<u8>) -> Result<()> {
        if self.to.storage.get(key)?.as_ref() == Some(&value) { Ok(()) } else { self.push(Op::put(key, value)) }
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
        self.to.watches.tell();
        self.lease = None;
        self.lease = Some(self.to.blobs().leases().hold()?);
        self.copier.under_new_lease();
        Ok(())
    }
}

/// The entries of an event: itself, and the names whose history it belongs to. What is about the store has no name.
pub(super) fn event_ops(event: &Event) -> Result<Vec<Op>> {
    let mut ops = vec![Op::put(keys::event(event.seq), stored::encode(event)?)];
    let renamed = event.from.as_deref().filter(|_| event.action == Action::ModelRenamed);
    for name in Some(event.model.as_str()).filter(|name| !name.is_empty()).into_iter().chain(renamed) {
        ops.push(Op::put(keys::event_of(&names::model(name)?, event.seq), stored::PRESENT));
    }
    Ok(ops)
}
