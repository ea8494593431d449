//! What a run logs: params, tags, points, artifacts.

use std::path::Path;

use mlops_core::runs::{ArtifactSource, Batch, Content, MetricPoint, RunExt};
use mlops_core::{ParamValue, Result};

use crate::args::{Versioned, elements, refuse, slice};
use crate::boundary::export;
use crate::runs::{mlops_run, time};
use crate::series::mlops_points;
use crate::sized::{check_reserved, sized_input};
use crate::store::durability;
use crate::text::{mlops_bytes, mlops_str, mlops_tag, tags};

/// The param is `text`.
pub const MLOPS_PARAM_TEXT: i32 = 0;
/// The param is `integer`.
pub const MLOPS_PARAM_INT: i32 = 1;
/// The param is `number`.
pub const MLOPS_PARAM_FLOAT: i32 = 2;
/// The param is true if `integer` is not 0.
pub const MLOPS_PARAM_BOOL: i32 = 3;
/// The param is Python's `None`.
pub const MLOPS_PARAM_NONE: i32 = 4;

/// One param: `kind` says which field has the value. `mlops_param_text` and its sisters fill it.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_param {
    /// The key: 1 to 500 bytes.
    pub key: mlops_str,
    /// The text. When read: of any kind, as every language writes it (floats as Python does).
    pub text: mlops_str,
    /// The integer, or the truth.
    pub integer: i64,
    /// The floating point number. When read: of any kind but text.
    pub number: f64,
    /// `MLOPS_PARAM_TEXT`, `MLOPS_PARAM_INT`...
    pub kind: i32,
    /// Must be 0.
    pub reserved: i32,
}

/// One point of one metric.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_metric {
    /// The metric: 1 to 500 bytes.
    pub key: mlops_str,
    /// The value; NaN and infinities are kept.
    pub value: f64,
    /// The step.
    pub step: i64,
    /// When, in UTC microseconds; `MLOPS_TIME_NONE`: now.
    pub at: i64,
}

/// One file in memory.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_file {
    /// Its path among the artifacts, parts joined by `/`.
    pub path: mlops_str,
    /// Its content.
    pub bytes: mlops_bytes,
}

/// Params, tags and points that are logged as one record: wholly in or wholly out. Begin with `MLOPS_BATCH_INIT`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_batch {
    /// The size of this struct.
    pub struct_size: u32,
    /// Must be 0.
    pub reserved: u32,
    /// Params; the same key twice is an error.
    pub params: *const mlops_param,
    /// How many params.
    pub params_count: usize,
    /// Tags; of the same key twice the later wins.
    pub tags: *const mlops_tag,
    /// How many tags.
    pub tags_count: usize,
    /// Points.
    pub metrics: *const mlops_metric,
    /// How many points.
    pub metrics_count: usize,
    /// When the batch is acknowledged: `MLOPS_DURABILITY_DEFAULT` as the store was opened, `MLOPS_DURABILITY_FAST` or
    /// `MLOPS_DURABILITY_FULL`.
    pub durability: i64,
}

elements!(mlops_param, mlops_file);

impl Versioned for mlops_batch {
    const DEFAULT: Self = Self {
        struct_size: 0,
        reserved: 0,
        params: std::ptr::null(),
        params_count: 0,
        tags: std::ptr::null(),
        tags_count: 0,
        metrics: std::ptr::null(),
        metrics_count: 0,
        durability: 0,
    };
}
sized_input!(mlops_batch);

unsafe fn params(params: &[mlops_param]) -> Result<Vec<(String, ParamValue)>> {
    let one = |param: &mlops_param| {
        check_reserved("param", param.reserved)?;
        // SAFETY: as the caller's.
        let key = unsafe { param.key.text("key of param") }?.to_owned();
        let value = match param.kind {
            // SAFETY: as the caller's.
            MLOPS_PARAM_TEXT => ParamValue::Text(unsafe { param.text.text("text of param") }?.to_owned()),
            MLOPS_PARAM_INT => ParamValue::Int(param.integer),
            MLOPS_PARAM_FLOAT => ParamValue::Float(param.number),
            MLOPS_PARAM_BOOL => ParamValue::Bool(param.integer != 0),
            MLOPS_PARAM_NONE => ParamValue::None,
            other => return Err(refuse("kind of param", other.to_string(), "MLOPS_PARAM_TEXT, MLOPS_PARAM_INT...")),
        };
        Ok((key, value))
    };
    params.iter().map(one).collect()
}

unsafe fn metrics(metrics: &[mlops_metric]) -> Result<Vec<MetricPoint>> {
    let one = |metric: &mlops_metric| {
        // SAFETY: as the caller's.
        let key = unsafe { metric.key.text("key of metric") }?.to_owned();
        Ok(MetricPoint { key, value: metric.value, step: metric.step, at: time(metric.at) })
    };
    metrics.iter().map(one).collect()
}

