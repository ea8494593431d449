"""Logged models: the same script with `mlflow` and with `mlops` says the same, but for what docs/guide/mlflow.md lists.
`make test-heavy` runs this."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CODE = """
import importlib, json, logging, os, sys, warnings
os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] = "true"
warnings.simplefilter("ignore")
logging.disable(logging.WARNING)
name, uri = sys.argv[1:]
tracking = importlib.import_module(name)
entities = importlib.import_module(f"{name}.entities")
tracking.set_tracking_uri(uri)
import numpy, pandas, xgboost
from sklearn.linear_model import LinearRegression, LogisticRegression
client = tracking.MlflowClient()
found = {}

def say(label, call):
    try:
        found[label] = call()
    except Exception as error:
        found[label] = f"error {getattr(error, 'error_code', type(error).__name__)}"

def names(models):
    return [model.name for model in models]

def metrics(model_id):
    listed = tracking.get_logged_model(model_id).metrics or []
    return sorted((metric.key, metric.value, metric.step, metric.dataset_name) for metric in listed)

def plain(model):
    tags = {key: value for key, value in model.tags.items() if not key.startswith("mlflow.source.name")}
    return [model.name, model.model_type, str(model.status), model.params, tags, model.model_uri == f"models:/{model.model_id}"]

# --- made by themselves
a = tracking.initialize_logged_model("a", params={"x": 1}, tags={"t": 2}, model_type="k")
b = tracking.create_external_model("b", tags={"t": 3})
say("made", lambda: [plain(a), plain(b)])
say("source run", lambda: a.source_run_id)
say("dictionary", lambda: [sorted(a.to_dictionary()), a.to_dictionary()["status"], sorted(dict(a))])
say("last", lambda: tracking.last_logged_model().name)
say("external files", lambda: [file.path for file in client.list_logged_model_artifacts(b.model_id)])
say("finalized", lambda: str(tracking.finalize_logged_model(a.model_id, "READY").status))
for bad in ("", "a/b", "a:b", "a.b"):
    say(f"name {bad!r}", lambda: tracking.initialize_logged_model(bad).name)
say("unknown", lambda: tracking.get_logged_model("m-none").name)
say("no id", lambda: tracking.get_logged_model("").name)
say("tags of unknown", lambda: tracking.set_logged_model_tags("m-none", {"a": 1}))
say("params of unknown", lambda: tracking.log_model_params({"a": 1}, "m-none"))
say("params of none", lambda: tracking.log_model_params({"a": 1}))
say("params", lambda: [tracking.log_model_params({"p": 1}, a.model_id), tracking.get_logged_model(a.model_id).params])
say("tag that is not there", lambda: tracking.delete_logged_model_tag(a.model_id, "none"))
say("tags", lambda: [tracking.set_logged_model_tags(a.model_id, {"new": 1}), tracking.delete_logged_model_tag(a.model_id, "t"),
                     tracking.get_logged_model(a.model_id).tags.get("new"), tracking.get_logged_model(a.model_id).tags.get("t")])
# --- metrics, inputs and outputs
data = tracking.data.from_pandas(pandas.DataFrame({"c": [1.0, 2.0]}), name="held out")
with tracking.start_run() as run:
    tracking.log_metric("acc", 0.7, model_id=a.model_id)
    tracking.log_metrics({"f1": 0.5}, step=2, model_id=b.model_id, dataset=data)
    tracking.log_outputs([entities.LoggedModelOutput(a.model_id, 3)])
    tracking.log_input(model=entities.LoggedModelInput(b.model_id))
say("metrics", lambda: [metrics(a.model_id), metrics(b.model_id)])
known = {a.model_id: "a", b.model_id: "b"}
read = client.get_run(run.info.run_id)
say("inputs", lambda: sorted(known[one.model_id] for one in read.inputs.model_inputs))
say("outputs", lambda: [(known[one.model_id], one.step) for one in read.outputs.model_outputs])
say("parts of a run", lambda: sorted(read.to_dictionary()))
client.log_batch(run.info.run_id, [entities.Metric("batch", 1.0, 5, 0, model_id=a.model_id)])
client.log_metric(run.info.run_id, "single", 2.0, model_id=a.model_id)
say("metrics of a client", lambda: metrics(a.model_id))
# --- finding
for text in (
    None, "", "name = 'a'", "name != 'a'", "name LIKE 'A%'", "name ILIKE 'A%'", "name IN ('a', 'b')", "name NOT IN ('a')",
    "metrics.acc > 0.6", "metrics.acc > 0.6 AND params.x = '1'", "params.x = 1", "params.none != 'q'", "tags.new = '1'",
    "creation_time > 5", "last_updated_timestamp > 5", "model_type = 'k'", "experiment_id = '0'", "attributes.name = 'a'",
    "name > 'a'", "metrics.acc LIKE 'a'", "params.x < '1'", "bar.x = 'a'", "name = 'a' OR name = 'b'", "name",
):
    say(f"filter {text}", lambda: names(tracking.search_logged_models(filter_string=text, output_format="list")))
