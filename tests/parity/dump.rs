//! What a store holds as JSON: read from Rust, and brought into one form whoever read it.

use std::collections::BTreeMap;

use mlops_core::runs::{RunQuery, View};
use mlops_core::{ParamValue, Store};
use serde_json::{Value, json};

/// Tags that say where and by what a run was started; they differ between programs.
const OF_THE_PROGRAM: &[&str] = &[
    "mlflow.user",
    "mlflow.source.name",
    "mlflow.source.type",
    "mlflow.source.git.commit",
    "mlops.source.git.dirty",
    "mlflow.parentRunId",
];

/// Reads everything from Rust.
pub(crate) fn dump(store: &Store) -> Value {
    let runs = store.runs();
    let experiments = runs.list_experiments(View::All, 0, None).unwrap().items;
    let names: BTreeMap<_, _> = experiments.iter().map(|e| (e.experiment_id.clone(), e.name.clone())).collect();
    let found = runs.search(&RunQuery { view: View::All, ..RunQuery::default() }).unwrap().items;
    let found: Vec<_> = found
        .into_iter()
        .map(|run| {
            let id = &run.info.run_id;
            let params =
                run.params.iter().map(|(key, value)| (key.clone(), json!({"type": kind(value), "text": value.text()})));
            let metrics = run.metrics.iter().map(|(key, summary)| {
                let series = runs.metric_history(id, key).unwrap();
                let points = series.steps.iter().zip(&series.times).zip(&series.values);
                let points: Vec<_> = points.map(|((step, at), value)| json!([step, at, bits(*value)])).collect();
                let summary = json!({
                    "points": points,
                    "last": bits(summary.last), "last_step": summary.last_step, "last_at": summary.last_at,
                    "min": bits(summary.min), "max": bits(summary.max), "count": summary.count,
                });
                (key.clone(), summary)
            });
            let mut artifacts = Vec::new();
            list(store, id, None, &mut artifacts);
            json!({
                "id": id, "name": run.info.run_name, "experiment": names[&run.info.experiment_id],
                "status": run.info.status.as_str(), "lifecycle": run.info.lifecycle.as_str(),
                "ended": run.info.ended_at.is_some(), "parent": run.info.parent_run_id,
                "params": Value::Object(params.collect()), "tags": run.tags,
                "metrics": Value::Object(metrics.collect()), "artifacts": artifacts,
                "inputs": run.inputs,
            })
        })
        .collect();
    let experiments: Vec<_> = experiments
        .into_iter()
        .map(|e| json!({"name": e.name, "lifecycle": e.lifecycle.as_str(), "tags": e.tags}))
        .collect();
    json!({"experiments": experiments, "runs": found})
}

fn list(store: &Store, run_id: &str, folder: Option<&str>, found: &mut Vec<Value>) {
    for artifact in store.runs().list_artifacts(run_id, folder).unwrap() {
        if artifact.is_dir {
            list(store, run_id, Some(&artifact.path), found);
            continue;
        }
        let content = store.runs().read_artifact(run_id, &artifact.path).unwrap();
        let content = content.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
        found.push(json!({
            "path": artifact.path, "size": artifact.size_bytes,
            "digest": artifact.digest.map(|digest| digest.to_string()), "content": content,
        }));
    }
}

/// The bits of a float, so that every language writes the same.
fn bits(value: f64) -> String {
    if value.is_nan() { "nan".into() } else { format!("{:016x}", value.to_bits()) }
}

const fn kind(value: &ParamValue) -> &'static str {
    match value {
        ParamValue::Text(_) => "text",
        ParamValue::Int(_) => "int",
        ParamValue::Float(_) => "float",
        ParamValue::Bool(_) => "bool",
        ParamValue::None => "none",
    }
}

/// Takes out what differs between stores: ids become names, lists are sorted by name, tags of the program go.
pub(crate) fn normal(mut dump: Value) -> Value {
    let runs = dump["runs"].as_array_mut().unwrap();
    let names: BTreeMap<_, _> = runs.iter().map(|run| (run["id"].to_string(), run["name"].clone())).collect();
    for run in runs.iter_mut() {
        let parent = run["parent"].to_string();
        run["parent"] = names.get(&parent).cloned().unwrap_or(Value::Null);
        let fields = run.as_object_mut().unwrap();
        fields.remove("id");
        let tags = fields["tags"].as_object_mut().unwrap();
        tags.retain(|key, _| !OF_THE_PROGRAM.contains(&key.as_str()));
        sort(&mut fields["artifacts"], "path");
    }
    sort(&mut dump["runs"], "name");
    sort(&mut dump["experiments"], "name");
    dump
}

fn sort(list: &mut Value, by: &str) {
    list.as_array_mut().unwrap().sort_by_key(|item| item[by].to_string());
}
