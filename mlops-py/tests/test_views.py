"""What objects look like at the prompt and in a notebook."""

from __future__ import annotations

import html.parser

import pytest
from sklearn.linear_model import LinearRegression

import mlops
from mlops.entities import FileInfo, Metric, Param, RunTag
from mlops.exceptions import Unsupported

EVIL = "<script>alert('x')</script>&\""


class Tags(html.parser.HTMLParser):
    """The tags of a page, all of which are closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.text = ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.open.append(tag)
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_run_shows_what_it_is() -> None:
    with mlops.start_run(run_name="first") as run:
        mlops.log_metric("loss", 0.123456789)
    assert repr(run) == f"<ActiveRun 'first' {run.info.run_id} RUNNING>"
    found = mlops.get_run(run.info.run_id)
    assert repr(found) == f"<Run 'first' {run.info.run_id} FINISHED loss=0.123457>"
    assert f"run_id={run.info.run_id!r}" in repr(found.info) and "status='FINISHED'" in repr(found.info)
    assert repr(found.data).startswith("<RunData: metrics={'loss': 0.123456789}, params={}")
    assert "count=1" in repr(found.data.summaries["loss"])


def test_small_objects_show_their_fields() -> None:
    assert repr(Metric("loss", 0.5, 1000, 3)) == "<Metric: key='loss', value=0.5, timestamp=1000, step=3>"
    assert repr(Param("depth", "3")) == "<Param: key='depth', value='3'>"
    assert repr(RunTag("a", "b")) == "<RunTag: key='a', value='b'>"
    assert repr(FileInfo("a.txt", False, 4)) == "<FileInfo: path='a.txt', is_dir=False, file_size=4>"


def test_experiments_clients_and_models_show_themselves() -> None:
    experiment = mlops.set_experiment("churn")
    assert repr(experiment).startswith(f"<Experiment: experiment_id={experiment.experiment_id!r}, name='churn'")
    assert repr(mlops.MlflowClient()) == f"<MlflowClient of {mlops.get_tracking_uri()}>"
    with mlops.start_run():
        info = mlops.sklearn.log_model(LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0]), "model")
    assert repr(info).startswith(f"<ModelInfo {info.model_uri} python_function/sklearn blake3:")


def test_a_notebook_shows_a_run_and_runs_nothing_of_it() -> None:
    with mlops.start_run(run_name=EVIL, tags={EVIL: EVIL}) as run:
        mlops.log_param(EVIL, EVIL)
        mlops.log_metric(EVIL, 0.5)
    for page in [mlops.get_run(run.info.run_id)._repr_html_(), run._repr_html_()]:
        found = Tags(page)
        assert found.seen <= {"div", "strong", "table", "tr", "th", "td", "details", "summary"}
        assert EVIL in found.text and run.info.run_id in found.text


def test_a_notebook_shows_an_experiment_and_runs_nothing_of_it() -> None:
    experiment = mlops.get_experiment(mlops.create_experiment(EVIL, tags={EVIL: EVIL}))
    found = Tags(experiment._repr_html_())
    assert "script" not in found.seen and EVIL in found.text


def test_many_metrics_are_folded() -> None:
    with mlops.start_run() as run:
        mlops.log_metrics({f"m{number}": number for number in range(13)})
        mlops.log_params({"a": 1})
    page = mlops.get_run(run.info.run_id)._repr_html_()
    assert "<details ><summary>Metrics (13)" in page and "<details open><summary>Params (1)" in page


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -0.0, 1e300])
def test_every_float_can_be_shown(value: float) -> None:
    with mlops.start_run() as run:
        mlops.log_metric("loss", value)
    found = mlops.get_run(run.info.run_id)
    assert "loss=" in repr(found) and "loss" in found._repr_html_()


def test_a_time_beyond_the_years_of_a_datetime_is_shown_as_a_number() -> None:
    client = mlops.MlflowClient()
    run = client.create_run("0", start_time=2**53 - 1)
    client.set_terminated(run.info.run_id)
    found = client.get_run(run.info.run_id)
    assert found.info.start_time == 2**53 - 1 and found.info.duration is not None
    assert f"{2**53 - 1} ms" in found._repr_html_()
    with pytest.raises(Unsupported, match="beyond the years"):
        _ = found.info.started_at


def test_hidden_metrics_are_listed_and_drawn_only_by_name() -> None:
    with mlops.start_run() as run:
        mlops.define_metric("grad/*", hidden=True)
        for step in range(3):
            mlops.log_metrics({"loss": 1.0 / (step + 1), "grad/norm": float(step)}, step=step)
    found = mlops.get_run(run.info.run_id)
    curves = found._repr_html_().split("<summary>Curves</summary>")
    assert len(curves) == 2 and "loss" in curves[1] and "grad/norm" in curves[0] and "grad/norm" not in curves[1]
    comparison = mlops.compare([run.info.run_id])
    assert comparison.curve_keys() == ["loss"]
    comparison.plot("grad/norm")
    with mlops.start_run() as other:
        mlops.define_metric("*", hidden=True)
        mlops.log_series("loss", [1.0, 2.0])
    assert "Curves" not in mlops.get_run(other.info.run_id)._repr_html_()
    with pytest.raises(mlops.exceptions.InvalidArgument, match="nothing to plot"):
        mlops.compare([other.info.run_id]).plot()
