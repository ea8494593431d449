//! Exports as plain files, which other tools read without this library, and back.
//!
//! `tables.rs` says which tables there are, `names.rs` what files are called, `manifest.rs` what vouches for all of it.
//! `export.rs` writes runs and `export_models.rs` models through `write.rs`; `import.rs` and `import_models.rs` make a store
//! of them again through `read.rs`. That store is made beside the destination and synced into it then, as any other: so an
//! import does nothing before all is read and checked, and twice changes nothing.

mod export;
mod export_models;
mod import;
mod import_models;
mod manifest;
mod names;
mod read;
mod tables;
#[cfg(test)]
mod tests;
mod types;
mod write;

pub use export::export_files;
pub(crate) use import::{Staged, stage};
pub use types::{ExportFilesOptions, ExportFilesReport};
