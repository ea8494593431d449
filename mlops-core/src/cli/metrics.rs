//! `mlops runs metrics`.

use super::context::Context;
use super::failure::Failure;
use super::table::{self, Table};
use super::{find, plot, shape};
use crate::base::text::float_repr;
use crate::base::time::Timestamp;
use crate::error::Error;
use crate::runs::{MetricDefinitions, MetricSummary, RunData};
use crate::store::Store;

/// What is shown of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    Summary,
    Points,
    Plot,
}

pub(super) fn metrics(word: &str, key: Option<&str>, detail: Detail, context: &mut Context<'_>) -> Result<(), Failure> {
    let store = context.open()?;
    let mut run = find::run(store.runs(), word)?;
    if let Some(key) = key {
        run.metrics.retain(|found, _| found == key);
        if run.metrics.is_empty() {
            return Err(Error::NotFound {
                what: "metric",
                id: key.into(),
                hint: format!("; `mlops runs metrics {}` shows what the run has", run.info.run_id),
            }
            .into());
        }
    }
    if context.json {
        return print_json(&store, &run, detail == Detail::Points, context);
    }
    if run.metrics.is_empty() {
        return context.note("no metrics");
    }
    match detail {
        Detail::Summary => context.print_table(&summaries(run.metrics.iter())),
        Detail::Points => print_points(&store, &run, context),
        Detail::Plot => {
            if key.is_none() {
                let defined = MetricDefinitions::of(&run.tags);
                run.metrics.retain(|found, _| !defined.is_hidden(found));
            }
            if run.metrics.is_empty() {
                return context.note("all metrics are defined as hidden; name one to see it");
            }
            plot::print(&store, &run, context)
        }
    }
}

fn print_json(store: &Store, run: &RunData, points: bool, context: &mut Context<'_>) -> Result<(), Failure> {
    let run_id = run.info.run_id.as_str();
    let mut metrics = std::collections::BTreeMap::new();
    for (key, summary) in &run.metrics {
        let series = points.then(|| store.runs().metric_history(run_id, key)).transpose()?;
        metrics.insert(key.as_str(), shape::Metric::new(summary, series));
    }
    context.print_json(&shape::Metrics { run_id, metrics })
}

/// Points can be many: a line each as it comes, in columns of fixed width, not a table that is laid out as a whole.
fn print_points(store: &Store, run: &RunData, context: &mut Context<'_>) -> Result<(), Failure> {
    for key in run.metrics.keys() {
        let series = store.runs().metric_history(&run.info.run_id, key)?;
        context.print(&format!("METRIC {}", table::clean(key)))?;
        context.print("      STEP  TIME                         VALUE")?;
        for ((step, time), value) in series.steps.iter().zip(&series.times).zip(&series.values) {
            let time = Timestamp::from_micros(*time).to_string();
            context.print(&format!("{step:>10}  {time:<27}  {}", float_repr(*value)))?;
        }
    }
    Ok(())
}

/// A row for each metric.
pub(super) fn summaries<'a>(metrics: impl Iterator<Item = (&'a String, &'a MetricSummary)>) -> Table {
    let mut table = Table::new(&["METRIC", "LAST", "STEP", "MIN", "MAX", "COUNT"]);
    for (key, summary) in metrics {
        table.row([
            key.clone(),
            float_repr(summary.last),
            summary.last_step.to_string(),
            float_repr(summary.min),
            float_repr(summary.max),
            summary.count.to_string(),
        ]);
    }
    table
}
