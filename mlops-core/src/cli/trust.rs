//! `mlops trust`.

use super::context::Context;
use super::failure::Failure;
use super::{shape, table};

pub(super) fn trust(path: &str, context: &mut Context<'_>) -> Result<(), Failure> {
    path.clone_into(&mut context.store);
    let store = context.open()?;
    store.trust()?;
    if context.json {
        return context.print_json(&shape::Trusted { store: store.uri(), id: store.id().to_string() });
    }
    context.print(&table::clean(&format!("you trust the store {} ({})", store.uri(), store.id())))
}
