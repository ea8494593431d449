"""Models of the libraries that are light enough for every run of the tests; `heavy/` has the others."""

from __future__ import annotations

import json
import logging
import os
import pickle
import subprocess
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import lightgbm
import numpy
import pandas
import pytest
import xgboost
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

import mlops
from mlops.exceptions import Corrupt, InvalidArgument, NotFound, Untrusted
from mlops.models import DataType, ModelInfo, ModelSignature, ParamSchema, ParamSpec

Python = Callable[..., "subprocess.CompletedProcess[str]"]
ROWS, TARGET = load_iris(return_X_y=True, as_frame=True)

# Loads a model in both ways, and prints the bytes of what each predicts for the iris flowers.
PREDICT = """
import sys, numpy, mlops
from sklearn.datasets import load_iris
rows, _ = load_iris(return_X_y=True, as_frame=True)
native = mlops.load_model(sys.argv[1])
if type(native).__module__ == "xgboost.core":
    import xgboost
    print(native.predict(xgboost.DMatrix(rows)).tobytes().hex())
else:
    print(native.predict(rows).tobytes().hex())
print(mlops.pyfunc.load_model(sys.argv[1]).predict(rows).tobytes().hex())
"""


def forest() -> Any:
    return RandomForestClassifier(n_estimators=5, random_state=1).fit(ROWS, TARGET)


def booster() -> Any:
    return xgboost.train({"objective": "reg:squarederror", "seed": 1}, xgboost.DMatrix(ROWS, TARGET), 5)


# How a model is made and predicts, which module logs it, and in which file it is.
MODELS: dict[str, tuple[Callable[[], Any], Any, str]] = {
    "a forest": (forest, mlops.sklearn, "model.pkl"),
    "gradient boosting": (
        lambda: GradientBoostingClassifier(n_estimators=5, random_state=1).fit(ROWS, TARGET), mlops.sklearn, "model.pkl"
    ),
    "neighbours": (lambda: KNeighborsClassifier().fit(ROWS, TARGET), mlops.sklearn, "model.pkl"),
    "xgboost": (lambda: xgboost.XGBClassifier(n_estimators=5).fit(ROWS, TARGET), mlops.xgboost, "model.ubj"),
    "a booster of xgboost": (booster, mlops.xgboost, "model.ubj"),
    "lightgbm": (
        lambda: lightgbm.LGBMClassifier(n_estimators=5, verbose=-1).fit(ROWS, TARGET), mlops.lightgbm, "model.pkl"
    ),
    "a booster of lightgbm": (
        lambda: lightgbm.train({"verbose": -1}, lightgbm.Dataset(ROWS, TARGET), 5), mlops.lightgbm, "model.lgb"
    ),
}  # fmt: skip


def predicted(model: Any) -> numpy.ndarray[Any, Any]:
    return numpy.asarray(model.predict(xgboost.DMatrix(ROWS) if isinstance(model, xgboost.Booster) else ROWS))


def logged(module: Any, model: Any, **options: Any) -> ModelInfo:
    with mlops.start_run():
        found: ModelInfo = module.log_model(model, name="model", **options)
    return found


@pytest.fixture
def untrusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Makes this process another user's, who never said that the store is trusted."""

    def forget() -> None:
        mlops.set_tracking_uri(None)
        monkeypatch.setenv("MLOPS_CONFIG_DIR", str(tmp_path / "another-user"))

    return forget


@pytest.mark.parametrize("name", MODELS)
def test_a_model_predicts_the_same_in_a_fresh_process(name: str, python: Python) -> None:
    make, module, file = MODELS[name]
    model = make()
    info = logged(module, model, input_example=ROWS.head())
    assert file in info.files and info.signature is not None
    mlops.set_tracking_uri(None)
    done = python(PREDICT, info.model_uri)
    assert done.stdout.split() == [predicted(model).tobytes().hex()] * 2


