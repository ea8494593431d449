//! `mlops`: experiment tracking, data, features, registry, monitoring and rollout in one embedded store.
//!
//! [`Store::open`] opens a location and hands out the pillars.

#![deny(unsafe_code)]

pub mod base;
pub mod blob;
#[cfg(feature = "cli")]
pub mod cli;
pub mod error;
pub mod gates;
pub mod lineage;
pub mod log;
pub mod logged_models;
pub mod metrics;
pub mod models;
pub mod query;
pub mod registry;
pub mod runs;
pub mod settings;
pub mod spool;
pub mod storage;
mod store;
pub mod sweeps;
pub mod ui;
pub mod workflows;

pub use base::digests::Digest;
pub use base::durability::Durability;
pub use base::paging::Page;
pub use base::series_key::SeriesKey;
pub use base::sharing::Sharing;
pub use base::text::ParamValue;
pub use base::time::Timestamp;
pub use error::{Code, Error, Result};
pub use runs::{OnConflict, SyncOptions, SyncReport};
pub use store::{
    BackupOptions, BackupReport, FsckReport, GcOptions, GcReport, Held, OpenOptions, Store, backup, end_open_runs,
    export, fsck, import, restore, sync, sync_at,
};
#[cfg(feature = "files")]
pub use store::{ExportFilesOptions, ExportFilesReport, export_files};

/// The Rust of the guide, which is run as it stands there.
#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/gate.md")]
#[derive(Debug)]
pub struct GuideToGates;
