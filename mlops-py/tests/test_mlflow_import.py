"""Stores of MLflow's are brought over without MLflow: a folder, and a database."""

from __future__ import annotations

import json
import math
import os
import pickle
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import mlops
from mlops.exceptions import InvalidArgument, NotFound

RUN = "a" * 32
OTHER = "b" * 32


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    return folder


@pytest.fixture
def mlruns(tmp_path: Path) -> Path:
    """A folder as MLflow's file store writes it."""
    return write(
        tmp_path / "old" / "mlruns",
        {
            "0/meta.yaml": "artifact_location: mlflow-artifacts:/0\nexperiment_id: '0'\nlifecycle_stage: active\nname: Default\n",
            "7/meta.yaml": "experiment_id: '7'\nname: churn\ncreation_time: 1600000000000\nlifecycle_stage: active\n",
            "7/tags/team": "growth",
            f"7/{RUN}/meta.yaml": f"artifact_uri: file:///gone/7/{RUN}/artifacts\nrun_id: {RUN}\nrun_name: first\nstatus: 4\n"
            "start_time: 1600000000123\nend_time: 1600000009000\nuser_id: ada\nlifecycle_stage: active\n",
            f"7/{RUN}/params/depth": "3",
            f"7/{RUN}/params/text": "two\r\nlines",
            f"7/{RUN}/tags/mlflow.runName": "first",
            f"7/{RUN}/tags/deep/er": "x",
            f"7/{RUN}/metrics/loss": "1600000000500 0.5 0\n1600000000600 nan 1\n1600000000600 inf 2\n1600000000500 0.5 0\n",
            f"7/{RUN}/metrics/val/acc": "1600000000700 0.25 -3\n1600000000700 cut",
            f"7/{RUN}/artifacts/model/weights.bin": "weights",
            f"7/{RUN}/artifacts/model/MLmodel": "{}",
            f"7/{RUN}/inputs/i1/meta.yaml": "source_type: DATASET\nsource_id: d1\ndestination_type: RUN\n"
            "tags:\n  mlflow.data.context: training\n",
            "7/datasets/d1/meta.yaml": "name: train\ndigest: '12ab'\nsource_type: local\nsource: '{\"uri\": \"x\"}'\nschema: '{}'\n",
            f"7/{OTHER}/meta.yaml": f"run_id: {OTHER}\nrun_name: second\nstatus: 3\nstart_time: 1\nend_time: 2\nlifecycle_stage: deleted\n",
            "7/models/m-1/meta.yaml": "model_id: m-1\nname: tree\nstatus: 2\ncreation_timestamp: 1600000000900\n"
            f"source_run_id: {RUN}\nmodel_type: Tree\n",
            "7/models/m-1/metrics/acc": f"1600000000900 0.75 1 {RUN} train 12ab\n",
            "7/models/m-1/artifacts/MLmodel": "flavors: {}",
            ".trash/8/meta.yaml": "experiment_id: '8'\nname: thrown away\nlifecycle_stage: deleted\n",
            f".trash/8/{'c' * 32}/meta.yaml": f"run_id: {'c' * 32}\nstatus: 3\nstart_time: 5\nlifecycle_stage: deleted\n",
            "models/shop/meta.yaml": "name: shop\n",
            "models/shop/aliases/champion": "1",
            "models/shop/version-1/meta.yaml": f"version: 1\ncreation_timestamp: 1600000000000\nrun_id: {RUN}\n"
            f"current_stage: Production\nsource: file:///gone/mlruns/7/{RUN}/artifacts/model\n",
            "models/shop/version-1/tags/k": "v",
            "models/shop/version-2/meta.yaml": "version: 2\ncurrent_stage: Deleted_Internal\n",
            "models/shop/version-3/meta.yaml": "version: 3\nsource: s3://bucket/model\n",
        },
    )


