//! The storage keys of the pillar; `docs/FORMAT.md` lists them. A model has a number, so that another name is one change;
//! numbers are 8 bytes, big-endian, and names are in lower case.

use super::types::Stage;

/// The models by name; the name follows.
pub(super) const NAMES: &[u8] = b"gn/";
/// All models; the number follows.
pub(super) const MODELS: &[u8] = b"gm/";
/// The tags of models.
pub(super) const MODEL_TAGS: &[u8] = b"gt/";
/// The versions of models.
pub(super) const VERSIONS: &[u8] = b"gv/";
/// The tags of versions.
pub(super) const VERSION_TAGS: &[u8] = b"gw/";
/// The aliases of models.
pub(super) const ALIASES: &[u8] = b"ga/";
/// The versions by stage.
pub(super) const STAGES: &[u8] = b"gs/";
/// All events; the number follows.
pub(super) const EVENTS: &[u8] = b"ge/";
/// The events by the name of the model.
const EVENTS_OF: &[u8] = b"gp/";
/// The number and hash of the last event.
pub(super) const HEAD: &[u8] = b"gh";
/// The number of the next model.
pub(super) const NEXT_MODEL: &[u8] = b"gc";

/// All that stands under the number of a model, but for its record.
pub(super) const PARTS: [&[u8]; 5] = [MODEL_TAGS, VERSIONS, VERSION_TAGS, ALIASES, STAGES];

/// The entry of a name, in lower case.
pub(super) fn name(lower: &str) -> Vec<u8> {
    [NAMES, lower.as_bytes()].concat()
}

/// A model's record.
pub(super) fn model(model: u64) -> Vec<u8> {
    part(MODELS, model)
}

/// What one of the [`PARTS`] of a model begins with.
pub(super) fn part(of: &[u8], model: u64) -> Vec<u8> {
    [of, &model.to_be_bytes()].concat()
}

/// The number of the model in a key of [`part`].
pub(super) fn owner(key: &[u8]) -> Option<u64> {
    number(key.get(MODELS.len()..)?)
}

/// The number of the version in the key of a version or of its tags.
pub(super) fn version_in(key: &[u8]) -> Option<u64> {
    number(key.get(VERSIONS.len() + 8..)?)
}

fn number(bytes: &[u8]) -> Option<u64> {
    bytes.first_chunk().map(|bytes| u64::from_be_bytes(*bytes))
}

/// A tag of a model.
pub(super) fn model_tag(model: u64, key: &str) -> Vec<u8> {
    [&part(MODEL_TAGS, model), key.as_bytes()].concat()
}

/// A version's record.
pub(super) fn version(model: u64, version: u64) -> Vec<u8> {
    [&part(VERSIONS, model), version.to_be_bytes().as_slice()].concat()
}

/// A tag of a version; an empty key: what all begin with.
pub(super) fn version_tag(model: u64, version: u64, key: &str) -> Vec<u8> {
    [&part(VERSION_TAGS, model), version.to_be_bytes().as_slice(), key.as_bytes()].concat()
}

/// An alias, in lower case.
pub(super) fn alias(model: u64, lower: &str) -> Vec<u8> {
    [&part(ALIASES, model), lower.as_bytes()].concat()
}

/// The versions in a stage; the version's number follows.
pub(super) fn in_stage(model: u64, stage: Stage) -> Vec<u8> {
    [&part(STAGES, model), [stage.byte()].as_slice()].concat()
}

/// Says that a version is in a stage.
pub(super) fn stage(model: u64, stage: Stage, version: u64) -> Vec<u8> {
    [&in_stage(model, stage), version.to_be_bytes().as_slice()].concat()
}

/// The number at the end of a key.
pub(super) fn last_number(key: &[u8]) -> Option<u64> {
    key.last_chunk().map(|bytes| u64::from_be_bytes(*bytes))
}

/// An event.
pub(super) fn event(number: u64) -> Vec<u8> {
    part(EVENTS, number)
}

/// The events of a name in lower case; the event's number follows. Names have no zero byte, so that one ends them.
pub(super) fn events_of(lower: &str) -> Vec<u8> {
    [EVENTS_OF, lower.as_bytes(), b"\0"].concat()
}

/// Says that an event is about a name.
pub(super) fn event_of(lower: &str, number: u64) -> Vec<u8> {
    [&events_of(lower), number.to_be_bytes().as_slice()].concat()
}
