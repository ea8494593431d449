//! Which of two states of a run is the newer.

use uuid::Uuid;

use std::cmp::Ordering;

use super::note::{Note, Seen};
use crate::base::digests::Digest;

/// One of the two stores, and what it has and knows of the run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Side<'a> {
    pub(super) store: Uuid,
    pub(super) content: Digest,
    pub(super) version: u64,
    pub(super) writer: Option<(Uuid, u64)>,
    pub(super) note: &'a Note,
}

/// How the run in the destination stands to that in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    Same,
    /// It changed in the source only.
    Behind,
    /// It changed in the destination only.
    Ahead,
    /// It changed in both, or nothing is known.
    Unknown,
}

/// Compares two states by what is noted.
pub(super) fn relate(source: Side<'_>, dest: Side<'_>) -> Relation {
    if source.content == dest.content {
        return Relation::Same;
    }
    // What the destination has seen of this very store, and else the other way round.
    let by_dest = one_sided(source, dest).map(|ahead| if ahead { Relation::Ahead } else { Relation::Behind });
    let by_source = || one_sided(dest, source).map(|ahead| if ahead { Relation::Behind } else { Relation::Ahead });
    if let Some(relation) = by_dest.or_else(by_source) {
        return relation;
    }
    // Through other stores.
    match (dest.note.knows(source.content), source.note.knows(dest.content)) {
        (true, false) => Relation::Ahead,
        (false, true) => Relation::Behind,
        _ => Relation::Unknown,
    }
}

/// What `holder` has seen of `other` decides: true if `holder` is ahead of it, false if `other` is.
fn one_sided(other: Side<'_>, holder: Side<'_>) -> Option<bool> {
    let seen = holder.note.of(other.store)?;
    match since(other, seen) {
        _ if other.content == seen.content => Some(true),
        // Not that store itself, but a copy of it from before: a backup.
        Ordering::Less => Some(true),
        // A copy that went another way, or one whose last records were read together with others.
        Ordering::Equal => None,
        Ordering::Greater => (holder.content == seen.content).then_some(false),
    }
}

/// How far a store is, against how far it was when it was seen. Records that are not drained yet are counted in the memory
/// of who reads them, and are applied in fewer commits there: the writer's own count says more than the version.
fn since(now: Side<'_>, seen: &Seen) -> Ordering {
    match (now.writer, seen.writer) {
        (Some((writer, count)), Some((then, seen_count))) if writer == then => {
            count.cmp(&seen_count).then(now.version.cmp(&seen.version))
        }
        _ => now.version.cmp(&seen.version),
    }
}

#[cfg(test)]
mod tests {
    use super::super::note::Seen;
    use super::*;
    use crate::base::time::Timestamp;

    fn note(seen: &[(u128, &str, u64)]) -> Note {
        let seen = seen.iter().map(|(store, content, version)| Seen {
            store: Uuid::from_u128(*store),
            content: Digest::of(content.as_bytes()),
            fingerprint: Digest::of(b""),
            version: *version,
            writer: None,
            at: Timestamp::default(),
        });
        Note { seen: seen.collect(), ..Note::default() }
    }

    fn side<'a>(store: u128, content: &str, version: u64, note: &'a Note) -> Side<'a> {
        Side { store: Uuid::from_u128(store), content: Digest::of(content.as_bytes()), version, writer: None, note }
    }

    #[test]
    fn who_has_not_changed_since_they_had_the_same_is_the_older() {
        let (none, had) = (note(&[]), note(&[(1, "a", 5)]));
        let (behind, ahead) = (Relation::Behind, Relation::Ahead);
        assert_eq!(relate(side(1, "b", 6, &none), side(2, "a", 3, &had)), behind);
        assert_eq!(relate(side(1, "a", 5, &none), side(2, "c", 4, &had)), ahead);
        assert_eq!(relate(side(1, "b", 6, &none), side(2, "c", 4, &had)), Relation::Unknown);
        assert_eq!(relate(side(1, "b", 6, &none), side(2, "b", 4, &had)), Relation::Same);
        // The same in the other direction.
        assert_eq!(relate(side(2, "a", 3, &had), side(1, "b", 6, &none)), ahead);
        assert_eq!(relate(side(2, "c", 4, &had), side(1, "a", 5, &none)), behind);
    }

    #[test]
    fn a_backup_from_before_is_not_newer_for_being_different() {
        let (none, had) = (note(&[]), note(&[(1, "b", 6)]));
        assert_eq!(relate(side(1, "a", 5, &none), side(2, "b", 3, &had)), Relation::Ahead);
        assert_eq!(relate(side(1, "a", 6, &none), side(2, "b", 3, &had)), Relation::Unknown, "a copy that went on");
    }

    #[test]
    fn what_came_through_a_third_store_is_known() {
        // 1 gave "a" to 2, 2 gave it on to 3 and that went on to "c".
        let (none, had) = (note(&[]), note(&[(1, "a", 5), (2, "a", 1)]));
        assert_eq!(relate(side(1, "a", 5, &none), side(3, "c", 3, &had)), Relation::Ahead);
        assert_eq!(relate(side(4, "a", 9, &none), side(3, "c", 3, &had)), Relation::Ahead);
        assert_eq!(relate(side(3, "c", 3, &had), side(4, "a", 9, &none)), Relation::Behind);
        assert_eq!(relate(side(4, "d", 9, &none), side(3, "c", 3, &had)), Relation::Unknown);
    }
}
