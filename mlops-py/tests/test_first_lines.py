"""The first lines that a newcomer types, as they are written."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import mlops

EIGHT_LINES = """
import mlops
mlops.start_run()
mlops.log_param("learning_rate", 0.001)
mlops.log_param("epochs", 50)
mlops.log_metric("accuracy", 0.94)
mlops.log_metric("f1_score", 0.91)
mlops.sklearn.log_model(model, "model")
mlops.end_run()
"""

MODEL = """
from sklearn.linear_model import LogisticRegression
model = LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
"""


@pytest.mark.parametrize("name", ["mlops", "mlflow"])
def test_eight_lines_track_a_run_with_its_model(name: str, python: Callable[..., object]) -> None:
    script = EIGHT_LINES
    if name == "mlflow":
        script = script.replace("mlops.", "mlflow.").replace("import mlops", "import mlops as mlflow")
    python(MODEL + script)

    (run,) = mlops.search_runs(output_format="list")
    assert run.info.status == "FINISHED"
    assert run.data.params == {"learning_rate": "0.001", "epochs": "50"}
    assert run.data.metrics == {"accuracy": 0.94, "f1_score": 0.91}
    model = mlops.sklearn.load_model(f"runs:/{run.info.run_id}/model")
    assert list(model.predict([[0.5], [2.5]])) == [0, 1]


def test_the_calls_of_a_longer_script(python: Callable[..., object]) -> None:
    python("""
        import matplotlib
        matplotlib.use("Agg")
        import matplotlib.pyplot as plt
        import mlops as mlflow

        mlflow.set_experiment("longer")
        with mlflow.start_run(run_name="first", tags={"team": "search"}) as run:
            mlflow.log_params({"depth": 3, "kind": "tree"})
            for step in range(3):
                mlflow.log_metrics({"loss": 1 / (step + 1), "score": step}, step=step)
            mlflow.set_tag("owner", "ada")
            mlflow.set_tags({"a": 1, "b": None})
            open("notes.txt", "w").write("notes")
            mlflow.log_artifact("notes.txt", "texts")
            mlflow.log_text("hello", "texts/hello.txt")
            mlflow.log_dict({"classes": ["stay", "leave"]}, "labels.json")
            figure, axes = plt.subplots()
            axes.plot([1, 2])
            mlflow.log_figure(figure, "plot.png")
            assert mlflow.active_run().info.run_id == run.info.run_id
        assert mlflow.active_run() is None
        assert mlflow.last_active_run().info.run_id == run.info.run_id
        assert mlflow.last_active_run().info.status == "FINISHED"
    """)
    experiment = mlops.get_experiment_by_name("longer")
    assert experiment is not None
    (run,) = mlops.search_runs([experiment.experiment_id], output_format="list")
    assert run.info.run_name == "first"
    assert run.data.params == {"depth": "3", "kind": "tree"}
    assert run.data.metrics == {"loss": 1 / 3, "score": 2.0}
    shown = {key: value for key, value in run.data.tags.items() if not key.startswith("mlflow.")}
    assert shown == {"team": "search", "owner": "ada", "a": "1", "b": "None"}
    paths = [info.path for info in mlops.artifacts.list_artifacts(run_id=run.info.run_id)]
    assert paths == ["labels.json", "plot.png", "texts"]


def test_a_log_call_without_a_run_starts_one(python: Callable[..., object], only_run: Callable[[], mlops.Run]) -> None:
    python("""
        import mlops
        assert mlops.active_run() is None
        mlops.log_metric("loss", 0.5)
        assert mlops.active_run() is not None
    """)
    run = only_run()
    assert run.info.status == "FINISHED" and run.data.metrics == {"loss": 0.5}
    assert len(run.info.run_name.split("-")) == 3


def test_end_run_without_a_run_does_nothing() -> None:
    mlops.end_run()
    assert mlops.active_run() is None and mlops.last_active_run() is None
