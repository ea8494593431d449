//! Forks and rewinds, contexts and definitions of metrics, series that are no numbers, alerts.

use std::collections::BTreeMap;
use std::time::Duration;

use mlops_core::base::forked::PerProcess;
use mlops_core::runs::{
    Alert, AlertSubscription, ForkOptions, MediaKind, MediaValue, MetricDefinition, RaisedAlert, RunExt, RunPoint,
    on_alert as subscribe,
};
use mlops_core::{ParamValue, SeriesKey};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::sync::{Mutex, PoisonError};

use crate::convert::{self, OwnedText, Text};
use crate::errors::{detached, to_python};
use crate::run::Run;
use crate::store::Store;

/// The run and the step of `RUN`, `RUN@STEP` or `RUN?_step=STEP`.
#[pyfunction]
pub(crate) fn run_point(py: Python<'_>, text: Text<'_>) -> PyResult<(String, Option<i64>)> {
    let point: RunPoint = text.parse().map_err(|error| to_python(py, &error))?;
    Ok((point.run_id, point.step))
}

/// Starts a run that begins with what another has logged.
#[expect(clippy::too_many_arguments, reason = "keyword arguments in Python")]
#[pyfunction]
#[pyo3(signature = (store, run_id, step=None, *, experiment_id=None, run_name=None, parent_run_id=None,
    tags=Vec::new(), description=None, source_name=None, source_type=None, durability=None))]
pub(crate) fn fork_run(
    py: Python<'_>,
    store: &Bound<'_, Store>,
    run_id: Text<'_>,
    step: Option<i64>,
    experiment_id: Option<OwnedText>,
    run_name: Option<OwnedText>,
    parent_run_id: Option<OwnedText>,
    tags: Vec<(OwnedText, OwnedText)>,
    description: Option<OwnedText>,
    source_name: Option<OwnedText>,
    source_type: Option<OwnedText>,
    durability: Option<OwnedText>,
) -> PyResult<Run> {
    let text = |given: Option<OwnedText>| given.map(|text| text.0);
    let options = ForkOptions {
        experiment_id: text(experiment_id),
        run_name: text(run_name),
        parent_run_id: text(parent_run_id),
        tags: convert::pairs(tags),
        description: text(description),
        source_name: text(source_name),
        source_type: text(source_type),
        ..ForkOptions::default()
    };
    let store = store.get();
    let runs = store.core().runs();
    let forked = detached(py, || match durability {
        Some(durability) => runs.with_durability(durability.0.parse()?).fork(&run_id, step, options),
        None => runs.fork(&run_id, step, options),
    });
    forked.map(|run| store.started(run, false))
}

/// Removes the points of a run behind a step.
#[pyfunction]
pub(crate) fn rewind_run(py: Python<'_>, store: &Bound<'_, Store>, run_id: Text<'_>, step: i64) -> PyResult<()> {
    let store = store.get().core();
    detached(py, || store.runs().rewind(&run_id, step))
}

/// The key of a series with a context.
#[pyfunction]
pub(crate) fn series_key(
    py: Python<'_>,
    key: OwnedText,
    context: Vec<(OwnedText, Bound<'_, PyAny>)>,
) -> PyResult<String> {
    let mut series = SeriesKey::new(key.0);
    for (name, value) in context {
        let value: ParamValue = convert::param(&value)?;
        series = series.with(name.0, value);
    }
    series.text().map_err(|error| to_python(py, &error))
}

/// The key and the context that the key of a series says.
#[pyfunction]
pub(crate) fn parse_series_key(text: Text<'_>) -> (String, BTreeMap<String, String>) {
    let SeriesKey { key, context } = SeriesKey::parse(&text);
    (key, context)
}

/// The contexts of a metric.
#[pyfunction]
pub(crate) fn metric_contexts(
    py: Python<'_>,
    store: &Bound<'_, Store>,
    run_id: Text<'_>,
    key: Text<'_>,
) -> PyResult<Vec<BTreeMap<String, String>>> {
    let store = store.get().core();
    detached(py, || store.runs().metric_contexts(&run_id, &key))
}

/// Says what sums up a metric.
#[pyfunction]
pub(crate) fn define_metric(
    py: Python<'_>,
    run: &Bound<'_, Run>,
    name: Text<'_>,
    step_metric: Option<OwnedText>,
    summary: Vec<OwnedText>,
    goal: Option<OwnedText>,
    hidden: bool,
) -> PyResult<()> {
    let run = run.get().core();
    detached(py, || {
        let definition = MetricDefinition {
            step_metric: step_metric.map(|key| key.0),
            summary: summary.iter().map(|one| one.0.parse()).collect::<mlops_core::Result<_>>()?,
            goal: goal.map(|goal| goal.0.parse()).transpose()?,
            hidden,
        };
        run.define_metric(&name, &definition)
    })
}

/// What sums up each metric of a run: names of aggregations and values.
#[pyfunction]
pub(crate) fn run_summary(
    py: Python<'_>,
    store: &Bound<'_, Store>,
    run_id: Text<'_>,
) -> PyResult<BTreeMap<String, Vec<(&'static str, f64)>>> {
    let store = store.get().core();
    let summary = detached(py, || store.runs().summary(&run_id))?;
    let named = |values: Vec<(mlops_core::runs::Aggregation, f64)>| {
        values.into_iter().map(|(aggregation, value)| (aggregation.name(), value)).collect()
    };
    Ok(summary.into_iter().map(|(key, values)| (key, named(values))).collect())
}

/// Four columns: values of the step metric, steps, times, values.
type Stepped<'py> = (Bound<'py, PyBytes>, Bound<'py, PyBytes>, Bound<'py, PyBytes>, Bound<'py, PyBytes>);

/// The points of a metric over the values of another; of the one that its definition names if none is given.
#[pyfunction]
pub(crate) fn metric_history_by<'py>(
    py: Python<'py>,
    store: &Bound<'py, Store>,
    run_id: Text<'_>,
    key: Text<'_>,
    step_metric: Option<OwnedText>,
) -> PyResult<Stepped<'py>> {
    let store = store.get().core();
    let found = detached(py, || {
        let step_metric = match step_metric {
            Some(given) => given.0,
            None => {
                let definitions = store.runs().metric_definitions(&run_id)?;
                let defined = definitions.find(&key).and_then(|found| found.step_metric.clone());
                defined.ok_or_else(|| mlops_core::Error::InvalidState {
                    detail: format!(
                        "the metric `{}` has no step metric: name one in the call, or with define_metric({:?}, step_metric=...)",
                        &*key, &*key
                    ),
                })?
            }
        };
        store.runs().metric_history_by(&run_id, &key, &step_metric)
    })?;
    Ok((
        convert::floats_out(py, &found.at),
        convert::integers_out(py, &found.points.steps),
        convert::integers_out(py, &found.points.times),
        convert::floats_out(py, &found.points.values),
    ))
}