@pytest.mark.parametrize("name", MODELS)
def test_a_flipped_byte_is_found_before_anything_is_loaded(name: str, tmp_path: Path) -> None:
    make, module, file = MODELS[name]
    module.save_model(make(), tmp_path / "saved")
    path = tmp_path / "saved" / file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    for load in [mlops.load_model, mlops.pyfunc.load_model, module.load_model]:
        with pytest.raises(Corrupt, match=file):
            load(tmp_path / "saved")


@pytest.mark.parametrize("name", MODELS)
def test_what_runs_code_loads_from_a_store_that_is_trusted(name: str, untrusted: Callable[[], None]) -> None:
    make, module, file = MODELS[name]
    model = make()
    info = logged(module, model)
    untrusted()
    if file.endswith(".pkl"):
        for load in [mlops.load_model, mlops.pyfunc.load_model, module.load_model]:
            with pytest.raises(Untrusted, match=r"runs code from a pickle.*mlops trust .* or pass trust=True"):
                load(info.model_uri)
    # The libraries' own formats hold no code.
    assert (predicted(module.load_model(info.model_uri, trust=file.endswith(".pkl"))) == predicted(model)).all()


def test_the_format_of_xgboost_can_be_chosen() -> None:
    info = logged(mlops.xgboost, booster(), model_format="json")
    assert json.loads(mlops.artifacts.load_text(f"{info.model_uri}/model.json"))["version"]
    with pytest.raises(InvalidArgument, match="'ubj' or 'json'"):
        logged(mlops.xgboost, booster(), model_format="pickle")


def test_what_is_no_model_of_the_library_is_refused() -> None:
    for module in [mlops.sklearn, mlops.xgboost, mlops.lightgbm, mlops.pyfunc]:
        with mlops.start_run(), pytest.raises((InvalidArgument, TypeError)):
            module.log_model(*([None] if module is mlops.pyfunc else ["text"]), name="model")
    with pytest.raises(InvalidArgument, match="xgboost.os"):
        from mlops._flavors.source import imported

        imported("xgboost.os.system", "xgboost.core")
    with pytest.raises(TypeError, match="unexpected argument 'colour'"):
        mlops.sklearn.log_model(forest(), name="model", colour="red")  # type: ignore[call-arg]
    assert logged(mlops.xgboost, booster(), registered_model_name="best").registered_model_version == 1


def test_requirements_are_those_of_what_is_in_the_model(tmp_path: Path) -> None:
    def of(info: ModelInfo) -> list[str]:
        return mlops.artifacts.load_text(f"{info.model_uri}/requirements.txt").splitlines()

    # The package has another name where it comes without libraries for graphics cards.
    names = {f"xgboost=={xgboost.__version__}", f"xgboost-cpu=={xgboost.__version__}"}
    assert names & set(of(logged(mlops.xgboost, booster())))
    # An estimator that has one of another library in it needs both.
    from sklearn.pipeline import make_pipeline

    mixed = make_pipeline(xgboost.XGBClassifier(n_estimators=2)).fit(ROWS, TARGET)
    found = of(logged(mlops.sklearn, mixed))
    assert names & set(found) and f"scikit-learn=={version('scikit-learn')}" in found
    assert of(logged(mlops.sklearn, forest(), pip_requirements=["a==1", "b"])) == ["a==1", "b"]
    (tmp_path / "needed.txt").write_text("# a comment\nc==2\n")
    assert of(logged(mlops.sklearn, forest(), pip_requirements="needed.txt")) == ["c==2"]
    more = of(logged(mlops.sklearn, forest(), extra_pip_requirements=["-r needed.txt", "d"]))
    assert more[-2:] == ["c==2", "d"] and len(more) > 2
    with pytest.raises(NotFound, match="nowhere"):
        logged(mlops.sklearn, forest(), pip_requirements="nowhere.txt")


