//! What makes a run of the destination the one of the source: one commit, or one and a large change that it names.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::whole::Whole;
use crate::base::time::Timestamp;
use crate::blob::BlobStore;
use crate::error::{Error, Result};
use crate::runs::apply;
use crate::runs::codec;
use crate::runs::doc::{Pending, RunDoc, Tail};
use crate::runs::editing::{Editing, TailEntry};
use crate::runs::holders;
use crate::runs::keys;
use crate::runs::record::{Change, RunRecord};
use crate::runs::section::Editor;
use crate::runs::types::{Lifecycle, MetricSummary, RunInfo};
use crate::storage::{Op, Storage};

/// The operations of the commit, and whether a large change is to be unpacked behind it.
#[derive(Debug)]
pub(super) struct Write {
    pub(super) ops: Vec<Op>,
    pub(super) unpacks: bool,
}

/// The operations that put `new` in the place of `old`, in the experiment with this id; all but what is noted of it.
pub(super) fn replace(
    storage: &dyn Storage,
    blobs: &dyn BlobStore,
    old: Option<&Whole>,
    new: &Whole,
    experiment_id: &str,
    now: Timestamp,
) -> Result<Write> {
    let ops = Replacing { storage, old, new, experiment_id, now }.ops(None)?;
    if apply::fits(&ops) {
        return Ok(Write { ops, unpacks: false });
    }
    // What can be added bit by bit goes into a blob, which readers see as applied from the commit that names it.
    let mut change = Change::new(&new.info.run_id, new.info.started_at);
    let replacing = Replacing { storage, old, new, experiment_id, now };
    replacing.ops(Some(&mut change))?;
    let RunRecord::Large { blob, .. } = apply::enlarge(blobs, change.clone())? else {
        return Err(Error::internal("a large change has no blob"));
    };
    let mut ops = replacing.ops_with(Some(&mut change), Some(Pending { blob, done: 0 }))?;
    ops.push(Op::put(keys::pending(&new.info.run_id), codec::PRESENT));
    if apply::fits(&ops) {
        return Ok(Write { ops, unpacks: true });
    }
    Err(Error::Unsupported {
        detail: format!(
            "the run `{}` differs from that in the destination in more than one commit holds; delete it there for good \
             (`mlops gc --deleted-runs`), and sync again",
            new.info.run_id
        ),
    })
}

struct Replacing<'a> {
    storage: &'a dyn Storage,
    old: Option<&'a Whole>,
    new: &'a Whole,
    experiment_id: &'a str,
    now: Timestamp,
}

