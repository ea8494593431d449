//! Experiments of the source in the destination, by name.

use std::collections::BTreeMap;

use super::types::SyncOptions;
use crate::error::{Error, Result};
use crate::runs::codec;
use crate::runs::core::Core;
use crate::runs::experiments::Making;
use crate::runs::keys;
use crate::runs::types::{Experiment, Lifecycle};
use crate::storage::{Durability, Op, Outcome};

/// Where runs of an experiment go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Into the experiment with this id.
    Id(String),
    /// Nowhere: the destination has deleted it.
    Deleted,
}

/// The place of every experiment, by its id in the source. Those that the destination lacks are made; their names are
/// added to `made`.
///
/// # Errors
/// `InvalidState` for one that is deleted in the destination, unless such are to be passed over; what writing gives.
pub(super) fn places(
    to: &Core,
    experiments: &BTreeMap<String, Experiment>,
    options: &SyncOptions<'_>,
    made: &mut Vec<String>,
) -> Result<BTreeMap<String, Place>> {
    let mut places = BTreeMap::new();
    // As they were made, so that a store that is copied whole has the same ids.
    let mut experiments: Vec<(&String, &Experiment)> = experiments.iter().collect();
    experiments.sort_by_key(|(id, _)| id.parse::<u64>().unwrap_or(u64::MAX));
    // Nothing is made before all are looked at.
    for (id, wanted) in &experiments {
        let Some(found) = find(to, &wanted.name)? else { continue };
        if found.lifecycle == Lifecycle::Active || options.include_deleted {
            continue;
        }
        if !options.skip_deleted_experiments {
            let detail = format!(
                "the experiment `{}` is deleted in the destination: restore it there, or leave its runs out \
                 (skip_deleted_experiments)",
                wanted.name
            );
            return Err(Error::InvalidState { detail });
        }
        places.insert((*id).clone(), Place::Deleted);
    }
    for (id, wanted) in experiments {
        if !places.contains_key(id) {
            places.insert(id.clone(), Place::Id(ensure(to, wanted, options, made)?));
        }
    }
    Ok(places)
}

fn find(to: &Core, name: &str) -> Result<Option<Experiment>> {
    let id = to.storage.get(&keys::experiment_name(name))?;
    id.map(|id| to.experiment(&codec::decode::<String>("an experiment's name", &id)?)).transpose()
}

/// The id of the experiment of that name. One that is there gets the tags that it lacks.
fn ensure(to: &Core, wanted: &Experiment, options: &SyncOptions<'_>, made: &mut Vec<String>) -> Result<String> {
    loop {
        let (id, ops) = match find(to, &wanted.name)? {
            None if options.dry_run => (String::new(), Vec::new()),
            None => create(to, wanted, options)?,
            Some(found) => {
                let mut tags = wanted.tags.clone();
                tags.extend(found.tags.clone());
                if options.dry_run || tags == found.tags {
                    return Ok(found.experiment_id);
                }
                let key = keys::experiment(keys::experiment_number(&found.experiment_id)?);
                let stored = to.storage.get(&key)?;
                if stored
                    .as_deref()
                    .map(|bytes| codec::decode::<Experiment>("an experiment", bytes))
                    .transpose()?
                    .as_ref()
                    == Some(&found)
                {
                    let new = Experiment { tags, updated_at: found.updated_at.max(wanted.updated_at), ..found.clone() };
                    let ops = [Op::check(key.clone(), stored), Op::put(key, codec::encode(&new)?)];
                    if to.storage.apply(&ops, Durability::Fast)? == Outcome::Applied {
                        return Ok(found.experiment_id);
                    }
                }
                continue;
            }
        };
        if options.dry_run || to.storage.apply(&ops, Durability::Fast)? == Outcome::Applied {
            made.push(wanted.name.clone());
            return Ok(id);
        }
    }
}

fn create(to: &Core, wanted: &Experiment, options: &SyncOptions<'_>) -> Result<(String, Vec<Op>)> {
    let tags: Vec<_> = wanted.tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    let mut making = Making::default();
    let id = making.create(&*to.storage, &wanted.name, &tags, wanted.created_at)?;
    let mut ops = Vec::new();
    making.finish(&mut ops);
    let lifecycle = if options.include_deleted { wanted.lifecycle } else { Lifecycle::Active };
    let new = Experiment { experiment_id: id.clone(), lifecycle, ..wanted.clone() };
    let key = keys::experiment(keys::experiment_number(&id)?);
    ops.retain(|op| op.key() != key);
    ops.push(Op::put(key, codec::encode(&new)?));
    Ok((id, ops))
}

/// Stores an experiment as it is, in the place of one with its id.
#[cfg(feature = "files")]
pub(super) fn put(to: &Core, experiment: &Experiment) -> Result<()> {
    let number = keys::experiment_number(&experiment.experiment_id)?;
    let mut ops = Vec::new();
    if let Some(old) = to.find_experiment(&experiment.experiment_id)? {
        ops.push(Op::delete(keys::experiment_name(&old.name)));
    }
    let next = to.storage.get(keys::NEXT_EXPERIMENT)?;
    let next = next.map_or(Ok(0), |bytes| codec::decode::<u64>("the counter of experiments", &bytes))?;
    if next <= number {
        ops.push(Op::put(keys::NEXT_EXPERIMENT, codec::encode(&number.saturating_add(1))?));
    }
    ops.retain(|op| op.key() != keys::experiment_name(&experiment.name));
    ops.push(Op::put(keys::experiment_name(&experiment.name), codec::encode(&experiment.experiment_id)?));
    ops.push(Op::put(keys::experiment(number), codec::encode(experiment)?));
    to.storage.apply(&ops, Durability::Fast).map(drop)
}

/// Removes an experiment without runs.
#[cfg(feature = "files")]
pub(super) fn forget(to: &Core, id: &str) -> Result<()> {
    let Some(old) = to.find_experiment(id)? else { return Ok(()) };
    let ops =
        [Op::delete(keys::experiment_name(&old.name)), Op::delete(keys::experiment(keys::experiment_number(id)?))];
    to.storage.apply(&ops, Durability::Fast).map(drop)
}
