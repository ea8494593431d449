//! The file `format`: which version wrote the store, and its id.

use std::path::Path;

use uuid::Uuid;

use crate::base::files::Files;
use crate::base::sealed;
use crate::error::{Error, Result};

/// The format version that this library writes, and the newest that it reads.
pub(super) const VERSION: u32 = 1;
const TITLE: &str = "mlops store, format ";

/// The text of the file: version and id in words, and a checksum over both.
pub(super) fn text(version: u32, id: Uuid) -> String {
    sealed::seal(&format!("{TITLE}{version}\nid {}\n", id.simple()))
}

/// Reads the file; None if there is none.
///
/// # Errors
/// `Corrupt` if it does not match its checksum, `NewerFormat` if a newer version wrote it.
pub(super) fn read(files: &Files, path: &Path) -> Result<Option<Uuid>> {
    let Some(bytes) = files.read(path)? else { return Ok(None) };
    let damaged = || Error::corrupt(path, 0, "the format file does not match its checksum; run `mlops fsck --repair`");
    let mut lines = sealed::open(&bytes).ok_or_else(damaged)?.lines();
    let version =
        lines.next().and_then(|line| line.strip_prefix(TITLE)).and_then(|v| v.parse().ok()).ok_or_else(damaged)?;
    if version > VERSION {
        return Err(Error::NewerFormat { path: path.into(), found: version, known: VERSION });
    }
    let id = lines.next().and_then(|line| line.strip_prefix("id ")).and_then(|id| Uuid::try_parse(id).ok());
    id.map(Some).ok_or_else(damaged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_is_damage_and_a_newer_version_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("format");
        let files = Files::default();
        let id = Uuid::from_u128(42);
        let good = text(VERSION, id).into_bytes();
        for bit in 0..good.len() * 8 {
            let mut bytes = good.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(&path, bytes).unwrap();
            assert!(matches!(read(&files, &path), Err(Error::Corrupt { .. })), "bit {bit}");
        }
        std::fs::write(&path, &good).unwrap();
        assert_eq!(read(&files, &path).unwrap(), Some(id));
        std::fs::write(&path, text(VERSION + 1, id)).unwrap();
        let error = read(&files, &path).unwrap_err();
        assert!(error.to_string().contains("upgrade mlops"), "{error}");
    }
}
