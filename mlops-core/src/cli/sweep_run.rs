//! `mlops sweeps run`.

use std::process::Command;

use serde_json::json;

use super::args::SweepRunOptions;
use super::context::{Context, with_way_out};
use super::failure::Failure;
use crate::error::Error;
use crate::runs::RunStatus;
use crate::store::{OpenOptions, Store};
use crate::sweeps::{Sweep, SweepOptions, Trial};

pub(super) fn run(options: &SweepRunOptions, context: &mut Context<'_>) -> Result<u8, Failure> {
    let must_exist = options.sweep.is_none();
    let opened = OpenOptions { uri: context.store.clone(), must_exist, ..OpenOptions::default() };
    let store = Store::open_with(&opened).map_err(with_way_out)?;
    let sweep = sweep(&store, options)?;
    let (mut finished, mut failed) = (0_u64, 0_u64);
    while let Some(trial) = sweep.take()? {
        let ended = run_trial(&store, &trial, &options.command);
        let status = if matches!(ended, Ok(true)) { RunStatus::Finished } else { RunStatus::Failed };
        trial.end(status)?;
        ended?;
        *(if status == RunStatus::Finished { &mut finished } else { &mut failed }) += 1;
        if failed > 0 && options.stop_on_failure {
            break;
        }
    }
    if context.json {
        context.print_json(&json!({"name": sweep.name(), "finished": finished, "failed": failed}))?;
    } else {
        context.print(&format!("{finished} trials finished, {failed} failed"))?;
    }
    Ok(u8::from(failed > 0))
}

fn sweep(store: &Store, options: &SweepRunOptions) -> Result<Sweep, Failure> {
    let program = options.command.first().map_or("", String::as_str);
    let Some(file) = &options.sweep else {
        return Ok(store.sweeps().get(&options.name)?.with_source(program, "LOCAL"));
    };
    let text = std::fs::read_to_string(file).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => Error::not_found("file", file.display().to_string()),
        _ => Error::io("read", file, source),
    })?;
    let defined = SweepOptions { name: Some(options.name.clone()), ..SweepOptions::from_json(&text)? };
    Ok(store.sweeps().ensure(&defined)?.with_source(program, "LOCAL"))
}

/// Runs the command; true if it ended well.
fn run_trial(store: &Store, trial: &Trial, command: &[String]) -> Result<bool, Failure> {
    let params: Vec<(&String, String)> = trial.params().iter().map(|(name, value)| (name, value.text())).collect();
    let filled = |argument: &String| {
        params.iter().fold(argument.clone(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    };
    let mut arguments = command.iter().map(filled);
    let program = arguments.next().unwrap_or_default();
    let mut child = Command::new(&program);
    child.args(arguments).env("MLOPS_RUN_ID", trial.run().id());
    if let Some(path) = store.path() {
        child.env("MLOPS_STORE", path);
    }
    for (name, value) in &params {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
        child.env(format!("MLOPS_PARAM_{}", name.chars().map(plain).collect::<String>()), value);
    }
    let status = child.status().map_err(|source| Error::Io { action: "run", path: program.into(), source })?;
    Ok(status.success())
}
