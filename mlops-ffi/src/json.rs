//! Objects as JSON text. Numbers that JSON does not have are the texts `NaN`, `Infinity` and `-Infinity`, as in
//! the JSON of protocol buffers: `null` would lose them.

use mlops_core::runs::MetricSummary;
use mlops_core::ui::{Comparison, Row};
use mlops_core::{Error, Result};
use serde_json::{Map, Value, json};

use crate::artifacts::Artifact;
use crate::experiments::mlops_experiment;
use crate::logging::{MLOPS_PARAM_BOOL, MLOPS_PARAM_FLOAT, MLOPS_PARAM_INT, MLOPS_PARAM_NONE};
use crate::run_data::mlops_run_data;
use crate::text::Text;

/// The text of a value.
pub(crate) fn text(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::Internal { detail: format!("cannot write JSON: {error}") })
}

/// An experiment.
pub(crate) fn experiment(experiment: &mlops_experiment) -> Value {
    json!({
        "experiment_id": experiment.id.as_str(),
        "name": experiment.name.as_str(),
        "lifecycle": experiment.lifecycle.as_str(),
        "created_at": experiment.created_at,
        "updated_at": experiment.updated_at,
        "tags": tags(&experiment.tags),
    })
}

/// A run.
pub(crate) fn run(run: &mlops_run_data) -> Value {
    let params = run.params.iter().map(|param| {
        let value = json!({"type": kind(param.kind), "text": param.text.as_str()});
        (param.key.as_str().to_owned(), value)
    });
    let metrics = run.metrics.iter().map(|(key, of)| (key.as_str().to_owned(), summary(of)));
    json!({
        "info": {
            "run_id": run.id.as_str(),
            "experiment_id": run.experiment_id.as_str(),
            "run_name": run.name.as_str(),
            "status": run.status.as_str(),
            "started_at": run.started_at,
            "ended_at": run.ended_at,
            "user": run.user.as_str(),
            "host": run.host.as_str(),
            "lifecycle": run.lifecycle.as_str(),
            "parent_run_id": run.parent_id.as_ref().map(Text::as_str),
        },
        "params": Value::Object(params.collect()),
        "tags": tags(&run.tags),
        "metrics": Value::Object(metrics.collect()),
        "inputs": run.inputs,
        "origin": run.origin,
    })
}

fn summary(summary: &MetricSummary) -> Value {
    json!({
        "last": number(summary.last),
        "last_step": summary.last_step,
        "last_at": summary.last_at,
        "min": number(summary.min),
        "max": number(summary.max),
        "count": summary.count,
    })
}

/// Runs side by side.
pub(crate) fn comparison(compared: &Comparison) -> Value {
    fn rows<T>(rows: &[Row<T>], cell: impl Fn(&T) -> Value) -> Value {
        let cells = |row: &Row<T>| row.cells.iter().map(|of| of.as_ref().map_or(Value::Null, &cell)).collect();
        Value::Object(rows.iter().map(|row| (row.key.clone(), Value::Array(cells(row)))).collect())
    }
    let runs = compared.runs.iter();
    let runs = runs.map(|run| json!({"run_id": run.run_id, "run_name": run.run_name, "status": run.status.as_str()}));
    json!({
        "runs": runs.collect::<Vec<_>>(),
        "params": rows(&compared.params, |text| text.as_str().into()),
        "tags": rows(&compared.tags, |text| text.as_str().into()),
        "metrics": rows(&compared.metrics, summary),
    })
}

/// A page of a list.
pub(crate) fn page(items: impl Iterator<Item = Value>, next_page_token: &Text) -> Value {
    let token = Some(next_page_token.as_str()).filter(|token| !token.is_empty());
    json!({"items": items.collect::<Vec<_>>(), "next_page_token": token})
}

/// A file or folder.
pub(crate) fn artifact(artifact: &Artifact) -> Value {
    json!({
        "path": artifact.path.as_str(),
        "is_dir": artifact.is_dir,
        "size_bytes": artifact.size_bytes,
        "digest": artifact.digest.as_ref().map(Text::as_str),
    })
}

fn tags(tags: &[(Text, Text)]) -> Value {
    let tags = tags.iter().map(|(key, value)| (key.as_str().to_owned(), Value::from(value.as_str())));
    Value::Object(tags.collect::<Map<_, _>>())
}

pub(crate) fn number(number: f64) -> Value {
    if number.is_finite() {
        number.into()
    } else if number.is_nan() {
        "NaN".into()
    } else if number > 0.0 {
        "Infinity".into()
    } else {
        "-Infinity".into()
    }
}

const fn kind(kind: i32) -> &'static str {
    match kind {
        MLOPS_PARAM_INT => "int",
        MLOPS_PARAM_FLOAT => "float",
        MLOPS_PARAM_BOOL => "bool",
        MLOPS_PARAM_NONE => "none",
        _ => "text",
    }
}
