"""The data of a gate: of any library, by their content, and without any."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gate_rows import rows

import mlops
from mlops._gate.columns import column
from mlops._gate.table import Table

TARGETS, OURS, THEIRS = rows(300)
COUNTRY = ["DE" if row % 2 else "FR" for row in range(300)]
AGE = [20.0 + row % 50 for row in range(300)]
COLUMNS = {"y": TARGETS, "country": COUNTRY, "age": AGE, "ours": OURS}


def judged(data: Any) -> mlops.GateResult:
    return mlops.gate(
        OURS, THEIRS, data=data, targets="y", metrics="accuracy", slices="country", slice_margin=0.1, record=False
    )


def pandas_frame() -> Any:
    return pytest.importorskip("pandas").DataFrame(COLUMNS)


def polars_frame() -> Any:
    return pytest.importorskip("polars").DataFrame(COLUMNS)


def arrow_table() -> Any:
    return pytest.importorskip("pyarrow").table(COLUMNS)


@pytest.mark.parametrize("made", [pandas_frame, polars_frame, arrow_table])
def test_a_table_of_any_library_is_the_same_data(made: Callable[[], Any]) -> None:
    assert judged(made()).json == judged(COLUMNS).json


def test_files_are_the_same_data(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(COLUMNS)
    frame.to_csv(tmp_path / "rows.csv", index=False)
    expected = judged(COLUMNS).json
    assert judged(tmp_path / "rows.csv").json == judged(str(tmp_path / "rows.csv")).json == expected
    pytest.importorskip("pyarrow")
    frame.to_parquet(tmp_path / "rows.parquet")
    assert judged(tmp_path / "rows.parquet").json == expected


def test_a_data_set_of_the_library_is_the_same_data() -> None:
    frame = pandas_frame()
    assert judged(mlops.data.from_pandas(frame, targets="y")).json == judged(frame).json


@pytest.mark.parametrize("data", [5, object(), {"y": [1, 2], "x": [1]}])
def test_what_is_no_table_is_refused(data: Any) -> None:
    with pytest.raises(mlops.exceptions.InvalidArgument):
        judged(data)


def test_the_digest_is_of_what_is_in_the_data() -> None:
    digest = judged(COLUMNS).json["data"]
    assert digest.startswith("blake3:")
    turned = {name: values[::-1] for name, values in reversed(COLUMNS.items())}
    assert Table(turned).rows == 300
    forth = mlops.gate(OURS[::-1], THEIRS[::-1], data=turned, targets="y", metrics="accuracy", record=False)
    assert forth.json["data"] == digest
    changed = {**COLUMNS, "age": [*AGE[:-1], 99.0]}
    assert judged(changed).json["data"] != digest
    apart = mlops.gate(OURS, THEIRS, data=COLUMNS, targets=TARGETS, metrics="accuracy", record=False)
    other = mlops.gate(OURS, THEIRS, data=COLUMNS, targets=OURS, metrics="accuracy", record=False)
    assert len({digest, apart.json["data"], other.json["data"]}) == 3


def test_rows_that_were_trained_on_fail_the_candidate() -> None:
    data = {"x": [float(row) for row in range(300)], "y": TARGETS}
    seen = {"x": [float(row) for row in range(290, 400)], "more": [0] * 110}
    result = mlops.gate(OURS, THEIRS, data=data, targets="y", metrics="accuracy", training_data=seen)
    assert (result.verdict, result.check("leakage").verdict) == ("fail", "fail")
    assert result.check("leakage").reason.startswith("10 of 300 rows")
    seen["x"] = [row + 0.5 for row in seen["x"]]
    assert mlops.gate(OURS, THEIRS, data=data, targets="y", metrics="accuracy", training_data=seen).verdict == "pass"
    with pytest.raises(mlops.exceptions.InvalidArgument, match="no column in common"):
        mlops.gate(OURS, THEIRS, data=data, targets="y", metrics="accuracy", training_data={"z": [1]})


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2.5, True, None], [1.0, 2.5, 1.0, float("nan")]),
        (["a", None, 1, 1.0, True], ["a", "", "1", "1", "1"]),
        ([2**60, 1], [str(2**60), "1"]),
        ([datetime.date(2026, 1, 2)], ["2026-01-02"]),
        (range(3), [0.0, 1.0, 2.0]),
        ([], []),
    ],
)
def test_values_of_python_are_numbers_or_texts(values: Any, expected: list[Any]) -> None:
    from array import array

    found = column("the values", values)
    read = list(array("d", found)) if isinstance(found, bytes) else found
    assert [str(one) for one in read] == [str(one) for one in expected]


def test_arrays_of_numpy_are_numbers_or_texts() -> None:
    numpy = pytest.importorskip("numpy")
    for made, expected in (
        (numpy.array([1, 2], dtype="int8"), [1.0, 2.0]),
        (numpy.array([True, False]), [1.0, 0.0]),
        (numpy.array([[1.5], [2.5]], dtype="float32"), [1.5, 2.5]),
        (numpy.array([1.0, 2.0, 3.0])[::2], [1.0, 3.0]),
    ):
        assert numpy.frombuffer(column("c", made)).tolist() == expected
    assert column("c", numpy.array(["a", "b"])) == ["a", "b"]
    assert column("c", numpy.array(["2026-01-02", "NaT"], dtype="datetime64[D]")) == ["2026-01-02", ""]
    assert column("c", numpy.array([2**60])) == [str(2**60)]
    with pytest.raises(mlops.exceptions.InvalidArgument, match=r"shape \(2, 2\)"):
        column("c", numpy.zeros((2, 2)))
    with pytest.raises(mlops.exceptions.InvalidArgument, match="complex"):
        column("c", numpy.array([1j]))


def test_columns_of_pandas_with_nothing_in_them_are_missing() -> None:
    pandas = pytest.importorskip("pandas")
    numpy = pytest.importorskip("numpy")
    whole = pandas.Series([1, None], dtype="Int64")
    assert [str(one) for one in numpy.frombuffer(column("c", whole)).tolist()] == ["1.0", "nan"]
    assert column("c", pandas.Series(["a", None], dtype="string")) == ["a", ""]
    assert column("c", pandas.Series(["a", "b"], dtype="category")) == ["a", "b"]


def test_no_library_is_needed_for_lists() -> None:
    code = """
