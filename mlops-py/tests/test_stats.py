"""Statistics alone: the numbers of scipy and others, what is refused, and what any library hands in."""

from __future__ import annotations

import doctest
import importlib
import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from interrupting import ends_by_ctrl_c

import mlops
from mlops import stats
from mlops.exceptions import InvalidArgument

RECORDED = json.loads((Path(__file__).resolve().parents[2] / "tests/oracle/gate.json").read_text(encoding="utf-8"))
TESTS = RECORDED["tests"]
TRUTH, NEW, OLD = [1, 1, 0, 0] * 100, [1, 1, 0, 0] * 100, [1, 0, 0, 0] * 100


def near(found: Any, expected: Any) -> None:
    """Equal to a billionth, of the number or of 1e-4 if it is smaller."""
    if isinstance(expected, list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected):
            near(one, other)
    else:
        assert abs(found - expected) <= 1e-9 * max(abs(expected), 1e-4), f"{found} is not {expected}"


@pytest.mark.parametrize("module", ["stats", "_stats.means", "_stats.counts", "_stats.comparing"])
def test_the_examples_of_the_docstrings_run(module: str) -> None:
    done = doctest.testmod(importlib.import_module(f"mlops.{module}"))
    assert done.attempted > 0 and done.failed == 0


def test_differences_have_the_tests_of_scipy_and_statsmodels() -> None:
    for case in TESTS["means"]:
        differences = case["d"]
        plain = stats.paired_t(differences)
        near([plain.t, plain.p_value], [case["t"], case["t_p"]])
        ranks = stats.wilcoxon(differences)
        near([ranks.statistic, ranks.p_value], [case["wilcoxon"], case["wilcoxon_p"]])
        assert ranks.exact is case["exact"]
        corrected = stats.corrected_t(differences, 900, 100)
        near([corrected.t, corrected.p_value], [case["corrected_t"], case["corrected_p"]])
        equal = stats.tost(differences, 0.5)
        near([equal.p_value, equal.p_not_below, equal.p_not_above], case["tost"])
        found = stats.compare_values("d", True, differences, [0.0] * len(differences), method="paired_t")
        near([found.lower, found.lower_at(0.01)], case["lower"])
    for case in TESTS["five_by_two"]:
        near(list(stats.five_by_two_f(case["d"])), [case["f"], case["p_value"]])
    for case in TESTS["diebold_mariano"]:
        series = stats.diebold_mariano(case["d"], case["horizon"])
        near([series.statistic, series.p_value], [case["statistic"], case["p_value"]])


def test_counts_have_the_tests_and_intervals_of_statsmodels_and_mlxtend() -> None:
    for case in TESTS["mcnemar"]:
        found = stats.mcnemar(case["b"], case["c"])
        near([found.p_value, found.mid_p, found.two_sided, found.two_sided_mid_p], case["values"])
    for case in TESTS["wald"]:
        near(stats.wald(case["b"], case["c"], case["n"]).error, case["error"])
    for case in TESTS["wilson"]:
        near(list(stats.wilson(case["k"], case["n"], case["alpha"])), case["interval"])
    for case in TESTS["newcombe"]:
        near(list(stats.newcombe(case["first"], case["second"])), case["interval"])
    for case in TESTS["holm"]:
        near(stats.holm(case["p"]), case["adjusted"])
        levels = stats.holm_levels(case["p"], 0.05)
        assert [p <= level for p, level in zip(case["p"], levels)] == [p <= 0.05 for p in case["adjusted"]]
    for case in TESTS["power"]:
        near(stats.minimal_detectable(math.sqrt(case["psi"] / 700), 0.05, 0.8), case["mde"])
        assert stats.rows_needed(case["psi"], case["margin"]) == case["rows"]


def test_delong_is_the_variance_over_all_pairs() -> None:
    for case in RECORDED["delong"]:
        data = RECORDED["data"][case["data"]]
        found = stats.delong(data["y"], data["candidate"], data["baseline"])
        near([found.difference, found.error, found.p_value], [case["difference"], case["error"], case["p_value"]])
        assert found.positives == sum(data["y"]) and found.negatives == len(data["y"]) - sum(data["y"])
        named = stats.delong(["ny"[y] for y in data["y"]], data["candidate"], data["baseline"], positive="y")
        assert named == found


