//! `mlops report`.

use super::args::ReportOptions;
use super::context::Context;
use super::failure::Failure;
use super::{find, shape, table};
use crate::error::Error;
use crate::runs::RunQuery;
use crate::store::Store;
use crate::ui;

pub(super) fn report(options: &ReportOptions, context: &mut Context<'_>) -> Result<(), Failure> {
    let store = context.open()?;
    let mut runs = Vec::new();
    for word in &options.runs {
        let id = find::run(store.runs(), word)?.info.run_id;
        // Twice the same is shown once.
        if !runs.contains(&id) {
            runs.push(id);
        }
    }
    let more = pick(&store, options, &mut runs)?;
    if runs.is_empty() {
        let hint = "; `mlops runs list` shows what there is".into();
        let id = options.filter.clone().unwrap_or_else(|| options.experiment.join(", "));
        return Err(Error::NotFound { what: "run that matches", id, hint }.into());
    }
    let ids: Vec<&str> = runs.iter().map(String::as_str).collect();
    let how = ui::ReportOptions { title: options.title.clone(), ..ui::ReportOptions::default() };
    let made = ui::write_report(&store, &ids, &options.output, &how)?;
    let path = options.output.display().to_string();
    let bytes = made.html.len() as u64;
    if context.json {
        return context.print_json(&shape::ReportShape { path: &path, runs: &runs, bytes, left_out: &made.left_out });
    }
    let count = if runs.len() == 1 { "1 run".to_owned() } else { format!("{} runs", runs.len()) };
    context.print(&format!("the report of {count} is {}, {}", table::clean(&path), table::size(bytes)))?;
    for one in &made.left_out {
        context.note(&format!("left out: {}: {}", table::clean(&one.what), table::clean(&one.why)))?;
    }
    if more {
        context.note(&format!("more than {} match: --limit N picks more", options.limit))?;
    }
    Ok(())
}

/// Adds the runs that match; true if there are more than were to be picked.
fn pick(store: &Store, options: &ReportOptions, runs: &mut Vec<String>) -> Result<bool, Failure> {
    if options.filter.is_none() && options.experiment.is_empty() {
        return Ok(false);
    }
    let experiments = options.experiment.iter().map(|word| find::experiment_id(store.runs(), word));
    let page = store.runs().search(&RunQuery {
        experiment_ids: experiments.collect::<Result<_, _>>()?,
        filter: options.filter.clone().unwrap_or_default(),
        order_by: options.order_by.clone(),
        max_results: usize::try_from(options.limit).unwrap_or(1),
        ..RunQuery::default()
    })?;
    let found = page.items.into_iter().map(|run| run.info.run_id);
    let new: Vec<String> = found.filter(|id| !runs.contains(id)).collect();
    runs.extend(new);
    Ok(page.next_page_token.is_some())
}