import sys
sys.modules["numpy"] = sys.modules["pandas"] = None
import mlops
truth = [0, 1] * 200
worse = [0, 1, 1, 0] * 100
data = {"y": truth, "country": ["DE", "FR", "FR", "DE"] * 100}
result = mlops.gate(truth, worse, data=data, targets="y", metrics="accuracy", slices="country", slice_margin=0.1, record=False)
assert result.verdict == "pass", result.to_text()
own = mlops.gate_metric(lambda y, p: sum(a == b for a, b in zip(y, p)) / len(y), name="share")
assert mlops.gate(truth, worse, targets=truth, primary=own, resamples=999, record=False).passed
assert mlops.gate(lambda rows: rows["y"], worse, data=data, targets=truth, metrics="accuracy", record=False).passed
open("rows.csv", "w").write("y,p\\n" + "\\n".join(f"{a},{b}" for a, b in zip(truth, worse)) + "\\n")
assert mlops.gate(truth, worse, data="rows.csv", targets="y", metrics="accuracy", record=False).passed
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_rows_that_were_trained_on_are_found_whatever_type_they_have() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"y": TARGETS, "x": [row / 7 for row in range(300)], "n": range(300)})
    frame["day"] = pandas.date_range("2024-01-31", periods=300).astype("datetime64[ns]")

    def seen(data: Any, training: Any) -> bool:
        result = mlops.gate(
            OURS, THEIRS, data=data, targets="y", metrics="accuracy", training_data=training, record=False
        )
        return bool(result.check("leakage").verdict == "fail")

    assert seen(frame, frame) and seen(frame, frame.head(1))
    for changed in (
        frame.astype({"day": "datetime64[us]"}),
        frame.astype({"day": "datetime64[s]"}),
        frame.assign(day=frame["day"].dt.tz_localize("UTC")),
        frame.assign(day=[day.date() for day in frame["day"]]),
        frame.astype({"n": str}),
        frame.assign(n=[f"{n}.0" for n in frame["n"]]),
        frame.astype({"x": "float32"}),
        frame.head(100).astype({"n": "int8"}),
        pandas.concat([frame.astype({"n": object}), frame.head(1).assign(n="unknown")]),
        pandas.concat([frame, frame.head(1).assign(n=2**60)]),
        pandas.DataFrame(frame.to_dict("list")).convert_dtypes(),
    ):
        assert seen(frame, changed), changed.dtypes
        assert len(changed) != 300 or seen(changed, frame), changed.dtypes
        assert not seen(frame, changed.assign(y=-1)), changed.dtypes


def test_files_are_read_as_the_command_reads_them(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    path = tmp_path / "rows.csv"
    path.write_bytes(b"\xef\xbb\xbfid,y,country,x,flag\n0007,1, NA ,1.5,True\n0008,None,null,,False\n\n")
    table = Table(path)
    assert table.column("id") == ["0007", "0008"]
    assert table.column("country") == ["NA", "null"] and table.column("y") == ["1", "None"]
    assert [str(x) for x in pandas.Series(table.raw("x"))] == ["1.5", "nan"]
    assert list(table.raw("flag")) == [True, False]
    for text, said in (
        (b"", "is empty"), (b"a,a\n1,2\n", "names a column twice"), (b"a,b\n1\n", "line 2"), (b"a\n\xff\xfe\n", "cannot be read"),
    ):  # fmt: skip
        path.write_bytes(text)
        with pytest.raises(mlops.exceptions.InvalidArgument, match=said):
            Table(path)
    broken = tmp_path / "rows.parquet"
    broken.write_bytes(b"no parquet")
    with pytest.raises(mlops.exceptions.InvalidArgument, match="cannot be read"):
        Table(broken)


@pytest.mark.parametrize("compression", ["snappy", "zstd", "gzip", "lz4", None])
def test_the_command_reads_parquet_as_the_call_does(compression: str | None, tmp_path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    wide = 2**60
    columns = {
        "target": [wide + y for y in TARGETS],
        "candidate": [wide + said for said in OURS],
        "baseline": [wide + said for said in THEIRS],
        "day": [datetime.date(2024, 1, 1 + row % 2) for row in range(300)],
        "nested": [[1, 2]] * 300,
    }
    parquet.write_table(arrow.table(columns), tmp_path / "rows.parquet", compression=compression)
    asked = mlops.GateDefinition("g", "accuracy", margin=0.1, slices={"columns": ["day"]})
    asked.save(tmp_path / "gate.toml")
    done = subprocess.run(
        [sys.executable, "-m", "mlops", "gate", "--definition", "gate.toml", "--predictions", "rows.parquet", "--report", "json"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = json.loads(done.stdout)
    assert {check["name"] for check in said["checks"] if check["kind"] == "slice"} == {"day=2024-01-01", "day=2024-01-02"}
    named = {name: columns[name] for name in ("target", "day")}
    result = mlops.gate(columns["candidate"], columns["baseline"], data=named, targets="target", definition=asked, record=False)
    assert result.json["checks"][0]["candidate"] == said["checks"][0]["candidate"] < 1
