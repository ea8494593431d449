//! Registered models: names, aliases, tags, what is in production, and what happened to them.

use mlops_core::registry::{By, Event, LocalRegistry, ModelQuery, ModelRegistry, RegisteredModel, Stage, Tombstone};
use mlops_core::{Result, Timestamp};

use crate::args::{Array, Versioned, refuse, slice};
use crate::boundary::export;
use crate::json;
use crate::sized::{check_reserved, sized_input};
use crate::store::mlops_store;
use crate::text::{Text, mlops_buf, mlops_str, mlops_tag, tags, texts};

/// Stands for no version: nothing is there.
pub const MLOPS_VERSION_NONE: i64 = 0;
/// Whatever the generation is, where a call asks which one is expected.
pub const MLOPS_GENERATION_ANY: i64 = -1;

/// Which models or versions are looked for. Begin with `MLOPS_MODEL_QUERY_INIT`, which finds all.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_model_query {
    /// The size of this struct.
    pub struct_size: u32,
    /// Must be 0.
    pub reserved: u32,
    /// A filter: models have `name`, `creation_timestamp`, `last_updated_timestamp` and tags, versions `version_number`,
    /// `run_id`, `source_path` and `current_stage` too; empty: all.
    pub filter: mlops_str,
    /// Order such as `version_number DESC`; then the name, and of versions the highest number first.
    pub order_by: *const mlops_str,
    /// How many orders.
    pub order_by_count: usize,
    /// Most results of the page, 1 to 50,000; 0 (default): 1,000.
    pub max_results: usize,
    /// Where to go on, from the page before; empty: at the beginning.
    pub page_token: mlops_str,
}

impl Versioned for mlops_model_query {
    const DEFAULT: Self = Self {
        struct_size: 0,
        reserved: 0,
        filter: mlops_str::EMPTY,
        order_by: std::ptr::null(),
        order_by_count: 0,
        max_results: 0,
        page_token: mlops_str::EMPTY,
    };
}
sized_input!(mlops_model_query);

impl mlops_model_query {
    pub(crate) unsafe fn read(&self) -> Result<ModelQuery> {
        check_reserved("query", self.reserved)?;
        // SAFETY: as the caller's.
        unsafe {
            let order_by = slice(self.order_by, self.order_by_count, "query.order_by")?;
            Ok(ModelQuery {
                filter: self.filter.text("query.filter")?.to_owned(),
                order_by: texts(order_by, "query.order_by")?,
                max_results: self.max_results,
                page_token: self.page_token.given("query.page_token")?,
            })
        }
    }
}

impl mlops_store {
    /// The registry, whose changes somebody makes for a reason; empty texts were not given.
    pub(crate) fn registry_by(&self, actor: &str, reason: &str) -> LocalRegistry {
        self.store.registry().by(By { actor: given(actor), reason: given(reason) })
    }
}

