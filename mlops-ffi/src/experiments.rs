//! Experiments: named groups of runs.

use std::ptr::null_mut;

use mlops_core::Result;
use mlops_core::runs::{Experiment, ExperimentQuery, Lifecycle, View};

use crate::args::{Handle, Versioned, refuse, slice};
use crate::boundary::export;
use crate::json;
use crate::run_data::{at, pairs};
use crate::sized::{sized_input, sized_output};
use crate::store::mlops_store;
use crate::text::{Text, mlops_buf, mlops_str, mlops_tag, texts};

/// Only what is not deleted.
pub const MLOPS_VIEW_ACTIVE: i32 = 0;
/// Only what is deleted.
pub const MLOPS_VIEW_DELETED: i32 = 1;
/// All.
pub const MLOPS_VIEW_ALL: i32 = 2;
/// It is there.
pub const MLOPS_LIFECYCLE_ACTIVE: i32 = 0;
/// It is deleted and hidden from lists that do not ask for it.
pub const MLOPS_LIFECYCLE_DELETED: i32 = 1;

/// An experiment as it was when it was read. Freed with `mlops_experiment_free`, unless it belongs to a list.
#[derive(Debug)]
pub struct mlops_experiment {
    pub(crate) id: Text,
    pub(crate) name: Text,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) tags: Vec<(Text, Text)>,
}

/// A page of experiments. Freed with `mlops_experiments_free`.
#[derive(Debug)]
pub struct mlops_experiments {
    items: Vec<mlops_experiment>,
    next_page_token: Text,
}

impl Handle for mlops_experiment {}
impl Handle for mlops_experiments {}

/// What identifies an experiment. Begin with `MLOPS_EXPERIMENT_INFO_INIT`; the texts live as long as the experiment.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_experiment_info {
    /// The size of this struct.
    pub struct_size: u32,
    /// `MLOPS_LIFECYCLE_ACTIVE` or `MLOPS_LIFECYCLE_DELETED`.
    pub lifecycle: i32,
    /// The id: a number as text, counted up from "0".
    pub experiment_id: mlops_str,
    /// The name, unique in the store.
    pub name: mlops_str,
    /// When it was made, in UTC microseconds.
    pub created_at: i64,
    /// When its name, tags or lifecycle last changed, in UTC microseconds.
    pub updated_at: i64,
}

/// Which page of a list. Begin with `MLOPS_PAGE_OPTIONS_INIT`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_page_options {
    /// The size of this struct.
    pub struct_size: u32,
    /// `MLOPS_VIEW_ACTIVE` (default), `MLOPS_VIEW_DELETED` or `MLOPS_VIEW_ALL`.
    pub view: i32,
    /// Most results of the page, 1 to 50,000; 0 (default): 1,000.
    pub max_results: usize,
    /// Where to go on, from the page before; empty: at the beginning.
    pub page_token: mlops_str,
}

/// What a search for experiments looks for. Begin with `MLOPS_EXPERIMENT_QUERY_INIT`, which finds the active ones.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_experiment_query {
    /// The size of this struct.
    pub struct_size: u32,
    /// `MLOPS_VIEW_ACTIVE` (default), `MLOPS_VIEW_DELETED` or `MLOPS_VIEW_ALL`.
    pub view: i32,
    /// A filter such as `name LIKE 'churn%' AND tags.team = 'growth'`; empty: every experiment.
    pub filter: mlops_str,
    /// Order such as `name ASC`; then creation and id, both descending.
    pub order_by: *const mlops_str,
    /// How many orders.
    pub order_by_count: usize,
    /// Most experiments of the page, 1 to 50,000; 0 (default): 1,000.
    pub max_results: usize,
    /// Where to go on, from the page before; empty: at the beginning.
    pub page_token: mlops_str,
}

impl Versioned for mlops_experiment_query {
    const DEFAULT: Self = Self {
        struct_size: 0,
        view: MLOPS_VIEW_ACTIVE,
        filter: mlops_str::EMPTY,
        order_by: std::ptr::null(),
        order_by_count: 0,
        max_results: 0,
        page_token: mlops_str::EMPTY,
    };
}

impl mlops_experiment_query {
    unsafe fn read(&self) -> Result<ExperimentQuery> {
        // SAFETY: as the caller's.
        unsafe {
            let order_by = slice(self.order_by, self.order_by_count, "query.order_by")?;
            Ok(ExperimentQuery {
                filter: self.filter.text("query.filter")?.to_owned(),
                order_by: texts(order_by, "query.order_by")?,
                max_results: self.max_results,
                page_token: self.page_token.given("query.page_token")?,
                view: view(self.view)?,
            })
        }
    }
}

impl Versioned for mlops_page_options {
    const DEFAULT: Self =
        Self { struct_size: 0, view: MLOPS_VIEW_ACTIVE, max_results: 0, page_token: mlops_str::EMPTY };
}