def test_code_travels_with_a_model(tmp_path: Path, python: Python, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "helpers").mkdir()
    (tmp_path / "helpers" / "__init__.py").write_text("FACTOR = 3\n")
    (tmp_path / "steps.py").write_text("from helpers import FACTOR\ndef triple(rows): return rows * FACTOR\n")
    python("""
        import mlops, numpy, steps
        from sklearn.preprocessing import FunctionTransformer
        with mlops.start_run():
            mlops.sklearn.log_model(FunctionTransformer(steps.triple), name="with", code_paths=["steps.py", "helpers"])
            mlops.sklearn.log_model(FunctionTransformer(steps.triple), name="without")
        """)
    (run,) = mlops.search_runs(output_format="list")
    uri = f"runs:/{run.info.run_id}"
    for name in ["steps.py", "helpers"]:
        (tmp_path / name).rename(tmp_path / f"moved-{name}")
    mlops.set_tracking_uri(None)
    load = "import mlops, sys; print(mlops.pyfunc.load_model(sys.argv[1]).predict(2).tolist())"
    assert python("import mlops, sys; print(mlops.load_model(sys.argv[1]).transform(2))", f"{uri}/with").stdout == "6\n"
    assert "No module named 'steps'" in python(load, f"{uri}/without", status=1).stderr
    assert "steps" not in mlops.artifacts.load_text(f"{uri}/with/requirements.txt")


def test_a_module_that_is_nowhere_is_said_when_the_model_is_logged(tmp_path: Path, python: Python) -> None:
    (tmp_path / "steps.py").write_text("def twice(rows): return rows * 2\n")
    done = python("""
        import mlops, steps
        from sklearn.preprocessing import FunctionTransformer
        with mlops.start_run():
            mlops.sklearn.log_model(FunctionTransformer(steps.twice), name="model")
        """)
    assert "needs the modules steps" in done.stderr and "code_paths" in done.stderr


class Scaled(mlops.pyfunc.PythonModel):
    """A model of this file, for the tests below."""

    def load_context(self, context: Any) -> None:
        self.factor = float(Path(context.artifacts["factor"]).read_text())

    def predict(self, context: Any, model_input: Any, params: dict[str, Any] | None = None) -> Any:
        return model_input.sum(axis=1) * self.factor * context.model_config["sign"] + (params or {}).get("add", 0.0)

    def predict_stream(self, context: Any, model_input: Any, params: Any = None) -> Any:
        yield from self.predict(context, model_input, params)


def test_a_class_is_a_model(tmp_path: Path) -> None:
    (tmp_path / "factor.txt").write_text("2.5")
    with mlops.start_run():
        info = mlops.pyfunc.log_model(
            name="model",
            python_model=Scaled(),
            artifacts={"factor": "factor.txt"},
            model_config={"sign": -1},
            input_example=(ROWS.head(), {"add": 0.5}),
        )
    (tmp_path / "factor.txt").unlink()
    assert info.signature is not None and info.signature.params == ParamSchema([ParamSpec("add", "double", 0.5)])
    found = mlops.pyfunc.load_model(info.model_uri)
    expected = -2.5 * ROWS.sum(axis=1)
    pandas.testing.assert_series_equal(found.predict(ROWS), expected + 0.5)
    pandas.testing.assert_series_equal(found.predict(ROWS, {"add": 1}), expected + 1)
    assert list(found.predict_stream(ROWS.head(2), {"add": 0})) == pytest.approx(list(expected[:2]))
    other = mlops.pyfunc.load_model(info.model_uri, model_config={"sign": 1})
    pandas.testing.assert_series_equal(other.predict(ROWS), -expected + 0.5)
    assert isinstance(found.unwrap_python_model(), Scaled) and isinstance(mlops.load_model(info.model_uri), type(found))
    example = mlops.models.Model.load(info.model_uri)
    pandas.testing.assert_frame_equal(example.load_input_example(), ROWS.head())
    assert example.load_input_example_params() == {"add": 0.5}


