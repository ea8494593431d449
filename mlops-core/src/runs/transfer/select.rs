//! Which runs are copied.

use std::collections::{BTreeMap, BTreeSet};

use super::types::{PassedOver, SyncOptions};
use super::whole::experiment_of;
use crate::base::paging::page_size;
use crate::error::{Error, Result};
use crate::runs::core::Core;
use crate::runs::store::Runs;
use crate::runs::types::{Experiment, Lifecycle, RunInfo, RunQuery, View};

/// What is selected.
#[derive(Debug, Default)]
pub(super) struct Selection {
    /// In the order in which they began, so that parents come before what is nested under them.
    pub(super) runs: Vec<RunInfo>,
    /// Experiments by id: those of the runs, and where whole experiments are asked for, those without any.
    pub(super) experiments: BTreeMap<String, Experiment>,
    /// Runs that were named and are passed over.
    pub(super) skipped: Vec<PassedOver>,
}

/// Selects runs of the source.
///
/// # Errors
/// `NotFound` for a run or an experiment that was named, `InvalidQuery` for a filter that cannot be read; what reading
/// gives.
pub(super) fn select(from: &Runs, core: &Core, options: &SyncOptions<'_>) -> Result<Selection> {
    let view = if options.include_deleted { View::All } else { View::Active };
    let mut selection = Selection::default();
    let mut named = Vec::new();
    for name in &options.experiment_names {
        let found = from.find_experiment(name)?.ok_or_else(|| Error::NotFound {
            what: "experiment",
            id: name.clone(),
            hint: " in the source; `mlops experiments list` shows what there is".into(),
        })?;
        named.push(found.experiment_id.clone());
        selection.experiments.insert(found.experiment_id.clone(), found);
    }
    let mut ids = BTreeSet::new();
    for run in &options.run_ids {
        let info = core.existing(run)?.info;
        if !view.shows(info.lifecycle) {
            let reason = "it is deleted; restore it, or copy deleted runs too (include_deleted)".into();
            selection.skipped.push(PassedOver { run_id: run.clone(), reason });
        }
        ids.insert(run.as_str());
    }
    // That of a run whose experiment is deleted is not its own.
    let mut take = |info: &RunInfo| -> Result<()> {
        let is_named = ids.is_empty() || ids.contains(info.run_id.as_str());
        let is_late = options.since.is_none_or(|since| info.ended_at.is_none_or(|ended| ended >= since));
        if is_named && is_late && view.shows(core.lifecycle(info)?) {
            selection.runs.push(info.clone());
        }
        Ok(())
    };
    if !options.filter.trim().is_empty() {
        let mut query = RunQuery {
            experiment_ids: named,
            filter: options.filter.clone(),
            max_results: page_size(0)?,
            view,
            ..RunQuery::default()
        };
        loop {
            let page = from.search(&query)?;
            page.items.iter().try_for_each(|run| take(&run.info))?;
            query.page_token = page.next_page_token;
            if query.page_token.is_none() {
                break;
            }
        }
    } else if options.run_ids.is_empty() {
        core.for_each_run(&named, |doc| take(&doc.info))?;
    } else {
        for run in &ids {
            let info = core.existing(run)?.info;
            if named.is_empty() || named.contains(&info.experiment_id) {
                take(&info)?;
            }
        }
    }
    selection.runs.sort_by(|a, b| (a.started_at, &a.run_id).cmp(&(b.started_at, &b.run_id)));
    for run in &selection.runs {
        if !selection.experiments.contains_key(&run.experiment_id) {
            selection.experiments.insert(run.experiment_id.clone(), experiment_of(core, &run.experiment_id)?);
        }
    }
    if !options.selects_runs() && options.experiment_names.is_empty() {
        for_each_experiment(from, view, |found| {
            selection.experiments.insert(found.experiment_id.clone(), found);
        })?;
    }
    if !options.include_deleted {
        let used: BTreeSet<&str> = selection.runs.iter().map(|run| run.experiment_id.as_str()).collect();
        selection.experiments.retain(|id, found| found.lifecycle == Lifecycle::Active || used.contains(id.as_str()));
    }
    Ok(selection)
}

fn for_each_experiment(from: &Runs, view: View, mut visit: impl FnMut(Experiment)) -> Result<()> {
    let mut token = None;
    loop {
        let page = from.list_experiments(view, 0, token.as_deref())?;
        page.items.into_iter().for_each(&mut visit);
        token = page.next_page_token;
        if token.is_none() {
            return Ok(());
        }
    }
}