def test_resamples_give_the_intervals_of_numpy_and_scipy() -> None:
    for case in RECORDED["bootstrap"]:
        data = RECORDED["data"][case["data"]]
        options: dict[str, Any] = {"seed": RECORDED["seed"], "resamples": RECORDED["resamples"]}
        if case["grouped"]:
            options["groups"] = [f"group {group}" for group in data["groups"]]
        if case["block"] is not None:
            options["series"] = stats.Series(1, case["block"])
        if data["kind"] == "ranking":
            options["queries"] = data["queries"]
        found = stats.compare(
            case["metric"], data["y"], data["candidate"], data["baseline"], method="percentile", **options
        )
        near([found.difference, found.p_value_at(0.0)], [case["difference"], case["p_value"]])
        bounds = [[found.lower, found.upper], [found.lower_at(0.01), found.upper_at(0.01)]]
        near(bounds, case["percentile"])


def test_a_comparison_has_all_that_was_found_and_says_it_in_a_line() -> None:
    found = stats.compare("accuracy", TRUTH, NEW, OLD, seed=7)
    assert (found.value, found.candidate, found.baseline, found.difference) == (1.0, 1.0, 0.75, 0.25)
    assert (found.rows, found.discordant, found.resamples, found.alpha) == (400, 100, 2_000, 0.05)
    assert found.method == "percentile+mcnemar" and found.greater_is_better and found.agrees
    assert found.lower < 0.25 < found.upper and found.p_value < 1e-9 and 0 < found.minimal_detectable < 0.1
    assert found.lower_at(0.01) < found.lower_at(0.05) == found.lower and found.upper_at(0.05) == found.upper
    assert found.p_value_at(0.1) <= found.p_value_at(0.0) < 0.001 and found.resamples_needed(1e-9) is not None
    assert found.notes == () and found.agrees_at(0.05) and found.is_exactly_above(0.05)
    assert repr(found).startswith("<Comparison accuracy 1 beside 0.75: +0.25 better, 0.2") and "95 % each" in repr(found)
    assert found == stats.compare("accuracy", TRUTH, NEW, OLD, seed=7, threads=1)
    with pytest.raises(AttributeError):
        found.lower = 1.0  # type: ignore[misc]
    few = stats.compare("accuracy", TRUTH[:40], NEW[:40], NEW[:40])
    assert few.has_note("few_rows") and few.has_note("no_difference") and not few.has_note("constant_predictions")
    assert few.notes[0].code in repr(few) and "40 rows" in few.notes[0].text


def test_metrics_are_compared_together_and_of_all_kinds() -> None:
    scores = [0.9, 0.8, 0.2, 0.3] * 100
    worse = [0.9, 0.4, 0.2, 0.3] * 100
    together = stats.compare_all(["accuracy", "log_loss", "roc_auc"], TRUTH, scores, worse)
    assert together == [stats.compare(name, TRUTH, scores, worse) for name in ("accuracy", "log_loss", "roc_auc")]
    both = {0: [1 - p for p in scores], 1: scores}, [[1 - p, p] for p in worse]
    assert stats.compare("brier", TRUTH, *both).difference == pytest.approx(0.08)
    turned = stats.compare("log_loss", TRUTH, {1: scores, 0: [1 - p for p in scores]}, {0: [1 - p for p in worse], 1: worse})
    assert turned.difference == pytest.approx(together[1].difference)
    one_first = [{1: of, 0: [1 - p for p in of]} for of in (scores, worse)]
    assert stats.compare("roc_auc", TRUTH, *one_first).difference == pytest.approx(together[2].difference)
    columns = [[[p, 1 - p] for p in of] for of in (scores, worse)]
    assert stats.compare("recall", TRUTH, *columns, classes=[1, 0]).candidate == 1.0
    numbers = stats.compare("mae", [1.0, 2.0, 3.0] * 40, [1.1, 2.0, 3.0] * 40, [1.5, 2.5, 3.5] * 40, method="wilcoxon")
    assert numbers.method == "paired_t+wilcoxon" and numbers.difference > 0.4
    series = stats.compare("mae", [1.0, 2.0] * 60, [1.1, 2.0] * 60, [1.5, 2.4] * 60, series=stats.Series(horizon=3))
    assert series.method == "block_percentile+diebold_mariano"
    rows = list(range(120))
    ranked = stats.compare("ndcg", [row % 3 for row in rows], rows, rows[::-1], queries=[f"q{row // 6}" for row in rows])
    assert ranked.rows == 120 and ranked.difference > 0
    named = stats.compare("recall", ["bad", "ok"] * 50, ["bad", "ok"] * 50, ["ok", "ok"] * 50, positive="bad")
    assert (named.candidate, named.baseline) == (1.0, 0.0)


