//! The arguments of `mlops models events`, `hooks` and `gate`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::ByOptions;

pub(super) const EVENTS_AFTER: &str = "\
Examples:
  mlops models events --after 42
  mlops models events --on promoted --on rolled_back --model fraud
  mlops models events --after 42 --follow --json

The log of events: each has the number after that of the one before, so that whoever remembers the number of the last event \
that it took misses none. With --follow it goes on with what happens, until it is stopped. Kinds of events are registered, \
requested, approved, rejected, withdrawn, staged, promoted, rolled_back, archived, deleted, gate, policy, *, and all actions \
that an event may have.

JSON: with and without --follow an EVENT a line, as `mlops models history --json` prints them.";

pub(super) const HOOKS_AFTER: &str = "\
Examples:
  mlops models hooks list
  mlops models hooks test tell
  mlops models hooks run --follow

Hooks are commands that events are handed to. They stand in config.toml of your configuration (MLOPS_CONFIG_DIR), never in a \
store:

  [hooks.tell]
  on = [\"promoted\", \"rolled_back\"]
  model = \"fraud\"
  command = [\"notify-send\", \"mlops\"]
  timeout = 10

The command gets the event as JSON on its standard input, and MLOPS_HOOK, MLOPS_EVENT, MLOPS_EVENT_SEQ, MLOPS_MODEL, \
MLOPS_VERSION and MLOPS_STORE. No shell reads it, unless `shell = \"a line\"` stands in place of command. Each event is \
handed over at least once, in order, by the process that makes the change when it is made, else by the next that changes \
something, or by `mlops models hooks run`. A command that fails is tried again after a second, then after twice as long, up \
to ten minutes.";

const LIST_AFTER: &str = "\
Examples:
  mlops models hooks list
  mlops models hooks list --json

JSON: {\"hooks\": [{\"name\", \"on\", \"model\", \"command\", \"timeout\", \"state\": STATE or null}, ...]}, where a STATE \
is {\"seq\", \"failures\", \"retry_at\", \"why\", \"delivered_at\"}: seq is the last event that is done.";

const RUN_AFTER: &str = "\
Examples:
  mlops models hooks run
  mlops models hooks run --follow

Hands over what the hooks have not taken. Ends with 1 if one fails; with --follow it goes on, and tries again.

JSON: {\"hooks\": [{\"hook\", \"delivered\", \"elsewhere\": true or false, \"state\": STATE}, ...]}, a STATE as \
`mlops models hooks list --json` prints it; elsewhere: another process is delivering. With --follow a line each time.";

const TEST_AFTER: &str = "\
Examples:
  mlops models hooks test tell
  mlops models hooks test tell --event 42 --json

Runs the command of the hook with the newest event that it wants, or with that of --event. It does not count as handed over. \
Ends with 1 if the command fails.

JSON: {\"event\": EVENT, \"ok\": true or false, \"why\", \"output\"}.";

const SKIP_AFTER: &str = "\
Examples:
  mlops models hooks skip tell

The hook goes on behind the event that it does not take.

JSON: the EVENT that was left out.";

pub(super) const GATE_AFTER: &str = "\
Examples:
  mlops models gate record fraud 5 auc pass --against production --metric auc=0.93

What a gate said stands in the history, and counts for the policy.";

const RECORD_AFTER: &str = "\
Examples:
  mlops models gate record fraud 5 auc pass --against 4 --metric auc=0.93 --data blake3:4f1c
  mlops models gate record fraud 5 auc fail --against production --report report.json
  mlops models gate record fraud 1 auc pass --json

A verdict on a metric that is NaN is noted as error, and promotes nothing. `ask` promotes what is approved after it. `mlops \
gate --record` runs a gate and notes what came out.

JSON: {\"id\", \"version\", \"gate\", \"baseline\", \"verdict\", \"why\", \"data\", \"rules\", \"policy\", \"report\", \
\"actor\", \"at\"}.";

#[derive(Debug, Args)]
pub(in crate::cli) struct EventsArguments {
    /// Only those behind this number
    #[arg(long, value_name = "SEQ", default_value_t = 0)]
    pub(in crate::cli) after: u64,
    /// Only of this kind; may be given more than once
    #[arg(long, value_name = "KIND")]
    pub(in crate::cli) on: Vec<String>,
    /// Only of this model
    #[arg(long)]
    pub(in crate::cli) model: Option<String>,
    /// Go on with what happens
    #[arg(long)]
    pub(in crate::cli) follow: bool,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum HooksCommand {
    /// List the hooks of your configuration, and how far they are
    #[command(after_help = LIST_AFTER)]
    List,
    /// Hand over what the hooks have not taken
    #[command(after_help = RUN_AFTER)]
    Run {
        /// Go on with what happens
        #[arg(long)]
        follow: bool,
    },
    /// Run the command of a hook with an event
    #[command(after_help = TEST_AFTER)]
    Test {
        /// The hook
        name: String,
        /// The number of the event
        #[arg(long, value_name = "SEQ")]
        event: Option<u64>,
    },
    /// Leave out the event that a hook does not take
    #[command(after_help = SKIP_AFTER)]
    Skip {
        /// The hook
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum GateCommand {
    /// Note what a gate said of a version
    #[command(after_help = RECORD_AFTER)]
    Record(RecordArguments),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RecordArguments {
    /// The model's name
    pub(in crate::cli) name: String,
    /// The version's number
    pub(in crate::cli) version: u64,
    /// The name of the gate, as a policy has it
    pub(in crate::cli) gate: String,
    /// What it said
    #[arg(value_parser = ["pass", "fail", "error", "inconclusive", "ask"])]
    pub(in crate::cli) verdict: String,
    /// The version that it was held against, by number or alias; default: nothing was in production
    #[arg(long, value_name = "VERSION")]
    pub(in crate::cli) against: Option<String>,
    /// A metric of the version; may be given more than once
    #[arg(long, value_name = "KEY=NUMBER", value_parser = metric)]
    pub(in crate::cli) metric: Vec<(String, f64)>,
    /// A file of JSON with what it found
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) report: Option<PathBuf>,
    /// The digest of the data that it looked at
    #[arg(long, value_name = "DIGEST")]
    pub(in crate::cli) data: Option<String>,
    /// The digest of what it asks for
    #[arg(long, value_name = "DIGEST")]
    pub(in crate::cli) rules: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) by: ByOptions,
}

fn metric(text: &str) -> Result<(String, f64), String> {
    let parts = text.split_once('=').and_then(|(key, value)| Some((key.to_owned(), value.trim().parse().ok()?)));
    parts.ok_or_else(|| "expected KEY=NUMBER, such as auc=0.93".into())
}
