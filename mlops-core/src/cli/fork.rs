//! `mlops runs fork` and `mlops runs rewind`.

use super::args::{ForkOptions, RewindOptions};
use super::context::Context;
use super::failure::Failure;
use super::{find, shape};
use crate::runs::{self, RunPoint, RunStatus};

pub(super) fn fork(options: &ForkOptions, context: &mut Context<'_>) -> Result<(), Failure> {
    let store = context.open_to_change()?;
    let parent = find::run(store.runs(), &options.run)?.info.run_id;
    let given = runs::ForkOptions {
        run_name: options.name.clone(),
        source_name: Some("mlops runs fork".into()),
        ..runs::ForkOptions::default()
    };
    let run = store.runs().fork(&parent, options.step, given)?;
    // Nobody logs to it by now.
    run.end(RunStatus::Scheduled)?;
    let run = store.runs().get(run.id())?.info;
    store.close()?;
    let from = RunPoint { run_id: parent, step: options.step }.to_string();
    if context.json {
        let (run_id, run_name) = (run.run_id.as_str(), run.run_name.as_str());
        return context.print_json(&shape::Fork { run_id, run_name, forked_from: &from });
    }
    context.print(&format!("made the run {} of {from}", run.run_id))
}

pub(super) fn rewind(options: &RewindOptions, context: &mut Context<'_>) -> Result<(), Failure> {
    let RewindOptions { run, step, yes } = options;
    let store = if *yes { context.open_to_change()? } else { context.open()? };
    let run = find::run(store.runs(), run)?;
    let run_id = run.info.run_id.as_str();
    let metrics = run.metrics.values().filter(|summary| summary.last_step > *step).count();
    if *yes {
        store.runs().rewind(run_id, *step)?;
        store.close()?;
    }
    if context.json {
        return context.print_json(&shape::Rewind { run_id, step: *step, dry_run: !yes, metrics });
    }
    let would = if *yes { "" } else { "would be " };
    context
        .print(&format!("points behind step {step} {would}removed from {metrics} of {} metrics", run.metrics.len()))?;
    if *yes { Ok(()) } else { context.note("nothing was changed; with --yes it is done") }
}
