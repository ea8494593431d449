//! What a store holds as JSON: read from Rust, and brought into one form whoever read it.

use std::collections::BTreeMap;

use mlops_core::registry::{Event, LocalRegistry, ModelQuery, ModelRegistry, ModelVersion, Stage};
use mlops_core::runs::{Aggregation, ColumnData, RunQuery, Runs, View};
use mlops_core::{ParamValue, Store};
use serde_json::{Map, Value, json};

use crate::calls::{Questions, Search};

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
pub(crate) fn dump(store: &Store, questions: &Questions) -> Value {
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
                "media": runs.media(id).unwrap(),
                "alerts": runs.alerts(id).unwrap(),
                "summary": summary(runs, id),
            })
        })
        .collect();
    let experiments: Vec<_> = experiments
        .into_iter()
        .map(|e| json!({"name": e.name, "lifecycle": e.lifecycle.as_str(), "tags": e.tags}))
        .collect();
    let searches: Vec<_> = questions.searches.iter().map(|one| search(store, one)).collect();
    let sweep = |name: &String| store.sweeps().get(name).unwrap().to_json_with_trials().unwrap();
    let sweeps: Vec<_> = questions.sweeps.iter().map(sweep).collect();
    json!({
        "experiments": experiments, "runs": found, "searches": searches, "sweeps": sweeps,
        "registry": registry(&store.registry(), questions),
    })
}

/// Models, versions with their files and how they stand, what URIs name, and all that happened.
fn registry(registry: &LocalRegistry, questions: &Questions) -> Value {
    let versions = |name: &String| -> Vec<Value> {
        let query = ModelQuery { filter: format!("name = '{name}'"), ..ModelQuery::default() };
        let found = registry.search_versions(&query).unwrap().items;
        let one = |found: ModelVersion| {
            let files = registry.list_files(name, found.version, None).unwrap();
            json!({
                "version": found.to_json(),
                "files": files.iter().map(|file| &file.path).collect::<Vec<_>>(),
                "can_promote": registry.status(name, found.version, Stage::Production, "").unwrap().can_promote(),
            })
        };
        found.into_iter().map(one).collect()
    };
    let model =
        |name: &String| json!({"model": registry.get_model(name).unwrap().to_json(), "versions": versions(name)});
    let uri = |uri: &String| {
        registry.version_of_uri(uri).map_or_else(|error| json!(error.code().row().number), |found| json!(found.version))
    };
    json!({
        "models": questions.models.iter().map(model).collect::<Vec<_>>(),
        "uris": questions.uris.iter().map(uri).collect::<Vec<_>>(),
        "events": registry.events(0, 10_000).unwrap().iter().map(Event::to_json).collect::<Vec<_>>(),
        "pending": registry.pending().unwrap().len(),
        "verified": registry.verify_log(None).unwrap().seq,
    })
}

/// What sums up each metric, with NaN and infinities as texts.
fn summary(runs: &Runs, id: &str) -> Value {
    let number = |value: f64| match value {
        value if value.is_nan() => json!("NaN"),
        f64::INFINITY => json!("Infinity"),
        f64::NEG_INFINITY => json!("-Infinity"),
        value => json!(value),
    };
    let values = |values: Vec<(Aggregation, f64)>| -> BTreeMap<_, _> {
        values.into_iter().map(|(of, value)| (of.name(), number(value))).collect()
    };
    let all = runs.summary(id).unwrap();
    json!(all.into_iter().map(|(key, found)| (key, values(found))).collect::<BTreeMap<_, _>>())
}

