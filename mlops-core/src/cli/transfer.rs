//! `mlops sync`, `mlops export`, `mlops import` and `mlops runs move`.

use std::cell::Cell;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use super::args::{ExportArguments, Format, ImportArguments, MoveArguments, Selecting, SyncArguments};
use super::context::{Context, with_way_out};
use super::failure::Failure;
use super::{find, shape, table};
use crate::error::{self, Code};
use crate::runs::{KeptModel, ModelsReport, PassedOver, SyncOptions, SyncProgress, SyncReport};
use crate::store::{self, ExportFilesOptions, ExportFilesReport, OpenOptions, Source, Store};

/// What takes longer shows how far it is, and how often.
const PATIENCE: Duration = Duration::from_secs(1);
const SHOW_EVERY: Duration = Duration::from_millis(200);

pub(super) fn sync(arguments: &SyncArguments, context: &mut Context<'_>) -> Result<u8, Failure> {
    let SyncArguments { from, to, run, selecting } = arguments;
    let from = store::open_source(from)?;
    copy(&from, |options| bring(&from, to, options), run, selecting, context)
}

pub(super) fn import(arguments: &ImportArguments, context: &mut Context<'_>) -> Result<u8, Failure> {
    let ImportArguments { folder, run, selecting } = arguments;
    let to = store::destination(&context.store, selecting.dry_run)?;
    let from = Source::open(folder, to.uri())?;
    let brought = |options: &SyncOptions<'_>| {
        let report = from.sync_into(&to, options)?;
        if !options.dry_run {
            to.close()?;
        }
        Ok((report, to.uri().to_owned()))
    };
    copy(from.store(), brought, run, selecting, context)
}

pub(super) fn export(arguments: &ExportArguments, context: &mut Context<'_>) -> Result<u8, Failure> {
    let ExportArguments { runs, output, all: _, format, overwrite, selecting } = arguments;
    let from = context.open()?;
    let to = output.display().to_string();
    if *format == Format::Plain {
        let bring = |select: &SyncOptions<'_>| {
            let options = ExportFilesOptions { select: select.clone(), overwrite: *overwrite };
            store::export_files(&from, &to, &options)
        };
        let report = shown(&from, bring, runs, selecting)?;
        return say_files(&report, context);
    }
    if *overwrite {
        let expected = "--format plain beside it: an export as a store is brought up to date".into();
        let (what, value) = ("--overwrite".into(), "true".into());
        return Err(error::Error::InvalidArgument { what, value, expected }.into());
    }
    copy(&from, |options| bring(&from, &to, options), runs, selecting, context)
}

/// Brings runs to a location, which is made if there is something to bring.
fn bring(from: &Store, to: &str, options: &SyncOptions<'_>) -> error::Result<(SyncReport, String)> {
    let report = store::export(from, to, options)?;
    Ok((report, Store::locate(to)?))
}

pub(super) fn move_runs(arguments: &MoveArguments, context: &mut Context<'_>) -> Result<(), Failure> {
    let options = OpenOptions { uri: context.store.clone(), must_exist: true, ..OpenOptions::default() };
    let store = Store::open_with(&options).map_err(with_way_out)?;
    let runs = store.runs();
    let ids = arguments.runs.iter().map(|word| Ok(find::run(runs, word)?.info.run_id));
    let ids = ids.collect::<Result<Vec<_>, Failure>>()?;
    let experiment = runs.ensure_experiment(&arguments.experiment)?;
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let moved = runs.move_to_experiment(&ids, &experiment.experiment_id)?;
    store.close()?;
    if context.json {
        let (experiment_id, name) = (&*experiment.experiment_id, &*experiment.name);
        return context.print_json(&shape::Relocation { experiment_id, name, moved });
    }
    let stay = ids.len() as u64 - moved;
    let there = if stay > 0 { format!("; {} there already", were(stay)) } else { String::new() };
    context.print(&table::clean(&format!("moved {} to {}{there}", counted(moved), experiment.name)))
}

