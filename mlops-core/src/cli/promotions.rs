//! `mlops models promote`, `rollback`, `request`, `approve`, `reject`, `withdraw`, `pending`, `status`, `why`, `card`, `at`.

use serde_json::json;

use super::args::{AtArguments, PromoteArguments, RollbackArguments, SayArguments, StatusArguments};
use super::context::Context;
use super::failure::Failure;
use super::registry::{answer, changed};
use super::table::{self, Table};
use crate::error::{Error, Result};
use crate::registry::{
    Decision, LocalRegistry, ModelRegistry, PendingApproval, PromoteOptions, Promotion, Said, Stage,
};

/// The version that `fraud@5` or `fraud@champion` names.
pub(super) fn named(registry: &LocalRegistry, text: &str) -> Result<(String, u64)> {
    let parts = text.rsplit_once('@').filter(|(name, which)| !name.is_empty() && !which.is_empty());
    let (name, which) = parts.ok_or_else(|| Error::InvalidArgument {
        what: "version".into(),
        value: text.into(),
        expected: "MODEL@VERSION such as fraud@5, or MODEL@ALIAS".into(),
    })?;
    let number = match which.parse() {
        Ok(number) => number,
        Err(_) => registry.get_by_alias(name, which)?.version,
    };
    Ok((name.into(), number))
}

pub(super) fn promote(arguments: &PromoteArguments, context: &mut Context<'_>) -> Result<(), Failure> {
    let PromoteArguments { name, version, to, slot, expect, keep_existing, leave_empty, by } = arguments;
    let to: Stage = to.parse()?;
    let options = PromoteOptions {
        to,
        slot: slot.clone(),
        expect: *expect,
        archive_existing: !keep_existing,
        leave_empty: *leave_empty,
    };
    let done = changed(by, context, |registry| registry.promote(name, *version, &options))?;
    told(&done, context)
}

pub(super) fn rollback(arguments: &RollbackArguments, context: &mut Context<'_>) -> Result<(), Failure> {
    let RollbackArguments { name, to, slot, by } = arguments;
    let done = changed(by, context, |registry| registry.rollback(name, slot, *to))?;
    told(&done, context)
}

fn told(done: &Promotion, context: &mut Context<'_>) -> Result<(), Failure> {
    let found = &done.version;
    let slot = if done.slot.is_empty() { String::new() } else { format!(" in the slot `{}`", done.slot) };
    let place = format!("version {} of `{}` is in {}{slot}", found.version, found.name, found.info.stage.as_str());
    let text = match (done.changed, done.replaced) {
        (false, _) => format!("{place} already"),
        (true, Some(replaced)) => format!("{place}, instead of version {replaced}"),
        (true, None) => place,
    };
    answer(context, &done.to_json(), &text)
}

pub(super) fn say(decision: Decision, arguments: &SayArguments, context: &mut Context<'_>) -> Result<(), Failure> {
    let SayArguments { name, version, to, by } = arguments;
    let to: Stage = to.parse()?;
    let said: Said = changed(by, context, |registry| match decision {
        Decision::Requested => registry.request_approval(name, *version, to),
        Decision::Approved => registry.approve(name, *version, to),
        Decision::Rejected => registry.reject(name, *version, to),
        Decision::Withdrawn => registry.withdraw(name, *version, to),
    })?;
    let already = if said.changed { "" } else { " already" };
    let text = format!(
        "version {version} of `{name}` for {}: {}{already} by {}",
        to.as_str(),
        said.approval.decision.as_str(),
        said.approval.actor.name
    );
    answer(context, &said.to_json(), &text)
}

