"""Models as MLflow 3 logs them: named, with params and metrics of their own, found by these."""

import mlflow
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

rows, target = load_iris(return_X_y=True, as_frame=True)
experiment = mlflow.set_experiment("models")
data = mlflow.data.from_pandas(rows.assign(target=target), name="iris", targets="target")
models = {}
with mlflow.start_run(run_name="training") as run:
    for strength in (0.01, 0.1, 1.0):
        model = LogisticRegression(C=strength, max_iter=500).fit(rows, target)
        info = mlflow.sklearn.log_model(
            model,
            name=f"iris {strength}".replace(".", "-"),
            params={"C": strength},
            tags={"team": "flowers"},
            input_example=rows.head(2),
            pip_requirements=["scikit-learn"],
        )
        mlflow.log_metric("accuracy", model.score(rows, target), model_id=info.model_id, dataset=data)
        models[info.model_id] = strength
print(sorted(models.values()), info.name, info.model_uri == f"models:/{info.model_id}")

found = mlflow.get_logged_model(info.model_id)
print(
    found.name,
    found.status,
    found.params,
    found.tags["team"],
    found.source_run_id == run.info.run_id,
    found.experiment_id == experiment.experiment_id,
)
print([(metric.key, round(metric.value, 5), metric.dataset_name) for metric in found.metrics if metric.dataset_name])
print([(out.model_id in models, out.step) for out in mlflow.get_run(run.info.run_id).outputs.model_outputs])


def names(filter_string=None, **more):
    return [one.name for one in mlflow.search_logged_models(filter_string=filter_string, output_format="list", **more)]


print(names(order_by=[{"field_name": "metrics.accuracy", "ascending": False}]))
print(names("metrics.accuracy > 0.9", order_by=[{"field_name": "name", "ascending": True}]))
print(
    names("params.C = '0.1'"),
    names("tags.team = 'flowers'", max_results=2, order_by=[{"field_name": "name", "ascending": True}]),
)
print(names("name = 'iris 1-0'"), names(datasets=[{"dataset_name": "nothing"}]))
mlflow.set_logged_model_tags(info.model_id, {"stage": "tried"})
print(mlflow.get_logged_model(info.model_id).tags["stage"])
mlflow.delete_logged_model_tag(info.model_id, "stage")
print("stage" in mlflow.get_logged_model(info.model_id).tags)

model = mlflow.pyfunc.load_model(info.model_uri)
print(model.predict(rows.head(3)).tolist(), type(mlflow.sklearn.load_model(info.model_uri)).__name__)
version = mlflow.register_model(info.model_uri, "iris")
print(version.name, int(version.version))
with mlflow.start_run(run_name="measured later") as later:
    mlflow.log_metric("accuracy on new", 0.5, model_id=info.model_id)
metrics = mlflow.get_logged_model(info.model_id).metrics
print(sorted({(metric.key, metric.run_id == later.info.run_id) for metric in metrics}))

made = mlflow.initialize_logged_model(name="outside", params={"a": "1"}, tags={"b": "2"})
print(made.name, made.status, made.params, made.tags["b"], made.source_run_id)
print(mlflow.finalize_logged_model(made.model_id, "READY").status)
external = mlflow.create_external_model(name="elsewhere")
print(external.name, external.status, mlflow.last_logged_model().name)
try:
    mlflow.get_logged_model("m-" + "f" * 32)
except mlflow.MlflowException as error:
    print("an unknown model:", error.error_code)
