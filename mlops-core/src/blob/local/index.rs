//! Where the packs have each small blob: in memory, made from footers and frames at first use.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use uuid::Uuid;

use super::objects::absent_is_none;
use super::pack::{Entry, Found, PackScan, pack_id, pack_path, read_footer};
use crate::base::digests::Digest;
use crate::base::files::Files;
use crate::error::{Error, Result};
use crate::log::Appended;

/// One copy of a small blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) pack: Uuid,
    pub(super) offset: u32,
    pub(super) size: u32,
}

/// How far a pack has been read.
#[derive(Clone, Debug, Default)]
struct PackState {
    /// It has its footer: nothing comes behind it.
    closed: bool,
    /// Offset and number of the next frame; 0 before the first look.
    next: (u64, u64),
    /// The file's length at the last look.
    seen_bytes: u64,
    /// The first damaged place: blobs that are not found may have been there.
    damage: Option<(u64, String)>,
}

/// Small blobs by digest.
#[derive(Debug, Default)]
pub(super) struct Index {
    loaded: bool,
    places: HashMap<Digest, Place>,
    /// Further copies, of blobs that two processes put at once or that were put anew after damage.
    spare: HashMap<Digest, Vec<Place>>,
    packs: HashMap<Uuid, PackState>,
}

impl Index {
    pub(super) fn is_loaded(&self) -> bool {
        self.loaded
    }

    /// All small blobs.
    pub(super) fn digests(&self) -> Vec<Digest> {
        self.places.keys().copied().collect()
    }

    /// Every copy of a blob, the newest first.
    pub(super) fn places(&self, digest: &Digest) -> Vec<Place> {
        let spare = self.spare.get(digest).into_iter().flatten();
        self.places.get(digest).into_iter().chain(spare).copied().collect()
    }

    /// A damaged place where a blob that is not found may have been.
    pub(super) fn damage(&self, folder: &Path) -> Option<Error> {
        self.packs.iter().find_map(|(id, state)| {
            let (offset, detail) = state.damage.as_ref()?;
            Some(Error::corrupt(&pack_path(folder, *id), *offset, format!("a blob may be lost there: {detail}")))
        })
    }

    fn insert(&mut self, pack: Uuid, entry: &Entry) {
        let place = Place { pack, offset: entry.offset, size: entry.size };
        if let Some(old) = self.places.insert(entry.digest, place).filter(|old| *old != place) {
            let spare = self.spare.entry(entry.digest).or_default();
            spare.retain(|other| *other != place);
            spare.push(old);
        }
    }

    /// Notes what this process's own writer appended.
    pub(super) fn appended(&mut self, pack: Uuid, entry: &Entry, at: Appended) {
        self.insert(pack, entry);
        let state = self.packs.entry(pack).or_default();
        state.next = (at.end, at.seq + 1);
        state.seen_bytes = at.end;
    }

    /// Reads what is new: packs that appeared, packs that grew; forgets packs that are gone. Returns true if packs appeared
    /// or are gone.
    pub(super) fn refresh(&mut self, files: &Files, folder: &Path) -> Result<bool> {
        let listed: BTreeSet<Uuid> = files.list(folder)?.iter().filter_map(|path| pack_id(path)).collect();
        let gone = self.packs.keys().any(|id| !listed.contains(id));
        let changed = gone || self.packs.len() != listed.len();
        if gone {
            // A pack is rewritten or set aside as a whole, and rarely.
            *self = Self::default();
        }
        for id in listed {
            let mut state = self.packs.remove(&id).unwrap_or_default();
            if !state.closed {
                self.read_pack(files, folder, id, &mut state)?;
            }
            self.packs.insert(id, state);
        }
        self.loaded = true;
        Ok(changed)
    }

    fn read_pack(&mut self, files: &Files, folder: &Path, id: Uuid, state: &mut PackState) -> Result<()> {
        let path = pack_path(folder, id);
        if state.seen_bytes == 0
            && let Some(entries) = read_footer(files, &path, id)?
        {
            for entry in &entries {
                self.insert(id, entry);
            }
            state.closed = true;
            return Ok(());
        }
        let Some(len) = absent_is_none(files.open_read(&path).and_then(|file| file.len()))? else { return Ok(()) };
        if len == state.seen_bytes {
            return Ok(());
        }
        let Some(mut scan) = PackScan::open(files, &path, id)? else { return Ok(()) };
        if state.seen_bytes > 0 {
            scan.reader.seek(state.next.0, state.next.1);
        }
        state.damage = None;
        let mut first_damage = None;
        loop {
            let next = (scan.reader.offset(), scan.reader.next_seq());
            match scan.next()? {
                Found::Blob { entry, .. } => self.insert(id, &entry),
                Found::Footer { .. } => state.closed = first_damage.is_none(),
                Found::Damage { offset, detail, more } => {
                    first_damage.get_or_insert(next);
                    state.damage.get_or_insert((offset, detail));
                    if !more {
                        break;
                    }
                }
                Found::End(_) => break,
            }
        }
        // Once the file has grown, everything from the first damaged place on is looked at again.
        state.next = first_damage.unwrap_or((scan.reader.offset(), scan.reader.next_seq()));
        state.seen_bytes = len;
        Ok(())
    }
}