impl Versioned for mlops_experiment_info {
    const DEFAULT: Self = Self {
        struct_size: 0,
        lifecycle: 0,
        experiment_id: mlops_str::EMPTY,
        name: mlops_str::EMPTY,
        created_at: 0,
        updated_at: 0,
    };
}
sized_input!(mlops_page_options);
sized_input!(mlops_experiment_query);
sized_output!(mlops_experiment_info);

impl From<Experiment> for mlops_experiment {
    fn from(experiment: Experiment) -> Self {
        Self {
            id: Text::new(experiment.experiment_id),
            name: Text::new(experiment.name),
            lifecycle: experiment.lifecycle,
            created_at: experiment.created_at.as_micros(),
            updated_at: experiment.updated_at.as_micros(),
            tags: pairs(experiment.tags),
        }
    }
}

/// The view of a number.
pub(crate) fn view(number: i32) -> mlops_core::Result<View> {
    match number {
        MLOPS_VIEW_ACTIVE => Ok(View::Active),
        MLOPS_VIEW_DELETED => Ok(View::Deleted),
        MLOPS_VIEW_ALL => Ok(View::All),
        _ => Err(refuse("view", number.to_string(), "MLOPS_VIEW_ACTIVE, MLOPS_VIEW_DELETED or MLOPS_VIEW_ALL")),
    }
}

/// The number of a lifecycle.
pub(crate) const fn lifecycle(lifecycle: Lifecycle) -> i32 {
    match lifecycle {
        Lifecycle::Active => MLOPS_LIFECYCLE_ACTIVE,
        Lifecycle::Deleted => MLOPS_LIFECYCLE_DELETED,
    }
}

