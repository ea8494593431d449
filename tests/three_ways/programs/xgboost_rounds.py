"""XGBoost with a metric for each round, by a callback and by autolog, and the model."""

import mlflow
import xgboost
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

rows, target = load_breast_cancer(return_X_y=True, as_frame=True)
train, test, train_target, test_target = train_test_split(rows, target, random_state=7)
matrix, held_out = xgboost.DMatrix(train, train_target), xgboost.DMatrix(test, test_target)
params = {"objective": "binary:logistic", "eval_metric": "logloss", "max_depth": 3, "eta": 0.3, "seed": 7, "nthread": 1}
client = mlflow.MlflowClient()


class Log(xgboost.callback.TrainingCallback):
    """Logs what XGBoost says of each round."""

    def after_iteration(self, model, epoch, evals_log):
        mlflow.log_metrics(
            {f"{data}-{name}": values[-1] for data, of in evals_log.items() for name, values in of.items()}, step=epoch
        )
        return False


def curve(run_id, key):
    return [(point.step, round(point.value, 6)) for point in client.get_metric_history(run_id, key)]


mlflow.set_experiment("rounds")
with mlflow.start_run(run_name="callback") as run:
    mlflow.log_params(params)
    booster = xgboost.train(
        params, matrix, 12, evals=[(matrix, "train"), (held_out, "test")], callbacks=[Log()], verbose_eval=False
    )
    info = mlflow.xgboost.log_model(booster, name="model", input_example=test.head(2), pip_requirements=["xgboost"])
print(sorted(client.get_run(run.info.run_id).data.params.items()))
print(curve(run.info.run_id, "train-logloss"))
print(curve(run.info.run_id, "test-logloss"))
print(info.signature.outputs, info.flavors.keys() >= {"python_function", "xgboost"})

again = mlflow.xgboost.load_model(info.model_uri)
function = mlflow.pyfunc.load_model(info.model_uri)
print(
    type(again).__name__, again.predict(held_out)[:4].round(5), (function.predict(test) == booster.predict(held_out)).all()
)

mlflow.xgboost.autolog(log_models=False, log_datasets=False)
with mlflow.start_run(run_name="autolog") as run:
    xgboost.train(params, matrix, 12, evals=[(held_out, "test")], early_stopping_rounds=3, verbose_eval=False)
mlflow.xgboost.autolog(disable=True)
found = client.get_run(run.info.run_id)
print(sorted(found.data.params.items()))
print({name: round(value, 6) for name, value in sorted(found.data.metrics.items())})
print(curve(run.info.run_id, "test-logloss"))
print(sorted(file.path for file in client.list_artifacts(run.info.run_id)))
print(client.get_run(run.info.run_id).info.status, mlflow.active_run())

model = xgboost.XGBClassifier(n_estimators=5, max_depth=2, random_state=7, n_jobs=1).fit(train, train_target)
with mlflow.start_run(run_name="estimator"):
    info = mlflow.xgboost.log_model(model, name="model", input_example=test.head(2), pip_requirements=["xgboost"])
again = mlflow.xgboost.load_model(info.model_uri)
print(type(again).__name__, (again.predict(test) == model.predict(test)).all(), info.signature.outputs)
