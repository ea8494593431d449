//! Runs: started, resumed, ended, deleted. What they log is in [`logging`](crate::logging).

use std::sync::Arc;

use mlops_core::runs::{Run, RunOptions, RunStatus};
use mlops_core::{Result, Timestamp};

use crate::args::{Handle, Versioned, refuse, slice};
use crate::boundary::export;
use crate::run_data::mlops_run_data;
use crate::sized::{check_reserved, sized_input};
use crate::store::mlops_store;
use crate::text::{Text, mlops_str, mlops_tag, tags};

/// It logs.
pub const MLOPS_RUN_RUNNING: i32 = 1;
/// It is planned.
pub const MLOPS_RUN_SCHEDULED: i32 = 2;
/// It ended well.
pub const MLOPS_RUN_FINISHED: i32 = 3;
/// It ended with an error.
pub const MLOPS_RUN_FAILED: i32 = 4;
/// Its process was killed.
pub const MLOPS_RUN_KILLED: i32 = 5;

/// No time: now, where a time is given; not yet, where one is read.
pub const MLOPS_TIME_NONE: i64 = i64::MIN;

/// One run, to log to. Freed with `mlops_run_free`, which does not end the run. The store stays open as long as it has
/// runs.
#[derive(Debug)]
pub struct mlops_run {
    pub(crate) run: Arc<dyn Run>,
    id: Text,
}

impl Handle for mlops_run {}

/// How a run begins. Begin with `MLOPS_RUN_OPTIONS_INIT`; an empty text is not given.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_run_options {
    /// The size of this struct.
    pub struct_size: u32,
    /// Must be 0.
    pub reserved: u32,
    /// The id to give: 1 to 256 letters, digits, `_` or `-`; default: a new UUID as 32 hex digits.
    pub run_id: mlops_str,
    /// The experiment's id; default: the experiment named by `experiment_name`, else "0".
    pub experiment_id: mlops_str,
    /// The experiment's name, made if it does not exist.
    pub experiment_name: mlops_str,
    /// The run's name; default: a generated one like `swift-otter-412`.
    pub run_name: mlops_str,
    /// The run that this one is nested under.
    pub parent_run_id: mlops_str,
    /// A text about the run, kept as the tag `mlflow.note.content`.
    pub description: mlops_str,
    /// What was started; default: the program's name.
    pub source_name: mlops_str,
    /// `LOCAL`, `NOTEBOOK`, `JOB`...; default: `LOCAL`.
    pub source_type: mlops_str,
    /// Who started it; default: the user of the process.
    pub user: mlops_str,
    /// Tags to begin with.
    pub tags: *const mlops_tag,
    /// How many tags.
    pub tags_count: usize,
    /// When it began, in UTC microseconds; default: `MLOPS_TIME_NONE`, now.
    pub started_at: i64,
}

impl Versioned for mlops_run_options {
    const DEFAULT: Self = Self {
        struct_size: 0,
        reserved: 0,
        run_id: mlops_str::EMPTY,
        experiment_id: mlops_str::EMPTY,
        experiment_name: mlops_str::EMPTY,
        run_name: mlops_str::EMPTY,
        parent_run_id: mlops_str::EMPTY,
        description: mlops_str::EMPTY,
        source_name: mlops_str::EMPTY,
        source_type: mlops_str::EMPTY,
        user: mlops_str::EMPTY,
        tags: std::ptr::null(),
        tags_count: 0,
        started_at: MLOPS_TIME_NONE,
    };
}
sized_input!(mlops_run_options);

impl mlops_run {
    pub(crate) fn new(run: Arc<dyn Run>) -> Self {
        let id = Text::new(run.id());
        Self { run, id }
    }
}

impl mlops_run_options {
    /// Owned copies of the options.
    pub(crate) unsafe fn read(&self) -> Result<RunOptions> {
        check_reserved("options", self.reserved)?;
        // SAFETY: as the caller's.
        unsafe {
            Ok(RunOptions {
                run_id: self.run_id.given("options.run_id")?,
                experiment_id: self.experiment_id.given("options.experiment_id")?,
                experiment_name: self.experiment_name.given("options.experiment_name")?,
                run_name: self.run_name.given("options.run_name")?,
                parent_run_id: self.parent_run_id.given("options.parent_run_id")?,
                description: self.description.given("options.description")?,
                source_name: self.source_name.given("options.source_name")?,
                source_type: self.source_type.given("options.source_type")?,
                user: self.user.given("options.user")?,
                tags: tags(slice(self.tags, self.tags_count, "options.tags")?, "tag")?,
                started_at: time(self.started_at),
                ..RunOptions::default()
            })
        }
    }
}

/// The time of a number; None is now.
pub(crate) fn time(micros: i64) -> Option<Timestamp> {
    (micros != MLOPS_TIME_NONE).then(|| Timestamp::from_micros(micros))
}

/// The number of a run's status.
pub(crate) const fn status_number(status: RunStatus) -> i32 {
    match status {
        RunStatus::Running => MLOPS_RUN_RUNNING,
        RunStatus::Scheduled => MLOPS_RUN_SCHEDULED,
        RunStatus::Finished => MLOPS_RUN_FINISHED,
        RunStatus::Failed => MLOPS_RUN_FAILED,
        RunStatus::Killed => MLOPS_RUN_KILLED,
    }
}

