"""The work that is compared. The same code runs on both sides: ``api`` is the module ``mlops`` or ``mlflow``.

Every piece of work reads back what it stored, and fails if something is not as it went in."""

from __future__ import annotations

import math
import resource
import time
from collections.abc import Callable
from typing import Any

PARAMS_OF_A_RUN = 1_000
BATCH = 1_000
KEYS_OF_A_BATCH = 10
FIELDS = 20
MODULUS = 10_007


class Taken:
    """Seconds on the wall and of CPU (all threads and finished child processes) of a ``with`` block."""

    wall = 0.0
    cpu = 0.0

    def __enter__(self) -> Taken:
        self._cpu = cpu_seconds()
        self._wall = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall += time.perf_counter() - self._wall
        self.cpu += cpu_seconds() - self._cpu


def cpu_seconds() -> float:
    """CPU seconds of this process and of its child processes that ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def check(arrived: bool, what: str) -> None:
    """Fails if something did not come back as it went in."""
    if not arrived:
        raise SystemExit(f"not as it went in: {what}")


def loss(step: Any) -> Any:
    """A falling curve; an array for an array of steps."""
    return 1.0 / (1.0 + step / 1000.0)


# --- single calls ----------------------------------------------------------------------------------------------


def log_metric(api: Any, count: int, after_each: Callable[[], None] | None = None) -> dict[str, float]:
    """Single points of one metric. The CPU time includes what is left to the background and to the run's end."""
    run, calls, end = api.start_run(), Taken(), Taken()
    with calls:
        for step in range(count):
            api.log_metric("loss", loss(step), step=step)
            if after_each is not None:
                after_each()
    with end:
        api.end_run()
    points = api.MlflowClient().get_metric_history(run.info.run_id, "loss")
    check([(point.step, point.value) for point in points] == [(step, loss(step)) for step in range(count)], "points")
    return {"units": count, "wall": calls.wall, "cpu": calls.cpu + end.cpu}


def log_metric_forced(api: Any, count: int) -> dict[str, float]:
    """The same, forced to the disk after every call, as MLflow's database does by itself."""
    if api.__name__ == "mlflow":
        return log_metric(api, count)
    from mlops import _state

    return log_metric(api, count, _state.store().flush)


def log_param(api: Any, count: int) -> dict[str, float]:
    """Single params, a thousand to a run; only the calls are timed on the wall, as above."""
    calls, end = Taken(), Taken()
    for first in range(0, count, PARAMS_OF_A_RUN):
        params = {f"param_{number}": number / 1000 for number in range(first, min(first + PARAMS_OF_A_RUN, count))}
        run = api.start_run()
        with calls:
            for key, value in params.items():
                api.log_param(key, value)
        with end:
            api.end_run()
        found = api.get_run(run.info.run_id).data.params
        check(found == {key: str(value) for key, value in params.items()}, "params")
    return {"units": count, "wall": calls.wall, "cpu": calls.cpu + end.cpu}


def start_end(api: Any, count: int) -> dict[str, float]:
    """Runs that start and end."""
    taken, ids = Taken(), []
    with taken:
        for _ in range(count):
            ids.append(api.start_run().info.run_id)
            api.end_run()
    check({api.get_run(run_id).info.status for run_id in ids} == {"FINISHED"}, "statuses")
    return {"units": count, "wall": taken.wall, "cpu": taken.cpu}


def whole_run(api: Any, count: int) -> dict[str, float]:
    """Runs as training code makes them: start, params, metrics, end."""
    taken = Taken()
    with taken:
        for number in range(count):
            make_run(api, number)
    found = api.search_runs(output_format="list")
    check(sorted(digest_line(run) for run in found) == sorted(expected_line(number) for number in range(count)), "runs")
    return {"units": count, "wall": taken.wall, "cpu": taken.cpu}


# --- many points -----------------------------------------------------------------------------------------------


def log_batch(api: Any, count: int) -> dict[str, float]:
    """Points of ten metrics in MLflow's largest batches, from objects that are made before."""
    client, run, taken = api.MlflowClient(), api.start_run(), Taken()
    points = [
        api.entities.Metric(f"metric_{number % KEYS_OF_A_BATCH}", loss(number), 1_700_000_000_000 + number, number)
        for number in range(count)
    ]
    with taken:
        for first in range(0, count, BATCH):
            client.log_batch(run.info.run_id, metrics=points[first : first + BATCH])
        api.end_run()
    for key in range(KEYS_OF_A_BATCH):
        found = client.get_metric_history(run.info.run_id, f"metric_{key}")
        expected = [(number, loss(number)) for number in range(key, count, KEYS_OF_A_BATCH)]
        check([(point.step, point.value) for point in found] == expected, f"metric_{key}")
    return {"units": count, "wall": taken.wall, "cpu": taken.cpu}


