//! `mlops version`.

use super::context::Context;
use super::failure::Failure;
use super::shape;

const VERSION: &str = env!("CARGO_PKG_VERSION");

pub(super) fn version(context: &mut Context<'_>) -> Result<(), Failure> {
    if context.json {
        return context.print_json(&shape::About { version: VERSION });
    }
    context.print(&format!("mlops {VERSION}"))
}