/// A search as a table: columns with their types, and rows of cells.
fn search(store: &Store, search: &Search) -> Value {
    let query = RunQuery {
        view: View::All,
        filter: search.filter.clone(),
        order_by: search.order_by.clone(),
        ..RunQuery::default()
    };
    let table = store.runs().search_table(&query, &search.columns).unwrap();
    let cells = |data: &ColumnData| -> (Value, Vec<Value>) {
        match data {
            ColumnData::Text(texts) => ("text".into(), texts.iter().map(|text| json!(text)).collect()),
            ColumnData::Number(numbers) => {
                ("number".into(), numbers.iter().map(|number| json!(number.map(bits))).collect())
            }
            ColumnData::Time(_) => panic!("times differ between stores"),
        }
    };
    let columns: Vec<_> = table.columns.iter().map(|column| (&column.name, cells(&column.data))).collect();
    json!({
        "count": store.runs().count(&query).unwrap(),
        "columns": columns.iter().map(|(name, (kind, _))| json!([name, kind])).collect::<Vec<_>>(),
        "rows": (0..table.rows)
            .map(|row| columns.iter().map(|(_, (_, cells))| cells[row].clone()).collect::<Vec<_>>())
            .collect::<Vec<_>>(),
    })
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
        tags.retain(|key, _| !OF_THE_PROGRAM.contains(&key.as_str()) && !key.starts_with("mlops.alert."));
        if let Some(Value::String(from)) = tags.get_mut("mlops.forkedFrom") {
            let (id, step) = from.split_once('@').unwrap();
            *from = format!("{}@{step}", names[&Value::from(id).to_string()]);
        }
        if fields["tags"].get("mlops.sweep").is_some() {
            // What a trial reports is of the time when it does.
            for metric in fields["metrics"].as_object_mut().unwrap().values_mut() {
                without(metric, &["last_at"]);
                metric["points"].as_array_mut().unwrap().iter_mut().for_each(|point| point[1] = Value::Null);
            }
        }
        typed(fields);
        sort(&mut fields["artifacts"], "path");
    }
    of_the_registry(&mut dump["registry"], &names);
    for sweep in dump["sweeps"].as_array_mut().unwrap() {
        without(sweep, &["created_at"]);
        sweep["trials"].as_array_mut().unwrap().iter_mut().for_each(|trial| {
            without(trial, &["run_id", "started_at", "ended_at"]);
        });
    }
    sort(&mut dump["runs"], "name");
    sort(&mut dump["experiments"], "name");
    dump
}

/// What a run has that is no number: without ids and times, and with its content; one value stands for itself.
fn typed(run: &mut Map<String, Value>) {
    let files: Vec<Value> = run["artifacts"].as_array().unwrap().clone();
    for point in run["media"].as_array_mut().unwrap() {
        let file = files.iter().find(|file| file["path"] == point["path"]).unwrap();
        point["content"] = file["content"].clone();
        without(point, &["path", "at"]);
    }
    let is_media = |file: &Value| file["path"].as_str().is_some_and(|path| path.starts_with("media/"));
    run["artifacts"].as_array_mut().unwrap().retain(|file| !is_media(file));
    run["alerts"].as_array_mut().unwrap().iter_mut().for_each(|alert| without(alert, &["run_id", "at"]));
    for value in run["summary"].as_object_mut().unwrap().values_mut() {
        if let Some(only) = value.as_object().filter(|all| all.len() == 1).and_then(|all| all.values().next()) {
            *value = only.clone();
        }
    }
}

/// The registry without times, hashes and users, and with names for runs.
fn of_the_registry(registry: &mut Value, names: &BTreeMap<String, Value>) {
    let named = |source: &mut Value| {
        let Some(text) = source.as_str().and_then(|text| text.strip_prefix("runs:/")) else { return };
        let (id, path) = text.split_once('/').unwrap();
        *source = json!(format!("runs:/{}/{path}", names[&Value::from(id).to_string()]));
    };
    for model in registry["models"].as_array_mut().unwrap() {
        without(&mut model["model"], &["created_at", "updated_at"]);
        for slot in model["model"]["slots"].as_object_mut().unwrap().values_mut() {
            without(slot, &["event"]);
        }
        for version in model["versions"].as_array_mut().unwrap() {
            let version = &mut version["version"];
            without(version, &["created_at", "updated_at", "created_by", "manifest"]);
            named(&mut version["source"]);
            let run = names.get(&version["run_id"].to_string()).cloned();
            version["run_id"] = run.unwrap_or_default();
        }
    }
    for event in registry["events"].as_array_mut().unwrap() {
        if event["actor_from"] != "argument" {
            event["actor"] = Value::Null;
        }
        without(event, &["at", "actor_from", "uid", "user", "host", "pid", "prev_hash", "hash"]);
        named(&mut event["to"]);
        // The digest of a version's manifest has the times and ids of its run.
        let of_all =
            |of: &Value| ["gate:", "approval:", "policy:"].iter().any(|kind| of.as_str().unwrap().starts_with(kind));
        event["evidence"].as_array_mut().unwrap().retain(of_all);
    }
}

fn without(object: &mut Value, keys: &[&str]) {
    object.as_object_mut().unwrap().retain(|key, _| !keys.contains(&key.as_str()));
}

fn sort(list: &mut Value, by: &str) {
    list.as_array_mut().unwrap().sort_by_key(|item| item[by].to_string());
}
