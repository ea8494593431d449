//! Gates: definitions, inputs and reports on their way between Python and the core.

use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use mlops_core::gates::stats::Watch;
use mlops_core::gates::{
    Column, Costs, GateDefinition, GateInputs, GateReport as CoreReport, OwnFunction, OwnScores, OwnValues, Predicted,
    RecordOptions, RunOptions, content_digest, content_hashes, evaluate,
};
use mlops_core::registry::By;
use mlops_core::{Error, Result, ui};
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde_json::{Value, json};

use crate::convert::{self, OwnedText, Text};
use crate::errors::detached;
use crate::store::Store;

/// A column: bytes of native 8-byte floats, or a list of texts.
#[derive(Debug)]
pub(crate) enum Values {
    Numbers(Vec<u8>),
    Texts(Vec<OwnedText>),
}

impl<'a, 'py> FromPyObject<'a, 'py> for Values {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match object.cast::<PyBytes>() {
            Ok(bytes) => Ok(Self::Numbers(bytes.as_bytes().to_vec())),
            Err(_) => object.extract().map(Self::Texts),
        }
    }
}

impl Values {
    pub(crate) fn read(self) -> Result<Column> {
        match self {
            Self::Numbers(bytes) => convert::floats("column", &bytes).map(Column::Numbers),
            Self::Texts(texts) => Ok(Column::Texts(texts.into_iter().map(|text| text.0).collect())),
        }
    }

    fn numbers(self, what: &str) -> Result<Vec<f64>> {
        match self.read()? {
            Column::Numbers(values) => Ok(values),
            Column::Texts(texts) => Err(Error::InvalidArgument {
                what: what.into(),
                value: texts.into_iter().next().unwrap_or_default(),
                expected: "numbers".into(),
            }),
        }
    }
}

type Named = Vec<(OwnedText, Values)>;

fn columns(given: Named) -> Result<BTreeMap<String, Column>> {
    given.into_iter().map(|(name, values)| Ok((name.0, values.read()?))).collect()
}

/// What a model predicted: values, scores, probabilities by class, ids.
#[derive(Debug, FromPyObject)]
pub(crate) struct Said(Option<Values>, Option<Values>, Named, Option<Vec<OwnedText>>);

impl Said {
    fn read(self) -> Result<Predicted> {
        let Self(values, scores, probabilities, ids) = self;
        let probability = |(class, values): (OwnedText, Values)| Ok((class.0, values.numbers("probabilities")?));
        Ok(Predicted {
            ids: ids.map(texts),
            values: values.map(Values::read).transpose()?,
            scores: scores.map(|scores| scores.numbers("scores")).transpose()?,
            probabilities: probabilities.into_iter().map(probability).collect::<Result<_>>()?,
        })
    }
}

fn texts(given: Vec<OwnedText>) -> Vec<String> {
    given.into_iter().map(|text| text.0).collect()
}

/// What the candidate costs, and latencies of the baseline.
#[derive(Debug, FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Measured {
    candidate_latencies: Vec<f64>,
    baseline_latencies: Vec<f64>,
    size_bytes: Option<f64>,
    peak_rss_bytes: Option<f64>,
    load_seconds: Option<f64>,
    is_measuring_host: bool,
}

/// All that a gate looks at.
#[derive(Debug, FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Inputs {
    targets: Values,
    candidate: Said,
    baseline: Option<Said>,
    ids: Option<Vec<OwnedText>>,
    columns: Named,
    own: Vec<(OwnedText, Values, Option<Values>)>,
    /// Callables that take bytes of native 4-byte places of rows and give two floats, the second None without a baseline.
    own_functions: Vec<(OwnedText, Py<PyAny>)>,
    data_digest: Option<OwnedText>,
    row_hashes: Vec<u64>,
    training_hashes: Vec<u64>,
    unlabelled: Option<(u64, u64)>,
    measured: Measured,
    failure: Option<OwnedText>,
}

impl Inputs {
    fn read(self, raised: &Raised) -> Result<GateInputs> {
        let mut inputs = GateInputs::new(self.targets.read()?, self.candidate.read()?);
        inputs.baseline = self.baseline.map(Said::read).transpose()?;
        inputs.ids = self.ids.map(texts);
        inputs.columns = columns(self.columns)?;
        for (name, candidate, baseline) in self.own {
            let baseline = baseline.map(|values| values.numbers("values of a metric")).transpose()?.unwrap_or_default();
            let values = OwnValues { candidate: candidate.numbers("values of a metric")?, baseline };
            inputs.own.insert(name.0, values);
        }
        let functions = self.own_functions.into_iter();
        inputs.own_functions = functions.map(|(name, function)| (name.0, called(function, raised))).collect();
        inputs.data_digest = self.data_digest.map(|text| text.0);
        (inputs.row_hashes, inputs.training_hashes) = (self.row_hashes, self.training_hashes);
        inputs.unlabelled = self.unlabelled;
        inputs.failure = self.failure.map(|text| text.0);
        let Measured { candidate_latencies, baseline_latencies, .. } = self.measured;
        inputs.candidate_costs = Costs {
            latencies: candidate_latencies,
            size_bytes: self.measured.size_bytes,
            peak_rss_bytes: self.measured.peak_rss_bytes,
            load_seconds: self.measured.load_seconds,
        };
        inputs.baseline_costs.latencies = baseline_latencies;
        inputs.is_measuring_host = self.measured.is_measuring_host;
        Ok(inputs)
    }
}

