"""Writes filters.json: filters and orders that MLflow takes, and how it understands them.

    pip install mlflow==3.17.2
    python tests/oracle/filters.py > tests/oracle/filters.json

Texts are put together at random from pieces of the language, with a fixed seed; kept is what MLflow's parser reads and its
comparators allow. What it reads by accident is left out: a list where one value belongs, which fails in its database, and
an unquoted key with a space before IS NULL.
"""

from __future__ import annotations

import json
import logging
import random
from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.utils.search_utils import SearchUtils

ENTITIES = "metric metrics param params parameter parameters tag tags attribute attr run dataset Metrics PARAMS".split()
KEYS = ["loss", "loss.min", "a.b.c", "val/loss", "m-1", "mlflow.runName", "`my key`", '"my key"', "`loss.min`", '"a`b"']
KEYS += ["created", "run_name", "`run name`", '"Run Name"', "1k", "a:b", "_x", "and", "in", "null", "like", "now", "inf"]
KEYS += ["start_time", "end_time", "run_id", "status", "user_id", "artifact_uri", "name", "digest", "context"]
KEYS += ["x.last", "größe", "min", "a.mean", "desc", "max", "count", "first", "step", "time", "type", "between", "matches"]
ORDERED = ["=", "!=", ">", ">=", "<", "<="]
OTHERS = ["LIKE", "ILIKE", "like", "iLike", "IN", "NOT IN", "in", "IS NULL", "IS NOT NULL", "is null"]
NUMBERS = ["1", "0.5", "-3", "1e5", "1e-05", "-.5", "1.", "1700000000123"]
TEXTS = ["'x'", '"x"', "'it\"s'", '"it\'s"', "'a%'", "''", "'1'", "'now()'", "'2026-11-01'", "'y z'"]
LISTS = ["('a','b')", "('a')", '("a", "b")', "( 'a' , 'b' )"]
COUNT = 400


def clause(pick: random.Random) -> str:
    """A test that may be one."""
    entity, key = pick.choice([*ENTITIES, ""]), pick.choice(KEYS)
    field = f"{entity}.{key}" if entity else key
    operator = pick.choice(ORDERED + OTHERS)
    value = pick.choice(NUMBERS + TEXTS)
    if "in" in operator.lower().split():
        value = pick.choice(LISTS)
    elif "NULL" in operator.upper():
        value = ""
    gap = pick.choice(["", " ", "\n"]) if operator in ORDERED else " "
    return f"{field}{gap}{operator}{gap}{value}"


def understood(filter_string: str) -> list[list[Any]] | None:
    """The tests as MLflow reads them: kind, key, operator, value; None if it takes no such filter."""
    tests = []
    try:
        for test in SearchUtils.parse_search_filter(filter_string):
            kind, key, operator, value = (test[part] for part in ["type", "key", "comparator", "value"])
            operator = operator.upper()
            numeric = SearchUtils.is_metric(kind, operator) or SearchUtils.is_numeric_attribute(kind, key, operator)
            text = SearchUtils.is_param(kind, operator) or SearchUtils.is_tag(kind, operator)
            text = text or SearchUtils.is_string_attribute(kind, key, operator) or SearchUtils.is_dataset(kind, operator)
            if not (numeric or text):
                return None
            tests.append([kind, key, operator, float(value) if numeric else value])
    except (MlflowException, ValueError):
        return None
    return tests


def order(text: str) -> list[Any] | None:
    """A key of an order as MLflow reads it: kind, key, whether it ascends; None if it takes no such order."""
    try:
        return list(SearchUtils.parse_order_by_for_search_runs(text))
    except (MlflowException, ValueError):
        return None


def main() -> None:
    """Prints both lists, an entry a line."""
    logging.disable(logging.CRITICAL)
    pick = random.Random(2_026)
    filters: dict[str, Any] = {}
    while len(filters) < COUNT:
        parts = [clause(pick) for _ in range(pick.choice([1, 1, 2, 3]))]
        text = pick.choice([" and ", " AND ", "\naNd "]).join(parts)
        tests = understood(text)
        if tests is not None:
            filters[text] = tests
    orders: dict[str, Any] = {}
    while len(orders) < COUNT // 4:
        entity, key = pick.choice([*ENTITIES, ""]), pick.choice(KEYS)
        text = (f"{entity}.{key}" if entity else key) + pick.choice(["", " ASC", " DESC", " desc", "  asc "])
        read = order(text)
        if read is not None:
            orders[text] = read
    lines = {
        name: ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries.items())
        for name, entries in [("filters", filters), ("orders", orders)]
    }
    print(f'{{"filters": [\n{lines["filters"]}\n], "orders": [\n{lines["orders"]}\n]}}')


if __name__ == "__main__":
    main()
