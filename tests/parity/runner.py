"""Plays the scenario from Python, and prints what a store holds as JSON.

python runner.py play STORE SCENARIO FILES
python runner.py dump STORE QUESTIONS

Where MLflow has a name it plays in MLflow's language only: that works the same with `import mlflow`. It reads with our names where MLflow's
show less: types of params, summaries of metrics, times in microseconds, digests of files.
"""

import datetime
import json
import math
import pathlib
import struct
import sys

import mlops
import pyarrow


def value_of(param):
    kinds = {
        "int": int,
        "float": float,
        "bool": lambda text: text == "True",
        "none": lambda text: None,
        "text": str,
    }
    return kinds[param["type"]](param["value"])


class Player:
    def __init__(self, files):
        self.files = pathlib.Path(files)
        self.client = mlops.MlflowClient()
        self.ids = {}
        self.sweeps = {}
        self.trials = {}

    def create_experiment(self, name, tags):
        self.client.create_experiment(name, tags=tags)

    def experiment(self, name):
        return self.client.get_experiment_by_name(name).experiment_id

    def delete_experiment(self, experiment):
        self.client.delete_experiment(self.experiment(experiment))

    def restore_experiment(self, experiment):
        self.client.restore_experiment(self.experiment(experiment))

    def rename_experiment(self, experiment, name):
        self.client.rename_experiment(self.experiment(experiment), name)

    def tag_experiment(self, experiment, tags):
        for key, value in tags.items():
            self.client.set_experiment_tag(self.experiment(experiment), key, value)

    def untag_experiment(self, experiment, key):
        self.client.delete_experiment_tag(self.experiment(experiment), key)

    def start_run(self, run, experiment, parent, description, tags):
        mlops.set_experiment(experiment)
        nested = mlops.active_run() is not None
        assert nested == (parent is not None)
        started = mlops.start_run(run_name=run, nested=nested, description=description, tags=tags)
        self.ids[run] = started.info.run_id

    def resume_run(self, run):
        mlops.start_run(run_id=self.ids[run])

    def log_param(self, run, **param):
        assert mlops.active_run().info.run_id == self.ids[run]
        mlops.log_param(param["key"], value_of(param))

    def log_metric(self, run, key, value, step, at):
        mlops.log_metric(key, float(value), step=step, timestamp=at, run_id=self.ids[run])

    def log_batch(self, run, params, tags, metrics):
        self.client.log_batch(
            self.ids[run],
            metrics=[mlops.entities.Metric(m["key"], float(m["value"]), m["at"], m["step"]) for m in metrics],
            params=[mlops.entities.Param(p["key"], value_of(p)) for p in params],
            tags=[mlops.entities.RunTag(key, value) for key, value in tags.items()],
        )

    def log_series(self, run, key, steps, times, values):
        points = zip(steps, times, values, strict=True)
        metrics = [mlops.entities.Metric(key, float(value), at, step) for step, at, value in points]
        self.client.log_batch(self.ids[run], metrics=metrics)

    def set_tag(self, run, key, value):
        assert mlops.active_run().info.run_id == self.ids[run]
        mlops.set_tag(key, value)

    def delete_tag(self, run, key):
        self.client.delete_tag(self.ids[run], key)

    def log_input(self, run, context=None, tags=None, **data):
        if context:
            tags = tags | {"mlflow.data.context": context}
        dataset = mlops.entities.Dataset(**data)
        tags = [mlops.entities.InputTag(key, value) for key, value in tags.items()]
        self.client.log_inputs(self.ids[run], [mlops.entities.DatasetInput(dataset, tags)])

    def log_bytes(self, run, path, hex):
        folder, _, name = path.rpartition("/")
        self.client.log_artifact(self.ids[run], str(self.file(name, hex)), folder or None)

    def log_file(self, run, name, folder, hex):
        mlops.log_artifact(str(self.file(name, hex)), folder, run_id=self.ids[run])

    def log_folder(self, run, folder, files):
        for name, hex in files.items():
            self.file(f"{folder}/{name}", hex)
        mlops.log_artifacts(str(self.files / folder), folder, run_id=self.ids[run])

    def end_run(self, run, status):
        assert mlops.active_run().info.run_id == self.ids[run]
        mlops.end_run(status)

    def delete_run(self, run):
        self.client.delete_run(self.ids[run])

    def restore_run(self, run):
        self.client.restore_run(self.ids[run])

    # What MLflow has no names for.

    def log_in_context(self, run, context, key, value, step, at):
        mlops.log_metric(key, float(value), step=step, timestamp=at, run_id=self.ids[run], context=context)

    def define_metric(self, run, name, definition):
        mlops.define_metric(name, run_id=self.ids[run], **definition)

    def log_media(self, run, key, kind, hex, step):
        content = bytes.fromhex(hex)
        kinds = {
            "text": lambda: mlops.Text(content.decode()),
            "image": lambda: mlops.Image(content),
            "table": lambda: mlops.Table(**json.loads(content)),
            "histogram": lambda: mlops.Histogram(**json.loads(content)),
        }
        mlops.log_media(key, kinds[kind](), step=step, run_id=self.ids[run])

    def alert(self, run, title, text, level):
        mlops.alert(title, text, level, run_id=self.ids[run])

    def set_note(self, run, text):
        mlops.set_note(text, run_id=self.ids[run])

    def fork_run(self, run, step, **source):
        started = mlops.start_run(fork_from=f"{self.ids[source['from']]}@{step}", run_name=run)
        self.ids[run] = started.info.run_id

    def rewind_run(self, run, step):
        mlops.rewind_run(self.ids[run], step)

    def ensure_sweep(self, sweep, definition):
        mlops.set_experiment("Default")
        self.sweeps[sweep] = mlops.sweep(name=sweep, **definition)

    def take_trial(self, sweep, run):
        self.trials[run] = self.sweeps[sweep].take()

    def report(self, run, value, step, decision):
        assert self.trials[run].report(float(value), step) == decision

    def end_trial(self, run, status):
        self.trials[run].end(status)

    # The registry.

    def create_model(self, model, description, tags):
        self.client.create_registered_model(model, tags, description)

    def describe_model(self, model, description):
        self.client.update_registered_model(model, description)

    def rename_model(self, model, to):
        self.client.rename_registered_model(model, to)

    def delete_model(self, model):
        self.client.delete_registered_model(model)

    def register_version(self, model, run, path, tags):
        mlops.register_model(f"runs:/{self.ids[run]}/{path}", model, tags=tags)

    def copy_version(self, model, version, to):
        self.client.copy_model_version(f"models:/{model}/{version}", to)

    def describe_version(self, model, version, description):
        self.client.update_model_version(model, version, description)

    def tag_version(self, model, version, key, value):
        self.client.set_model_version_tag(model, version, key, value)

    def untag_version(self, model, version, key):
        self.client.delete_model_version_tag(model, version, key)

    def delete_version(self, model, version):
        self.client.delete_model_version(model, version)

    def set_alias(self, model, alias, version):
        self.client.set_registered_model_alias(model, alias, version)

    def delete_alias(self, model, alias):
        self.client.delete_registered_model_alias(model, alias)

    def set_stage(self, model, version, stage):
        self.client.transition_model_version_stage(model, version, stage)

    def set_policy(self, model, fields, actor, reason):
        mlops.registry().set_policy(fields, model, reason=reason or None, actor=actor)

    def say(self, decision, model, version, actor, reason):
        calls = {"request": "request_approval", "approve": "approve", "reject": "reject", "withdraw": "withdraw"}
        getattr(mlops.registry(), calls[decision])(model, version, reason=reason or None, actor=actor)

    def record_gate(self, model, version, baseline, gate, verdict, metric, value, actor):
        mlops.registry().record_gate_result(
            model, version, baseline or None, verdict, gate, metrics={metric: float(value)}, actor=actor
        )

    def promote(self, model, version, slot, expect, actor, reason):
        expect = None if expect < 0 else expect
        mlops.registry().promote(model, version, slot=slot, expect=expect, actor=actor, reason=reason or None)

    def rollback(self, model, slot, to, actor, reason):
        mlops.registry().rollback(model, slot, to or None, reason or None, actor=actor)

    def file(self, name, hex):
        local = self.files / name
        local.parent.mkdir(parents=True, exist_ok=True)
        local.write_bytes(bytes.fromhex(hex))
        return local