/// What a callable raised that is no answer of its: Ctrl-C, or the end of the interpreter.
pub(crate) type Raised = Arc<Mutex<Option<PyErr>>>;

/// A callable as a function of rows. One is called at a time, from whichever thread.
fn called(function: Py<PyAny>, raised: &Raised) -> OwnFunction {
    let (raised, turn) = (raised.clone(), Mutex::new(()));
    OwnFunction::new(move |rows| {
        // Taken without the interpreter, so that who waits for it does not hold up who has it.
        let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut stopped = raised.lock().unwrap_or_else(PoisonError::into_inner);
        if stopped.is_some() {
            return Err(Error::InvalidState { detail: "the gate was interrupted".into() });
        }
        let places: Vec<u8> = rows.iter().flat_map(|row| row.to_ne_bytes()).collect();
        Python::attach(|py| {
            let answer = function.call1(py, (PyBytes::new(py, &places),));
            let answer = answer.and_then(|found| found.extract::<OwnScores>(py));
            answer.map_err(|error| {
                let detail = error.to_string();
                if !error.is_instance_of::<PyException>(py) {
                    *stopped = Some(error);
                }
                Error::InvalidState { detail }
            })
        })
    })
}

/// What a gate found.
#[pyclass(frozen)]
#[derive(Debug)]
pub(crate) struct GateReport {
    report: CoreReport,
    /// What was noted in the registry, as JSON.
    noted: Option<String>,
}

#[pymethods]
impl GateReport {
    fn json(&self, py: Python<'_>) -> PyResult<String> {
        detached(py, || self.report.to_json_text())
    }

    fn text(&self, py: Python<'_>) -> PyResult<String> {
        detached(py, || Ok(self.report.to_text()))
    }

    fn markdown(&self, py: Python<'_>) -> PyResult<String> {
        detached(py, || Ok(self.report.to_markdown()))
    }

    fn junit(&self, py: Python<'_>) -> PyResult<String> {
        detached(py, || Ok(self.report.to_junit()))
    }

    fn html(&self, py: Python<'_>) -> PyResult<String> {
        detached(py, || Ok(ui::gate_html(&self.report)))
    }

    fn headline(&self) -> String {
        self.report.headline()
    }

    /// What was noted in the registry, as JSON; None if nothing was.
    #[getter]
    fn noted(&self) -> Option<&str> {
        self.noted.as_deref()
    }
}

fn definition(json: &str) -> Result<GateDefinition> {
    let document: Value = serde_json::from_str(json).map_err(|e| Error::InvalidArgument {
        what: "definition of a gate".into(),
        value: json.chars().take(100).collect(),
        expected: format!("JSON: {e}"),
    })?;
    GateDefinition::from_json(&document)
}

/// What a definition asks for, of TOML or JSON: JSON with `definition`, `rules`, `mode`, `metrics` (name, what it takes).
#[pyfunction]
pub(crate) fn read_gate(py: Python<'_>, text: Text<'_>, is_toml: bool) -> PyResult<String> {
    detached(py, || {
        let gate = if is_toml { GateDefinition::from_toml(&text)? } else { definition(&text)? };
        let metrics: Vec<_> = gate.metrics().iter().map(|one| (one.to_string(), gate.takes(one).as_str())).collect();
        let rules = gate.digest().to_string();
        let mut document = gate.to_json();
        if gate.primary.test.is_none()
            && let Some(primary) = document.get_mut("primary").and_then(Value::as_object_mut)
        {
            // That nobody said so is told by the report.
            primary.remove("mode");
        }
        Ok(json!({"definition": document, "rules": rules, "mode": gate.mode_text(), "metrics": metrics}).to_string())
    })
}

/// A definition, JSON, as a file of TOML.
#[pyfunction]
pub(crate) fn write_gate(py: Python<'_>, json: Text<'_>) -> PyResult<String> {
    detached(py, || Ok(definition(&json)?.to_toml()))
}

/// Those of these columns that a definition, JSON, looks at.
#[pyfunction]
pub(crate) fn gate_columns(py: Python<'_>, json: Text<'_>, names: Vec<OwnedText>) -> PyResult<Vec<String>> {
    detached(py, || {
        let gate = definition(&json)?;
        Ok(texts(names).into_iter().filter(|name| gate.looks_at(name)).collect())
    })
}

/// The digest of the content of columns.
#[pyfunction]
pub(crate) fn gate_content_digest(py: Python<'_>, given: Named) -> PyResult<String> {
    detached(py, || Ok(content_digest(&columns(given)?)?.to_string()))
}

