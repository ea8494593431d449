//! What people look at: reports, comparisons and curves.

use std::path::Path;

use mlops_core::Result;
use mlops_core::ui::plot::{PlotOptions, metric_plot};
use mlops_core::ui::{ReportOptions, compare, metric_svg, write_report};
use serde_json::json;

use crate::args::{Array, Versioned};
use crate::boundary::export;
use crate::json;
use crate::sized::{check_reserved, sized_input};
use crate::store::mlops_store;
use crate::text::{mlops_buf, mlops_str, texts};

/// How a report is made. Begin with `MLOPS_REPORT_OPTIONS_INIT`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_report_options {
    /// The size of this struct.
    pub struct_size: u32,
    /// Must be 0.
    pub reserved: u32,
    /// The heading; empty: the run's name, or how many runs there are.
    pub title: mlops_str,
    /// The largest image to put into the file, in bytes; default 4 MiB. Larger ones are listed as left out.
    pub image_bytes: u64,
    /// How much all images may take together, in bytes; default 24 MiB.
    pub images_bytes: u64,
    /// Most points of a curve, 10 to 100,000; default 4,000. Of more, the smallest and the largest of every stretch are
    /// kept.
    pub points: usize,
}

impl Versioned for mlops_report_options {
    const DEFAULT: Self = Self {
        struct_size: 0,
        reserved: 0,
        title: mlops_str::EMPTY,
        image_bytes: 4 << 20,
        images_bytes: 24 << 20,
        points: 4_000,
    };
}
sized_input!(mlops_report_options);

impl mlops_report_options {
    unsafe fn read(&self) -> Result<ReportOptions> {
        check_reserved("options", self.reserved)?;
        Ok(ReportOptions {
            // SAFETY: as the caller's.
            title: unsafe { self.title.given("options.title") }?,
            image_bytes: self.image_bytes,
            images_bytes: self.images_bytes,
            points: self.points,
            made_at: None,
        })
    }
}

unsafe fn ids(ids: Array<mlops_str>, count: usize) -> Result<Vec<String>> {
    // SAFETY: as the caller's.
    unsafe { texts(ids.slice(count)?, "run_ids") }
}

fn borrowed(ids: &[String]) -> Vec<&str> {
    ids.iter().map(String::as_str).collect()
}

export! {
    /// Writes a report of runs to the file `path`: one page of HTML that opens without network, with curves, metrics,
    /// params, images and artifacts. A file that is there is replaced when the report is whole.
    ///
    /// `*out` becomes JSON: `{"bytes": 4096, "left_out": [{"what", "why"}]}`. Freed with `mlops_buf_free`. Threads: any.
    /// Since 0.1.
    pub fn mlops_report_write(
        store: *const mlops_store,
        run_ids: *const mlops_str,
        run_ids_count: usize,
        path: mlops_str,
        options: *const mlops_report_options,
        out: *mut mlops_buf,
    ) -> mlops_status {
        // SAFETY: the caller keeps the contract: the ids and the title live for this call.
        let (ids, options) = unsafe { (ids(run_ids, run_ids_count)?, options.read()?) };
        let made = write_report(&store.store, &borrowed(&ids), Path::new(path), &options)?;
        out.set(json::text(&json!({"bytes": made.html.len(), "left_out": made.left_out}))?.into());
        Ok(())
    }

    /// Runs side by side as JSON: `{"runs": [{"run_id", "run_name", "status"}], "params": {key: [text or null for each
    /// run]}, "tags": {...}, "metrics": {key: [{"last", "last_step", "last_at", "min", "max", "count"} or null]}}`. With
    /// `only_differences` not 0 what all have alike is left out.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_run_compare_json(
        store: *const mlops_store,
        run_ids: *const mlops_str,
        run_ids_count: usize,
        only_differences: i32,
        out: *mut mlops_buf,
    ) -> mlops_status {
        // SAFETY: the caller keeps the contract: the ids live for this call.
        let ids = unsafe { ids(run_ids, run_ids_count) }?;
        let compared = compare(&store.store, &borrowed(&ids))?;
        let compared = if only_differences == 0 { compared } else { compared.only_differences() };
        out.set(json::text(&json::comparison(&compared))?.into());
        Ok(())
    }

    /// The curve of a metric of a run over its steps in characters, for a terminal: `width` characters wide (less than 30
    /// counts as 30), `height` lines and its axis high.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_metric_plot(
        store: *const mlops_store,
        run_id: mlops_str,
        key: mlops_str,
        width: usize,
        height: usize,
        out: *mut mlops_buf,
    ) -> mlops_status {
        out.set(metric_plot(&store.store, run_id, key, PlotOptions { width, height })?.into());
        Ok(())
    }

    /// The curves of one metric, a curve a run over its steps, as the text of an `<svg>` element. Runs without the metric
    /// are left out.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_metric_svg(
        store: *const mlops_store,
        run_ids: *const mlops_str,
        run_ids_count: usize,
        key: mlops_str,
        out: *mut mlops_buf,
    ) -> mlops_status {
        // SAFETY: the caller keeps the contract: the ids live for this call.
        let ids = unsafe { ids(run_ids, run_ids_count) }?;
        out.set(metric_svg(&store.store, &borrowed(&ids), key)?.into());
        Ok(())
    }
}
