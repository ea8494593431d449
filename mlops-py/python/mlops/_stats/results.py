"""What the statistics find."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from .. import _native


class FTest(NamedTuple):
    """A test by an F."""

    f: float
    """Infinite if halves never differ."""
    p_value: float
    """Two-sided."""


class Interval(NamedTuple):
    """An interval."""

    lower: float
    upper: float


class Wald(NamedTuple):
    """A difference of two paired shares."""

    difference: float
    error: float
    """Its standard error."""


class Note(NamedTuple):
    """What a reader of a comparison has to know."""

    code: str
    """Which, such as ``few_rows``."""
    text: str
    """The same in a sentence, with the numbers."""


class Series(NamedTuple):
    """Rows that are in the order of time, each depending on those before."""

    horizon: int = 1
    """How many steps ahead the predictions are: their errors depend on each other over that many rows less one."""
    block: int | None = None
    """How many rows a block of the bootstrap has; None: the larger of the horizon and the cube root of the rows, rounded up."""


@dataclass(frozen=True)
class TTest:
    """A test by a t."""

    difference: float
    """The mean of the differences."""
    error: float
    """Its standard error; infinite for one difference, 0 if they do not vary."""
    df: float
    """The degrees of freedom."""
    t: float
    p_value: float
    """One-sided, of the hypothesis that the mean is not above 0."""


@dataclass(frozen=True)
class Tost:
    """Two one-sided t tests of equivalence."""

    p_not_below: float
    """Of the hypothesis that the mean is ``-margin`` or less."""
    p_not_above: float
    """Of the hypothesis that it is ``margin`` or more."""
    p_value: float
    """The larger: small means that the mean is within the margin on both sides."""


@dataclass(frozen=True)
class Wilcoxon:
    """What Wilcoxon's test finds."""

    statistic: float
    """The sum of the ranks of the differences above 0."""
    p_value: float
    """One-sided, of the hypothesis that the differences are not above 0."""
    exact: bool
    """Whether p is exact."""


@dataclass(frozen=True)
class DieboldMariano:
    """What the test of Diebold and Mariano finds."""

    statistic: float
    """Corrected for small samples."""
    p_value: float
    """One-sided, of the hypothesis that the mean is not above 0."""
    without_lags: bool
    """The sum over lags was not above 0, so that the variance without lags was taken."""


@dataclass(frozen=True)
class McNemar:
    """McNemar's test of two models on the same rows."""

    p_value: float
    """One-sided and exact, of the hypothesis that the candidate is not better."""
    mid_p: float
    """The same less half the probability of b itself: less conservative."""
    two_sided: float
    two_sided_mid_p: float


@dataclass(frozen=True)
class DeLong:
    """What DeLong's test finds."""

    candidate: float
    """The candidate's area."""
    baseline: float
    """The baseline's area."""
    difference: float
    """Candidate less baseline."""
    error: float
    """The standard error of the difference; 0 if it does not vary, infinite with one positive or one negative row."""
    p_value: float
    """One-sided, of the hypothesis that the candidate's area is not larger."""
    positives: int
    negatives: int


@dataclass(frozen=True, repr=False)
class Comparison:
    """A candidate beside the baseline: the difference, how sure it is, and how that was found.

    Bounds may be infinite: the rows cannot tell, as one row cannot."""

    metric: str
    greater_is_better: bool
    """Whether a larger value of the metric is better."""
    rows: int
    candidate: float
    """The candidate's value of the metric."""
    baseline: float
    """The baseline's value of the metric."""
    difference: float
    """Candidate less baseline, or the reverse for a metric of which less is better: above 0 is better."""
    lower: float
    """The lower one-sided bound of the difference at ``alpha``."""
    upper: float
    """The upper one-sided bound of the difference at ``alpha``."""
    p_value: float
    """One-sided, of the hypothesis that the candidate is not better."""
    alpha: float
    """The level of the bounds."""
    method: str
    """How interval and p-value were made: ``percentile+mcnemar``, ``delong``, ``paired_t``, ``cluster_percentile``..."""
    resamples: int | None
    """How many resamples were taken, if any."""
    minimal_detectable: float
    """The smallest true difference that such rows show with a power of 80 % at ``alpha``; infinite if that cannot be said."""
    discordant: int | None
    """For metrics of right and wrong, on how many rows just one of both is right."""
    positives: int | None
    """How many rows are of the positive class, for metrics of a positive class."""
    negatives: int | None
    agrees: bool
    """False if the interval is the t's and the bootstrap does not agree on the sign of the lower bound."""
    notes: tuple[Note, ...]
    """What a reader has to know."""
    _found: _native.Comparison = field(compare=False)

    @classmethod
    def _of(cls, found: _native.Comparison) -> Comparison:
        metric, method, greater, rows, (resamples, discordant, positives, negatives), agrees = found.facts()
        candidate, baseline, difference, lower, upper, p_value, alpha, minimal = found.numbers()
        notes = tuple(Note(code, text) for code, text in found.notes())
        whole = (metric, greater, rows, candidate, baseline, difference, lower, upper, p_value, alpha, method, resamples)
        return cls(*whole, minimal, discordant, positives, negatives, agrees, notes, found)

    @property
    def value(self) -> float:
        """The candidate's value of the metric."""
        return self.candidate

    def lower_at(self, alpha: float) -> float:
        """The lower bound at another level, above 0 and below 1/2, without resampling again. A bootstrap of B resamples says
        nothing of levels below ``1 / (B + 1)``: minus infinity."""
        return self._found.lower_at(alpha)

    def upper_at(self, alpha: float) -> float:
        """The upper bound at another level, as :meth:`lower_at`."""
        return self._found.upper_at(alpha)

    def p_value_at(self, margin: float) -> float:
        """The one-sided p-value of the hypothesis that the true difference is ``-margin`` or less, by the distribution that the
        bounds are of: small means not worse than by ``margin``."""
        return self._found.p_value_at(margin)

    def agrees_at(self, alpha: float, margin: float = 0.0) -> bool:
        """Whether the bootstrap agrees, at this level and margin, on the sign of lower bound plus margin."""
        return self._found.agrees_at(alpha, margin)

    def is_exactly_above(self, alpha: float, margin: float = 0.0) -> bool:
        """Whether an exact test agrees, at this level, that the true difference is above ``-margin``; True where more than a few
        rows tell the models apart."""
        return self._found.is_exactly_above(alpha, margin)

    def resamples_needed(self, alpha: float) -> float | None:
        """How many resamples would say something of this level, where those that were taken say nothing."""
        return self._found.resamples_needed(alpha)

    def has_note(self, code: str) -> bool:
        """Whether this note was made, such as ``few_rows``."""
        return any(note.code == code for note in self.notes)

    def __repr__(self) -> str:
        sure = f"{100 * (1 - self.alpha):.6g} % each"
        notes = f", notes: {', '.join(note.code for note in self.notes)}" if self.notes else ""
        return (
            f"<Comparison {self.metric} {self.candidate:.4g} beside {self.baseline:.4g}: {self.difference:+.4g} better, "
            f"{self.lower:.4g} to {self.upper:.4g} ({sure}), p = {self.p_value:.3g} by {self.method}{notes}>"
        )
