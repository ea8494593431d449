//! Opening, closing, checking and copying a store.

use std::time::Duration;

use mlops_core::{BackupOptions, Durability, GcOptions, OpenOptions, Result, Sharing, Store};

use crate::args::{Handle, Versioned, refuse};
use crate::boundary::export;
use crate::json;
use crate::sized::{check_reserved, sized_input};
use crate::text::{Text, mlops_buf, mlops_str};

/// As the opening of the store says, or for that `MLOPS_DURABILITY`: `fast` or `full`; else as `MLOPS_DURABILITY_FAST`.
pub const MLOPS_DURABILITY_DEFAULT: i32 = 0;
/// What is logged survives the death of the process at once, and power loss after at most a second.
pub const MLOPS_DURABILITY_FAST: i32 = 1;
/// What is logged is on the disk when the call returns: it survives power loss.
pub const MLOPS_DURABILITY_FULL: i32 = 2;

/// An open store. Freed with `mlops_store_free`.
#[derive(Debug)]
pub struct mlops_store {
    pub(crate) store: Store,
    uri: Text,
    id: Text,
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
    /// Of a store that is made: `MLOPS_SHARING_PRIVATE` (default) or `MLOPS_SHARING_GROUP`. A store that exists is what it
    /// is; to ask for a group's where it is private is an error. Since 0.1.
    pub sharing: i32,
    /// Not 0: a store that exists is an error, and an empty `uri` is `MLOPS_STORE`, else `.mlops/` here. Since 0.1.
    pub must_be_new: i32,
    /// When what runs log is acknowledged: `MLOPS_DURABILITY_DEFAULT`, `MLOPS_DURABILITY_FAST` or
    /// `MLOPS_DURABILITY_FULL`.
    pub durability: i64,
}

/// A store of its user alone: folders 0700, files 0600.
pub const MLOPS_SHARING_PRIVATE: i32 = 0;
/// A store for all users of its folder's group: folders 2770, files 0660.
pub const MLOPS_SHARING_GROUP: i32 = 1;

impl Versioned for mlops_open_options {
    const DEFAULT: Self = Self {
        struct_size: 0,
        read_only: 0,
        must_exist: 0,
        reserved: 0,
        uri: mlops_str::EMPTY,
        sharing: MLOPS_SHARING_PRIVATE,
        must_be_new: 0,
        durability: 0,
    };
}

fn sharing(number: i32) -> Result<Sharing> {
    match number {
        MLOPS_SHARING_PRIVATE => Ok(Sharing::Private),
        MLOPS_SHARING_GROUP => Ok(Sharing::Group),
        _ => Err(refuse("options.sharing", number.to_string(), "MLOPS_SHARING_PRIVATE or MLOPS_SHARING_GROUP")),
    }
}

/// The durability of a number; None is the default.
pub(crate) fn durability(name: &str, number: i64) -> Result<Option<Durability>> {
    const LEVELS: [(i32, Option<Durability>); 3] = [
        (MLOPS_DURABILITY_DEFAULT, None),
        (MLOPS_DURABILITY_FAST, Some(Durability::Fast)),
        (MLOPS_DURABILITY_FULL, Some(Durability::Full)),
    ];
    let found = LEVELS.into_iter().find(|(level, _)| i64::from(*level) == number);
    found.map(|(_, durability)| durability).ok_or_else(|| {
        let expected = "MLOPS_DURABILITY_DEFAULT, MLOPS_DURABILITY_FAST or MLOPS_DURABILITY_FULL";
        refuse(name, number.to_string(), expected)
    })
}

/// How `mlops_store_gc` works. Begin with `MLOPS_GC_OPTIONS_INIT`, which only counts.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_gc_options {
    /// The size of this struct.
    pub struct_size: u32,
    /// Not 0 (default): nothing is changed, what would go is counted.
    pub dry_run: i32,
    /// Not 0: deleted runs and logged models are removed for good, with what only they refer to. Default 0.
    pub deleted_runs: i32,
    /// Must be 0.
    pub reserved: i32,
    /// What was written, put again or deleted within this time stays, in microseconds; default: 10 minutes.
    pub older_than_us: i64,
}