REFUSED: list[tuple[str, Callable[[], Any]]] = [
    ("differences", lambda: stats.paired_t([])),
    ("differences", lambda: stats.paired_t(3.0)),
    ("differences", lambda: stats.paired_t(["a", "b"])),
    ("a difference `NaN`", lambda: stats.paired_t([1.0, None])),
    ("a difference `inf`", lambda: stats.wilcoxon([1.0, math.inf])),
    ("train_rows", lambda: stats.corrected_t([0.1, 0.2], 0, 5)),
    ("train_rows", lambda: stats.corrected_t([0.1, 0.2], 8.5, 5)),  # type: ignore[arg-type]
    ("test_rows", lambda: stats.corrected_t([0.1, 0.2], 8, -5)),
    ("five pairs", lambda: stats.five_by_two_f([[0.1, 0.2]] * 4)),
    ("five pairs", lambda: stats.five_by_two_f([0.1] * 10)),
    ("row 2 of differences", lambda: stats.five_by_two_f([[0.1, 0.2], [0.1]])),
    ("margin", lambda: stats.tost([0.1, 0.2], 0)),
    ("margin", lambda: stats.tost([0.1, 0.2], "0.1")),  # type: ignore[arg-type]
    ("horizon", lambda: stats.diebold_mariano([0.1, 0.2], 2)),
    ("horizon", lambda: stats.diebold_mariano([0.1, 0.2], -1)),
    ("horizon", lambda: stats.diebold_mariano([0.1, 0.2], 2**40)),
    ("b is -1", lambda: stats.mcnemar(-1, 2)),
    ("c is 36893488147419103232", lambda: stats.mcnemar(1, 2**65)),
    ("the 5 + 6 discordant rows", lambda: stats.wald(5, 6, 10)),
    ("the count, 3", lambda: stats.wilson(3, 2)),
    ("count is 'x'", lambda: stats.wilson("x", 2)),  # type: ignore[arg-type]
    ("alpha", lambda: stats.wilson(1, 2, 1.0)),
    ("first", lambda: stats.newcombe(3, (1, 2))),  # type: ignore[arg-type]
    ("n of second", lambda: stats.newcombe((1, 2), (1, -2))),
    ("a p-value `1.5`", lambda: stats.holm([0.1, 1.5])),
    ("alpha", lambda: stats.holm_levels([0.1], 0)),
    ("power", lambda: stats.minimal_detectable(0.1, power=1.0)),
    ("discordance", lambda: stats.rows_needed(0.001, 0.01)),
    ("deviation", lambda: stats.rows_needed_for_mean(-1, 0.1)),
    ("row 2 of targets", lambda: stats.delong([0, 2], [0.1, 0.2], [0.1, 0.2])),
    ("the baseline's predictions", lambda: stats.delong([0, 1], [0.1, 0.2], [0.1])),
    ("accuracyy", lambda: stats.compare("accuracyy", TRUTH, NEW, OLD)),
    ("the metric", lambda: stats.compare(max, TRUTH, NEW, OLD)),  # type: ignore[arg-type]
    ("targets", lambda: stats.compare("accuracy", [], [], [])),
    ("the candidate's predictions `399 rows`", lambda: stats.compare("accuracy", TRUTH, NEW[1:], OLD)),
    ("row 2 of the candidate's predictions `NaN`", lambda: stats.compare("mae", [1, 2], [1, None], [1, 2])),
    ("alpha", lambda: stats.compare("accuracy", TRUTH, NEW, OLD, alpha=0.5)),
    ("resamples", lambda: stats.compare("accuracy", TRUTH, NEW, OLD, resamples=10)),
    ("seed", lambda: stats.compare("accuracy", TRUTH, NEW, OLD, seed=-1)),
    ("groups `2 rows`", lambda: stats.compare("accuracy", TRUTH, NEW, OLD, groups=[1, 2])),
    ("row 1 of groups", lambda: stats.compare("mae", [1, 2], [1, 2], [1, 2], groups=[None, 2])),
    ("series", lambda: stats.compare("accuracy", TRUTH, NEW, OLD, series=3)),  # type: ignore[arg-type]
    ("block", lambda: stats.compare("accuracy", TRUTH, NEW, OLD, series=stats.Series(1, 0))),
    ("method `t`", lambda: stats.compare("accuracy", TRUTH, NEW, OLD, method="t")),
    ("threads", lambda: stats.compare("accuracy", TRUTH, NEW, OLD, threads=-1)),
    ("positive `7`", lambda: stats.compare("f1", ["a", "b"], ["a", "b"], ["a", "a"], positive=7)),
    ("classes", lambda: stats.compare("log_loss", TRUTH, [[1.0, 0.0]] * 400, [[1.0, 0.0]] * 400, classes="ab")),
    ("classes", lambda: stats.compare("log_loss", [0, 1], {0: [1, 1], 1: [0, 0]}, {0: [1, 1], 2: [0, 0]})),
    ("row 2 of the baseline's predictions", lambda: stats.compare("log_loss", [0, 1], [[1, 0]] * 2, [[1, 0], [1]])),
    ("scores or probabilities", lambda: stats.compare("log_loss", ["a", "b"], ["a", "b"], ["a", "b"])),
    ("queries", lambda: stats.compare("ndcg", [1, 0], [0.1, 0.2], [0.2, 0.1])),
    ("metrics", lambda: stats.compare_all("accuracy", TRUTH, NEW, OLD)),
    ("metrics", lambda: stats.compare_all([], TRUTH, NEW, OLD)),
    ("greater_is_better", lambda: stats.compare_values("cost", "no", [1.0], [1.0])),  # type: ignore[arg-type]
    ("the baseline's values `1 rows`", lambda: stats.compare_values("cost", True, [1.0, 2.0], [1.0])),
    ("alpha", lambda: stats.compare("accuracy", TRUTH, NEW, OLD).lower_at(0.7)),
    ("margin", lambda: stats.compare("accuracy", TRUTH, NEW, OLD).p_value_at(math.nan)),
]