for order in (
    [{"field_name": "name"}], [{"field_name": "name", "ascending": False}], [{"field_name": "metrics.acc"}],
    [{"field_name": "metrics.acc", "ascending": False}], [{"field_name": "creation_time", "ascending": True}],
    [{"field_name": "params.x"}], [{"field_name": "none"}],
):
    say(f"order {order}", lambda: names(tracking.search_logged_models(order_by=order, output_format="list")))
say("of a data set", lambda: names(tracking.search_logged_models(datasets=[{"dataset_name": "held out"}], output_format="list")))
say("a data set without name", lambda: names(tracking.search_logged_models(datasets=[{"dataset_digest": "1"}], output_format="list")))
say("columns", lambda: list(tracking.search_logged_models().columns))
say("format", lambda: tracking.search_logged_models(output_format="csv"))
say("first", lambda: names(tracking.search_logged_models(max_results=1, output_format="list")))
page = client.search_logged_models(["0"], max_results=1)
say("pages", lambda: names(client.search_logged_models(["0"], max_results=1, page_token=page.token)))
say("no experiments", lambda: names(client.search_logged_models([])))
# --- the active model
with tracking.set_active_model(name="agent") as agent:
    say("active", lambda: [type(agent).__name__, agent.name, tracking.get_active_model_id() == agent.model_id])
    with tracking.start_run():
        tracking.log_metric("z", 1)
        tracking.log_metrics({"y": 2})
    tracking.log_model_params({"p": 1})
say("metrics of the active", lambda: [metrics(agent.model_id), tracking.get_logged_model(agent.model_id).params])
say("active after", lambda: tracking.get_active_model_id())
say("activate none", lambda: tracking.set_active_model())
say("activate unknown", lambda: tracking.set_active_model(model_id="m-none"))
say("activate another name", lambda: tracking.set_active_model(model_id=agent.model_id, name="other"))
tracking.set_active_model(name="agent")
tracking.clear_active_model()
say("cleared", lambda: tracking.get_active_model_id())
# --- deleting
client.delete_logged_model(agent.model_id)
say("deleted twice", lambda: client.delete_logged_model(agent.model_id))
say("deleted", lambda: tracking.get_logged_model(agent.model_id).name)
say("tags of deleted", lambda: tracking.set_logged_model_tags(agent.model_id, {"a": 1}))
say("left", lambda: names(tracking.search_logged_models(output_format="list")))
# --- log_model
line = LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])
options = {"serialization_format": "pickle", "pip_requirements": ["scikit-learn"]}
with tracking.start_run() as run:
    tracking.log_param("alpha", 1)
    tracking.log_metric("m0", 1.0)
    tracking.log_metric("m5", 2.0, step=5)
    info = tracking.sklearn.log_model(line, name="lin", params={"q": 1}, tags={"w": 2}, step=5, model_type="reg", **options)
    tracking.log_metric("late", 3.0, step=5)
    say("both names", lambda: tracking.sklearn.log_model(line, "p", name="q", **options))
    say("outputs of log_model", lambda: [(one.model_id == info.model_id, one.step) for one in run.outputs.model_outputs])
say("info", lambda: [info.model_uri == f"models:/{info.model_id}", info.run_id == run.info.run_id, info.name, info.params, info.tags["w"]])
logged = tracking.get_logged_model(info.model_id)
say("logged", lambda: [plain(logged), logged.source_run_id == run.info.run_id, metrics(info.model_id)])
for uri in (info.model_uri, f"runs:/{run.info.run_id}/lin"):
    say(f"loaded {uri[:5]}", lambda: [float(tracking.sklearn.load_model(uri).coef_[0]), tracking.pyfunc.load_model(uri).predict([[2.0]]).tolist()])
