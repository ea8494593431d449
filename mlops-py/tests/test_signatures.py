"""Signatures: what is inferred from examples, and what is done to data, is what MLflow does, as `tests/oracle` recorded
it; where it is not, it stands here."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from mlops._flavors import infer
from mlops._flavors.enforce import enforce_params, enforce_schema
from mlops.exceptions import InvalidArgument
from mlops.models import ParamSchema, Schema

ORACLE = Path(__file__).resolve().parents[2] / "tests/oracle"
RECORDED = json.loads((ORACLE / "signatures.json").read_text())


def _oracle() -> Any:
    found = importlib.util.spec_from_file_location("signature_oracle", ORACLE / "signatures.py")
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


oracle = _oracle()


# Where we do something else on purpose. Accepted: whole numbers become floats when none of them can change, nullable ones
# with gaps too, and categories of texts are texts. Refused: objects that are no texts for texts, no bytes for bytes or no
# bools for bools, which MLflow lets through unseen; arrays of another type in a column; integers that do not fit.
ACCEPTED = {
    *(f"{name} for float" for name in "int8,int16,int32,int64,uint8,uint16,uint32,uint64,Int32,Int64,Int64 with NA".split(",")),
    *(f"{name} for double" for name in "int64,uint64,Int64,Int64 with NA,objects that are ints".split(",")),
    "objects that are ints for float",
    "category of texts for string",
}
REFUSED = {
    *(f"objects that are {name} for {kind}" for name in ("ints", "floats", "bools") for kind in ("string", "binary")),
    *(f"{name} for binary" for name in "texts,texts with None,string,numbers as texts".split(",")),
    *(f"{name} for {kind}" for name in ("ints with None", "decimals") for kind in ("string", "binary")),
    "decimals for boolean",
    "bools with None for double",
    "arrays of another type",
}


def attempt(work: Any) -> Any:
    try:
        return work()
    except InvalidArgument:
        return "error"


def cases(part: str) -> list[Any]:
    return [pytest.param(*case, id=str(case[0])) for case in RECORDED[part]]


@pytest.mark.parametrize(("name", "schema", "kind", "content", "expected"), cases("enforced"))
def test_data_become_what_the_signature_says(name: str, schema: Any, kind: str, content: Any, expected: Any) -> None:
    data = oracle.build(kind, content)
    done = attempt(lambda: oracle.describe(enforce_schema(data, Schema.of(schema))))
    plain = name.replace("optional ", "")
    if plain in REFUSED:
        assert (done, expected != "error") == ("error", True)
    elif plain in ACCEPTED:
        assert done != "error" and expected == "error"
    else:
        assert json.loads(json.dumps(done)) == expected


@pytest.mark.parametrize(("name", "spec", "value", "expected"), cases("params"))
def test_params_become_what_the_signature_says(name: str, spec: Any, value: Any, expected: Any) -> None:
    done = attempt(lambda: oracle.plain(enforce_params(ParamSchema.of([spec]), value)))
    if name == "integer" and value == {"p": 2**40}:
        # MLflow does not look whether it fits into 32 bits.
        expected = "error"
    assert json.loads(json.dumps(done)) == expected


@pytest.mark.parametrize(("name", "kind", "content", "expected"), cases("inferred"))
def test_a_signature_is_inferred_as_by_mlflow(name: str, kind: str, content: Any, expected: Any) -> None:
    data = oracle.build(kind, content)
    if expected == [{"type": "any", "required": True}]:
        # What MLflow answers, with a warning, where it finds no type.
        expected = "error"
    assert attempt(lambda: infer.schema(data, "the example").to_dict()) == expected


def test_columns_whose_names_are_no_texts_go_by_their_texts() -> None:
    pandas, numpy = pytest.importorskip("pandas"), pytest.importorskip("numpy")
    from sklearn.linear_model import LinearRegression

    import mlops

    rows = pandas.DataFrame(numpy.random.default_rng(1).random((6, 2)))
    levels = rows.set_axis(pandas.MultiIndex.from_tuples([("a", "x"), ("b", "y")]), axis=1)
    with mlops.start_run():
        for table, names in ((rows, ["0", "1"]), (levels, ["('a', 'x')", "('b', 'y')"])):
            model = LinearRegression().fit(table.to_numpy(), range(6))
            info = mlops.sklearn.log_model(model, name="model", input_example=table)
            assert info.signature.inputs.input_names() == names
            loaded = mlops.pyfunc.load_model(info.model_uri)
            wanted = model.predict(table.to_numpy()).tolist()
            assert [loaded.predict(table).tolist(), loaded.predict(table[table.columns[::-1]]).tolist()] == [wanted, wanted]
            assert loaded.metadata.load_input_example(info.model_uri).columns.tolist() == table.columns.tolist()
    # As MLflow writes it.
    assert Schema.of([{"type": "double", "name": 0}, {"type": "double", "name": ["a", "x"]}]).input_names() == ["0", "('a', 'x')"]
    for columns in (["a", "a"], [0, "0"]):
        with pytest.raises(InvalidArgument, match="two columns with the name"):
            infer.schema(pandas.DataFrame([[1, 2]], columns=columns), "the input")


def test_a_table_has_the_signature_that_it_has_in_pandas() -> None:
    polars = pytest.importorskip("polars")
    from sklearn.linear_model import LogisticRegression

    import mlops

    columns = {"a": [1.0, 2.0, 3.0, None], "n": [1, 2, None, 4], "i": [1, 0, 1, 0], "t": ["x", "y", "x", "y"]}
    table = polars.DataFrame(columns)
    for one in (table, table.to_arrow(), table.to_pandas()):
        assert repr(infer.schema(one, "the input")) == (
            "['a': double (optional), 'n': double (optional), 'i': long (required), 't': string (required)]"
        )
    assert repr(infer.schema(table["i"], "the output")) == "['i': long (required)]"
    rows = table.select("i")
    model = LogisticRegression().fit(rows, [0, 1, 0, 1])
    with mlops.start_run():
        info = mlops.sklearn.log_model(model, name="model", input_example=rows)
    loaded = mlops.pyfunc.load_model(info.model_uri)
    assert loaded.predict(rows).tolist() == loaded.predict(rows.to_arrow()).tolist() == model.predict(rows).tolist()


def test_categories_and_sparse_columns_have_the_type_of_their_values() -> None:
    pandas = pytest.importorskip("pandas")
    sparse = pandas.arrays.SparseArray
    table = pandas.DataFrame({
        "long": pandas.Categorical([1, None, 3]), "double": pandas.Categorical([1.5, 2.5, 1.5]),
        "boolean": pandas.Categorical([True, False, True]), "string": pandas.Categorical(["a", "b", "a"]),
        "none": pandas.Categorical([None] * 3), "sparse": sparse([0, 2**40, 0]), "sparse float": sparse([0.0, 1.0, 0.0]),
    })  # fmt: skip
    found = infer.schema(table, "the input")
    assert [str(spec.type) for spec in found.inputs] == ["long", "double", "boolean", "string", "string", "long", "double"]
    assert not found.inputs[0].required
    done = enforce_schema(table, found)
    assert done.equals(table) and done.dtypes.equals(table.dtypes)
    # Widening leaves them what they are.
    wider = enforce_schema(table[["long", "sparse"]], Schema.of([{"type": "double", "name": name} for name in ("long", "sparse")]))
    assert wider["long"].cat.categories.tolist() == [1.0, 3.0] and str(wider["sparse"].dtype) == "Sparse[float64, 0]"
