//! The storage keys of the pillar; `docs/FORMAT.md` lists them. Names have no control characters, so that a zero byte ends
//! them.

/// All definitions; the sweep's name follows.
pub(super) const DEFINITIONS: &[u8] = b"sd/";

/// The definition of a sweep.
pub(super) fn definition(name: &str) -> Vec<u8> {
    [DEFINITIONS, name.as_bytes()].concat()
}

/// The trials of a sweep that were taken; the number follows.
pub(super) fn trials(name: &str) -> Vec<u8> {
    [b"st/", name.as_bytes(), b"\0"].concat()
}

/// One entry of [`trials`].
pub(super) fn trial(name: &str, number: u64) -> Vec<u8> {
    [trials(name).as_slice(), &number.to_be_bytes()].concat()
}

/// The trials of a sweep that were taken and are not known to have ended; the number follows.
pub(super) fn open_trials(name: &str) -> Vec<u8> {
    [b"so/", name.as_bytes(), b"\0"].concat()
}

/// One entry of [`open_trials`].
pub(super) fn open_trial(name: &str, number: u64) -> Vec<u8> {
    [open_trials(name).as_slice(), &number.to_be_bytes()].concat()
}

/// The number at the end of a key.
pub(super) fn number(key: &[u8]) -> Option<u64> {
    key.last_chunk::<8>().map(|bytes| u64::from_be_bytes(*bytes))
}
