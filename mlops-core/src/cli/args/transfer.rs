//! The arguments of what brings runs from place to place: `sync`, `export`, `import`, `runs move`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::base::clock::{Clock, SystemClock};
use crate::base::time::Timestamp;
use crate::query;
use crate::runs::OnConflict;

/// What `--json` prints, for the help of all three.
macro_rules! answer {
    () => {
        "\
The exit code is 3 if there were conflicts that stand, and 4 if runs are damaged; what could be copied was.

JSON: {\"dry_run\": true or false, \"experiments\": [name, ...], \"new\": [run id, ...], \"updated\": [run id, ...], \
\"unchanged\": number, \"ahead\": [run id, ...], \"conflicts\": [{\"run_id\", \"differs\", \"resolution\"}, ...], \
\"skipped\": [{\"run_id\", \"reason\"}, ...], \"failed\": [{\"run_id\", \"reason\"}, ...], \"logged_models\": models, \
\"registered_models\": models, \"blobs\": number, \"bytes\": number}; models: {\"new\": [id or name, ...], \"updated\": [...], \
\"unchanged\": number, \"ahead\": [...], \"kept\": [{\"model\", \"reason\"}, ...]}. \"experiments\" are those that were made; \
\"ahead\" are runs that are newer in the destination; \"kept\" are models of which both have something of their own."
    };
}

pub(super) const SYNC_AFTER: &str = concat!(
    "\
Examples:
  mlops sync ./laptop/.mlops /shared/team/.mlops
  mlops sync /media/usb/run-2026-11 . --experiment churn --since 7d
  mlops sync /shared/team/.mlops . --run 0199c0ffee --dry-run

Copies what TO lacks, and what has changed in FROM since; twice changes nothing, and what was cut short goes on the next \
time. FROM is only read: it may be a backup, read-only, or in use; runs that go on are copied as far as they are. Runs keep \
their ids, experiments are matched by name. A run that changed in both is a conflict: --on-conflict says what becomes of \
it. Of models that came from a store you do not trust, no code is run without asking: `mlops trust --help`.

",
    answer!()
);

pub(super) const EXPORT_AFTER: &str = concat!(
    "\
Examples:
  mlops export 0199c0ffee -o ./for-ada
  mlops export --experiment churn --filter 'metrics.accuracy > 0.9' -o ./best
  mlops export --all -o ./everything --json
  mlops export --all --format plain -o ./tables --overwrite

FOLDER is a store of its own, that holds nothing but these runs: copy it, open it (`mlops --store ./for-ada runs list`), or \
bring it into another with `mlops import`. It has no path of this computer in it but what runs say themselves, such as the \
script that they ran. A second export to the same folder brings it up to date.

With --format plain it has files that other tools read: tables in Parquet (runs, params, metrics, ...), artifacts and models \
as they are, and manifest.json with the digest of each; `mlops import` brings them back as they were. It appears when it is \
whole, and holds a moment: a second one goes to another folder, or replaces it with --overwrite. The registry of models comes \
with --all.

",
    answer!(),
    "

JSON of --format plain: {\"dry_run\", \"path\", \"experiments\": number, \"runs\": number, \"points\": number, \
\"artifacts\": number, \"logged_models\": number, \"model_versions\": number, \"files\": number, \"bytes\": number, \
\"skipped\": [{\"run_id\", \"reason\"}, ...]}."
);

pub(super) const IMPORT_AFTER: &str = concat!(
    "\
Examples:
  mlops import ./for-ada
  mlops import ./from-the-cluster --store ./results --dry-run
  mlops import ./from-the-cluster --on-conflict theirs --json

In the Python package `mlops import mlflow`, `mlops import tensorboard` and `mlops import wandb` bring runs from elsewhere
over; each says how with `--help`.

Brings the runs of the store in FOLDER, which is only read, into --store, or where the library looks by itself; it is made \
if there is none. Of an export as plain files every file is checked before anything is brought. Of models of a FOLDER that you do not trust, no code is run without asking; `mlops trust FOLDER` before \
the import says that you do.

",
    answer!()
);

pub(super) const MOVE_AFTER: &str = "\
Examples:
  mlops runs move 0199c0ffee --experiment churn
  mlops runs move 0199c0ffee 0199c1caca --experiment baselines --json

The experiment is made if there is none of that name. Runs keep their ids, and may be under way.

JSON: {\"experiment_id\", \"name\", \"moved\": number}.";

/// Which runs, and how.
#[derive(Debug, Args)]
pub(in crate::cli) struct Selecting {
    /// Only runs of this experiment; may be given more than once
    #[arg(long, value_name = "NAME|ID")]
    pub(in crate::cli) experiment: Vec<String>,
    /// Only runs that match, such as `metrics.loss < 0.1`
    #[arg(long, value_name = "FILTER", default_value = "", hide_default_value = true)]
    pub(in crate::cli) filter: String,
    /// Only runs that ended at this time or later, or run still: a date, a time, or a duration until now, such as 7d
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub(in crate::cli) since: Option<Timestamp>,
    /// Deleted runs too; they are deleted there as well
    #[arg(long)]
    pub(in crate::cli) include_deleted: bool,
    /// Pass over runs whose experiment is deleted there, instead of stopping
    #[arg(long)]
    pub(in crate::cli) skip_deleted_experiments: bool,
    /// What becomes of a run that changed in both: `skip` it, take `theirs` (FROM's), or keep `ours` for good
    #[arg(long, value_name = "HOW", default_value = "skip", value_parser = on_conflict)]
    pub(in crate::cli) on_conflict: OnConflict,
    /// Write nothing, and say what would be done
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct SyncArguments {
    /// The store to read
    #[arg(value_name = "FROM")]
    pub(in crate::cli) from: String,
    /// The store to bring up to date; made if there is none
    #[arg(value_name = "TO")]
    pub(in crate::cli) to: String,
    /// Only this run, by its id or the beginning of it; may be given more than once
    #[arg(long, value_name = "RUN")]
    pub(in crate::cli) run: Vec<String>,
    #[command(flatten)]
    pub(in crate::cli) selecting: Selecting,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ExportArguments {
    /// Ids of runs, or the beginnings of them if no other run begins so
    #[arg(value_name = "RUN", required_unless_present_any = ["all", "experiment", "filter", "since"])]
    pub(in crate::cli) runs: Vec<String>,
    /// The folder: a new one, or one of an export before
    #[arg(long, short, value_name = "FOLDER")]
    pub(in crate::cli) output: PathBuf,
    /// All runs
    #[arg(long, conflicts_with = "runs")]
    pub(in crate::cli) all: bool,
    /// What the folder becomes: a `store`, or `plain` files for other tools
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "store")]
    pub(in crate::cli) format: Format,
    /// An earlier export as plain files at that place goes when the new one is whole
    #[arg(long)]
    pub(in crate::cli) overwrite: bool,
    #[command(flatten)]
    pub(in crate::cli) selecting: Selecting,
}

/// What an export is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Format {
    /// A store of its own.
    Store,
    /// Tables in Parquet, and files as they are.
    Plain,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ImportArguments {
    /// The folder of a store, an export (as plain files, too) or a backup
    #[arg(value_name = "FOLDER")]
    pub(in crate::cli) folder: String,
    /// Only this run, by its id or the beginning of it; may be given more than once
    #[arg(long, value_name = "RUN")]
    pub(in crate::cli) run: Vec<String>,
    #[command(flatten)]
    pub(in crate::cli) selecting: Selecting,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct MoveArguments {
    /// Ids of runs, or the beginnings of them if no other run begins so
    #[arg(value_name = "RUN", required = true)]
    pub(in crate::cli) runs: Vec<String>,
    /// Where to; made if there is none of that name
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) experiment: String,
}

fn on_conflict(text: &str) -> Result<OnConflict, String> {
    text.parse().map_err(|_| "skip, theirs or ours".to_owned())
}

fn since(text: &str) -> Result<Timestamp, String> {
    let ago = super::duration(text).ok().and_then(|ago| i64::try_from(ago.as_micros()).ok());
    let ago = ago.map(|ago| Timestamp::from_micros(SystemClock.now().as_micros().saturating_sub(ago)));
    ago.or_else(|| query::read_time(text)).ok_or_else(|| {
        "write a date or time such as 2026-11-01 or 2026-11-01T12:30:00Z, or a duration such as 7d".into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_date_or_so_long_ago() {
        assert_eq!(since("2023-11-14T22:13:20Z"), Ok(Timestamp::from_millis(1_700_000_000_000)));
        assert_eq!(since("1970-01-02"), Ok(Timestamp::from_millis(86_400_000)));
        let before = SystemClock.now().as_micros();
        let ago = since("1d").unwrap().as_micros();
        let after = SystemClock.now().as_micros();
        assert!((before..=after).contains(&(ago + 86_400_000_000)), "{ago}");
        assert!(since("yesterday").is_err());
    }
}
