//! `mlops runs list`.

use std::collections::BTreeMap;

use super::args::ListOptions;
use super::context::Context;
use super::failure::Failure;
use super::table::{self, Table};
use super::{find, shape};
use crate::runs::{RunData, RunQuery, View};
use crate::store::Store;

/// How many metrics a row of the table shows.
const METRICS: usize = 3;
/// How many lines of a terminal a run takes at most.
const LINES: usize = 3;
/// How many runs are fetched at a time where all are asked for.
const PAGE: usize = 1_000;

pub(super) fn list(options: &ListOptions, context: &mut Context<'_>) -> Result<(), Failure> {
    let store = context.open()?;
    let experiments = options.experiment.iter().map(|word| find::experiment_id(store.runs(), word));
    let mut query = RunQuery {
        experiment_ids: experiments.collect::<Result<_, _>>()?,
        filter: options.filter.clone(),
        order_by: options.order_by.clone(),
        max_results: if options.all { PAGE } else { usize::try_from(options.limit).unwrap_or(PAGE) },
        page_token: options.page_token.clone(),
        view: if options.deleted { View::Deleted } else { View::Active },
    };
    let mut runs = Vec::new();
    loop {
        let page = store.runs().search(&query)?;
        runs.extend(page.items);
        query.page_token = page.next_page_token;
        if !options.all || query.page_token.is_none() {
            break;
        }
    }
    if context.json {
        let runs = runs.iter().map(shape::RunShape::new).collect();
        return context.print_json(&shape::RunPage { runs, next_page_token: query.page_token.as_deref() });
    }
    if runs.is_empty() {
        return context.note("no runs");
    }
    context.print_table(&overview(&runs, &query, &experiment_names(&store)?))?;
    if query.page_token.is_some() {
        let shown = if runs.len() == 1 { "1 run".to_owned() } else { format!("{} runs", runs.len()) };
        context.note(&format!("{shown} shown, and there are more: --limit N or --all shows them"))?;
    }
    Ok(())
}

fn experiment_names(store: &Store) -> Result<BTreeMap<String, String>, Failure> {
    let mut names = BTreeMap::new();
    let mut token = None;
    loop {
        let page = store.runs().list_experiments(View::All, 0, token.as_deref())?;
        names.extend(page.items.into_iter().map(|experiment| (experiment.experiment_id, experiment.name)));
        token = page.next_page_token;
        if token.is_none() {
            return Ok(names);
        }
    }
}

fn overview(runs: &[RunData], query: &RunQuery, experiments: &BTreeMap<String, String>) -> Table {
    let headings = ["RUN ID", "NAME", "EXPERIMENT", "STATUS", "STARTED", "DURATION", "METRICS"];
    // In a narrow terminal the name, the status and the metrics say more than the rest.
    let mut table = Table::new(&headings).keep_first_column().may_leave_out(&[5, 4, 2, 6, 3, 1]).at_most_lines(LINES);
    let asked = [query.order_by.as_slice(), std::slice::from_ref(&query.filter)].concat().join(" ");
    for run in runs {
        let info = &run.info;
        table.row([
            info.run_id.clone(),
            info.run_name.clone(),
            experiments.get(&info.experiment_id).unwrap_or(&info.experiment_id).clone(),
            info.status.to_string(),
            table::time(info.started_at),
            table::duration(info.started_at, info.ended_at),
            metrics(run, &asked),
        ]);
    }
    table
}

/// The last values of a few metrics, those first that the user asked about.
fn metrics(run: &RunData, asked: &str) -> String {
    let mut keys: Vec<_> = run.metrics.iter().collect();
    keys.sort_by_key(|(key, _)| !asked.contains(key.as_str()));
    let shown = keys.iter().take(METRICS).map(|(key, summary)| format!("{key}={}", table::short(summary.last)));
    let more = keys.len().checked_sub(METRICS + 1).map(|more| format!("+{}", more + 1));
    shown.chain(more).collect::<Vec<_>>().join(" ")
}
