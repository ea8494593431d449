//! Values between Python and the core.

use mlops_core::runs::{
    ArtifactInfo, DatasetInput, Experiment, Lifecycle, MetricDefinitions, MetricSubject, MetricSubjects, RunData, View,
};
use std::ops::Deref;

use mlops_core::{Error, ParamValue, Timestamp};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyString};

use crate::errors::to_python;

/// A text argument. Python's text may hold halves of characters (lone surrogates) that no UTF-8 can: an error like
/// any other bad argument.
#[derive(Debug)]
pub(crate) struct Text<'a>(&'a str);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        self.0
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for Text<'a> {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        object.extract::<&'a str>().map(Self).map_err(|_| not_text(&object))
    }
}

/// [`Text`] that outlives its object.
#[derive(Debug)]
pub(crate) struct OwnedText(pub(crate) String);

impl<'a, 'py> FromPyObject<'a, 'py> for OwnedText {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        Ok(Self(object.extract::<Text<'_>>()?.to_owned()))
    }
}

/// Pairs of text, such as tags.
pub(crate) fn pairs(given: Vec<(OwnedText, OwnedText)>) -> Vec<(String, String)> {
    given.into_iter().map(|(key, value)| (key.0, value.0)).collect()
}

fn not_text(object: &Bound<'_, PyAny>) -> PyErr {
    let shown = object.repr().map_or_else(|_| "?".into(), |repr| repr.to_string_lossy().into_owned());
    let error = Error::InvalidArgument {
        what: "argument".into(),
        value: shown.chars().take(300).collect(),
        expected: "text that can be written in UTF-8".into(),
    };
    to_python(object.py(), &error)
}

/// A param's value: numbers, truth values and None keep their type, everything else is its `str`; the numbers of other
/// libraries keep theirs if their text is that of the number.
pub(crate) fn param(value: &Bound<'_, PyAny>) -> PyResult<ParamValue> {
    if value.is_none() {
        return Ok(ParamValue::None);
    }
    if let Ok(text) = value.cast_exact::<PyString>() {
        return Ok(ParamValue::Text(text.extract::<OwnedText>()?.0));
    }
    if let Ok(truth) = value.cast_exact::<PyBool>() {
        return Ok(ParamValue::Bool(truth.is_true()));
    }
    // numpy's float64 is a float; its text is that of the float.
    if let Ok(number) = value.cast::<PyFloat>() {
        return Ok(ParamValue::Float(number.extract()?));
    }
    if let Ok(number) = value.cast_exact::<PyInt>()
        && let Ok(number) = number.extract::<i64>()
    {
        return Ok(ParamValue::Int(number));
    }
    let text = value.str()?.extract::<OwnedText>()?.0;
    if value.hasattr("dtype")? {
        let known = [
            value.extract().map(ParamValue::Bool),
            value.extract().map(ParamValue::Int),
            text.parse().map(ParamValue::Float).map_err(|_| not_text(value)),
        ];
        if let Some(typed) = known.into_iter().flatten().find(|typed| typed.text() == text) {
            return Ok(typed);
        }
    }
    Ok(ParamValue::Text(text))
}

/// Columns cross as bytes of 8-byte little-endian numbers: no dependency, and numpy reads them without a copy.
pub(crate) fn column<'a, const N: usize>(what: &str, bytes: &'a [u8]) -> mlops_core::Result<&'a [[u8; N]]> {
    let (column, rest) = bytes.as_chunks::<N>();
    if rest.is_empty() {
        return Ok(column);
    }
    Err(Error::InvalidArgument {
        what: what.into(),
        value: format!("{} bytes", bytes.len()),
        expected: format!("a multiple of {N} bytes"),
    })
}

pub(crate) fn integers(what: &str, bytes: &[u8]) -> mlops_core::Result<Vec<i64>> {
    Ok(column::<8>(what, bytes)?.iter().map(|number| i64::from_ne_bytes(*number)).collect())
}

pub(crate) fn floats(what: &str, bytes: &[u8]) -> mlops_core::Result<Vec<f64>> {
    Ok(column::<8>(what, bytes)?.iter().map(|number| f64::from_ne_bytes(*number)).collect())
}

pub(crate) fn integers_out<'py>(py: Python<'py>, column: &[i64]) -> Bound<'py, PyBytes> {
    PyBytes::new(py, &column.iter().flat_map(|number| number.to_ne_bytes()).collect::<Vec<u8>>())
}

pub(crate) fn floats_out<'py>(py: Python<'py>, column: &[f64]) -> Bound<'py, PyBytes> {
    PyBytes::new(py, &column.iter().flat_map(|number| number.to_ne_bytes()).collect::<Vec<u8>>())
}

/// MLflow's view types: 1 active, 2 deleted, 3 all.
pub(crate) fn view(number: u8) -> mlops_core::Result<View> {
    match number {
        1 => Ok(View::Active),
        2 => Ok(View::Deleted),
        3 => Ok(View::All),
        other => Err(Error::InvalidArgument {
            what: "view type".into(),
            value: other.to_string(),
            expected: "1 (active only), 2 (deleted only) or 3 (all)".into(),
        }),
    }
}

/// Microseconds of a time.
pub(crate) fn micros(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::as_micros)
}

