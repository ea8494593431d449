//! `mlops experiments list`.

use super::context::Context;
use super::failure::Failure;
use super::shape;
use super::table::{self, Table};
use crate::runs::View;

pub(super) fn list(deleted: bool, context: &mut Context<'_>) -> Result<(), Failure> {
    let store = context.open()?;
    let view = if deleted { View::Deleted } else { View::Active };
    let mut experiments = Vec::new();
    let mut token = None;
    loop {
        let page = store.runs().list_experiments(view, 0, token.as_deref())?;
        experiments.extend(page.items);
        token = page.next_page_token;
        if token.is_none() {
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
