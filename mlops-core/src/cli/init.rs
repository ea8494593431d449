//! `mlops init`.

use super::context::Context;
use super::failure::Failure;
use super::{shape, table};
use crate::base::sharing::Sharing;
use crate::store::{OpenOptions, Store};

pub(super) fn init(path: Option<&str>, shared: Option<&str>, context: &mut Context<'_>) -> Result<(), Failure> {
    let uri = path.unwrap_or(&context.store).to_owned();
    let sharing = shared.map_or(Ok(Sharing::Private), Sharing::named)?;
    let store = Store::open_with(&OpenOptions { uri, sharing, must_be_new: true, ..OpenOptions::default() })?;
    store.close()?;
    if context.json {
        let (id, shared) = (store.id().to_string(), sharing.name());
        return context.print_json(&shape::Made { store: store.uri(), id, shared });
    }
    let whose = match sharing {
        Sharing::Private => "it is yours alone",
        Sharing::Group => "the users of its group may use it",
    };
    context.print(&table::clean(&format!("made the store {}; {whose}", store.uri())))
}