impl Versioned for mlops_gc_options {
    const DEFAULT: Self = Self { struct_size: 0, dry_run: 1, deleted_runs: 0, reserved: 0, older_than_us: 600_000_000 };
}
sized_input!(mlops_open_options mlops_gc_options);

impl mlops_store {
    fn new(store: Store) -> Self {
        let uri = Text::new(store.uri());
        let id = Text::new(store.id().to_string());
        Self { store, uri, id }
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
            must_be_new: options.must_be_new != 0,
            sharing: sharing(options.sharing)?,
            durability: durability("options.durability", options.durability)?,
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

    /// The id of the store, a UUID that it keeps wherever its folder goes; empty for NULL.
    ///
    /// The text lives until the handle is freed. Threads: any. Since 0.1.
    pub fn mlops_store_id(store: *const mlops_store) -> mlops_str {
        store.map_or(mlops_str::EMPTY, |store| store.id.view())
    }

    /// Whose the store is: `MLOPS_SHARING_PRIVATE` or `MLOPS_SHARING_GROUP`; `MLOPS_SHARING_PRIVATE` for NULL.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_store_sharing(store: *const mlops_store) -> i32 {
        let of_group = store.is_some_and(|store| store.store.sharing() == Sharing::Group);
        if of_group { MLOPS_SHARING_GROUP } else { MLOPS_SHARING_PRIVATE }
    }

    /// Whether the store was opened for reading only; false for NULL.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_store_is_read_only(store: *const mlops_store) -> bool {
        store.is_some_and(|store| store.store.is_read_only())
    }

    /// Frees what nothing refers to, or with `dry_run` counts it; threads may log at the same time.
    ///
    /// `*out` becomes JSON: `{"dry_run", "runs": 0, "models": {"count", "bytes"}, "large_blobs", "small_blobs", "trash",
    /// "spool", "journal", "kept"}`; `runs` and `models` are what was deleted and is removed for good. Blobs go to the
    /// store's trash, which the first call an hour later deletes. Freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_store_gc(
        store: *const mlops_store,
        options: *const mlops_gc_options,
        out: *mut mlops_buf,
    ) -> mlops_status {
        check_reserved("options", options.reserved)?;
        let older_than = u64::try_from(options.older_than_us).map_err(|_| {
            refuse("options.older_than_us", options.older_than_us.to_string(), "microseconds, 0 or more")
        })?;
        let report = store.store.gc(&GcOptions {
            dry_run: options.dry_run != 0,
            older_than: Duration::from_micros(older_than),
            deleted_runs: options.deleted_runs != 0,
        })?;
        out.set(json::text(&report)?.into());
        Ok(())
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

    /// Copies the store to the folder `dest`, which is made, while this process and others write to it: all that was
    /// acknowledged before the call. Every byte is checked. With `keep_going` 0 what is damaged or missing is
    /// `MLOPS_CORRUPT` and no copy is made; else damaged files are copied as they are and reported.
    ///
    /// `*out` becomes JSON: `{"path", "id", "files": 3, "bytes": 4096, "findings": [{"path", "offset", "problem",
    /// "repair"}], "lost": [text]}`. Freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_store_backup(
        store: *const mlops_store,
        dest: mlops_str,
        keep_going: i32,
        out: *mut mlops_buf,
    ) -> mlops_status {
        let options = BackupOptions { keep_going: keep_going != 0, ..BackupOptions::default() };
        let report = store.store.backup(dest, &options)?;
        out.set(json::text(&report)?.into());
        Ok(())
    }

    /// Makes a store at `dest`, where none is yet, from the backup in the folder `source`. The store keeps its id, and
    /// is trusted only if that is on this user's list. `keep_going` and `*out` are as in `mlops_store_backup`.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_restore(source: mlops_str, dest: mlops_str, keep_going: i32, out: *mut mlops_buf) -> mlops_status {
        let options = BackupOptions { keep_going: keep_going != 0, ..BackupOptions::default() };
        let report = mlops_core::restore(source, dest, &options)?;
        out.set(json::text(&report)?.into());
        Ok(())
    }
}
