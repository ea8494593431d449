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
    let mut head = Table::new(&headings);
    head.row(line("run id", compared.runs.iter().map(|run| run.run_id.clone())));
    head.row(line("status", compared.runs.iter().map(|run| run.status.to_string())));
    head.row(line("started", compared.runs.iter().map(|run| table::time(run.started_at))));
    head.row(line("duration", compared.runs.iter().map(|run| table::duration(run.started_at, run.ended_at))));
    context.print_table(&head)?;
    print("PARAM", &compared.params, String::clone, context)?;
    print("METRIC", &compared.metrics, |summary| float_repr(summary.last), context)?;
    print("TAG", &compared.tags, String::clone, context)?;
    if compared.params.is_empty() && compared.metrics.is_empty() && compared.tags.is_empty() {
        context.note(if options.all { "the runs have no params, metrics and tags" } else { "nothing differs" })?;
    }
    Ok(())
}

fn line(name: &str, cells: impl Iterator<Item = String>) -> Vec<String> {
    std::iter::once(name.to_owned()).chain(cells).collect()
}

fn print<T>(
    name: &str,
    rows: &[Row<T>],
    text: impl Fn(&T) -> String,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    let Some(first) = rows.first() else { return Ok(()) };
    let headings: Vec<&str> = std::iter::once(name).chain(first.cells.iter().map(|_| "")).collect();
    let mut section = Table::new(&headings).at_most_lines(LINES);
    for row in rows {
        section.row(line(&row.key, row.cells.iter().map(|cell| cell.as_ref().map_or(NONE.into(), &text))));
    }
    context.print("")?;
    context.print_table(&section)
}
