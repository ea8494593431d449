"""All by the client: experiments, runs, batches, tags, search in pages, removal and return, files."""

import os
import tempfile

import mlflow
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.tracking import MlflowClient

client = MlflowClient()
number = client.create_experiment("churn", tags={"team": "growth"})
print(
    number,
    client.get_experiment(number).name,
    client.get_experiment(number).tags,
    client.get_experiment(number).lifecycle_stage,
)
client.set_experiment_tag(number, "quarter", "3")
client.rename_experiment(number, "churn of customers")
print(client.get_experiment_by_name("churn"), client.get_experiment_by_name("churn of customers").experiment_id == number)
for name in ("alpha", "beta", "gamma"):
    client.create_experiment(name, tags={"letter": name[0]})
print([found.name for found in client.search_experiments(order_by=["name ASC"])])
print(
    [
        found.name
        for found in client.search_experiments(filter_string="name LIKE '%a' AND tags.letter != 'b'", order_by=["name DESC"])
    ]
)
page = client.search_experiments(max_results=2, order_by=["experiment_id ASC"])
print(
    [found.name for found in page],
    [
        found.name
        for found in client.search_experiments(max_results=2, order_by=["experiment_id ASC"], page_token=page.token)
    ],
)
gone = client.get_experiment_by_name("beta").experiment_id
client.delete_experiment(gone)
print(
    client.get_experiment(gone).lifecycle_stage,
    [found.name for found in client.search_experiments(view_type=ViewType.DELETED_ONLY)],
)
client.restore_experiment(gone)
print(client.get_experiment(gone).lifecycle_stage)

ids = []
for index in range(7):
    run = client.create_run(
        number, start_time=1_700_000_000_000 + index, tags={"index": str(index)}, run_name=f"run {index}"
    )
    ids.append(run.info.run_id)
    points = [Metric("loss", 1 / (step + index + 1), 1_700_000_000_000 + step, step) for step in range(5)]
    client.log_batch(
        run.info.run_id, points, [Param("index", str(index)), Param("even", str(index % 2 == 0))], [RunTag("batch", "yes")]
    )
    client.log_metric(run.info.run_id, "single", index, timestamp=5, step=3)
    client.log_param(run.info.run_id, "kind", "tree" if index < 4 else "line")
    client.set_terminated(run.info.run_id, "FINISHED" if index else "FAILED", end_time=1_700_000_001_000)
print(run.info.status, run.info.lifecycle_stage, run.info.start_time, run.info.run_name, run.data.tags["index"])
last = client.get_run(ids[-1])
print(last.info.status, last.info.start_time, last.info.end_time, last.info.experiment_id == number)
print(
    sorted(last.data.params.items()),
    sorted(last.data.metrics.items()),
    {name: value for name, value in sorted(last.data.tags.items()) if not name.startswith("mlflow.")},
)
print([(point.key, point.value, point.timestamp, point.step) for point in client.get_metric_history(ids[1], "loss")])

found, token, pages = [], None, 0
while True:
    page = client.search_runs(
        [number], "params.index != '2'", max_results=4, order_by=["metrics.loss ASC"], page_token=token
    )
    found += [run.info.run_name for run in page]
    pages, token = pages + 1, page.token
    if not token:
        break
print(pages, found)
for text in (
    "metrics.loss < 0.15",
    "metrics.single >= 3 AND params.kind = 'tree'",
    "tags.index = '5'",
    "status = 'FAILED'",
    "attributes.start_time > 1700000000004",
):
    print(text, [run.info.run_name for run in client.search_runs([number], text, order_by=["run_name ASC"])])

client.delete_run(ids[0])
client.delete_tag(ids[1], "batch")
client.set_tag(ids[1], "batch", 2)
client.update_run(ids[2], name="renamed")
print(
    client.get_run(ids[0]).info.lifecycle_stage,
    client.get_run(ids[1]).data.tags["batch"],
    client.get_run(ids[2]).info.run_name,
)
print(
    len(client.search_runs([number])),
    len(client.search_runs([number], run_view_type=ViewType.ALL)),
    len(client.search_runs([number], run_view_type=ViewType.DELETED_ONLY)),
)
client.restore_run(ids[0])
print(client.get_run(ids[0]).info.lifecycle_stage, len(client.search_runs([number])))

with tempfile.TemporaryDirectory() as folder:
    os.makedirs(os.path.join(folder, "deep"))
    for name, text in (("a.txt", "first"), ("deep/b.txt", "second")):
        with open(os.path.join(folder, name), "w") as file:
            file.write(text)
    client.log_artifact(ids[0], os.path.join(folder, "a.txt"))
    client.log_artifacts(ids[0], folder, "all")
client.log_text(ids[0], "third", "notes/c.txt")
client.log_dict(ids[0], {"b": [1, 2.5], "a": None}, "notes/d.json")
for path in (None, "all", "all/deep", "notes", "nothing"):
    print(path, [(file.path, file.is_dir, file.file_size) for file in client.list_artifacts(ids[0], path)])
with tempfile.TemporaryDirectory() as folder:
    with open(client.download_artifacts(ids[0], "all/deep/b.txt", folder)) as file:
        print(file.read())
    whole = client.download_artifacts(ids[0], "all", folder)
    print(sorted(os.path.relpath(os.path.join(place, name), whole) for place, _, names in os.walk(whole) for name in names))
uri = f"runs:/{ids[0]}/notes"
print(
    mlflow.artifacts.load_text(f"{uri}/c.txt"),
    mlflow.artifacts.load_dict(f"{uri}/d.json"),
    sorted(file.path for file in mlflow.artifacts.list_artifacts(uri)),
)
