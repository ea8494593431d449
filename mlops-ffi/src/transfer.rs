//! Runs from one store into another, and from one experiment into another.

use mlops_core::{OnConflict, Result, SyncOptions};

use crate::args::{Versioned, refuse, slice};
use crate::boundary::export;
use crate::json;
use crate::runs::MLOPS_TIME_NONE;
use crate::sized::{check_reserved, sized_input};
use crate::store::mlops_store;
use crate::text::{mlops_buf, mlops_str, texts};

/// A run that changed in both stores stays as it is in the destination, and every sync reports it.
pub const MLOPS_ON_CONFLICT_SKIP: i32 = 0;
/// A run that changed in both stores becomes what it is in the source.
pub const MLOPS_ON_CONFLICT_THEIRS: i32 = 1;
/// A run that changed in both stores stays as it is in the destination, and counts as the newer from now on.
pub const MLOPS_ON_CONFLICT_OURS: i32 = 2;

/// Which runs `mlops_store_sync` copies, and how. Begin with `MLOPS_SYNC_OPTIONS_INIT`, which copies all.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_sync_options {
    /// The size of this struct.
    pub struct_size: u32,
    /// Not 0: nothing is written, and the report says what would be. Default 0.
    pub dry_run: i32,
    /// `MLOPS_ON_CONFLICT_SKIP` (default), `MLOPS_ON_CONFLICT_THEIRS` or `MLOPS_ON_CONFLICT_OURS`.
    pub on_conflict: i32,
    /// Not 0: deleted runs too, which are deleted in the destination then. Default 0.
    pub include_deleted: i32,
    /// Not 0: runs of an experiment that is deleted in the destination are passed over. Default 0: that is an error.
    pub skip_deleted_experiments: i32,
    /// Must be 0.
    pub reserved: i32,
    /// Only these runs; none: all.
    pub run_ids: *const mlops_str,
    /// How many ids.
    pub run_ids_count: usize,
    /// Only runs of the experiments of these names; none: of all.
    pub experiment_names: *const mlops_str,
    /// How many names.
    pub experiment_names_count: usize,
    /// Only runs that match this filter; empty: every run.
    pub filter: mlops_str,
    /// Only runs that ended at this time, in microseconds, or later, or run still; `MLOPS_TIME_NONE` (default): all.
    pub since: i64,
}

impl Versioned for mlops_sync_options {
    const DEFAULT: Self = Self {
        struct_size: 0,
        dry_run: 0,
        on_conflict: MLOPS_ON_CONFLICT_SKIP,
        include_deleted: 0,
        skip_deleted_experiments: 0,
        reserved: 0,
        run_ids: std::ptr::null(),
        run_ids_count: 0,
        experiment_names: std::ptr::null(),
        experiment_names_count: 0,
        filter: mlops_str::EMPTY,
        since: MLOPS_TIME_NONE,
    };
}
sized_input!(mlops_sync_options);

impl mlops_sync_options {
    unsafe fn read(&self) -> Result<SyncOptions<'static>> {
        check_reserved("options", self.reserved)?;
        // SAFETY: as the caller's.
        let (run_ids, experiment_names, filter) = unsafe {
            let runs = slice(self.run_ids, self.run_ids_count, "options.run_ids")?;
            let names = slice(self.experiment_names, self.experiment_names_count, "options.experiment_names")?;
            let filter = self.filter.text("options.filter")?.to_owned();
            (texts(runs, "options.run_ids")?, texts(names, "options.experiment_names")?, filter)
        };
        Ok(SyncOptions {
            run_ids,
            experiment_names,
            filter,
            since: (self.since != MLOPS_TIME_NONE).then(|| mlops_core::Timestamp::from_micros(self.since)),
            include_deleted: self.include_deleted != 0,
            skip_deleted_experiments: self.skip_deleted_experiments != 0,
            on_conflict: on_conflict(self.on_conflict)?,
            dry_run: self.dry_run != 0,
            progress: None,
        })
    }
}

fn on_conflict(number: i32) -> Result<OnConflict> {
    match number {
        MLOPS_ON_CONFLICT_SKIP => Ok(OnConflict::Skip),
        MLOPS_ON_CONFLICT_THEIRS => Ok(OnConflict::Theirs),
        MLOPS_ON_CONFLICT_OURS => Ok(OnConflict::Ours),
        _ => {
            let expected = "MLOPS_ON_CONFLICT_SKIP, MLOPS_ON_CONFLICT_THEIRS or MLOPS_ON_CONFLICT_OURS";
            Err(refuse("options.on_conflict", number.to_string(), expected))
        }
    }
}

