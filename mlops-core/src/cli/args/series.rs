//! The commands that change what a run has: forks, rewinds, notes.

use clap::Args;

pub(super) const FORK_AFTER: &str = "\
Examples:
  mlops runs fork 0199c0ffee
  mlops runs fork 0199c0ffee --step 1000 --name again
  mlops runs fork 0199c0ffee --step 1000 --json

The fork begins with the params, tags and files of the run and with its points up to the step, and is SCHEDULED until \
something goes on with it: `mlops.start_run(run_id=...)`. Files are shared, not copied.

JSON: {\"run_id\", \"run_name\", \"forked_from\": RUN or RUN@STEP}.";

pub(super) const REWIND_AFTER: &str = "\
Examples:
  mlops runs rewind 0199c0ffee --step 1000
  mlops runs rewind 0199c0ffee --step 1000 --yes
  mlops runs rewind 0199c0ffee --step 1000 --yes --json

Without --yes nothing is changed. Points behind the step are removed from every series, in one piece; params, tags and \
files stay. To keep the points, fork the run instead.

JSON: {\"run_id\", \"step\", \"dry_run\": true or false, \"metrics\": how many have points behind the step}.";

pub(super) const NOTE_AFTER: &str = "\
Examples:
  mlops runs note 0199c0ffee
  mlops runs note 0199c0ffee --set 'diverged after the restart'
  mlops runs note 0199c0ffee --set '' --json

An empty text removes the note.

JSON: {\"run_id\", \"note\": text or null}.";

pub(super) const ALERTS_AFTER: &str = "\
Examples:
  mlops runs alerts 0199c0ffee
  mlops runs alerts 0199c0ffee --json

JSON: {\"run_id\", \"alerts\": [{\"at\", \"level\": \"INFO\", \"WARN\" or \"ERROR\", \"title\", \"text\"}, ...]}.";

#[derive(Debug, Args)]
pub(in crate::cli) struct ForkOptions {
    /// The run's id, or the beginning of it if no other run begins so
    pub(in crate::cli) run: String,
    /// The last step that the fork has points of; default: all points
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(in crate::cli) step: Option<i64>,
    /// The fork's name; default: a generated one
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) name: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RewindOptions {
    /// The run's id, or the beginning of it if no other run begins so
    pub(in crate::cli) run: String,
    /// The last step that the run keeps points of
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(in crate::cli) step: i64,
    /// Do it
    #[arg(long)]
    pub(in crate::cli) yes: bool,
}
