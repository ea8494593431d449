//! The arguments of `sweeps`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

pub(super) const SWEEPS_AFTER: &str = "\
Examples:
  mlops sweeps list
  mlops sweeps show tuning
  mlops sweeps run tuning --sweep tuning.json -- python train.py --rate {rate}";

const LIST_AFTER: &str = "\
Examples:
  mlops sweeps list
  mlops sweeps list --json

JSON: {\"sweeps\": [SWEEP, ...]}. A SWEEP is {\"name\", \"method\", \"suggested_by\": text or null, \"space\": {param: object}, \
\"metric\", \"goal\", \"max_trials\", \"seed\", \"early_stopping\": {\"rule\", ...}, \"max_attempts\", \"experiment_id\", \
\"parent_run_id\": text or null, \"created_at\", \"status\": {\"max_trials\", \"running\", \"finished\", \"stopped\", \"failed\", \
\"killed\", \"lost\", \"left\"}}.";

const SHOW_AFTER: &str = "\
Examples:
  mlops sweeps show tuning
  mlops sweeps show tuning --json

JSON: what `mlops sweeps list --json` prints of one sweep, and \"trials\": [TRIAL, ...]. A TRIAL is {\"number\", \"attempt\", \
\"run_id\", \"params\": {name: value}, \"state\": \"running\", \"finished\", \"stopped\", \"failed\", \"killed\" or \"lost\", \
\"value\": number or null, \"step\": number or null, \"started_at\", \"ended_at\": time or null}.";

const BEST_AFTER: &str = "\
Examples:
  mlops sweeps best tuning
  mlops sweeps best tuning --json

Of the trials that ended well, by the last value of the metric; NaN never wins.

JSON: {\"name\", \"best\": TRIAL or null}, a TRIAL as `mlops sweeps show --json` prints it.";

const RUN_AFTER: &str = "\
Examples:
  mlops sweeps run tuning --sweep tuning.json -- python train.py --rate {rate} --depth {depth}
  mlops sweeps run tuning -- python train.py

The command is run once a trial, one after the other, in the order of the trials; run this command several times, also from \
several machines' shells on one store, and each takes trials from the same sweep. {NAME} in an argument is the param's \
text; all params are also in the environment: MLOPS_PARAM_<NAME>, and MLOPS_RUN_ID is the trial's run, which mlops.start_run() \
of the command goes on with. It is FINISHED when the command ends with 0, else FAILED.

--sweep has the definition as JSON, such as {\"metric\": \"loss\", \"max_trials\": 20, \"space\": {\"rate\": {\"min\": 1e-5, \
\"max\": 0.1, \"log\": true}}}; the sweep is made, or joined if it is defined so. Without --sweep it must exist.

The exit code is 1 if a trial failed.

JSON: {\"name\", \"finished\": number, \"failed\": number} of the trials that this command ran.";

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum SweepsCommand {
    /// List sweeps, by name
    #[command(after_help = LIST_AFTER)]
    List,
    /// Show a sweep and its trials
    #[command(after_help = SHOW_AFTER)]
    Show {
        /// The sweep's name
        name: String,
    },
    /// Show the best trial
    #[command(after_help = BEST_AFTER)]
    Best {
        /// The sweep's name
        name: String,
    },
    /// Run a command for each trial
    #[command(after_help = RUN_AFTER)]
    Run(RunOptions),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RunOptions {
    /// The sweep's name
    pub(in crate::cli) name: String,
    /// The definition, as JSON
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) sweep: Option<PathBuf>,
    /// Begin no other trial after one that failed
    #[arg(long)]
    pub(in crate::cli) stop_on_failure: bool,
    /// The command, behind `--`
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(in crate::cli) command: Vec<String>,
}