def play(scenario, files):
    player = Player(files)
    for step in json.loads(pathlib.Path(scenario).read_text(encoding="utf-8")):
        call, fails = step.pop("call"), step.pop("fails", None)
        got = None
        try:
            getattr(player, call)(**step)
        except mlops.MlflowException as error:
            got = type(error).__name__
        assert got == fails, f"{call} {step}: {got}, not {fails}"


def bits(value):
    return "nan" if math.isnan(value) else struct.pack(">d", value).hex()


def artifacts(client, run_id, path=None):
    for info in client.list_artifacts(run_id, path):
        if info.is_dir:
            yield from artifacts(client, run_id, info.path)
        else:
            local = pathlib.Path(client.download_artifacts(run_id, info.path))
            content = local.read_bytes().hex()
            yield {"path": info.path, "size": info.file_size, "digest": info.digest, "content": content}


def micros(at):
    return (at - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) // datetime.timedelta(microseconds=1)


def dump_metric(client, run, key, summary):
    run_id = run.info.run_id
    columns = zip(*mlops.get_metric_series(run_id, key, time_unit="us"), strict=True)
    points = [[int(step), int(at), float(value)] for step, at, value in columns]
    # MLflow's names show the same.
    assert summary.last_timestamp == micros(summary.last_at) // 1000
    assert bits(run.data.metrics[key]) == bits(summary.last)
    shown = [[p.step, p.timestamp, bits(p.value)] for p in client.get_metric_history(run_id, key)]
    assert shown == [[step, at // 1000, bits(value)] for step, at, value in points]
    return {
        "points": [[step, at, bits(value)] for step, at, value in points],
        "last": bits(summary.last),
        "last_step": summary.last_step,
        "last_at": micros(summary.last_at),
        "min": bits(summary.min),
        "max": bits(summary.max),
        "count": summary.count,
    }


def dump_run(client, run, experiments):
    run_id = run.info.run_id
    types = run.data.param_types
    assert types.keys() == run.data.params.keys()
    return {
        "id": run_id,
        "name": run.info.run_name,
        "experiment": experiments[run.info.experiment_id],
        "status": run.info.status,
        "lifecycle": run.info.lifecycle_stage,
        "ended": run.info.end_time is not None,
        "parent": run.data.tags.get("mlflow.parentRunId"),
        "params": {key: {"type": types[key], "text": text} for key, text in run.data.params.items()},
        "tags": run.data.tags,
        "metrics": {key: dump_metric(client, run, key, summary) for key, summary in run.data.summaries.items()},
        "artifacts": list(artifacts(client, run_id)),
        "inputs": [
            {**dict(found.dataset), "tags": {tag.key: tag.value for tag in found.tags}}
            for found in run.inputs.dataset_inputs
        ],
        "media": [
            {"key": p.key, "step": p.step, "kind": p.kind, "path": p.path, "size_bytes": p.size_bytes}
            for p in mlops.media_history(run_id)
        ],
        "alerts": [{"title": a.title, "text": a.text, "level": a.level} for a in mlops.alerts(run_id)],
        "summary": {key: numbers(value) for key, value in mlops.summary(run_id).items()},
    }


def numbers(value):
    """Values as JSON has them."""
    if isinstance(value, dict):
        return {name: numbers(one) for name, one in value.items()}
    return value if math.isfinite(value) else str(value).replace("nan", "NaN").replace("inf", "Infinity")


def dump_search(search):
    found = mlops.search_runs(
        search_all_experiments=True,
        run_view_type=mlops.entities.ViewType.ALL,
        filter_string=search["filter"],
        order_by=search["order_by"],
        columns=search["columns"],
        output_format="arrow",
    )
    table = pyarrow.table(found)
    kinds = {"large_string": "text", "double": "number"}
    cells = [[bits(c) if isinstance(c, float) else c for c in column.to_pylist()] for column in table.columns]
    return {
        "count": table.num_rows,
        "columns": [[field.name, kinds[str(field.type)]] for field in table.schema],
        "rows": list(zip(*cells, strict=True)),
    }


def dump_sweep(name):
    sweep = mlops.get_sweep(name)
    return {**sweep.definition, "status": sweep.status(), "trials": sweep.trials}


def dump_version(found):
    registry = mlops.registry()
    folder = pathlib.Path(mlops.artifacts.download_artifacts(f"models:/{found.name}/{found.version}"))
    keys = ("name", "version", "status", "aliases", "source", "run_id", "model_id", "description", "tags", "digest")
    return {
        "version": {key: getattr(found, key) for key in keys} | {"stage": found.current_stage},
        "files": sorted(path.name for path in folder.iterdir()),
        "can_promote": registry.status(found.name, found.version)["can_promote"],
    }


def dump_model(client, name):
    model = client.get_registered_model(name)
    keys = ("name", "description", "tags", "aliases", "generation", "slots")
    latest = {version.current_stage: version.version for version in model.latest_versions}
    versions = client.search_model_versions(f"name = '{name}'")
    shown = {key: getattr(model, key) for key in keys} | {"latest_versions": latest}
    return {"model": shown, "versions": [dump_version(found) for found in versions]}


def version_of(uri):
    """The number of the version that a URI names, or of the error."""
    from mlops import _native, _registry, _state, exceptions

    try:
        return _registry.version_of(_state.store(), uri)["version"]
    except exceptions.MlopsError as error:
        rows = {row[1]: row[0] for row in _native.error_table()}
        return rows[type(error).__name__]


def dump_registry(client, questions):
    registry = mlops.registry()
    return {
        "models": [dump_model(client, name) for name in questions["models"]],
        "uris": [version_of(uri) for uri in questions["uris"]],
        "events": list(registry.events()),
        "pending": len(registry.pending()),
        "verified": registry.verify().seq,
    }


def dump(questions):
    client = mlops.MlflowClient()
    everything = mlops.entities.ViewType.ALL
    experiments = client.search_experiments(view_type=everything)
    names = {e.experiment_id: e.name for e in experiments}
    runs = client.search_runs(list(names), run_view_type=everything)
    json.dump(
        {
            "experiments": [{"name": e.name, "lifecycle": e.lifecycle_stage, "tags": e.tags} for e in experiments],
            "runs": [dump_run(client, run, names) for run in runs],
            "searches": [dump_search(search) for search in questions["searches"]],
            "sweeps": [dump_sweep(name) for name in questions["sweeps"]],
            "registry": dump_registry(client, questions),
        },
        sys.stdout,
    )


if __name__ == "__main__":
    mlops.set_tracking_uri(sys.argv[2])
    if sys.argv[1] == "play":
        play(sys.argv[3], sys.argv[4])
    else:
        dump(json.loads(pathlib.Path(sys.argv[3]).read_text(encoding="utf-8")))
