//! `mlops runs show`.

use super::context::Context;
use super::failure::Failure;
use super::metrics::summaries;
use super::table::{self, Table};
use super::{find, shape};
use crate::runs::Lifecycle;

/// How many lines of a terminal a value takes at most.
const LINES: usize = 10;

pub(super) fn show(word: &str, context: &mut Context<'_>) -> Result<(), Failure> {
    let store = context.open()?;
    let run = find::run(store.runs(), word)?;
    if context.json {
        return context.print_json(&shape::RunShape::new(&run));
    }
    let info = &run.info;
    let experiment = store.runs().get_experiment(&info.experiment_id)?;
    let mut head = Table::new(&["RUN ID", &info.run_id]);
    head.row(["name".into(), info.run_name.clone()]);
    head.row(["experiment".into(), format!("{} (id {})", experiment.name, experiment.experiment_id)]);
    head.row(["status".into(), info.status.to_string()]);
    if info.lifecycle == Lifecycle::Deleted {
        head.row(["lifecycle".into(), info.lifecycle.as_str().into()]);
    }
    head.row(["started".into(), table::time(info.started_at)]);
    head.row(["ended".into(), info.ended_at.map_or("-".into(), table::time)]);
    head.row(["duration".into(), table::duration(info.started_at, info.ended_at)]);
    head.row(["user".into(), format!("{} on {}", info.user, info.host)]);
    if let Some(parent) = &info.parent_run_id {
        head.row(["parent".into(), parent.clone()]);
    }
    if let Some(origin) = &run.origin {
        let step = origin.step.map_or(String::new(), |step| format!(" at step {step}"));
        head.row(["forked from".into(), format!("{}{step}", origin.run_id)]);
    }
    context.print_table(&head)?;

    if !run.params.is_empty() {
        let mut params = Table::new(&["PARAM", "VALUE"]).at_most_lines(LINES);
        for (key, value) in &run.params {
            params.row([key.clone(), value.text()]);
        }
        context.print("")?;
        context.print_table(&params)?;
    }
    if !run.metrics.is_empty() {
        context.print("")?;
        context.print_table(&summaries(run.metrics.iter()))?;
    }
    if !run.inputs.is_empty() {
        let mut inputs = Table::new(&["INPUT", "DIGEST", "CONTEXT", "SOURCE"]).at_most_lines(LINES);
        for input in &run.inputs {
            let source = format!("{} {}", input.source_type, input.source);
            inputs.row([input.name.clone(), input.digest.clone(), input.context().unwrap_or("-").into(), source]);
        }
        context.print("")?;
        context.print_table(&inputs)?;
    }
    if !run.tags.is_empty() {
        let mut tags = Table::new(&["TAG", "VALUE"]).at_most_lines(LINES);
        for (key, value) in &run.tags {
            tags.row([key.clone(), value.clone()]);
        }
        context.print("")?;
        context.print_table(&tags)?;
    }
    Ok(())
}
