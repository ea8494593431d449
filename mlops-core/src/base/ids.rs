//! Where ids come from.

use std::fmt::Debug;
#[cfg(any(test, feature = "testing"))]
use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

/// A source of ids that never repeat.
pub trait IdSource: Send + Sync + Debug {
    /// A new id.
    fn next(&self) -> Uuid;

    /// A new id as 32 lower-case hex digits, the form of run ids.
    fn next_hex(&self) -> String {
        self.next().simple().to_string()
    }
}

/// UUIDs of version 7: unique, and sorted by the time they were made.
#[derive(Clone, Copy, Debug, Default)]
pub struct TimeOrderedIds;

impl IdSource for TimeOrderedIds {
    #[expect(clippy::disallowed_methods, reason = "the one place that makes random ids")]
    fn next(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// Ids 1, 2, 3... for tests.
#[cfg(any(test, feature = "testing"))]
#[derive(Debug, Default)]
pub struct CountingIds(AtomicU64);

#[cfg(any(test, feature = "testing"))]
impl IdSource for CountingIds {
    fn next(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::SeqCst) + 1))
    }
}
