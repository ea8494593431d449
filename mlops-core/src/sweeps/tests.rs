mod json;
mod space;
mod stopping;
mod take;

use std::sync::Arc;

use super::Sweeps;
use crate::base::clock::SystemClock;
use crate::base::ids::{IdSource, TimeOrderedIds};
use crate::blob::memory::MemoryBlobs;
use crate::runs::{Runs, RunsOptions};
use crate::spool::Spool;
use crate::storage::Storage;
use crate::storage::memory::MemoryStorage;

/// What a store in memory has of the pillars that sweeps stand on.
struct Pillars {
    runs: Runs,
    storage: Arc<dyn Storage>,
}

impl Pillars {
    fn new() -> Self {
        let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::default());
        let ids: Arc<dyn IdSource> = Arc::new(TimeOrderedIds);
        let runs = Runs::new(RunsOptions {
            storage: storage.clone(),
            blobs: Arc::new(MemoryBlobs::default()),
            spool: Spool::memory(&ids),
            clock: Arc::new(SystemClock),
            ids,
            read_only: false,
            unowned: None,
        });
        Self { runs: runs.unwrap(), storage }
    }

    fn runs(&self) -> &Runs {
        &self.runs
    }

    fn sweeps(&self) -> Sweeps {
        Sweeps::new(self.runs.clone(), self.storage.clone())
    }
}
