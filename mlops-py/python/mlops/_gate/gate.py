"""``mlops.gate``: the candidate and what is in production, on the same rows, now."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .. import _native, _state
from .._progress import Bar
from ..exceptions import InvalidArgument
from .columns import Column, column, length, texts
from .costs import Costs
from .definition import GateDefinition, OnInconclusive, Rule, Rules, Spend
from .metrics import GateMetric, Scored
from .models import Side, of_version, side
from .predicting import Asker, Said, handed
from .result import GateResult
from .table import Table


def gate(
    candidate: Any,
    baseline: Any = "production",
    *,
    data: Any = None,
    targets: Any = None,
    metrics: Rule | Sequence[Rule] | None = None,
    primary: Rule | None = None,
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
    name: str | None = None,
    definition: GateDefinition | Mapping[str, Any] | str | os.PathLike[str] | None = None,
    ids: Any = None,
    features: Sequence[str] | None = None,
    classes: Sequence[Any] | None = None,
    candidate_predictions: Any = None,
    baseline_predictions: Any = None,
    training_data: Any = None,
    data_name: str | None = None,
    latency_rows: int = 1,
    measured: Mapping[str, Any] | None = None,
    measuring_host: bool = False,
    slot: str = "",
    trust: bool = False,
    record: bool = True,
    actor: str | None = None,
    reason: str | None = None,
) -> GateResult:
    """Holds a candidate against a baseline on the same rows, and says pass, fail, inconclusive or error.

    candidate, baseline: a version (``"fraud@5"``, ``"fraud@champion"``, ``"models:/fraud/5"``, a ``ModelVersion``), a model that
    is loaded (with ``predict``, or a function), or predictions: an array, a column, a dict of classes with a probability each, an
    array (n_rows, n_classes), or :class:`mlops.GatePredictions`. ``"production"`` is what is there of the candidate's registered
    model, in ``slot``; nothing there, or None: floors and budgets decide. Predictions of a version that were made elsewhere are
    handed in as ``candidate_predictions`` and ``baseline_predictions``.

    data: a DataFrame, a dict of columns, an array, or the path of CSV or Parquet. targets: its column of what is true, or values.
    ids: its column of ids, or values. features: the columns that a model is given where it does not say itself; all but targets
    and ids.

    What is asked is that of :class:`mlops.GateDefinition`: ``metrics``, the first of which decides, ``mode="superior"`` or
    ``margin``, guardrails, slices and so on. Or ``definition``: one, its dict, or the path of its file; metrics of your own that it
    names stand in ``metrics`` then.

    training_data: the rows that the candidate was trained on; those of ``data`` that are among them fail it. data_name: what the
    data are called where their uses are counted, such as ``"holdout@7"``; the digest of what is in them. latency_rows: how many rows
    a call has whose time is taken. measured: costs from elsewhere. measuring_host: nothing else runs here. record: the use of the
    data is counted in the store, and the result is noted with a candidate that is a version, if the baseline is one too.

    >>> import mlops
    >>> truth = [0, 1] * 200
    >>> better, worse = truth, [0, 1, 1, 0] * 100
    >>> mlops.gate(better, worse, targets=truth, metrics="accuracy", record=False).verdict
    'pass'
    """
    given = {
        **{"mode": mode, "margin": margin, "floor": floor, "ceiling": ceiling, "floor_on": floor_on, "guardrails": guardrails},
        **{"slices": slices, "slice_margin": slice_margin, "group": group, "time": time, "fairness": fairness},
        **{"budgets": budgets, "alpha": alpha, "resamples": resamples, "on_inconclusive": on_inconclusive, "spend": spend},
        **{"spend_uses": spend_uses, "positive": positive, "cutoff": cutoff, "query": query},
    }
    asked = _asked(definition, name, primary, metrics, given)
    versions = _Versions(candidate, baseline, candidate_predictions, baseline_predictions, slot)
    rows = _Rows(data, targets, ids, features)
    budgeted = asked.to_dict().get("budgets", {})
    costs = Costs(budgeted, measured, measuring_host)
    with Bar("the gate") as bar:
        progress = _Progress(bar, len(asked._own) * asked.to_dict()["resamples"])
        inputs = _scored(asked, versions, rows, classes, costs, latency_rows, trust, progress)
        inputs["data_digest"] = data_name if data_name is not None else rows.digest()
        if training_data is not None:
            inputs["row_hashes"], inputs["training_hashes"] = rows.hashes(Table(training_data))
        progress.next("the checks")
        who = (actor, reason)
        store = _state.store() if record or versions.registered is not None else None
        native = _native.run_gate(
            json.dumps(asked.to_dict()), inputs, store, versions.native(record, *who), versions.names()
        )
    return GateResult(native, versions.entity() if native.noted is not None else None)


def _asked(definition: Any, name: str | None, primary: Any, metrics: Any, given: dict[str, Any]) -> GateDefinition:
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
    bare = [one for one in listed if not isinstance(one, Mapping)]
    bare = [one for one in bare if primary is None or str(one) != _name_of(primary)]
    if bare:
        raise InvalidArgument(
            f"how much worse `{bare[0]}` may be is not said: give guardrails={{{str(bare[0])!r}: 0.01}}, or a dict with floor or mode"
        )
    rules = [one for one in listed if isinstance(one, Mapping)]
    if rules and given["guardrails"] is not None:
        raise InvalidArgument("metrics has rules of guardrails, and there are guardrails: give them in one place")
    if rules:
        given = {**given, "guardrails": rules}
    return GateDefinition(name if name is not None else "gate", primary, **given)


def _listed(metrics: Any) -> list[Any]:
    if metrics is None:
        return []
    if isinstance(metrics, (str, GateMetric, Mapping)):
        return [metrics]
    if not isinstance(metrics, Iterable):
        raise InvalidArgument(f"metrics is {metrics!r}: expected names of metrics")
    return list(metrics)


def _own_only(listed: list[Any]) -> list[GateMetric]:
    for one in listed:
        if not isinstance(one, GateMetric):
            raise InvalidArgument(f"metrics has {one!r} beside a definition: expected metrics of your own that it names")
    return listed


def _name_of(primary: Any) -> str:
    return str(primary.get("metric")) if isinstance(primary, Mapping) else str(primary)


class _Progress:
    """How far a gate is."""

    def __init__(self, bar: Bar, calls: int) -> None:
        self._bar, self._calls, self._done, self._step = bar, max(2 * calls, 1), 0, ""

    def next(self, step: str) -> None:
        self._step, self._done = step, 0
        self._bar.tell(step, 0, 1)

    def show(self) -> None:
        """One call more."""
        self._done += 1
        self._bar.tell(self._step, min(self._done, self._calls), self._calls)


class _Versions:
    """Candidate and baseline, and what the registry knows of them."""

    def __init__(self, candidate: Any, baseline: Any, of_candidate: Any, of_baseline: Any, slot: str) -> None:
        self.candidate = side("the candidate", candidate, of_candidate)
        self.slot = slot
        self._against: str | None = None
        self._scored: int | None = None
        self.baseline = self._baseline(baseline, of_baseline)

    @property
    def registered(self) -> tuple[str, int] | None:
        """Name and number, if the gate is about a version beside another of its model, or beside nothing."""
        return self.candidate.version if self._against is not None else None

    def _baseline(self, given: Any, predictions: Any) -> Side | None:
        version = self.candidate.version
        if given is None:
            if predictions is not None:
                raise InvalidArgument("baseline is None, and there are predictions of it: leave one of both out")
            return None
        if isinstance(given, str) and given == "production":
            if version is None:
                raise InvalidArgument(
                    "the candidate is no version of a registered model, so that nobody knows what is in production: give"
                    " baseline= a version, a model or predictions, or None if there is none"
                )
            self._against = "production"
            self._scored = _native.gate_baseline(_state.store(), version[0], "production", self.slot)
            if self._scored is None:
                return None
            return self._predicted(of_version("the baseline", version[0], self._scored), predictions)
        if isinstance(given, int) and not isinstance(given, bool):
            if version is None:
                raise InvalidArgument(f"baseline is {given}: expected a version such as 'fraud@{given}', since the candidate is none")
            given = f"{version[0]}@{given}"
        found = side("the baseline", given, predictions)
        if found.version is not None and version is not None and found.version[0] == version[0]:
            self._against, self._scored = str(found.version[1]), found.version[1]
        return found

    @staticmethod
    def _predicted(found: Side, predictions: Any) -> Side:
        found.predictions = predictions
        return found

    def native(self, record: bool, actor: str | None, reason: str | None) -> Any:
        """What the core is told of the versions."""
        if self.registered is None or self._against is None:
            return None
        name, number = self.registered
        return name, number, self._against, self._scored, self.slot, record, actor, reason

    def names(self) -> tuple[str | None, str | None]:
        """What they are called."""
        return self.candidate.name, None if self.baseline is None else self.baseline.name

    def entity(self) -> Any:
        """The version that the result is noted with."""
        from .._registry_entities import ModelVersion

        assert self.registered is not None
        return ModelVersion(_native.ModelRegistry(_state.store()).get_version(*self.registered))


class _Rows:
    """The data, the targets and the ids."""

    def __init__(self, data: Any, targets: Any, ids: Any, features: Sequence[str] | None) -> None:
        self.table = None if data is None else Table(data)
        if targets is None:
            raise InvalidArgument("there are no targets: name the column of data that is true, or give the values")
        self._named = [one for one in (targets, ids) if isinstance(one, str)]
        self.targets = column("the targets", self._values("targets", targets))
        self.ids = None if ids is None else texts("the ids", self._values("ids", ids))
        self.ids_name = ids if isinstance(ids, str) else None
        self._features = features
        if self.table is not None and length(self.targets) != self.table.rows:
            raise InvalidArgument(
                f"the targets have {length(self.targets)} rows, and the data {self.table.rows}: expected as many"
            )
        self._targets_are_apart = not isinstance(targets, str)

    def _values(self, what: str, given: Any) -> Any:
        if not isinstance(given, str):
            return given
        if self.table is None:
            raise InvalidArgument(f"{what} is {given!r}, and there is no data: give data=, or the values")
        return self.table.raw(given, what)

    def features(self) -> Any:
        """What models are given."""
        if self.table is None:
            raise InvalidArgument("a model is to be asked, and there is no data: give data=, or predictions")
        names = self._features
        if names is not None:
            for name in names:
                self.table.raw(name, "features")
        elif self.table.names:
            names = [name for name in self.table.names if name not in self._named]
        return self.table.features(names)

    def columns(self, asked: GateDefinition) -> list[tuple[str, Column]]:
        """Those that the gate looks at."""
        if self.table is None:
            return []
        known = [name for name in self.table.names if name != self.ids_name]
        return self.table.columns(_native.gate_columns(json.dumps(asked.to_dict()), known))

    def _all(self) -> list[tuple[str, Column]]:
        found = [] if self.table is None else self.table.columns()
        return [*found, ("(targets)", self.targets)] if self._targets_are_apart else found

    def digest(self) -> str | None:
        """The digest of what is in them; None where that cannot be said, since the gate is an error then."""
        found = self._all()
        if len({length(values) for _, values in found}) > 1:
            return None
        return _native.gate_content_digest(found)

    def hashes(self, training: Table) -> tuple[list[int], list[int]]:
        """Hashes of the rows here and there, of the columns that both have, but for the ids."""
        if self.table is None:
            raise InvalidArgument("there is training_data, and no data to hold it against: give data=")
        mine, theirs = self.table.columns(), training.columns()
        both = {name for name, _ in mine} & {name for name, _ in theirs} - {self.ids_name}
        if not both:
            raise InvalidArgument("training_data and data have no column in common: expected the same names")
        return self._hashed(mine, both), self._hashed(theirs, both)

    @staticmethod
    def _hashed(found: list[tuple[str, Column]], names: set[Any]) -> list[int]:
        return _native.gate_content_hashes([(name, values) for name, values in found if name in names])


def _scored(
    asked: GateDefinition,
    versions: _Versions,
    rows: _Rows,
    classes: Sequence[Any] | None,
    costs: Costs,
    latency_rows: int,
    trust: bool,
    progress: _Progress,
) -> dict[str, Any]:
    """What both say of the rows, and what they cost."""
    takes = {takes for _, takes in asked._metrics if takes != "own"}
    takes |= {"probabilities" for metric in asked._own.values() if metric.takes == "probabilities"}
    fractions = [name for name, kind in asked._metrics if kind == "probabilities" or kind == "own"]
    asker = Asker(takes, fractions, rows.targets)
    sides = [one for one in (versions.candidate, versions.baseline) if one is not None]
    said: list[Said | None] = []
    for one in sides:
        progress.next(one.what)
        if one.predictions is not None:
            said.append(handed(one, classes, rows.targets, rows.ids_name))
            continue
        features = rows.features()
        one.load(trust)
        said.append(None if one.failure is not None else asker.ask(one, features))
    progress.next("what they cost")
    is_asked = all(one is not None for one in said)
    if is_asked and rows.table is not None:
        features = rows.features()
        costs.measure(versions.candidate, versions.baseline, features, rows.table.rows, latency_rows, progress.show)
    failure = next((one.failure for one in sides if one.failure is not None), None)
    own: list[tuple[str, Column, Column | None]] = []
    functions: list[tuple[str, Any]] = []
    progress.next("your metrics")
    if failure is None:
        for metric in asked._own.values():
            scored = _by(metric, asked, rows, [one for one in said if one is not None], progress)
            if scored.values is not None:
                own.append((metric.name, scored.values[0], scored.values[1] if len(scored.values) > 1 else None))
            else:
                functions.append((metric.name, scored))
    natives = [(one or Said()).native() for one in said]
    return {
        "targets": rows.targets,
        "candidate": natives[0],
        "baseline": natives[1] if len(natives) > 1 else None,
        "ids": rows.ids,
        "columns": rows.columns(asked),
        "own": own,
        "own_functions": functions,
        "data_digest": None,
        "row_hashes": [],
        "training_hashes": [],
        "unlabelled": None,
        "measured": costs.native,
        "failure": failure,
    }


def _by(metric: GateMetric, asked: GateDefinition, rows: _Rows, said: list[Said], progress: _Progress) -> Scored:
    """A metric of one's own for both, by rows in the order of the targets."""
    from .columns import values_of

    positive = asked.to_dict().get("positive", "1")
    found = []
    for one in said:
        try:
            found.append(one.aligned(rows.ids).of_metric(metric.takes, positive))
        except InvalidArgument as error:
            raise InvalidArgument(f"`{metric}`: {error}") from error
    return Scored(metric, values_of(rows.targets), found[0], found[1] if len(found) > 1 else None, progress.show)
