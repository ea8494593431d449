"""Evaluation of a classifier, of a regressor and of predictions, with a metric of one's own and thresholds."""

import mlflow
from mlflow.models import MetricThreshold, make_metric
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import train_test_split


def worst(predictions, targets, metrics):
    """The largest error."""
    if len(targets) > 1:
        # MLflow tries it on the first row before.
        print(type(predictions).__name__, round(metrics["max_error"].aggregate_results["max_error"], 5))
    return float((predictions - targets).abs().max())


def off(predictions, targets):
    """The error of each row."""
    errors = (predictions - targets).abs()
    return mlflow.metrics.MetricValue(scores=errors.tolist(), aggregate_results={"mean": errors.mean(), "median": errors.median()})


def show(result):
    """The metrics, but the model's own score."""
    return {name: round(float(value), 5) for name, value in sorted(result.metrics.items()) if name != "score"}


mlflow.set_experiment("evaluation")
rows, target = load_breast_cancer(return_X_y=True, as_frame=True)
train, test, train_target, test_target = train_test_split(rows, target, random_state=7)
model = LogisticRegression(max_iter=5000).fit(train, train_target)
with mlflow.start_run() as run:
    info = mlflow.sklearn.log_model(model, name="model", input_example=test.head(2), pip_requirements=["scikit-learn"])
    result = mlflow.models.evaluate(
        info.model_uri,
        test.assign(target=test_target),
        targets="target",
        model_type="classifier",
        evaluators="default",
        evaluator_config={"log_model_explainability": False},
    )
    print(show(result))
logged = mlflow.get_run(run.info.run_id).data.metrics
print(all(abs(logged[name] - value) < 1e-12 for name, value in result.metrics.items()))

rows, target = load_diabetes(return_X_y=True, as_frame=True)
train, test, train_target, test_target = train_test_split(rows, target, random_state=7)
line = LinearRegression().fit(train, train_target)
extra = [make_metric(eval_fn=call, greater_is_better=False) for call in (worst, off)]
with mlflow.start_run() as run:
    result = mlflow.models.evaluate(
        lambda data: line.predict(data),
        test.assign(target=test_target),
        targets="target",
        model_type="regressor",
        evaluators="default",
        extra_metrics=extra,
        evaluator_config={"log_model_explainability": False},
    )
    print(show(result))
    table = result.tables["eval_results_table"]
    print(sorted(table.columns), table["off/score"].round(5).tolist()[:3])
print(round(mlflow.get_run(run.info.run_id).data.metrics["worst"], 5))

data = test.assign(target=test_target, predicted=line.predict(test))
with mlflow.start_run():
    static = mlflow.models.evaluate(
        data=data, targets="target", predictions="predicted", model_type="regressor", evaluators="default"
    )
print(show(static) == {name: value for name, value in show(result).items() if name not in ("worst", "off/mean", "off/median")})

mlflow.validate_evaluation_results(
    validation_thresholds={"r2_score": MetricThreshold(threshold=0.2, greater_is_better=True)},
    candidate_result=static,
)
try:
    mlflow.validate_evaluation_results(
        validation_thresholds={"r2_score": MetricThreshold(threshold=0.9, greater_is_better=True)},
        candidate_result=static,
    )
except mlflow.exceptions.MlflowException as error:
    print("not good enough:", "r2_score" in str(error))