/// Copies, and says what was copied.
fn copy(
    from: &Store,
    bring: impl FnOnce(&SyncOptions<'_>) -> error::Result<(SyncReport, String)>,
    runs: &[String],
    selecting: &Selecting,
    context: &mut Context<'_>,
) -> Result<u8, Failure> {
    let (report, to) = shown(from, bring, runs, selecting)?;
    if context.json {
        context.print_json(&report)?;
    } else {
        say(&report, &to, context)?;
    }
    Ok(if !report.failed.is_empty() {
        Code::Corrupt.row().exit_code
    } else if report.open_conflicts() > 0 {
        Code::Conflict.row().exit_code
    } else {
        0
    })
}

/// Does it with what is selected; a terminal sees how far it is.
fn shown<T>(
    from: &Store,
    bring: impl FnOnce(&SyncOptions<'_>) -> error::Result<T>,
    runs: &[String],
    selecting: &Selecting,
) -> Result<T, Failure> {
    let ids = runs.iter().map(|word| Ok(find::run(from.runs(), word)?.info.run_id));
    let names = selecting.experiment.iter().map(|word| {
        let id = find::experiment_id(from.runs(), word)?;
        Ok(from.runs().get_experiment(&id)?.name)
    });
    let began = Instant::now();
    let shown: Cell<Option<Instant>> = Cell::new(None);
    let show = |SyncProgress { runs, of, bytes }| {
        if began.elapsed() > PATIENCE && shown.get().is_none_or(|at| at.elapsed() > SHOW_EVERY) {
            shown.set(Some(Instant::now()));
            // A terminal that is gone is no reason to stop.
            let _ = write!(std::io::stderr(), "\r\x1b[K{} {runs} of {of} runs, {}", bar(runs, of), table::size(bytes));
        }
    };
    let options = SyncOptions {
        run_ids: ids.collect::<Result<_, Failure>>()?,
        experiment_names: names.collect::<Result<_, Failure>>()?,
        filter: selecting.filter.clone(),
        since: selecting.since,
        include_deleted: selecting.include_deleted,
        skip_deleted_experiments: selecting.skip_deleted_experiments,
        on_conflict: selecting.on_conflict,
        dry_run: selecting.dry_run,
        progress: if std::io::stderr().is_terminal() { Some(&show) } else { None },
    };
    let brought = bring(&options);
    if shown.get().is_some() {
        let _ = write!(std::io::stderr(), "\r\x1b[K");
    }
    Ok(brought?)
}

fn say_files(report: &ExportFilesReport, context: &mut Context<'_>) -> Result<u8, Failure> {
    if context.json {
        context.print_json(report)?;
        return Ok(0);
    }
    let path = report.path.display();
    let line = if report.dry_run {
        format!("{path}: {} would be exported", counted(report.runs))
    } else {
        let (files, size) = (report.files, table::size(report.bytes));
        format!("{path}: {}, {} points, {size} in {files} files", counted(report.runs), report.points)
    };
    context.print(&table::clean(&line))?;
    for PassedOver { run_id, reason } in &report.skipped {
        context.print(&table::clean(&format!("passed over: {run_id}: {reason}")))?;
    }
    if report.dry_run {
        context.note("nothing was written; without --dry-run it is done")?;
    }
    Ok(0)
}

fn bar(done: u64, of: u64) -> String {
    const WIDTH: u64 = 20;
    let filled = (done * WIDTH).checked_div(of).unwrap_or(WIDTH).min(WIDTH);
    (0..WIDTH).map(|at| if at < filled { '#' } else { '.' }).collect()
}

fn say(report: &SyncReport, to: &str, context: &mut Context<'_>) -> Result<(), Failure> {
    let would = if report.dry_run { "would be " } else { "" };
    let mut parts = vec![format!("{} {would}new", counted(report.new.len() as u64))];
    for (count, what) in [
        (report.updated.len() as u64, format!("{would}updated")),
        (report.unchanged, "unchanged".into()),
        (report.ahead.len() as u64, "newer there".into()),
    ] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    if report.blobs > 0 {
        parts.push(format!("{} in {} files", table::size(report.bytes), report.blobs));
    }
    context.print(&table::clean(&format!("{to}: {}", parts.join(", "))))?;
    say_models("logged", &report.logged_models, would, context)?;
    say_models("registered", &report.registered_models, would, context)?;
    for conflict in &report.conflicts {
        let line = format!("conflict ({}): {}: {}", conflict.resolution.as_str(), conflict.run_id, conflict.differs);
        context.print(&table::clean(&line))?;
    }
    for (what, passed) in [("passed over", &report.skipped), ("damaged", &report.failed)] {
        for PassedOver { run_id, reason } in passed {
            context.print(&table::clean(&format!("{what}: {run_id}: {reason}")))?;
        }
    }
    if report.open_conflicts() > 0 {
        context.note("runs that changed in both stay as they are; --on-conflict theirs or ours settles it")?;
    }
    if report.dry_run {
        context.note("nothing was written; without --dry-run it is done")?;
    }
    Ok(())
}

/// A line of models if there is something to say, and one for each that is kept as it is.
fn say_models(what: &str, report: &ModelsReport, would: &str, context: &mut Context<'_>) -> Result<(), Failure> {
    let counts = [
        (report.new.len(), format!("{would}new")),
        (report.updated.len(), format!("{would}updated")),
        (report.ahead.len(), "newer there".into()),
    ];
    let parts: Vec<_> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    if !parts.is_empty() {
        context.print(&format!("{what} models: {}", parts.join(", ")))?;
    }
    for KeptModel { model, reason } in &report.kept {
        context.print(&table::clean(&format!("kept as it is: {what} model {model}: {reason}")))?;
    }
    for KeptModel { model, reason } in &report.notes {
        context.print(&table::clean(&format!("{what} model {model}: {reason}")))?;
    }
    Ok(())
}

fn counted(runs: u64) -> String {
    if runs == 1 { "1 run".into() } else { format!("{runs} runs") }
}

fn were(runs: u64) -> String {
    if runs == 1 { "1 was".into() } else { format!("{runs} were") }
}
