//! A run as it was read: what identifies it, its params, tags and metric summaries, field by field.

use std::collections::BTreeMap;

use mlops_core::runs::{DatasetInput, Lifecycle, MetricSummary, Origin, RunData, RunStatus};
use mlops_core::{ParamValue, Result};

use crate::args::{Handle, Output, Versioned, refuse};
use crate::boundary::export;
use crate::experiments::lifecycle;
use crate::json;
use crate::logging::{
    MLOPS_PARAM_BOOL, MLOPS_PARAM_FLOAT, MLOPS_PARAM_INT, MLOPS_PARAM_NONE, MLOPS_PARAM_TEXT, mlops_param,
};
use crate::runs::{MLOPS_TIME_NONE, status_number};
use crate::sized::sized_output;
use crate::text::{Text, mlops_buf, mlops_str, mlops_tag};

/// A run as it was when it was read. Freed with `mlops_run_data_free`, unless it belongs to a list.
#[derive(Debug)]
pub struct mlops_run_data {
    pub(crate) id: Text,
    pub(crate) experiment_id: Text,
    pub(crate) name: Text,
    pub(crate) status: RunStatus,
    pub(crate) started_at: i64,
    pub(crate) ended_at: Option<i64>,
    pub(crate) user: Text,
    pub(crate) host: Text,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) parent_id: Option<Text>,
    pub(crate) params: Vec<Param>,
    pub(crate) tags: Vec<(Text, Text)>,
    pub(crate) metrics: Vec<(Text, MetricSummary)>,
    pub(crate) inputs: Vec<DatasetInput>,
    pub(crate) origin: Option<Origin>,
}

impl Handle for mlops_run_data {}

/// One param: `value` without its text, which is `text`.
#[derive(Debug)]
pub(crate) struct Param {
    pub(crate) key: Text,
    pub(crate) text: Text,
    pub(crate) kind: i32,
    integer: i64,
    number: f64,
}

/// What identifies a run and how it stands. Begin with `MLOPS_RUN_INFO_INIT`; the texts live as long as the run's data.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_run_info {
    /// The size of this struct.
    pub struct_size: u32,
    /// `MLOPS_RUN_RUNNING`, `MLOPS_RUN_FINISHED`...
    pub status: i32,
    /// `MLOPS_LIFECYCLE_ACTIVE` or `MLOPS_LIFECYCLE_DELETED`.
    pub lifecycle: i32,
    /// 0.
    pub reserved: i32,
    /// The run's id.
    pub run_id: mlops_str,
    /// Its experiment's id.
    pub experiment_id: mlops_str,
    /// Its name.
    pub run_name: mlops_str,
    /// Who started it.
    pub user: mlops_str,
    /// The host it was started on.
    pub host: mlops_str,
    /// The run it is nested under; empty if none.
    pub parent_run_id: mlops_str,
    /// When it began, in UTC microseconds.
    pub started_at: i64,
    /// When it ended, in UTC microseconds; `MLOPS_TIME_NONE` while it runs.
    pub ended_at: i64,
}

/// What a run says about one metric, without its points. Begin with `MLOPS_METRIC_SUMMARY_INIT`; the key lives as long
/// as the run's data.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_metric_summary {
    /// The size of this struct.
    pub struct_size: u32,
    /// 0.
    pub reserved: u32,
    /// The metric.
    pub key: mlops_str,
    /// The value at the largest (step, time, value).
    pub last: f64,
    /// The step of `last`.
    pub last_step: i64,
    /// The time of `last`, in UTC microseconds.
    pub last_at: i64,
    /// The smallest value; NaN only if every value is.
    pub min: f64,
    /// The largest value; NaN only if every value is.
    pub max: f64,
    /// How many points were logged.
    pub count: u64,
}

impl Versioned for mlops_run_info {
    const DEFAULT: Self = Self {
        struct_size: 0,
        status: 0,
        lifecycle: 0,
        reserved: 0,
        run_id: mlops_str::EMPTY,
        experiment_id: mlops_str::EMPTY,
        run_name: mlops_str::EMPTY,
        user: mlops_str::EMPTY,
        host: mlops_str::EMPTY,
        parent_run_id: mlops_str::EMPTY,
        started_at: 0,
        ended_at: MLOPS_TIME_NONE,
    };
}

impl Versioned for mlops_metric_summary {
    const DEFAULT: Self = Self {
        struct_size: 0,
        reserved: 0,
        key: mlops_str::EMPTY,
        last: 0.0,
        last_step: 0,
        last_at: 0,
        min: 0.0,
        max: 0.0,
        count: 0,
    };
}
sized_output!(mlops_run_info mlops_metric_summary);
impl Output for mlops_param {}

impl Param {
    fn new(key: String, value: ParamValue) -> Self {
        let (kind, integer, number) = match value {
            ParamValue::Text(text) => {
                return Self {
                    key: Text::new(key),
                    text: Text::new(text),
                    kind: MLOPS_PARAM_TEXT,
                    integer: 0,
                    number: 0.0,
                };
            }
            ParamValue::Int(integer) => (MLOPS_PARAM_INT, integer, value.number().unwrap_or_default()),
            ParamValue::Float(number) => (MLOPS_PARAM_FLOAT, 0, number),
            ParamValue::Bool(yes) => (MLOPS_PARAM_BOOL, i64::from(yes), f64::from(u8::from(yes))),
            ParamValue::None => (MLOPS_PARAM_NONE, 0, 0.0),
        };
        Self { key: Text::new(key), text: Text::new(value.text()), kind, integer, number }
    }

