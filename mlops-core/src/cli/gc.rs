//! `mlops gc`.

use super::args::GcArguments;
use super::context::{Context, with_way_out};
use super::failure::Failure;
use super::table::{self, Table};
use crate::blob::Amount;
use crate::store::{GcOptions, GcReport, OpenOptions, Store};

pub(super) fn gc(arguments: &GcArguments, context: &mut Context<'_>) -> Result<(), Failure> {
    let GcArguments { yes, older_than, deleted_runs } = *arguments;
    let report = {
        // To look, reading is enough: also while the store is in use.
        let (uri, read_only) = (context.store.clone(), !yes);
        let options = OpenOptions { uri, read_only, must_exist: true, ..OpenOptions::default() };
        let store = Store::open_with(&options).map_err(with_way_out)?;
        let report = store.gc(&GcOptions { dry_run: !yes, older_than, deleted_runs })?;
        store.close()?;
        report
    };
    if context.json {
        return context.print_json(&report);
    }
    print(&report, context)
}

fn print(report: &GcReport, context: &mut Context<'_>) -> Result<(), Failure> {
    let mut rows = Table::new(&["WHAT", "COUNT", "SIZE"]);
    let mut row = |what: &str, amount: Amount| {
        if amount.count > 0 {
            rows.row([what.into(), amount.count.to_string(), table::size(amount.bytes)]);
        }
    };
    row("large blobs, to the trash", report.large_blobs);
    row("small blobs, to the trash", report.small_blobs);
    row("files in the trash, deleted", report.trash);
    row("drained files of the spool, deleted", report.spool);
    row("old files of the journal, deleted", report.journal);
    let removes = report.runs > 0 || report.models.count > 0;
    let would = if report.dry_run { "would be " } else { "" };
    if report.runs > 0 {
        let runs = if report.runs == 1 { "1 deleted run".to_owned() } else { format!("{} deleted runs", report.runs) };
        context.print(&format!("{runs} {would}removed for good"))?;
    }
    if report.models.count > 0 {
        let Amount { count, bytes } = report.models;
        let models =
            if count == 1 { "1 deleted logged model".into() } else { format!("{count} deleted logged models") };
        context.print(&format!("{models} ({}) {would}removed for good", table::size(bytes)))?;
    }
    let freed = [report.large_blobs, report.small_blobs, report.trash, report.spool, report.journal];
    let anything = freed.iter().any(|amount| amount.count > 0);
    if anything {
        context.print_table(&rows)?;
        context.print(&format!("{} {would}freed", table::size(report.freed_bytes())))?;
    } else if !removes {
        context.print("there is nothing to free")?;
    }
    if report.kept.count > 0 {
        let kept = format!("{} in {} blobs", table::size(report.kept.bytes), report.kept.count);
        context
            .note(&format!("{kept} that nothing refers to stay: they are too young, or share a file with others"))?;
    }
    if report.dry_run && (anything || removes) {
        context.note("nothing was changed; with --yes it is done")?;
    } else if report.large_blobs.count + report.small_blobs.count > 0 {
        context.note("what is in the trash is deleted by the first `mlops gc --yes` an hour from now")?;
    }
    Ok(())
}
