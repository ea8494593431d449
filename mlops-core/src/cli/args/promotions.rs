//! The arguments of the commands of `mlops models` that bring versions to production, and tell how they came there.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::ByOptions;
use crate::base::time::Timestamp;
use crate::query;
use crate::registry::LogHead;

pub(super) const PROMOTE_AFTER: &str = "\
Examples:
  mlops models promote fraud 5 --reason 'better on last week'
  mlops models promote fraud 5 --slot eu --expect 7
  mlops models promote fraud 5 --to staging --json

One commit: what was in production in the slot is archived. The exit code is 3 if the slot has another generation than \
--expect says, or a gate looked at another production than that of now, and 6 if the policy does not allow it; \
`mlops models status fraud@5` says what is missing. What is there already stays, without an event.

JSON: {\"changed\": true or false, \"version\": VERSION, \"replaced\": version or null, \"slot\", \"generation\", \
\"event\": number or null}.";

pub(super) const ROLLBACK_AFTER: &str = "\
Examples:
  mlops models rollback fraud --reason 'refuses good customers'
  mlops models rollback fraud --to 3 --slot eu --reason 'refuses good customers'

Goes back to what was in production before, whose files are verified first: the exit code is 4 if one is damaged, and \
production stays. From there no further by itself: --to names the version, which was in production in the slot before. \
The policy is not asked, unless it says rollback_needs_approval.

JSON: as `mlops models promote --json` prints it.";

pub(super) const SAY_AFTER: &str = "\
Examples:
  mlops models request fraud 5 --reason 'more data'
  mlops models approve fraud 5 --actor ada
  mlops models reject fraud 5 --reason 'worse on new customers'
  mlops models withdraw fraud 5

An approval is for the version as it is, its newest result of a gate and the policy that holds now; another result or policy \
makes it void. A rejection needs a reason, and stands until the same actor approves or withdraws. The exit code is 6 for who \
may not approve, which is an event too.

JSON: {\"id\", \"version\", \"target\", \"decision\", \"actor\", \"actor_from\", \"uid\", \"reason\", \"subject\", \"gate\", \
\"policy\", \"at\", \"expires_at\", \"changed\": true or false}.";

pub(super) const PENDING_AFTER: &str = "\
Examples:
  mlops models pending
  mlops models pending --json

What somebody asked approval for and is not there yet.

JSON: {\"pending\": [{\"model\", \"version\", \"target\", \"request\": APPROVAL, \"approvals\": number, \"needed\": number, \
\"rejected_by\": [actor, ...]}, ...]}, where an APPROVAL is what `mlops models request --json` prints.";

pub(super) const STATUS_AFTER: &str = "\
Examples:
  mlops models status fraud@5
  mlops models status fraud@challenger --to staging --json

What the policy asks for, what is there, and which approvals do not count and why.

JSON: {\"version\": VERSION, \"target\", \"slot\", \"production\": version or null, \"can_promote\": true or false, \"policy\": \
{field: value, \"digest\"}, \"requirements\": [{\"name\", \"is_met\", \"is_stale\", \"detail\", \"evidence\"}, ...], \
\"approvals\": [APPROVAL with \"void\": why or null, ...], \"gates\": [{\"id\", \"version\", \"gate\", \"baseline\", \"verdict\", \
\"why\", \"data\", \"rules\", \"policy\", \"report\", \"actor\", \"at\"}, ...]}.";

pub(super) const WHY_AFTER: &str = "\
Examples:
  mlops models why fraud@5
  mlops models why fraud@production --json

The event that put the version where it is, the gate and the approvals that this rests on, the run, its commit and its data \
sets.

JSON: {\"version\": VERSION, \"slots\": [slot, ...], \"event\": EVENT, \"gate\", \"approvals\", \"run\", \"code\", \"data\", \
\"environment\"}; what is not known is null.";

pub(super) const CARD_AFTER: &str = "\
Examples:
  mlops models card fraud@5 > card.md
  mlops models card fraud@production --json

As Markdown. The tags `mlops.intendedUse` and `mlops.knownLimits` of the version, else of the model, are in it.

JSON: a VERSION with \"slots\", \"model_description\", \"intended_use\", \"known_limits\", \"data\", \"params\", \"metrics\", \
\"signature\", \"evaluation\", \"slices\", \"gate\", \"policy\", \"approvals\" and \"lineage\": {\"run\", \"code\", \
\"environment\", \"logged_model\"}; what is not known is null.";

pub(super) const AT_AFTER: &str = "\
Examples:
  mlops models at fraud 2026-11-01T12:00:00Z
  mlops models at fraud 2026-11-01 --stage staging
  mlops models at fraud 2026-11-01 --slot eu --json

The version that was in the stage then, as the events say.

JSON: {\"name\", \"stage\", \"slot\", \"at\", \"version\": number or null}.";

pub(super) const POLICY_AFTER: &str = "\
Examples:
  mlops models policy init strict
  mlops models policy show
  mlops models policy set policies.toml --reason 'audit of November'

JSON: of all but show with a model {\"policies\": [{\"model\": name or null, \"stage\", \"fields\", \"version\", \"event\", \
\"at\"}, ...]}, what is set then.";

const INIT_AFTER: &str = "\
Examples:
  mlops models policy init strict
  mlops models policy init strict --model fraud --json

JSON: as `mlops models policy show --json` prints it.";

const SHOW_AFTER: &str = "\
Examples:
  mlops models policy show > policies.toml
  mlops models policy show fraud --json

JSON: as `mlops models policy --help` says; with a model {\"staging\": POLICY, \"production\": POLICY}, what holds for it, where \
a POLICY has all fields and \"digest\".";

const SET_AFTER: &str = "\
Examples:
  mlops models policy set policies.toml
  mlops models policy set policies.toml --reason 'audit of November' --json

The file has a table for each stage of the store, [default.production], and of a model, [model.\"fraud\".production], whose \
fields go before those of the store. The stages are staging and production, the fields: approvals = 1, \
self_approval = false, approval_ttl = \"14d\", gate = \"name\", gate_rules = \"blake3:...\", gate_ttl = \"7d\", require = [\"run\", \"commit\", \
\"clean_tree\", \"dataset\", \"env_lock\"], require_distinct_uid, skip_staging, rollback_needs_approval, \
require_intended_use, require_reason, strict_transitions, protect_production, require_verified.

JSON: as `mlops models policy show --json` prints it.";

const CLEAR_AFTER: &str = "\
Examples:
  mlops models policy clear
  mlops models policy clear --model fraud staging --json

JSON: as `mlops models policy show --json` prints it.";

pub(super) const AUDIT_AFTER: &str = "\
Examples:
  mlops models audit head
  mlops models audit verify
  mlops models audit export --since 42 > events.jsonl

Each event has the hash of the one before.

JSON: of head and verify {\"seq\", \"hash\"}; of export an EVENT a line, as `mlops models history --json` prints them.";

const VERIFY_AFTER: &str = "\
Examples:
  mlops models audit verify
  mlops models audit verify --head 2:blake3:0199c0ffee --json

Ends with 4 and names the first event that was changed. With --head, which was printed by `mlops models audit head` and kept \
where those who write the store cannot write, also if the end of the log was cut off or all of it was written anew.

JSON: {\"seq\", \"hash\"}, the end of the log.";

const HEAD_AFTER: &str = "\
Examples:
  mlops models audit head
  mlops models audit head --json

JSON: {\"seq\", \"hash\"}.";

const EXPORT_AFTER: &str = "\
Examples:
  mlops models audit export > events.jsonl
  mlops models audit export --since 42

JSON: with and without --json an EVENT a line, as `mlops models history --json` prints them.";

#[derive(Debug, Args)]
pub(in crate::cli) struct PromoteArguments {
    /// The model's name
    pub(in crate::cli) name: String,
    /// The version's number
    pub(in crate::cli) version: u64,
    /// Where it goes: production, staging, archived or none
    #[arg(long, default_value = "production", value_name = "STAGE")]
    pub(in crate::cli) to: String,
    /// The slot of production, such as `eu`; default: the one without a name
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(in crate::cli) slot: String,
    /// Only if the slot has this generation, which `mlops models show --json` prints
    #[arg(long, value_name = "GENERATION")]
    pub(in crate::cli) expect: Option<u64>,
    /// What leaves production goes to staging instead of being archived
    #[arg(long)]
    pub(in crate::cli) keep_existing: bool,
    /// Nothing may be left in production, where the policy is strict about it
    #[arg(long)]
    pub(in crate::cli) leave_empty: bool,
    #[command(flatten)]
    pub(in crate::cli) by: ByOptions,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RollbackArguments {
    /// The model's name
    pub(in crate::cli) name: String,
    /// The version to go back to; default: what was in production before
    #[arg(long, value_name = "VERSION")]
    pub(in crate::cli) to: Option<u64>,
    /// The slot of production; default: the one without a name
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(in crate::cli) slot: String,
    #[command(flatten)]
    pub(in crate::cli) by: ByOptions,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct SayArguments {
    /// The model's name
    pub(in crate::cli) name: String,
    /// The version's number
    pub(in crate::cli) version: u64,
    /// Where it is to go: production or staging
    #[arg(long, default_value = "production", value_name = "STAGE")]
    pub(in crate::cli) to: String,
    #[command(flatten)]
    pub(in crate::cli) by: ByOptions,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct StatusArguments {
    /// The version: `fraud@5`, or by an alias `fraud@champion`
    #[arg(value_name = "MODEL@VERSION")]
    pub(in crate::cli) version: String,
    /// Where it is to go: production or staging
    #[arg(long, default_value = "production", value_name = "STAGE")]
    pub(in crate::cli) to: String,
    /// The slot of production; default: the one without a name
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(in crate::cli) slot: String,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct AtArguments {
    /// The model's name
    pub(in crate::cli) name: String,
    /// When, such as `2026-11-01` or `2026-11-01T12:30:00Z`; UTC unless it says otherwise
    #[arg(value_parser = time)]
    pub(in crate::cli) time: Timestamp,
    /// The stage
    #[arg(long, default_value = "production")]
    pub(in crate::cli) stage: String,
    /// The slot of production; default: the one without a name
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(in crate::cli) slot: String,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum PolicyCommand {
    /// Set a policy that is ready made, and print it
    #[command(after_help = INIT_AFTER)]
    Init {
        /// Which: strict
        #[arg(value_parser = ["strict"])]
        kind: String,
        /// For this model only; default: for the store
        #[arg(long)]
        model: Option<String>,
        #[command(flatten)]
        by: ByOptions,
    },
    /// Print the policies as a file, or what holds for a model
    #[command(after_help = SHOW_AFTER)]
    Show {
        /// The model's name
        model: Option<String>,
    },
    /// Set the policies of a file; what it does not name stays
    #[command(after_help = SET_AFTER)]
    Set {
        /// The file
        file: PathBuf,
        #[command(flatten)]
        by: ByOptions,
    },
    /// Take a policy away
    #[command(after_help = CLEAR_AFTER)]
    Clear {
        /// The model's name; default: of the store
        #[arg(long)]
        model: Option<String>,
        /// production or staging
        #[arg(default_value = "production")]
        stage: String,
        #[command(flatten)]
        by: ByOptions,
    },
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum AuditCommand {
    /// Walk the log of events
    #[command(after_help = VERIFY_AFTER)]
    Verify {
        /// An end of the log that was kept elsewhere, as head prints it
        #[arg(long, value_name = "SEQ:HASH", value_parser = head)]
        head: Option<LogHead>,
    },
    /// Print the end of the log, to keep it elsewhere
    #[command(after_help = HEAD_AFTER)]
    Head,
    /// Print events, a JSON object a line
    #[command(after_help = EXPORT_AFTER)]
    Export {
        /// Only those behind this number
        #[arg(long, value_name = "SEQ", default_value_t = 0)]
        since: u64,
    },
}

fn time(text: &str) -> Result<Timestamp, String> {
    query::read_time(text).ok_or_else(|| "expected a time such as 2026-11-01T12:30:00Z".into())
}

fn head(text: &str) -> Result<LogHead, String> {
    let parts = text.split_once(':');
    let head = parts.and_then(|(seq, hash)| Some(LogHead { seq: seq.parse().ok()?, hash: hash.parse().ok()? }));
    head.ok_or_else(|| "expected SEQ:blake3:HEX, as `mlops models audit head` prints it".into())
}
