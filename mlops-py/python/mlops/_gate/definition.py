"""What a gate asks for: all that a file ``gate.toml`` can say, in Python."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Union

from .. import _native
from .._evaluate.thresholds import MetricThreshold
from ..exceptions import InvalidArgument, NotFound
from .metrics import GateMetric

Metric = Union[str, GateMetric]
# A metric, alone or with what is asked of it: {"metric": "f1", "margin": 0.01}.
Rule = Union[str, GateMetric, "Mapping[str, Any]"]
Rules = Union["Mapping[Any, float | MetricThreshold | Mapping[str, Any]]", "Sequence[Rule]"]
OnInconclusive = Literal["block", "allow", "ask"]
Spend = Literal["off", "bonferroni", "decreasing"]


class GateDefinition:
    """What a gate asks for; the keys are those of the file, which ``docs/guide/gate.md`` lists.

    primary: the metric that decides, such as ``"roc_auc"``, one of your own (:func:`mlops.gate_metric`), or a dict with
    ``metric`` and what is asked of it. mode, margin, floor, ceiling, floor_on: what is asked of the primary metric, if it is no
    dict. guardrails: a dict of metrics with the margin of each, a ``MetricThreshold`` or a dict of rules; or a list of dicts.
    slices: columns, with ``slice_margin``, or a dict. time: the column of the order of time, True for the order of the rows, or a
    dict with ``order``, ``horizon`` and ``length``.

    >>> import mlops
    >>> asked = mlops.GateDefinition("fraud-gate", "roc_auc", margin=0.005, guardrails={"log_loss": 0.01})
    >>> asked == mlops.GateDefinition.from_toml(asked.to_toml())
    True
    """

    def __init__(
        self,
        name: str = "gate",
        primary: Rule | None = None,
        *,
        mode: str | None = None,
        margin: float | None = None,
        floor: float | None = None,
        ceiling: float | None = None,
        floor_on: str | None = None,
        guardrails: Rules | None = None,
        slices: str | Sequence[str] | Mapping[str, Any] | None = None,
        slice_margin: float | None = None,
        group: str | None = None,
        time: str | bool | Mapping[str, Any] | None = None,
        fairness: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        budgets: Mapping[str, Any] | None = None,
        alpha: float | None = None,
        resamples: int | None = None,
        on_inconclusive: OnInconclusive | None = None,
        spend: Spend | None = None,
        spend_uses: int | None = None,
        positive: Any = None,
        cutoff: float | None = None,
        query: str | None = None,
    ) -> None:
        if primary is None:
            raise InvalidArgument("the gate has no metric that decides: give metrics= or primary=, such as 'roc_auc'")
        self._own: dict[str, GateMetric] = {}
        asked = {"mode": mode, "margin": margin, "floor": floor, "ceiling": ceiling, "floor_on": floor_on}
        asked = {key: value for key, value in asked.items() if value is not None}
        document: dict[str, Any] = {"name": name, "primary": {**self._rule(primary), **asked}}
        document["guardrails"] = self._rules(guardrails)
        document["slices"] = self._slices(slices, slice_margin)
        if time is not None and time is not False:
            document["blocks"] = {} if time is True else {"order": time} if isinstance(time, str) else dict(time)
        if fairness is not None:
            listed = [fairness] if isinstance(fairness, Mapping) else fairness
            document["fairness"] = [self._with_metric(dict(one)) for one in listed]
        if budgets is not None:
            document["budgets"] = {str(key): dict(of) if isinstance(of, Mapping) else of for key, of in budgets.items()}
        plain = {
            **{"group": group, "alpha": alpha, "resamples": resamples, "on_inconclusive": on_inconclusive, "spend": spend},
            **{"spend_uses": spend_uses, "cutoff": cutoff, "query": query},
        }
        document.update(plain)
        if positive is not None:
            document["positive"] = positive if isinstance(positive, str) else _label(positive)
        self._set({key: value for key, value in document.items() if value is not None and not _is_empty(value)})

    def _set(self, document: Mapping[str, Any]) -> None:
        _check_finite("", document)
        try:
            text = json.dumps(document, allow_nan=False, default=_plain)
        except (TypeError, ValueError) as error:
            raise InvalidArgument(f"the definition of a gate is no table of texts and finite numbers: {error}") from error
        self._read(_native.read_gate(text, False))

    def _read(self, found: str) -> None:
        read = json.loads(found)
        self._document: dict[str, Any] = read["definition"]
        self._metrics: list[tuple[str, str]] = [(name, takes) for name, takes in read["metrics"]]
        self.rules: str = read["rules"]
        self.mode: str = read["mode"]

    def _known(self, metric: Any) -> str:
        if isinstance(metric, GateMetric):
            before = self._own.setdefault(metric.name, metric)
            if before is not metric:
                raise InvalidArgument(f"two metrics of your own are called {metric.name!r}: give one another name")
            return str(metric)
        if not isinstance(metric, str):
            raise InvalidArgument(f"a metric is {metric!r}: expected a name such as 'roc_auc', or mlops.gate_metric(...)")
        return metric

    def _rule(self, rule: Rule) -> dict[str, Any]:
        if not isinstance(rule, Mapping):
            return {"metric": self._known(rule)}
        return self._with_metric(dict(rule))

    def _with_metric(self, rule: dict[str, Any]) -> dict[str, Any]:
        if rule.get("metric") is not None:
            rule["metric"] = self._known(rule["metric"])
        return rule

    def _rules(self, rules: Rules | None) -> list[dict[str, Any]]:
        if rules is None:
            return []
        if isinstance(rules, Mapping):
            return [{"metric": self._known(metric), **_asked(of)} for metric, of in rules.items()]
        if isinstance(rules, str) or not isinstance(rules, Iterable):
            raise InvalidArgument(f"guardrails are {rules!r}: expected a dict of metrics with a margin each, or a list of dicts")
        return [self._rule(rule) for rule in rules]

    def _slices(self, slices: Any, margin: float | None) -> dict[str, Any] | None:
        if slices is None:
            if margin is not None:
                raise InvalidArgument("slice_margin is given, and no slices: name the columns by slices=")
            return None
        found = dict(slices) if isinstance(slices, Mapping) else {"columns": [slices] if isinstance(slices, str) else list(slices)}
        if margin is not None:
            found["margin"] = margin
        return self._with_metric(found)

    @classmethod
    def from_toml(cls, text: str, *, metrics: Iterable[GateMetric] = ()) -> GateDefinition:
        """Reads the text of a file ``gate.toml``. ``metrics`` are those of your own that it names, as ``own:NAME``."""
        found = cls.__new__(cls)
        found._own = {}
        found._read(_native.read_gate(text, True))
        return found._with_own(metrics)

    @classmethod
    def from_dict(cls, document: Mapping[str, Any], *, metrics: Iterable[GateMetric] = ()) -> GateDefinition:
        """Makes it of a dict with the keys of the file."""
        found = cls.__new__(cls)
        found._own = {}
        found._set(document)
        return found._with_own(metrics)

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, metrics: Iterable[GateMetric] = ()) -> GateDefinition:
        """Reads a file ``gate.toml``."""
        try:
            text = Path(path).read_text(encoding="utf-8")
        except FileNotFoundError:
            raise NotFound(f"the file `{os.fspath(path)}` does not exist: expected the definition of a gate") from None
        return cls.from_toml(text, metrics=metrics)

    def _with_own(self, metrics: Iterable[GateMetric]) -> GateDefinition:
        for metric in metrics:
            if not isinstance(metric, GateMetric):
                raise InvalidArgument(f"a metric beside the definition is {metric!r}: expected mlops.gate_metric(...)")
            self._known(metric)
            if all(name != str(metric) for name, _ in self._metrics):
                raise InvalidArgument(f"the definition does not name the metric `{metric}`")
        return self

    @property
    def name(self) -> str:
        """The name, which a policy may ask for."""
        return str(self._document["name"])

    @property
    def metrics(self) -> list[str]:
        """The metrics that it looks at, the one that decides first."""
        return [name for name, _ in self._metrics]

    @property
    def columns(self) -> list[str]:
        """The columns of the data that it names: slices, groups, queries, the order of time, fairness."""
        asked = self._document
        named = [*asked.get("slices", {}).get("columns", []), asked.get("group"), asked.get("query")]
        named += [asked.get("blocks", {}).get("order"), *(rule["column"] for rule in asked.get("fairness", []))]
        return [name for name in named if name is not None]

    def to_dict(self) -> dict[str, Any]:
        """All that is asked for, with the keys of the file."""
        found: dict[str, Any] = json.loads(json.dumps(self._document))
        return found

    def to_toml(self) -> str:
        """The text of a file ``gate.toml``."""
        return _native.write_gate(json.dumps(self._document))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the file."""
        Path(path).write_text(self.to_toml(), encoding="utf-8")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GateDefinition) and self.rules == other.rules

    def __hash__(self) -> int:
        return hash(self.rules)

    def __repr__(self) -> str:
        return f"<GateDefinition {self.name}: {self.mode}>"


def _asked(of: Any) -> dict[str, Any]:
    """What is asked of a guardrail."""
    if hasattr(of, "min_absolute_change"):
        # Ours, or MLflow's own.
        keys = ("threshold", "min_absolute_change", "min_relative_change", "greater_is_better")
        return {key: getattr(of, key) for key in keys if getattr(of, key, None) is not None}
    return dict(of) if isinstance(of, Mapping) else {"margin": of}


def _check_finite(place: str, value: Any) -> None:
    if isinstance(value, Mapping):
        for key, one in value.items():
            _check_finite(f"{place}.{key}".lstrip("."), one)
    elif isinstance(value, list):
        for one in value:
            _check_finite(place, one)
    elif isinstance(value, float) and not math.isfinite(value):
        raise InvalidArgument(f"{place} is {value}: expected a finite number")


def _is_empty(value: Any) -> bool:
    return isinstance(value, list) and not value


def _label(value: Any) -> str:
    from .columns import class_name

    return class_name(value)


def _plain(value: Any) -> Any:
    """A number of numpy as Python's."""
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{value!r} is a {type(value).__name__}")
