//! The arguments of `mlops models`.

use clap::{Args, Subcommand};

pub(super) const MODELS_AFTER: &str = "\
Examples:
  mlops models list
  mlops models register fraud runs:/0199c0ffee/model
  mlops models stage fraud 3 Production --reason 'better on last week'";

const LIST_AFTER: &str = "\
Examples:
  mlops models list
  mlops models list --filter \"name LIKE 'fraud%' AND tags.team = 'growth'\" --order-by 'last_updated_timestamp DESC'
  mlops models list --json

By name, unless --order-by says otherwise. A filter and an order name name, creation_timestamp and \
last_updated_timestamp (milliseconds since 1970), and tags.

JSON: {\"models\": [MODEL, ...]}, where a MODEL is {\"name\", \"description\", \"tags\": {key: text}, \
\"aliases\": {alias: version}, \"latest_versions\": {stage: version}, \"generation\", \"created_at\", \"updated_at\"}.";

const SHOW_AFTER: &str = "\
Examples:
  mlops models show fraud
  mlops models show fraud --json

JSON: a MODEL, as `mlops models list --json` prints it, with \"versions\": [VERSION, ...], the highest first. A VERSION is \
{\"name\", \"version\", \"stage\", \"status\", \"aliases\": [alias, ...], \"source\", \"run_id\", \"model_id\", \
\"description\", \"tags\": {key: text}, \"digest\", \"created_by\", \"created_at\", \"updated_at\"}; digest is null if the \
store does not have its files.";

const REGISTER_AFTER: &str = "\
Examples:
  mlops models register fraud runs:/0199c0ffee0199c0ffee0199c0ffee01/model
  mlops models register fraud models:/fraud-dev/3 --tag reviewed=yes --reason 'for the trial'
  mlops models register fraud models:/m-0199c0ffee0199c0ffee0199c0ffee01 --json

Makes a version, and the model if there is none. The version keeps its files when the run is gone.

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
\"from\", \"to\", \"archived\": [version, ...], \"actor\", \"actor_from\", \"uid\", \"user\", \"host\", \"pid\", \"reason\", \
\"hash\"}.";

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
    /// Who, for the history; default: `MLOPS_ACTOR`, else who a CI system acts for, else the user
    #[arg(long)]
    pub(in crate::cli) actor: Option<String>,
}

fn tag(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE")?;
    Ok((key.into(), value.into()))
}
