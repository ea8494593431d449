"""Tests of differences: of folds, data sets, rows and forecasts, and of areas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import _native
from .arguments import MOST_OF_32, count, numbers, pairs, real
from .comparing import compared
from .results import DeLong, DieboldMariano, FTest, Tost, TTest, Wilcoxon


def paired_t(differences: Any) -> TTest:
    """Student's paired t (1908): ``mean(d) / (sd(d) / sqrt(n))`` with n - 1 degrees of freedom, for differences of independent
    rows. Of folds it is too sure: take :func:`corrected_t`. Of one difference nothing is known: p is 1.

    >>> from mlops import stats
    >>> round(stats.paired_t([1.0, 2.0, 3.0]).p_value, 8)
    0.03708995
    """
    return TTest(*_native.stats_paired_t(numbers("differences", differences)))


def corrected_t(differences: Any, train_rows: int, test_rows: int) -> TTest:
    """The corrected resampled t of Nadeau and Bengio (2003): ``mean(d) / sqrt((1/K + n_test/n_train) var(d))`` with K - 1 degrees
    of freedom, for the differences of K folds or repeated splits, whose training rows overlap.

    >>> from mlops import stats
    >>> folds = [0.02, 0.01, 0.03, 0.015, 0.025]
    >>> stats.corrected_t(folds, 800, 200).p_value > stats.paired_t(folds).p_value
    True
    """
    given = numbers("differences", differences)
    return TTest(*_native.stats_corrected_t(given, count("train_rows", train_rows), count("test_rows", test_rows)))


def five_by_two_f(differences: Any) -> FTest:
    """The combined 5x2cv F test of Alpaydin (1999): ``sum d_ij^2 / (2 sum s_i^2)``, of F with 10 and 5 degrees of freedom, for five
    pairs: the differences of both halves of five splits. Two-sided.

    >>> from mlops import stats
    >>> f, p_value = stats.five_by_two_f([[0.1, 0.2], [0.0, 0.1], [0.2, 0.2], [0.1, 0.0], [0.1, 0.1]])
    >>> round(f, 6), p_value < 0.05
    (5.666667, True)
    """
    return FTest(*_native.stats_five_by_two_f(pairs("differences", differences)))


def tost(differences: Any, margin: float) -> Tost:
    """Two one-sided t tests (Schuirmann, 1987) that the mean difference is between ``-margin`` and ``margin``: for the same model
    in another runtime.

    >>> from mlops import stats
    >>> stats.tost([0.001, -0.002, 0.0, 0.001], 0.01).p_value < 0.01
    True
    """
    return Tost(*_native.stats_tost(numbers("differences", differences), real("margin", margin)))


def wilcoxon(differences: Any) -> Wilcoxon:
    """Wilcoxon's signed-rank test (1945), one-sided: for differences of models over data sets, or of rows with heavy tails.

    Zeros are left out. Exact for at most 25 differences without zeros or ties, else normal with the correction for ties and none
    for continuity, as scipy's.

    >>> from mlops import stats
    >>> stats.wilcoxon([0.3, 0.1, -0.2, 0.5, 0.4, 0.6])
    Wilcoxon(statistic=19.0, p_value=0.046875, exact=True)
    """
    return Wilcoxon(*_native.stats_wilcoxon(numbers("differences", differences)))


def diebold_mariano(differences: Any, horizon: int = 1) -> DieboldMariano:
    """The test of Diebold and Mariano (1995) of differences of losses in the order of time, corrected by Harvey, Leybourne and
    Newbold (1997), for forecasts ``horizon`` steps ahead, by Student's t with n - 1 degrees of freedom. A variance over lags that is
    not above 0 is replaced by that without lags, as in R's ``dm.test``.

    >>> from mlops import stats
    >>> stats.diebold_mariano([0.3, 0.5, -0.1, 0.4, 0.2, 0.1, 0.6, 0.0], 2).p_value < 0.05
    True
    """
    given = numbers("differences", differences)
    return DieboldMariano(*_native.stats_diebold_mariano(given, count("horizon", horizon, MOST_OF_32)))


def delong(
    targets: Any, candidate: Any, baseline: Any, *, classes: Sequence[Any] | None = None, positive: Any = None
) -> DeLong:
    """DeLong's test of two areas under the ROC curve of the same rows (DeLong, DeLong and Clarke-Pearson, 1988), by midranks (Sun
    and Xu, 2014).

    candidate, baseline: the score of the positive class of each row. Classes and the positive one are those of :func:`compare`.

    >>> from mlops import stats
    >>> found = stats.delong([0, 0, 1, 1, 0, 1], [0.1, 0.4, 0.8, 0.9, 0.3, 0.7], [0.1, 0.9, 0.8, 0.3, 0.2, 0.7])
    >>> round(found.difference, 6), found.positives
    (0.333333, 3)
    """
    return DeLong(*_native.stats_delong(compared(targets, candidate, baseline, classes, positive, None, None)))
