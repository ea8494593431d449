//! The arguments of `mlops gate`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::ByOptions;

pub(super) const GATE_AFTER: &str = "\
Examples:
  mlops gate check gate.toml
  mlops gate fraud@5 --definition gate.toml --predictions holdout.parquet --record
  mlops gate fraud@5 --against 4 --definition gate.toml --predictions holdout.csv --junit gate.xml
  mlops gate --definition gate.toml --predictions holdout.csv --report html --output gate.html

Holds a candidate against the baseline: what both predict for the same rows, now. FILE has the columns target, candidate and \
baseline (classes or numbers), or candidate_score and candidate_proba:CLASS, and of the baseline; id; row_hash; \
candidate_own:NAME for metrics own:NAME; and those that the definition names: slices, groups, time. Times of --latencies are in \
seconds, in columns candidate and baseline. Without MODEL@VERSION nothing of the registry is looked at. Each candidate counts as \
a use of the data, where these have --data or ids.

Exit codes: 0 pass, 1 fail, 2 usage, 3 production has changed meanwhile, 5 inconclusive, 6 an approval decides, 7 it could not \
be judged.

JSON: with --json or --report json {\"format\": 1, \"gate\", \"rules\", \"candidate\", \"baseline\", \"candidate_digest\", \
\"baseline_digest\", \"data\", \"rows\", \"mode\", \"alpha\", \"alpha_asked\", \"verdict\", \"needs_approval\", \"on_inconclusive\", \
\"holdout\": {\"number\", \"error_rate\"} or null, \"worst_slice\", \"checks\": [{\"kind\", \"name\", \"verdict\", \"is_blocking\", \
\"reason\", \"method\", \"candidate\", \"baseline\", \"difference\", \"lower\", \"upper\", \"alpha\", \"p_value\", \"margin\", \"limit\", \
\"rows\", \"minimal_detectable\", \"rows_needed\"}, ...], \"warnings\": [{\"code\", \"text\"}, ...], \"exit_code\"}; a number that \
does not apply or is not finite is null.";

const CHECK_AFTER: &str = "\
Examples:
  mlops gate check gate.toml
  mlops gate check gate.toml --json

Reads a definition, and says what it asks for and its digest, which a policy may ask for by gate_rules. A key that there is not \
is an error that names the nearest one.

JSON: {\"name\", \"rules\", \"mode\", \"definition\": {...}}, with all keys of the definition that are set.";

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(in crate::cli) struct GateArguments {
    #[command(subcommand)]
    pub(in crate::cli) command: Option<GateFileCommand>,
    /// The candidate: `fraud@5`, or by an alias `fraud@candidate`
    #[arg(value_name = "MODEL@VERSION")]
    pub(in crate::cli) version: Option<String>,
    /// What it is held against: production, the number of a version or an alias
    #[arg(long, value_name = "VERSION", default_value = "production")]
    pub(in crate::cli) against: String,
    /// The slot of production; default: the one without a name
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(in crate::cli) slot: String,
    /// The definition of the gate
    #[arg(long, value_name = "FILE", required = true)]
    pub(in crate::cli) definition: Option<PathBuf>,
    /// What is true and what both predicted: CSV, or Parquet if it ends with .parquet
    #[arg(long, value_name = "FILE", required = true)]
    pub(in crate::cli) predictions: Option<PathBuf>,
    /// How long calls of both took, made in turn: CSV or Parquet
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) latencies: Option<PathBuf>,
    /// Nothing else runs where latencies were measured: a budget of latency may stop the candidate
    #[arg(long)]
    pub(in crate::cli) measuring_host: bool,
    /// How many rows without a label were left out, of the candidate's data and of the baseline's
    #[arg(long, num_args = 2, value_names = ["CANDIDATE", "BASELINE"])]
    pub(in crate::cli) unlabelled: Vec<u64>,
    /// The size of the candidate's files
    #[arg(long, value_name = "BYTES")]
    pub(in crate::cli) size_bytes: Option<f64>,
    /// The most memory that the candidate took
    #[arg(long, value_name = "BYTES")]
    pub(in crate::cli) peak_rss_bytes: Option<f64>,
    /// How long loading the candidate took
    #[arg(long, value_name = "SECONDS")]
    pub(in crate::cli) load_seconds: Option<f64>,
    /// The rows that the candidate was trained on, a line for each, as the column `row_hash` has them
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) training_hashes: Option<PathBuf>,
    /// The digest of the data, or the name and version of the data set; default: the digest of ids and targets
    #[arg(long, value_name = "DIGEST")]
    pub(in crate::cli) data: Option<String>,
    /// How it is told
    #[arg(long, value_name = "HOW", value_parser = ["text", "md", "json", "html"], default_value = "text")]
    pub(in crate::cli) report: String,
    /// Write the report to this file
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,
    /// Write a report for a build too, as JUnit XML
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) junit: Option<PathBuf>,
    /// Note the result in the registry, so that a policy may ask for it
    #[arg(long, requires = "version")]
    pub(in crate::cli) record: bool,
    #[command(flatten)]
    pub(in crate::cli) by: ByOptions,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum GateFileCommand {
    /// Read a definition and say what it asks for
    #[command(after_help = CHECK_AFTER)]
    Check {
        /// The definition
        file: PathBuf,
    },
}
