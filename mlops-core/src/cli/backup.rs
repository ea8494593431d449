//! `mlops backup` and `mlops restore`.

use std::cell::Cell;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use super::context::{Context, with_way_out};
use super::failure::Failure;
use super::{shape, table};
use crate::error::{Code, Error, Result};
use crate::store::{self, BackupOptions, BackupReport};

/// A copy that takes longer shows how far it is, and how often.
const PATIENCE: Duration = Duration::from_secs(1);
const SHOW_EVERY: Duration = Duration::from_millis(200);

pub(super) fn backup(dest: &str, keep_going: bool, context: &mut Context<'_>) -> Result<u8, Failure> {
    let report = copied(keep_going, |options| store::backup(&context.store, dest, options)).map_err(with_way_out)?;
    say("the backup", &report, context)
}

pub(super) fn restore(source: &str, keep_going: bool, context: &mut Context<'_>) -> Result<u8, Failure> {
    let report = copied(keep_going, |options| store::restore(source, &context.store, options));
    let report = report.map_err(|error| match error {
        Error::AlreadyExists { what, id, .. } => {
            let hint = "; name another place with --store, one that is empty or does not exist yet".into();
            Error::AlreadyExists { what, id, hint }
        }
        other => other,
    })?;
    say("the store", &report, context)
}

/// Copies; a terminal sees how far it is.
fn copied(keep_going: bool, copy: impl FnOnce(&BackupOptions<'_>) -> Result<BackupReport>) -> Result<BackupReport> {
    let began = Instant::now();
    let shown: Cell<Option<Instant>> = Cell::new(None);
    let show = |files: u64, bytes: u64| {
        if began.elapsed() > PATIENCE && shown.get().is_none_or(|at| at.elapsed() > SHOW_EVERY) {
            shown.set(Some(Instant::now()));
            // A terminal that is gone is no reason to stop.
            let _ = write!(std::io::stderr(), "\r\x1b[Kcopied {files} files, {}", table::size(bytes));
        }
    };
    let progress: Option<&dyn Fn(u64, u64)> = if std::io::stderr().is_terminal() { Some(&show) } else { None };
    let report = copy(&BackupOptions { keep_going, progress, ..BackupOptions::default() });
    if shown.get().is_some() {
        let _ = write!(std::io::stderr(), "\r\x1b[K");
    }
    report
}

fn say(what: &str, report: &BackupReport, context: &mut Context<'_>) -> Result<u8, Failure> {
    let whole = report.findings.is_empty() && report.lost.is_empty();
    let code = if whole { 0 } else { Code::Corrupt.row().exit_code };
    if context.json {
        context.print_json(&shape::Copied::new(report))?;
        return Ok(code);
    }
    for finding in &report.findings {
        let place = format!("{} at byte {}", finding.path.display(), finding.offset);
        context.print(&table::clean(&format!("{place}: {}", finding.problem)))?;
    }
    for lost in &report.lost {
        context.print(&table::clean(&format!("lost: {lost}")))?;
    }
    let (files, bytes) = (report.files, table::size(report.bytes));
    let found = if whole { "nothing is wrong" } else { "it is not whole" };
    context.print(&table::clean(&format!(
        "{what} is {}: {files} files, {bytes}, every byte checked: {found}",
        report.path.display()
    )))?;
    Ok(code)
}
