//! `mlops models policy` and `mlops models audit`.

use serde_json::json;

use super::args::{AuditCommand, PolicyCommand};
use super::context::Context;
use super::failure::Failure;
use super::registry::changed;
use crate::error::Error;
use crate::registry::{
    LogHead, ModelRegistry, Policy, PolicyChanges, PolicyScope, SetPolicy, Stage, parse_policies, policies_to_toml,
};

/// A file that is longer is no file of policies, in bytes.
const FILE_BYTES: u64 = 1 << 20;

pub(super) fn policy(command: &PolicyCommand, context: &mut Context<'_>) -> Result<(), Failure> {
    match command {
        PolicyCommand::Init { model, by, .. } => {
            let scope = PolicyScope { model: model.clone(), stage: Stage::Production };
            let fields = Policy::strict();
            let changes = PolicyChanges::from([(scope.clone(), Some(fields.clone()))]);
            changed(by, context, |registry| registry.set_policies(&changes))?;
            if context.json {
                return all(context);
            }
            let text = policies_to_toml(std::iter::once((&scope, &fields)));
            context.print(text.trim_end())
        }
        PolicyCommand::Show { model: None } if context.json => all(context),
        PolicyCommand::Show { model: None } => {
            let store = context.open()?;
            let text = store.registry().policies_as_toml()?;
            if text.is_empty() {
                return context.note("no policies: everything is allowed; `mlops models policy init strict` sets one");
            }
            context.print(text.trim_end())
        }
        PolicyCommand::Show { model: Some(model) } => {
            let store = context.open()?;
            let registry = store.registry();
            let (staging, production) =
                (registry.policy(model, Stage::Staging)?, registry.policy(model, Stage::Production)?);
            if context.json {
                return context.print_json(&json!({"staging": staging.to_json(), "production": production.to_json()}));
            }
            let scopes = [(Stage::Staging, staging), (Stage::Production, production)];
            let tables: Vec<_> = scopes
                .into_iter()
                .map(|(stage, holds)| (PolicyScope { model: Some(model.clone()), stage }, holds.policy.to_json()))
                .collect();
            let text = policies_to_toml(tables.iter().map(|(scope, fields)| (scope, fields)));
            context.print(text.trim_end())
        }
        PolicyCommand::Set { file, by } => {
            let size = std::fs::metadata(file).map_err(|e| cannot_read(file, e))?.len();
            if size > FILE_BYTES {
                let what = format!("the file {}", file.display());
                return Err(Error::LimitExceeded { what, size, limit: FILE_BYTES, unit: "bytes" }.into());
            }
            let text = std::fs::read_to_string(file).map_err(|e| cannot_read(file, e))?;
            let changes = parse_policies(&text)?;
            changed(by, context, |registry| registry.set_policies(&changes))?;
            if context.json { all(context) } else { context.print(&format!("{} policies are set", changes.len())) }
        }
        PolicyCommand::Clear { model, stage, by } => {
            let scope = PolicyScope { model: model.clone(), stage: stage.parse()? };
            changed(by, context, |registry| registry.set_policies(&PolicyChanges::from([(scope, None)])))?;
            if context.json { all(context) } else { context.print("the policy is taken away") }
        }
    }
}

fn cannot_read(file: &std::path::Path, source: std::io::Error) -> Error {
    Error::Io { action: "read", path: file.to_path_buf(), source }
}

fn all(context: &mut Context<'_>) -> Result<(), Failure> {
    let store = context.open()?;
    let policies = store.registry().policies()?;
    context.print_json(&json!({ "policies": policies.iter().map(SetPolicy::to_json).collect::<Vec<_>>() }))
}

pub(super) fn audit(command: &AuditCommand, context: &mut Context<'_>) -> Result<(), Failure> {
    let store = context.open()?;
    let registry = store.registry();
    match command {
        AuditCommand::Verify { head } => {
            let found = registry.verify_log(*head)?;
            let text = format!("{} events hang together, up to {}", found.seq, spelled(found));
            print_head(found, &text, context)
        }
        AuditCommand::Head => {
            let head = registry.log_head()?;
            print_head(head, &spelled(head), context)
        }
        AuditCommand::Export { since } => {
            let mut after = *since;
            loop {
                let events = registry.events(after, 1_000)?;
                let Some(last) = events.last() else { return Ok(()) };
                after = last.seq;
                for event in &events {
                    context.print_json(&event.to_json())?;
                }
            }
        }
    }
}

fn spelled(head: LogHead) -> String {
    format!("{}:{}", head.seq, head.hash)
}

fn print_head(head: LogHead, text: &str, context: &mut Context<'_>) -> Result<(), Failure> {
    if context.json {
        return context.print_json(&json!({"seq": head.seq, "hash": head.hash.to_string()}));
    }
    context.print(text)
}