/// The status of a number that a run may end with.
pub(crate) fn end_status(number: i32) -> Result<RunStatus> {
    [RunStatus::Finished, RunStatus::Failed, RunStatus::Killed]
        .into_iter()
        .find(|status| status_number(*status) == number)
        .ok_or_else(|| {
            refuse("run status", number.to_string(), "MLOPS_RUN_FINISHED, MLOPS_RUN_FAILED or MLOPS_RUN_KILLED")
        })
}

export! {
    /// Starts a run.
    ///
    /// `*out` is freed with `mlops_run_free`. Threads: any. Since 0.1.
    pub fn mlops_run_start(
        store: *const mlops_store,
        options: *const mlops_run_options,
        out: *mut *mut mlops_run,
    ) -> mlops_status {
        // SAFETY: the caller keeps the contract: texts and tags live for this call.
        let options = unsafe { options.read() }?;
        out.give(mlops_run::new(store.store.runs().start(options)?));
        Ok(())
    }

    /// Goes on with a run: its status is running again, its start time kept.
    ///
    /// `*out` is freed with `mlops_run_free`. Threads: any. Since 0.1.
    pub fn mlops_run_resume(store: *const mlops_store, run_id: mlops_str, out: *mut *mut mlops_run) -> mlops_status {
        out.give(mlops_run::new(store.store.runs().resume(run_id)?));
        Ok(())
    }

    /// A handle to log to an existing run without changing its status.
    ///
    /// `*out` is freed with `mlops_run_free`. Threads: any. Since 0.1.
    pub fn mlops_run_open(store: *const mlops_store, run_id: mlops_str, out: *mut *mut mlops_run) -> mlops_status {
        out.give(mlops_run::new(store.store.runs().open(run_id)?));
        Ok(())
    }

    /// The run's id; empty for NULL.
    ///
    /// The text lives until the handle is freed. Threads: any. Since 0.1.
    pub fn mlops_run_id(run: *const mlops_run) -> mlops_str {
        run.map_or(mlops_str::EMPTY, |run| run.id.view())
    }

    /// Ends the run with `MLOPS_RUN_FINISHED`, `MLOPS_RUN_FAILED` or `MLOPS_RUN_KILLED` and waits, bounded, until what
    /// it logged is in the store. Ending again gives the run another status and end. The handle must still be freed.
    ///
    /// `MLOPS_OUT_OF_SPACE` if records of the run were dropped because the disk was full: the run has ended all the same.
    /// The error's detail says how many: `{"run", "dropped": 3, "ended": true}`; so does the run's tag
    /// `mlops.dropped_records`. `"ended": false`: there was no room for the end, which is written later, while this
    /// process lives.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_run_end(run: *const mlops_run, run_status: i32) -> mlops_status {
        run.run.end(end_status(run_status)?)
    }

    /// As `mlops_run_end`, with the time at which the run ended, for runs that are recorded after the fact: UTC
    /// microseconds. A time before the start counts as the start; `MLOPS_TIME_NONE` is now.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_run_end_at(run: *const mlops_run, run_status: i32, at: i64) -> mlops_status {
        let ended = end_status(run_status)?;
        time(at).map_or_else(|| run.run.end(ended), |at| run.run.end_at(ended, at))
    }

    /// Another handle to the same run, whose calls are acknowledged with this durability: `MLOPS_DURABILITY_FAST` or
    /// `MLOPS_DURABILITY_FULL`; `MLOPS_DURABILITY_DEFAULT`: as those of `run`. Kept for many calls, or for one.
    ///
    /// `*out` is freed with `mlops_run_free`. Threads: any. Since 0.1.
    pub fn mlops_run_with_durability(run: *const mlops_run, durability: i64, out: *mut *mut mlops_run) -> mlops_status {
        let level = crate::store::durability("durability", durability)?;
        out.give(mlops_run::new(level.map_or_else(|| run.run.clone(), |level| run.run.with_durability(level))));
        Ok(())
    }

    /// Frees the handle, which does not end the run. NULL is fine.
    ///
    /// A run that nobody ends is ended when the process exits, by its exit status `MLOPS_RUN_FINISHED` or
    /// `MLOPS_RUN_FAILED`, if its store is open then; else the next to open the store finds it `MLOPS_RUN_KILLED`.
    ///
    /// Threads: any, but nobody may use the handle any more. Since 0.1.
    pub fn mlops_run_free(run: *mut mlops_run) {
        drop(run);
    }

    /// Everything about a run but points and files.
    ///
    /// `*out` is freed with `mlops_run_data_free`. Threads: any. Since 0.1.
    pub fn mlops_run_get(store: *const mlops_store, run_id: mlops_str, out: *mut *mut mlops_run_data) -> mlops_status {
        out.give(store.store.runs().get(run_id)?.into());
        Ok(())
    }

    /// Hides a run.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_run_delete(store: *const mlops_store, run_id: mlops_str) -> mlops_status {
        store.store.runs().delete(run_id)
    }

    /// Shows a deleted run again.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_run_restore(store: *const mlops_store, run_id: mlops_str) -> mlops_status {
        store.store.runs().restore(run_id)
    }
}