def test_a_missing_library_is_named_with_the_versions_that_were_recorded(python: Python) -> None:
    rows, target = load_iris(return_X_y=True)
    with mlops.start_run():
        info = mlops.xgboost.log_model(xgboost.XGBClassifier(n_estimators=2).fit(rows, target), name="model")
    done = python(
        f"""
        import sys, mlops
        sys.modules["xgboost"] = None
        for load in (mlops.load_model, mlops.pyfunc.load_model, mlops.xgboost.load_model):
            for kind in (ModuleNotFoundError, mlops.exceptions.Unsupported):
                try:
                    load("{info.model_uri}")
                except kind as error:
                    print(error)
        """
    )
    lines = done.stdout.splitlines()
    (recorded,) = {package for package in ("xgboost", "xgboost-cpu") if f"'{package}==" in lines[0]}
    assert len(lines) == 6 and len(set(lines)) == 1 and "needs `xgboost`, which is not installed" in lines[0]
    assert f"{recorded}=={version(recorded)}" in lines[0] and "pip install 'numpy==" in lines[0]


def test_the_context_may_have_any_name(tmp_path: Path) -> None:
    class Named(mlops.pyfunc.PythonModel):
        def predict(self, ctx: Any, rows: Any, params: Any = None) -> Any:
            return [Path(ctx.artifacts["word"]).read_text()] * len(rows)

    class Alone(mlops.pyfunc.PythonModel):
        def predict(self, rows: Any, times: int = 2) -> Any:
            return [row * times for row in rows]

    (tmp_path / "word.txt").write_text("here")
    with mlops.start_run():
        named = mlops.pyfunc.log_model(name="named", python_model=Named(), artifacts={"word": tmp_path / "word.txt"})
        alone = mlops.pyfunc.log_model(name="alone", python_model=Alone())
    assert mlops.pyfunc.load_model(named.model_uri).predict([1, 2]) == ["here", "here"]
    assert mlops.pyfunc.load_model(alone.model_uri).predict([1, 2]) == [2, 4]


def test_a_model_of_gigabytes_is_logged_and_loaded_in_little_memory(python: Python, tmp_path: Path) -> None:
    size = 3 << 30 if os.environ.get("MLOPS_TEST_LARGE") else 300 << 20
    with open(tmp_path / "weights.bin", "wb") as file:
        file.truncate(size)
        file.write(b"not all of it is empty")
    done = python(
        """
        import os, resource, mlops

        class Large(mlops.pyfunc.PythonModel):
            def predict(self, context, model_input):
                return [os.path.getsize(context.artifacts["weights"])] * len(model_input)

        memory = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with mlops.start_run():
            mlops.pyfunc.log_model(name="warm", python_model=Large())
            before = memory()
            info = mlops.pyfunc.log_model(name="model", python_model=Large(), artifacts={"weights": "weights.bin"})
        print(mlops.pyfunc.load_model(info.model_uri).predict([0])[0], memory() - before)
        """
    )
    found, grown = map(int, done.stdout.split())
    assert found == size and grown < 80 << 10, "KiB"


def test_a_function_of_a_script_is_a_model(python: Python, untrusted: Callable[[], None]) -> None:
    python("""
        import mlops
        offset = 10
        def add(model_input):
            return [value + offset for value in model_input]
        with mlops.start_run():
            mlops.pyfunc.log_model(name="model", python_model=add)
        """)
    (run,) = mlops.search_runs(output_format="list")
    uri = f"runs:/{run.info.run_id}/model"
    assert mlops.pyfunc.load_model(uri).predict([1, 2]) == [11, 12]
    untrusted()
    with pytest.raises(Untrusted, match="runs code from a pickle"):
        mlops.pyfunc.load_model(uri)


def test_a_script_is_a_model(tmp_path: Path, untrusted: Callable[[], None]) -> None:
    script = tmp_path / "scorer.py"
    script.write_text(
        "import mlops\nclass Scorer(mlops.pyfunc.PythonModel):\n    def predict(self, model_input):\n"
        "        return len(model_input)\nmlops.models.set_model(Scorer())\n"
    )
    with mlops.start_run():
        info = mlops.pyfunc.log_model(name="model", python_model=script)
    script.unlink()
    assert mlops.pyfunc.load_model(info.model_uri).predict([1, 2, 3]) == 3
    untrusted()
    with pytest.raises(Untrusted, match="the script that makes it"):
        mlops.pyfunc.load_model(info.model_uri)


