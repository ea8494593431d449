//! The storage engines and stacks of layers that the suites run on.

use std::path::Path;
use std::sync::Arc;

use mlops_core::base::clock::SystemClock;
use mlops_core::base::files::Files;
use mlops_core::base::ids::TimeOrderedIds;
use mlops_core::storage::Storage;
use mlops_core::storage::journal::{Index, Journal, JournalOptions, MemoryIndex, SledIndex};
use mlops_core::storage::memory::MemoryStorage;
use mlops_core::storage::shared::{OwnerLock, Shared};
use mlops_core::storage::sled::SledStorage;

pub(crate) fn memory(_: &Path) -> Arc<dyn Storage> {
    Arc::new(MemoryStorage::default())
}

pub(crate) fn disk(folder: &Path) -> Arc<dyn Storage> {
    Arc::new(SledStorage::open(&folder.join("index")).unwrap())
}

pub(crate) fn journal_over_memory(folder: &Path) -> Arc<dyn Storage> {
    Arc::new(journal(folder, Box::new(MemoryIndex)))
}

pub(crate) fn journal_over_disk(folder: &Path) -> Arc<dyn Storage> {
    Arc::new(journal(folder, disk_index(folder)))
}

pub(crate) fn shared_over_journal_over_disk(folder: &Path) -> Arc<dyn Storage> {
    std::fs::create_dir_all(folder.join("tmp")).unwrap();
    let lock = OwnerLock::acquire(folder, &Files::default()).unwrap();
    Arc::new(Shared::new(journal_over_disk(folder), lock))
}

fn disk_index(folder: &Path) -> Box<dyn Index> {
    Box::new(SledIndex::new(folder.join("index"), folder.join("trash"), Files::default(), Arc::new(TimeOrderedIds)))
}

/// A journal that merges into a checkpoint after a few commits, so that the suites meet checkpoints.
pub(crate) fn journal(folder: &Path, index: Box<dyn Index>) -> Journal {
    Journal::open(JournalOptions {
        folder: folder.join("journal"),
        trash: folder.join("trash"),
        files: Files::default(),
        owner: uuid::Uuid::from_u128(1),
        clock: Arc::new(SystemClock),
        index,
        sync_before: None,
        accept: Arc::new(|_| Ok(true)),
        checkpoint_bytes: 4 << 10,
    })
    .unwrap()
}
