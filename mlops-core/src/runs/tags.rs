//! The tags that the library itself sets; those of MLflow's name have MLflow's meaning.

/// The run's name; stays in step with it.
pub const RUN_NAME: &str = "mlflow.runName";
/// Who started the run.
pub const USER: &str = "mlflow.user";
/// What was started: a file or a notebook.
pub const SOURCE_NAME: &str = "mlflow.source.name";
/// `LOCAL`, `NOTEBOOK`...
pub const SOURCE_TYPE: &str = "mlflow.source.type";
/// The commit of the code.
pub const GIT_COMMIT: &str = "mlflow.source.git.commit";
/// `true` if tracked files differed from the commit.
pub const GIT_DIRTY: &str = "mlops.source.git.dirty";
/// The run that this one is nested under.
pub const PARENT_RUN: &str = "mlflow.parentRunId";
/// A text about the run.
pub const DESCRIPTION: &str = "mlflow.note.content";
/// The run that this one was forked from, with the step up to which: `RUN@STEP`, or `RUN`.
pub const FORKED_FROM: &str = "mlops.forkedFrom";
/// The step that the run was last rewound to.
pub const REWOUND_TO: &str = "mlops.rewoundTo";
/// An alert of the run; its time and an id follow.
pub const ALERT: &str = "mlops.alert.";
/// What a run says of its metric whose name follows; JSON.
pub const METRIC: &str = "mlops.metric.";
/// What the points of a metric were measured on, from one of them on; a digest follows; JSON.
pub const METRIC_OF: &str = "mlops.metricOf.";
/// How many records of the run were dropped because the disk was full; absent if none.
pub const DROPPED_RECORDS: &str = "mlops.dropped_records";
/// How many params of the run were set to another value by a process that came second; absent if none.
pub const CONFLICTING_PARAMS: &str = "mlops.conflicting_params";

/// True for tags that tell of one run alone, so that a fork has its own: who and what started it, and how that went.
pub(super) fn is_of_one_run(key: &str) -> bool {
    [RUN_NAME, USER, PARENT_RUN, GIT_DIRTY, FORKED_FROM, REWOUND_TO, DROPPED_RECORDS, CONFLICTING_PARAMS].contains(&key)
        || key.starts_with("mlflow.source.")
        || key.starts_with(ALERT)
}
