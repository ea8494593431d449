//! The arguments of `mlops models`.

use clap::{Args, Subcommand};

use super::hooks::{self, EventsArguments, GateCommand, HooksCommand};
use super::promotions::{
    self, AtArguments, AuditCommand, PolicyCommand, PromoteArguments, RollbackArguments, SayArguments, StatusArguments,
};

pub(super) const MODELS_AFTER: &str = "\
Examples:
  mlops models list
  mlops models register fraud runs:/0199c0ffee/model
  mlops models stage fraud 3 Production --reason 'better on last week'";

const LIST_AFTER: &str = "\
Examples:
  mlops models list
  mlops models list --filter \"name LIKE 'fraud%' AND tags.team = 'growth'\"
  mlops models list --order-by 'last_updated_timestamp DESC'
  mlops models list --json

By name, unless --order-by says otherwise. A filter and an order name name, creation_timestamp and \
last_updated_timestamp (milliseconds since 1970), and tags.

JSON: {\"models\": [MODEL, ...]}, where a MODEL is {\"name\", \"description\", \"tags\": {key: text}, \
\"aliases\": {alias: version}, \"latest_versions\": {stage: version}, \"generation\", \"slots\": {slot: {\"generation\", \
\"production\", \"previous\", \"event\"}}, \"created_at\", \"updated_at\"}. The slot without a name is \"\".";

const SHOW_AFTER: &str = "\
Examples:
  mlops models show fraud
  mlops models show fraud --json

JSON: a MODEL, as `mlops models list --json` prints it, with \"versions\": [VERSION, ...], the highest first. A VERSION is \
{\"name\", \"version\", \"stage\", \"status\", \"aliases\": [alias, ...], \"source\", \"run_id\", \"model_id\", \
\"description\", \"tags\": {key: text}, \"digest\", \"manifest\", \"created_by\", \"created_at\", \"updated_at\"}; digest is null \
if the store does not have its files.";

const REGISTER_AFTER: &str = "\
Examples:
  mlops models register fraud runs:/0199c0ffee0199c0ffee0199c0ffee01/model
  mlops models register fraud models:/fraud-dev/3 --tag reviewed=yes --reason 'for the trial'
  mlops models register fraud models:/fraud-dev@champion
  mlops models register fraud models:/m-0199c0ffee0199c0ffee0199c0ffee01 --json

Makes a version, and the model if there is none. The version keeps its files when the run is gone. Its source is the number \
that an alias, a stage or `latest` names now.

JSON: the VERSION, as `mlops models show --json` prints it.";

const ALIAS_AFTER: &str = "\
Examples:
  mlops models alias fraud champion 3
  mlops models alias fraud champion --delete
  mlops models alias fraud champion 3 --json

Points the alias to the version, whichever it pointed to before. The alias `production` is a promotion.

JSON: {\"name\", \"alias\", \"version\": number or null}.";

const STAGE_AFTER: &str = "\
Examples:
  mlops models stage fraud 3 Staging --archive-existing
  mlops models stage fraud 3 Production --reason 'better on last week'
  mlops models stage fraud 3 Production --expect 7 --json

At most one version is in Production: who comes there archives who was. With --expect it ends with 3 if somebody changed \
what is in production meanwhile.

JSON: the VERSION, as `mlops models show --json` prints it.";

const HISTORY_AFTER: &str = "\
Examples:
  mlops models history fraud
  mlops models history fraud --json

All that happened under the name, also to a model that was deleted.

JSON: {\"events\": [EVENT, ...]}, where an EVENT is {\"seq\", \"at\", \"action\", \"model\", \"version\", \"detail\", \
\"from\", \"to\", \"archived\": [version, ...], \"digest\", \"generation\": [before, after] or null, \"actor\", \"actor_from\", \
\"uid\", \"user\", \"host\", \"pid\", \"reason\", \"evidence\": [text, ...], \"prev_hash\", \"hash\"}.";

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ModelsCommand {
    /// List registered models
    #[command(after_help = LIST_AFTER)]
    List {
        /// Only models that match, such as `name LIKE 'fraud%'`
        #[arg(long, value_name = "FILTER", default_value = "", hide_default_value = true)]
        filter: String,
        /// The order, such as `name DESC`; may be given more than once
        #[arg(long, value_name = "KEY")]
        order_by: Vec<String>,
    },
    /// Show a registered model with its versions
    #[command(after_help = SHOW_AFTER)]
    Show {
        /// The model's name
        name: String,
    },
    /// Make a version of a registered model
    #[command(after_help = REGISTER_AFTER)]
    Register {
        /// The model's name
        name: String,
        /// What it is made of: `runs:/<run>/<path>`, `models:/<logged model>` or `models:/<name>/<version>`
        source: String,
        /// A tag of the version; may be given more than once
        #[arg(long, value_name = "KEY=VALUE", value_parser = tag)]
        tag: Vec<(String, String)>,
        /// What it is
        #[arg(long)]
        description: Option<String>,
        #[command(flatten)]
        by: ByOptions,
    },
    /// Point an alias to a version, or delete it
    #[command(after_help = ALIAS_AFTER)]
    Alias {
        /// The model's name
        name: String,
        /// The alias
        alias: String,
        /// The version's number
        #[arg(required_unless_present = "delete", conflicts_with = "delete")]
        version: Option<u64>,
        /// Delete the alias
        #[arg(long)]
        delete: bool,
        #[command(flatten)]
        by: ByOptions,
    },
    /// Move a version to a stage
    #[command(after_help = STAGE_AFTER)]
    Stage {
        /// The model's name
        name: String,
        /// The version's number
        version: u64,
        /// None, Staging, Production or Archived, in any case
        stage: String,
        /// Archive the others in the stage
        #[arg(long)]
        archive_existing: bool,
        /// Only if the model has this generation, which `mlops models show --json` prints
        #[arg(long, value_name = "GENERATION")]
        expect: Option<u64>,
        #[command(flatten)]
        by: ByOptions,
    },
    /// Bring a version to production, or another stage
    #[command(after_help = promotions::PROMOTE_AFTER)]
    Promote(PromoteArguments),
    /// Go back to what was in production before
    #[command(after_help = promotions::ROLLBACK_AFTER)]
    Rollback(RollbackArguments),
    /// Ask for approval of a version
    #[command(after_help = promotions::SAY_AFTER)]
    Request(SayArguments),
    /// Approve a version
    #[command(after_help = promotions::SAY_AFTER)]
    Approve(SayArguments),
    /// Reject a version
    #[command(after_help = promotions::SAY_AFTER)]
    Reject(SayArguments),
    /// Take back what you said of a version
    #[command(after_help = promotions::SAY_AFTER)]
    Withdraw(SayArguments),
    /// List what waits for approval
    #[command(after_help = promotions::PENDING_AFTER)]
    Pending,
    /// Show what a version needs to be promoted, and what it has
    #[command(after_help = promotions::STATUS_AFTER)]
    Status(StatusArguments),
    /// Show why a version is where it is
    #[command(after_help = promotions::WHY_AFTER)]
    Why {
        /// The version: `fraud@5`, or by an alias `fraud@production`
        #[arg(value_name = "MODEL@VERSION")]
        version: String,
    },
    /// Print the card of a version
    #[command(after_help = promotions::CARD_AFTER)]
    Card {
        /// The version: `fraud@5`, or by an alias `fraud@production`
        #[arg(value_name = "MODEL@VERSION")]
        version: String,
    },
    /// Show which version was where at a time
    #[command(after_help = promotions::AT_AFTER)]
    At(AtArguments),
    /// Set and show what versions need before they go to a stage
    #[command(after_help = promotions::POLICY_AFTER)]
    Policy {
        #[command(subcommand)]
        command: PolicyCommand,
    },
    /// Check and export the log of events
    #[command(after_help = promotions::AUDIT_AFTER)]
    Audit {
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// Print the log of events, and follow it
    #[command(after_help = hooks::EVENTS_AFTER)]
    Events(EventsArguments),
    /// Commands that events are handed to
    #[command(after_help = hooks::HOOKS_AFTER)]
    Hooks {
        #[command(subcommand)]
        command: HooksCommand,
    },
    /// Note what gates said of versions
    #[command(after_help = hooks::GATE_AFTER)]
    Gate {
        #[command(subcommand)]
        command: GateCommand,
    },
    /// Show who changed what of a registered model, and why
    #[command(after_help = HISTORY_AFTER)]
    History {
        /// The model's name
        name: String,
    },
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ByOptions {
    /// Why, for the history
    #[arg(long)]
    pub(in crate::cli) reason: Option<String>,
    /// Who, for the history; default: `MLOPS_ACTOR`, else who a CI system acts for, else git's
    /// `user.email`, else the user
    #[arg(long)]
    pub(in crate::cli) actor: Option<String>,
}

fn tag(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE")?;
    Ok((key.into(), value.into()))
}
