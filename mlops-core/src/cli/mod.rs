//! The command `mlops`: [`run`] reads the arguments, does what they say and gives the exit code.
//!
//! `args` has the commands and their help, a file a command does it, `shape` and `table` write the answers. Reading
//! commands open the store for reading only, so they work while another process writes, and never make one.

mod args;
mod artifacts;
mod backup;
mod compare;
mod console;
mod context;
mod experiments;
mod failure;
mod find;
mod fork;
mod fsck;
mod gate;
mod gc;
mod hooks;
mod init;
mod lifecycle;
mod lineage;
mod list;
mod metrics;
mod note;
mod plot;
mod policies;
mod promotions;
mod registry;
mod report;
mod shape;
mod show;
mod sweep_run;
mod sweeps;
mod table;
mod transfer;
mod trust;
mod version;

#[cfg(test)]
mod tests;

use std::io::{IsTerminal, Write};

use clap::{CommandFactory, FromArgMatches};

use args::{Arguments, Command, RunsCommand, SweepsCommand};
use context::Context;
use failure::Failure;

/// Help is wrapped here where no terminal says how wide it is, in characters.
const HELP_WIDTH: u16 = 100;

/// Runs one command line and returns its exit code: 0 if all is well, else what the error table says.
///
/// The first of `args` is the program's name. Answers go to `out`, errors and notes to `err`: one line
/// `error: ...`, with `--json` one JSON object. Tables fit the terminal if standard output is one.
pub fn run(args: impl IntoIterator<Item = String>, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    let width =
        if std::io::stdout().is_terminal() { terminal_size::terminal_size().map(|(width, _)| width.0) } else { None };
    run_in(args, out, err, width)
}

/// [`run`] in a terminal of this width; None: not a terminal, lines are as long as they are.
fn run_in(args: impl IntoIterator<Item = String>, out: &mut dyn Write, err: &mut dyn Write, width: Option<u16>) -> u8 {
    let args: Vec<String> = args.into_iter().collect();
    // Looked for by hand: bad usage is an error before clap can say whether it was given.
    let json = args.iter().skip(1).take_while(|arg| *arg != "--").any(|arg| arg == "--json");
    let result = parse(args, width.unwrap_or(HELP_WIDTH)).and_then(|arguments| {
        let store = arguments.store.unwrap_or_default();
        dispatch(&arguments.command, &mut Context { store, json: arguments.json, width, out, err })
    });
    match result.and_then(|code| Ok(out.flush().map(|()| code)?)) {
        Ok(code) => code,
        Err(failure) => failure.report(json, out, err),
    }
}

fn parse(args: Vec<String>, width: u16) -> Result<Arguments, Failure> {
    let matches = Arguments::command().term_width(usize::from(width)).try_get_matches_from(args)?;
    Ok(Arguments::from_arg_matches(&matches)?)
}

fn dispatch(command: &Command, context: &mut Context<'_>) -> Result<u8, Failure> {
    match command {
        Command::Runs { command: RunsCommand::List(options) } => list::list(options, context)?,
        Command::Runs { command: RunsCommand::Show { run } } => show::show(run, context)?,
        Command::Runs { command: RunsCommand::Metrics { run, key, points, plot } } => {
            let detail = match (points, plot) {
                (true, _) => metrics::Detail::Points,
                (_, true) => metrics::Detail::Plot,
                _ => metrics::Detail::Summary,
            };
            metrics::metrics(run, key.as_deref(), detail, context)?;
        }
        Command::Runs { command: RunsCommand::Compare(options) } => compare::compare(options, context)?,
        Command::Runs { command: RunsCommand::Move(arguments) } => transfer::move_runs(arguments, context)?,
        Command::Runs { command: RunsCommand::Artifacts { run, path, download } } => match download {
            Some(folder) => artifacts::download(run, path.as_deref(), folder, context)?,
            None => artifacts::list(run, path.as_deref(), context)?,
        },
        Command::Runs { command: RunsCommand::Delete { runs } } => lifecycle::delete(runs, context)?,
        Command::Runs { command: RunsCommand::Restore { runs } } => lifecycle::restore(runs, context)?,
        Command::Runs { command: RunsCommand::Fork(options) } => fork::fork(options, context)?,
        Command::Runs { command: RunsCommand::Rewind(options) } => fork::rewind(options, context)?,
        Command::Runs { command: RunsCommand::Note { run, set } } => note::note(run, set.as_deref(), context)?,
        Command::Runs { command: RunsCommand::Alerts { run } } => note::alerts(run, context)?,
        Command::Runs { command: RunsCommand::Console { run, follow } } => console::console(run, *follow, context)?,
        Command::Sweeps { command: SweepsCommand::List } => sweeps::list(context)?,
        Command::Sweeps { command: SweepsCommand::Show { name } } => sweeps::show(name, context)?,
        Command::Sweeps { command: SweepsCommand::Best { name } } => sweeps::best(name, context)?,
        Command::Sweeps { command: SweepsCommand::Run(options) } => return sweep_run::run(options, context),
        Command::Gate(arguments) => return gate::gate(arguments, context),
        Command::Report(options) => report::report(options, context)?,
        Command::Experiments { command } => experiments::run(command, context)?,
        Command::Models { command } => registry::run(command, context)?,
        Command::Init { path, shared } => init::init(path.as_deref(), shared.as_deref(), context)?,
        Command::Lineage { what, mermaid } => lineage::lineage(what, *mermaid, context)?,
        Command::Fsck { repair } => return fsck::check(*repair, context),
        Command::Backup { dest, keep_going } => return backup::backup(dest, *keep_going, context),
        Command::Restore { source, keep_going } => return backup::restore(source, *keep_going, context),
        Command::Sync(arguments) => return transfer::sync(arguments, context),
        Command::Export(arguments) => return transfer::export(arguments, context),
        Command::Import(arguments) => return transfer::import(arguments, context),
        Command::Gc(options) => gc::gc(options, context)?,
        Command::Trust { path } => trust::trust(path, context)?,
        Command::Version => version::version(context)?,
    }
    Ok(0)
}
