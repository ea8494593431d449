mod faults;
mod flips;
mod packs;
mod processes;
mod sweep;

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::base::ids::TimeOrderedIds;

/// A blob of `len` bytes that differs from those of other seeds.
fn blob(seed: u8, len: usize) -> Vec<u8> {
    (0..len).map(|i| u8::try_from(i % 251).unwrap() ^ seed).collect()
}

fn options(dir: &Path, files: Files) -> LocalBlobOptions {
    LocalBlobOptions {
        folder: dir.join("blobs"),
        tmp: dir.join("tmp"),
        trash: dir.join("trash"),
        files,
        ids: Arc::new(TimeOrderedIds),
        read_only: false,
    }
}

fn open(dir: &Path) -> LocalBlobs {
    LocalBlobs::open(options(dir, Files::default())).unwrap()
}

fn open_read_only(dir: &Path) -> LocalBlobs {
    LocalBlobs::open(LocalBlobOptions { read_only: true, ..options(dir, Files::default()) }).unwrap()
}

fn list(path: &Path) -> Vec<PathBuf> {
    Files::default().list(path).unwrap()
}

fn packs(dir: &Path) -> Vec<PathBuf> {
    list(&dir.join("blobs/packs"))
}

/// The one pack of a store.
fn pack(dir: &Path) -> PathBuf {
    let [pack] = packs(dir).try_into().unwrap();
    pack
}

/// What `verify` counts, and what it reports.
fn verify(blobs: &LocalBlobs) -> (BlobStats, Vec<Error>) {
    let mut errors = Vec::new();
    let stats = blobs.verify(&mut |error| errors.push(error)).unwrap();
    (stats, errors)
}

fn assert_sound(blobs: &LocalBlobs) {
    let (_, errors) = verify(blobs);
    assert!(errors.is_empty(), "{errors:?}");
}