    fn view(&self) -> mlops_param {
        mlops_param {
            key: self.key.view(),
            text: self.text.view(),
            integer: self.integer,
            number: self.number,
            kind: self.kind,
            reserved: 0,
        }
    }
}

impl From<RunData> for mlops_run_data {
    fn from(run: RunData) -> Self {
        let info = run.info;
        Self {
            id: Text::new(info.run_id),
            experiment_id: Text::new(info.experiment_id),
            name: Text::new(info.run_name),
            status: info.status,
            started_at: info.started_at.as_micros(),
            ended_at: info.ended_at.map(mlops_core::Timestamp::as_micros),
            user: Text::new(info.user),
            host: Text::new(info.host),
            lifecycle: info.lifecycle,
            parent_id: info.parent_run_id.map(Text::new),
            params: run.params.into_iter().map(|(key, value)| Param::new(key, value)).collect(),
            tags: pairs(run.tags),
            metrics: run.metrics.into_iter().map(|(key, summary)| (Text::new(key), summary)).collect(),
            inputs: run.inputs,
            origin: run.origin,
        }
    }
}

/// Tags as C sees them.
pub(crate) fn pairs(tags: BTreeMap<String, String>) -> Vec<(Text, Text)> {
    tags.into_iter().map(|(key, value)| (Text::new(key), Text::new(value))).collect()
}

/// The element at an index that the caller gave.
pub(crate) fn at<T>(items: &[T], index: usize) -> Result<&T> {
    items
        .get(index)
        .ok_or_else(|| refuse("index", index.to_string(), format!("a number below the count, {}", items.len())))
}

export! {
    /// What identifies a run and how it stands.
    ///
    /// The texts live as long as `data`. Threads: any. Since 0.1.
    pub fn mlops_run_data_info(data: *const mlops_run_data, out: *mut mlops_run_info) -> mlops_status {
        out.set(mlops_run_info {
            status: status_number(data.status),
            lifecycle: lifecycle(data.lifecycle),
            run_id: data.id.view(),
            experiment_id: data.experiment_id.view(),
            run_name: data.name.view(),
            user: data.user.view(),
            host: data.host.view(),
            parent_run_id: data.parent_id.as_ref().map_or(mlops_str::EMPTY, Text::view),
            started_at: data.started_at,
            ended_at: data.ended_at.unwrap_or(MLOPS_TIME_NONE),
            ..mlops_run_info::DEFAULT
        });
        Ok(())
    }

    /// How many params a run has; 0 for NULL.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_run_data_params_count(data: *const mlops_run_data) -> usize {
        data.map_or(0, |data| data.params.len())
    }

    /// The param at `index`, in the order of the keys: its `kind` as it was logged, its `text` whatever the kind.
    ///
    /// The texts live as long as `data`. Threads: any. Since 0.1.
    pub fn mlops_run_data_param(data: *const mlops_run_data, index: usize, out: *mut mlops_param) -> mlops_status {
        out.set(at(&data.params, index)?.view());
        Ok(())
    }

    /// How many tags a run has; 0 for NULL.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_run_data_tags_count(data: *const mlops_run_data) -> usize {
        data.map_or(0, |data| data.tags.len())
    }

    /// The tag at `index`, in the order of the keys.
    ///
    /// The texts live as long as `data`. Threads: any. Since 0.1.
    pub fn mlops_run_data_tag(data: *const mlops_run_data, index: usize, out: *mut mlops_tag) -> mlops_status {
        let (key, value) = at(&data.tags, index)?;
        out.set(mlops_tag { key: key.view(), value: value.view() });
        Ok(())
    }

    /// How many metrics a run has; 0 for NULL.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_run_data_metrics_count(data: *const mlops_run_data) -> usize {
        data.map_or(0, |data| data.metrics.len())
    }

    /// The summary of the metric at `index`, in the order of the keys.
    ///
    /// The key lives as long as `data`. Threads: any. Since 0.1.
    pub fn mlops_run_data_metric(
        data: *const mlops_run_data,
        index: usize,
        out: *mut mlops_metric_summary,
    ) -> mlops_status {
        let (key, summary) = at(&data.metrics, index)?;
        out.set(mlops_metric_summary {
            key: key.view(),
            last: summary.last,
            last_step: summary.last_step,
            last_at: summary.last_at.as_micros(),
            min: summary.min,
            max: summary.max,
            count: summary.count,
            ..mlops_metric_summary::DEFAULT
        });
        Ok(())
    }

    /// A run as JSON: `{"info": {...}, "params": {key: {"type", "text"}}, "tags": {...}, "metrics": {key: {...}},
    /// "inputs": [{"name", "digest", "source_type", "source", "schema", "profile", "tags"}], "origin": null}`.
    /// Numbers that JSON does not have are the texts "NaN", "Infinity" and "-Infinity".
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_run_data_json(data: *const mlops_run_data, out: *mut mlops_buf) -> mlops_status {
        out.set(json::text(&json::run(data))?.into());
        Ok(())
    }

    /// Frees a run's data that does not belong to a list. NULL is fine.
    ///
    /// Threads: any, but nobody may use the data any more. Since 0.1.
    pub fn mlops_run_data_free(data: *mut mlops_run_data) {
        drop(data);
    }
}
