"""What programs catch: the class and the code of errors."""

import mlflow
from mlflow.entities import Metric, Param
from mlflow.exceptions import MlflowException

experiment = mlflow.set_experiment("errors")
client = mlflow.MlflowClient()


def said(what, call, *arguments, **named):
    """Says what a call raises."""
    try:
        call(*arguments, **named)
    except FileNotFoundError:
        print(f"{what}: FileNotFoundError")
    except MlflowException as error:
        print(f"{what}: MlflowException {error.error_code}")
    except Exception as error:
        print(f"{what}: {type(error).__name__}")
    else:
        print(f"{what}: fine")


nobody = "f" * 32
said("an unknown run", client.get_run, nobody)
said("an unknown run, fluent", mlflow.get_run, nobody)
said("a metric of an unknown run", client.log_metric, nobody, "loss", 1.0)
said("a param of an unknown run", client.log_param, nobody, "depth", 1)
said("a tag of an unknown run", client.set_tag, nobody, "a", "b")
said("removing an unknown run", client.delete_run, nobody)
said("going on with an unknown run", mlflow.start_run, run_id=nobody)
said("an unknown experiment", client.get_experiment, "77")
said("a run in an unknown experiment", client.create_run, "77")
said("an experiment that is there", client.create_experiment, "errors")
said("an experiment without a name", client.create_experiment, "")
said("removing an unknown experiment", client.delete_experiment, "77")
said("an experiment of an unknown id", mlflow.set_experiment, experiment_id="77")

with mlflow.start_run() as run:
    run_id = run.info.run_id
    mlflow.log_param("depth", 3)
    said("the same param again", mlflow.log_param, "depth", 3)
    said("a changed param", mlflow.log_param, "depth", 4)
    said("changed params", mlflow.log_params, {"new": 1, "depth": 5})
    said("a changed param in a batch", client.log_batch, run_id, params=[Param("depth", "6")])
    said("a param that is there twice", client.log_batch, run_id, params=[Param("two", "1"), Param("two", "2")])
    said("a metric that is a text", mlflow.log_metric, "loss", "low")
    said("a metric that is nothing", mlflow.log_metric, "loss", None)
    said("a metric without a name", mlflow.log_metric, "", 1.0)
    said("a param without a name", mlflow.log_param, "", 1.0)
    said("a text of digits as metric", mlflow.log_metric, "digits", "0.5")
    said("a batch with a text", client.log_batch, run_id, [Metric("loss", "low", 1, 1)])
    said("removing a tag that is not there", mlflow.delete_tag, "nothing")
    for what, call, arguments in (
        ("a run in a run", mlflow.start_run, ()),
        ("a status that is none", client.set_terminated, (run_id, "DONE")),
    ):
        try:
            call(*arguments)
        except Exception:
            print(f"{what}: an exception")
    said("a file that is missing", mlflow.log_artifact, "missing.txt")
    said("a table that is none", mlflow.log_table, 3, "table.json")
    said("an artifact that is missing", mlflow.artifacts.load_text, f"runs:/{run_id}/missing.txt")
    said("a dict of a text", mlflow.artifacts.load_dict, f"runs:/{run_id}/missing.json")
print(mlflow.get_run(run_id).data.params, mlflow.get_run(run_id).data.metrics, mlflow.get_run(run_id).info.status)

for text in (
    "nonsense",
    "metrics.loss >",
    "metrics.loss > 'x'",
    "unknown.depth = '3'",
    "metrics.loss ~ 1",
    "attributes.nothing = 'x'",
):
    said(f"the filter {text}", client.search_runs, [experiment.experiment_id], text)
said("a filter of experiments", client.search_experiments, filter_string="nothing = 'x'")
said("an order that is none", client.search_runs, [experiment.experiment_id], order_by=["nothing.loss"])
said("too few results", client.search_runs, [experiment.experiment_id], max_results=0)
said("a page token that is none", client.search_runs, [experiment.experiment_id], page_token="nothing")

client.delete_run(run_id)
said("removing a deleted run", client.delete_run, run_id)
client.restore_run(run_id)
said("a metric of a run that came back", client.log_metric, run_id, "loss", 1.0)

said("an unknown registered model", client.get_registered_model, "nobody")
said("an unknown version", client.get_model_version, "nobody", "1")
client.create_registered_model("somebody")
said("a registered model that is there", client.create_registered_model, "somebody")
said("a registered model without a name", client.create_registered_model, "")
said("an alias of an unknown version", client.set_registered_model_alias, "somebody", "champion", "1")
said("a filter of versions", client.search_model_versions, "nothing = 'x'")
said("an unknown model", mlflow.pyfunc.load_model, "models:/somebody/1")
said("a model of an unknown run", mlflow.pyfunc.load_model, f"runs:/{nobody}/model")
with mlflow.start_run() as run:
    pass
said("a model that is missing", mlflow.pyfunc.load_model, f"runs:/{run.info.run_id}/model")
said("a model that is missing, native", mlflow.sklearn.load_model, f"runs:/{run.info.run_id}/model")

try:
    with mlflow.start_run() as run:
        raise ValueError("the data are bad")
except ValueError as error:
    print(error, mlflow.get_run(run.info.run_id).info.status, mlflow.active_run())
said("ending no run", mlflow.end_run)
