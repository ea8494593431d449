//! The storage keys of the pillar; `docs/FORMAT.md` lists them.

use crate::base::digests::Digest;

/// How often data were used.
pub(super) fn uses(data: Digest) -> Vec<u8> {
    [b"vn/", data.as_bytes().as_slice()].concat()
}

/// Says which use of the data that of a candidate at a gate was.
pub(super) fn used(data: Digest, subject: Digest) -> Vec<u8> {
    [b"vu/", data.as_bytes().as_slice(), subject.as_bytes()].concat()
}
