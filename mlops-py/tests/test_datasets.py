"""Data sets as inputs of runs: what is recorded of them, and the digest of their content."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import numpy
import pandas
import pytest

import mlops
from mlops.data.schema import TensorDatasetSchema
from mlops.entities import Dataset, DatasetInput, InputTag, LoggedModelInput
from mlops.exceptions import InvalidArgument, LimitExceeded, NotFound, Unsupported
from mlops.types.schema import AnyType, ColSpec, Schema

Python = Callable[..., "subprocess.CompletedProcess[str]"]

FRAME = pandas.DataFrame({"age": [31, 45, 62], "income": [1.5, float("nan"), 3.0], "city": ["Ulm", None, "Bonn"]})


def inputs(run: Any) -> list[DatasetInput]:
    return mlops.get_run(run.info.run_id).inputs.dataset_inputs


def test_an_input_comes_back_with_all_that_is_known_of_it() -> None:
    data = mlops.data.from_pandas(FRAME, source="people.csv", targets="city", name="people")
    with mlops.start_run() as run:
        mlops.log_input(data, context="training", tags={"split": 0.8})
    (found,) = inputs(run)
    assert (found.dataset.name, found.dataset.digest) == ("people", data.digest)
    assert (found.dataset.source_type, found.dataset.source) == ("local", '{"uri": "people.csv"}')
    assert json.loads(found.dataset.schema or "") == {
        "mlflow_colspec": [
            {"name": "age", "type": "long", "required": True},
            {"name": "income", "type": "double", "required": False},
            {"name": "city", "type": "string", "required": False},
        ]
    }
    assert json.loads(found.dataset.profile or "") == {"num_rows": 3, "num_elements": 9}
    assert {(tag.key, tag.value) for tag in found.tags} == {("mlflow.data.context", "training"), ("split", "0.8")}
    assert found.context == "training"


def test_the_same_again_is_stored_once_and_another_context_is_another_input() -> None:
    data = mlops.data.from_pandas(FRAME, name="people")
    with mlops.start_run() as run:
        mlops.log_input(data, context="training")
        mlops.log_input(data, context="training")
        mlops.log_input(data, context="validation")
        mlops.log_input(mlops.data.from_pandas(FRAME.head(2), name="people"), "training")
    assert [found.context for found in inputs(run)] == ["training", "validation", "training"]


def test_an_input_without_an_active_run_starts_one(only_run: Callable[[], mlops.Run]) -> None:
    mlops.log_input(mlops.data.from_numpy(numpy.zeros(3)))
    mlops.end_run()
    (found,) = only_run().inputs.dataset_inputs
    assert (found.dataset.name, found.dataset.source_type, found.tags) == ("dataset", "code", [])
    assert set(json.loads(found.dataset.source)["tags"]) == {"mlflow.source.name", "mlflow.source.type"}


def test_lists_of_inputs_have_one_length_and_are_logged_all_or_none() -> None:
    first, second = (mlops.data.from_numpy(numpy.arange(n), name=f"d{n}") for n in (3, 4))
    with mlops.start_run() as run:
        mlops.log_inputs([first, second], contexts=["training", None], tags_list=[None, {"k": "v"}])
        mlops.log_inputs(datasets=[first])
        mlops.log_inputs()
        with pytest.raises(InvalidArgument, match="datasets 2, contexts 1, tags_list 2"):
            mlops.log_inputs([first, second], contexts=["x"])
        with pytest.raises(LimitExceeded, match="data set"):
            mlops.log_inputs([mlops.data.from_numpy(numpy.arange(9)), mlops.data.from_numpy(numpy.arange(8), name="n" * 501)])
    assert [(found.dataset.name, found.context) for found in inputs(run)] == [("d3", "training"), ("d4", None), ("d3", None)]


def test_models_are_inputs_too_and_what_is_none_is_refused() -> None:
    data = mlops.data.from_numpy(numpy.arange(3))
    made = [LoggedModelInput(mlops.initialize_logged_model(name).model_id) for name in "abc"]
    with mlops.start_run() as run:
        for call in (
            lambda: mlops.log_input(data, model=object()),
            lambda: mlops.log_inputs([data], models=[object()]),
            lambda: mlops.MlflowClient().log_inputs(run.info.run_id, models=[object()]),
        ):
            with pytest.raises(InvalidArgument, match="expected a mlops.entities.LoggedModelInput"):
                call()
        with pytest.raises(NotFound):
            mlops.log_input(data, model=LoggedModelInput("m-none"))
        assert inputs(run) == []
        mlops.log_input(model=made[0])
        mlops.log_inputs([data], models=made[:2])
        mlops.MlflowClient().log_inputs(run.info.run_id, models=made)
    found = mlops.get_run(run.info.run_id).inputs
    assert found.model_inputs == made and len(found.dataset_inputs) == 1


def test_a_client_logs_entities_to_a_run_that_ended() -> None:
    with mlops.start_run() as run:
        pass
    entity = Dataset(name="d", digest="abc", source_type="st", source="not JSON", profile="p")
    given = [DatasetInput(entity, [InputTag("mlflow.data.context", "testing"), InputTag("n", "1")]), DatasetInput(entity)]
    mlops.MlflowClient().log_inputs(run.info.run_id, given)
    assert inputs(run) == given
    shown = mlops.get_run(run.info.run_id).to_dictionary()["inputs"]["dataset_inputs"]
    assert shown[0]["dataset"]["source"] == "not JSON" and shown[1]["tags"] == []
    assert mlops.data.get_source(given[0]).to_dict() == {"source": "not JSON"}


def test_what_is_no_data_set_is_refused() -> None:
    with mlops.start_run() as run:
        for bad in (None, "people.csv", FRAME, {"name": "x"}, object()):
            with pytest.raises(InvalidArgument, match="data set"):
                mlops.log_input(bad)
        with pytest.raises(InvalidArgument, match="expected a mlops.entities.DatasetInput"):
            mlops.MlflowClient().log_inputs(run.info.run_id, [mlops.data.from_numpy(numpy.zeros(1))])  # type: ignore[list-item]
    with pytest.raises(InvalidArgument, match="expected a DataFrame of pandas"):
        mlops.data.from_pandas(numpy.zeros(3))
    with pytest.raises(InvalidArgument, match="one of the columns age, income, city"):
        mlops.data.from_pandas(FRAME, targets="label")
    with pytest.raises(InvalidArgument, match="no array of numpy"):
        mlops.data.from_numpy([1, 2])
    with pytest.raises(InvalidArgument, match="expected a path"):
        mlops.data.from_pandas(FRAME, source=3)


def test_runs_are_found_by_their_inputs() -> None:
    for name in ("iris", "wine"):
        with mlops.start_run(run_name=name):
            mlops.log_input(mlops.data.from_pandas(FRAME, name=name), context="training" if name == "iris" else None)
    digest = mlops.data.from_pandas(FRAME).digest

    def found(text: str) -> set[str]:
        return {run.info.run_name for run in mlops.search_runs(filter_string=text, output_format="list")}

    assert found("dataset.name = 'iris'") == {"iris"}
    assert found("datasets.name ILIKE 'W%'") == {"wine"}
    assert found(f"dataset.digest = '{digest}'") == {"iris", "wine"}
    assert found("dataset.context != 'x'") == {"iris"}
    assert found("dataset.name NOT IN ('iris')") == {"wine"}


def digest(frame: Any) -> str:
    return mlops.data.from_pandas(frame).digest


def test_a_digest_is_of_the_content_however_it_is_kept() -> None:
    base = digest(FRAME)
    assert len(base) == 8 and int(base, 16) >= 0
    for same in (
        FRAME.copy(),
        FRAME.astype({"age": "int8"}),
        FRAME.astype({"age": "Int64"}),
        FRAME.astype(object),
        FRAME.astype({"city": "category"}),
        FRAME.set_axis([5, 2, 9]),
    ):
        assert digest(same) == base
    changed = FRAME.copy()
    changed.loc[2, "income"] = 3.1
    for other in (
        changed,
        FRAME.head(2),
        FRAME.rename(columns={"age": "years"}),
        FRAME[["income", "age", "city"]],
        FRAME.fillna({"city": ""}),
        FRAME.iloc[::-1],
    ):
        assert digest(other) != base
    numbers = pandas.DataFrame({"n": [1, 2, 0]})
    for kind in (float, "float32", "uint64", "boolean"):
        changed = numbers.clip(upper=1) if kind == "boolean" else numbers
        assert digest(changed.astype(kind)) == digest(changed), kind
    assert digest(pandas.DataFrame({"n": [1.0, 2.0, -0.0]})) == digest(numbers) != digest(pandas.DataFrame({"n": [1, 2, None]}))
    large = pandas.DataFrame({"n": [2**53, 2**53 + 1]})
    assert digest(large) != digest(large.astype(float)) and digest(large) == digest(large.astype("Int64"))
    assert digest(pandas.DataFrame({"n": [2**64 - 1]}, dtype="uint64")) != digest(pandas.DataFrame({"n": [-1]}))
    times = pandas.DataFrame({"at": pandas.to_datetime(["2024-01-01", None]), "of": [[1, "x"], {"k": numpy.float32(2)}]})
    assert digest(times) == digest(times.astype(object)) != digest(times.iloc[::-1])
    unknown = pandas.DataFrame({"x": [object()]})
    assert digest(unknown) == digest(pandas.DataFrame({"x": [object()]}))
    assert mlops.data.from_pandas(unknown).schema == Schema([ColSpec(AnyType(), "x")])


def test_a_digest_is_the_same_in_every_process(python: Python) -> None:
    code = """
        import numpy, pandas, mlops
        frame = pandas.DataFrame({"a": [1, 2], "b": ["x", None], "c": [{"k": 1}, {3, 4}]})
        print(mlops.data.from_pandas(frame).digest, mlops.data.from_numpy(numpy.arange(4.0)).digest)
    """
    first, second = (python(code, PYTHONHASHSEED=seed).stdout for seed in ("1", "2"))
    assert first == second


def test_a_digest_of_a_huge_table_looks_at_its_first_rows_and_its_size() -> None:
    rows = 3_000_000
    frame = pandas.DataFrame({"x": numpy.arange(rows), "y": "text"})
    seen = mlops.data.from_pandas(frame)
    assert seen.profile == {"num_rows": rows, "num_elements": 2 * rows}
    frame.loc[20_000, "x"] = -1
    assert digest(frame) == seen.digest != digest(frame.head(rows - 1))
    frame.loc[9_999, "x"] = -1
    assert digest(frame) != seen.digest


def test_arrays_are_recorded_with_shapes() -> None:
    features, targets = numpy.arange(6, dtype="float32").reshape(3, 2), numpy.array([0, 1, 1])
    data = mlops.data.from_numpy(features, targets=targets, name="xor")
    assert data.features is features and data.targets is targets
    assert data.profile == {
        "features_shape": (3, 2),
        "features_size": 6,
        "features_nbytes": 24,
        "targets_shape": (3,),
        "targets_size": 3,
        "targets_nbytes": 24,
    }
    schema = json.loads(data.to_dict()["schema"] or "")["mlflow_tensorspec"]
    assert json.loads(schema["features"])[0]["tensor-spec"] == {"dtype": "float32", "shape": [-1, 2]}
    digests = {
        mlops.data.from_numpy(*one).digest
        for one in ((features,), (features.T,), (features.reshape(2, 3),), (features, None, targets), (-features,))
    }
    assert len(digests) == 5
    assert mlops.data.from_numpy(features.astype("float64"), targets=targets.astype("int8")).digest == data.digest
    named = mlops.data.from_numpy({"a": features, "b": targets})
    assert named.profile["features_shape"] == {"a": (3, 2), "b": (3,)}
    assert named.schema.features.input_names() == ["a", "b"] and named.schema.targets is None
    assert TensorDatasetSchema.from_dict(data.schema.to_dict()) == data.schema
    with pytest.raises(InvalidArgument, match="expected the key 'mlflow_tensorspec'"):
        TensorDatasetSchema.from_dict({})


def test_a_table_of_polars_has_the_digest_of_the_same_one_of_pandas() -> None:
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"age": [31, 45, 62], "income": [1.5, None, 3.0], "city": ["Ulm", None, "Bonn"]})
    data = mlops.data.from_polars(frame, name="people", targets="city")
    assert data.df is frame and data.targets == "city" and data.profile == {"num_rows": 3, "num_elements": 9}
    assert repr(data.schema) == "['age': long (required), 'income': double (optional), 'city': string (optional)]"
    assert data.digest == digest(FRAME)
    whole = polars.DataFrame({"n": [1, 2], "at": [1.5, 2.5], "s": ["a", "b"]})
    assert mlops.data.from_polars(whole).digest == digest(pandas.DataFrame({"n": [1, 2], "at": [1.5, 2.5], "s": ["a", "b"]}))
    # What is an integer to one of them is a float to the other, once a value is missing.
    missing = {"n": [1, None], "none": [None, None], "yes": [True, None], "big": [2**64 - 1, 1]}
    of_polars = mlops.data.from_polars(polars.DataFrame(missing, schema_overrides={"big": polars.UInt64})).digest
    assert of_polars == digest(pandas.DataFrame(missing)) == digest(pandas.DataFrame(missing).astype({"n": "Int64"}))


def test_only_the_source_of_a_data_set_may_be_known() -> None:
    schema = [{"type": "long", "name": "a", "required": True}]
    data = mlops.data.MetaDataset("s3://bucket/key", name="big", schema=schema)
    assert (data.name, data.source._get_source_type(), data.schema) == ("big", "s3", schema)
    assert data.digest != mlops.data.MetaDataset("s3://bucket/other", name="big", schema=schema).digest
    same = mlops.data.MetaDataset("s3://bucket/key", name="big", schema=Schema.of(schema))
    assert same.digest == data.digest and same.to_dict() == data.to_dict()
    with pytest.raises(Unsupported, match="`s3` cannot be loaded"):
        data.source.load()
    with mlops.start_run() as run:
        mlops.log_input(data)
    assert mlops.data.get_source(inputs(run)[0]) == data.source == mlops.data.get_source(data)


def test_a_local_source_is_loaded_where_it_is_or_copied(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    FRAME.to_csv(path, index=False)
    with mlops.start_run() as run:
        mlops.log_input(mlops.data.from_pandas(FRAME, source=path))
        mlops.log_input(mlops.data.from_pandas(FRAME, source=path.as_uri(), name="again"))
    for found in inputs(run):
        source = mlops.data.get_source(found)
        assert source.load() == str(path)
        copy = Path(source.load(tmp_path / "copies"))
        assert copy == tmp_path / "copies" / "people.csv" and copy.read_bytes() == path.read_bytes()
    path.unlink()
    with pytest.raises(NotFound, match="not there any more"):
        source.load()


def test_an_address_is_recorded_and_fetched_when_asked(tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "people.csv").write_text("a\n1\n")
    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            asked.append(self.path)

    with HTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(tmp_path / "web"))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}"
        with mlops.start_run() as run:
            mlops.log_input(mlops.data.from_pandas(FRAME, source=f"{address}/people.csv?v=1"))
        source = mlops.data.get_source(inputs(run)[0].dataset)
        assert asked == [] and source.to_dict() == {"url": f"{address}/people.csv?v=1"}
        path = Path(source.load(tmp_path / "fetched"))
        assert path == tmp_path / "fetched" / "people.csv" and path.read_text() == "a\n1\n"
        for missing in ("none.csv", "..%2F..%2Fescaped"):
            with pytest.raises(NotFound, match="cannot be fetched"):
                mlops.data.HTTPDatasetSource(f"{address}/{missing}").load(tmp_path / "fetched")
        server.shutdown()
        thread.join()
    assert not (tmp_path / "escaped").exists()


def test_artifacts_of_a_run_are_a_source() -> None:
    with mlops.start_run() as run:
        mlops.log_text("a\n1\n", "data/people.csv")
    source = mlops.data.from_pandas(FRAME, source=f"runs:/{run.info.run_id}/data/people.csv").source
    assert Path(source.load()).read_text() == "a\n1\n"


def test_an_own_kind_of_data_set_and_source_is_recorded() -> None:
    class Lake(mlops.data.DatasetSource):
        def _get_source_type(self) -> str:
            return "lake"

        def to_dict(self) -> dict[str, Any]:
            return {"table": "people", "version": 3}

    class Rows(mlops.data.Dataset):
        def _compute_digest(self) -> str:
            return "3"

    with mlops.start_run() as run:
        mlops.log_input(Rows(Lake(), name="people"))
    (found,) = inputs(run)
    assert (found.dataset.digest, found.dataset.source_type, found.dataset.schema) == ("3", "lake", None)
    assert mlops.data.get_source(found).to_dict() == {"table": "people", "version": 3}


def test_inputs_are_shown_and_escaped() -> None:
    data = mlops.data.from_pandas(FRAME, name="<b>people</b>", source="<i>.csv")
    with mlops.start_run() as run:
        mlops.log_input(data, context="training")
    read = mlops.get_run(run.info.run_id)
    page = read._repr_html_()
    assert "&lt;b&gt;people&lt;/b&gt; (training)" in page and "<b>" not in page and "<i>" not in page
    assert "inputs: <b>people</b>" in repr(read)
    assert data.digest in repr(data) and data.digest in data._repr_html_() and "<b>" not in data._repr_html_()
    assert "name='<b>people</b>'" in repr(read.inputs)


@pytest.mark.parametrize("name", ["from_spark", "from_tensorflow", "from_huggingface", "load_delta"])
def test_what_is_out_of_scope_says_so(name: str) -> None:
    with pytest.raises(AttributeError, match=f"'mlops.data' has no attribute '{name}': .* out of scope of this version"):
        getattr(mlops.data, name)


def test_data_sets_need_no_package_that_the_caller_has_not_imported(python: Python) -> None:
    done = python("""
        import sys
        import mlops
        with mlops.start_run() as run:
            mlops.log_input(mlops.data.MetaDataset("data.csv", name="d"), context="training")
        (found,) = mlops.get_run(run.info.run_id).inputs.dataset_inputs
        print(found.dataset.name, *sorted({"numpy", "pandas", "polars", "urllib.request"} & set(sys.modules)))
    """)
    assert done.stdout.split() == ["d"]