@pytest.mark.parametrize(("part", "call"), REFUSED)
def test_what_is_no_good_is_named(part: str, call: Callable[[], Any]) -> None:
    with pytest.raises(InvalidArgument) as caught:
        call()
    assert part in str(caught.value)


def test_arrays_and_columns_of_any_library_give_the_same() -> None:
    numpy, pandas = pytest.importorskip("numpy"), pytest.importorskip("pandas")
    expected = stats.compare("log_loss", TRUTH, [0.9, 0.8, 0.2, 0.3] * 100, [0.9, 0.4, 0.2, 0.3] * 100)
    ours, theirs = numpy.array([0.9, 0.8, 0.2, 0.3] * 100), pandas.Series([0.9, 0.4, 0.2, 0.3] * 100)
    assert stats.compare("log_loss", numpy.array(TRUTH), ours, theirs) == expected
    table = pandas.DataFrame({"no": 1 - theirs, "yes": theirs})
    found = stats.compare("log_loss", numpy.array(TRUTH, dtype=bool), numpy.stack([1 - ours, ours], axis=1), table)
    assert found.difference == pytest.approx(expected.difference)
    assert stats.paired_t(numpy.array([1, 2, 3])) == stats.paired_t(pandas.Series([1.0, 2.0, 3.0])) == stats.paired_t((1, 2, 3))
    halves = numpy.array([[0.1, 0.2], [0.0, 0.1], [0.2, 0.2], [0.1, 0.0], [0.1, 0.1]])
    assert stats.five_by_two_f(halves) == stats.five_by_two_f(halves.tolist())
    assert stats.mcnemar(numpy.int64(8), numpy.uint8(2)) == stats.mcnemar(8, 2)
    assert stats.tost(numpy.array([0.1, 0.2]), numpy.float32(0.5)) == stats.tost([0.1, 0.2], 0.5)
    polars = pytest.importorskip("polars")
    assert stats.compare("log_loss", polars.Series(TRUTH), polars.Series(ours), theirs) == expected


def test_numpy_is_not_needed(tmp_path: Path) -> None:
    script = """
import sys
sys.modules["numpy"] = sys.modules["pandas"] = None
from mlops import stats
print(stats.wilcoxon([0.3, 0.1, -0.2, 0.5, 0.4, 0.6]).p_value)
truth, p = ["a", "b", "c"] * 40, [[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]] * 40
print(stats.compare("accuracy", truth, p, ["a", "b", "b"] * 40).discordant)
print(stats.compare("log_loss", truth, p, [[0.4, 0.3, 0.3], [0.3, 0.4, 0.3], [0.3, 0.3, 0.4]] * 40).method)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert done.stdout.split() == ["0.046875", "40", "paired_t"]


def test_ctrl_c_ends_a_comparison_that_draws(tmp_path: Path) -> None:
    script = """
import mlops.stats as stats
truth = [row % 2 for row in range(20_000)]
ours, theirs = ([y if row % every else 1 - y for row, y in enumerate(truth)] for every in (9, 5))
print("begun", flush=True)
try:
    stats.compare("f1", truth, ours, theirs, resamples=1_000_000)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
    assert ends_by_ctrl_c(script, tmp_path)


def test_the_module_is_there_with_mlops() -> None:
    assert mlops.stats is stats and "stats" in dir(mlops) and "stats" in mlops.__all__
    assert all(hasattr(stats, name) for name in stats.__all__)
