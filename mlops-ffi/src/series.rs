//! The points of metrics, as columns.

use mlops_core::Result;
use mlops_core::runs::Series;

use crate::args::{Handle, Input, Output, check_pointer, slice};
use crate::boundary::export;
use crate::store::mlops_store;
use crate::text::mlops_str;

/// The points of one metric as it was when it was read. Freed with `mlops_series_free`.
#[derive(Debug)]
pub struct mlops_series {
    series: Series,
    /// The value of the step metric at each point; empty if none was asked for.
    at: Vec<f64>,
}

impl Handle for mlops_series {}

/// Columns of one length, borrowed. `mlops_points_of(values, count)` fills it without steps and times.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_points {
    /// The steps. As an argument NULL: they count up from 0.
    pub steps: *const i64,
    /// The times in UTC microseconds. As an argument NULL: now.
    pub times: *const i64,
    /// The values.
    pub values: *const f64,
    /// How many points.
    pub count: usize,
}

impl Output for mlops_points {}

/// The columns of an argument; those that were not given are empty.
#[derive(Debug)]
pub(crate) struct Columns<'a> {
    pub(crate) steps: &'a [i64],
    pub(crate) times: &'a [i64],
    pub(crate) values: &'a [f64],
}

impl Input for mlops_points {
    type Value<'a> = Columns<'a>;

    unsafe fn read<'a>(pointer: *const Self, name: &'static str) -> Result<Columns<'a>> {
        check_pointer(pointer, name)?;
        // SAFETY: not NULL, and by contract one of our structs.
        let points = unsafe { *pointer };
        let length_of = |column: *const i64| if column.is_null() { 0 } else { points.count };
        // SAFETY: by contract columns of `count` elements that live for the call, or NULL.
        unsafe {
            Ok(Columns {
                steps: slice(points.steps, length_of(points.steps), "points.steps")?,
                times: slice(points.times, length_of(points.times), "points.times")?,
                values: slice(points.values, points.count, "points.values")?,
            })
        }
    }
}

export! {
    /// The points of one metric, in the order (time, step, logged); empty if the run has no such metric.
    ///
    /// `*out` is freed with `mlops_series_free`. Threads: any. Since 0.1.
    pub fn mlops_metric_history(
        store: *const mlops_store,
        run_id: mlops_str,
        key: mlops_str,
        out: *mut *mut mlops_series,
    ) -> mlops_status {
        out.give(mlops_series { series: store.store.runs().metric_history(run_id, key)?, at: Vec::new() });
        Ok(())
    }

    /// The points of a metric over the values of another, such as `epoch`, in the order (step, time, logged); beside each
    /// point `mlops_series_at` has the other's value at the largest step that is not above the point's.
    ///
    /// `*out` is freed with `mlops_series_free`. Threads: any. Since 0.1.
    pub fn mlops_metric_history_by(
        store: *const mlops_store,
        run_id: mlops_str,
        key: mlops_str,
        step_metric: mlops_str,
        out: *mut *mut mlops_series,
    ) -> mlops_status {
        let found = store.store.runs().metric_history_by(run_id, key, step_metric)?;
        out.give(mlops_series { series: found.points, at: found.at });
        Ok(())
    }

    /// The value of the step metric at each point of a series of `mlops_metric_history_by`, as many as it has points; NaN
    /// for points before its first. NULL for another series, and for NULL.
    ///
    /// They live as long as the series. Threads: any. Since 0.1.
    pub fn mlops_series_at(series: *const mlops_series) -> *const f64 {
        series.filter(|series| !series.at.is_empty()).map_or(std::ptr::null(), |series| series.at.as_ptr())
    }

    /// The columns of a series.
    ///
    /// They live as long as the series. Threads: any. Since 0.1.
    pub fn mlops_series_points(series: *const mlops_series, out: *mut mlops_points) -> mlops_status {
        let Series { steps, times, values } = &series.series;
        out.set(mlops_points {
            steps: steps.as_ptr(),
            times: times.as_ptr(),
            values: values.as_ptr(),
            count: values.len(),
        });
        Ok(())
    }

    /// Frees a series. NULL is fine.
    ///
    /// Threads: any, but nobody may use the series any more. Since 0.1.
    pub fn mlops_series_free(series: *mut mlops_series) {
        drop(series);
    }
}
