//! A run to log to.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mlops_core::runs::{ArtifactSource, Batch, Content, MetricPoint, Run as CoreRun, RunExt, RunStatus};
use mlops_core::{Durability, Error, ParamValue, Timestamp};
use pyo3::prelude::*;

use crate::convert::{self, Input, OwnedText, Subject, Text};
use crate::errors::{attached, detached, to_python};
use crate::held;
use crate::released::Released;

/// Records up to this size are appended with the GIL held: releasing it around a write of microseconds costs a
/// milliseconds-long wait when another thread is busy.
const ATTACHED_BYTES: usize = 64 << 10;

/// A point: (key, value, step, microseconds).
type Point = (OwnedText, f64, i64, Option<i64>);

/// A run to log to.
#[pyclass(frozen)]
#[derive(Debug)]
pub(crate) struct Run {
    inner: Released<Arc<dyn CoreRun>>,
    /// Its calls wait for the disk.
    waits: bool,
    /// What the run has is known, or being asked for.
    known: AtomicBool,
}

impl Run {
    pub(crate) fn new(inner: Arc<dyn CoreRun>) -> Self {
        let waits = inner.durability() == Durability::Full;
        Self { inner: Released::new(inner), waits, known: AtomicBool::new(true) }
    }

    /// A run that another handle or process may have logged to: the first call asks for what it has.
    pub(crate) fn opened(inner: Arc<dyn CoreRun>) -> Self {
        Self { known: AtomicBool::new(false), ..Self::new(inner) }
    }

    /// Appends what is small: with the GIL held, unless the call waits for the disk, or for another process.
    fn append(&self, py: Python<'_>, call: impl FnOnce() -> mlops_core::Result<()> + Send) -> PyResult<()> {
        let known = self.known.swap(true, Ordering::Relaxed);
        if self.waits || !known { detached(py, call) } else { attached(py, call) }
    }

    pub(crate) fn core(&self) -> &Arc<dyn CoreRun> {
        &self.inner
    }
}

#[pymethods]
impl Run {
    #[getter]
    fn id(&self) -> &str {
        self.inner.id()
    }

    /// A handle to the same run whose calls are acknowledged as `durability` says: `fast` or `full`.
    fn with_durability(&self, py: Python<'_>, durability: Text<'_>) -> PyResult<Self> {
        let durability = durability.parse().map_err(|error| to_python(py, &error))?;
        Ok(Self::opened(self.inner.with_durability(durability)))
    }

    #[pyo3(signature = (key, value, step, at=None))]
    fn log_metric(&self, py: Python<'_>, key: Text<'_>, value: f64, step: i64, at: Option<i64>) -> PyResult<()> {
        self.append(py, || self.inner.log_metric(&key, value, step, at.map(Timestamp::from_micros)))
    }

    fn log_param(&self, py: Python<'_>, key: Text<'_>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let value = convert::param(value)?;
        let large = matches!(&value, ParamValue::Text(text) if text.len() > ATTACHED_BYTES);
        if large {
            return detached(py, || self.inner.log_param(&key, value));
        }
        self.append(py, || self.inner.log_param(&key, value))
    }

