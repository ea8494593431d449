//! The storage engines and stacks of layers that the suites run on.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mlops_core::Result;
use mlops_core::base::clock::SystemClock;
use mlops_core::base::files::Files;
use mlops_core::base::ids::TimeOrderedIds;
use mlops_core::storage::journal::{Index, Journal, JournalOptions, MemoryIndex, SledIndex, read as read_journal};
use mlops_core::storage::memory::MemoryStorage;
use mlops_core::storage::shared::{Care, Shared, SharedOptions};
use mlops_core::storage::sled::SledStorage;
use mlops_core::storage::{Capabilities, Durability, KeyRange, Op, Outcome, ScanOptions, ScanPage, Storage};

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
    Arc::new(shared(folder))
}

/// A peer, with the owner that it asks.
pub(crate) fn peer_of_an_owner(folder: &Path) -> Arc<dyn Storage> {
    let owner = shared(folder);
    assert!(owner.is_owner());
    let peer = shared(folder);
    assert!(!peer.is_owner());
    Arc::new(Peer { peer, _owner: owner })
}

#[derive(Debug)]
struct Peer {
    peer: Shared,
    _owner: Shared,
}

impl Storage for Peer {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.peer.get(key)
    }

    fn scan(&self, range: &KeyRange, options: &ScanOptions) -> Result<ScanPage> {
        self.peer.scan(range, options)
    }

    fn apply(&self, ops: &[Op], durability: Durability) -> Result<Outcome> {
        self.peer.apply(ops, durability)
    }

    fn flush(&self) -> Result<()> {
        self.peer.flush()
    }

    fn capabilities(&self) -> Capabilities {
        self.peer.capabilities()
    }
}

fn shared(folder: &Path) -> Shared {
    std::fs::create_dir_all(folder.join("tmp")).unwrap();
    let (place, files) = (folder.to_path_buf(), Files::default());
    let read = folder.join("journal");
    Shared::open(SharedOptions {
        folder: folder.to_path_buf(),
        files: files.clone(),
        open: Arc::new(move |_, _| Ok((journal_over_disk(&place), Arc::new(|| false)))),
        read: Arc::new(move || Ok(Arc::new(read_journal(&read, &files)?))),
        sync_before: None,
        care: Care::default(),
        patience: Duration::from_secs(30),
        may_own: true,
    })
    .unwrap()
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
        still_owned: None,
        new_segment: false,
        checkpoint_bytes: 4 << 10,
    })
    .unwrap()
}