pub(crate) fn run_data<'py>(py: Python<'py>, run: &RunData) -> PyResult<Bound<'py, PyDict>> {
    let out = PyDict::new(py);
    let info = &run.info;
    out.set_item("run_id", &info.run_id)?;
    out.set_item("experiment_id", &info.experiment_id)?;
    out.set_item("run_name", &info.run_name)?;
    out.set_item("status", info.status.as_str())?;
    out.set_item("started_at", info.started_at.as_micros())?;
    out.set_item("ended_at", micros(info.ended_at))?;
    out.set_item("user_id", &info.user)?;
    out.set_item("host", &info.host)?;
    out.set_item("lifecycle_stage", info.lifecycle.as_str())?;
    out.set_item("parent_run_id", &info.parent_run_id)?;
    let (params, types) = (PyDict::new(py), PyDict::new(py));
    for (key, value) in &run.params {
        params.set_item(key, value.text())?;
        types.set_item(key, type_name(value))?;
    }
    out.set_item("params", params)?;
    out.set_item("param_types", types)?;
    let metrics = PyDict::new(py);
    for (key, m) in &run.metrics {
        metrics.set_item(key, (m.last, m.last_step, m.last_at.as_micros(), m.min, m.max, m.count))?;
    }
    out.set_item("metrics", metrics)?;
    let said = MetricSubjects::of(&run.tags);
    let subjects = PyDict::new(py);
    for (key, m) in run.metrics.iter().filter(|_| !said.is_empty()) {
        if let Some(subject) = said.find(key, m.last_step, m.last_at, m.last) {
            subjects.set_item(key, subject_out(subject.clone()))?;
        }
    }
    out.set_item("subjects", subjects)?;
    let defined = MetricDefinitions::of(&run.tags);
    let hidden: Vec<_> = run.metrics.keys().filter(|key| defined.is_hidden(key)).collect();
    out.set_item("hidden", hidden)?;
    let tags = PyDict::new(py);
    for (key, value) in &run.tags {
        tags.set_item(key, value)?;
    }
    out.set_item("tags", tags)?;
    let inputs: Vec<_> = run.inputs.iter().map(input_out).collect();
    out.set_item("inputs", inputs)?;
    Ok(out)
}

/// An input: name, digest, source type, source, schema, profile, tags.
pub(crate) type Input =
    (OwnedText, OwnedText, OwnedText, OwnedText, Option<OwnedText>, Option<OwnedText>, Vec<(OwnedText, OwnedText)>);

pub(crate) fn input((name, digest, source_type, source, schema, profile, tags): Input) -> DatasetInput {
    let text = |text: Option<OwnedText>| text.map(|text| text.0);
    DatasetInput {
        name: name.0,
        digest: digest.0,
        source_type: source_type.0,
        source: source.0,
        schema: text(schema),
        profile: text(profile),
        tags: pairs(tags).into_iter().collect(),
    }
}

/// What a point was measured on: the model, and the name and the digest of the data set.
pub(crate) type Subject = (Option<OwnedText>, Option<OwnedText>, Option<OwnedText>);

pub(crate) fn subject((model, name, digest): Subject) -> MetricSubject {
    let text = |text: Option<OwnedText>| text.map(|text| text.0);
    MetricSubject { model_id: text(model), dataset_name: text(name), dataset_digest: text(digest) }
}

/// The same on the way out.
pub(crate) type SubjectOut = (Option<String>, Option<String>, Option<String>);

pub(crate) fn subject_out(subject: MetricSubject) -> SubjectOut {
    (subject.model_id, subject.dataset_name, subject.dataset_digest)
}

type InputOut<'a> = (&'a str, &'a str, &'a str, &'a str, Option<&'a str>, Option<&'a str>, Vec<(&'a str, &'a str)>);

fn input_out(input: &DatasetInput) -> InputOut<'_> {
    let tags = input.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let DatasetInput { name, digest, source_type, source, schema, profile, tags: _ } = input;
    (name, digest, source_type, source, schema.as_deref(), profile.as_deref(), tags)
}

fn type_name(value: &ParamValue) -> &'static str {
    match value {
        ParamValue::Text(_) => "text",
        ParamValue::Int(_) => "int",
        ParamValue::Float(_) => "float",
        ParamValue::Bool(_) => "bool",
        ParamValue::None => "none",
    }
}

pub(crate) fn experiment<'py>(py: Python<'py>, found: &Experiment) -> PyResult<Bound<'py, PyDict>> {
    let out = PyDict::new(py);
    out.set_item("experiment_id", &found.experiment_id)?;
    out.set_item("name", &found.name)?;
    out.set_item("lifecycle_stage", Lifecycle::as_str(found.lifecycle))?;
    out.set_item("created_at", found.created_at.as_micros())?;
    out.set_item("updated_at", found.updated_at.as_micros())?;
    let tags = PyDict::new(py);
    for (key, value) in &found.tags {
        tags.set_item(key, value)?;
    }
    out.set_item("tags", tags)?;
    Ok(out)
}

/// Path, whether it is a folder, size in bytes, digest.
pub(crate) type Artifact = (String, bool, u64, Option<String>);

pub(crate) fn artifact(info: ArtifactInfo) -> Artifact {
    (info.path, info.is_dir, info.size_bytes, info.digest.map(|digest| digest.to_string()))
}
