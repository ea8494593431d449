//! What a run says, however it is stored: two stores have the same run if its content has the same digest.

use std::collections::BTreeMap;

use serde::Serialize;

use super::whole::Whole;
use crate::base::digests::Digest;
use crate::blob::BlobStore;
use crate::error::{Error, Result};
use crate::runs::inputs::StoredInput;
use crate::runs::types::{RunInfo, RunStatus};

/// The points of one metric up to a place: how many, and a digest that every one of them is chained into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Chain {
    count: u64,
    digest: Digest,
}

impl Default for Chain {
    fn default() -> Self {
        Self { count: 0, digest: Digest::from_bytes([0; 32]) }
    }
}

impl Chain {
    fn push(&mut self, step: i64, at: i64, value: f64) {
        let parts = [step.to_le_bytes(), at.to_le_bytes(), value.to_bits().to_le_bytes()];
        let link = [self.digest.as_bytes().as_slice(), parts.as_flattened()].concat();
        *self = Self { count: self.count + 1, digest: Digest::of(&link) };
    }
}

/// The points of all metrics.
pub(super) type Chains = BTreeMap<String, Chain>;

/// Reads all points of a run.
pub(super) fn chains(run: &Whole, blobs: &dyn BlobStore) -> Result<Chains> {
    chains_through(run, blobs, &Chains::new()).map(|(chains, _)| chains)
}

/// The same, and true if the points go on from those of `before`.
fn chains_through(run: &Whole, blobs: &dyn BlobStore, before: &Chains) -> Result<(Chains, bool)> {
    let mut chains = Chains::new();
    let mut met = 0;
    run.for_each_points(blobs, |key, series| {
        let chain = chains.entry(key.to_owned()).or_default();
        let place = before.get(key).filter(|place| place.count > chain.count);
        for (step, at, value) in series.points() {
            chain.push(step, at, value);
            if place.is_some_and(|place| place == chain) {
                met += 1;
            }
        }
    })?;
    Ok((chains, met == before.len()))
}

/// The digest of what a run says.
pub(super) fn digest(run: &Whole, chains: &Chains) -> Result<Digest> {
    // Every field is named, so that who adds one comes by here. Summaries follow from the points.
    let Whole {
        stored: _,
        fingerprint: _,
        version: _,
        writer: _,
        info,
        experiment,
        params,
        tags,
        metrics: _,
        artifacts,
        conflicts,
        segments: _,
        tail: _,
        tail_bytes: _,
        copy: _,
        inputs,
        origin,
    } = run;
    let RunInfo {
        run_id,
        experiment_id: _,
        run_name,
        status,
        started_at,
        ended_at,
        user,
        host,
        lifecycle,
        parent_run_id,
    } = info;
    let info = (run_id, &experiment.name, run_name, status, started_at, ended_at, user, host, lifecycle, parent_run_id);
    let bytes = postcard::to_stdvec(&(info, params, tags, artifacts, conflicts, inputs, origin, chains));
    bytes.map(|bytes| Digest::of(&bytes)).map_err(|e| Error::internal(format!("cannot encode a run: {e}")))
}

/// True if a run is what another has become by logging on: nothing of it is gone or different.
pub(super) fn is_grown_from(
    newer: &Whole,
    blobs: &dyn BlobStore,
    older: &Whole,
    older_chains: &Chains,
) -> Result<bool> {
    let (new, old) = (&newer.info, &older.info);
    let same_run = (&new.run_id, new.started_at, &new.user, &new.host, new.lifecycle, &new.parent_run_id)
        == (&old.run_id, old.started_at, &old.user, &old.host, old.lifecycle, &old.parent_run_id)
        && (&newer.experiment.name, &newer.origin) == (&older.experiment.name, &older.origin);
    let goes_on = old.status == RunStatus::Running || (old.status, old.ended_at) == (new.status, new.ended_at);
    Ok(same_run
        && goes_on
        && holds(&newer.params, &older.params)
        && holds(&newer.tags, &older.tags)
        && holds(&newer.artifacts, &older.artifacts)
        && holds(&newer.conflicts, &older.conflicts)
        && holds(&newer.inputs, &older.inputs)
        && chains_through(newer, blobs, older_chains)?.1)
}

fn holds<T: PartialEq>(all: &BTreeMap<String, T>, some: &BTreeMap<String, T>) -> bool {
    some.iter().all(|(key, value)| all.get(key) == Some(value))
}

/// Where two runs differ, in words.
pub(super) fn differences(ours: &Whole, our_chains: &Chains, theirs: &Whole, their_chains: &Chains) -> String {
    let mut found = Vec::new();
    let info = |run: &Whole| (run.info.status, run.info.ended_at, run.info.lifecycle);
    if info(ours) != info(theirs) {
        found.push("status".to_owned());
    }
    if ours.experiment.name != theirs.experiment.name {
        found.push("experiment".to_owned());
    }
    found.extend(keys("params", &ours.params, &theirs.params));
    found.extend(keys("tags", &ours.tags, &theirs.tags));
    found.extend(keys("metrics", our_chains, their_chains));
    found.extend(keys("artifacts", &ours.artifacts, &theirs.artifacts));
    found.extend(keys("conflicts of params", &ours.conflicts, &theirs.conflicts));
    let inputs = |run: &Whole| -> BTreeMap<String, StoredInput> {
        run.inputs.values().map(|input| (input.name.clone(), input.clone())).collect()
    };
    found.extend(keys("inputs", &inputs(ours), &inputs(theirs)));
    if found.is_empty() { "other information".to_owned() } else { found.join("; ") }
}

fn keys<T: PartialEq>(what: &str, ours: &BTreeMap<String, T>, theirs: &BTreeMap<String, T>) -> Option<String> {
    const SHOWN: usize = 5;
    let changed = ours.iter().filter(|(key, value)| theirs.get(*key) != Some(value)).map(|(key, _)| key.as_str());
    let added = theirs.keys().filter(|key| !ours.contains_key(*key)).map(String::as_str);
    let mut keys: Vec<&str> = changed.chain(added).collect();
    keys.sort_unstable();
    let more = keys.len().saturating_sub(SHOWN);
    keys.truncate(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!keys.is_empty()).then(|| format!("{what} {}{more}", keys.join(", ")))
}
