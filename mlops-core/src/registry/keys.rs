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
/// The slots of models.
pub(super) const SLOTS: &[u8] = b"gl/";
/// The versions that were in production in a slot.
pub(super) const WERE_IN_PRODUCTION: &[u8] = b"gr/";
/// Approvals, requests and rejections of versions.
pub(super) const APPROVALS: &[u8] = b"gq/";
/// The requests that nobody has taken back.
pub(super) const REQUESTS: &[u8] = b"gu/";
/// The results of gates.
pub(super) const GATES: &[u8] = b"gk/";
/// What the newest result of a gate was made on.
pub(super) const GATE_DATA: &[u8] = b"gj/";
/// What aliases pointed to that were removed.
pub(super) const REMOVED_ALIASES: &[u8] = b"gf/";
/// The policies, by name and stage.
pub(super) const POLICIES: &[u8] = b"go/";
/// What is left of versions that were deleted.
pub(super) const TOMBSTONES: &[u8] = b"gd/";
/// The deleted models whose parts are not all gone yet.
pub(super) const GRAVES: &[u8] = b"gz/";
/// All events; the number follows.
pub(super) const EVENTS: &[u8] = b"ge/";
/// The events by the name of the model.
const EVENTS_OF: &[u8] = b"gp/";
/// How far consumers of events are; the name follows.
const CURSORS: &[u8] = b"gx/";
/// The number and hash of the last event.
pub(super) const HEAD: &[u8] = b"gh";
/// The number of the next model.
pub(super) const NEXT_MODEL: &[u8] = b"gc";
/// The versions by the run that made them.
pub(super) const BY_RUN: &[u8] = b"gy/";
/// Says that every version that a run made stands there.
pub(super) const BY_RUN_IS_WHOLE: &[u8] = b"gi";
/// The name of a run that is longer has no entry; runs of this store have none.
const LONGEST_RUN: usize = 256;

/// All that stands under the number of a model, but for its record.
pub(super) const PARTS: [&[u8]; 12] = [
    MODEL_TAGS,
    VERSIONS,
    VERSION_TAGS,
    ALIASES,
    STAGES,
    SLOTS,
    WERE_IN_PRODUCTION,
    APPROVALS,
    REQUESTS,
    GATES,
    GATE_DATA,
    REMOVED_ALIASES,
];

/// The entry of a name, in lower case.
pub(super) fn name(lower: &str) -> Vec<u8> {
    [NAMES, lower.as_bytes()].concat()
}

/// How far a consumer of events is.
pub(super) fn cursor(consumer: &str) -> Vec<u8> {
    [CURSORS, consumer.as_bytes()].concat()
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

/// What is in production in a slot, whose name is in lower case.
pub(super) fn slot(model: u64, slot: &str) -> Vec<u8> {
    [&part(SLOTS, model), slot.as_bytes()].concat()
}

/// Says that a version was in production in a slot. Slots have no zero byte, so that one ends them.
pub(super) fn was_in_production(model: u64, slot: &str, version: u64) -> Vec<u8> {
    [&part(WERE_IN_PRODUCTION, model), slot.as_bytes(), b"\0", &version.to_be_bytes()].concat()
}

/// What stands of a version under [`APPROVALS`], [`REQUESTS`] or [`GATES`].
pub(super) fn of_version(part_of: &[u8], model: u64, version: u64) -> Vec<u8> {
    [&part(part_of, model), version.to_be_bytes().as_slice()].concat()
}

/// What somebody said of a version that is to go to a stage, or a result of a gate, by the number of the event.
pub(super) fn said(part_of: &[u8], model: u64, version: u64, event: u64) -> Vec<u8> {
    [&of_version(part_of, model, version), event.to_be_bytes().as_slice()].concat()
}

/// Says that somebody asks for approval of a version for a stage.
pub(super) fn request(model: u64, version: u64, stage: Stage) -> Vec<u8> {
    [&of_version(REQUESTS, model, version), [stage.byte()].as_slice()].concat()
}

/// What the newest result of a gate was made on.
pub(super) fn gate_data(model: u64, gate: &str) -> Vec<u8> {
    [&part(GATE_DATA, model), gate.as_bytes()].concat()
}

/// What an alias, in lower case, pointed to before it was removed.
pub(super) fn removed_alias(model: u64, lower: &str) -> Vec<u8> {
    [&part(REMOVED_ALIASES, model), lower.as_bytes()].concat()
}

/// A policy: of a model's name in lower case, empty for the store.
pub(super) fn policy(lower: &str, stage: Stage) -> Vec<u8> {
    [POLICIES, lower.as_bytes(), b"\0", &[stage.byte()]].concat()
}

/// What is left of a version that was deleted under a name.
pub(super) fn tombstone(lower: &str, version: u64) -> Vec<u8> {
    [&tombstones(lower), version.to_be_bytes().as_slice()].concat()
}

/// What is left of all versions that were deleted under a name.
pub(super) fn tombstones(lower: &str) -> Vec<u8> {
    [TOMBSTONES, lower.as_bytes(), b"\0"].concat()
}

/// Says that a deleted model has parts.
pub(super) fn grave(model: u64) -> Vec<u8> {
    part(GRAVES, model)
}

/// What all versions of a run begin with; None for a name that has no entry.
pub(super) fn versions_of_run(run: &str) -> Option<Vec<u8>> {
    (run.len() <= LONGEST_RUN).then(|| [BY_RUN, run.as_bytes(), b"\0"].concat())
}

/// Says that a run made a version; None for a name that has no entry.
pub(super) fn version_of_run(run: &str, model: u64, version: u64) -> Option<Vec<u8>> {
    Some([versions_of_run(run)?.as_slice(), &model.to_be_bytes(), &version.to_be_bytes()].concat())
}

/// The model and the version at the end of a key.
pub(super) fn owner_and_version(key: &[u8]) -> Option<(u64, u64)> {
    let (model, version) = key.last_chunk::<16>()?.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*model), number(version)?))
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