say("model of a pyfunc", lambda: tracking.pyfunc.load_model(info.model_uri).model_id == info.model_id)
def paths(listed):
    # MLflow notes a registration in the folder.
    return sorted(file.path for file in listed if not file.path.endswith("registered_model_meta"))

say("files by name", lambda: paths(tracking.artifacts.list_artifacts(f"runs:/{run.info.run_id}/lin")))
say("files by id", lambda: paths(tracking.artifacts.list_artifacts(info.model_uri)))
with tracking.start_run():
    into = tracking.sklearn.log_model(line, model_id=a.model_id, **options)
say("into one that was there", lambda: [into.model_id == a.model_id, into.name, plain(tracking.get_logged_model(a.model_id))[2]])
with tracking.start_run():
    say("into unknown", lambda: tracking.sklearn.log_model(line, model_id="m-none", **options))
version = tracking.register_model(info.model_uri, "shop")
say("version", lambda: [int(version.version), version.source == info.model_uri, version.run_id == run.info.run_id])
say("says its versions", lambda: json.loads(tracking.get_logged_model(info.model_id).tags["mlflow.modelVersions"]))
say("loaded version", lambda: float(tracking.sklearn.load_model("models:/shop/1").coef_[0]))
# --- autolog
tracking.sklearn.autolog(log_post_training_metrics=False)
rows = numpy.random.default_rng(1).normal(size=(60, 2))
LogisticRegression().fit(rows, rows[:, 0] > 0)
tracking.sklearn.autolog(disable=True)
run = tracking.last_active_run()
made = tracking.get_run(run.info.run_id).outputs.model_outputs[0]
def shown(run, model_id):
    logged = tracking.get_logged_model(model_id)
    return [logged.name, str(logged.status), made.step, [(key, round(value, 6), step) for key, value, step, _ in metrics(model_id)]]
say("autolog of sklearn", lambda: shown(run, made.model_id))
tracking.xgboost.autolog()
train = xgboost.DMatrix(rows, rows[:, 0] > 0)
xgboost.train({"objective": "binary:logistic", "max_depth": 2}, train, 3, evals=[(train, "train")], verbose_eval=False)
tracking.xgboost.autolog(disable=True)
run = tracking.last_active_run()
made = tracking.get_run(run.info.run_id).outputs.model_outputs[0]
say("autolog of xgboost", lambda: shown(run, made.model_id))
# --- evaluate
table = pandas.DataFrame(rows, columns=["u", "v"]).assign(target=rows[:, 0])
with tracking.start_run():
    fitted = tracking.sklearn.log_model(LinearRegression().fit(table[["u", "v"]], table["target"]), name="fitted", input_example=table[["u", "v"]].head(2), **options)
with tracking.start_run() as run:
    tracking.models.evaluate(fitted.model_uri, tracking.data.from_pandas(table, targets="target", name="rows"), model_type="regressor")
say("evaluated", lambda: sorted({(key, dataset) for key, _, _, dataset in metrics(fitted.model_id)} & {("r2_score", "rows"), ("max_error", "rows"), ("mean_squared_error", "rows")}))
say("evaluated models", lambda: [one.model_id == fitted.model_id for one in client.get_run(run.info.run_id).inputs.model_inputs])
print("FOUND" + json.dumps(found, default=str))
"""

def said(name: str, uri: str, folder: Path) -> dict[str, Any]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW", "MLOPS"))}
    environment["MLOPS_CONFIG_DIR"] = str(folder / "config")
    done = subprocess.run(
        [sys.executable, "-c", CODE, name, uri], cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.rpartition("FOUND")[2])
    return found


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    """What MLflow says, and what mlops says."""
    folder = tmp_path_factory.mktemp("logged")
    return said("mlflow", "sqlite:///mlflow.db", folder), said("mlops", str(folder / "store"), folder)


def test_the_same_is_said(both: tuple[dict[str, Any], dict[str, Any]]) -> None:
    theirs, ours = both
    assert list(theirs) == list(ours) and len(ours) >= 90
    differing = {label: (theirs[label], ours[label]) for label in theirs if theirs[label] != ours[label]}
    assert differing == {}