def series(api: Any, count: int) -> dict[str, float]:
    """Points of one metric from arrays and back into arrays: NumPy arrays of steps and values on both sides."""
    import numpy

    steps = numpy.arange(count)
    values = loss(steps) + 0.01 * numpy.random.default_rng(7).standard_normal(count)
    run, into, out = api.start_run(), Taken(), Taken()
    run_id = run.info.run_id
    with into:
        if api.__name__ == "mlops":
            api.log_series("loss", values, steps)
        else:
            now = int(time.time() * 1000)
            columns = zip(values.tolist(), steps.tolist())
            points = [api.entities.Metric("loss", value, now, step) for value, step in columns]
            for first in range(0, count, BATCH):
                api.MlflowClient().log_batch(run_id, metrics=points[first : first + BATCH])
        api.end_run()
    with out:
        if api.__name__ == "mlops":
            found_steps, _, found = api.get_metric_series(run_id, "loss")
        else:
            points = api.MlflowClient().get_metric_history(run_id, "loss")
            found_steps = numpy.fromiter((point.step for point in points), numpy.int64, len(points))
            found = numpy.fromiter((point.value for point in points), numpy.float64, len(points))
    check((found_steps == steps).all() and (found == values).all(), "the series")
    return {"units": count, "wall": into.wall, "cpu": into.cpu, "out_wall": out.wall, "out_cpu": out.cpu}


# --- search ----------------------------------------------------------------------------------------------------

SEARCHES: dict[str, dict[str, Any]] = {
    "filter": {
        "filter_string": "metrics.m0 > 0.5 and params.p1 = 'v3'",
        "order_by": ["metrics.m2 DESC"],
        "max_results": 100,
    },
    "order": {"order_by": ["metrics.m2 DESC"], "max_results": 100},
    "all": {},
}


def search(api: Any, count: int, which: str) -> dict[str, float]:
    """One search over runs that are there, after a small one that is not timed."""
    query = SEARCHES[which]
    api.search_runs(output_format="list", **{**query, "max_results": 1})
    taken = Taken()
    with taken:
        found = api.search_runs(output_format="list", **query)
    lines, expected = [digest_line(run) for run in found], [expected_line(number) for number in answer(which, count)]
    # Without an order of their own, runs of one millisecond may stand in any.
    check(lines == expected if "order_by" in query else sorted(lines) == sorted(expected), "the runs found")
    return {"units": 1, "wall": taken.wall, "cpu": taken.cpu}


def answer(which: str, count: int) -> list[int]:
    """The runs that a search has to find."""
    numbers = list(range(count))
    if which == "filter":
        numbers = [number for number in numbers if metrics_of(number)["m0"] > 0.5 and params_of(number)["p1"] == "v3"]
    if which != "all":
        numbers.sort(key=lambda number: -metrics_of(number)["m2"])
    return numbers[: SEARCHES[which].get("max_results", count)]


def make_run(api: Any, number: int) -> None:
    """A finished run with twenty params and twenty metrics."""
    with api.start_run(run_name=f"run-{number}"):
        api.log_params(params_of(number))
        api.log_metrics(metrics_of(number))


def params_of(number: int) -> dict[str, str]:
    """The params of a run: values that many runs share."""
    return {f"p{field}": f"v{_spread(number, field) % 10}" for field in range(FIELDS)}


def metrics_of(number: int) -> dict[str, float]:
    """The metrics of a run: values between 0 and 1, each of one run only."""
    return {f"m{field}": _spread(number, field) / MODULUS for field in range(FIELDS)}


def _spread(number: int, field: int) -> int:
    return ((number + 1) * 7_919 + field * 104_729) % MODULUS


def digest_line(run: Any) -> str:
    """What a run that was found says."""
    return f"{run.info.run_name} {sorted(run.data.params.items())} {sorted(run.data.metrics.items())}"


def expected_line(number: int) -> str:
    """The same of a run that was made."""
    return f"run-{number} {sorted(params_of(number).items())} {sorted(metrics_of(number).items())}"


# --- models ----------------------------------------------------------------------------------------------------


def log_model(api: Any, count: int) -> dict[str, float]:
    """A small model: the first in the process, then more."""
    import numpy
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression

    rows, target = load_breast_cancer(return_X_y=True)
    model = LogisticRegression(max_iter=5_000).fit(rows, target)
    first, more = Taken(), Taken()
    flavor = __import__(f"{api.__name__}.sklearn", fromlist=["sklearn"])
    with api.start_run():
        with first:
            info = flavor.log_model(model, name="model")
        for number in range(count):
            with more:
                info = flavor.log_model(model, name=f"model_{number}")
        loaded = flavor.load_model(info.model_uri)
    check(numpy.array_equal(loaded.predict_proba(rows), model.predict_proba(rows)), "predictions")
    return {"units": count, "wall": more.wall, "cpu": more.cpu, "first_wall": first.wall, "first_cpu": first.cpu}


def warm_up(api: Any) -> None:
    """The first run makes the store."""
    with api.start_run():
        api.log_metric("warm_up", 1.0)
        api.log_param("warm_up", math.pi)
