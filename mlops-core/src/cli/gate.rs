//! `mlops gate`.

use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::args::{GateArguments, GateFileCommand};
use super::context::Context;
use super::failure::Failure;
use super::promotions::named;
use super::{registry, table};
use crate::error::{Code, Error, Result};
use crate::gates::{
    GateDefinition, GateInputs, GateReport, PredictionTable, RecordOptions, RunOptions, evaluate, row_hash,
};
use crate::registry::By;
use crate::store::Store;
use crate::ui;

/// How long the user's hooks are waited for when a result was noted.
const HOOK_PATIENCE: Duration = Duration::from_secs(15);

pub(super) fn gate(arguments: &GateArguments, context: &mut Context<'_>) -> std::result::Result<u8, Failure> {
    if let Some(GateFileCommand::Check { file }) = &arguments.command {
        return check(file, context).map(|()| 0);
    }
    let (Some(definition), Some(predictions)) = (&arguments.definition, &arguments.predictions) else {
        return Err(Error::internal("clap asks for both").into());
    };
    let definition = GateDefinition::read(definition)?;
    let inputs = read_inputs(arguments, predictions)?;
    let report = match &arguments.version {
        Some(version) => of_version(version, &definition, inputs, arguments, context)?,
        None => evaluate(&definition, &inputs, &RunOptions::default())?,
    };
    if let Some(path) = &arguments.junit {
        ui::write_whole(path, &report.to_junit())?;
    }
    tell(&report, arguments, context)?;
    Ok(report.exit_code())
}

fn of_version(
    version: &str,
    definition: &GateDefinition,
    inputs: GateInputs,
    arguments: &GateArguments,
    context: &Context<'_>,
) -> std::result::Result<GateReport, Failure> {
    let store = open(arguments.record, context)?;
    let by = By { actor: arguments.by.actor.clone(), reason: arguments.by.reason.clone() };
    let registry = store.registry().by(by);
    let (name, number) = named(&registry, version)?;
    let options = RecordOptions {
        against: Some(arguments.against.clone()),
        slot: arguments.slot.clone(),
        record: arguments.record,
        count: true,
    };
    let report = store.gates().with_registry(registry.clone()).run(&name, number, definition, inputs, &options)?;
    if arguments.record {
        registry.settle_hooks(HOOK_PATIENCE);
    }
    if !store.is_read_only() {
        store.close()?;
    }
    Ok(report)
}

/// A use of the data is counted where the store can be written; where it cannot, the report says that it was not.
fn open(record: bool, context: &Context<'_>) -> std::result::Result<Store, Failure> {
    match context.open_to_change() {
        Err(Failure::Library(e)) if e.code() == Code::ReadOnly && !record => context.open(),
        opened => opened,
    }
}

fn check(file: &Path, context: &mut Context<'_>) -> std::result::Result<(), Failure> {
    let definition = GateDefinition::read(file)?;
    let (rules, mode) = (definition.digest().to_string(), definition.mode_text());
    let json = json!({"name": definition.name, "rules": rules, "mode": mode, "definition": definition.to_json()});
    registry::answer(context, &json, &format!("{}: {mode}; rules {rules}", definition.name))
}

fn read(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => Error::not_found("file", file.display().to_string()),
        _ => Error::io("read", file, e),
    })
}

fn read_inputs(arguments: &GateArguments, predictions: &Path) -> Result<GateInputs> {
    let mut inputs = PredictionTable::read(predictions)?.into_inputs()?;
    if let Some(file) = &arguments.latencies {
        (inputs.candidate_costs, inputs.baseline_costs) = PredictionTable::read(file)?.into_latencies()?;
    }
    inputs.candidate_costs.size_bytes = arguments.size_bytes;
    inputs.candidate_costs.peak_rss_bytes = arguments.peak_rss_bytes;
    inputs.candidate_costs.load_seconds = arguments.load_seconds;
    inputs.is_measuring_host = arguments.measuring_host;
    inputs.data_digest.clone_from(&arguments.data);
    if let [candidate, baseline] = arguments.unlabelled[..] {
        inputs.unlabelled = Some((candidate, baseline));
    }
    if let Some(file) = &arguments.training_hashes {
        if inputs.row_hashes.is_empty() {
            return Err(Error::InvalidArgument {
                what: "--training-hashes".into(),
                value: file.display().to_string(),
                expected: "a column row_hash among the predictions".into(),
            });
        }
        let lines = read(file)?;
        inputs.training_hashes = lines
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(|line| row_hash(line.as_bytes()))
            .collect();
    }
    Ok(inputs)
}

fn tell(report: &GateReport, arguments: &GateArguments, context: &mut Context<'_>) -> std::result::Result<(), Failure> {
    let how = if context.json { "json" } else { arguments.report.as_str() };
    let text = match how {
        "md" => report.to_markdown(),
        "json" => report.to_json_text()? + "\n",
        "html" => ui::gate_html(report),
        _ => report.to_text(),
    };
    if let Some(path) = &arguments.output {
        ui::write_whole(path, &text)?;
        return context.print(&table::clean(&report.headline()));
    }
    for line in text.lines() {
        // What is read by programs has no control characters: they are escaped there.
        let line = if how == "text" { table::clean(line) } else { line.to_owned() };
        context.print(&line)?;
    }
    Ok(())
}