/// Logs a value of this kind, given as the bytes that it is stored as; its path.
#[pyfunction]
pub(crate) fn log_media(
    py: Python<'_>,
    run: &Bound<'_, Run>,
    key: Text<'_>,
    kind: Text<'_>,
    content: &[u8],
    step: i64,
) -> PyResult<String> {
    let run = run.get().core();
    detached(py, || {
        let value = MediaValue::decode(kind.parse::<MediaKind>()?, content.to_vec())?;
        run.log_media(&key, &value, step)
    })
}

/// A value of a series: key, step, kind, path, size in bytes, microseconds.
type Media = (String, i64, &'static str, String, u64, i64);

/// The values of a series (None: of all) that are no numbers.
#[pyfunction]
pub(crate) fn media_history(
    py: Python<'_>,
    store: &Bound<'_, Store>,
    run_id: Text<'_>,
    key: Option<Text<'_>>,
    kind: Option<Text<'_>>,
) -> PyResult<Vec<Media>> {
    let store = store.get().core();
    let found = detached(py, || {
        let kind = kind.map(|kind| kind.parse::<MediaKind>()).transpose()?;
        let mut found = store.runs().media(&run_id)?;
        found.retain(|one| key.as_deref().is_none_or(|key| key == one.key) && kind.is_none_or(|kind| kind == one.kind));
        Ok(found)
    })?;
    let media = |one: mlops_core::runs::MediaPoint| {
        (one.key, one.step, one.kind.name(), one.path, one.size_bytes, one.at.as_micros())
    };
    Ok(found.into_iter().map(media).collect())
}

/// The bytes of a value of a series, checked to be one.
#[pyfunction]
pub(crate) fn read_media<'py>(
    py: Python<'py>,
    store: &Bound<'py, Store>,
    run_id: Text<'_>,
    path: Text<'_>,
) -> PyResult<Bound<'py, PyBytes>> {
    let store = store.get().core();
    let bytes = detached(py, || store.runs().read_media(&run_id, &path)?.encode())?;
    Ok(PyBytes::new(py, &bytes))
}

/// Checks the bytes of a value.
#[pyfunction]
pub(crate) fn check_media(py: Python<'_>, kind: Text<'_>, content: &[u8]) -> PyResult<()> {
    let checked = kind.parse::<MediaKind>().and_then(|kind| MediaValue::decode(kind, content.to_vec()));
    checked.map(drop).map_err(|error| to_python(py, &error))
}

/// Raises an alert; false if one of its title was raised within `wait_us`.
#[pyfunction]
pub(crate) fn raise_alert(
    py: Python<'_>,
    run: &Bound<'_, Run>,
    title: OwnedText,
    text: OwnedText,
    level: OwnedText,
    wait_us: u64,
) -> PyResult<bool> {
    let run = run.get().core();
    detached(py, || {
        let (level, wait) = (level.0.parse()?, Duration::from_micros(wait_us));
        run.alert(&Alert { title: title.0, text: text.0, level, wait })
    })
}

/// An alert: run, title, text, level, microseconds.
type Raised = (String, String, String, &'static str, i64);

fn raised(alert: RaisedAlert) -> Raised {
    (alert.run_id, alert.title, alert.text, alert.level.name(), alert.at.as_micros())
}

/// The alerts of a run, the oldest first.
#[pyfunction]
pub(crate) fn run_alerts(py: Python<'_>, store: &Bound<'_, Store>, run_id: Text<'_>) -> PyResult<Vec<Raised>> {
    let store = store.get().core();
    Ok(detached(py, || store.runs().alerts(&run_id))?.into_iter().map(raised).collect())
}

// A forked child has none of its parent's.
static SUBSCRIBED: PerProcess<Mutex<Vec<AlertSubscription>>> = PerProcess::new();

/// Has a callable called for every alert of this process, from now on. What it raises is shown and goes no further.
#[pyfunction]
pub(crate) fn on_alert(callback: Py<PyAny>) {
    let kept = subscribe(move |alert| {
        Python::attach(|py| {
            if let Err(error) = callback.call1(py, raised(alert.clone())) {
                error.write_unraisable(py, Some(callback.bind(py)));
            }
        });
    });
    SUBSCRIBED.get().lock().unwrap_or_else(PoisonError::into_inner).push(kept);
}