/// A hash of each row of columns.
#[pyfunction]
pub(crate) fn gate_content_hashes(py: Python<'_>, given: Named) -> PyResult<Vec<u64>> {
    detached(py, || content_hashes(&columns(given)?))
}

/// What a candidate that is a version is held against: the number in production, or of a version or alias; None: nothing.
#[pyfunction]
pub(crate) fn gate_baseline(
    py: Python<'_>,
    store: &Store,
    name: Text<'_>,
    against: Text<'_>,
    slot: Text<'_>,
) -> PyResult<Option<u64>> {
    detached(py, || {
        let options =
            RecordOptions { against: Some(against.to_owned()), slot: slot.to_owned(), ..RecordOptions::default() };
        Ok(store.core().gates().baseline(&name, &options)?.map(|version| version.version))
    })
}

/// Whom it is about: name and number of the candidate, what it is held against as it was named, the number that this was
/// when the baseline was scored, the slot, whether it is noted, and by whom and why.
#[derive(Debug, FromPyObject)]
pub(crate) struct Versions(
    OwnedText,
    u64,
    OwnedText,
    Option<u64>,
    OwnedText,
    bool,
    Option<OwnedText>,
    Option<OwnedText>,
);

/// How often is looked whether somebody interrupts.
const EVERY: Duration = Duration::from_millis(50);

/// What a call gives that runs in a thread of its own, while this one hears signals and tells how many resamples are drawn.
pub(crate) fn heard<T: Send>(
    call: impl FnOnce() -> Result<T> + Send,
    watch: &Watch,
    raised: &Raised,
    tell: Option<&Py<PyAny>>,
) -> Result<T> {
    thread::scope(|scope| {
        let (done, ended) = mpsc::channel();
        let working = scope.spawn(move || {
            // Whoever waits is woken by the end, also by a panic.
            let _done: mpsc::Sender<()> = done;
            call()
        });
        while ended.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
            let looked = Python::attach(|py| {
                py.check_signals()?;
                tell.map_or(Ok(()), |tell| tell.call1(py, (watch.drawn(),)).map(|_| ()))
            });
            if let Err(error) = looked {
                raised.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                watch.stop();
            }
        }
        working.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}

/// Runs a gate: for a version of the registry, else for what the models are called; without a store nothing is counted.
/// `tell` is called with the number of resamples drawn so far.
#[pyfunction]
pub(crate) fn run_gate(
    py: Python<'_>,
    json: Text<'_>,
    inputs: Inputs,
    store: Option<&Store>,
    versions: Option<Versions>,
    names: (Option<OwnedText>, Option<OwnedText>),
    tell: Option<Py<PyAny>>,
) -> PyResult<GateReport> {
    let (raised, watch) = (Raised::default(), Watch::default());
    let judge = || {
        let (gate, mut inputs) = (definition(&json)?, inputs.read(&raised)?);
        inputs.watch = Some(watch.clone());
        let stopped = || raised.lock().is_ok_and(|raised| raised.is_some());
        let name = |name: Option<OwnedText>| name.map(|name| name.0);
        let run = RunOptions { candidate: name(names.0), baseline: name(names.1), holdout_use: None };
        match (store, versions) {
            (Some(store), Some(versions)) => of_version(store, versions, &gate, inputs, &stopped),
            (Some(store), None) => {
                let report = store.core().gates().run_unregistered(&gate, &inputs, &run)?;
                Ok(GateReport { report, noted: None })
            }
            (None, _) => Ok(GateReport { report: evaluate(&gate, &inputs, &run)?, noted: None }),
        }
    };
    let found = detached(py, || heard(judge, &watch, &raised, tell.as_ref()));
    match raised.lock().unwrap_or_else(PoisonError::into_inner).take() {
        Some(error) => Err(error),
        None => found,
    }
}

fn of_version(
    store: &Store,
    versions: Versions,
    gate: &GateDefinition,
    inputs: GateInputs,
    stopped: &dyn Fn() -> bool,
) -> Result<GateReport> {
    let Versions(name, number, against, scored, slot, record, actor, reason) = versions;
    let by = By { actor: actor.map(|text| text.0), reason: reason.map(|text| text.0) };
    let gates = store.core().gates().with_registry(store.core().registry().by(by));
    let options = RecordOptions { against: Some(against.0), slot: slot.0, record: false, count: record };
    // The predictions are those of this version, whatever is in production by now.
    let of_scored = scored.map_or_else(|| options.against.clone(), |number| Some(number.to_string()));
    let judged = RecordOptions { against: of_scored, ..options.clone() };
    let report = gates.run(&name.0, number, gate, inputs, &judged)?;
    let noted = if record && !stopped() {
        let noted = gates.record(&name.0, number, &report, &options)?;
        Some(json!({"event": noted.id, "verdict": noted.verdict.as_str(), "baseline": noted.baseline}).to_string())
    } else {
        None
    };
    Ok(GateReport { report, noted })
}
