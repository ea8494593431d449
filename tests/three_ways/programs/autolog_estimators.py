"""Autolog of scikit-learn: a pipeline, a grid search with its children, and metrics that are computed afterwards."""

import mlflow
import sklearn.metrics
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

rows, target = load_breast_cancer(return_X_y=True, as_frame=True)
train, test, train_target, test_target = train_test_split(rows, target, random_state=7)
client = mlflow.MlflowClient()


def show(run):
    """Prints what a run holds."""
    print(sorted(run.data.params.items()))
    print({name: round(value, 5) for name, value in sorted(run.data.metrics.items())})
    print({name: value for name, value in sorted(run.data.tags.items()) if not name.startswith("mlflow.")})
    print(run.info.status)


mlflow.set_experiment("autolog")
mlflow.sklearn.autolog(log_models=False, log_datasets=False, log_post_training_metrics=False, extra_tags={"who": "autolog"})
with mlflow.start_run() as run:
    make_pipeline(StandardScaler(), LogisticRegression(C=0.5, max_iter=500)).fit(train, train_target)
    print(mlflow.active_run().info.run_id == run.info.run_id)
show(client.get_run(run.info.run_id))

Ridge(alpha=0.5).fit(train, train_target)
print(mlflow.active_run())
show(mlflow.last_active_run())

search = GridSearchCV(RandomForestClassifier(random_state=7), {"max_depth": [1, 2], "n_estimators": [2, 4]}, cv=3)
with mlflow.start_run(run_name="grid") as parent:
    search.fit(train, train_target)
show(client.get_run(parent.info.run_id))
children = mlflow.search_runs(
    filter_string=f"tags.mlflow.parentRunId = '{parent.info.run_id}'",
    output_format="list",
    order_by=["params.max_depth", "params.n_estimators"],
)
print(len(children))
for child in children:
    print(
        child.data.params["max_depth"],
        child.data.params["n_estimators"],
        child.info.status,
        round(child.data.metrics["mean_test_score"], 6),
        sorted(child.data.metrics),
    )

mlflow.sklearn.autolog(log_models=False, log_datasets=False)
for model in (LogisticRegression(max_iter=5000), RandomForestClassifier(5, random_state=7)):
    with mlflow.start_run() as run:
        guess = model.fit(train, train_target).predict(test)
        sklearn.metrics.accuracy_score(test_target, guess)
        sklearn.metrics.accuracy_score(train_target, model.predict(train))
        sklearn.metrics.log_loss(test_target, model.predict_proba(test))
        model.score(test, test_target)
    metrics = client.get_run(run.info.run_id).data.metrics
    print({name: round(value, 5) for name, value in sorted(metrics.items()) if not name.startswith("training_")})

mlflow.sklearn.autolog(disable=True)
before = len(mlflow.search_runs())
Ridge().fit(train, train_target)
print(len(mlflow.search_runs()) == before)
