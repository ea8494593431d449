//! The log of events: append-only, each with the hash of the one before.

use serde::{Deserialize, Serialize};

use super::audit::LogHead;
use super::by::Actor;
use super::keys;
use super::names;
use super::store::LocalRegistry;
use crate::base::digests::{Digest, DigestHasher};
use crate::base::stored;
use crate::base::time::Timestamp;
use crate::error::{Error, NO_OFFSET, Result};
use crate::runs::for_each_entry;
use crate::storage::{KeyRange, ScanOptions};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Action {
    /// A model was made.
    ModelCreated,
    /// A model has another name: `from`, `to`.
    ModelRenamed,
    /// A model has another description: `from`, `to`.
    ModelDescribed,
    /// A model was deleted.
    ModelDeleted,
    /// A model has a tag, `detail`, with another value.
    ModelTagSet,
    /// A model lost a tag, `detail`.
    ModelTagDeleted,
    /// A version was made; `to` is its source.
    VersionCreated,
    /// A version has another description.
    VersionDescribed,
    /// A version was deleted; `from` is its stage.
    VersionDeleted,
    /// A version has a tag, `detail`, with another value.
    VersionTagSet,
    /// A version lost a tag, `detail`.
    VersionTagDeleted,
    /// An alias, `detail`, points to another version: `from`, `to`.
    AliasSet,
    /// An alias, `detail`, was removed.
    AliasDeleted,
    /// A version is in another stage: `from`, `to`; `detail` is the slot of production, if it has a name.
    StageChanged,
    /// A version that was in production before is again; otherwise as `StageChanged`.
    RolledBack,
    /// A policy has other fields: `from`, `to`; `detail` is the stage. Without a model it is the store's.
    PolicySet,
    /// Somebody asks for approval of a version for the stage `to`.
    ApprovalRequested,
    /// A version was approved for the stage `to`.
    Approved,
    /// A version was rejected for the stage `to`.
    Rejected,
    /// Somebody takes back what they said of a version for the stage `to`.
    ApprovalWithdrawn,
    /// Somebody wanted to approve a version for the stage `to`, and may not: `detail` says why.
    ApprovalDenied,
    /// A gate, `detail`, looked at a version against `from`; `to` is the verdict.
    GateRecorded,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 22] = [
        Self::ModelCreated,
        Self::ModelRenamed,
        Self::ModelDescribed,
        Self::ModelDeleted,
        Self::ModelTagSet,
        Self::ModelTagDeleted,
        Self::VersionCreated,
        Self::VersionDescribed,
        Self::VersionDeleted,
        Self::VersionTagSet,
        Self::VersionTagDeleted,
        Self::AliasSet,
        Self::AliasDeleted,
        Self::StageChanged,
        Self::RolledBack,
        Self::PolicySet,
        Self::ApprovalRequested,
        Self::Approved,
        Self::Rejected,
        Self::ApprovalWithdrawn,
        Self::ApprovalDenied,
        Self::GateRecorded,
    ];

    /// The name, such as `stage_changed`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ModelCreated => "model_created",
            Self::ModelRenamed => "model_renamed",
            Self::ModelDescribed => "model_described",
            Self::ModelDeleted => "model_deleted",
            Self::ModelTagSet => "model_tag_set",
            Self::ModelTagDeleted => "model_tag_deleted",
            Self::VersionCreated => "version_created",
            Self::VersionDescribed => "version_described",
            Self::VersionDeleted => "version_deleted",
            Self::VersionTagSet => "version_tag_set",
            Self::VersionTagDeleted => "version_tag_deleted",
            Self::AliasSet => "alias_set",
            Self::AliasDeleted => "alias_deleted",
            Self::StageChanged => "stage_changed",
            Self::RolledBack => "rolled_back",
            Self::PolicySet => "policy_set",
            Self::ApprovalRequested => "approval_requested",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::ApprovalWithdrawn => "approval_withdrawn",
            Self::ApprovalDenied => "approval_denied",
            Self::GateRecorded => "gate_recorded",
        }
    }
}

/// One change of the registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its number: one more than that of the event before.
    pub seq: u64,
    /// When it happened, never before the event before.
    pub at: Timestamp,
    /// Who did it.
    pub actor: Actor,
    /// What.
    pub action: Action,
    /// The name of the model, then.
    pub model: String,
    /// The version, if it is about one.
    pub version: Option<u64>,
    /// The key of the tag or the alias.
    pub detail: Option<String>,
    /// What was before. Of a long text, its digest.
    pub from: Option<String>,
    /// What is now. Of a long text, its digest.
    pub to: Option<String>,
    /// The versions that were archived by it.
    pub archived: Vec<u64>,
    /// The digest of the version's list of files.
    pub digest: Option<Digest>,
    /// The generation of the model before and after, if it changed what is in production.
    pub generation: Option<(u64, u64)>,
    /// Why, if it was said.
    pub reason: Option<String>,
    /// What it rests on.
    pub evidence: Vec<String>,
    /// The hash of the event before; of the first, of nothing.
    pub prev_hash: Digest,
    /// The BLAKE3 digest of the 32 bytes of `prev_hash` and the rest of the event as JSON with sorted keys.
    pub hash: Digest,
}