def test_a_module_loads_its_own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_loader.py").write_text(
        "class Model:\n    def __init__(self, text): self.text = text\n    def predict(self, data): return self.text * data\n"
        "def _load_pyfunc(path):\n    import pathlib\n    return Model(pathlib.Path(path).read_text())\n"
    )
    (tmp_path / "word.txt").write_text("ab")
    mlops.pyfunc.save_model("saved", loader_module="own_loader", data_path="word.txt", code_paths=["own_loader.py"])
    (tmp_path / "own_loader.py").unlink()
    assert mlops.pyfunc.load_model("saved").predict(2) == "abab"


def test_predict_holds_data_against_the_signature(caplog: pytest.LogCaptureFixture) -> None:
    model = LogisticRegression(max_iter=500).fit(ROWS, TARGET)
    found = mlops.pyfunc.load_model(logged(mlops.sklearn, model, input_example=ROWS.head()).model_uri)
    expected = model.predict(ROWS).tolist()
    shuffled = ROWS[ROWS.columns[::-1]].assign(more=1)
    with caplog.at_level(logging.WARNING, "mlops"):
        assert found.predict(shuffled).tolist() == expected
    assert "left out: more" in caplog.text
    assert found.predict(ROWS.to_dict("list")).tolist() == expected
    assert found.predict(ROWS.astype("float32")).tolist() == expected
    with pytest.raises(InvalidArgument, match=r"missing: petal width \(cm\)"):
        found.predict(ROWS[ROWS.columns[:3]])
    with pytest.raises(InvalidArgument, match="missing: sepal length"):
        found.predict(ROWS.to_numpy())
    with pytest.raises(InvalidArgument, match=r"`sepal width \(cm\)` is str and has to be double"):
        found.predict(ROWS.assign(**{"sepal width (cm)": "wide"}))
    with caplog.at_level(logging.WARNING, "mlops"):
        assert found.predict(ROWS, {"unknown": 1}).tolist() == expected
    assert "no params: unknown left out" in caplog.text


def test_the_same_files_are_stored_once(store: Path) -> None:
    rows = numpy.random.default_rng(1).normal(size=(2000, 20))
    model = xgboost.train({"max_depth": 8, "seed": 1}, xgboost.DMatrix(rows, rows.sum(axis=1)), 60)
    size = len(model.save_raw("ubj"))
    digests = {logged(mlops.xgboost, model).digest for _ in range(5)}
    assert len(digests) == 1 and size > 300_000
    assert sum(path.stat().st_size for path in store.rglob("*") if path.is_file()) < 2 * size


def test_an_example_comes_back() -> None:
    table = pandas.DataFrame({"n": [1, 2], "x": [0.5, None], "t": ["a", None], "d": pandas.to_datetime(["2026-01-31", None])})
    table["d"] = table["d"].astype("datetime64[ns]")

    class Echo(mlops.pyfunc.PythonModel):
        def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
            return model_input

    for example in [table, numpy.array([[1.0, 2.0]], dtype="float32"), {"a": numpy.array([1, 2])}, {"a": 1}, ["x"], 0.5]:
        with mlops.start_run():
            info = mlops.pyfunc.log_model(name="model", python_model=Echo(), input_example=example)
        again = info.load_input_example()
        if isinstance(example, pandas.DataFrame):
            pandas.testing.assert_frame_equal(again, example, check_dtype=False)
            assert info.signature is not None and info.signature.inputs is not None
            assert info.signature.inputs.optional_input_names() == ["x", "t", "d"]
        elif isinstance(example, numpy.ndarray):
            assert again.dtype == example.dtype and (again == example).all()
        elif isinstance(example, dict) and isinstance(example["a"], numpy.ndarray):
            assert (again["a"] == example["a"]).all()
        else:
            assert again == example


