"""Models of scikit-learn: what is kept of them, and how they come back."""

from __future__ import annotations

import io
import json
import pickle
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy
import pandas
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import mlops
from mlops.exceptions import AlreadyExists, Corrupt, InvalidArgument, NotFound
from mlops.models import DataType, ModelInfo, ModelSignature, Schema, TensorSpec

ROWS, TARGET = load_iris(return_X_y=True, as_frame=True)
FOREST = RandomForestClassifier(n_estimators=5, random_state=1).fit(ROWS, TARGET)
PIPELINE = make_pipeline(StandardScaler(), LinearRegression()).fit(*load_diabetes(return_X_y=True))


def logged(model: Any, **options: Any) -> ModelInfo:
    with mlops.start_run():
        return mlops.sklearn.log_model(model, "model", **options)


def test_a_forest_predicts_the_same_in_a_fresh_process(python: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    info = logged(FOREST)
    mlops.set_tracking_uri(None)
    done = python(
        """
        import sys, mlops
        from sklearn.datasets import load_iris
        rows, _ = load_iris(return_X_y=True, as_frame=True)
        print(mlops.load_model(sys.argv[1]).predict_proba(rows).tobytes().hex())
        """,
        info.model_uri,
    )
    assert done.stdout.strip() == FOREST.predict_proba(ROWS).tobytes().hex()


def test_a_pipeline_comes_back() -> None:
    info = logged(PIPELINE)
    rows, _ = load_diabetes(return_X_y=True)
    for load in [mlops.load_model, mlops.sklearn.load_model, mlops.models.load_model, mlops.pyfunc.load_model]:
        numpy.testing.assert_array_equal(load(info.model_uri).predict(rows), PIPELINE.predict(rows))


def test_a_model_says_what_it_is() -> None:
    info = logged(FOREST, input_example=ROWS.head(3), metadata={"team": "search"})
    run = mlops.last_active_run()
    assert run is not None
    assert info.model_uri == f"models:/{info.model_id}" and info.run_id == run.info.run_id
    assert info.artifact_path == "model" and info.metadata == {"team": "search"}
    flavor = info.flavors["sklearn"]
    assert flavor["model_class"] == "sklearn.ensemble._forest.RandomForestClassifier"
    assert flavor["sklearn_version"] == version("scikit-learn")
    assert info.flavors["python_function"]["predict_fn"] == "predict"
    assert set(info.files) == {
        "model.pkl", "requirements.txt", "conda.yaml", "python_env.yaml", "input_example.json", "serving_input_example.json"
    }  # fmt: skip
    for file in info.files.values():
        assert file["digest"].startswith("blake3:") and len(file["digest"]) == 71 and file["size_bytes"] > 0
    paths = [found.path for found in mlops.artifacts.list_artifacts(info.model_uri)]
    assert paths == ["MLmodel", *sorted(info.files)]
    paths = [found.path for found in mlops.artifacts.list_artifacts(f"runs:/{run.info.run_id}/model")]
    assert paths == ["model/MLmodel", *(f"model/{path}" for path in sorted(info.files))]
    needed = mlops.artifacts.load_text(f"{info.model_uri}/requirements.txt")
    for package in ["numpy", "scikit-learn", "scipy"]:
        assert f"{package}=={version(package)}\n" in needed
    again = mlops.models.get_model_info(info.model_uri)
    assert (again.digest, again.signature, again.files) == (info.digest, info.signature, info.files)


def test_the_signature_of_a_table_has_names_and_types() -> None:
    rows = pandas.DataFrame({
        "age": [1, 2, 3], "height": [1.5, 2.5, None], "name": ["a", "b", "c"], "member": [True, False, True],
        "small": numpy.array([1, 2, 3], dtype=numpy.int8), "born": pandas.to_datetime(["2024-01-01"] * 3),
    })  # fmt: skip
    found = mlops.models.infer_signature(rows, numpy.zeros(3))
    assert found.inputs is not None and found.outputs is not None
    assert [(spec["name"], spec["type"], spec["required"]) for spec in found.inputs.to_dict()] == [
        ("age", "long", True),
        ("height", "double", False),
        ("name", "string", True),
        ("member", "boolean", True),
        ("small", "integer", True),
        ("born", "datetime", True),
    ]
    assert found.outputs.to_dict() == [{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1]}}]
    assert repr(found).startswith("inputs: \n  ['age': long (required), 'height': double (optional), 'name': string")
    assert ModelSignature.from_dict(found.to_dict()) == found


