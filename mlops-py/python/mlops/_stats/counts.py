"""Tests and intervals of counts, many hypotheses at once, and what rows can show."""

from __future__ import annotations

from typing import Any

from .. import _native
from .arguments import count, numbers, pair, real
from .results import Interval, McNemar, Wald


def mcnemar(b: int, c: int) -> McNemar:
    """McNemar's test (1947) of two models on the same rows, exact by the binomial distribution: ``P(Bin(b + c, 1/2) >= b)``. The
    mid-p is Fagerland's, Lydersen's and Laake's (2013).

    b, c: on how many rows just the candidate, and just the baseline, is right.

    >>> from mlops import stats
    >>> found = stats.mcnemar(8, 2)
    >>> round(found.p_value, 7), round(found.two_sided, 6)
    (0.0546875, 0.109375)
    """
    return McNemar(*_native.stats_mcnemar(count("b", b), count("c", c)))


def wald(b: int, c: int, n: int) -> Wald:
    """The difference of two paired shares and Wald's standard error: ``(b - c) / n`` and ``sqrt(b + c - (b - c)^2 / n) / n``.

    b, c: on how many of n rows just the candidate, and just the baseline, is right.

    >>> from mlops import stats
    >>> difference, error = stats.wald(30, 10, 1_000)
    >>> difference, round(error, 10)
    (0.02, 0.0062928531)
    """
    return Wald(*_native.stats_wald(count("b", b), count("c", c), count("n", n)))


# The argument is called as in Rust.
def wilson(count: int, n: int, alpha: float = 0.05) -> Interval:
    """Wilson's interval (1927) of a share, ``alpha / 2`` on each side, without continuity correction.

    >>> from mlops import stats
    >>> lower, upper = stats.wilson(0, 10)
    >>> lower, round(upper, 9)
    (0.0, 0.2775328)
    """
    return Interval(*_native.stats_wilson(_count("count", count), _count("n", n), real("alpha", alpha)))


def newcombe(first: tuple[int, int], second: tuple[int, int], alpha: float = 0.05) -> Interval:
    """Newcombe's interval (1998, method 10) of the difference of two shares of different rows, first less second; each is how many,
    and of how many.

    >>> from mlops import stats
    >>> [round(bound, 4) for bound in stats.newcombe((56, 70), (48, 80))]
    [0.0524, 0.3339]
    """
    return Interval(*_native.stats_newcombe(pair("first", first), pair("second", second), real("alpha", alpha)))


def holm(p_values: Any) -> list[float]:
    """Holm's adjusted p-values (1979), in the order of those given: a hypothesis is rejected at a family-wise level where its
    adjusted p-value is not above it, whatever the dependence.

    >>> from mlops import stats
    >>> stats.holm([0.04, 0.01, 0.03])
    [0.06, 0.03, 0.06]
    """
    return _native.stats_holm(numbers("p_values", p_values))


def holm_levels(p_values: Any, alpha: float = 0.05) -> list[float]:
    """The level that Holm's procedure holds each hypothesis against: ``alpha / (k - i)`` while they are rejected, and the level of
    the first that is not for all that follow. Bounds at these levels are those that decide.

    >>> from mlops import stats
    >>> stats.holm_levels([0.9, 0.001, 0.03], 0.06)
    [0.06, 0.02, 0.03]
    """
    return _native.stats_holm_levels(numbers("p_values", p_values), real("alpha", alpha))


def minimal_detectable(error: float, alpha: float = 0.05, power: float = 0.8) -> float:
    """The smallest true difference that a one-sided test at ``alpha`` shows with this power: ``(z_alpha + z_power) error``.

    error: for right and wrong ``sqrt(psi / n)``, psi the share of rows on which just one model is right; for means
    ``sd(d) / sqrt(n)``.

    >>> from mlops import stats
    >>> round(stats.minimal_detectable((0.1 / 24_700) ** 0.5), 6)
    0.005003
    """
    return _native.stats_minimal_detectable(real("error", error), real("alpha", alpha), real("power", power))


def rows_needed(discordance: float, margin: float, alpha: float = 0.05, power: float = 0.8) -> int:
    """How many rows show a difference of ``margin`` in a metric of right and wrong:
    ``(z_alpha + z_power)^2 (psi - M^2) / M^2``, rounded up.

    discordance: psi, the share of rows on which just one model is right.

    >>> from mlops import stats
    >>> stats.rows_needed(0.1, 0.005)
    24725
    """
    given = (real("discordance", discordance), real("margin", margin), real("alpha", alpha), real("power", power))
    return _native.stats_rows_needed(*given)


def rows_needed_for_mean(deviation: float, margin: float, alpha: float = 0.05, power: float = 0.8) -> int:
    """How many rows show a difference of ``margin`` in a mean whose differences have this standard deviation:
    ``(z_alpha + z_power)^2 sd^2 / M^2``, rounded up.

    >>> from mlops import stats
    >>> stats.rows_needed_for_mean(1.0, 0.1)
    619
    """
    given = (real("deviation", deviation), real("margin", margin), real("alpha", alpha), real("power", power))
    return _native.stats_rows_needed_for_mean(*given)


_count = count
