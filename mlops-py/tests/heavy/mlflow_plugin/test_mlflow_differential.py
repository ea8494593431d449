"""The same random calls to MLflow's own store and to ours have the same answers and errors."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow.entities import LoggedModelOutput, LoggedModelParameter, LoggedModelTag, Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from test_mlflow_search import dataset

KEYS = ["loss", "acc", "a/b", "with space", "Ünï", "loss.x"]
BAD_KEYS = ["", "a//b", "/x", "../y", "a@b", "k" * 251]
VALUES = [0.0, 1.0, -1.5, 0.25, 1e300, 3]
TEXTS = ["v", "w", "", "None", "it's", "two\nlines", "x" * 300, "Ünï", "1"]
FILTERS = [
    "metrics.loss > 0.1", "metrics.acc <= 1", "metrics.`a/b` != 0.25", "params.acc = 'v'", "params.`with space` LIKE '%w%'",
    "tags.loss ILIKE 'V'", "attributes.status = 'FINISHED'", "run_name LIKE 'run%'", "tags.mlflow.runName = 'run 3'",
    "metrics.loss > 0 and params.acc != 'w'", "dataset.name = 'train'", "start_time > 5", "metrics.none = 1",
    "params.loss = \"it's\"", "metrics.loss = 'x'", "nonsense", "metrics.",
]  # fmt: skip
ORDERS = [
    [], ["metrics.loss DESC"], ["metrics.acc", "params.acc DESC"], ["tags.loss ASC"], ["attributes.end_time"], ["run_name DESC"],
    ["metrics.`a/b` ASC"], ["nonsense"],
]  # fmt: skip


class Both:
    """Two stores that get the same calls. Ids differ: they are known by their numbers here."""

    def __init__(self, uris: list[str]) -> None:
        self.clients = [MlflowClient(uri) for uri in uris]
        self.runs: list[tuple[str, str]] = []
        self.models: list[tuple[str, str]] = []

    def call(self, what: str, do: Callable[[MlflowClient, int], Any]) -> list[Any]:
        answers = []
        raw = []
        for side, client in enumerate(self.clients):
            try:
                found = do(client, side)
                raw.append(found)
                answers.append(self.plain(found, side))
            except MlflowException as error:
                raw.append(None)
                answers.append(f"error {error.error_code}")
        assert answers[0] == answers[1], f"{what}\nMLflow: {answers[0]}\nours:   {answers[1]}"
        return raw

    def plain(self, found: Any, side: int) -> Any:
        """An answer without what differs from store to store."""
        if isinstance(found, (list, tuple)):
            return [self.plain(one, side) for one in found]
        if type(found).__name__ == "Run":
            info, data = found.info, found.data
            inputs = sorted((one.dataset.name, one.dataset.digest, [t.value for t in one.tags]) for one in found.inputs.dataset_inputs)
            outputs = sorted((self.model(one.model_id, side), one.step) for one in (found.outputs.model_outputs if found.outputs else []))
            return (
                self.run(info.run_id, side), info.run_name, info.status, info.start_time, info.end_time, info.lifecycle_stage,
                info.experiment_id, info.user_id, data.params, data.tags, data.metrics, inputs, outputs,
            )  # fmt: skip
        if type(found).__name__ == "Experiment":
            return found.experiment_id, found.name, found.lifecycle_stage, found.tags
        if type(found).__name__ == "LoggedModel":
            points = sorted((m.key, m.value, m.step, m.timestamp, self.run(m.run_id, side)) for m in found.metrics or [])
            return self.model(found.model_id, side), found.name, str(found.status), found.params, found.tags, points
        if type(found).__name__ == "Metric":
            return found.key, found.value, found.timestamp, found.step
        return found

    def run(self, run_id: str | None, side: int) -> int | None:
        return next((number for number, ids in enumerate(self.runs) if ids[side] == run_id), None)

    def model(self, model_id: str, side: int) -> int | None:
        return next((number for number, ids in enumerate(self.models) if ids[side] == model_id), None)


class Calls:
    """Random calls."""

    def __init__(self, both: Both, seed: int) -> None:
        self.both = both
        self.random = random.Random(seed)
        self.time = 0
        self.experiments = ["0"]
        self.ended: set[int] = set()

    def key(self) -> str:
        return self.random.choice(KEYS) if self.random.random() < 0.95 else self.random.choice(BAD_KEYS)

    def tick(self) -> int:
        self.time += 1
        return self.time

    def metric(self) -> Metric:
        draw = self.random
        return Metric(self.key(), draw.choice(VALUES), draw.randrange(5), draw.randrange(-2, 4))

    def any_run(self) -> tuple[int, tuple[str, str]]:
        runs = self.both.runs or [("f" * 32, "f" * 32)]
        number = self.random.randrange(len(runs))
        return number, runs[number]

    def step(self) -> None:
        calls = [
            self.create_run, self.create_run, self.log_metric, self.log_metric, self.log_metric, self.log_param, self.set_tag,
            self.delete_tag, self.log_batch, self.log_batch, self.end, self.delete_run, self.experiment, self.search, self.search,
            self.history, self.get, self.inputs, self.model, self.search_experiments,
        ]  # fmt: skip
        self.random.choice(calls)()

    def create_run(self) -> None:
        draw = self.random
        number, name, start = draw.choice([*self.experiments, "99"]), f"run {len(self.both.runs)}", self.tick()
        tags = {draw.choice(KEYS): draw.choice(TEXTS)} if draw.random() < 0.5 else {}
        made = self.both.call("create_run", lambda client, _: client.create_run(number, start, tags, name).info.run_name and None)
        assert made == [None, None]
        found = [client.search_runs([number], order_by=["start_time DESC"], max_results=1) for client in self.both.clients]
        if found[0] and found[0][0].info.start_time == start:
            self.both.runs.append(tuple(one[0].info.run_id for one in found))

    def log_metric(self) -> None:
        _, run = self.any_run()
        metric = self.metric()
        self.both.call(
            "log_metric",
            lambda client, side: client.log_metric(run[side], metric.key, metric.value, metric.timestamp, metric.step),
        )

    def log_param(self) -> None:
        _, run = self.any_run()
        key, value = self.key(), self.random.choice(TEXTS)
        self.both.call("log_param", lambda client, side: client.log_param(run[side], key, value))

    def set_tag(self) -> None:
        _, run = self.any_run()
        key, value = self.key(), self.random.choice(TEXTS)
        self.both.call("set_tag", lambda client, side: client.set_tag(run[side], key, value))

    def delete_tag(self) -> None:
        _, run = self.any_run()
        key = self.random.choice(KEYS)
        self.both.call("delete_tag", lambda client, side: client.delete_tag(run[side], key))

    def log_batch(self) -> None:
        _, run = self.any_run()
        draw = self.random
        metrics = [self.metric() for _ in range(draw.randrange(4))]
        params = [Param(self.key(), draw.choice(TEXTS)) for _ in range(draw.randrange(3))]
        tags = [RunTag(self.key(), draw.choice(TEXTS)) for _ in range(draw.randrange(3))]
        self.both.call("log_batch", lambda client, side: client.log_batch(run[side], metrics, params, tags))

    def end(self) -> None:
        number, run = self.any_run()
        status, at = self.random.choice(["FINISHED", "FAILED", "KILLED"]), self.tick()
        self.both.call("set_terminated", lambda client, side: client.set_terminated(run[side], status, at))

    def delete_run(self) -> None:
        _, run = self.any_run()
        active = [client.search_experiments(view_type=ViewType.ACTIVE_ONLY) for client in self.both.clients]
        # Of deleted experiments runs are not restored alone, as the guide says.
        ids = {one.experiment_id for one in active[0]}
        home = self.both.clients[0].get_run(run[0]).info.experiment_id if self.both.runs else "0"
        if home in ids and self.random.random() < 0.6:
            self.both.call("restore_run", lambda client, side: client.restore_run(run[side]))
        elif home in ids and self.random.random() < 0.5:
            self.both.call("delete_run", lambda client, side: client.delete_run(run[side]))

    def experiment(self) -> None:
        draw = self.random
        number = draw.choice([*self.experiments, "77"])
        name = draw.choice(["one", "two", "three", "Default", ""])
        what = draw.randrange(6)
        if what == 0:
            made = self.both.call("create_experiment", lambda client, _: client.create_experiment(name, tags={"a": "b"}))
            self.experiments += [made[0]] if made[0] else []
        elif what == 1:
            self.both.call("rename_experiment", lambda client, _: client.rename_experiment(number, name))
        elif what == 2 and draw.random() < 0.3:
            # Runs that were deleted by themselves stay so in ours: there are none.
            for run in self.both.runs:
                self.both.call("restore_run", lambda client, side, run=run: client.restore_run(run[side]) if self._is_home(number, run) else None)
            self.both.call("delete_experiment", lambda client, _: client.delete_experiment(number))
            self.both.call("create_run", lambda client, _: client.create_run(number))
            self.both.call("set_experiment_tag", lambda client, _: client.set_experiment_tag(number, "x", "y"))
            self.both.call("restore_experiment", lambda client, _: client.restore_experiment(number))
        elif what == 3:
            key, value = self.key(), draw.choice(TEXTS)
            self.both.call("set_experiment_tag", lambda client, _: client.set_experiment_tag(number, key, value))
        elif what == 4:
            self.both.call("get_experiment", lambda client, _: client.get_experiment(number))
        else:
            self.both.call("get_experiment_by_name", lambda client, _: client.get_experiment_by_name(name))

    def _is_home(self, number: str, run: tuple[str, str]) -> bool:
        return self.both.clients[0].get_run(run[0]).info.experiment_id == number

    def search(self) -> None:
        draw = self.random
        text, order = draw.choice(["", *FILTERS]), draw.choice(ORDERS)
        view, size = draw.choice([1, 2, 3]), draw.choice([1, 3, 100])
        places = draw.sample(self.experiments, draw.randrange(1, len(self.experiments) + 1))

        def pages(client: MlflowClient, side: int) -> list[Any]:
            found, token = [], None
            while True:
                page = client.search_runs(places, text, view, size, order, token)
                found += page
                token = page.token
                if not token:
                    return found

        self.both.call(f"search_runs {text!r} {order}", pages)

    def search_experiments(self) -> None:
        draw = self.random
        text = draw.choice(["", "name LIKE 'o%'", "tags.a = 'b'", "name ILIKE 'DEF%'", "foo = 1"])
        order, view = draw.choice([["name"], ["experiment_id DESC"], ["name DESC"]]), draw.choice([1, 2, 3])
        self.both.call("search_experiments", lambda client, _: client.search_experiments(view, 100, text, order))

    def history(self) -> None:
        _, run = self.any_run()
        key = self.random.choice(KEYS)
        self.both.call("get_metric_history", lambda client, side: list(client.get_metric_history(run[side], key)))
        self.both.call(
            "bulk interval",
            lambda client, side: [
                (point.step, point.timestamp, point.value)
                for point in client._tracking_client.store.get_metric_history_bulk_interval([run[side]], key, 320, None, None)
                # MLflow 3.12 begins at step 0.
                if point.step >= 0
            ],
        )

    def get(self) -> None:
        _, run = self.any_run()
        self.both.call("get_run", lambda client, side: client.get_run(run[side]))

    def inputs(self) -> None:
        _, run = self.any_run()
        given = [dataset(self.random.choice(["train", "test"]), self.random.choice(["1", "2"]), self.random.choice(["a", "b"]))]
        self.both.call("log_inputs", lambda client, side: client.log_inputs(run[side], given))

    def model(self) -> None:
        draw = self.random
        _, run = self.any_run()
        if not self.both.models or draw.random() < 0.3:
            number, name = draw.choice(self.experiments), draw.choice(["tree", "line", "a/b"])
            made = self.both.call(
                "create_logged_model",
                lambda client, side: client._tracking_client.store.create_logged_model(
                    number, name, None, [LoggedModelTag("t", "1")], [LoggedModelParameter("p", "2")]
                ) and None,
            )
            assert made == [None, None]
            found = [client.search_logged_models(self.experiments, max_results=1000) for client in self.both.clients]
            new = [[one.model_id for one in some if self.both.model(one.model_id, side) is None] for side, some in enumerate(found)]
            if new[0]:
                self.both.models.append((new[0][0], new[1][0]))
            return
        model = draw.choice(self.both.models)
        what = draw.randrange(5)
        if what == 0:
            self.both.call("tags", lambda client, side: client.set_logged_model_tags(model[side], {"t": "x", "u": "y"}))
        elif what == 1:
            self.both.call("delete tag", lambda client, side: client.delete_logged_model_tag(model[side], "u"))
        elif what == 2:
            self.both.call("finalize", lambda client, side: client.finalize_logged_model(model[side], "READY"))
        elif what == 3 and self.both.runs:
            metric = self.metric()
            at = self.tick()
            self.both.call(
                "model metric",
                lambda client, side: client.log_metric(run[side], metric.key, metric.value, at, metric.step, model_id=model[side]),
            )
        elif self.both.runs:
            at = self.tick()
            self.both.call("log_outputs", lambda client, side: client.log_outputs(run[side], [LoggedModelOutput(model[side], at)]))
        self.both.call("get_logged_model", lambda client, side: client.get_logged_model(model[side]))
        self.both.call(
            "search_logged_models",
            lambda client, side: sorted(self.both.plain(list(client.search_logged_models(self.experiments, "metrics.loss > 0")), side)),
        )


@pytest.mark.parametrize("seed", range(6))
def test_two_stores_answer_alike(tmp_path: Path, new_database: Path, seed: int) -> None:
    shutil.copy(new_database, tmp_path / "mlflow.db")
    both = Both([f"sqlite:///{tmp_path / 'mlflow.db'}", f"mlops:{tmp_path / 'store'}"])
    calls = Calls(both, seed)
    for _ in range(250):
        calls.step()
    for client_view in (1, 2, 3):
        both.call("all runs", lambda client, _: list(client.search_runs(calls.experiments, "", client_view, 1000)))  # noqa: B023