export! {
    /// Makes an experiment; `MLOPS_ALREADY_EXISTS` if the name is taken.
    ///
    /// `*out` is freed with `mlops_experiment_free`. Threads: any. Since 0.1.
    pub fn mlops_experiment_create(
        store: *const mlops_store,
        name: mlops_str,
        tags: *const mlops_tag,
        tags_count: usize,
        out: *mut *mut mlops_experiment,
    ) -> mlops_status {
        // SAFETY: the caller keeps the contract: `tags_count` tags, whose texts live for this call.
        let tags = unsafe { crate::text::tags(tags.slice(tags_count)?, "tag") }?;
        out.give(store.store.runs().create_experiment(name, &tags)?.into());
        Ok(())
    }

    /// The experiment of this name, made if it does not exist.
    ///
    /// `*out` is freed with `mlops_experiment_free`. Threads: any. Since 0.1.
    pub fn mlops_experiment_ensure(
        store: *const mlops_store,
        name: mlops_str,
        out: *mut *mut mlops_experiment,
    ) -> mlops_status {
        out.give(store.store.runs().ensure_experiment(name)?.into());
        Ok(())
    }

    /// The experiment with this id; `MLOPS_NOT_FOUND` if there is none.
    ///
    /// `*out` is freed with `mlops_experiment_free`. Threads: any. Since 0.1.
    pub fn mlops_experiment_get(
        store: *const mlops_store,
        experiment_id: mlops_str,
        out: *mut *mut mlops_experiment,
    ) -> mlops_status {
        out.give(store.store.runs().get_experiment(experiment_id)?.into());
        Ok(())
    }

    /// The experiment of this name; `*out` becomes NULL, and the status `MLOPS_OK`, if there is none.
    ///
    /// `*out` is freed with `mlops_experiment_free`. Threads: any. Since 0.1.
    pub fn mlops_experiment_find(
        store: *const mlops_store,
        name: mlops_str,
        out: *mut *mut mlops_experiment,
    ) -> mlops_status {
        match store.store.runs().find_experiment(name)? {
            Some(experiment) => out.give(experiment.into()),
            None => out.set(null_mut()),
        }
        Ok(())
    }

    /// A page of the experiments, by id.
    ///
    /// `*out` is freed with `mlops_experiments_free`. Threads: any. Since 0.1.
    pub fn mlops_experiment_list(
        store: *const mlops_store,
        options: *const mlops_page_options,
        out: *mut *mut mlops_experiments,
    ) -> mlops_status {
        // SAFETY: the caller keeps the contract: the text lives for this call.
        let token = unsafe { options.page_token.given("options.page_token") }?;
        let page = store.store.runs().list_experiments(view(options.view)?, options.max_results, token.as_deref())?;
        out.give(mlops_experiments {
            items: page.items.into_iter().map(mlops_experiment::from).collect(),
            next_page_token: Text::new(page.next_page_token.unwrap_or_default()),
        });
        Ok(())
    }

    /// A page of the experiments that match a query.
    ///
    /// `*out` is freed with `mlops_experiments_free`. Threads: any. Since 0.1.
    pub fn mlops_experiment_search(
        store: *const mlops_store,
        query: *const mlops_experiment_query,
        out: *mut *mut mlops_experiments,
    ) -> mlops_status {
        // SAFETY: the caller keeps the contract: the array and the texts live for this call.
        let query = unsafe { query.read() }?;
        let page = store.store.runs().search_experiments(&query)?;
        out.give(mlops_experiments {
            items: page.items.into_iter().map(mlops_experiment::from).collect(),
            next_page_token: Text::new(page.next_page_token.unwrap_or_default()),
        });
        Ok(())
    }

    /// Hides an experiment with all its runs; it can be restored, and keeps its name until then. `MLOPS_NOT_FOUND` if
    /// there is none, also if it is deleted already. On the disk when the call returns.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_experiment_delete(store: *const mlops_store, experiment_id: mlops_str) -> mlops_status {
        store.store.runs().delete_experiment(experiment_id)
    }

    /// Shows a deleted experiment again, with its runs but those that were deleted by themselves; `MLOPS_NOT_FOUND` if
    /// there is none that is deleted. On the disk when the call returns.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_experiment_restore(store: *const mlops_store, experiment_id: mlops_str) -> mlops_status {
        store.store.runs().restore_experiment(experiment_id)
    }

    /// Gives an experiment another name; `MLOPS_ALREADY_EXISTS` if that is taken, `MLOPS_INVALID_STATE` if the
    /// experiment is deleted.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_experiment_rename(
        store: *const mlops_store,
        experiment_id: mlops_str,
        name: mlops_str,
    ) -> mlops_status {
        store.store.runs().rename_experiment(experiment_id, name).map(drop)
    }

    /// Sets tags of an experiment, all or none of them.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_experiment_set_tags(
        store: *const mlops_store,
        experiment_id: mlops_str,
        tags: *const mlops_tag,
        tags_count: usize,
    ) -> mlops_status {
        // SAFETY: the caller keeps the contract: `tags_count` tags, whose texts live for this call.
        let tags = unsafe { crate::text::tags(tags.slice(tags_count)?, "tag") }?;
        store.store.runs().set_experiment_tags(experiment_id, &tags).map(drop)
    }

    /// Removes a tag of an experiment; `MLOPS_NOT_FOUND` if it has no such tag.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_experiment_delete_tag(
        store: *const mlops_store,
        experiment_id: mlops_str,
        key: mlops_str,
    ) -> mlops_status {
        store.store.runs().delete_experiment_tag(experiment_id, key).map(drop)
    }

    /// What identifies an experiment.
    ///
    /// The texts live as long as the experiment. Threads: any. Since 0.1.
    pub fn mlops_experiment_get_info(
        experiment: *const mlops_experiment,
        out: *mut mlops_experiment_info,
    ) -> mlops_status {
        out.set(mlops_experiment_info {
            lifecycle: lifecycle(experiment.lifecycle),
            experiment_id: experiment.id.view(),
            name: experiment.name.view(),
            created_at: experiment.created_at,
            updated_at: experiment.updated_at,
            ..mlops_experiment_info::DEFAULT
        });
        Ok(())
    }

    /// How many tags an experiment has; 0 for NULL.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_experiment_tags_count(experiment: *const mlops_experiment) -> usize {
        experiment.map_or(0, |experiment| experiment.tags.len())
    }

    /// The tag at `index`, in the order of the keys.
    ///
    /// The texts live as long as the experiment. Threads: any. Since 0.1.
    pub fn mlops_experiment_tag(
        experiment: *const mlops_experiment,
        index: usize,
        out: *mut mlops_tag,
    ) -> mlops_status {
        let (key, value) = at(&experiment.tags, index)?;
        out.set(mlops_tag { key: key.view(), value: value.view() });
        Ok(())
    }

    /// An experiment as JSON.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_experiment_json(experiment: *const mlops_experiment, out: *mut mlops_buf) -> mlops_status {
        out.set(json::text(&json::experiment(experiment))?.into());
        Ok(())
    }

    /// Frees an experiment that does not belong to a list. NULL is fine.
    ///
    /// Threads: any, but nobody may use the experiment any more. Since 0.1.
    pub fn mlops_experiment_free(experiment: *mut mlops_experiment) {
        drop(experiment);
    }

    /// How many experiments a page has; 0 for NULL.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_experiments_count(experiments: *const mlops_experiments) -> usize {
        experiments.map_or(0, |experiments| experiments.items.len())
    }

    /// The experiment at `index`; it belongs to the page and must not be freed.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_experiments_at(
        experiments: *const mlops_experiments,
        index: usize,
        out: *mut *const mlops_experiment,
    ) -> mlops_status {
        out.set(at(&experiments.items, index)?);
        Ok(())
    }

    /// What to set as `page_token` for the next page; empty after the last.
    ///
    /// The text lives as long as the page. Threads: any. Since 0.1.
    pub fn mlops_experiments_next_page_token(experiments: *const mlops_experiments) -> mlops_str {
        experiments.map_or(mlops_str::EMPTY, |experiments| experiments.next_page_token.view())
    }

    /// Frees a page. NULL is fine.
    ///
    /// Threads: any, but nobody may use the page or its experiments any more. Since 0.1.
    pub fn mlops_experiments_free(experiments: *mut mlops_experiments) {
        drop(experiments);
    }
}
