"""Plain HTTP, as programs in other languages speak it to a server of MLflow."""

import json
import os
import urllib.error
import urllib.parse
import urllib.request

SERVER = os.environ["MLFLOW_TRACKING_URI"]


def ask(path, method="POST", **body):
    """What the server answers, or the status and the code of its error."""
    url, data = f"{SERVER}/api/2.0/mlflow/{path}", None
    if method == "GET":
        url += "?" + urllib.parse.urlencode(body)
    else:
        data = json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return {"status": error.code, "error_code": json.load(error)["error_code"]}


number = ask("experiments/create", name="rest", tags=[{"key": "team", "value": "growth"}])["experiment_id"]
found = ask("experiments/get", "GET", experiment_id=number)["experiment"]
print(sorted(found), found["name"], found["lifecycle_stage"], found["tags"])
print(ask("experiments/get-by-name", "GET", experiment_name="rest")["experiment"]["experiment_id"] == number)
print(ask("experiments/create", name="rest"), ask("experiments/get", "GET", experiment_id="77"))
print(ask("experiments/set-experiment-tag", experiment_id=number, key="quarter", value="3"))
print(ask("experiments/update", experiment_id=number, new_name="rest of it"))
print([one["name"] for one in ask("experiments/search", max_results=10, order_by=["name ASC"])["experiments"]])

ids = []
for index in range(4):
    run = ask(
        "runs/create",
        experiment_id=number,
        start_time=1_700_000_000_000 + index,
        run_name=f"run {index}",
        tags=[{"key": "index", "value": str(index)}],
    )["run"]
    ids.append(run["info"]["run_id"])
    print(ask("runs/log-metric", run_id=ids[-1], key="loss", value=1 / (index + 1), timestamp=1_700_000_000_005, step=1))
    ask("runs/log-parameter", run_id=ids[-1], key="kind", value="tree" if index % 2 else "line")
    ask("runs/set-tag", run_id=ids[-1], key="tag", value="x")
    batch = {
        "metrics": [{"key": "acc", "value": step / 10, "timestamp": step, "step": step} for step in range(3)],
        "params": [{"key": "depth", "value": str(index)}],
        "tags": [{"key": "batch", "value": "yes"}],
    }
    ask("runs/log-batch", run_id=ids[-1], **batch)
print(sorted(run), sorted(run["info"]), run["info"]["status"], run["info"]["run_name"], run["info"]["start_time"])
ended = ask("runs/update", run_id=ids[-1], status="FINISHED", end_time=1_700_000_001_000)["run_info"]
print(ended["status"], ended["end_time"], ended["lifecycle_stage"])
data = ask("runs/get", "GET", run_id=ids[-1])["run"]["data"]
print(sorted(data), sorted((one["key"], one["value"], one["step"]) for one in data["metrics"]))
print(
    sorted((one["key"], one["value"]) for one in data["params"]), sorted((one["key"], one["value"]) for one in data["tags"])
)
print(ask("metrics/get-history", "GET", run_id=ids[-1], metric_key="acc"))
page = ask("runs/search", experiment_ids=[number], filter="metrics.loss < 0.9", order_by=["metrics.loss ASC"], max_results=2)
print([one["info"]["run_name"] for one in page["runs"]], sorted(page))
page = ask(
    "runs/search",
    experiment_ids=[number],
    filter="metrics.loss < 0.9",
    order_by=["metrics.loss ASC"],
    max_results=2,
    page_token=page["next_page_token"],
)
print([one["info"]["run_name"] for one in page["runs"]], sorted(page))
print(ask("runs/search", experiment_ids=[number], filter="params.kind = 'nothing'"))

print(ask("runs/get", "GET", run_id="f" * 32), ask("runs/log-metric", run_id="f" * 32, key="loss", value=1, timestamp=1))
print(
    ask("runs/log-parameter", run_id=ids[0], key="kind", value="other"),
    ask("runs/log-metric", run_id=ids[0], value=1, timestamp=1),
)
print(
    ask("runs/search", experiment_ids=[number], filter="nonsense"),
    ask("runs/log-metric", run_id=ids[0], key="loss", value="low", timestamp=1),
)
print(
    ask("runs/delete", run_id=ids[0]),
    ask("runs/get", "GET", run_id=ids[0])["run"]["info"]["lifecycle_stage"],
    len(ask("runs/search", experiment_ids=[number])["runs"]),
)
print(
    ask("runs/log-metric", run_id=ids[0], key="loss", value=1, timestamp=1),
    ask("runs/delete-tag", run_id=ids[1], key="tag"),
    ask("runs/delete-tag", run_id=ids[1], key="tag"),
)
print(
    ask("runs/restore", run_id=ids[0]), len(ask("runs/search", experiment_ids=[number], run_view_type="ACTIVE_ONLY")["runs"])
)
given = {"name": "train", "digest": "1", "source_type": "local", "source": "{}"}
print(
    ask(
        "runs/log-inputs",
        run_id=ids[0],
        datasets=[{"dataset": given, "tags": [{"key": "mlflow.data.context", "value": "training"}]}],
    )
)
print(ask("runs/get", "GET", run_id=ids[0])["run"]["inputs"]["dataset_inputs"])

print(sorted(ask("registered-models/create", name="model", description="text")["registered_model"]))
print(ask("registered-models/create", name="model"), ask("registered-models/get", "GET", name="nothing"))
version = ask("model-versions/create", name="model", source=f"runs:/{ids[1]}/model", run_id=ids[1])
print(version.get("model_version", version).get("version", version), version.get("model_version", {}).get("status"))
print(ask("registered-models/alias", name="model", alias="champion", version="1"))
print(ask("registered-models/alias", "GET", name="model", alias="champion").get("model_version", {}).get("version"))
print(
    ask("registered-models/search", "GET", filter="name LIKE 'mod%'")["registered_models"][0]["name"],
    sorted(ask("model-versions/search", "GET", filter="name = 'nothing'")),
)
print(ask("artifacts/list", "GET", run_id=ids[1]).get("files", []))
print(
    ask("experiments/delete", experiment_id=number),
    ask("runs/create", experiment_id=number),
    ask("experiments/restore", experiment_id=number),
)
