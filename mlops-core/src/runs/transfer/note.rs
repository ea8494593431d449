//! What a store notes of a run that it has in common with others: which states of it stood where, so that the next sync
//! knows which of two is the older.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::whole::Whole;
use crate::base::digests::Digest;
use crate::base::time::Timestamp;
use crate::error::Result;
use crate::runs::codec::{self, first_layout};
use crate::runs::keys;
use crate::storage::{Op, Storage};

/// Most stores that are remembered for a run; of more, those that it was last in common with.
const STORES: usize = 64;

/// The note on one run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    /// The content of the run here when the note was written, and the digest of the record that had it: while the record
    /// is the same, so is the content.
    pub(super) content: Option<(Digest, Digest)>,
    /// It came from a store that this user does not trust: what runs code is not loaded from it without asking.
    pub(super) foreign: bool,
    /// A state that a store had, and that the one here descends from or has been chosen over; one a store.
    pub(super) seen: Vec<Seen>,
}

/// A state of the run in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seen {
    pub(crate) store: Uuid,
    pub(crate) content: Digest,
    pub(crate) fingerprint: Digest,
    /// How far it was there: the version of its record, and its last writer with the number of its records.
    pub(crate) version: u64,
    pub(crate) writer: Option<(Uuid, u64)>,
    /// When it was seen.
    pub(crate) at: Timestamp,
}

first_layout!(Note);

impl Note {
    /// The note on a run, with its bytes; an empty one if there is none.
    pub(super) fn load(storage: &dyn Storage, run: &str) -> Result<(Self, Option<Vec<u8>>)> {
        let bytes = storage.get(&keys::note(run))?;
        let note = bytes.as_deref().map(|bytes| codec::decode("a note on a run", bytes)).transpose()?;
        Ok((note.unwrap_or_default(), bytes))
    }

    /// The operations that write it over what is there.
    pub(super) fn ops(&self, run: &str, before: Option<Vec<u8>>) -> Result<[Op; 2]> {
        let key = keys::note(run);
        Ok([Op::check(key.clone(), before), Op::put(key, codec::encode(self)?)])
    }

    /// What was last seen in a store.
    pub(super) fn of(&self, store: Uuid) -> Option<&Seen> {
        self.seen.iter().find(|seen| seen.store == store)
    }

    /// True if some store had this content.
    pub(super) fn knows(&self, content: Digest) -> bool {
        self.seen.iter().any(|seen| seen.content == content)
    }

    /// The content of a stored run, if the note is of that state.
    pub(super) fn content_of(&self, run: &Whole) -> Option<Digest> {
        self.content.filter(|(_, record)| *record == Digest::of(&run.stored)).map(|(content, _)| content)
    }

    /// Notes a state, in the place of what was seen of that store.
    pub(super) fn see(&mut self, new: Seen) {
        self.seen.retain(|seen| seen.store != new.store);
        self.seen.push(new);
        self.limit();
    }

    /// Takes over what another store has seen of the run.
    pub(super) fn see_all(&mut self, others: &[Seen]) {
        for other in others {
            if self.of(other.store).is_none_or(|seen| seen.at < other.at) {
                self.see(*other);
            }
        }
    }

    fn limit(&mut self) {
        self.seen.sort_by_key(|seen| std::cmp::Reverse(seen.at));
        self.seen.truncate(STORES);
    }
}
