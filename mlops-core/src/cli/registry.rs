//! `mlops models list`, `show`, `register`, `alias`, `stage` and `history`; `promotions.rs` and `policies.rs` have the rest.

use std::time::Duration;

use serde_json::{Value, json};

use super::args::{ByOptions, ModelsCommand};
use super::context::Context;
use super::failure::Failure;
use super::table::{self, Table};
use super::{hooks, policies, promotions};
use crate::registry::{
    By, Decision, Event, LocalRegistry, ModelQuery, ModelRegistry, ModelVersion, RegisteredModel, StageOptions,
    VersionOptions,
};
use crate::store::Store;

/// How long the user's hooks are waited for when something was changed; what they did not take then they take later.
const HOOK_PATIENCE: Duration = Duration::from_secs(15);

pub(super) fn run(command: &ModelsCommand, context: &mut Context<'_>) -> Result<(), Failure> {
    match command {
        ModelsCommand::List { filter, order_by } => list(filter, order_by, context),
        ModelsCommand::Show { name } => show(name, context),
        ModelsCommand::Register { name, source, tag, description, by } => {
            let options = VersionOptions {
                source: source.clone(),
                must_exist: true,
                tags: tag.clone(),
                description: description.clone(),
                ..VersionOptions::default()
            };
            let made = changed(by, context, |registry| registry.register(name, &options))?;
            let done = format!("made version {} of `{}`", made.version, made.name);
            answer(context, &made.to_json(), &done)
        }
        ModelsCommand::Alias { name, alias, version, by, .. } => {
            changed(by, context, |registry| match version {
                Some(version) => registry.set_alias(name, alias, *version),
                None => registry.delete_alias(name, alias).map(drop),
            })?;
            let done = match version {
                Some(version) => format!("`{name}@{alias}` is version {version}"),
                None => format!("`{name}` has no alias `{alias}` now"),
            };
            answer(context, &json!({ "name": name, "alias": alias, "version": version }), &done)
        }
        ModelsCommand::Stage { name, version, stage, archive_existing, expect, by } => {
            let options = StageOptions { archive_existing: *archive_existing, expect: *expect };
            let moved = changed(by, context, |registry| registry.set_stage(name, *version, stage.parse()?, options))?;
            let done = format!("version {version} of `{}` is in {}", moved.name, moved.info.stage.as_str());
            answer(context, &moved.to_json(), &done)
        }
        ModelsCommand::Promote(arguments) => promotions::promote(arguments, context),
        ModelsCommand::Rollback(arguments) => promotions::rollback(arguments, context),
        ModelsCommand::Request(arguments) => promotions::say(Decision::Requested, arguments, context),
        ModelsCommand::Approve(arguments) => promotions::say(Decision::Approved, arguments, context),
        ModelsCommand::Reject(arguments) => promotions::say(Decision::Rejected, arguments, context),
        ModelsCommand::Withdraw(arguments) => promotions::say(Decision::Withdrawn, arguments, context),
        ModelsCommand::Pending => promotions::pending(context),
        ModelsCommand::Status(arguments) => promotions::status(arguments, context),
        ModelsCommand::Why { version } => promotions::why(version, context),
        ModelsCommand::Card { version } => promotions::card(version, context),
        ModelsCommand::At(arguments) => promotions::version_at(arguments, context),
        ModelsCommand::Policy { command } => policies::policy(command, context),
        ModelsCommand::Audit { command } => policies::audit(command, context),
        ModelsCommand::Events(arguments) => hooks::events(arguments, context),
        ModelsCommand::Hooks { command } => hooks::hooks(command, context),
        ModelsCommand::Gate { command } => hooks::gate(command, context),
        ModelsCommand::History { name } => history(name, context),
    }
}

/// Changes the registry, and closes the store, so that what it answers is on the disk.
pub(super) fn changed<T>(
    by: &ByOptions,
    context: &Context<'_>,
    change: impl FnOnce(&LocalRegistry) -> crate::error::Result<T>,
) -> Result<T, Failure> {
    let store = context.open_to_change()?;
    let by = By { actor: by.actor.clone(), reason: by.reason.clone() };
    let registry = store.registry().by(by);
    let done = change(&registry)?;
    registry.settle_hooks(HOOK_PATIENCE);
    store.close()?;
    Ok(done)
}

