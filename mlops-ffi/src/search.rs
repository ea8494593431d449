//! Finding runs.

use mlops_core::Result;
use mlops_core::runs::RunQuery;

use crate::args::{Handle, Versioned, slice};
use crate::boundary::export;
use crate::experiments::{MLOPS_VIEW_ACTIVE, view};
use crate::json;
use crate::run_data::{at, mlops_run_data};
use crate::sized::sized_input;
use crate::store::mlops_store;
use crate::text::{Text, mlops_buf, mlops_str, texts};

/// A page of runs. Freed with `mlops_runs_free`.
#[derive(Debug)]
pub struct mlops_runs {
    items: Vec<mlops_run_data>,
    next_page_token: Text,
}

impl Handle for mlops_runs {}

/// What a search looks for. Begin with `MLOPS_RUN_QUERY_INIT`, which finds the active runs of all experiments.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_run_query {
    /// The size of this struct.
    pub struct_size: u32,
    /// `MLOPS_VIEW_ACTIVE` (default), `MLOPS_VIEW_DELETED` or `MLOPS_VIEW_ALL`.
    pub view: i32,
    /// The ids of the experiments to look in; none: all.
    pub experiment_ids: *const mlops_str,
    /// How many ids.
    pub experiment_ids_count: usize,
    /// A filter such as `metrics.loss < 0.1`; empty: every run.
    pub filter: mlops_str,
    /// Order such as `metrics.loss DESC`; then start time descending and run id.
    pub order_by: *const mlops_str,
    /// How many orders.
    pub order_by_count: usize,
    /// Most runs of the page, 1 to 50,000; 0 (default): 1,000. Of a table any number; 0: all.
    pub max_results: usize,
    /// Where to go on, from the page before; empty: at the beginning.
    pub page_token: mlops_str,
}

impl Versioned for mlops_run_query {
    const DEFAULT: Self = Self {
        struct_size: 0,
        view: MLOPS_VIEW_ACTIVE,
        experiment_ids: std::ptr::null(),
        experiment_ids_count: 0,
        filter: mlops_str::EMPTY,
        order_by: std::ptr::null(),
        order_by_count: 0,
        max_results: 0,
        page_token: mlops_str::EMPTY,
    };
}
sized_input!(mlops_run_query);

impl mlops_run_query {
    pub(crate) unsafe fn read(&self) -> Result<RunQuery> {
        // SAFETY: as the caller's.
        unsafe {
            let ids = slice(self.experiment_ids, self.experiment_ids_count, "query.experiment_ids")?;
            let order_by = slice(self.order_by, self.order_by_count, "query.order_by")?;
            Ok(RunQuery {
                experiment_ids: texts(ids, "query.experiment_ids")?,
                filter: self.filter.text("query.filter")?.to_owned(),
                order_by: texts(order_by, "query.order_by")?,
                max_results: self.max_results,
                page_token: self.page_token.given("query.page_token")?,
                view: view(self.view)?,
            })
        }
    }
}

export! {
    /// A page of the runs that match a query.
    ///
    /// `*out` is freed with `mlops_runs_free`. Threads: any. Since 0.1.
    pub fn mlops_run_search(
        store: *const mlops_store,
        query: *const mlops_run_query,
        out: *mut *mut mlops_runs,
    ) -> mlops_status {
        // SAFETY: the caller keeps the contract: arrays and texts live for this call.
        let query = unsafe { query.read() }?;
        let page = store.store.runs().search(&query)?;
        out.give(mlops_runs {
            items: page.items.into_iter().map(mlops_run_data::from).collect(),
            next_page_token: Text::new(page.next_page_token.unwrap_or_default()),
        });
        Ok(())
    }

    /// How many runs match a query, on all pages: its order, page size and page token play no part.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_run_count(
        store: *const mlops_store,
        query: *const mlops_run_query,
        out: *mut usize,
    ) -> mlops_status {
        // SAFETY: the caller keeps the contract: arrays and texts live for this call.
        let query = unsafe { query.read() }?;
        out.set(usize::try_from(store.store.runs().count(&query)?).unwrap_or(usize::MAX));
        Ok(())
    }

    /// How many runs a page has; 0 for NULL.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_runs_count(runs: *const mlops_runs) -> usize {
        runs.map_or(0, |runs| runs.items.len())
    }

    /// The run at `index`; it belongs to the page and must not be freed.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_runs_at(runs: *const mlops_runs, index: usize, out: *mut *const mlops_run_data) -> mlops_status {
        out.set(at(&runs.items, index)?);
        Ok(())
    }

    /// What to set as `page_token` for the next page; empty after the last.
    ///
    /// The text lives as long as the page. Threads: any. Since 0.1.
    pub fn mlops_runs_next_page_token(runs: *const mlops_runs) -> mlops_str {
        runs.map_or(mlops_str::EMPTY, |runs| runs.next_page_token.view())
    }

    /// A page as JSON: `{"items": [...], "next_page_token": null}`, each run as `mlops_run_data_json` writes it.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_runs_json(runs: *const mlops_runs, out: *mut mlops_buf) -> mlops_status {
        out.set(json::text(&json::page(runs.items.iter().map(json::run), &runs.next_page_token))?.into());
        Ok(())
    }

    /// Frees a page. NULL is fine.
    ///
    /// Threads: any, but nobody may use the page or its runs any more. Since 0.1.
    pub fn mlops_runs_free(runs: *mut mlops_runs) {
        drop(runs);
    }
}
