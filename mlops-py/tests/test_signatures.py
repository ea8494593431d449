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