pub(super) fn pending(context: &mut Context<'_>) -> Result<(), Failure> {
    let store = context.open()?;
    let pending = store.registry().pending()?;
    if context.json {
        let all: Vec<_> = pending.iter().map(PendingApproval::to_json).collect();
        return context.print_json(&json!({ "pending": all }));
    }
    if pending.is_empty() {
        return context.note("nothing waits for approval");
    }
    let mut rows = Table::new(&["MODEL", "VERSION", "FOR", "ASKED BY", "AT", "APPROVALS", "REJECTED BY", "WHY"]);
    for one in pending {
        rows.row([
            one.model,
            one.version.to_string(),
            one.target.as_str().into(),
            one.request.actor.name,
            table::time(one.request.at),
            format!("{} of {}", one.approvals, one.needed),
            one.rejected_by.join(" "),
            one.request.reason.unwrap_or_default(),
        ]);
    }
    context.print_table(&rows)
}

pub(super) fn status(arguments: &StatusArguments, context: &mut Context<'_>) -> Result<(), Failure> {
    let store = context.open()?;
    let registry = store.registry();
    let (name, number) = named(&registry, &arguments.version)?;
    let standing = registry.status(&name, number, arguments.to.parse()?, &arguments.slot)?;
    if context.json {
        return context.print_json(&standing.to_json());
    }
    let found = &standing.version;
    let can = if standing.can_promote() { "may" } else { "may not" };
    let (stage, target) = (found.info.stage.as_str(), standing.target.as_str());
    let head = if standing.is_there {
        format!("version {number} of `{}` is in {target} already", found.name)
    } else {
        format!("version {number} of `{}` is in {stage}; it {can} go to {target}", found.name)
    };
    context.print(&table::clean(&head))?;
    let mut rows = Table::new(&["ASKED FOR", "MET", "DETAIL"]);
    for requirement in &standing.requirements {
        let met = if requirement.is_met { "yes" } else { "no" };
        rows.row([requirement.name.into(), met.into(), requirement.detail.clone()]);
    }
    if !standing.requirements.is_empty() {
        context.print_table(&rows)?;
    }
    if standing.approvals.is_empty() {
        return Ok(());
    }
    let mut rows = Table::new(&["SAID", "BY", "AT", "WHY", "DOES NOT COUNT BECAUSE"]);
    for state in &standing.approvals {
        let said = &state.approval;
        rows.row([
            said.decision.as_str().into(),
            said.actor.name.clone(),
            table::time(said.at),
            said.reason.clone().unwrap_or_default(),
            state.void.clone().unwrap_or_default(),
        ]);
    }
    context.print_table(&rows)
}

/// Prints lines, each without what steers a terminal.
fn lines(text: &str, context: &mut Context<'_>) -> Result<(), Failure> {
    text.lines().try_for_each(|line| context.print(&table::clean(line)))
}

pub(super) fn why(version: &str, context: &mut Context<'_>) -> Result<(), Failure> {
    let store = context.open()?;
    let registry = store.registry();
    let (name, number) = named(&registry, version)?;
    let why = registry.why(&name, number)?;
    if context.json { context.print_json(&why.to_json()) } else { lines(&why.to_text(), context) }
}

pub(super) fn card(version: &str, context: &mut Context<'_>) -> Result<(), Failure> {
    let store = context.open()?;
    let registry = store.registry();
    let (name, number) = named(&registry, version)?;
    let card = registry.card(&name, number)?;
    if context.json { context.print_json(card.to_json()) } else { lines(&card.to_markdown(), context) }
}

pub(super) fn version_at(arguments: &AtArguments, context: &mut Context<'_>) -> Result<(), Failure> {
    let AtArguments { name, time, stage, slot } = arguments;
    let store = context.open()?;
    let stage: Stage = stage.parse()?;
    let found = store.registry().version_at(name, stage, slot, *time)?;
    let json = json!({
        "name": name, "stage": stage.as_str(), "slot": slot, "at": time.to_string(), "version": found,
    });
    let text = match found {
        Some(number) => format!("version {number} of `{name}` was in {}", stage.as_str()),
        None => format!("no version of `{name}` was in {}", stage.as_str()),
    };
    answer(context, &json, &text)
}
