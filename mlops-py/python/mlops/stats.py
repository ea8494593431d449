"""The statistics of the gate alone: how much better one of two models is, and how sure that is.

Begin with :func:`compare`, which takes what both models said of the same rows and chooses the method by the metric;
:func:`compare_all` does it for several metrics with the same resamples, and :func:`compare_values` for a value of each row that you
have yourself. The tests are functions of their own. Which to take:

- differences over folds or repeated splits: :func:`corrected_t`, never :func:`paired_t`, since folds share their training rows;
- both halves of five splits: :func:`five_by_two_f`;
- differences over data sets or tenants, or of rows with heavy tails: :func:`wilcoxon`;
- the same model in another runtime: :func:`tost`, which shows that two are as good;
- forecasts of a series: :func:`diebold_mariano`; areas under the ROC curve: :func:`delong`; right and wrong: :func:`mcnemar`;
- a share: :func:`wilson`; two shares of different rows: :func:`newcombe`, of the same rows: :func:`wald`;
- several tests at once: :func:`holm`; how many rows it takes: :func:`rows_needed`, :func:`rows_needed_for_mean`.

Differences are counted so that above 0 is better for the candidate, and p-values are one-sided unless it is said. Lists, arrays and
columns of numpy, pandas, polars and pyarrow are taken; none of these libraries is needed. The same input and seed give the same
result in Rust, C and Python, on any number of threads.

>>> from mlops import stats
>>> round(stats.mcnemar(8, 2).p_value, 7)
0.0546875
>>> truth, new, old = [1, 1, 0, 0] * 100, [1, 1, 0, 0] * 100, [1, 0, 0, 0] * 100
>>> found = stats.compare("accuracy", truth, new, old)
>>> found.difference, found.lower > 0.2, found.method
(0.25, True, 'percentile+mcnemar')
"""

from __future__ import annotations

from ._stats.comparing import compare, compare_all, compare_values
from ._stats.counts import holm, holm_levels, mcnemar, minimal_detectable, newcombe, rows_needed, rows_needed_for_mean, wald, wilson
from ._stats.means import corrected_t, delong, diebold_mariano, five_by_two_f, paired_t, tost, wilcoxon
from ._stats.results import (
    Comparison,
    DeLong,
    DieboldMariano,
    FTest,
    Interval,
    McNemar,
    Note,
    Series,
    Tost,
    TTest,
    Wald,
    Wilcoxon,
)

__all__ = [
    "Comparison",
    "DeLong",
    "DieboldMariano",
    "FTest",
    "Interval",
    "McNemar",
    "Note",
    "Series",
    "TTest",
    "Tost",
    "Wald",
    "Wilcoxon",
    "compare",
    "compare_all",
    "compare_values",
    "corrected_t",
    "delong",
    "diebold_mariano",
    "five_by_two_f",
    "holm",
    "holm_levels",
    "mcnemar",
    "minimal_detectable",
    "newcombe",
    "paired_t",
    "rows_needed",
    "rows_needed_for_mean",
    "tost",
    "wald",
    "wilcoxon",
    "wilson",
]
