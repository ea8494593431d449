//! The storage keys of the pillar; `docs/FORMAT.md` lists them. Ids have no zero byte, so that one ends them.

use crate::base::digests::Digest;
use crate::base::limits::{PATH_BYTES, RUN_ID_CHARS, STORAGE_KEY_BYTES};
use crate::error::Result;

/// All models; the id follows.
pub(super) const MODELS: &[u8] = b"md/";
/// The models by experiment; its id, a zero byte and the model's id follow.
pub(super) const BY_EXPERIMENT: &[u8] = b"me/";
/// The tags of all models.
pub(super) const TAGS: &[u8] = b"mt/";
/// The params of all models.
pub(super) const PARAMS: &[u8] = b"mp/";
/// The files of all models.
pub(super) const FILES: &[u8] = b"mf/";
/// The metrics of all models.
const POINTS: &[u8] = b"mv/";
/// What runs have as inputs.
pub(super) const INPUTS: &[u8] = b"mi/";
/// What runs have as outputs.
pub(super) const OUTPUTS: &[u8] = b"mo/";

/// Whether models were made here or brought in.
const ORIGINS: &[u8] = b"mg/";
/// The models that are being removed for good.
pub(super) const LEAVING: &[u8] = b"mx/";

// The longest key fits: an artifact's path behind the longest id.
const _: () = assert!("mf/".len() + RUN_ID_CHARS + 1 + PATH_BYTES <= STORAGE_KEY_BYTES);

fn behind(prefix: &[u8], id: &str, rest: &[u8]) -> Vec<u8> {
    [prefix, id.as_bytes(), b"\0", rest].concat()
}

/// A model's record.
pub(super) fn model(id: &str) -> Vec<u8> {
    [MODELS, id.as_bytes()].concat()
}

/// Whether it was made here or brought in.
pub(super) fn origin(id: &str) -> Vec<u8> {
    [ORIGINS, id.as_bytes()].concat()
}

/// Says that what is left of it is to go.
pub(super) fn leaving(id: &str) -> Vec<u8> {
    [LEAVING, id.as_bytes()].concat()
}

/// The models of an experiment; the model's id follows.
pub(super) fn of_experiment(experiment: &str) -> Vec<u8> {
    behind(BY_EXPERIMENT, experiment, b"")
}

/// Says that a model belongs to an experiment.
pub(super) fn in_experiment(experiment: &str, id: &str) -> Vec<u8> {
    behind(BY_EXPERIMENT, experiment, id.as_bytes())
}

/// One of the tags, params or files of a model; an empty name: what all begin with.
pub(super) fn part(of: &[u8], id: &str, name: &str) -> Vec<u8> {
    behind(of, id, name.as_bytes())
}

/// The id and the name in a key of [`part`].
pub(super) fn owner(key: &[u8]) -> (String, String) {
    let inside = key.get(TAGS.len()..).unwrap_or_default();
    let end = inside.iter().position(|byte| *byte == 0).unwrap_or(inside.len());
    let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
    (text(inside.get(..end)), text(inside.get(end + 1..)))
}

/// The points of a model.
pub(super) fn points(id: &str) -> Vec<u8> {
    behind(POINTS, id, b"")
}

/// A point, by what it is of: a run logs one value of a metric for a step and time.
pub(super) fn point(id: &str, of: &(&str, &str, i64, i64)) -> Result<Vec<u8>> {
    let digest = Digest::of(&crate::base::stored::encode(of)?);
    Ok(behind(POINTS, id, digest.as_bytes().get(..16).unwrap_or_default()))
}

/// The models that a run has as inputs.
pub(super) fn inputs(run: &str) -> Vec<u8> {
    behind(INPUTS, run, b"")
}

/// One of them.
pub(super) fn input(run: &str, model: &str) -> Vec<u8> {
    behind(INPUTS, run, model.as_bytes())
}

/// The models that a run has made.
pub(super) fn outputs(run: &str) -> Vec<u8> {
    behind(OUTPUTS, run, b"")
}

/// One of them, at a step.
pub(super) fn output(run: &str, model: &str, step: i64) -> Vec<u8> {
    behind(OUTPUTS, run, &[model.as_bytes(), b"\0", &step.to_be_bytes()].concat())
}

/// The model in a key of [`input`] or [`output`].
pub(super) fn linked(key: &[u8]) -> Option<&[u8]> {
    let behind = key.iter().position(|byte| *byte == 0)? + 1;
    key.get(behind..)?.split(|byte| *byte == 0).next()
}

/// What all parts of a model begin with.
pub(super) fn parts(id: &str) -> [Vec<u8>; 4] {
    [PARAMS, TAGS, FILES, POINTS].map(|of| part(of, id, ""))
}

/// The model in a key behind [`inputs`] or [`outputs`].
pub(super) fn linked_behind(key: &[u8], prefix: &[u8]) -> Option<String> {
    let id = key.strip_prefix(prefix)?.split(|byte| *byte == 0).next()?;
    Some(String::from_utf8_lossy(id).into_owned())
}

/// The step in a key of [`output`].
#[cfg(feature = "files")]
pub(super) fn step(key: &[u8]) -> Option<i64> {
    key.last_chunk().map(|bytes| i64::from_be_bytes(*bytes))
}
