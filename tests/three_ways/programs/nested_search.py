"""A search for good params: a run for the search, a run for each try beneath it, and the best of them."""

import itertools

import mlflow
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_val_score

rows, target = load_wine(return_X_y=True, as_frame=True)
experiment = mlflow.set_experiment("wine")
with mlflow.start_run(run_name="search", tags={"kind": "grid"}, description="Depth and trees.") as parent:
    mlflow.log_param("tries", 6)
    for depth, trees in itertools.product((1, 2, 4), (3, 10)):
        with mlflow.start_run(run_name=f"depth {depth}, {trees} trees", nested=True) as child:
            mlflow.log_params({"depth": depth, "trees": trees, "criterion": "gini" if depth < 4 else "entropy"})
            forest = RandomForestClassifier(n_estimators=trees, max_depth=depth, random_state=7)
            scores = cross_val_score(forest, rows, target, cv=3)
            for fold, score in enumerate(scores):
                mlflow.log_metric("fold", score, step=fold)
            mlflow.log_metric("accuracy", scores.mean())
            print(mlflow.get_parent_run(child.info.run_id).info.run_name, mlflow.active_run().info.run_name)
    print(mlflow.active_run().info.run_name)
print(mlflow.active_run(), mlflow.last_active_run().info.run_name)

children = f"tags.mlflow.parentRunId = '{parent.info.run_id}'"


def names(filter_string, **more):
    return [run.info.run_name for run in mlflow.search_runs(filter_string=filter_string, output_format="list", **more)]


print(names(children, order_by=["metrics.accuracy DESC", "params.trees ASC"]))
print(names(f"{children} AND params.depth = '4'", order_by=["start_time ASC"]))
print(
    names(f"{children} AND metrics.accuracy > 0.9 AND params.criterion LIKE 'gin%'", order_by=["attributes.start_time DESC"])
)
print(
    names("attributes.run_name ILIKE 'SEARCH%'"),
    names("tags.kind = 'grid' and status = 'FINISHED'"),
    names("params.depth != '1'", max_results=2, order_by=["metrics.accuracy ASC", "run_name ASC"]),
)
best = mlflow.search_runs(
    [experiment.experiment_id], children, order_by=["metrics.accuracy DESC", "params.trees"], max_results=1
)
print(
    len(best),
    best.loc[0, "params.depth"],
    best.loc[0, "params.trees"],
    round(best.loc[0, "metrics.accuracy"], 6),
    best.loc[0, "tags.mlflow.runName"],
)

with mlflow.start_run(run_id=parent.info.run_id):
    mlflow.set_tags({"best.depth": best.loc[0, "params.depth"], "best.run": best.loc[0, "tags.mlflow.runName"]})
    mlflow.log_metric("best", best.loc[0, "metrics.accuracy"])
run = mlflow.get_run(parent.info.run_id)
print(
    run.info.status, run.info.run_name, run.data.params, {name: round(value, 6) for name, value in run.data.metrics.items()}
)
print(
    {
        name: value
        for name, value in sorted(run.data.tags.items())
        if not name.startswith("mlflow.") or name in ("mlflow.runName", "mlflow.note.content")
    }
)
frame = mlflow.search_runs(experiment_names=["wine"])
print(frame.shape, sorted(frame.columns), sorted({str(kind) for kind in frame.dtypes}))
print(frame[frame["tags.mlflow.runName"] == "search"][["params.depth", "metrics.accuracy"]].isna().all().all())