def test_a_folder_that_mlflow_wrote_loads(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, untrusted: Callable[[], None]
) -> None:
    folder = tmp_path / "foreign"
    folder.mkdir()
    model = forest()
    (folder / "model.pkl").write_bytes(pickle.dumps(model))
    signature = mlops.models.infer_signature(ROWS, model.predict(ROWS)).to_dict()
    (folder / "MLmodel").write_text(
        "artifact_path: model\nflavors:\n  python_function:\n    env: {conda: conda.yaml, virtualenv: python_env.yaml}\n"
        "    loader_module: mlflow.sklearn\n    model_path: model.pkl\n    predict_fn: predict\n  sklearn:\n    code: null\n"
        "    pickled_model: model.pkl\n    serialization_format: cloudpickle\n    sklearn_version: 1.7.0\n"
        f"mlflow_version: 3.18.0\nsignature: {json.dumps(signature)}\n"
    )
    for load in [mlops.load_model, mlops.pyfunc.load_model, mlops.sklearn.load_model]:
        with pytest.raises(Untrusted, match="was not written by mlops"):
            load(folder)
        assert load(folder, trust=True).predict(ROWS).tolist() == model.predict(ROWS).tolist()
    assert mlops.models.get_model_info(folder).signature == ModelSignature.from_dict(signature)
    with mlops.start_run() as run:
        mlops.log_artifacts(folder, "model")
    found = mlops.pyfunc.load_model(f"runs:/{run.info.run_id}/model")
    assert found.predict(ROWS).tolist() == model.predict(ROWS).tolist()
    # In a run that was brought in from somebody's store it is not trusted.
    untrusted()
    mlops.set_tracking_uri(tmp_path / "own")
    mlops.import_runs(store)
    with pytest.raises(Untrusted, match="brought in from such a store"):
        mlops.load_model(f"runs:/{run.info.run_id}/model")
    # A file beneath another folder is not the model's.
    text = (folder / "MLmodel").read_text().replace("pickled_model: model.pkl", "pickled_model: ../elsewhere.pkl")
    (tmp_path / "elsewhere.pkl").write_bytes(pickle.dumps(model))
    (folder / "MLmodel").write_text(text)
    with pytest.raises(InvalidArgument, match="not in its folder"):
        mlops.load_model(folder, trust=True)


def test_types_of_a_signature_have_mlflows_names() -> None:
    from mlops.models.signature import infer_signature
    from mlops.types import Array, ColSpec, Object, Property, Schema
    from mlops.types.schema import AnyType, Map

    schema = Schema([
        ColSpec("double", "x"),
        ColSpec(Array("string"), "tags", required=False),
        ColSpec(Object([Property("k", DataType.long), Property("any", AnyType(), False)]), "o"),
        ColSpec(Map("double"), "m"),
    ])
    assert Schema.from_json(schema.to_json()) == schema
    assert schema.input_types_dict()["x"] is DataType.double and schema.optional_input_names() == ["tags"]
    assert repr(schema) == (
        "['x': double (required), 'tags': Array(string) (optional), 'o': {any: Any (optional), k: long (required)} (required),"
        " 'm': Map(str -> double) (required)]"
    )
    assert DataType.double.to_numpy() == numpy.dtype("float64") and DataType.string.to_pandas() == numpy.dtype(object)
    found = infer_signature(load_diabetes().data, load_diabetes().target, {"n": 3, "names": ["a"]})
    assert found.params is not None and [spec.shape for spec in found.params.params] == [None, (-1,)]
    assert ModelSignature.from_dict(found.to_dict()) == found
    for bad in [lambda: Schema([]), lambda: ColSpec("number"), lambda: ParamSpec("p", "long", "x"), lambda: ParamSchema([])]:
        with pytest.raises(InvalidArgument):
            bad()
