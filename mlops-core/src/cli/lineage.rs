//! `mlops lineage`.

use super::context::Context;
use super::failure::Failure;
use super::table;

pub(super) fn lineage(what: &str, mermaid: bool, context: &mut Context<'_>) -> Result<(), Failure> {
    let store = context.open()?;
    let found = store.lineage(what)?;
    if context.json {
        return context.print_json(&found.to_json());
    }
    let text = if mermaid { found.to_mermaid() } else { found.to_text() };
    text.lines().try_for_each(|line| context.print(&table::clean(line)))
}
