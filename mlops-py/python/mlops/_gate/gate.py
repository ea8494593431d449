"""``mlops.gate``: the candidate and what is in production, on the same rows, now."""

from __future__ import annotations

import json
import operator
import os
from collections.abc import Mapping, Sequence
from typing import Any

from .. import _native, _state
from .._progress import Bar
from ..exceptions import InvalidArgument
from .asked import asked
from .costs import Costs
from .definition import GateDefinition, OnInconclusive, Rule, Rules, Spend
from .result import GateResult
from .rows import Rows
from .scoring import Progress, scored
from .table import Table
from .versions import Versions


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
    unlabelled: tuple[int, int] | None = None,
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
    data are called where their uses are counted, such as ``"holdout@7"``; the digest of what is in them. unlabelled: how many rows
    without a label were left out, of the candidate's data and of the baseline's: the report warns where they differ.

    latency_rows: how many rows a call has whose time is taken. measured: costs from elsewhere. measuring_host: nothing else runs
    here. record: the use of the data is counted in the store, and the result is noted with a candidate that is a version, if the
    baseline is one too.

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
    wanted = asked(definition, name, primary, metrics, given)
    document = wanted.to_dict()
    if data_name is not None and not isinstance(data_name, str):
        raise InvalidArgument(f"data_name is {data_name!r}: expected a text, such as 'holdout@7'")
    versions = Versions(candidate, baseline, candidate_predictions, baseline_predictions, slot)
    rows = Rows(data, targets, ids, features)
    costs = Costs(document.get("budgets", {}), measured, measuring_host)
    with Bar("the gate") as bar:
        progress = Progress(bar, len(wanted._own) * document["resamples"])
        inputs = scored(wanted, versions, rows, classes, costs, latency_rows, trust, progress)
        inputs["unlabelled"] = _unlabelled(unlabelled)
        inputs["data_digest"] = data_name if data_name is not None else rows.digest()
        if training_data is not None:
            inputs["row_hashes"], inputs["training_hashes"] = rows.hashes(Table(training_data))
        progress.next("the checks")
        store = _state.store() if record or versions.registered is not None else None
        whom = versions.native(record, actor, reason)
        tell = progress.drawn if bar.wanted else None
        native = _native.run_gate(json.dumps(document), inputs, store, whom, versions.names(), tell)
    return GateResult(native, versions.entity() if native.noted is not None else None)


def _unlabelled(given: Any) -> tuple[int, int] | None:
    if given is None:
        return None
    try:
        candidate, baseline = (operator.index(one) for one in given)
    except (TypeError, ValueError):
        candidate, baseline = -1, -1
    if candidate < 0 or baseline < 0:
        raise InvalidArgument(f"unlabelled is {given!r}: expected two numbers of rows, of the candidate's data and of the baseline's")
    return candidate, baseline
