//! Exports as plain files, which other tools read without this library, and back.
//!
//! `tables.rs` says which tables there are, `names.rs` what files are called, `manifest.rs` what vouches for all of it.
//! `export.rs` writes runs, `export_models.rs` logged models, `export_registry.rs` and `export_rules.rs` the registry, through
//! `write.rs`; `import.rs` and those named like it make a store of them again through `read.rs`. That store is made beside the destination and synced into it then, as any other: so an
//! import does nothing before all is read and checked, and twice changes nothing.

mod export;
mod export_models;
mod export_registry;
mod export_rules;
mod import;
mod import_models;
mod import_registry;
mod import_rules;
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
