//! Opening, closing and checking a store.

use mlops_core::{OpenOptions, Store};

use crate::args::{Handle, Versioned};
use crate::boundary::export;
use crate::json;
use crate::sized::{check_reserved, sized_input};
use crate::text::{Text, mlops_buf, mlops_str};

/// An open store. Freed with `mlops_store_free`.
#[derive(Debug)]
pub struct mlops_store {
    pub(crate) store: Store,
    uri: Text,
}

impl Handle for mlops_store {}

/// How a store is opened. Begin with `MLOPS_OPEN_OPTIONS_INIT`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_open_options {
    /// The size of this struct.
    pub struct_size: u32,
    /// Not 0: opens for reading only, which any number of processes may, also while another writes.
    pub read_only: i32,
    /// Not 0: a store that does not exist is an error.
    pub must_exist: i32,
    /// Must be 0.
    pub reserved: i32,
    /// A path, `memory:`, or empty: `MLOPS_STORE`, else the nearest `.mlops/` upwards, else a new one here.
    pub uri: mlops_str,
}

impl Versioned for mlops_open_options {
    const DEFAULT: Self = Self { struct_size: 0, read_only: 0, must_exist: 0, reserved: 0, uri: mlops_str::EMPTY };
}
sized_input!(mlops_open_options);

impl mlops_store {
    fn new(store: Store) -> Self {
        let uri = Text::new(store.uri());
        Self { store, uri }
    }
}

export! {
    /// Opens a store; `*out` is freed with `mlops_store_free`.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_store_open(options: *const mlops_open_options, out: *mut *mut mlops_store) -> mlops_status {
        check_reserved("options", options.reserved)?;
        // SAFETY: the caller keeps the contract: the text lives for this call.
        let uri = unsafe { options.uri.text("options.uri") }?.to_owned();
        let options = OpenOptions {
            uri,
            read_only: options.read_only != 0,
            must_exist: options.must_exist != 0,
            ..OpenOptions::default()
        };
        out.give(mlops_store::new(Store::open_with(&options)?));
        Ok(())
    }

    /// Another handle on the same store, freed by itself with `mlops_store_free`.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_store_clone(store: *const mlops_store, out: *mut *mut mlops_store) -> mlops_status {
        out.give(mlops_store::new(store.store.clone()));
        Ok(())
    }

    /// Frees a handle. The store closes when its last handle and the last of its runs are freed; errors of that are
    /// lost, so call `mlops_store_close` before to see them. NULL is fine.
    ///
    /// Threads: any, but nobody may use the handle any more. Since 0.1.
    pub fn mlops_store_free(store: *mut mlops_store) {
        drop(store);
    }

    /// Drains what runs logged and forces everything to the disk, for the last time: the store's later
    /// `mlops_store_flush` and `mlops_store_close` give `MLOPS_INVALID_STATE`. Its folder is free for other processes
    /// when its last handle and the last of its runs are freed.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_store_close(store: *const mlops_store) -> mlops_status {
        store.store.close()
    }

    /// Drains what runs logged and forces everything to the disk.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_store_flush(store: *const mlops_store) -> mlops_status {
        store.store.flush()
    }

    /// Where the store is: its absolute path, or `memory:`; empty for NULL.
    ///
    /// The text lives until the handle is freed. Threads: any. Since 0.1.
    pub fn mlops_store_uri(store: *const mlops_store) -> mlops_str {
        store.map_or(mlops_str::EMPTY, |store| store.uri.view())
    }

    /// Whether the store was opened for reading only; false for NULL.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_store_is_read_only(store: *const mlops_store) -> bool {
        store.is_some_and(|store| store.store.is_read_only())
    }

    /// Reads and checks every byte of a store that no process has open; `repair` not 0 mends what can be mended.
    ///
    /// `*out` becomes JSON: `{"files": 3, "bytes": 4096, "findings": [{"path", "offset", "problem", "repair"}],
    /// "lost": [text]}`; all is well if both lists are empty. Freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_fsck(uri: mlops_str, repair: i32, out: *mut mlops_buf) -> mlops_status {
        let report = mlops_core::fsck(uri, repair != 0)?;
        out.set(json::text(&report)?.into());
        Ok(())
    }
}
