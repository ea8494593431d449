//! The commands, their options and their help.

mod gate;
mod hooks;
mod promotions;
mod registry;
mod report;
mod series;
mod sweeps;
mod transfer;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
pub(super) use gate::{GateArguments, GateFileCommand};
pub(super) use hooks::{EventsArguments, GateCommand, HooksCommand, RecordArguments};
pub(super) use promotions::{
    AtArguments, AuditCommand, PolicyCommand, PromoteArguments, RollbackArguments, SayArguments, StatusArguments,
};
pub(super) use registry::{ByOptions, ModelsCommand};
pub(super) use report::{CompareOptions, ReportOptions};
pub(super) use series::{ForkOptions, RewindOptions};
pub(super) use sweeps::{RunOptions as SweepRunOptions, SweepsCommand};
pub(super) use transfer::{ExportArguments, Format, ImportArguments, MoveArguments, Selecting, SyncArguments};

/// The heading of the options that every command has.
const GLOBAL: &str = "Options of every command";

const ABOUT_AFTER: &str = "\
Examples:
  mlops runs list --order-by 'metrics.accuracy DESC' --limit 5
  mlops runs show 0199c0ffee
  mlops --store ../other/.mlops runs list --json

JSON: with --json an answer is one JSON object on one line of standard output. Times are RFC 3339 in UTC. NaN and \
infinities are the strings \"NaN\", \"Infinity\" and \"-Infinity\". Names that are there now stay; new ones may come.

