"""Models of the libraries that take long to install, in fresh processes; and what MLflow makes of our folders, and we
of its. `make test-heavy` runs this; a library that is missing is a failure."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import mlops
from mlops.exceptions import Corrupt, Untrusted

Python = Callable[..., "subprocess.CompletedProcess[str]"]

# For every model: what makes it, as `model`, what it predicts for `data`, as `expected`, and the module that saves it.
BEGIN = """
import os, pickle, sys, warnings
os.environ["KERAS_BACKEND"] = "torch"
os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] = "true"
warnings.simplefilter("ignore")
import numpy, pandas
from sklearn.datasets import load_diabetes, load_iris
rows, target = load_iris(return_X_y=True, as_frame=True)
table = load_diabetes(as_frame=True).frame
array = rows.to_numpy().astype("float32")
data, options = rows, {}
"""
MODELS = {
    "a forest by skops": (
        "sklearn",
        """
from sklearn.ensemble import RandomForestClassifier
model = RandomForestClassifier(n_estimators=5, random_state=1).fit(rows, target)
expected = model.predict(rows)
""",
    ),
    "a pipeline by skops": (
        "sklearn",
        """
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
model = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, target)
expected = model.predict(rows)
""",
    ),
    "xgboost": (
        "xgboost",
        """
import xgboost
model = xgboost.XGBClassifier(n_estimators=5).fit(rows, target)
expected = model.predict(rows)
""",
    ),
    "a booster of lightgbm": (
        "lightgbm",
        """
import lightgbm
model = lightgbm.train({"verbose": -1}, lightgbm.Dataset(rows, target), 5)
expected = model.predict(rows)
""",
    ),
    "lightgbm by skops": (
        "lightgbm",
        """
import lightgbm
model = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1).fit(rows, target)
expected = model.predict(rows)
""",
    ),
    "catboost": (
        "catboost",
        """
import catboost
model = catboost.CatBoostClassifier(iterations=5, verbose=0, allow_writing_files=False).fit(rows, target)
expected = model.predict(rows)
""",
    ),
    "layers of torch": (
        "pytorch",
        """
import torch
torch.manual_seed(1)
model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))
data, expected = array, model(torch.from_numpy(array)).detach().numpy()
""",
    ),
    "a program of torch": (
        "pytorch",
        """
import torch
torch.manual_seed(1)
model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Dropout(), torch.nn.Linear(8, 3))
data, expected = array, model.eval()(torch.from_numpy(array)).detach().numpy()
options["serialization_format"] = "pt2"
""",
    ),
    "a class of the script": (
        "pytorch",
        """
import torch
torch.manual_seed(1)
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(4, 2)
    def forward(self, x):
        return torch.relu(self.layer(x)) * 2
model = Net()
data, expected = array, model(torch.from_numpy(array)).detach().numpy()
""",
    ),
    "keras": (
        "keras",
        """
import keras
keras.utils.set_random_seed(1)
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(5, activation="relu"), keras.layers.Dense(3)])
data, expected = array, model.predict(array, verbose=0)
""",
    ),
    "onnx": (
        "onnx",
        """
import onnx
from onnx import TensorProto, helper, numpy_helper
weights = numpy_helper.from_array(numpy.arange(8, dtype="float32").reshape(4, 2), "w")
graph = helper.make_graph(
    [helper.make_node("MatMul", ["x", "w"], ["y"])], "product",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 4])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 2])], [weights],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
data, expected = array, {"y": array @ numpy.arange(8, dtype="float32").reshape(4, 2)}
""",
    ),
    "statsmodels": (
        "statsmodels",
        """
import statsmodels.formula.api as formulas
model = formulas.ols("target ~ bmi + bp + age", table).fit()
data, expected = table[["bmi", "bp", "age"]], model.predict(table)
""",
    ),
    "a time series of statsmodels": (
        "statsmodels",
        """
from statsmodels.tsa.arima.model import ARIMA
model = ARIMA(numpy.sin(numpy.arange(60) / 5), order=(1, 0, 0)).fit()
data = pandas.DataFrame({"start": [60], "end": [64]})
expected = model.predict(60, 64)
""",
    ),
}
# What needs trust in where it comes from: classes of a script, pickles, and compiled trees.
CODE = {"a forest by skops", "a class of the script", "statsmodels", "a time series of statsmodels"}
LOG = """
import mlops
with mlops.start_run():
    info = getattr(mlops, sys.argv[1]).log_model(model, name="model", input_example=data[:5], **options)
getattr(mlops, sys.argv[1]).save_model(model, "ours", input_example=data[:5], **options)
with open("expected.pkl", "wb") as file:
    pickle.dump((data, expected), file)
"""
# Loads natively and as a Python function, by the library that the first argument names.
LOAD = """
import importlib
library = importlib.import_module(sys.argv[1])
functions = importlib.import_module(sys.argv[1] + ".pyfunc")
with open("expected.pkl", "rb") as file:
    data, expected = pickle.load(file)