def test_a_folder_is_brought_over_as_it_is(mlruns: Path) -> None:
    report = mlops.import_mlflow(mlruns)
    client = mlops.MlflowClient()
    churn = client.get_experiment_by_name("churn")
    assert churn is not None
    assert (churn.tags, churn.creation_time) == ({"team": "growth"}, 1_600_000_000_000)
    run = client.get_run(RUN)
    assert (run.info.run_name, run.info.status, run.info.user_id) == ("first", "FAILED", "ada")
    assert (run.info.start_time, run.info.end_time) == (1_600_000_000_123, 1_600_000_009_000)
    assert run.data.params == {"depth": "3", "text": "two\r\nlines"}
    tags = {key: value for key, value in run.data.tags.items() if not key.startswith("mlops.")}
    assert tags == {"mlflow.runName": "first", "deep/er": "x"}
    loss = [(point.timestamp, point.step, point.value) for point in client.get_metric_history(RUN, "loss")]
    assert loss[:2] == [(1_600_000_000_500, 0, 0.5)] * 2
    assert math.isnan(loss[2][2]) and loss[3] == (1_600_000_000_600, 2, math.inf)
    assert client.get_metric_history(RUN, "val/acc")[0].step == -3
    assert [found.path for found in client.list_artifacts(RUN, "model")] == ["model/MLmodel", "model/weights.bin"]
    (data,) = run.inputs.dataset_inputs
    assert (data.dataset.name, data.dataset.digest, data.tags[0].value) == ("train", "12ab", "training")
    assert client.get_run(OTHER).info.lifecycle_stage == "deleted"
    assert client.get_experiment_by_name("thrown away").lifecycle_stage == "deleted"  # type: ignore[union-attr]
    kept = {kind: (of.found, of.kept, of.new) for kind in ("runs", "points", "files", "datasets", "params", "logged_models")
            if (of := getattr(report, kind))}  # fmt: skip
    assert kept == {
        "runs": (3, 3, 3), "points": (5, 5, 5), "files": (3, 3, 3), "datasets": (1, 1, 1), "params": (2, 2, 2),
        "logged_models": (1, 1, 1),
    }  # fmt: skip
    assert (report.registered_models.new, report.model_versions.new) == (1, 2)
    first = client.get_model_version("shop", 1)
    assert (first.run_id, first.current_stage, first.tags, first.aliases) == (RUN, "Production", {"k": "v"}, ["champion"])
    assert (first.creation_timestamp, first.digest is not None) == (1_600_000_000_000, True)
    assert sorted(Path(mlops.artifacts.download_artifacts("models:/shop/1")).iterdir())[0].name == "MLmodel"
    assert [found.version for found in client.search_model_versions("name = 'shop'")] == [3, 1]
    assert any("version 3 of the registered model 'shop': its files are not in the store" in one for one in report.problems)
    assert not report.complete
    assert any("line 2" in problem and "acc" in problem for problem in report.problems)


def test_numbers_that_were_deleted_are_not_given_again_and_what_leaves_production_is_said(tmp_path: Path) -> None:
    of = "source: s3://bucket/model\ncurrent_stage: "
    models = {f"models/shop/version-{number}/meta.yaml": f"version: {number}\n{of}{stage}\n"
              for number, stage in enumerate(("Production", "Production", "Staging", "Deleted_Internal"), 1)}  # fmt: skip
    alias = {"models/shop/meta.yaml": "name: shop\n", "models/shop/aliases/production": "3"}
    source = write(tmp_path / "mlruns", {"0/meta.yaml": "experiment_id: '0'\nname: Default\n", **alias, **models})
    report = mlops.import_mlflow(source)
    client = mlops.MlflowClient()
    assert (report.model_versions.found, report.model_versions.new) == (3, 3)
    assert [client.get_model_version("shop", number).current_stage for number in (1, 2, 3)] == ["Archived", "Archived", "Production"]
    for number in (1, 2):
        assert any(f"version {number}" in said and "it is archived, since the alias production points to version 3" in said
                   for said in report.problems)  # fmt: skip
    assert any("version 3" in said and "it was in Staging and is in Production" in said for said in report.problems)
    with pytest.raises(NotFound, match="it was deleted by .*: brought over from"):
        client.get_model_version("shop", 4)
    mlops.import_mlflow(source)
    assert client.create_model_version("shop", "s3://bucket/model").version == 5