    /// `subjects` say what each point was measured on: model, name and digest of a data set.
    #[pyo3(signature = (params, tags, metrics, subjects=Vec::new(), inputs=Vec::new()))]
    fn log_batch(
        &self,
        py: Python<'_>,
        params: Vec<(OwnedText, Bound<'_, PyAny>)>,
        tags: Vec<(OwnedText, OwnedText)>,
        metrics: Vec<Point>,
        subjects: Vec<Option<Subject>>,
        inputs: Vec<Input>,
    ) -> PyResult<()> {
        let params = params
            .into_iter()
            .map(|(key, value)| Ok((key.0, convert::param(&value)?)))
            .collect::<PyResult<Vec<_>>>()?;
        let tags = convert::pairs(tags);
        let size = |key: &str, value: &str| key.len() + value.len();
        let text = |value: &ParamValue| if let ParamValue::Text(text) = value { text.len() } else { 8 };
        let bytes = params.iter().map(|(key, value)| key.len() + text(value)).sum::<usize>()
            + tags.iter().map(|(key, value)| size(key, value)).sum::<usize>()
            + metrics.iter().map(|(key, ..)| key.0.len() + 24).sum::<usize>();
        let point =
            |(key, value, step, at): Point| MetricPoint { key: key.0, value, step, at: at.map(Timestamp::from_micros) };
        let subjects: Vec<_> = subjects.into_iter().map(|one| one.map(convert::subject)).collect();
        let inputs: Vec<_> = inputs.into_iter().map(convert::input).collect();
        let attached = subjects.is_empty() && inputs.is_empty();
        let batch = Batch { params, tags, metrics: metrics.into_iter().map(point).collect(), subjects, inputs };
        if attached && bytes <= ATTACHED_BYTES {
            return self.append(py, || self.inner.log_batch(&batch));
        }
        detached(py, || self.inner.log_batch(&batch))
    }

    /// Columns as bytes of native 8-byte numbers; steps and times may be empty.
    fn log_series(&self, py: Python<'_>, key: Text<'_>, steps: &[u8], times: &[u8], values: &[u8]) -> PyResult<()> {
        detached(py, || {
            let (steps, times) = (convert::integers("steps", steps)?, convert::integers("times", times)?);
            self.inner.log_series(&key, &steps, &times, &convert::floats("values", values)?)
        })
    }

    /// Data sets as (name, digest, source type, source, schema, profile, tags), all or nothing.
    fn log_inputs(&self, py: Python<'_>, inputs: Vec<Input>) -> PyResult<()> {
        detached(py, || {
            let inputs: Vec<_> = inputs.into_iter().map(convert::input).collect();
            self.inner.log_inputs(&inputs)
        })
    }

    fn set_tag(&self, py: Python<'_>, key: Text<'_>, value: Text<'_>) -> PyResult<()> {
        detached(py, || self.inner.set_tag(&key, &value))
    }

    fn delete_tag(&self, py: Python<'_>, key: Text<'_>) -> PyResult<()> {
        detached(py, || self.inner.delete_tag(&key))
    }

    fn log_bytes(&self, py: Python<'_>, path: Text<'_>, content: &[u8]) -> PyResult<()> {
        detached(py, || self.inner.log_bytes(&path, content))
    }

    #[pyo3(signature = (local, folder=None))]
    fn log_artifact(&self, py: Python<'_>, local: PathBuf, folder: Option<Text<'_>>) -> PyResult<()> {
        detached(py, || self.inner.log_artifact(&local, folder.as_deref()))
    }

    #[pyo3(signature = (local, folder=None))]
    fn log_artifacts(&self, py: Python<'_>, local: PathBuf, folder: Option<Text<'_>>) -> PyResult<()> {
        detached(py, || self.inner.log_artifacts(&local, folder.as_deref()))
    }

    /// Stores one local file as the artifact `path`.
    fn log_file(&self, py: Python<'_>, path: Text<'_>, local: PathBuf) -> PyResult<()> {
        let path = path.to_owned();
        detached(py, || self.inner.log_files(&[ArtifactSource { path, content: Content::File(&local) }]))
    }

    /// Files as (path, bytes), all or nothing.
    fn log_files(&self, py: Python<'_>, files: Vec<(OwnedText, Vec<u8>)>) -> PyResult<()> {
        detached(py, || {
            let sources: Vec<_> = files
                .iter()
                .map(|(path, bytes)| ArtifactSource { path: path.0.clone(), content: Content::Bytes(bytes) })
                .collect();
            self.inner.log_files(&sources)
        })
    }

    /// Local files as (path, file), all or nothing.
    fn log_paths(&self, py: Python<'_>, files: Vec<(OwnedText, PathBuf)>) -> PyResult<()> {
        detached(py, || {
            let sources: Vec<_> = files
                .iter()
                .map(|(path, file)| ArtifactSource { path: path.0.clone(), content: Content::File(file) })
                .collect();
            self.inner.log_files(&sources)
        })
    }

    /// `at` is in microseconds; now if it is left out. Gives what the caller is to be warned of: what was dropped, and
    /// params that another process had set.
    #[pyo3(signature = (status, at=None))]
    fn end(&self, py: Python<'_>, status: Text<'_>, at: Option<i64>) -> PyResult<Option<String>> {
        detached(py, || {
            let status: RunStatus = status.parse()?;
            let ended = match at {
                Some(at) => self.inner.end_at(status, Timestamp::from_micros(at)),
                None => self.inner.end(status),
            };
            let (has_ended, dropped) = match ended {
                Ok(()) => (true, None),
                Err(dropped @ Error::Dropped { ended, .. }) => (ended, Some(dropped.to_string())),
                // Of an end that only says which params another process set first.
                Err(contradicted @ Error::Conflict { .. }) => (true, Some(contradicted.to_string())),
                Err(error) => return Err(error),
            };
            if status.is_end() && has_ended {
                held::release(self.inner.id());
            }
            Ok(dropped)
        })
    }
}
