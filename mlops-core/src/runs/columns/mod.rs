//! What searches look at, by column: so that a search over many runs reads what it asks for, and not every record.
//!
//! Rows of runs that have ended are folded into *segments* (`layout.rs`, `build.rs`): immutable, a blob a column, 512 to
//! 4,096 rows. What changed since its row was made is listed in storage and read from its record (`table.rs`); when there
//! is much of it, it is folded into a new segment (`fold.rs`), whose rows hide the older ones of the same runs. Everything
//! here can be made again from the records.

mod build;
mod fold;
mod layout;
mod rows;
mod summaries;
mod table;

pub(super) use fold::{changed, removed};
pub(super) use layout::{Dictionary, Of, for_each_blob};
pub(super) use rows::Row;
pub(super) use table::{Cache, Candidate, Column, Scope, Segment, Table};

// In the tests of this crate all of it happens with few runs.

/// Fewer runs than this are not worth a segment: a search reads their records.
const FOLD_FROM: usize = if cfg!(test) { 8 } else { 512 };
/// A process that has ended as many runs as this folds what is left when it has nothing else to do: when it logs no more, and
/// when it ends. Each such segment is one more to read, until the small ones are folded anew.
const REST_FROM: usize = if cfg!(test) { 4 } else { 64 };
/// Most rows of a segment.
const SEGMENT_ROWS: usize = if cfg!(test) { 24 } else { 4_096 };
/// Runs that have not ended are folded only when there are more of them than this.
const RUNNING_FROM: usize = if cfg!(test) { 24 } else { 4_096 };
/// Segments of few rows are folded anew, together, when there are more of them than this.
const SMALL_SEGMENTS: usize = if cfg!(test) { 3 } else { 32 };
/// Most columns of a segment of metrics, of params and of tags: of runs that have others, searches read the records.
const COLUMNS: usize = if cfg!(test) { 10 } else { 2_000 };
/// A run with more params, tags and metrics together is never folded: a search reads its record.
const WIDEST: u64 = if cfg!(test) { 40 } else { 20_000 };
/// Most params, tags and metrics of the runs of a segment, so that making one is bounded in memory.
const SEGMENT_ENTRIES: u64 = if cfg!(test) { 600 } else { 4_000_000 };
/// Columns are let go when those in memory take more than this, in bytes.
const CACHE_BYTES: usize = if cfg!(test) { 4 << 10 } else { 256 << 20 };