def test_a_second_import_brings_nothing_and_a_later_one_what_is_new(mlruns: Path) -> None:
    mlops.import_mlflow(mlruns)
    before = mlops.MlflowClient().get_run(RUN)
    again = mlops.import_mlflow(mlruns)
    assert [getattr(again, kind).new for kind in ("experiments", "runs", "params", "tags", "points", "files", "datasets")] == [0] * 7
    assert again.points.kept == again.points.found == 5
    assert (again.registered_models.new, again.model_versions.new, again.model_versions.there) == (0, 0, 2)
    assert mlops.MlflowClient().get_run(RUN).data.tags == before.data.tags
    write(mlruns, {f"7/{RUN}/metrics/new": "1600000000800 1.0 0\n", f"7/{RUN}/params/late": "yes", f"7/{RUN}/artifacts/late.txt": "l"})
    with (mlruns / "7" / RUN / "metrics" / "loss").open("a") as out:
        out.write("1600000000900 0.125 3\n")
    later = mlops.import_mlflow(mlruns)
    assert (later.runs.new, later.points.new, later.params.new, later.files.new) == (0, 2, 1, 1)
    assert len(mlops.MlflowClient().get_metric_history(RUN, "loss")) == 5


def test_what_was_cut_short_goes_on(mlruns: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlops._mlflow_import import _write

    calls = 0

    def fails(self: object, *arguments: object) -> None:
        nonlocal calls
        calls += 1
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(_write.Writer, "_log_files", fails)
        mlops.import_mlflow(mlruns)
    assert calls == 1
    report = mlops.import_mlflow(mlruns)
    assert (report.points.new + report.points.there, report.files.new) == (5, 3)
    assert len(mlops.MlflowClient().get_metric_history(RUN, "loss")) == 4
    assert mlops.MlflowClient().get_run(RUN).info.status == "FAILED"


def test_a_killed_import_goes_on(mlruns: Path, tmp_path: Path) -> None:
    code = """
        import os, sys
        from mlops._mlflow_import import _write
        before, limit = _write.Writer._log_files, int(sys.argv[2])
        calls = 0
        def log(self, *arguments):
            global calls
            calls += 1
            if calls > limit:
                os.kill(os.getpid(), 9)
            return before(self, *arguments)
        _write.Writer._log_files = log
        import mlops
        mlops.import_mlflow(sys.argv[1])
    """
    for limit in range(3):
        done = subprocess.run([sys.executable, "-c", textwrap.dedent(code), str(mlruns), str(limit)], check=False, timeout=60)
        assert done.returncode == -9
    report = mlops.import_mlflow(mlruns)
    assert (report.runs.kept, report.points.kept, report.files.kept) == (3, 5, 3)
    assert len(mlops.MlflowClient().get_metric_history(RUN, "loss")) == 4


def database(path: Path) -> Path:
    """A database as an older MLflow wrote it: no data sets, no logged models."""
    db = sqlite3.connect(path)
    db.executescript(f"""
        CREATE TABLE experiments (experiment_id INTEGER PRIMARY KEY, name TEXT, artifact_location TEXT, lifecycle_stage TEXT);
        CREATE TABLE runs (run_uuid TEXT PRIMARY KEY, name TEXT, user_id TEXT, status TEXT, start_time BIGINT, end_time BIGINT,
            lifecycle_stage TEXT, artifact_uri TEXT, experiment_id INTEGER);
        CREATE TABLE params (key TEXT, value TEXT, run_uuid TEXT);
        CREATE TABLE tags (key TEXT, value TEXT, run_uuid TEXT);
        CREATE TABLE metrics (key TEXT, value REAL, timestamp BIGINT, run_uuid TEXT, step BIGINT, is_nan BOOLEAN);
        INSERT INTO experiments VALUES (0, 'Default', './mlruns/0', 'active'), (3, 'old', './mlruns/3', 'active');
        INSERT INTO runs VALUES ('{RUN}', 'named', 'ada', 'FINISHED', 1000, 2000, 'active', './mlruns/3/{RUN}/artifacts', 3);
        INSERT INTO runs VALUES ('{OTHER}', NULL, NULL, 'RUNNING', 3000, NULL, 'active', 's3://bucket/3/{OTHER}', 3);
        INSERT INTO params VALUES ('p', 'v', '{RUN}');
        INSERT INTO tags VALUES ('mlflow.runName', 'named', '{RUN}');
        INSERT INTO metrics VALUES ('m', 0.5, 1500, '{RUN}', 1, 0), ('m', 0, 1600, '{RUN}', 2, 1);
    """)
    db.commit()
    db.close()
    return path


def test_a_database_is_brought_over(tmp_path: Path) -> None:
    old = tmp_path / "old"
    write(old / "mlruns" / "3" / RUN / "artifacts", {"a/b.txt": "b"})
    report = mlops.import_mlflow(f"sqlite:///{database(old / 'mlflow.db')}")
    client = mlops.MlflowClient()
    run = client.get_run(RUN)
    assert (run.info.start_time, run.info.end_time, run.info.status) == (1000, 2000, "FINISHED")
    assert run.data.params == {"p": "v"}
    points = client.get_metric_history(RUN, "m")
    assert points[0].value == 0.5 and math.isnan(points[1].value)
    assert client.list_artifacts(RUN, "a")[0].path == "a/b.txt"
    assert client.get_run(OTHER).info.status == "RUNNING"
    (problem,) = report.problems
    assert "s3://bucket" in problem
    # Also from the folder that it stands in.
    assert mlops.import_mlflow(old / "mlflow.db").runs.new == 0


def test_files_of_a_server_are_found_beside_its_database_or_where_one_says(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir()
    database(old / "server.db")
    db = sqlite3.connect(old / "server.db")
    db.execute("UPDATE runs SET artifact_uri = 'mlflow-artifacts:/3/' || run_uuid || '/artifacts'")
    db.commit()
    db.close()
    write(tmp_path / "elsewhere" / "3" / RUN / "artifacts", {"a.txt": "a"})
    assert mlops.import_mlflow(old / "server.db").files.found == 0
    report = mlops.import_mlflow(old / "server.db", artifacts=tmp_path / "elsewhere")
    assert (report.files.new, report.problems) == (1, [])


def test_what_is_no_store_of_mlflows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="does not exist"):
        mlops.import_mlflow(tmp_path / "none")
    with pytest.raises(InvalidArgument, match="no folder of MLflow's"):
        mlops.import_mlflow(tmp_path)
    (tmp_path / "text.db").write_text("text that is no database, and long enough to be looked at" * 20)
    with pytest.raises(InvalidArgument, match="no SQLite database"):
        mlops.import_mlflow(tmp_path / "text.db")


def test_pickles_that_were_brought_over_are_not_trusted(mlruns: Path, store: Path) -> None:
    from mlops import _native, _state

    for trusted in (False, True):
        mlops.import_mlflow(mlruns, trusted=trusted)
        opened = _state.store()
        parts = ('{"python_function": {}}', None, None, None, [("model.pkl", b"x")])
        _native.log_model(opened.open_run(RUN), "mine", parts)
        assert _native.is_trusted(opened, RUN) is trusted
        del opened
        mlops.set_tracking_uri(None)
        shutil.rmtree(store)


def test_the_command_says_what_was_found_and_kept(mlruns: Path, tmp_path: Path, store: Path) -> None:
    def run(*words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([sys.executable, "-m", "mlops", *words], capture_output=True, text=True, timeout=60, check=False)

    done = run("import", "mlflow", str(mlruns), "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["runs"]["kept"], told["complete"]) == (1, 3, False), done.stderr
    shown = run("--store", str(tmp_path / "second"), "import", "mlflow", str(tmp_path / "old"))
    assert "runs                           3           3           3" in shown.stdout, shown.stdout + shown.stderr
    assert run("--store", str(tmp_path / "second"), "runs", "show", RUN).returncode == 0
    missing = run("import", "mlflow", "none")
    assert (missing.returncode, missing.stderr[:6]) == (2, "error:")
    assert "Examples" in run("import", "mlflow", "--help").stdout


def test_a_pickle_of_a_logged_model_asks_for_trust_also_if_its_run_has_no_files(tmp_path: Path) -> None:
    from sklearn.linear_model import LinearRegression

    run = "d" * 32
    folder = write(
        tmp_path / "old",
        {
            "3/meta.yaml": "experiment_id: '3'\nname: lines\n",
            f"3/{run}/meta.yaml": f"run_id: {run}\nstatus: 3\nstart_time: 1\nend_time: 2\n",
            f"3/{run}/outputs/o1/meta.yaml": f"source_type: RUN_OUTPUT\nsource_id: {run}\ndestination_type: MODEL_OUTPUT\n"
            "destination_id: m-3\nstep: 2\n",
            "3/models/m-3/meta.yaml": f"model_id: m-3\nname: line\nstatus: 2\nsource_run_id: {run}\n",
            "3/models/m-3/artifacts/requirements.txt": "scikit-learn\n",
            "3/models/m-3/artifacts/MLmodel": "flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n    model_path: model.pkl\n"
            "    predict_fn: predict\n  sklearn:\n    pickled_model: model.pkl\n    serialization_format: pickle\n"
            "    sklearn_version: 1.9.1\nmlflow_version: 3.17.2\nmodel_id: m-3\n",
        },
    )
    model = LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])
    (folder / "3" / "models" / "m-3" / "artifacts" / "model.pkl").write_bytes(pickle.dumps(model))
    assert mlops.import_mlflow(folder).complete
    for uri in ("models:/m-3", f"runs:/{run}/line"):
        with pytest.raises(mlops.exceptions.Untrusted):
            mlops.load_model(uri)
        assert mlops.load_model(uri, trust=True).predict([[1.0]])[0] == pytest.approx(1.0)
        assert mlops.pyfunc.load_model(uri, trust=True).predict([[1.0]])[0] == pytest.approx(1.0)
        assert mlops.artifacts.load_text(f"{uri}/requirements.txt") == "scikit-learn\n"
        info = mlops.models.get_model_info(uri)
        assert (info.model_id, info.mlflow_version) == ("m-3", "3.17.2")
    assert mlops.register_model("models:/m-3", "line").model_id == "m-3"
    assert mlops.load_model("models:/line/1", trust=True).predict([[1.0]])[0] == pytest.approx(1.0)


def test_what_is_damaged_in_a_folder_is_told_and_the_rest_is_brought(mlruns: Path) -> None:
    names = {sign: sign * 32 for sign in "0123"}
    run = "run_id: {}\nstatus: 3\nstart_time: 1\nend_time: 2\n"
    write(
        mlruns,
        {
            f"7/{names['0']}/meta.yaml": "",
            f"7/{names['0']}/params/depth": "3",
            f"7/{names['1']}/meta.yaml": ": : not yaml [",
            f"7/{names['2']}/params/depth": "3",
            f"7/{names['3']}/meta.yaml": run.format(names["3"]),
            f"7/{names['3']}/params/good": "g",
            f"7/{names['3']}/metrics/loss": f"1 0.5 0\n2 0.5 {10**30}\n3 0.25 2\n",
            f"7/{names['3']}/inputs/i/meta.yaml": "",
            "6/meta.yaml": "",
            f"6/{RUN}/meta.yaml": run.format(RUN),
            "7/models/m-0/meta.yaml": "",
            "models/bad/meta.yaml": "[",
            "models/shop/version-4/meta.yaml": "version: four\n",
        },
    )
    (mlruns / "7" / names["3"] / "params" / "bytes").write_bytes(b"\xff\xfe")
    for part in ("params", "metrics", "artifacts"):
        folder = mlruns / "7" / names["3"] / part
        folder.mkdir(exist_ok=True)
        (folder / os.fsdecode(b"name\xff")).write_text("1 0.5 0\n")
    first, second = mlops.import_mlflow(mlruns), mlops.import_mlflow(mlruns)
    # A version without files is in the store, and told once.
    assert [problem for problem in first.problems if "s3://" not in problem] == second.problems
    for what in (
        f"run {names['0']}: ", f"run {names['1']}: ", f"run {names['2']}: ", "experiment 6, and all", "logged model m-0: ",
        "registered model 'bad': ", "version-4 of 'shop': 'four' is no whole number", "one of its inputs", "b'\\xff\\xfe'", "line 2",
        "'name\\udcff' or its value", "the metric 'name\\udcff'", "the file 'name\\udcff'",
    ):  # fmt: skip
        assert any(what in problem for problem in first.problems), (what, first.problems)
    assert str(first).encode().count(b"not brought over") == len(first.problems)
    assert (first.runs.found, first.runs.kept, first.experiments.found, first.experiments.kept) == (7, 4, 4, 3)
    assert (first.files.found, first.files.kept) == (4, 3)
    client = mlops.MlflowClient()
    data = client.get_run(names["3"]).data
    assert (data.params, data.metrics) == ({"good": "g"}, {"loss": 0.25})
    # Behind all that, by name.
    assert client.get_run(RUN).data.params["depth"] == "3"
    assert client.get_model_version("shop", 1).run_id == RUN


def test_one_file_that_is_not_taken_costs_no_other(mlruns: Path) -> None:
    # A name that no store takes.
    write(mlruns, {f"7/{RUN}/artifacts/1:30.txt": "3"})
    for new in (3, 0):
        report = mlops.import_mlflow(mlruns)
        assert (report.files.found, report.files.kept, report.files.new) == (4, 3, new)
        (problem,) = [one for one in report.problems if "1:30.txt" in one]
        assert f"run {RUN}: the file" in problem
    run = mlops.MlflowClient().get_run(RUN)
    assert (run.info.status, run.info.end_time) == ("FAILED", 1_600_000_009_000)


def test_tags_that_are_too_much_for_an_experiment_cost_no_run(mlruns: Path) -> None:
    write(mlruns, {"7/tags/one": "1" * 30_000, "7/tags/two": "2" * 30_000, f"7/models/m-1/tags/{'k' * 200}/{'k' * 200}/{'k' * 200}": "x"})
    report = mlops.import_mlflow(mlruns)
    told = [problem for problem in report.problems if "the tag" in problem]
    assert len(told) == 2 and "'two' of the experiment 'churn' is left out" in told[0] and "logged model m-1" in told[1]
    churn = mlops.MlflowClient().get_experiment_by_name("churn")
    assert churn is not None and sorted(churn.tags) == ["one", "team"]
    assert report.runs.kept == 3 and mlops.get_logged_model("m-1").tags.get("x") is None


def test_one_param_that_is_not_taken_costs_no_other(tmp_path: Path) -> None:
    path = database(tmp_path / "mlflow.db")
    db = sqlite3.connect(path)
    db.execute("INSERT INTO params VALUES (?, 'v', ?)", ("k" * 501, RUN))
    db.execute("INSERT INTO params VALUES ('raw', CAST(x'fffe' AS TEXT), ?)", (RUN,))
    db.commit()
    db.close()
    report = mlops.import_mlflow(path)
    assert mlops.get_run(RUN).data.params == {"p": "v"}
    assert (report.params.found, report.params.kept) == (2, 1)
    assert sum("the param 'kkk" in problem for problem in report.problems) == 1
    assert any("'raw' or its value is no UTF-8" in problem for problem in report.problems)


def test_numbers_that_numpy_left_in_a_database_are_read(tmp_path: Path) -> None:
    path = database(tmp_path / "mlflow.db")
    db = sqlite3.connect(path)
    points = [("n", 0.5, 1500, (1).to_bytes(8, "little")), ("n", 0.25, (1600).to_bytes(8, "little"), (2).to_bytes(4, "little"))]
    points += [("n", 0.125, 1700, b"odd"), ("n", "text", 1700, 3)]  # type: ignore[list-item]
    db.executemany(f"INSERT INTO metrics VALUES (?, ?, ?, '{RUN}', ?, 0)", points)
    db.execute(f"INSERT INTO runs VALUES ('{'c' * 32}', 'behind', 'ada', 'FINISHED', 'no time', 9, 'active', '', 3)")
    db.execute(f"INSERT INTO runs VALUES ('{'d' * 32}', 'last', 'ada', 'FINISHED', 9000, 9001, 'active', '', 3)")
    db.commit()
    db.close()
    report = mlops.import_mlflow(path)
    found = mlops.MlflowClient().get_metric_history(RUN, "n")
    assert [(point.step, point.timestamp, point.value) for point in found] == [(1, 1500, 0.5), (2, 1600, 0.25)]
    assert any("2 points of the metric 'n' are left out" in problem for problem in report.problems)
    assert any(f"run {'c' * 32}: 'no time' is no whole number" in problem for problem in report.problems)
    assert mlops.get_run("d" * 32).info.run_name == "last"


def test_a_database_with_damaged_pages_is_read_up_to_them(tmp_path: Path) -> None:
    path = database(tmp_path / "mlflow.db")
    db = sqlite3.connect(path)
    (page,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'metrics'").fetchone()
    (size,) = db.execute("PRAGMA page_size").fetchone()
    db.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    report = mlops.import_mlflow(path)
    assert any("DatabaseError" in problem and RUN in problem for problem in report.problems), report.problems
    assert not report.complete
