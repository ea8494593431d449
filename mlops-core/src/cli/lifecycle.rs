//! `mlops runs delete` and `restore`.

use std::collections::BTreeMap;

use super::context::Context;
use super::failure::Failure;
use super::find;
use crate::error::Result;
use crate::runs::Runs;

pub(super) fn delete(words: &[String], context: &mut Context<'_>) -> Result<(), Failure> {
    edit(words, "deleted", context, Runs::delete)
}

pub(super) fn restore(words: &[String], context: &mut Context<'_>) -> Result<(), Failure> {
    edit(words, "restored", context, Runs::restore)
}

/// Changes the runs that `words` name, all of which must be there first.
fn edit(
    words: &[String],
    done: &str,
    context: &mut Context<'_>,
    change: impl Fn(&Runs, &str) -> Result<()>,
) -> Result<(), Failure> {
    let store = context.open_to_change()?;
    let mut ids = Vec::new();
    for word in words {
        let id = find::run(store.runs(), word)?.info.run_id;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    for id in &ids {
        change(store.runs(), id)?;
    }
    store.close()?;
    if context.json {
        return context.print_json(&BTreeMap::from([("runs", &ids)]));
    }
    ids.iter().try_for_each(|id| context.print(&format!("{done} the run {id}")))
}