trust = {"trust": True} if sys.argv[4:] == ["trust"] else {}
assert importlib.import_module(f"{sys.argv[1]}.{sys.argv[2]}").load_model(sys.argv[3], **trust) is not None
found = functions.load_model(sys.argv[3], **trust).predict(data)
for name, part in expected.items() if isinstance(expected, dict) else [(None, expected)]:
    given = numpy.asarray(found if name is None else found[name])
    numpy.testing.assert_allclose(given.reshape(numpy.shape(part)), numpy.asarray(part), rtol=1e-5, atol=1e-6)
print("equal")
"""


@pytest.fixture
def long_python(tmp_path: Path) -> Python:
    """Runs code in a fresh process that may import much; its warnings are its own."""

    def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        import sys

        command = [sys.executable, "-c", BEGIN + code, *arguments]
        done = subprocess.run(command, cwd=tmp_path, env={**os.environ}, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done

    return run


@pytest.mark.parametrize("name", MODELS)
def test_a_model_predicts_the_same_here_and_in_mlflow(
    name: str, long_python: Python, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library, code = MODELS[name]
    long_python(code + LOG, library)
    (run,) = mlops.search_runs(output_format="list")
    uri = f"runs:/{run.info.run_id}/model"
    mlops.set_tracking_uri(None)
    assert "equal" in long_python(LOAD, "mlops", library, uri).stdout
    assert "equal" in long_python(LOAD, "mlops", library, "ours").stdout
    assert "equal" in long_python(LOAD, "mlflow", library, "ours").stdout

    monkeypatch.setenv("MLOPS_CONFIG_DIR", str(tmp_path / "another-user"))
    if name in CODE:
        with pytest.raises(AssertionError, match="Untrusted"):
            long_python(LOAD, "mlops", library, uri)
        assert "equal" in long_python(LOAD, "mlops", library, uri, "trust").stdout
    else:
        assert "equal" in long_python(LOAD, "mlops", library, uri).stdout

    file = max((path for path in (tmp_path / "ours").rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(Corrupt, match=file.name):
        mlops.load_model(tmp_path / "ours")


SAVE_BY_MLFLOW = """
import logging, importlib
import mlflow
logging.getLogger("mlflow").setLevel(logging.ERROR)
flavor = importlib.import_module(f"mlflow.{sys.argv[1]}")
options = {"serialization_format": {"sklearn": "cloudpickle", "lightgbm": "cloudpickle", "pytorch": "pickle"}[sys.argv[1]]} \
    if sys.argv[1] in ("sklearn", "lightgbm", "pytorch") else {}
flavor.save_model(model, path="theirs", pip_requirements=[], **options)
with open("expected.pkl", "wb") as file:
    pickle.dump((data, expected), file)
"""
PICKLED = {"a forest by skops", "a pipeline by skops", "lightgbm by skops", *CODE}


@pytest.mark.parametrize("name", sorted(set(MODELS) - {"a program of torch"}))
def test_a_model_that_mlflow_saved_loads_here(name: str, long_python: Python) -> None:
    library, code = MODELS[name]
    long_python(code + SAVE_BY_MLFLOW, library)
    if name in PICKLED:
        with pytest.raises(AssertionError, match="Untrusted.*was not written by mlops"):
            long_python(LOAD, "mlops", library, "theirs")
    assert "equal" in long_python(LOAD, "mlops", library, "theirs", "trust").stdout


def test_a_python_model_of_mlflow_and_of_ours(long_python: Python) -> None:
    script = """
import {library} as library
import {library}.pyfunc
class Sum(library.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return model_input.sum(axis=1)
library.pyfunc.save_model("{folder}", python_model=Sum(), pip_requirements=[])
with open("expected.pkl", "wb") as file:
    pickle.dump((rows, rows.sum(axis=1)), file)
"""
    load = LOAD.replace('assert importlib.import_module(f"{sys.argv[1]}.{sys.argv[2]}").load_model(sys.argv[3], **trust) is not None\n', "")
    long_python(script.format(library="mlops", folder="ours"))
    long_python(script.format(library="mlflow", folder="theirs"))
    for library in ["mlops", "mlflow"]:
        assert "equal" in long_python(load, library, "pyfunc", "ours").stdout
    assert "equal" in long_python(load, "mlops", "pyfunc", "theirs", "trust").stdout


def test_a_layer_with_code_needs_trust(long_python: Python, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long_python("""
import keras, mlops
model = keras.Sequential([keras.Input((4,)), keras.layers.Lambda(lambda x: x * 2)])
mlops.keras.save_model(model, "ours")
with mlops.start_run():
    mlops.keras.log_model(model, name="model")
with open("expected.pkl", "wb") as file:
    pickle.dump((array, array * 2), file)
""")
    (run,) = mlops.search_runs(output_format="list")
    uri = f"runs:/{run.info.run_id}/model"
    assert "equal" in long_python(LOAD, "mlops", "keras", uri).stdout
    monkeypatch.setenv("MLOPS_CONFIG_DIR", str(tmp_path / "another-user"))
    with pytest.raises(AssertionError, match="Untrusted.*a layer with Python code"):
        long_python(LOAD, "mlops", "keras", uri)
    assert issubclass(Untrusted, Exception)
