"""Finding logged models: MLflow's filters, conditions with ``AND`` between them, and its orders, of dicts."""

from __future__ import annotations

import base64
import hashlib
import json
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ._convert import sequence, text, whole
from .exceptions import InvalidArgument

Raw = dict[str, Any]
Datasets = Sequence[Mapping[str, Any]]

PAGE = 100
_ENTITIES = {
    **dict.fromkeys(("attributes", "attribute", "attr"), "attributes"),
    **dict.fromkeys(("metrics", "metric"), "metrics"),
    **dict.fromkeys(("params", "param", "parameters", "parameter"), "params"),
    **dict.fromkeys(("tags", "tag"), "tags"),
}
_TIMES = {
    **dict.fromkeys(("creation_timestamp", "creation_time"), "created_at"),
    **dict.fromkeys(("last_updated_timestamp", "last_updated_time"), "updated_at"),
}
_TEXTS = {name: name for name in ("name", "model_id", "model_type", "status", "source_run_id", "experiment_id", "status_message")}
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_OF_TEXTS = ("=", "!=", "LIKE", "ILIKE", "IN", "NOT IN")
_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'[^']*'|"[^"]*")|(?P<sign>!=|<=|>=|==|[=<>(),])|(?P<word>(?:`[^`]*`|(?<=\.)(?:'[^']*'|"[^"]*")|[^\s'"`=<>!(),])+))""", re.ASCII
)
_QUOTED = re.compile(r"([`'\"]).*\1", re.DOTALL)


