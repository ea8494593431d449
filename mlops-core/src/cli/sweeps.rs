//! `mlops sweeps list`, `show` and `best`.

use serde_json::{Value, json};

use super::context::Context;
use super::failure::Failure;
use super::table::{self, Table};
use crate::base::text::float_repr;
use crate::sweeps::{EarlyStopping, Sweep, TrialData};

pub(super) fn list(context: &mut Context<'_>) -> Result<(), Failure> {
    let store = context.open()?;
    let sweeps = store.sweeps().list()?;
    if context.json {
        let sweeps = sweeps.iter().map(Sweep::to_json).collect::<Result<Vec<_>, _>>()?;
        return context.print_json(&json!({ "sweeps": sweeps }));
    }
    if sweeps.is_empty() {
        return context.note("no sweeps");
    }
    let mut rows = Table::new(&["NAME", "METHOD", "METRIC", "TRIALS", "RUNNING", "FAILED", "BEST", "CREATED"]);
    for sweep in &sweeps {
        let (info, status) = (sweep.info(), sweep.status()?);
        let done = status.finished + status.stopped + status.failed + status.lost;
        rows.row([
            info.name.clone(),
            method(sweep),
            info.metric.clone(),
            format!("{done}/{}", status.max_trials),
            status.running.to_string(),
            (status.failed + status.lost).to_string(),
            sweep.best()?.map_or("-".into(), |best| value(&best)),
            table::time(info.created_at),
        ]);
    }
    context.print_table(&rows)
}

pub(super) fn show(name: &str, context: &mut Context<'_>) -> Result<(), Failure> {
    let store = context.open()?;
    let sweep = store.sweeps().get(name)?;
    if context.json {
        return context.print_json(&sweep.to_json_with_trials()?);
    }
    let trials = sweep.trials()?;
    let (info, status) = (sweep.info(), sweep.status()?);
    let mut head = Table::new(&["SWEEP", &info.name]);
    head.row(["method".into(), method(&sweep)]);
    head.row(["metric".into(), format!("{} ({})", info.metric, word(&json!(info.goal)))]);
    head.row(["seed".into(), info.seed.to_string()]);
    head.row(["early stopping".into(), rule(info.early_stopping).into()]);
    head.row(["trials".into(), info.max_trials.to_string()]);
    let counts = [
        ("finished", status.finished),
        ("stopped", status.stopped),
        ("running", status.running),
        ("failed", status.failed),
        ("killed", status.killed),
        ("lost", status.lost),
        ("left", status.left),
    ];
    for (state, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
        head.row([state.into(), count.to_string()]);
    }
    if let Some(parent) = &info.parent_run_id {
        head.row(["parent".into(), parent.clone()]);
    }
    context.print_table(&head)?;
    if trials.is_empty() {
        return Ok(());
    }
    context.print("")?;
    context.print_table(&rows(&trials))
}

pub(super) fn best(name: &str, context: &mut Context<'_>) -> Result<(), Failure> {
    let store = context.open()?;
    let sweep = store.sweeps().get(name)?;
    let best = sweep.best()?;
    if context.json {
        return context.print_json(&json!({"name": sweep.name(), "best": best.as_ref().map(TrialData::to_json)}));
    }
    match best {
        None => context.note("no trial has ended with a value"),
        Some(best) => context.print_table(&rows(&[best])),
    }
}

fn rows(trials: &[TrialData]) -> Table {
    let mut rows = Table::new(&["TRIAL", "RUN ID", "STATE", "VALUE", "STEP", "PARAMS"]);
    for trial in trials {
        let params: Vec<String> = trial.params.iter().map(|(name, value)| format!("{name}={}", value.text())).collect();
        rows.row([
            trial.number.to_string(),
            trial.run_id.clone(),
            word(&json!(trial.state)),
            value(trial),
            trial.step.map_or("-".into(), |step| step.to_string()),
            params.join(" "),
        ]);
    }
    rows
}

fn value(trial: &TrialData) -> String {
    trial.value.map_or("-".into(), float_repr)
}

fn method(sweep: &Sweep) -> String {
    sweep.info().suggested_by.clone().unwrap_or_else(|| word(&json!(sweep.info().method)))
}

const fn rule(early_stopping: EarlyStopping) -> &'static str {
    match early_stopping {
        EarlyStopping::None => "none",
        EarlyStopping::Median { .. } => "median",
        EarlyStopping::Halving { .. } => "halving",
    }
}

/// The text of a word in JSON.
fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