pub(super) fn answer(context: &mut Context<'_>, json: &Value, text: &str) -> Result<(), Failure> {
    if context.json { context.print_json(json) } else { context.print(&table::clean(text)) }
}

fn list(filter: &str, order_by: &[String], context: &mut Context<'_>) -> Result<(), Failure> {
    let store = context.open()?;
    let mut query = ModelQuery { filter: filter.into(), order_by: order_by.to_vec(), ..ModelQuery::default() };
    let mut models = Vec::new();
    loop {
        let page = store.registry().search_models(&query)?;
        models.extend(page.items);
        query.page_token = page.next_page_token;
        if query.page_token.is_none() {
            break;
        }
    }
    if context.json {
        return context
            .print_json(&json!({ "models": models.iter().map(RegisteredModel::to_json).collect::<Vec<_>>() }));
    }
    if models.is_empty() {
        return context.note("no registered models");
    }
    let mut rows = Table::new(&["NAME", "LATEST", "PRODUCTION", "ALIASES", "UPDATED"]);
    for model in models {
        let latest = model.latest_versions.iter().map(|version| version.version).max();
        let live = model.latest_versions.iter().find(|version| version.info.stage.as_str() == "Production");
        let aliases: Vec<_> = model.aliases.iter().map(|(alias, version)| format!("{alias}={version}")).collect();
        let number = |number: Option<u64>| number.map_or("-".into(), |number| number.to_string());
        let live = number(live.map(|version| version.version));
        rows.row([model.name, number(latest), live, aliases.join(" "), table::time(model.updated_at)]);
    }
    context.print_table(&rows)
}

fn versions(store: &Store, name: &str) -> Result<Vec<ModelVersion>, Failure> {
    let filter = format!("name = '{}'", name.replace('\'', "''"));
    let mut query = ModelQuery { filter, ..ModelQuery::default() };
    let mut versions = Vec::new();
    loop {
        let page = store.registry().search_versions(&query)?;
        versions.extend(page.items);
        query.page_token = page.next_page_token;
        if query.page_token.is_none() {
            return Ok(versions);
        }
    }
}

fn show(name: &str, context: &mut Context<'_>) -> Result<(), Failure> {
    let store = context.open()?;
    let model = store.registry().get_model(name)?;
    let versions = versions(&store, &model.name)?;
    if context.json {
        let mut json = model.to_json();
        if let Some(fields) = json.as_object_mut() {
            fields.insert("versions".into(), versions.iter().map(ModelVersion::to_json).collect());
        }
        return context.print_json(&json);
    }
    let mut head = Table::new(&["MODEL", &model.name]);
    if let Some(description) = &model.description {
        head.row(["description".into(), description.clone()]);
    }
    for (key, value) in &model.tags {
        head.row([format!("tag {key}"), value.clone()]);
    }
    head.row(["created".into(), table::time(model.created_at)]);
    context.print_table(&head)?;
    if versions.is_empty() {
        return Ok(());
    }
    context.print("")?;
    let mut rows = Table::new(&["VERSION", "STAGE", "ALIASES", "SOURCE", "CREATED"]);
    for version in versions {
        rows.row([
            version.version.to_string(),
            version.info.stage.as_str().into(),
            version.aliases.join(" "),
            version.info.source,
            table::time(version.info.created_at),
        ]);
    }
    context.print_table(&rows)
}

fn history(name: &str, context: &mut Context<'_>) -> Result<(), Failure> {
    let store = context.open()?;
    let events = store.registry().history(name)?;
    if context.json {
        return context.print_json(&json!({ "events": events.iter().map(Event::to_json).collect::<Vec<_>>() }));
    }
    if events.is_empty() {
        return context.note(&table::clean(&format!("nothing happened under the name `{name}`")));
    }
    let mut rows = Table::new(&["AT", "WHO", "WHAT", "VERSION", "FROM", "TO", "WHY"]);
    for event in events {
        let what =
            event.detail.map_or_else(|| event.action.as_str().into(), |of| format!("{} {of}", event.action.as_str()));
        rows.row([
            table::time(event.at),
            event.actor.name,
            what,
            event.version.map_or_else(String::new, |version| version.to_string()),
            event.from.unwrap_or_default(),
            event.to.unwrap_or_default(),
            event.reason.unwrap_or_default(),
        ]);
    }
    context.print_table(&rows)
}