@dataclass
class Condition:
    """What one condition of a filter says."""

    entity: str
    key: str
    sign: str
    value: Any

    def holds(self, raw: Raw, datasets: Datasets) -> bool:
        """Whether it is true of a model; never of one that lacks the key."""
        if self.entity == "metrics":
            return any(
                bool(_COMPARE[self.sign](point[1], self.value))
                for point in raw["metrics"]
                if point[0] == self.key and _on(point, datasets)
            )
        found = raw[self.key] if self.entity == "attributes" else raw[self.entity].get(self.key)
        if found is None:
            return False
        if self.sign in ("IN", "NOT IN"):
            return (found in self.value) == (self.sign == "IN")
        if self.sign in ("LIKE", "ILIKE"):
            return self.value.fullmatch(found) is not None
        return bool(_COMPARE[self.sign](found // 1000 if self.key in _TIMES.values() else found, self.value))


def _on(point: Sequence[Any], datasets: Datasets) -> bool:
    """Whether a point was measured on one of these data sets; on any, if there are none."""
    return not datasets or any(
        point[5] == one["dataset_name"] and one.get("dataset_digest") in (None, "", point[6]) for one in datasets
    )


def conditions(filter_string: str) -> list[Condition]:
    """The conditions of a filter."""
    tokens = _tokens(filter_string)
    found: list[Condition] = []
    at = 0

    def take() -> tuple[str, str]:
        nonlocal at
        at += 1
        return tokens[at - 1] if at <= len(tokens) else ("end", "its end")

    def fail(seen: str, expected: str) -> InvalidArgument:
        seen = seen.replace("`its end`", "its end")
        return InvalidArgument(f"the filter `{filter_string}` has {seen} where {expected} is expected")

    while tokens:
        kind, name = take()
        if kind != "word":
            raise fail(f"`{name}`", "a name such as `name`, `params.depth` or `metrics.accuracy`")
        entity, key = _field(name)
        kind, sign = take()
        if kind == "end":
            raise fail("its end", f"a comparison of `{name}`")
        sign = "=" if sign == "==" else sign.upper()
        if sign == "NOT":
            sign = f"NOT {take()[1].upper()}"
        numeric = entity == "metrics" or key in _TIMES.values()
        allowed = tuple(_COMPARE) if numeric else _OF_TEXTS
        if kind == "text" or sign not in allowed:
            raise InvalidArgument(f"the filter `{filter_string}` compares {name} by `{sign}`: expected one of {', '.join(allowed)}")
        if sign in ("IN", "NOT IN"):
            value: Any = []
            opened = take()
            while opened[1] in ("(", ","):
                kind, one = take()
                if kind != "text":
                    raise fail(f"`{one}`", "a quoted text")
                value.append(one[1:-1])
                opened = take()
                if opened[1] == ")":
                    break
            if opened[1] != ")":
                raise fail(f"`{opened[1]}`", f"a list behind {sign}, such as ('a', 'b'),")
        else:
            value = _value(take(), numeric, sign, filter_string)
        found.append(Condition(entity, key, sign, value))
        if at >= len(tokens):
            return found
        joined = take()[1]
        if joined.upper() != "AND":
            raise fail(f"`{joined}`", "AND or the end")
    return found


def _tokens(filter_string: str) -> list[tuple[str, str]]:
    found, place = [], 0
    end = len(filter_string.rstrip())
    while place < end:
        matched = _TOKEN.match(filter_string, place)
        if matched is None:
            raise InvalidArgument(f"the filter `{filter_string}` cannot be read from `{filter_string[place:place + 20].strip()}` on")
        kind = str(matched.lastgroup)
        found.append((kind, matched[kind]))
        place = matched.end()
    return found


def _field(name: str) -> tuple[str, str]:
    entity, dot, key = name.partition(".")
    if not dot:
        entity, key = "attributes", name
    if entity not in _ENTITIES:
        raise InvalidArgument(f"`{name}` is of no part of a logged model: expected attributes, metrics, params or tags")
    entity, key = _ENTITIES[entity], key[1:-1] if _QUOTED.fullmatch(key) else key
    if entity != "attributes":
        return entity, key
    known = {**_TEXTS, **_TIMES}
    if key not in known:
        raise InvalidArgument(f"a logged model has no attribute `{key}`: expected one of {', '.join(known)}")
    return entity, known[key]


def _value(token: tuple[str, str], numeric: bool, sign: str, filter_string: str) -> Any:
    kind, shown = token
    if numeric:
        try:
            if kind == "word":
                return float(shown)
        except ValueError:
            pass
        raise InvalidArgument(f"the filter `{filter_string}` compares a number with `{shown}`: expected a number without quotes")
    value = shown[1:-1] if kind == "text" else shown
    if kind not in ("text", "word"):
        raise InvalidArgument(f"the filter `{filter_string}` compares a text with `{shown}`: expected a text in quotes")
    if sign not in ("LIKE", "ILIKE"):
        return value
    pattern = "".join({"%": ".*", "_": "."}.get(one, re.escape(one)) for one in value)
    return re.compile(pattern, re.DOTALL | (re.IGNORECASE if sign == "ILIKE" else 0))


def _datasets(given: Any) -> Datasets:
    found = [] if given is None else sequence("datasets as a list of dicts", given)
    for one in found:
        if not isinstance(one, Mapping) or not one.get("dataset_name"):
            raise InvalidArgument(f"datasets has {one!r}: expected a dict with `dataset_name`, and `dataset_digest` if wanted")
    return found


def _order(raws: list[Raw], given: Any) -> list[Raw]:
    """Sorted by each of these, then the newest first. What a model lacks comes last, in both directions."""
    wanted = [_ordered_by(one) for one in ([] if given is None else sequence("order_by as a list of dicts", given))]
    raws = sorted(raws, key=lambda raw: str(raw["model_id"]))
    raws.sort(key=lambda raw: int(raw["created_at"]), reverse=True)
    for read, ascending in reversed(wanted):
        found = [(read(raw), raw) for raw in raws]
        there = [one for one in found if one[0] is not None and one[0] == one[0]]
        there.sort(key=lambda one: one[0], reverse=not ascending)
        nan = [one for one in found if one[0] is not None and one[0] != one[0]]
        raws = [raw for _, raw in [*there, *nan, *(one for one in found if one[0] is None)]]
    return raws


def _ordered_by(given: Any) -> tuple[Callable[[Raw], Any], bool]:
    if not isinstance(given, Mapping) or not isinstance(given.get("field_name"), str):
        raise InvalidArgument(f"order_by has {given!r}: expected a dict with `field_name`, such as {{'field_name': 'metrics.accuracy'}}")
    ascending = given.get("ascending", True)
    if not isinstance(ascending, bool):
        raise InvalidArgument(f"`ascending` in order_by is {ascending!r}: expected True or False")
    name, digest = given.get("dataset_name"), given.get("dataset_digest")
    if digest and not name:
        raise InvalidArgument(f"order_by has the `dataset_digest` {digest!r} without the `dataset_name`: give both")
    entity, key = _field(given["field_name"].strip())
    if entity not in ("attributes", "metrics"):
        raise InvalidArgument(f"order_by has `{given['field_name']}`: expected an attribute or a metric")
    if entity == "attributes":
        return lambda raw: raw[key], ascending
    datasets = [{"dataset_name": name, "dataset_digest": digest}] if name else []

    def latest(raw: Raw) -> Any:
        points = [point for point in raw["metrics"] if point[0] == key and _on(point, datasets)]
        # They are ordered by time.
        return points[-1][1] if points else None

    return latest, ascending


def search(raws: list[Raw], filter_string: str | None, datasets: Any, order_by: Any) -> list[Raw]:
    """Those of the models that a filter and the data sets choose, in order."""
    wanted = conditions(text("filter_string", filter_string or ""))
    measured = _datasets(datasets)
    if measured and not any(one.entity == "metrics" for one in wanted):
        raws = [raw for raw in raws if any(_on(point, measured) for point in raw["metrics"])]
    return _order([raw for raw in raws if all(one.holds(raw, measured) for one in wanted)], order_by)


def page(found: list[Raw], max_results: int | None, token: str | None, *query: Any) -> tuple[list[Raw], str | None]:
    """One page of what was found, and what leads to the next: a place in the order, so that pages do not shift."""
    limit = PAGE if max_results is None else whole("max_results", max_results)
    if limit < 1:
        raise InvalidArgument(f"max_results is {limit}: expected 1 or more")
    of = hashlib.sha256(json.dumps(query, default=str).encode()).hexdigest()[:16]
    first = 0
    if token:
        try:
            after, count, asked = json.loads(base64.urlsafe_b64decode(text("page_token", token)))
        except ValueError:
            raise InvalidArgument(f"the page token `{token}` is not one that a search of logged models gave") from None
        if asked != of:
            raise InvalidArgument("the page token is of another search: pass it with the same experiments, filter and order")
        ids = [raw["model_id"] for raw in found]
        first = ids.index(after) + 1 if after in ids else min(int(count), len(found))
    last = first + limit
    if last >= len(found):
        return found[first:], None
    place = json.dumps([found[last - 1]["model_id"], last, of]).encode()
    return found[first:last], base64.urlsafe_b64encode(place).decode()