export! {
    /// Brings runs of the store `from` into the store `to`: what `to` lacks, and what has changed in `from` since. Doing it
    /// twice changes nothing, and every run is in `to` as it was or wholly new. `from` may be open for reading only.
    ///
    /// `*out` becomes JSON: `{"dry_run", "experiments": [name], "new": [run id], "updated": [run id], "unchanged": 0,
    /// "ahead": [run id], "conflicts": [{"run_id", "differs", "resolution"}], "skipped": [{"run_id", "reason"}], "failed":
    /// [{"run_id", "reason"}], "logged_models": models, "registered_models": models, "blobs": 0, "bytes": 0}`, where models are
    /// `{"new": [id or name], "updated": [...], "unchanged": 0, "ahead": [...], "kept": [{"model", "reason"}]}`. Conflicts and runs that are damaged are no errors: they are
    /// listed. Freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_store_sync(
        from: *const mlops_store,
        to: *const mlops_store,
        options: *const mlops_sync_options,
        out: *mut mlops_buf,
    ) -> mlops_status {
        // SAFETY: the caller keeps the contract: arrays and texts live for this call.
        let options = unsafe { options.read() }?;
        let report = mlops_core::sync(&from.store, &to.store, &options)?;
        out.set(json::text(&report)?.into());
        Ok(())
    }

    /// Brings runs of a store into the folder `dest`, which is made if it is not there, so that it can be carried: a store
    /// like any other. `*out` is as in `mlops_store_sync`.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_store_export(
        store: *const mlops_store,
        dest: mlops_str,
        options: *const mlops_sync_options,
        out: *mut mlops_buf,
    ) -> mlops_status {
        // SAFETY: the caller keeps the contract: arrays and texts live for this call.
        let options = unsafe { options.read() }?;
        let report = mlops_core::export(&store.store, dest, &options)?;
        out.set(json::text(&report)?.into());
        Ok(())
    }

    /// Writes runs of a store as plain files into the folder `dest`, for other tools: tables in Parquet, artifacts and models
    /// as they are, and a manifest. The folder appears when it is whole. One that is there has to be empty, or with
    /// `overwrite` not 0 an earlier export, which goes then. `mlops_store_import` brings the runs back.
    ///
    /// `*out` becomes JSON: `{"dry_run", "path", "experiments": 0, "runs": 0, "points": 0, "artifacts": 0, "logged_models": 0,
    /// "model_versions": 0, "files": 0, "bytes": 0, "skipped": [{"run_id", "reason"}]}`. Freed with `mlops_buf_free`.
    /// Threads: any. Since 0.1.
    pub fn mlops_store_export_files(
        store: *const mlops_store,
        dest: mlops_str,
        options: *const mlops_sync_options,
        overwrite: i32,
        out: *mut mlops_buf,
    ) -> mlops_status {
        // SAFETY: the caller keeps the contract: arrays and texts live for this call.
        let select = unsafe { options.read() }?;
        let options = mlops_core::ExportFilesOptions { select, overwrite: overwrite != 0 };
        let report = mlops_core::export_files(&store.store, dest, &options)?;
        out.set(json::text(&report)?.into());
        Ok(())
    }

    /// Brings runs of the store in the folder `source`, which is only read, into a store; an export as plain files is one,
    /// too, of which every file is checked first. `*out` is as in `mlops_store_sync`.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_store_import(
        store: *const mlops_store,
        source: mlops_str,
        options: *const mlops_sync_options,
        out: *mut mlops_buf,
    ) -> mlops_status {
        // SAFETY: the caller keeps the contract: arrays and texts live for this call.
        let options = unsafe { options.read() }?;
        let report = mlops_core::import(source, &store.store, &options)?;
        out.set(json::text(&report)?.into());
        Ok(())
    }

    /// Moves a run to another experiment; fine if it is there. It keeps its id, and may go on logging.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_run_move(store: *const mlops_store, run_id: mlops_str, experiment_id: mlops_str) -> mlops_status {
        store.store.runs().move_to_experiment(&[run_id], experiment_id).map(drop)
    }
}
