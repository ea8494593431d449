//! Runs from one store into another: what `sync`, `export` and `import` are made of.
//!
//! `select.rs` says which runs, `experiments.rs` where they go. For each, `whole.rs` reads what both stores have,
//! `content.rs` takes the digest of what it says, and `decide.rs` compares these with what earlier syncs noted (`note.rs`):
//! who has not changed since both had the same is the older. `blobs.rs` copies what the destination lacks, `write.rs` makes
//! the one commit that gives it the run, and `sync.rs` does all that in order.
//!
//! A sync that is cut short has copied some runs whole and others not at all; the next goes on.

mod blobs;
mod content;
mod decide;
mod experiments;
#[cfg(feature = "files")]
mod flat;
mod note;
mod select;
mod sync;
mod types;
mod whole;
mod write;

pub(crate) use blobs::Copier;
#[cfg(feature = "files")]
pub(crate) use flat::{FlatRun, ParamsOf, RunBuilder};
#[cfg(feature = "files")]
pub(crate) use note::Seen;
pub(crate) use sync::{Ends, Synced};
pub use types::{KeptModel, ModelsReport, OnConflict, PassedOver, SyncConflict, SyncOptions, SyncProgress, SyncReport};