/// The text, or None if it is empty.
pub(crate) fn given(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// The number of a version.
pub(crate) fn number(version: i64) -> Result<u64> {
    let number = u64::try_from(version).ok().filter(|number| *number > 0);
    number.ok_or_else(|| refuse("version", version.to_string(), "the number of a version, 1 or more"))
}

/// A number of the registry for C.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The generation that is expected; None: any.
pub(crate) fn expected(generation: i64) -> Result<Option<u64>> {
    if generation == MLOPS_GENERATION_ANY {
        return Ok(None);
    }
    let number = u64::try_from(generation).map(Some);
    number.map_err(|_| refuse("expect", generation.to_string(), "a generation, 0 or more, or MLOPS_GENERATION_ANY"))
}

/// A stage; an empty text is Production.
pub(crate) fn stage(text: &str) -> Result<Stage> {
    if text.is_empty() { Ok(Stage::Production) } else { text.parse() }
}

/// A list of what becomes JSON.
pub(crate) fn list<T>(items: &[T], one: impl Fn(&T) -> serde_json::Value) -> Result<mlops_buf> {
    Ok(json::text(&items.iter().map(one).collect::<Vec<_>>())?.into())
}

unsafe fn tags_of(array: Array<mlops_tag>, count: usize) -> Result<Vec<(String, String)>> {
    // SAFETY: as the caller's.
    unsafe { tags(array.slice(count)?, "tags") }
}

export! {
    /// Makes a registered model without versions. Names are the same in upper and lower case; they have no `/`, `:` or `@`.
    ///
    /// `actor` says who does it (empty: `MLOPS_ACTOR`, else who a CI system acts for, else `user.email` of git, else the
    /// user), `reason` why; both stand in the history. So it is in every function that changes the registry. Threads: any.
    /// Since 0.1.
    pub fn mlops_registered_model_create(
        store: *const mlops_store,
        name: mlops_str,
        description: mlops_str,
        tags: *const mlops_tag,
        tags_count: usize,
        actor: mlops_str,
        reason: mlops_str,
    ) -> mlops_status {
        // SAFETY: the caller keeps the contract: tags live for this call.
        let tags = unsafe { tags_of(tags, tags_count) }?;
        store.registry_by(actor, reason).create_model(name, given(description).as_deref(), &tags).map(drop)
    }

    /// A registered model as JSON: `{"name", "description", "tags", "aliases": {alias: number}, "latest_versions": {stage:
    /// number}, "generation", "slots": {slot: {"generation", "production", "previous", "event"}}, "created_at",
    /// "updated_at"}`, as `mlops models list --json` prints it.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_registered_model_json(store: *const mlops_store, name: mlops_str, out: *mut mlops_buf) -> mlops_status {
        out.set(json::text(&store.store.registry().get_model(name)?.to_json())?.into());
        Ok(())
    }

    /// A page of the registered models that match a query, by name unless it orders them: `{"items": [...],
    /// "next_page_token": null}`, each as `mlops_registered_model_json` writes it.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_registered_model_search_json(
        store: *const mlops_store,
        query: *const mlops_model_query,
        out: *mut mlops_buf,
    ) -> mlops_status {
        // SAFETY: the caller keeps the contract: arrays and texts live for this call.
        let page = store.store.registry().search_models(&unsafe { query.read() }?)?;
        let token = Text::new(page.next_page_token.unwrap_or_default());
        out.set(json::text(&json::page(page.items.iter().map(RegisteredModel::to_json), &token))?.into());
        Ok(())
    }

    /// Gives a registered model another name; its versions keep their numbers, and its policies go along.
    ///
    /// `MLOPS_CONFLICT` for numbers that were given under the name before, for policies of both names that differ, and without a
    /// reason where a policy protects what is in production.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_registered_model_rename(
        store: *const mlops_store,
        name: mlops_str,
        to: mlops_str,
        actor: mlops_str,
        reason: mlops_str,
    ) -> mlops_status {
        store.registry_by(actor, reason).rename_model(name, to).map(drop)
    }

    /// Replaces the description of a registered model; an empty one takes it away.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_registered_model_describe(
        store: *const mlops_store,
        name: mlops_str,
        description: mlops_str,
        actor: mlops_str,
        reason: mlops_str,
    ) -> mlops_status {
        store.registry_by(actor, reason).describe_model(name, given(description).as_deref()).map(drop)
    }

    /// Deletes a registered model with its versions, whose numbers are not given again; its events stay. `force` not 0
    /// deletes whatever a policy protects, and needs a reason.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_registered_model_delete(
        store: *const mlops_store,
        name: mlops_str,
        force: i32,
        actor: mlops_str,
        reason: mlops_str,
    ) -> mlops_status {
        let registry = store.registry_by(actor, reason);
        if force == 0 { registry.delete_model(name) } else { registry.force_delete_model(name) }
    }

    /// Sets a tag of a registered model.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_registered_model_set_tag(
        store: *const mlops_store,
        name: mlops_str,
        key: mlops_str,
        value: mlops_str,
        actor: mlops_str,
        reason: mlops_str,
    ) -> mlops_status {
        store.registry_by(actor, reason).set_model_tag(name, key, value)
    }

    /// Removes a tag of a registered model; fine if it has none of this key.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_registered_model_delete_tag(
        store: *const mlops_store,
        name: mlops_str,
        key: mlops_str,
        actor: mlops_str,
        reason: mlops_str,
    ) -> mlops_status {
        store.registry_by(actor, reason).delete_model_tag(name, key).map(drop)
    }

    /// Points an alias to a version, whichever it pointed to before. The alias `production` is a promotion.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_registered_model_set_alias(
        store: *const mlops_store,
        name: mlops_str,
        alias: mlops_str,
        version: i64,
        actor: mlops_str,
        reason: mlops_str,
    ) -> mlops_status {
        store.registry_by(actor, reason).set_alias(name, alias, number(version)?)
    }

    /// Removes an alias; fine if the model has none of this name.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_registered_model_delete_alias(
        store: *const mlops_store,
        name: mlops_str,
        alias: mlops_str,
        actor: mlops_str,
        reason: mlops_str,
    ) -> mlops_status {
        store.registry_by(actor, reason).delete_alias(name, alias).map(drop)
    }

    /// The version that an alias points to; `previous` is what a rollback goes back to.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_registered_model_by_alias(
        store: *const mlops_store,
        name: mlops_str,
        alias: mlops_str,
        version: *mut i64,
    ) -> mlops_status {
        version.set(signed(store.store.registry().get_by_alias(name, alias)?.version));
        Ok(())
    }

    /// What is in production in a slot (empty: the one that every model has): the version, or `MLOPS_VERSION_NONE`, and how
    /// often that has changed, which a promotion may expect. `mlops_watch_open` is for hosts that ask again and again.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_registered_model_production(
        store: *const mlops_store,
        name: mlops_str,
        slot: mlops_str,
        version: *mut i64,
        generation: *mut i64,
    ) -> mlops_status {
        let state = store.store.registry().slot_state(name, slot)?;
        version.set(signed(state.production.unwrap_or_default()));
        generation.set(signed(state.generation));
        Ok(())
    }

    /// The version that was in a stage (empty: Production) at a time in microseconds; `MLOPS_VERSION_NONE` if none was. Of
    /// Production it is that of the slot.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_registered_model_at(
        store: *const mlops_store,
        name: mlops_str,
        stage: mlops_str,
        slot: mlops_str,
        time: i64,
        version: *mut i64,
    ) -> mlops_status {
        let at = Timestamp::from_micros(time);
        let found = store.store.registry().version_at(name, self::stage(stage)?, slot, at)?;
        version.set(signed(found.unwrap_or_default()));
        Ok(())
    }

    /// All that happened under a name as JSON, in order, also to a model that was deleted: a list of events as
    /// `mlops models history --json` has them.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_registered_model_history_json(
        store: *const mlops_store,
        name: mlops_str,
        out: *mut mlops_buf,
    ) -> mlops_status {
        out.set(list(&store.store.registry().history(name)?, Event::to_json)?);
        Ok(())
    }

    /// What is left of the versions that were deleted under a name as JSON: a list with number, digest, who, why and when.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_registered_model_deleted_versions_json(
        store: *const mlops_store,
        name: mlops_str,
        out: *mut mlops_buf,
    ) -> mlops_status {
        out.set(list(&store.store.registry().deleted_versions(name)?, Tombstone::to_json)?);
        Ok(())
    }
}