unsafe fn files(files: &[mlops_file]) -> Result<Vec<ArtifactSource<'_>>> {
    let one = |file: &mlops_file| {
        // SAFETY: as the caller's.
        let (path, bytes) = unsafe { (file.path.text("path of file")?, file.bytes.bytes("bytes of file")?) };
        Ok(ArtifactSource { path: path.to_owned(), content: Content::Bytes(bytes) })
    };
    files.iter().map(one).collect()
}

impl mlops_batch {
    unsafe fn read(&self) -> Result<Batch> {
        check_reserved("batch", self.reserved)?;
        // SAFETY: as the caller's.
        unsafe {
            Ok(Batch {
                params: params(slice(self.params, self.params_count, "batch.params")?)?,
                tags: tags(slice(self.tags, self.tags_count, "batch.tags")?, "tag")?,
                metrics: metrics(slice(self.metrics, self.metrics_count, "batch.metrics")?)?,
                ..Batch::default()
            })
        }
    }
}

export! {
    /// Logs a param that is text; `MLOPS_CONFLICT` if the run has another value for the key.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_run_log_param(run: *const mlops_run, key: mlops_str, value: mlops_str) -> mlops_status {
        run.run.log_param(key, value.into())
    }

    /// Logs a param that is an integer.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_run_log_param_int(run: *const mlops_run, key: mlops_str, value: i64) -> mlops_status {
        run.run.log_param(key, value.into())
    }

    /// Logs a param that is a floating point number; its text is that of Python: `1e-05`.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_run_log_param_double(run: *const mlops_run, key: mlops_str, value: f64) -> mlops_status {
        run.run.log_param(key, value.into())
    }

    /// Logs a param that is `True` (not 0) or `False`.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_run_log_param_bool(run: *const mlops_run, key: mlops_str, value: i32) -> mlops_status {
        run.run.log_param(key, (value != 0).into())
    }

    /// Logs params as one record; nothing of it is kept if one is refused.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_run_log_params(
        run: *const mlops_run,
        params: *const mlops_param,
        params_count: usize,
    ) -> mlops_status {
        // SAFETY: the caller keeps the contract: `params_count` params, whose texts live for this call.
        let params = unsafe { crate::logging::params(params.slice(params_count)?) }?;
        run.run.log_batch(&Batch { params, ..Batch::default() })
    }

    /// Logs params, tags and points as one record; nothing of it is kept if one is refused.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_run_log_batch(run: *const mlops_run, batch: *const mlops_batch) -> mlops_status {
        // SAFETY: the caller keeps the contract: arrays and texts live for this call.
        let content = unsafe { batch.read() }?;
        match durability("batch.durability", batch.durability)? {
            Some(durability) => run.run.with_durability(durability).log_batch(&content),
            None => run.run.log_batch(&content),
        }
    }

    /// Logs one point of a metric at the time `at` in UTC microseconds; `MLOPS_TIME_NONE`: now.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_run_log_metric(
        run: *const mlops_run,
        key: mlops_str,
        value: f64,
        step: i64,
        at: i64,
    ) -> mlops_status {
        run.run.log_metric(key, value, step, time(at))
    }

    /// Logs many points of one metric as one record, in the order given.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_run_log_series(run: *const mlops_run, key: mlops_str, points: *const mlops_points) -> mlops_status {
        run.run.log_series(key, points.steps, points.times, points.values)
    }

    /// Sets a tag, over the value it had.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_run_set_tag(run: *const mlops_run, key: mlops_str, value: mlops_str) -> mlops_status {
        run.run.set_tag(key, value)
    }

    /// Removes a tag; `MLOPS_NOT_FOUND` if the run has no such tag.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_run_delete_tag(run: *const mlops_run, key: mlops_str) -> mlops_status {
        run.run.delete_tag(key)
    }

    /// Stores a local file or folder under its own name in the artifact folder `folder` (empty: at the top). All or
    /// nothing.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_run_log_artifact(run: *const mlops_run, local_path: mlops_str, folder: mlops_str) -> mlops_status {
        run.run.log_artifact(Path::new(local_path), Some(folder).filter(|folder| !folder.is_empty()))
    }

    /// Stores what a local folder holds, not under its own name, in the artifact folder `folder` (empty: at the top). All
    /// or nothing.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_run_log_artifacts(run: *const mlops_run, local_path: mlops_str, folder: mlops_str) -> mlops_status {
        run.run.log_artifacts(Path::new(local_path), Some(folder).filter(|folder| !folder.is_empty()))
    }

    /// Stores bytes as the artifact `path`, over what was there.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_run_log_artifact_bytes(run: *const mlops_run, path: mlops_str, bytes: mlops_bytes) -> mlops_status {
        run.run.log_bytes(path, bytes)
    }
    /// Stores several artifacts from memory, over what was there, all or nothing.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_run_log_files(run: *const mlops_run, files: *const mlops_file, files_count: usize) -> mlops_status {
        // SAFETY: the caller keeps the contract: `files_count` files, whose paths and bytes live for this call.
        let files = unsafe { crate::logging::files(files.slice(files_count)?) }?;
        run.run.log_files(&files)
    }
}
