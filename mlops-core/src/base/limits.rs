//! The one table of limits. Above a limit is an error, never a cut.

use crate::error::{Error, Result};

/// Longest key of a param, tag or metric, and name of a run, experiment or data set, in bytes of UTF-8.
pub const KEY_BYTES: usize = 500;
/// Longest value of a param or tag, and source, schema or profile of a data set, in bytes of UTF-8.
pub const VALUE_BYTES: usize = 16 << 20;
/// A longer one of these values is kept in a blob instead of the run's record, in bytes.
pub const INLINE_VALUE_BYTES: usize = 4 << 10;
/// All tags of an experiment together, keys and values, in bytes of UTF-8.
pub const EXPERIMENT_TAGS_BYTES: usize = 48 << 10;
/// Longest artifact path, in bytes of UTF-8.
pub const PATH_BYTES: usize = 750;
/// Longest part of a path that is logged as an artifact, in bytes of UTF-8: what a file may be called.
pub const PATH_PART_BYTES: usize = 255;
/// Longest run id, in characters.
pub const RUN_ID_CHARS: usize = 256;
/// Longest name of a registered model, in bytes of UTF-8.
pub const MODEL_NAME_BYTES: usize = 250;
/// Longest alias of a version of a registered model, in bytes of UTF-8.
pub const ALIAS_BYTES: usize = 255;
/// Longest description of a registered model or version, in bytes of UTF-8.
pub const DESCRIPTION_BYTES: usize = 16 << 10;
/// Longest source or link of a version of a registered model, in bytes of UTF-8.
pub const SOURCE_BYTES: usize = 4 << 10;
/// Longest definition of a gate, in bytes of UTF-8.
pub const GATE_DEFINITION_BYTES: usize = 16 << 10;
/// Most rows that a gate looks at.
pub const GATE_ROWS: usize = 20_000_000;
/// Most latencies of a model that a gate looks at.
pub const GATE_LATENCIES: usize = 100_000;
/// Most metric series in one run.
pub const SERIES_PER_RUN: usize = 1_000_000;
/// Longest filter text, in bytes.
pub const FILTER_BYTES: usize = 64 << 10;
/// Deepest nesting of a filter.
pub const FILTER_DEPTH: usize = 128;
/// Most regular expressions of a filter.
pub const PATTERNS_PER_FILTER: usize = 64;
/// Longest regular expression of a filter, in bytes.
pub const PATTERN_BYTES: usize = 4 << 10;
/// Largest regular expression of a filter as it is compiled, in bytes.
pub const COMPILED_PATTERN_BYTES: usize = 2 << 20;
/// Most results of one page of a search.
pub const PAGE_ITEMS: usize = 50_000;

/// Longest key of [`Storage`](crate::storage::Storage), in bytes.
pub const STORAGE_KEY_BYTES: usize = 1 << 10;
/// Longest value of [`Storage`](crate::storage::Storage), in bytes.
pub const STORAGE_VALUE_BYTES: usize = 64 << 10;
/// Largest batch of [`Storage`](crate::storage::Storage): the sum of keys and values, in bytes.
pub const STORAGE_BATCH_BYTES: usize = 1 << 20;
/// Largest body of one frame of a log file, in bytes.
pub const FRAME_BYTES: usize = 64 << 20;

/// Refuses what is larger than its limit; `what` names it in the error.
///
/// # Errors
/// `LimitExceeded`.
pub(crate) fn check(what: impl FnOnce() -> String, size: usize, limit: usize, unit: &'static str) -> Result<()> {
    if size <= limit {
        return Ok(());
    }
    Err(Error::LimitExceeded { what: what(), size: size as u64, limit: limit as u64, unit })
}
