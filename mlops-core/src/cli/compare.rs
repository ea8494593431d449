//! `mlops runs compare`.

use super::args::CompareOptions;
use super::context::Context;
use super::failure::Failure;
use super::table::{self, Table};
use super::{find, shape};
use crate::base::text::float_repr;
use crate::ui::{Comparison, Row};

/// How many lines of a terminal a value takes at most.
const LINES: usize = 10;
/// What stands where a run has no such key.
const NONE: &str = "-";

pub(super) fn compare(options: &CompareOptions, context: &mut Context<'_>) -> Result<(), Failure> {
    let store = context.open()?;
    let runs = options.runs.iter().map(|word| find::run(store.runs(), word)).collect::<Result<Vec<_>, _>>()?;
    let mut compared = Comparison::of(&runs);
    if !options.all {
        compared = compared.only_differences();
    }
    if context.json {
        return context.print_json(&shape::Compared::new(&compared));
    }
    let names = compared.runs.iter().map(|run| run.run_name.as_str());
    let headings: Vec<&str> = std::iter::once("RUN").chain(names).collect();
    // One table, so that what belongs to a run stands in one column.
    let mut shown = Table::new(&headings).at_most_lines(LINES);
    shown.row(line("run id", compared.runs.iter().map(|run| run.run_id.clone())));
    shown.row(line("status", compared.runs.iter().map(|run| run.status.to_string())));
    shown.row(line("started", compared.runs.iter().map(|run| table::time(run.started_at))));
    shown.row(line("duration", compared.runs.iter().map(|run| table::duration(run.started_at, run.ended_at))));
    add(&mut shown, "PARAM", &compared.params, String::clone);
    add(&mut shown, "METRIC", &compared.metrics, |summary| float_repr(summary.last));
    add(&mut shown, "TAG", &compared.tags, String::clone);
    context.print_table(&shown)?;
    if compared.params.is_empty() && compared.metrics.is_empty() && compared.tags.is_empty() {
        context.note(if options.all { "the runs have no params, metrics and tags" } else { "nothing differs" })?;
    }
    Ok(())
}

fn line(name: &str, cells: impl Iterator<Item = String>) -> Vec<String> {
    std::iter::once(name.to_owned()).chain(cells).collect()
}

/// Adds the rows of one kind beneath their heading.
fn add<T>(table: &mut Table, heading: &str, rows: &[Row<T>], text: impl Fn(&T) -> String) {
    let Some(first) = rows.first() else { return };
    table.row(line("", first.cells.iter().map(|_| String::new())));
    table.row(line(heading, first.cells.iter().map(|_| String::new())));
    for row in rows {
        table.row(line(&row.key, row.cells.iter().map(|cell| cell.as_ref().map_or(NONE.into(), &text))));
    }
}
