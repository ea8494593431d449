//! The arguments of what shows runs to people: `report` and `runs compare`.

use std::path::PathBuf;

use clap::Args;

pub(super) const REPORT_AFTER: &str = "\
Examples:
  mlops report 0199c0ffee -o report.html
  mlops report 0199c0ffee 0199c1caca -o report.html --title 'Baseline and dropout'
  mlops report --experiment churn --order-by 'metrics.accuracy DESC' --limit 10 -o best.html
  mlops report --filter \"params.model = 'tree'\" -o trees.html --json

The report is one file with curves, params, metrics, images and artifacts (their list), that opens in a browser without \
network. A file of that name is replaced. Runs are shown in the order of the ids; those of a filter, newest first, \
behind them. Images above 4 MiB, and those above 24 MiB together, are left out; the report and the answer say so.

JSON: {\"path\", \"runs\": [run id, ...], \"bytes\", \"left_out\": [{\"what\", \"why\"}, ...]}.";

pub(super) const COMPARE_AFTER: &str = "\
Examples:
  mlops runs compare 0199c0ffee 0199c1caca
  mlops runs compare 0199c0ffee 0199c1caca 0199c2beef --all
  mlops runs compare 0199c0ffee 0199c1caca --json

Of metrics the last values are compared.

JSON: {\"runs\": [{\"run_id\", \"run_name\", \"status\"}, ...], \"params\": {key: [text or null, ...]}, \
\"tags\": {key: [text or null, ...]}, \"metrics\": {key: [{\"last\", \"last_step\", \"last_at\", \"min\", \"max\", \
\"count\"} or null, ...]}}; lists have the order of the runs, null where a run has no such key. With --all also what is \
the same.";

#[derive(Debug, Args)]
pub(in crate::cli) struct ReportOptions {
    /// Ids of runs, or the beginnings of them if no other run begins so
    #[arg(value_name = "RUN", required_unless_present_any = ["filter", "experiment"])]
    pub(in crate::cli) runs: Vec<String>,
    /// The file to write
    #[arg(long, short, value_name = "FILE")]
    pub(in crate::cli) output: PathBuf,
    /// The heading; default: the run's name, or how many runs there are
    #[arg(long)]
    pub(in crate::cli) title: Option<String>,
    /// Runs that match, such as `metrics.loss < 0.1` or `params.model = 'tree'`
    #[arg(long, value_name = "FILTER")]
    pub(in crate::cli) filter: Option<String>,
    /// Runs of this experiment; may be given more than once
    #[arg(long, value_name = "NAME|ID")]
    pub(in crate::cli) experiment: Vec<String>,
    /// The order of runs that are picked so, such as `metrics.loss DESC`; may be given more than once
    #[arg(long, value_name = "KEY")]
    pub(in crate::cli) order_by: Vec<String>,
    /// Pick at most so many runs
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub(in crate::cli) limit: u32,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CompareOptions {
    /// Ids of two runs or more, or the beginnings of them if no other run begins so
    #[arg(value_name = "RUN", required = true, num_args = 2..)]
    pub(in crate::cli) runs: Vec<String>,
    /// Show what is the same, too
    #[arg(long)]
    pub(in crate::cli) all: bool,
}
