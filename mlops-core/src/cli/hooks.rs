//! `mlops models events`, `hooks` and `gate`.

use std::time::Duration;

use serde_json::json;

use super::args::{EventsArguments, GateCommand, HooksCommand, RecordArguments};
use super::context::Context;
use super::failure::Failure;
use super::registry::{answer, changed};
use super::table::{self, Table};
use crate::error::{Code, Error};
use crate::registry::{ConsumerOptions, CursorState, Delivery, GateOptions, LocalRegistry, ModelRegistry, Next};
use crate::store::Store;

/// How often `--follow` looks.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// The store, to look at what changes. One that this process may not write stays as it is when it is opened.
fn open_to_follow(context: &Context<'_>) -> Result<(Store, bool), Failure> {
    match context.open_to_change() {
        Err(Failure::Library(e)) if e.code() == Code::ReadOnly => Ok((context.open()?, false)),
        opened => Ok((opened?, true)),
    }
}

pub(super) fn events(arguments: &EventsArguments, context: &mut Context<'_>) -> Result<(), Failure> {
    let EventsArguments { after, on, model, follow } = arguments;
    let mut options = ConsumerOptions { name: None, on: on.clone(), model: model.clone(), after: Some(*after) };
    loop {
        let (store, is_live) = if *follow { open_to_follow(context)? } else { (context.open()?, false) };
        let mut consumer = store.registry().consumer(&options)?;
        loop {
            if let Next::Event(event) = consumer.next()? {
                if context.json {
                    context.print_json(&event.to_json())?;
                } else {
                    context.print(&table::clean(&format!("{} {}", event.model, event.to_line())))?;
                }
                options.after = Some(event.seq);
                consumer.done(event.seq)?;
                continue;
            }
            if !follow {
                return Ok(());
            }
            context.out.flush()?;
            std::thread::sleep(LOOK_EVERY);
            if !is_live {
                break;
            }
        }
    }
}

pub(super) fn hooks(command: &HooksCommand, context: &mut Context<'_>) -> Result<(), Failure> {
    match command {
        HooksCommand::List => list(context),
        HooksCommand::Run { follow } => run(*follow, context),
        HooksCommand::Test { name, event } => {
            let store = context.open()?;
            let tried = store.registry().test_hook(name, *event)?;
            if context.json {
                context.print_json(&tried.to_json())?;
            } else {
                context.print(&table::clean(&tried.event.to_line()))?;
                tried.output.lines().try_for_each(|line| context.print(&table::clean(line)))?;
            }
            tried.why.map_or(Ok(()), |why| Err(failed(name, &why, None).into()))
        }
        HooksCommand::Skip { name } => {
            let store = context.open_to_change()?;
            let event = store.registry().skip_hook_event(name)?;
            store.close()?;
            answer(context, &event.to_json(), &format!("left out: {}", event.to_line()))
        }
    }
}

fn failed(hook: &str, why: &str, again: Option<&CursorState>) -> Error {
    let again = again.and_then(|state| state.retry_at).map_or_else(String::new, |at| {
        format!("; it is tried again at {at}, and `mlops models hooks skip {hook}` leaves the event out")
    });
    Error::InvalidState { detail: format!("the hook `{hook}` failed: {why}{again}") }
}

fn list(context: &mut Context<'_>) -> Result<(), Failure> {
    let store = context.open()?;
    let hooks = store.registry().hooks()?;
    if context.json {
        let all: Vec<_> = hooks.iter().map(|(hook, state)| hook.to_json(state.as_ref())).collect();
        return context.print_json(&json!({ "hooks": all }));
    }
    if hooks.is_empty() {
        return context.note("no hooks; `mlops models hooks --help` shows how they stand in your configuration");
    }
    let mut rows = Table::new(&["HOOK", "ON", "MODEL", "COMMAND", "DONE", "FAILURES", "WHY"]);
    for (hook, state) in hooks {
        let done = state.as_ref().map_or_else(|| "-".into(), |state| state.seq.to_string());
        let (failures, why) = state.map_or((0, None), |state| (state.failures, state.why));
        rows.row([
            hook.name,
            hook.on.join(" "),
            hook.model.unwrap_or_else(|| "*".into()),
            hook.command.join(" "),
            done,
            failures.to_string(),
            why.unwrap_or_default(),
        ]);
    }
    context.print_table(&rows)
}

fn run(follow: bool, context: &mut Context<'_>) -> Result<(), Failure> {
    let store = context.open_to_change()?;
    let registry = store.registry();
    let done = registry.run_hooks()?;
    say(&done, context)?;
    if follow {
        return keep_running(&registry, context);
    }
    store.close()?;
    let failure = done.iter().find_map(|of| Some((of, of.state.why.as_deref()?)));
    failure.map_or(Ok(()), |(of, why)| Err(failed(&of.hook.name, why, Some(&of.state)).into()))
}

fn keep_running(registry: &LocalRegistry, context: &mut Context<'_>) -> Result<(), Failure> {
    loop {
        context.out.flush()?;
        std::thread::sleep(LOOK_EVERY);
        let done = registry.run_hooks()?;
        // What was tried again and failed again is said once more.
        let news: Vec<_> = done.into_iter().filter(|of| of.delivered > 0).collect();
        if !news.is_empty() {
            say(&news, context)?;
        }
    }
}

fn say(done: &[Delivery], context: &mut Context<'_>) -> Result<(), Failure> {
    if context.json {
        return context.print_json(&json!({ "hooks": done.iter().map(Delivery::to_json).collect::<Vec<_>>() }));
    }
    for Delivery { hook, delivered, elsewhere, state } in done {
        let place = if *elsewhere { ", another process is at it" } else { "" };
        let why = state.why.as_ref().map_or_else(String::new, |why| format!(", then it failed: {why}"));
        context.print(&table::clean(&format!("{}: {delivered} events{place}{why}", hook.name)))?;
    }
    Ok(())
}

pub(super) fn gate(command: &GateCommand, context: &mut Context<'_>) -> Result<(), Failure> {
    let GateCommand::Record(arguments) = command;
    let RecordArguments { name, version, gate, verdict, against, metric, report, data, rules, by } = arguments;
    let report = report.as_ref().map(|file| std::fs::read_to_string(file).map_err(|e| Error::io("read", file, e)));
    let report = report.transpose()?;
    let noted = changed(by, context, |registry| {
        let baseline = against.as_ref().map(|which| match which.parse() {
            Ok(number) => Ok(number),
            Err(_) => registry.get_by_alias(name, which).map(|found| found.version),
        });
        let options = GateOptions {
            metrics: metric.iter().cloned().collect(),
            report,
            data: data.clone(),
            rules: rules.clone(),
            ..GateOptions::new(gate, baseline.transpose()?, verdict.parse()?)
        };
        registry.record_gate_result(name, *version, &options)
    })?;
    let against = noted.baseline.map_or_else(|| "nothing".into(), |baseline| format!("version {baseline}"));
    let why = noted.why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
    let verdict = noted.verdict.as_str();
    let text = format!("version {version} of `{name}` at the gate `{gate}` against {against}: {verdict}{why}");
    answer(context, &noted.to_json(), &text)
}