Errors are one line on standard error, `error: ...`, and behind that of a filter its place; with --json {\"error\": {\"name\", \"number\", \"message\", \
\"mlflow_code\", \"retryable\"}}.

Exit codes: 0 all is well, 1 a check failed, 2 bad usage, not found or over a limit, 3 conflict, stale or locked, 4 damaged, 5 the data cannot decide, 6 not trusted or \
not allowed, 7 all else.";

const LIST_AFTER: &str = "\
Examples:
  mlops runs list
  mlops runs list --experiment churn --filter 'metrics.accuracy > 0.9' --limit 5
  mlops runs list --order-by 'metrics.accuracy DESC' --deleted
  mlops runs list --all --json

JSON: {\"runs\": [RUN, ...], \"next_page_token\": text or null}. A RUN is what `mlops runs show --json` prints.";

const SHOW_AFTER: &str = "\
Examples:
  mlops runs show 0199c0ffee
  mlops runs show 0199c0ffee --json

JSON: {\"run_id\", \"experiment_id\", \"run_name\", \"status\", \"started_at\", \"ended_at\": time or null, \"user\", \
\"host\", \"lifecycle\", \"parent_run_id\": text or null, \"params\": {key: text}, \"tags\": {key: text}, \
\"metrics\": {key: {\"last\", \"last_step\", \"last_at\", \"min\", \"max\", \"count\"}}, \"inputs\": [{\"name\", \"digest\", \
\"source_type\", \"source\", \"schema\", \"profile\": text or null, \"tags\": {key: text}}, ...], \"origin\": null}.";

const METRICS_AFTER: &str = "\
Examples:
  mlops runs metrics 0199c0ffee
  mlops runs metrics 0199c0ffee loss --points
  mlops runs metrics 0199c0ffee loss --points --json
  mlops runs metrics 0199c0ffee loss --plot

--plot draws over the steps, as wide as the terminal, or 80 characters where there is none; a metric that is defined as \
hidden only when it is named.

JSON: {\"run_id\", \"metrics\": {key: {\"last\", \"last_step\", \"last_at\", \"min\", \"max\", \"count\"}}}; with \
--points each metric also has \"points\": {\"steps\", \"times_us\", \"values\"}, columns of one length in the order \
of (time, step); times are microseconds since 1970 in UTC.";

const ARTIFACTS_AFTER: &str = "\
Examples:
  mlops runs artifacts 0199c0ffee
  mlops runs artifacts 0199c0ffee model
  mlops runs artifacts 0199c0ffee model --download ./downloads

JSON: {\"run_id\", \"artifacts\": [{\"path\", \"is_dir\", \"size_bytes\", \"digest\": text or null}, ...]}; with \
--download {\"run_id\", \"downloaded_to\"}.";

const CONSOLE_AFTER: &str = "\
Examples:
  mlops runs console 0199c0ffee
  mlops runs console 0199c0ffee --follow
  mlops runs console 0199c0ffee --json

Kept is what was said while it was captured: mlops.start_run(log_console=True) in Python, MLOPS_LOG_CONSOLE=1. What steers a \
terminal is left out.

JSON: {\"run_id\", \"text\"}; without --follow only.";

const EXPERIMENTS_AFTER: &str = "\
Examples:
  mlops experiments list
  mlops experiments list --filter \"name LIKE 'churn%' AND tags.team = 'growth'\" --order-by name
  mlops experiments list --deleted --json

By id, unless --order-by says otherwise. A filter and an order name name, experiment_id, creation_time and \
last_update_time (milliseconds since 1970), and tags.

JSON: {\"experiments\": [EXPERIMENT, ...]}, where an EXPERIMENT is {\"experiment_id\", \"name\", \"lifecycle\", \
\"created_at\", \"updated_at\", \"tags\": {key: text}}.";

const DELETE_EXPERIMENT_AFTER: &str = "\
Examples:
  mlops experiments delete churn
  mlops experiments delete 3 --json

The experiment is hidden with all its runs, and keeps its name: `mlops experiments restore` brings all of it back. \
`mlops gc --deleted-runs` removes its runs for good.

JSON: the EXPERIMENT, as `mlops experiments list --json` prints it.";

const DELETE_RUNS_AFTER: &str = "\
Examples:
  mlops runs delete 0199c0ffee
  mlops runs delete 0199c0ffee 0199c1caca --json

The runs are hidden: `mlops runs list --deleted` shows them, `mlops runs restore` brings them back, and \
`mlops gc --deleted-runs` removes them for good.

JSON: {\"runs\": [RUN ID, ...]}.";

const RESTORE_RUNS_AFTER: &str = "\
Examples:
  mlops runs restore 0199c0ffee
  mlops runs restore 0199c0ffee 0199c1caca --json

The runs of a deleted experiment come back with it: `mlops experiments restore`.

JSON: {\"runs\": [RUN ID, ...]}.";

const RESTORE_EXPERIMENT_AFTER: &str = "\
Examples:
  mlops experiments restore churn
  mlops experiments restore 3 --json

Its runs come back, but those that were deleted by themselves.

JSON: the EXPERIMENT, as `mlops experiments list --json` prints it.";

const RENAME_EXPERIMENT_AFTER: &str = "\
Examples:
  mlops experiments rename churn churn-2026
  mlops experiments rename 3 churn-2026 --json

JSON: the EXPERIMENT, as `mlops experiments list --json` prints it.";

const INIT_AFTER: &str = "\
Examples:
  mlops init
  mlops init ./results --shared group
  mlops init --json

Nobody has to: the first run that is logged makes a store. A store is private to its user, whatever the umask. One made \
with --shared group is for all users of the group of its folder: that of the folder above if it hands its group down \
(`chmod g+s`), else your own (`newgrp` changes it). They read and write it as you do, so models of it that may run code \
are loaded with trust=True only. Without PATH and --store it is MLOPS_STORE, else `.mlops` here.

JSON: {\"store\", \"id\", \"shared\": \"private\" or \"group\"}.";

const FSCK_AFTER: &str = "\
Examples:
  mlops fsck
  mlops fsck --repair
  mlops fsck --json

The store must not be in use. The exit code is 4 if anything was found, repaired or not: after a repair, run it again \
to see that nothing is left. What runs refer to and cannot be read is listed as lost; an artifact comes back when the \
same file is logged again.

JSON: {\"files\", \"bytes\", \"findings\": [{\"path\", \"offset\", \"problem\", \"repair\": text or null}, ...], \
\"lost\": [text, ...]}.";

const BACKUP_AFTER: &str = "\
Examples:
  mlops backup ./backups/monday
  mlops backup ./backups/monday --keep-going
  mlops --store ../other/.mlops backup ./backups/other --json

The store may be in use. The backup holds all that was acknowledged before the command began, and is a store itself: \
`mlops --store ./backups/monday runs list` reads it. Every byte is checked. The folder appears when the backup is whole \
and on the disk, or not at all.

The exit code is 4 if anything is damaged or missing; no backup is made then, but with --keep-going.

JSON: {\"path\", \"id\", \"files\", \"bytes\", \"findings\": [{\"path\", \"offset\", \"problem\", \"repair\": null}, ...], \
\"lost\": [text, ...]}.";

const RESTORE_AFTER: &str = "\
Examples:
  mlops restore ./backups/monday
  mlops restore ./backups/monday --store ./again
  mlops restore ./backups/monday --store ./again --json

--store says where; there must be no store yet. The store keeps its id. One that was not made on this computer is not \
trusted by being restored: `mlops trust --help` says what that means.

The exit code is 4 if anything is damaged or missing; no store is made then, but with --keep-going.

JSON: {\"path\", \"id\", \"files\", \"bytes\", \"findings\": [{\"path\", \"offset\", \"problem\", \"repair\": null}, ...], \
\"lost\": [text, ...]}.";

const LINEAGE_AFTER: &str = "\
Examples:
  mlops lineage fraud@production
  mlops lineage dataset:blake3:4f1c --json
  mlops lineage runs:/0199c0ffee --mermaid > lineage.mmd

Data sets, runs, logged models, versions and where these are: all that it was made of, and all that was made of it, also what \
was deleted. Gate results and approvals stand with the versions.

JSON: {\"root\": id, \"nodes\": [{\"id\", \"kind\", \"label\", \"state\": \"present\", \"deleted\" or \"unknown\", \
\"notes\": [text, ...]}, ...], \"edges\": [{\"from\": id, \"to\": id, \"kind\"}, ...], \"is_whole\": true or false}. A kind of \
node is dataset, run, logged_model, version, source, stage or alias, one of edge is used, contains, logged, registered, \
copied or is_in. is_whole is false if there is more than 2,000 nodes.";

const GC_AFTER: &str = "\
Examples:
  mlops gc
  mlops gc --yes
  mlops gc --deleted-runs --older-than 30d
  mlops gc --deleted-runs --older-than 30d --yes --json

Without --yes nothing is changed. The store may be in use, with --yes too. What \
nothing refers to goes to the folder `trash` of the store, and is deleted by the first `mlops gc --yes` an hour later: \
until then who is reading it meets no gap. Blobs that are smaller than 64 KiB share files, and go when more than half of \
such a file can go. Deleted runs and logged models keep what they have, so that they can be restored; with --deleted-runs \
those that were deleted long enough ago are removed for good, and a model also from the artifacts of the run that made it. \
Versions of registered models keep their files.

JSON: {\"dry_run\": true or false, \"runs\": number, \"models\", \"large_blobs\", \"small_blobs\", \"trash\", \"spool\", \"journal\", \
\"kept\": {\"count\", \"bytes\"}}. \"kept\" is what nothing refers to and stays by now; \"trash\" is what is deleted there.";

const TRUST_AFTER: &str = "\
Examples:
  mlops trust ./results/.mlops
  mlops trust ../from-a-colleague --json

A model saved as a pickle runs code when it is loaded. Models of stores that you made on this computer are loaded \
without asking; those of a store that was copied here, and of runs that were brought in from one, only after this command, or with trust=True. A store that others \
may write to, such as a group's, cannot be trusted as a whole: only trust=True loads its pickles. The list is the \
file `trusted-stores` in MLOPS_CONFIG_DIR, else in $XDG_CONFIG_HOME/mlops, else in ~/.config/mlops.

JSON: {\"store\", \"id\"}.";

const VERSION_AFTER: &str = "\
Examples:
  mlops version
  mlops version --json

JSON: {\"version\"}.";

const RUNS_AFTER: &str = "\
Examples:
  mlops runs list
  mlops runs show 0199c0ffee
  mlops runs compare 0199c0ffee 0199c1caca";

const EXPERIMENTS_GROUP_AFTER: &str = "\
Examples:
  mlops experiments list
  mlops experiments delete churn";

/// Experiments, runs, metrics and models in one embedded store.
#[derive(Debug, Parser)]
#[command(name = "mlops", bin_name = "mlops", version, after_help = ABOUT_AFTER, disable_help_subcommand = true)]
pub(super) struct Arguments {
    /// The store: a path; default: `MLOPS_STORE`, else the nearest `.mlops` folder upwards from here
    #[arg(long, value_name = "URI", global = true, help_heading = GLOBAL)]
    pub(super) store: Option<String>,
    /// Print JSON instead of tables
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(super) json: bool,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Look at runs, fork and rewind them
    #[command(after_help = RUNS_AFTER)]
    Runs {
        #[command(subcommand)]
        command: RunsCommand,
    },
    /// Write a report of runs: one HTML file with curves, params, metrics and images
    #[command(after_help = report::REPORT_AFTER)]
    Report(ReportOptions),
    /// Look at sweeps, and run them
    #[command(after_help = sweeps::SWEEPS_AFTER)]
    Sweeps {
        #[command(subcommand)]
        command: SweepsCommand,
    },
    /// Hold a candidate against the baseline
    #[command(after_help = gate::GATE_AFTER)]
    Gate(GateArguments),
    /// Look at experiments, delete, restore and rename them
    #[command(after_help = EXPERIMENTS_GROUP_AFTER)]
    Experiments {
        #[command(subcommand)]
        command: ExperimentsCommand,
    },
    /// Look at registered models, register versions and move them
    #[command(after_help = registry::MODELS_AFTER)]
    Models {
        #[command(subcommand)]
        command: ModelsCommand,
    },
    /// Make a store
    #[command(after_help = INIT_AFTER)]
    Init {
        /// The store's folder, or the project folder that is to hold it as `.mlops`
        path: Option<String>,
        /// Who else may use it
        #[arg(long, value_name = "WHO", value_parser = ["group"])]
        shared: Option<String>,
    },
    /// Show what a model version was made of, and where it went
    #[command(after_help = LINEAGE_AFTER)]
    Lineage {
        /// `fraud@5`, `fraud@production`, a URI such as `models:/fraud/5` or `runs:/<run>`, a run's id, or `dataset:<digest>`
        #[arg(value_name = "WHAT")]
        what: String,
        /// As a flowchart of Mermaid
        #[arg(long)]
        mermaid: bool,
    },
    /// Read and check every byte of the store
    #[command(after_help = FSCK_AFTER)]
    Fsck {
        /// Mend what can be mended
        #[arg(long)]
        repair: bool,
    },
    /// Copy the store, also while it is in use
    #[command(after_help = BACKUP_AFTER)]
    Backup {
        /// The folder to make; it must not exist, or be empty
        dest: String,
        /// Copy what is damaged too, and report it
        #[arg(long)]
        keep_going: bool,
    },
    /// Make a store from a backup
    #[command(after_help = RESTORE_AFTER)]
    Restore {
        /// The folder of the backup
        source: String,
        /// Copy what is damaged too, and report it
        #[arg(long)]
        keep_going: bool,
    },
    /// Bring runs of one store into another
    #[command(after_help = transfer::SYNC_AFTER)]
    Sync(SyncArguments),
    /// Bring runs into a folder to carry away
    #[command(after_help = transfer::EXPORT_AFTER)]
    Export(ExportArguments),
    /// Bring the runs of a folder into the store
    #[command(after_help = transfer::IMPORT_AFTER)]
    Import(ImportArguments),
    /// Free what nothing refers to; lists it unless told to do it
    #[command(after_help = GC_AFTER)]
    Gc(GcArguments),
    /// Trust a store: load models from it that may run code
    #[command(after_help = TRUST_AFTER)]
    Trust {
        /// The store's folder, or the project folder that holds it as `.mlops`
        path: String,
    },
    /// Print the version
    #[command(after_help = VERSION_AFTER)]
    Version,
}

#[derive(Debug, Subcommand)]
pub(super) enum RunsCommand {
    /// List runs, the newest first
    #[command(after_help = LIST_AFTER)]
    List(ListOptions),
    /// Show a run: status, params, metrics and tags
    #[command(after_help = SHOW_AFTER)]
    Show {
        /// The run's id, or the beginning of it if no other run begins so
        run: String,
    },
    /// Show what a run says about its metrics, or their points
    #[command(after_help = METRICS_AFTER)]
    Metrics {
        /// The run's id, or the beginning of it if no other run begins so
        run: String,
        /// Only this metric
        key: Option<String>,
        /// Show every point
        #[arg(long)]
        points: bool,
        /// Draw the curves
        #[arg(long, conflicts_with = "points")]
        plot: bool,
    },
    /// Show what differs between runs, side by side
    #[command(after_help = report::COMPARE_AFTER)]
    Compare(CompareOptions),
    /// Make a run that begins with what another has logged, up to a step
    #[command(after_help = series::FORK_AFTER)]
    Fork(ForkOptions),
    /// Remove the points of a run behind a step
    #[command(after_help = series::REWIND_AFTER)]
    Rewind(RewindOptions),
    /// Show or write the note of a run
    #[command(after_help = series::NOTE_AFTER)]
    Note {
        /// The run's id, or the beginning of it if no other run begins so
        run: String,
        /// Write this text over it
        #[arg(long, value_name = "TEXT")]
        set: Option<String>,
    },
    /// List the alerts that a run raised
    #[command(after_help = series::ALERTS_AFTER)]
    Alerts {
        /// The run's id, or the beginning of it if no other run begins so
        run: String,
    },
    /// Hide runs
    #[command(after_help = DELETE_RUNS_AFTER)]
    Delete {
        /// Ids of runs, or their beginnings
        #[arg(required = true, value_name = "RUN")]
        runs: Vec<String>,
    },
    /// Bring deleted runs back
    #[command(after_help = RESTORE_RUNS_AFTER)]
    Restore {
        /// Ids of runs, or their beginnings
        #[arg(required = true, value_name = "RUN")]
        runs: Vec<String>,
    },
    /// Move runs to another experiment
    #[command(after_help = transfer::MOVE_AFTER)]
    Move(MoveArguments),
    /// Show what the process of a run said, if it was captured
    #[command(after_help = CONSOLE_AFTER)]
    Console {
        /// The run's id, or the beginning of it if no other run begins so
        run: String,
        /// Go on showing what it says until it ends
        #[arg(long)]
        follow: bool,
    },
    /// List or download the files of a run
    #[command(after_help = ARTIFACTS_AFTER)]
    Artifacts {
        /// The run's id, or the beginning of it if no other run begins so
        run: String,
        /// Only this file, or what is in this folder
        path: Option<String>,
        /// Copy the files into this folder instead of listing them
        #[arg(long, value_name = "FOLDER")]
        download: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(super) struct GcArguments {
    /// Do it
    #[arg(long)]
    pub(super) yes: bool,
    /// Leave what was written, put again or deleted within this time: a number with d, h, m or s, also joined, as 1d12h
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = duration)]
    pub(super) older_than: Duration,
    /// Remove deleted runs and logged models for good, too; they cannot be restored then
    #[arg(long)]
    pub(super) deleted_runs: bool,
}

/// Reads `1d2h3m4s`: any of the parts, each once and in this order; `0` is no time.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "write a number with d, h, m or s, such as 30d, 12h or 1h30m".to_owned();
    let mut units = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)].into_iter();
    let mut seconds = 0_u64;
    let mut rest = text;
    while !rest.is_empty() && text != "0" {
        let (number, behind) = rest.split_once(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let unit = rest.get(number.len()..).and_then(|rest| rest.chars().next()).ok_or_else(wrong)?;
        let (_, size) = units.find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        let part = number.parse::<u64>().ok().and_then(|number| number.checked_mul(size)).ok_or_else(wrong)?;
        seconds = seconds.checked_add(part).ok_or_else(wrong)?;
        rest = behind;
    }
    if text.is_empty() { Err(wrong()) } else { Ok(Duration::from_secs(seconds)) }
}

#[derive(Debug, Args)]
pub(super) struct ListOptions {
    /// Only runs of this experiment; may be given more than once
    #[arg(long, value_name = "NAME|ID")]
    pub(super) experiment: Vec<String>,
    /// Only runs that match, such as `metrics.loss.min < 0.1 and start_time > now() - 7d`
    #[arg(long, value_name = "FILTER", default_value = "", hide_default_value = true)]
    pub(super) filter: String,
    /// The order, such as `metrics.loss DESC`; may be given more than once
    #[arg(long, value_name = "KEY")]
    pub(super) order_by: Vec<String>,
    /// Show at most so many runs
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=50_000))]
    pub(super) limit: u32,
    /// Show all runs, however many
    #[arg(long, conflicts_with_all = ["limit", "page_token"])]
    pub(super) all: bool,
    /// Go on behind the page that gave this `next_page_token`
    #[arg(long, value_name = "TOKEN")]
    pub(super) page_token: Option<String>,
    /// Show deleted runs instead of the others
    #[arg(long)]
    pub(super) deleted: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum ExperimentsCommand {
    /// List experiments
    #[command(after_help = EXPERIMENTS_AFTER)]
    List {
        /// Show deleted experiments instead of the others
        #[arg(long)]
        deleted: bool,
        /// Only experiments that match, such as `name LIKE 'churn%'`
        #[arg(long, value_name = "FILTER", default_value = "", hide_default_value = true)]
        filter: String,
        /// The order, such as `name` or `creation_time DESC`; may be given more than once
        #[arg(long, value_name = "KEY")]
        order_by: Vec<String>,
    },
    /// Hide an experiment with its runs
    #[command(after_help = DELETE_EXPERIMENT_AFTER)]
    Delete {
        /// The experiment's name, or its id
        experiment: String,
    },
    /// Bring a deleted experiment back
    #[command(after_help = RESTORE_EXPERIMENT_AFTER)]
    Restore {
        /// The experiment's name, or its id
        experiment: String,
    },
    /// Give an experiment another name
    #[command(after_help = RENAME_EXPERIMENT_AFTER)]
    Rename {
        /// The experiment's name, or its id
        experiment: String,
        /// The new name
        name: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_read_as_mlflow_writes_it() {
        let seconds = |text: &str| duration(text).map(|found| found.as_secs()).ok();
        assert_eq!((seconds("1d2h3m4s"), seconds("30d"), seconds("90m")), (Some(93_784), Some(2_592_000), Some(5_400)));
        assert_eq!((seconds("0"), seconds("0s")), (Some(0), Some(0)));
        for wrong in ["", "5", "h", "-1h", "1.5h", "1h1d", "1h1h", "1w", "10 m", "99999999999999999999s", "1é"] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }
}
