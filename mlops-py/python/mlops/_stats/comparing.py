"""A candidate beside the baseline, by a metric of what both said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .. import _native
from .._gate.columns import class_name, column
from ..exceptions import InvalidArgument
from .arguments import MOST_OF_32, count, numbers, real, refuse, said
from .results import Comparison, Series


def compare(
    metric: str,
    targets: Any,
    candidate: Any,
    baseline: Any,
    *,
    alpha: float = 0.05,
    resamples: int = 2_000,
    seed: int = 0,
    groups: Any = None,
    series: Series | None = None,
    method: str = "auto",
    threads: int = 0,
    queries: Any = None,
    classes: Sequence[Any] | None = None,
    positive: Any = None,
) -> Comparison:
    """Compares a candidate with the baseline on the same rows, by the method that suits the metric.

    Accuracy gets the percentile bootstrap and McNemar's test, the AUC of two classes DeLong's, means of rows (log loss, Brier, MAE,
    MSE) the paired t with which the bootstrap must agree, others the BCa bootstrap (Efron, 1987) to 5,000 rows. The bootstrap draws
    the same rows for both models.

    metric: its name, such as ``accuracy``, ``f1_macro``, ``roc_auc``, ``log_loss``, ``rmse`` or ``ndcg@10``. targets: the class, the
    number or the relevance of each row. candidate, baseline: what both say of it: a class, a number, a score of the positive class, or
    probabilities as an array (n_rows, n_classes) or a dict of classes with a column each. For metrics of classes such as accuracy whole
    numbers are classes, and others probabilities of the positive one, of which more than 1/2 is that class.

    alpha: the level of each one-sided bound. groups: which rows belong together, such as those of a user: they are drawn together.
    series: ``stats.Series(horizon, block)`` for rows in the order of time. method: ``auto``, ``bootstrap``, ``percentile``, ``bca``,
    ``paired_t``, ``wilcoxon``, ``wald`` or ``delong``. threads: 0 is as many as the machine has; the result is the same for each.
    queries: of which query each row is, for rankings. classes: in the order of their probabilities. positive: the positive class;
    of 0 and 1 it is 1, of others the second.

    >>> from mlops import stats
    >>> truth = ["good", "bad"] * 200
    >>> new, old = [0.8, 0.3] * 200, [0.6, 0.5, 0.4, 0.3] * 100
    >>> stats.compare("log_loss", truth, new, old, positive="good").difference > 0.3
    True
    """
    metrics = [_name(metric)]
    given = compared(targets, candidate, baseline, classes, positive, queries, groups)
    options = _options(alpha, resamples, seed, series, method, threads)
    return Comparison._of(_native.stats_compare(metrics, given, options)[0])


def compare_all(
    metrics: Iterable[str],
    targets: Any,
    candidate: Any,
    baseline: Any,
    *,
    alpha: float = 0.05,
    resamples: int = 2_000,
    seed: int = 0,
    groups: Any = None,
    series: Series | None = None,
    method: str = "auto",
    threads: int = 0,
    queries: Any = None,
    classes: Sequence[Any] | None = None,
    positive: Any = None,
) -> list[Comparison]:
    """Compares by several metrics, each as :func:`compare` does, but rows are drawn once for all: two metrics take little more time
    than one. Metrics are of one kind: of classes, of numbers, or of rankings.

    >>> from mlops import stats
    >>> found = stats.compare_all(["accuracy", "roc_auc"], [0, 1, 1, 0, 1], [0.1, 0.9, 0.8, 0.4, 0.7], [0.2, 0.7, 0.4, 0.6, 0.6])
    >>> [one.metric for one in found]
    ['accuracy', 'roc_auc']
    """
    if isinstance(metrics, str):
        refuse("metrics", metrics, "a list of names; one metric is for stats.compare")
    try:
        names = [_name(metric) for metric in metrics]
    except TypeError:
        refuse("metrics", metrics, "a list of names")
    given = compared(targets, candidate, baseline, classes, positive, queries, groups)
    options = _options(alpha, resamples, seed, series, method, threads)
    return [Comparison._of(found) for found in _native.stats_compare(names, given, options)]


def compare_values(
    metric: str,
    greater_is_better: bool,
    candidate: Any,
    baseline: Any,
    *,
    alpha: float = 0.05,
    resamples: int = 2_000,
    seed: int = 0,
    groups: Any = None,
    series: Series | None = None,
    method: str = "auto",
    threads: int = 0,
) -> Comparison:
    """Compares by a metric of one's own that is the mean of values of rows: with the paired t, or where all values are 0 or 1 as
    accuracy is. ``metric`` is what it is called. The options are those of :func:`compare`.

    >>> from mlops import stats
    >>> cost = [row % 7 for row in range(200)]
    >>> less = [row % 7 - 0.1 * (row % 3) for row in range(200)]
    >>> found = stats.compare_values("cost", False, less, cost)
    >>> found.lower > 0, found.method
    (True, 'paired_t')
    """
    if not isinstance(greater_is_better, bool):
        refuse("greater_is_better", greater_is_better, "True or False")
    ours, theirs = numbers("candidate", candidate), numbers("baseline", baseline)
    of_groups = None if groups is None else column("groups", groups)
    options = _options(alpha, resamples, seed, series, method, threads)
    found = _native.stats_compare_values(_name(metric), greater_is_better, ours, theirs, of_groups, options)
    return Comparison._of(found[0])


def compared(
    targets: Any, candidate: Any, baseline: Any, classes: Sequence[Any] | None, positive: Any, queries: Any, groups: Any
) -> dict[str, Any]:
    """What is compared, as the core takes it."""
    if classes is not None:
        if isinstance(classes, (str, bytes)):
            refuse("classes", classes, "a list of classes")
        classes = list(classes)
    ours, named = said("the candidate's predictions", candidate, classes)
    # The columns of both are in one order.
    theirs, others = said("the baseline's predictions", baseline, classes if classes is not None else named)
    if classes is None:
        classes = named if named is not None else others
    return {
        "targets": column("targets", targets),
        "candidate": ours,
        "baseline": theirs,
        "classes": None if classes is None else [class_name(one) for one in classes],
        "positive": None if positive is None else class_name(positive),
        "queries": None if queries is None else column("queries", queries),
        "groups": None if groups is None else column("groups", groups),
    }


def _name(metric: Any) -> str:
    if isinstance(metric, str):
        return metric
    raise InvalidArgument(
        f"the metric is {metric!r}: expected a name such as 'accuracy'; values of rows by a metric of your own are for stats.compare_values"
    )


def _options(alpha: Any, resamples: Any, seed: Any, series: Any, method: Any, threads: Any) -> dict[str, Any]:
    blocks = None
    if series is not None:
        if not isinstance(series, Series):
            refuse("series", series, "stats.Series(horizon, block)")
        block = None if series.block is None else count("block", series.block, MOST_OF_32)
        blocks = (count("horizon", series.horizon, MOST_OF_32), block)
    if not isinstance(method, str):
        refuse("method", method, "a name such as 'auto' or 'bootstrap'")
    return {
        "alpha": real("alpha", alpha),
        "resamples": count("resamples", resamples, MOST_OF_32),
        "seed": count("seed", seed, 2**64 - 1),
        "series": blocks,
        "method": method,
        "threads": count("threads", threads, 1024),
    }