/// The end of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) seq: u64,
    pub(super) at: Timestamp,
    pub(super) hash: Digest,
}

impl Head {
    /// Of a log without events.
    pub(super) fn start() -> Self {
        Self { seq: 0, at: Timestamp::default(), hash: Digest::of(b"") }
    }
}

impl Event {
    /// What its hash has to be.
    pub(super) fn computed_hash(&self) -> Result<Digest> {
        let failed = |e| Error::internal(format!("cannot write an event as JSON: {e}"));
        let mut value = serde_json::to_value(self).map_err(failed)?;
        if let Some(fields) = value.as_object_mut() {
            fields.remove("hash");
            fields.remove("prev_hash");
            fields.insert("digest".into(), self.digest.map(|digest| digest.to_string()).into());
        }
        // Whatever the map of the library is.
        value.sort_all_objects();
        let mut hasher = DigestHasher::new();
        hasher.update(self.prev_hash.as_bytes());
        hasher.update(&serde_json::to_vec(&value).map_err(failed)?);
        Ok(hasher.finish())
    }
}

impl LocalRegistry {
    /// The end of the log, and the bytes that stand for it.
    pub(super) fn head(&self) -> Result<(Head, Option<Vec<u8>>)> {
        let bytes = self.storage.get(keys::HEAD)?;
        let head = bytes
            .as_deref()
            .map_or_else(|| Ok(Head::start()), |bytes| stored::decode("the head of the registry", bytes))?;
        Ok((head, bytes))
    }

    pub(super) fn read_events(&self, after: u64, limit: usize) -> Result<Vec<Event>> {
        let mut found = Vec::new();
        let mut range = KeyRange::prefix(keys::EVENTS).after(&keys::event(after));
        while found.len() < limit {
            let options = ScanOptions { limit: (limit - found.len()).min(1_000), ..ScanOptions::default() };
            let page = self.storage.scan(&range, &options)?;
            for (_, value) in &page.entries {
                found.push(stored::decode("an event of the registry", value)?);
            }
            match page.entries.last() {
                Some((last, _)) if page.more => range = range.after(last),
                _ => break,
            }
        }
        Ok(found)
    }

    /// An event by its number.
    pub(super) fn event(&self, number: u64) -> Result<Option<Event>> {
        let bytes = self.storage.get(&keys::event(number))?;
        bytes.map(|bytes| stored::decode("an event of the registry", &bytes)).transpose()
    }

    pub(super) fn events_of(&self, name: &str) -> Result<Vec<Event>> {
        let mut numbers = Vec::new();
        for_each_entry(&*self.storage, KeyRange::prefix(keys::events_of(&names::model(name)?)), |key, _| {
            numbers.extend(keys::last_number(key));
            Ok(())
        })?;
        let mut found = Vec::with_capacity(numbers.len());
        for number in numbers {
            found.extend(self.event(number)?);
        }
        Ok(found)
    }

    /// Walks the log: how many events there are, or the first that does not follow from what is before.
    ///
    /// # Errors
    /// `Corrupt` with the number of the event; `Io`.
    pub fn verify_events(&self) -> Result<u64> {
        Ok(self.walk()?.seq)
    }

    pub(super) fn walk(&self) -> Result<LogHead> {
        let broken = |seq: u64, detail: &str| Error::Corrupt {
            path: "the registry's log of events".into(),
            offset: NO_OFFSET,
            detail: format!("event {seq} {detail}; it was changed after it was written, or one before it was"),
        };
        let mut before = Head::start();
        loop {
            let events = self.read_events(before.seq, 1_000)?;
            if events.is_empty() {
                break;
            }
            for event in events {
                if event.seq != before.seq + 1 {
                    return Err(broken(before.seq + 1, "is missing"));
                }
                if event.prev_hash != before.hash || event.hash != event.computed_hash()? || event.at < before.at {
                    return Err(broken(event.seq, "does not match its hash"));
                }
                before = Head { seq: event.seq, at: event.at, hash: event.hash };
            }
        }
        let (head, _) = self.head()?;
        // Another may have appended meanwhile.
        if head.seq < before.seq && self.storage.get(&keys::event(before.seq))?.is_some() {
            return Err(broken(before.seq, "is behind the end that is noted"));
        }
        if head.seq == before.seq && head.hash != before.hash {
            return Err(broken(before.seq, "does not match the end that is noted"));
        }
        if head.seq > before.seq && self.read_events(before.seq, 1)?.is_empty() {
            return Err(broken(before.seq + 1, "is missing"));
        }
        Ok(LogHead { seq: before.seq, hash: before.hash })
    }
}
