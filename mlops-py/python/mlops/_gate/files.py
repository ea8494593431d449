"""Files of CSV and Parquet as tables, read as the command reads them."""

from __future__ import annotations

import csv
import os
from typing import Any

from ..exceptions import InvalidArgument, NotFound, Unsupported

_BOOLEANS = {"True": True, "true": True, "False": False, "false": False}


def read(path: str) -> Any:
    """The table of a file: of pandas if that is there, else of polars for Parquet and a dict of columns for CSV."""
    if not os.path.isfile(path):
        raise NotFound(f"the file `{path}` of the data does not exist")
    try:
        if path.lower().endswith(".parquet"):
            return _parquet(path)
        columns = _csv(path)
    except (OSError, Unsupported, InvalidArgument):
        raise
    except Exception as error:
        # Of pandas, pyarrow, polars and csv; what they raise has no class in common.
        said = str(error).partition("\n")[0]
        raise InvalidArgument(f"the file `{path}` of the data cannot be read: {said}") from error
    try:
        import pandas
    except ImportError:
        return columns
    return pandas.DataFrame(columns)


def _parquet(path: str) -> Any:
    try:
        import pandas
    except ImportError:
        pass
    else:
        return pandas.read_parquet(path)
    try:
        import polars
    except ImportError:
        raise Unsupported("reading Parquet needs pandas with pyarrow, or polars; install one, or give CSV") from None
    return polars.read_parquet(path)


def _csv(path: str) -> dict[str, list[Any]]:
    with open(path, newline="", encoding="utf-8-sig") as file:
        rows = csv.reader(file, strict=True)
        head = next((row for row in rows if row), None)
        if head is None:
            raise InvalidArgument(f"the file `{path}` of the data is empty: expected a line with the names of the columns")
        if len(set(head)) != len(head):
            raise InvalidArgument(f"the file `{path}` of the data names a column twice: {', '.join(head)}")
        cells: list[list[str]] = []
        for row in rows:
            if len(row) == len(head):
                cells.append(row)
            elif row:
                raise InvalidArgument(
                    f"line {rows.line_num} of `{path}` has {len(row)} cells: expected {len(head)}, one for each name"
                )
    columns = zip(*cells) if cells else ([] for _ in head)
    return {name.strip(): _typed([value.strip() for value in column]) for name, column in zip(head, columns)}


def _typed(values: list[str]) -> list[Any]:
    """Truth values, whole numbers, numbers or texts; what is empty is missing."""
    known = set(values)
    if known and known <= _BOOLEANS.keys():
        return [_BOOLEANS[value] for value in values]
    known.discard("")
    texts = [value or None for value in values]
    if not known or any(map(_is_code, known)):
        return texts
    try:
        numbers = [float(value) if value else float("nan") for value in values]
    except ValueError:
        return texts
    if all(value.lstrip("-").isdigit() for value in known):
        if any(abs(int(value)) > 2**53 for value in known):
            # More digits than a float has.
            return texts
        if "" not in values:
            return [int(value) for value in values]
    return numbers


def _is_code(value: str) -> bool:
    """True for what is written as a code and no number: ``007``, ``+49``, ``1_0``."""
    digits = value.lstrip("-")
    return value.startswith("+") or "_" in value or (digits[:1] == "0" and digits[1:2].isdigit())
