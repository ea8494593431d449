//! Large changes of several writers to one run.

use std::sync::Mutex;

use super::*;
use crate::storage::{Capabilities, Durability, Op, Outcome, ScanPage};

/// Storage in which another writer drains as soon as a large change is committed and before it is applied.
#[derive(Debug)]
struct Between {
    storage: Arc<MemoryStorage>,
    other: Mutex<Option<Runs>>,
}

impl Storage for Between {
    fn get(&self, key: &[u8]) -> crate::error::Result<Option<Vec<u8>>> {
        self.storage.get(key)
    }

    fn scan(&self, range: &KeyRange, options: &ScanOptions) -> crate::error::Result<ScanPage> {
        self.storage.scan(range, options)
    }

    fn apply(&self, ops: &[Op], durability: Durability) -> crate::error::Result<Outcome> {
        let outcome = self.storage.apply(ops, durability)?;
        let large = ops.iter().any(|op| matches!(op, Op::Put { key, .. } if key.starts_with(keys::PENDING)));
        if large && let Some(other) = self.other.lock().unwrap().take() {
            other.drain().unwrap();
        }
        Ok(outcome)
    }

    fn flush(&self) -> crate::error::Result<()> {
        self.storage.flush()
    }

    fn capabilities(&self) -> Capabilities {
        self.storage.capabilities()
    }
}

#[test]
fn large_changes_of_two_writers_are_both_applied() {
    let parts = Parts::new();
    let other = parts.open();
    let run = other.start(RunOptions::default()).unwrap();
    let batch = |name: &str| Batch {
        tags: (0..600).map(|number| (format!("{name} {number}"), "x".repeat(3_000))).collect(),
        ..Batch::default()
    };
    let held = other.hold_drain();
    run.log_batch(&batch("other")).unwrap();
    let between = Arc::new(Between { storage: parts.storage.clone(), other: Some(other.clone()).into() });
    let runs = parts.open_over(between.clone(), parts.spool());
    runs.open(run.id()).unwrap().log_batch(&batch("own")).unwrap();
    drop(held);
    runs.drain().unwrap();
    other.drain().unwrap();
    let tags = runs.get(run.id()).unwrap().tags;
    for name in ["own", "other"] {
        assert_eq!(tags.keys().filter(|key| key.starts_with(name)).count(), 600, "{name}");
    }
}