def test_the_signature_is_inferred_from_the_example() -> None:
    table = logged(FOREST, input_example=ROWS.head(10))
    assert table.signature is not None
    assert table.signature.inputs is not None and table.signature.outputs is not None
    assert table.signature.inputs.input_names() == list(ROWS.columns)
    assert set(table.signature.inputs.input_types()) == {DataType.double}
    # As MLflow has it: a table has rows, and what is said of each is a column.
    assert repr(table.signature.outputs) == "[long (required)]"
    example = json.loads(mlops.artifacts.load_text(f"{table.model_uri}/input_example.json"))
    assert example["columns"] == list(ROWS.columns) and example["data"] == ROWS.head(5).to_numpy().tolist()

    array = logged(PIPELINE, input_example=load_diabetes().data[:2])
    assert array.signature is not None
    assert array.signature.inputs == Schema([TensorSpec("float64", (-1, 10))])

    given = logged(PIPELINE, signature=mlops.models.infer_signature(numpy.zeros((3, 2)), numpy.zeros(3)))
    assert given.signature is not None and given.signature.inputs == Schema([TensorSpec("float64", (-1, 2))])
    assert logged(FOREST, input_example=ROWS.head(3), signature=False).signature is None
    assert logged(PIPELINE).signature is None


def test_the_same_model_by_skops_has_one_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "skops")
    with warnings.catch_warnings():
        # skops warns of what scikit-learn says of itself.
        warnings.simplefilter("ignore")
        first, second = (logged(FOREST, serialization_format="skops") for _ in range(2))
        assert first.digest == second.digest and "model.skops" in first.files
        assert (mlops.load_model(second.model_uri).predict(ROWS) == FOREST.predict(ROWS)).all()
    content = mlops.artifacts.load_bytes(f"{first.model_uri}/model.skops")
    assert {info.date_time for info in zipfile.ZipFile(io.BytesIO(content)).infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_same_model_is_stored_once(store: Path) -> None:
    rows = numpy.random.default_rng(1).normal(size=(3000, 20))
    model = RandomForestClassifier(n_estimators=10, random_state=1).fit(rows, rows.sum(axis=1) > 0)
    size = len(pickle.dumps(model, protocol=5))
    assert size > 300_000
    first, second, third = logged(model), logged(model), logged(model)
    assert first.digest == second.digest == third.digest
    stored = sum(path.stat().st_size for path in store.rglob("*") if path.is_file())
    assert stored < 1.5 * size + 500_000


@pytest.mark.parametrize("function", ["twice = lambda rows: rows * 2", "def twice(rows): return rows * 2"])
def test_a_function_of_the_script_travels_with_the_model(function: str, python: Callable[..., object]) -> None:
    python(f"{function}\n" + """
import mlops, numpy
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
rows = numpy.array([[1.0], [2.0]])
with mlops.start_run():
    mlops.sklearn.log_model(make_pipeline(FunctionTransformer(twice), LinearRegression()).fit(rows, [2.0, 4.0]), "model")
""")
    (run,) = mlops.search_runs(output_format="list")
    uri = f"runs:/{run.info.run_id}/model"
    assert mlops.load_model(uri).predict(numpy.array([[3.0]])) == pytest.approx([6.0])
    assert mlops.models.get_model_info(uri).flavors["sklearn"]["serialization_format"] == "cloudpickle"


def test_what_cannot_be_logged_leaves_nothing() -> None:
    with mlops.start_run() as run:
        for bad in ["a text", object(), RandomForestClassifier]:
            with pytest.raises(InvalidArgument):
                mlops.sklearn.log_model(bad, "model")
        with pytest.raises(InvalidArgument, match="cannot be pickled"):
            mlops.sklearn.log_model(FunctionTransformer(func=(number for number in [1])), "model")
        with pytest.raises(InvalidArgument, match="signature is of type dict"):
            mlops.sklearn.log_model(FOREST, "model", signature={})  # type: ignore[arg-type]
        with pytest.raises(InvalidArgument, match="the metadata cannot be stored as JSON"):
            mlops.sklearn.log_model(FOREST, "model", metadata={"bad": object()})
        with pytest.raises(InvalidArgument, match="artifact path"):
            mlops.sklearn.log_model(FOREST, "../model")
    assert mlops.artifacts.list_artifacts(run_id=run.info.run_id) == []


def test_what_is_no_model_says_so() -> None:
    with mlops.start_run() as run:
        mlops.log_text("text", "a/b.txt")
    for uri in [f"runs:/{run.info.run_id}/a", f"runs:/{run.info.run_id}/nowhere", "nowhere"]:
        with pytest.raises((NotFound, InvalidArgument), match=uri.rsplit("/", maxsplit=1)[-1]):
            mlops.load_model(uri)
    with pytest.raises(NotFound, match="registered model `best` does not exist"):
        mlops.load_model("models:/best/1")


def test_pyfunc_predicts_with_whatever_the_model_has() -> None:
    found = mlops.pyfunc.load_model(logged(StandardScaler().fit([[1.0], [3.0]])).model_uri)
    assert found.predict([[2.0]]).tolist() == [[0.0]]
    assert isinstance(found.unwrap_python_model(), StandardScaler)
    assert "StandardScaler" in repr(found) and found.metadata.run_id is not None


def test_a_folder_holds_a_model(tmp_path: Path) -> None:
    info = mlops.sklearn.save_model(PIPELINE, tmp_path / "saved", input_example=load_diabetes().data[:2])
    assert info.run_id is None and {path.name for path in (tmp_path / "saved").iterdir()} >= {"MLmodel", "model.pkl"}
    rows, _ = load_diabetes(return_X_y=True)
    for load in [mlops.load_model, mlops.pyfunc.load_model]:
        numpy.testing.assert_array_equal(load(tmp_path / "saved").predict(rows), PIPELINE.predict(rows))
    with pytest.raises(AlreadyExists, match="saved"):
        mlops.sklearn.save_model(FOREST, tmp_path / "saved")


@pytest.mark.parametrize("name", ["model.pkl", "requirements.txt"])
def test_a_folder_that_was_changed_does_not_load(name: str, tmp_path: Path) -> None:
    mlops.sklearn.save_model(PIPELINE, tmp_path / "saved")
    path = tmp_path / "saved" / name
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(Corrupt, match=name):
        mlops.load_model(tmp_path / "saved")
    path.unlink()
    with pytest.raises((Corrupt, NotFound), match=name):
        mlops.load_model(tmp_path / "saved")


def test_a_model_of_the_store_that_was_changed_does_not_load(store: Path) -> None:
    info = logged(PIPELINE)
    content = mlops.artifacts.load_bytes(f"{info.model_uri}/model.pkl")
    mlops.set_tracking_uri(None)
    for path in (store / "blobs").rglob("*"):
        if path.is_file() and (at := path.read_bytes().find(content)) >= 0:
            with path.open("r+b") as file:
                file.seek(at + 100)
                file.write(b"\xff\xfe\xfd")
    with pytest.raises(Corrupt, match="blobs"):
        mlops.load_model(info.model_uri)
