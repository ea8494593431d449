"""Models, and MLflow's own client over a store: the same work on mlops, on MLflow over a store of mlops (its plugin) and on
MLflow over SQLite, in a process of its own: prints what it took as a line of JSON.

    python models_work.py SIDE WORK FOLDER COUNT"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from fill import fill
from usage import folder_bytes
from work import SEARCHES, Taken, answer, check, loss, metrics_of



def opened(side: str, folder: Path) -> Any:
    """The module that users of the side import, and where it stores."""
    if side == "mlops":
        import mlops

        mlops.set_tracking_uri(folder / "store")
        return mlops
    import mlflow

    mlflow.set_tracking_uri(f"mlops:{folder / 'store'}" if side == "plugin" else f"sqlite:///{folder / 'mlflow.db'}")
    return mlflow


def small() -> Any:
    """A small model and its data. Not a forest: MLflow wants to be told which of a forest's types are trusted."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression

    rows, target = load_breast_cancer(return_X_y=True, as_frame=True)
    return LogisticRegression(max_iter=5_000).fit(rows, target), rows


def logged(api: Any, folder: Path, count: int) -> dict[str, float]:
    """A model that is logged again and again, and loaded each time; the first of both is not timed."""
    model, rows = small()
    log, load = Taken(), Taken()
    flavor = __import__(f"{api.__name__}.sklearn", fromlist=["sklearn"])
    with api.start_run():
        flavor.load_model(flavor.log_model(model, name="warm").model_uri)
        for number in range(count):
            with log:
                info = flavor.log_model(model, name=f"model_{number}")
            with load:
                loaded = flavor.load_model(info.model_uri)
    check((loaded.predict(rows) == model.predict(rows)).all(), "predictions")
    return {"units": count, "wall": log.wall, "cpu": log.cpu, "load_wall": load.wall, "load_cpu": load.cpu}


def kept(api: Any, folder: Path, count: int) -> dict[str, float]:
    """What the same model takes on the disk, once and ``count`` times."""
    model, _ = small()
    flavor = __import__(f"{api.__name__}.sklearn", fromlist=["sklearn"])
    with api.start_run():
        api.log_metric("warm_up", 1.0)
    sizes = [folder_bytes(folder, but="spool")]
    for logged_now in (1, count - 1):
        for _ in range(logged_now):
            with api.start_run():
                flavor.log_model(model, name="model")
        sizes.append(folder_bytes(folder, but="spool"))
    return {"units": 1, "bytes": sizes[2] - sizes[0], "bytes_once": sizes[1] - sizes[0]}


def autolog(api: Any, folder: Path, count: int) -> dict[str, float]:
    """What autolog adds to a fit: params, metrics of the training data, the model."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import Ridge

    rows, target = load_breast_cancer(return_X_y=True)

    def fit() -> Taken:
        taken = Taken()
        with taken:
            Ridge(alpha=0.5).fit(rows, target)
        return taken

    fit()
    plain = [fit() for _ in range(count)]
    api.sklearn.autolog(silent=True)
    with api.start_run():
        fit()
    watched = []
    for _ in range(count):
        with api.start_run() as run:
            watched.append(fit())
    check(api.get_run(run.info.run_id).data.params["alpha"] == "0.5", "params")
    wall = sum(one.wall for one in watched) - sum(one.wall for one in plain)
    return {"units": count, "wall": wall, "cpu": sum(one.cpu for one in watched) - sum(one.cpu for one in plain)}


def metric(api: Any, folder: Path, count: int) -> dict[str, float]:
    """Single calls; what is left to the end of the run counts as CPU."""
    taken, end = Taken(), Taken()
    run = api.start_run()
    api.log_metric("loss", 1.0, step=-1)
    with taken:
        for step in range(count):
            api.log_metric("loss", loss(step), step=step)
    with end:
        api.end_run()
    check(len(api.MlflowClient().get_metric_history(run.info.run_id, "loss")) == count + 1, "points")
    return {"units": count, "wall": taken.wall, "cpu": taken.cpu + end.cpu}


def filled(api: Any, folder: Path, count: int) -> dict[str, float]:
    """Makes the runs to search through: those of a store are logged by mlops."""
    if "mlops" in api.get_tracking_uri():
        import mlops

        mlops.set_tracking_uri(folder / "store")
        api = mlops
    fill(api, folder, count)
    return {"units": count}


def search(api: Any, folder: Path, count: int) -> dict[str, float]:
    """The first hundred by a metric, as a DataFrame, after a small search that is not timed."""
    query: dict[str, Any] = SEARCHES["order"]
    api.search_runs(**{**query, "max_results": 1})
    taken = Taken()
    with taken:
        found = api.search_runs(**query)
    check(list(found["metrics.m2"]) == [metrics_of(number)["m2"] for number in answer("order", count)], "the runs found")
    return {"units": 1, "wall": taken.wall, "cpu": taken.cpu}


def imported(api: Any, folder: Path, count: int) -> dict[str, float]:
    """`mlops import mlflow` of a database with ``count`` runs, which is made first; the life of the command."""
    fill(api, folder, count)
    command = [Path(sys.executable).parent / "mlops", "--store", folder / "into", "import", "mlflow", folder / "mlflow.db"]
    taken = Taken()
    with taken:
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    import mlops

    mlops.set_tracking_uri(folder / "into")
    check(len(mlops.search_runs(search_all_experiments=True)) == count, "runs")
    return {"units": 1, "wall": taken.wall, "cpu": taken.cpu}


def main(side: str, which: str, folder: Path, count: int) -> None:
    """Does one piece of work."""
    folder.mkdir(parents=True, exist_ok=True)
    print(json.dumps(globals()[which](opened(side, folder), folder, count)))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
