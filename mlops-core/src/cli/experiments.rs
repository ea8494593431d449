//! `mlops experiments list`, `delete`, `restore` and `rename`.

use super::args::ExperimentsCommand;
use super::context::{Context, with_way_out};
use super::failure::Failure;
use super::table::{self, Table};
use super::{find, shape};
use crate::error::Result;
use crate::runs::{ExperimentQuery, Runs, View};
use crate::store::{OpenOptions, Store};

pub(super) fn run(command: &ExperimentsCommand, context: &mut Context<'_>) -> Result<(), Failure> {
    match command {
        ExperimentsCommand::List { deleted, filter, order_by } => list(*deleted, filter, order_by, context),
        ExperimentsCommand::Delete { experiment } => edit(experiment, "deleted", context, Runs::delete_experiment),
        ExperimentsCommand::Restore { experiment } => edit(experiment, "restored", context, Runs::restore_experiment),
        ExperimentsCommand::Rename { experiment, name } => {
            edit(experiment, "renamed", context, |runs, id| runs.rename_experiment(id, name).map(drop))
        }
    }
}

fn list(deleted: bool, filter: &str, order_by: &[String], context: &mut Context<'_>) -> Result<(), Failure> {
    let store = context.open()?;
    let order_by = if order_by.is_empty() { vec!["experiment_id".into()] } else { order_by.to_vec() };
    let view = if deleted { View::Deleted } else { View::Active };
    let mut query = ExperimentQuery { filter: filter.into(), order_by, view, ..ExperimentQuery::default() };
    let mut experiments = Vec::new();
    loop {
        let page = store.runs().search_experiments(&query)?;
        experiments.extend(page.items);
        query.page_token = page.next_page_token;
        if query.page_token.is_none() {
            break;
        }
    }
    if context.json {
        let experiments = experiments.iter().map(shape::ExperimentShape::new).collect();
        return context.print_json(&shape::Experiments { experiments });
    }
    if experiments.is_empty() {
        return context.note("no experiments");
    }
    let mut rows = Table::new(&["ID", "NAME", "CREATED"]);
    for experiment in experiments {
        rows.row([experiment.experiment_id, experiment.name, table::time(experiment.created_at)]);
    }
    context.print_table(&rows)
}

/// Changes the experiment that `word` names, and prints what became of it.
fn edit(
    word: &str,
    done: &str,
    context: &mut Context<'_>,
    change: impl FnOnce(&Runs, &str) -> Result<()>,
) -> Result<(), Failure> {
    let options = OpenOptions { uri: context.store.clone(), must_exist: true, ..OpenOptions::default() };
    let store = Store::open_with(&options).map_err(with_way_out)?;
    let id = find::experiment_id(store.runs(), word)?;
    change(store.runs(), &id)?;
    let experiment = store.runs().get_experiment(&id)?;
    store.close()?;
    if context.json {
        return context.print_json(&shape::ExperimentShape::new(&experiment));
    }
    context.print(&table::clean(&format!("{done} the experiment `{}` (id {id})", experiment.name)))
}
