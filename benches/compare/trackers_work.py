"""The same work on mlops, MLflow, W&B offline and Trackio, each as its users write it, in a process of its own: prints what
it took as a line of JSON.

    python trackers_work.py SIDE WORK FOLDER COUNT

Whatever can be read back is read back and compared. CPU is that of all threads and helper processes, with what is left to
the end of a run."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import work
from calls import wandb_records
from fill import fill
from usage import folder_bytes
from work import Taken, check, loss, metrics_of, params_of


class Mlops:
    """A store in the folder."""

    def __init__(self, folder: Path) -> None:
        import mlops

        mlops.set_tracking_uri(folder / "store")
        self.api: Any = mlops

    def begin(self, number: int = 0, config: dict[str, Any] | None = None) -> None:
        """Starts a run."""
        self.run_id = self.api.start_run(run_name=f"run-{number}").info.run_id
        if config:
            self.api.log_params(config)

    def log(self, values: dict[str, float], step: int) -> None:
        """Logs values at a step."""
        for key, value in values.items():
            self.api.log_metric(key, value, step=step)

    def log_all(self, values: dict[str, float]) -> None:
        """Logs many values at once."""
        self.api.log_metrics(values, step=0)

    def end(self) -> None:
        """Ends the run."""
        self.api.end_run()

    def close(self) -> None:
        """Waits for helper processes, so that their time counts."""

    def points(self) -> list[tuple[int, float]]:
        """What was logged as ``loss`` to the run that was begun last."""
        found = self.api.MlflowClient().get_metric_history(self.run_id, "loss")
        return [(point.step, point.value) for point in found]

    def many_in(self, steps: Any, values: Any) -> None:
        """Points from arrays."""
        self.api.log_series("loss", values, steps)

    def many_out(self) -> tuple[Any, Any]:
        """The same back, as arrays."""
        steps, _, values = self.api.get_metric_series(self.run_id, "loss")
        return steps, values


class Mlflow(Mlops):
    """A database in the folder, the default."""

    def __init__(self, folder: Path) -> None:
        import mlflow

        mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
        self.api = mlflow

    def many_in(self, steps: Any, values: Any) -> None:
        """In its largest batches."""
        client = self.api.MlflowClient()
        columns = zip(values.tolist(), steps.tolist())
        points = [self.api.entities.Metric("loss", value, 1_700_000_000_000, step) for value, step in columns]
        for first in range(0, len(points), work.BATCH):
            client.log_batch(self.run_id, metrics=points[first : first + work.BATCH])

    def many_out(self) -> tuple[Any, Any]:
        """From its objects."""
        return arrays(self.points())


class Wandb:
    """A file for each run in the folder; nothing is sent."""

    def __init__(self, folder: Path) -> None:
        os.environ["WANDB_SILENT"] = "true"
        import wandb

        self.api, self.folder = wandb, folder

    def begin(self, number: int = 0, config: dict[str, Any] | None = None) -> None:
        """Starts a run."""
        settings = self.api.Settings(console="off", x_disable_stats=True, x_disable_meta=True)
        self.run = self.api.init(
            project="bench", dir=str(self.folder), mode="offline", name=f"run-{number}", config=config, settings=settings
        )

    def log(self, values: dict[str, float], step: int) -> None:
        """Logs values at a step."""
        self.run.log(values, step=step)

    def log_all(self, values: dict[str, float]) -> None:
        """Logs many values at once."""
        self.run.log(values, step=0)

    def end(self) -> None:
        """Ends the run."""
        self.run.finish()

    def close(self) -> None:
        """Its helper ends."""
        self.api.teardown()

    def points(self) -> list[tuple[int, float]]:
        """From its file: it has no call for that without its server."""
        from wandb.proto.wandb_internal_pb2 import Record

        found = []
        for path in self.folder.rglob("*.wandb"):
            for record in (Record.FromString(data) for data in wandb_records(path.read_bytes())):
                items = {item.key or ".".join(item.nested_key): item.value_json for item in record.history.item}
                if "loss" in items:
                    found.append((int(items["_step"]), float(items["loss"])))
        return found

    def many_in(self, steps: Any, values: Any) -> None:
        """One by one."""
        for step, value in zip(steps.tolist(), values.tolist()):
            self.run.log({"loss": value}, step=step)


class Trackio(Wandb):
    """A database in the folder."""

    def __init__(self, folder: Path) -> None:
        os.environ["TRACKIO_DIR"] = str(folder / "trackio")
        os.environ["HF_HUB_OFFLINE"] = "1"
        import trackio

        self.api = trackio

    def begin(self, number: int = 0, config: dict[str, Any] | None = None) -> None:
        """Starts a run."""
        self.name = f"run-{number}"
        with quiet():
            self.run = self.api.init(
                project="bench", name=self.name, config=config, auto_log_gpu=False, auto_log_cpu=False
            )

    def end(self) -> None:
        """Ends the run; what was queued is stored then."""
        with quiet():
            self.api.finish()

    def close(self) -> None:
        """It has a thread and no helper."""

    def points(self) -> list[tuple[int, float]]:
        """What its storage gives."""
        from trackio.sqlite_storage import SQLiteStorage

        return [(row["step"], row["loss"]) for row in SQLiteStorage.get_logs("bench", self.name)]

    def many_out(self) -> tuple[Any, Any]:
        """From its rows."""
        return arrays(self.points())


def quiet() -> Any:
    """Its messages are not the answer."""
    import contextlib
    import io

    return contextlib.redirect_stdout(io.StringIO())


def arrays(points: list[tuple[int, float]]) -> tuple[Any, Any]:
    """Points as NumPy arrays."""
    import numpy

    steps = numpy.fromiter((step for step, _ in points), numpy.int64, len(points))
    return steps, numpy.fromiter((value for _, value in points), numpy.float64, len(points))


SIDES: dict[str, Any] = {"mlops": Mlops, "mlflow": Mlflow, "wandb": Wandb, "trackio": Trackio}


def log(side: Any, folder: Path, count: int) -> dict[str, float]:
    """Single calls with one value; the wall is that of the calls alone."""
    calls, end = Taken(), Taken()
    side.begin()
    with calls:
        for step in range(count):
            side.log({"loss": loss(step)}, step)
    with end:
        side.end()
        side.close()
    check(sorted(side.points()) == [(step, loss(step)) for step in range(count)], "points")
    return {"units": count, "wall": calls.wall, "cpu": calls.cpu + end.cpu}


def series(side: Any, folder: Path, count: int) -> dict[str, float]:
    """Many points of one metric, in and out again."""
    import numpy

    steps = numpy.arange(count)
    values = loss(steps) + 0.01 * numpy.random.default_rng(7).standard_normal(count)
    side.begin()
    before = folder_bytes(folder)
    into, out = Taken(), Taken()
    with into:
        side.many_in(steps, values)
        side.end()
        side.close()
    taken = {"units": count, "wall": into.wall, "cpu": into.cpu, "bytes": folder_bytes(folder) - before}
    if hasattr(side, "many_out"):
        with out:
            found_steps, found = side.many_out()
        check((found_steps == steps).all() and (found == values).all(), "the series")
        return {**taken, "out_wall": out.wall, "out_cpu": out.cpu}
    check(len(side.points()) == count, "the series")
    return taken


def runs(side: Any, folder: Path, count: int) -> dict[str, float]:
    """Runs with twenty params and twenty metrics each."""
    taken = Taken()
    with taken:
        for number in range(count):
            side.begin(number, params_of(number))
            side.log_all(metrics_of(number))
            side.end()
        side.close()
    return {"units": count, "wall": taken.wall, "cpu": taken.cpu}


def filled(side: Any, folder: Path, count: int) -> dict[str, float]:
    """Makes the runs to search through."""
    fill(side.api, folder, count)
    return {"units": count}


def order(side: Any, folder: Path, count: int) -> dict[str, float]:
    """The first hundred by a metric, as a DataFrame, after a small search that is not timed."""
    query: dict[str, Any] = work.SEARCHES["order"]
    side.api.search_runs(**{**query, "max_results": 1})
    taken = Taken()
    with taken:
        found = side.api.search_runs(**query)
    # Many runs share a value: which of them comes first is not compared.
    expected = [metrics_of(number)["m2"] for number in work.answer("order", count)]
    check(list(found["metrics.m2"]) == expected, "the runs found")
    return {"units": 1, "wall": taken.wall, "cpu": taken.cpu}


def frame(side: Any, folder: Path, count: int) -> dict[str, float]:
    """All runs as a DataFrame."""
    side.api.search_runs(max_results=1)
    taken = Taken()
    with taken:
        found = side.api.search_runs()
    check(len(found) == count and found["metrics.m7"].notna().all(), "the runs found")
    return {"units": 1, "wall": taken.wall, "cpu": taken.cpu}


def main(name: str, which: str, folder: Path, count: int) -> None:
    """Does one piece of work."""
    folder.mkdir(parents=True, exist_ok=True)
    print(json.dumps(globals()[which](SIDES[name](folder), folder, count)))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
