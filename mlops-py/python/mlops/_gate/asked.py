"""The definition of a gate from the arguments of a call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..exceptions import InvalidArgument
from .definition import GateDefinition
from .metrics import GateMetric


def asked(definition: Any, name: str | None, primary: Any, metrics: Any, given: dict[str, Any]) -> GateDefinition:
    """The definition, of whatever it was given by."""
    listed = _listed(metrics)
    said = [key for key, value in {**given, "primary": primary, "name": name}.items() if value is not None]
    if definition is not None:
        if said:
            raise InvalidArgument(f"{', '.join(said)}: given beside a definition, which says that itself; leave one of both out")
        own = _own_only(listed)
        if isinstance(definition, GateDefinition):
            if not own:
                return definition
            known = list(definition._own.values())
            return GateDefinition.from_dict(definition.to_dict(), metrics=[*known, *own])
        if isinstance(definition, Mapping):
            return GateDefinition.from_dict(definition, metrics=own)
        return GateDefinition.load(definition, metrics=own)
    if primary is None and listed:
        primary, *listed = listed
    by_name = {one.name: one for one in listed if isinstance(one, GateMetric)}
    for one in [primary, *listed]:
        if isinstance(one, GateMetric) and by_name.get(one.name, one) is not one:
            raise InvalidArgument(f"two metrics of your own are called {one.name!r}: give one another name")
    bare = [one for one in listed if not isinstance(one, Mapping)]
    bare = [one for one in bare if primary is None or str(one) != _name_of(primary)]
    rules = [one for one in listed if isinstance(one, Mapping)]
    if rules and given["guardrails"] is not None:
        raise InvalidArgument("metrics has rules of guardrails, and there are guardrails: give them in one place")
    if rules or bare:
        given = {**given, "guardrails": _with_told(given["guardrails"], rules, bare)}
    return GateDefinition(name if name is not None else "gate", primary, **given)


def _listed(metrics: Any) -> list[Any]:
    if metrics is None:
        return []
    if isinstance(metrics, (str, GateMetric, Mapping)):
        return [metrics]
    if not isinstance(metrics, Iterable) or isinstance(metrics, (set, frozenset)):
        raise InvalidArgument(f"metrics is {metrics!r}: expected a list of metrics, the first of which decides")
    return list(metrics)


def _with_told(guardrails: Any, rules: list[Any], bare: list[Any]) -> Any:
    """The guardrails, with the metrics of which nothing is asked: the report tells of them."""
    if isinstance(guardrails, Mapping):
        said = {str(metric) for metric in guardrails}
        return {**guardrails, **{one: {} for one in bare if str(one) not in said}}
    listed = [*(guardrails or []), *rules]
    said = {_name_of(rule) for rule in listed}
    return [*listed, *({"metric": one} for one in bare if str(one) not in said)]


def _own_only(listed: list[Any]) -> list[GateMetric]:
    for one in listed:
        if not isinstance(one, GateMetric):
            raise InvalidArgument(f"metrics has {one!r} beside a definition: expected metrics of your own that it names")
    return listed


def _name_of(primary: Any) -> str:
    return str(primary.get("metric")) if isinstance(primary, Mapping) else str(primary)
