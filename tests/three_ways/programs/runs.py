"""Runs as scripts and notebooks use them: no `with`, names, tags, going on, failure, deletion, experiments."""

import datetime
import os

import mlflow
import numpy

mlflow.set_experiment("runs")
print(mlflow.active_run(), mlflow.get_experiment_by_name("runs").lifecycle_stage)
run = mlflow.start_run(run_name="script", description="What it is about.", tags={"version": 1})
print(mlflow.active_run().info.run_id == run.info.run_id, run.info.status, run.info.lifecycle_stage, run.info.end_time)
print(mlflow.log_param("depth", 3), mlflow.log_param("rate", numpy.float64(0.1)), mlflow.log_param("layers", [64, 32]))
mlflow.log_params(
    {
        "none": None,
        "flag": True,
        "tiny": 1e-07,
        "text": "a b",
        "empty": "",
        "tuple": (1, 2),
        "day": datetime.date(2024, 1, 2),
    }
)
mlflow.log_metric("loss", 0.5)
mlflow.log_metric("loss", numpy.float32(0.25), step=2)
mlflow.log_metric("loss", True, step=1)
mlflow.log_metrics({"acc": 1, "nan": float("nan"), "big": 1e300}, step=7)
mlflow.set_tag("number", 3.5)
mlflow.set_tags({"a": "b", "none": None})
mlflow.delete_tag("a")
mlflow.end_run()
found = mlflow.get_run(run.info.run_id)
print(sorted(found.data.params.items()))
print({name: str(value) for name, value in sorted(found.data.metrics.items())})
print({name: value for name, value in sorted(found.data.tags.items()) if name not in ("mlflow.user", "mlflow.source.name")})
print(
    found.info.status,
    found.info.end_time >= found.info.start_time,
    found.info.run_name,
    type(found.info.start_time).__name__,
)
print(os.path.basename(found.data.tags["mlflow.source.name"]), mlflow.active_run())
print(sorted((point.step, point.value) for point in mlflow.MlflowClient().get_metric_history(run.info.run_id, "loss")))

with mlflow.start_run(run_id=run.info.run_id) as again:
    print(again.info.run_id == run.info.run_id, mlflow.MlflowClient().get_run(run.info.run_id).info.status)
    mlflow.log_metric("loss", 0.1, step=3)
    mlflow.set_tag("mlflow.runName", "renamed")
print(mlflow.get_run(run.info.run_id).info.run_name, mlflow.get_run(run.info.run_id).data.metrics["loss"])

mlflow.log_metric("implicit", 1.0)
implicit = mlflow.active_run()
print(implicit is not None, implicit.info.run_id != run.info.run_id)
mlflow.end_run(status="KILLED")
print(mlflow.get_run(implicit.info.run_id).info.status, mlflow.last_active_run().info.run_id == implicit.info.run_id)
try:
    with mlflow.start_run(run_name="fails") as failing:
        mlflow.log_param("a", 1)
        raise KeyError("data")
except KeyError:
    print(mlflow.get_run(failing.info.run_id).info.status)
with mlflow.start_run() as outer:
    with mlflow.start_run(nested=True) as inner:
        with mlflow.start_run(nested=True, run_name="deepest") as deepest:
            mlflow.log_metric("x", 1)
    mlflow.log_metric("x", 2)
print([mlflow.get_parent_run(one.info.run_id) is not None for one in (outer, inner, deepest)])
print(
    mlflow.get_parent_run(deepest.info.run_id).info.run_id == inner.info.run_id,
    mlflow.get_run(outer.info.run_id).data.metrics,
)
print(len(outer.info.run_name.split("-")), outer.data.params, outer.data.metrics)

mlflow.delete_run(inner.info.run_id)
print(len(mlflow.search_runs()), mlflow.get_run(inner.info.run_id).info.lifecycle_stage)
number = mlflow.create_experiment("another", tags={"a": "b"})
with mlflow.start_run(experiment_id=number, run_name="elsewhere"):
    pass
print([one.info.run_name for one in mlflow.search_runs(experiment_ids=[number], output_format="list")])
print(len(mlflow.search_runs(search_all_experiments=True)), mlflow.search_runs(experiment_names=["nobody"]).shape)
mlflow.set_experiment_tag("owner", "me")
mlflow.set_experiment_tags({"more": "x", "less": "y"})
print(sorted(mlflow.get_experiment_by_name("runs").tags.items()), sorted(one.name for one in mlflow.search_experiments()))
mlflow.delete_experiment(number)
print(
    sorted(one.name for one in mlflow.search_experiments(filter_string="name != 'Default'")),
    mlflow.get_experiment(number).lifecycle_stage,
)
for experiment in mlflow.search_experiments(order_by=["name DESC"], max_results=1):
    print(experiment.name, experiment.artifact_location is not None)
info = mlflow.get_run(run.info.run_id).to_dictionary()
print(sorted(info["info"]), sorted(info["data"]))
frame = mlflow.search_runs(filter_string="metrics.loss < 1", order_by=["start_time DESC"])
print(frame.shape[0], frame["params.depth"].tolist(), frame["metrics.loss"].tolist(), frame["status"].tolist())
