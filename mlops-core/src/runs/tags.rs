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
/// How many records of the run were dropped because the disk was full; absent if none.
pub const DROPPED_RECORDS: &str = "mlops.dropped_records";