impl Replacing<'_> {
    fn ops(&self, later: Option<&mut Change>) -> Result<Vec<Op>> {
        self.ops_with(later, None)
    }

    /// What `later` takes is left out.
    fn ops_with(&self, mut later: Option<&mut Change>, pending: Option<Pending>) -> Result<Vec<Op>> {
        let Self { storage, old, new, experiment_id, now } = *self;
        let run = &new.info.run_id;
        if let Some(later) = &mut later {
            **later = Change::new(run, new.info.started_at);
        }
        // Every field is named, so that who adds one comes by here.
        let Whole {
            stored: _,
            fingerprint: _,
            version: _,
            writer: _,
            info,
            experiment: _,
            params,
            tags,
            metrics,
            artifacts,
            conflicts,
            segments,
            tail,
            tail_bytes,
            copy,
            inputs,
            origin,
        } = new;
        let info = RunInfo { experiment_id: experiment_id.into(), ..info.clone() };
        let mut ops = index_ops(old.map(|old| &old.info), &info, now)?;
        let mut editing = match old {
            None => Editing::edit(RunDoc::new(info), None),
            Some(old) => {
                let stored: RunDoc = codec::decode("a run", &old.stored)?;
                ops.extend(stored.writer.map(|writer| Op::delete(keys::live_run(writer, run))));
                holders::remove(storage, run, &mut ops)?;
                Editing::edit(RunDoc { info, ..stored }, Some(old.stored.clone()))
            }
        };
        editing.doc.writer = None;
        editing.doc.copy = *copy;
        editing.doc.pending = pending;
        editing.doc.origin.clone_from(origin);
        let none = Whole::nothing(new);
        let old = old.unwrap_or(&none);
        let later = &mut later;
        section(storage, &mut editing.params, &old.params, params, |key, before, value| {
            let takes = before.is_none();
            takes
                .then(|| later.as_mut().map(|change| change.params.push((key.into(), value.clone()))))
                .flatten()
                .is_some()
        })?;
        section(storage, &mut editing.tags, &old.tags, tags, |key, _, value| {
            later.as_mut().map(|change| change.tags.push((key.into(), Some(value.clone())))).is_some()
        })?;
        section(storage, &mut editing.metrics, &old.metrics, metrics, |key, before, value| {
            let Some(change) = later.as_mut() else { return false };
            let added = added(before, value);
            change.summaries.extend(added.map(|added| (key.into(), added)));
            added.is_some()
        })?;
        section(storage, &mut editing.artifacts, &old.artifacts, artifacts, |key, _, value| {
            later.as_mut().map(|change| change.artifacts.push((key.into(), *value))).is_some()
        })?;
        section(storage, &mut editing.conflicts, &old.conflicts, conflicts, |_, _, _| false)?;
        section(storage, &mut editing.inputs, &old.inputs, inputs, |key, before, value| {
            let takes = before.is_none();
            takes
                .then(|| later.as_mut().map(|change| change.inputs.push((key.into(), value.clone()))))
                .flatten()
                .is_some()
        })?;
        if let Some(change) = later {
            // They are numbered as they are added.
            change.inputs.sort_by_key(|(_, input)| input.number);
        }
        section(storage, &mut editing.segments, &old.segments, segments, |_, _, _| false)?;
        // Behind the numbers of those that go, so that who reads these meets no others.
        let Tail { first, next, .. } = editing.doc.tail;
        ops.extend((first..next).map(|number| Op::delete(keys::tail(run, number))));
        let mut end = next;
        for entry in tail {
            ops.push(Op::put(keys::tail(run, end), codec::encode(&TailEntry(entry.clone()))?));
            end += 1;
        }
        editing.doc.tail = Tail { first: next, next: end, bytes: *tail_bytes };
        editing.store(&mut ops)?;
        Ok(ops)
    }
}

/// Makes one section what it is in the source. What `later` says yes to is left to it.
fn section<T: Clone + PartialEq + Serialize + DeserializeOwned>(
    storage: &dyn Storage,
    editor: &mut Editor<T>,
    old: &BTreeMap<String, T>,
    new: &BTreeMap<String, T>,
    mut later: impl FnMut(&str, Option<&T>, &T) -> bool,
) -> Result<()> {
    for key in old.keys().filter(|key| !new.contains_key(*key)) {
        editor.remove(storage, key)?;
    }
    for (key, value) in new {
        let before = old.get(key);
        if before != Some(value) && !later(key, before, value) {
            editor.put(storage, key, value.clone())?;
        }
    }
    Ok(())
}

/// What has to be added to a summary to make it another; None if nothing does.
fn added(before: Option<&MetricSummary>, after: &MetricSummary) -> Option<MetricSummary> {
    let Some(before) = before else { return Some(*after) };
    let added = MetricSummary { count: after.count.checked_sub(before.count)?, ..*after };
    let bits = |of: &MetricSummary| (of.last.to_bits(), of.min.to_bits(), of.max.to_bits());
    let merged = before.merge(&added);
    let same = bits(&merged) == bits(after)
        && (merged.last_step, merged.last_at, merged.count) == (after.last_step, after.last_at, after.count);
    same.then_some(added)
}

/// The run's place in its experiment and among the deleted.
fn index_ops(old: Option<&RunInfo>, new: &RunInfo, now: Timestamp) -> Result<Vec<Op>> {
    let run = &new.run_id;
    let place =
        |info: &RunInfo| Ok::<_, Error>(keys::experiment_run(keys::experiment_number(&info.experiment_id)?, run));
    let mut ops = Vec::new();
    if let Some(old) = old.filter(|old| old.experiment_id != new.experiment_id) {
        ops.push(Op::delete(place(old)?));
    }
    ops.push(Op::put(place(new)?, codec::PRESENT));
    match new.lifecycle {
        Lifecycle::Active => ops.push(Op::delete(keys::deleted(run))),
        Lifecycle::Deleted if old.is_some_and(|old| old.lifecycle == Lifecycle::Deleted) => {}
        Lifecycle::Deleted => ops.push(Op::put(keys::deleted(run), codec::encode(&now)?)),
    }
    Ok(ops)
}
