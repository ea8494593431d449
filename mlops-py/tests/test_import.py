"""What `import mlops` costs, and what works without the packages that it does not need."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

import mlops

Python = Callable[..., "subprocess.CompletedProcess[str]"]

BLOCK = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {0}:
            raise ModuleNotFoundError(f"no module named {{name}}", name=name)
sys.meta_path.insert(0, Block())
"""


def without(*packages: str) -> str:
    return BLOCK.format(packages)


def test_import_pulls_in_no_package_but_the_standard_library(python: Python) -> None:
    done = python("""
        import sys
        before = set(sys.modules)
        import mlops
        mlops.set_tracking_uri("memory:")
        with mlops.start_run() as run:
            mlops.log_param("a", 1)
            mlops.log_metric("loss", 0.5)
            mlops.log_text("hello", "a.txt")
        mlops.get_run(run.info.run_id)
        print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before}))
    """)
    loaded = set(done.stdout.split())
    assert loaded.isdisjoint({"numpy", "pandas", "sklearn", "scipy", "matplotlib", "PIL", "yaml", "cloudpickle"})


def test_import_is_small(python: Python) -> None:
    done = python("import sys; before = len(sys.modules); import mlops; print(len(sys.modules) - before)")
    assert int(done.stdout) < 40


def test_a_search_without_pandas_gives_a_list(python: Python) -> None:
    with mlops.start_run():
        mlops.log_metric("loss", 0.5)
    mlops.set_tracking_uri(None)
    python(without("pandas", "numpy") + """
import mlops
(run,) = mlops.search_runs()
assert run.data.metrics == {"loss": 0.5}
try:
    mlops.search_runs(output_format="pandas")
except mlops.exceptions.Unsupported as error:
    assert "pandas" in str(error) and "list" in str(error), error
else:
    raise SystemExit("no error")
steps, times, values = mlops.get_metric_series(run.info.run_id, "loss")
assert (list(steps), list(values), type(values).__name__) == ([0], [0.5], "array")
""")


def test_yaml_without_its_package_is_json(python: Python) -> None:
    python(without("yaml") + """
import json, mlops
with mlops.start_run() as run:
    mlops.log_dict({"classes": ["stay", 1]}, "labels.yaml")
uri = f"runs:/{run.info.run_id}/labels.yaml"
assert json.loads(mlops.artifacts.load_text(uri)) == {"classes": ["stay", 1]}
assert mlops.artifacts.load_dict(uri) == {"classes": ["stay", 1]}
""")


def test_a_model_without_its_package_says_what_is_missing(python: Python) -> None:
    python(without("sklearn") + """
import mlops
try:
    mlops.sklearn.log_model(object(), "model")
except mlops.exceptions.InvalidArgument as error:
    assert "object is no scikit-learn estimator" in str(error), error
else:
    raise SystemExit("no error")
""")


def test_submodules_can_be_imported_by_their_names(python: Python) -> None:
    python("""
        import mlops.sklearn
        import mlops.artifacts, mlops.models, mlops.pyfunc
        from mlops.tracking import MlflowClient
        from mlops.entities import Metric, Param, RunTag, ViewType
        from mlops.exceptions import MlflowException
        from mlops import MlflowClient as other, MlopsClient, Client
        assert MlflowClient is other is MlopsClient is Client
        assert {"sklearn", "MlflowClient", "start_run"} <= set(dir(mlops))
        from mlops import *
        start_run, sklearn, load_model, MlflowClient
    """)


@pytest.mark.parametrize("name", mlops.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(mlops, name) is not None
