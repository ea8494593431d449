"""Writes gate.json: scores of predictions, tests and resampled intervals, by the libraries that people trust.

    pip install mlxtend==0.25.0 numpy==2.4.6 scikit-learn==1.9.1 scipy==1.17.1 statsmodels==0.15.0
    python tests/oracle/gate.py > tests/oracle/gate.json

Numbers have few digits, so that there are ties. Resamples are drawn by numpy's Philox as `compare.rs` says, and their
intervals are made by scipy.stats.bootstrap from these differences; beside them stand the intervals of resamples that
scipy draws by itself.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from typing import Any

import mlxtend.evaluate
import numpy as np
import sklearn.metrics as sk
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint
from statsmodels.stats.weightstats import ttost_paired

RESAMPLES = 999
SEED = 20_240_607
ALPHAS = [0.05, 0.01]

Rows = np.ndarray
Model = dict[str, Any]


# What is scored.


def binary(random: np.random.Generator, n: int) -> dict[str, Any]:
    y = random.integers(0, 2, n)
    y[:4] = [0, 1, 1, 0]
    model = lambda noise: np.clip(np.round(0.5 + 0.3 * (y - 0.5) + random.normal(0, noise, n), 2), 0, 1)
    return {"y": y, "candidate": model(0.2), "baseline": model(0.3)}


def multiclass(random: np.random.Generator, n: int, classes: int) -> dict[str, Any]:
    y = random.integers(0, classes, n)
    y[:classes] = np.arange(classes)

    def model(weight: float) -> np.ndarray:
        # 16ths: rows are exactly 1 together, and there are ties.
        p = (1 - weight) / classes + weight * np.eye(classes)[y]
        return np.array([random.multinomial(6, row) for row in p]) / 8 + 2 / 8 / classes

    return {"y": y, "candidate": model(0.3), "baseline": model(0.2)}


def labels(random: np.random.Generator, n: int) -> dict[str, Any]:
    y = random.choice([0, 2, 3, 7], n, p=[0.5, 0.3, 0.15, 0.05])
    # Class 5 is predicted and never true.
    model = lambda wrong: np.where(random.random(n) < wrong, random.choice([0, 2, 3, 5], n), y)
    return {"y": y, "candidate": model(0.3), "baseline": model(0.4)}


def regression(random: np.random.Generator, n: int) -> dict[str, Any]:
    y = np.round(random.gamma(2, 2, n) + 0.05, 2)
    model = lambda noise: np.abs(np.round(y + random.standard_t(3, n) * noise, 1))
    return {"y": y, "candidate": model(0.5), "baseline": model(0.6)}


def ranking(random: np.random.Generator, count: int) -> dict[str, Any]:
    queries = random.permutation(np.repeat(np.arange(count) * 7 + 3, random.integers(2, 9, count)))
    y = np.minimum(random.poisson(0.7, len(queries)), 3)
    model = lambda noise: np.round(0.6 * y + random.normal(0, noise, len(queries)), 1)
    return {"y": y, "queries": queries, "candidate": model(0.8), "baseline": model(1.0)}


# Scores.


def calibration_error(y: Rows, p: Rows, bins: int) -> float:
    if p.ndim == 2:
        right, confidence = (np.argmax(p, axis=1) == y).astype(float), p.max(axis=1)
    else:
        right, confidence = (y == 1).astype(float), p
    of_bin = np.minimum((confidence * bins).astype(int), bins - 1)
    return float(sum(abs((confidence - right)[of_bin == b].sum()) for b in range(bins)) / len(y))


def per_query(value: Callable[[Rows, Rows], float]) -> Callable[[dict[str, Any], Rows], Rows]:
    def values(data: dict[str, Any], scores: Rows) -> Rows:
        _, first = np.unique(data["queries"], return_index=True)
        of_query = (data["queries"] == query for query in data["queries"][np.sort(first)])
        return np.array([value(data["y"][rows], scores[rows]) for rows in of_query])

    return values


def reciprocal_rank(y: Rows, scores: Rows) -> float:
    if not (y > 0).any():
        return 0.0
    return 1.0 / (1 + np.sum((y == 0) & (scores >= scores[y > 0].max())))


def ndcg(k: int | None) -> Callable[[Rows, Rows], float]:
    return lambda y, scores: float(sk.ndcg_score(y[None], scores[None], k=k)) if y.any() else 0.0


def hard(p: Rows) -> Rows:
    return np.argmax(p, axis=1) if p.ndim == 2 else (p > 0.5).astype(int)


def averaged(name: str, function: Callable[..., float], average: str) -> dict[str, Callable[[Rows, Rows], float]]:
    key = name if average == "binary" else f"{name}_{average}"
    return {key: lambda y, p: float(function(y, p, average=average, zero_division=0))}


OF_CLASSES: dict[str, Callable[[Rows, Rows], float]] = {
    "accuracy": sk.accuracy_score,
    "error": sk.zero_one_loss,
    "balanced_accuracy": sk.balanced_accuracy_score,
    "mcc": sk.matthews_corrcoef,
}
for _average in ["macro", "micro", "weighted"]:
    OF_CLASSES |= averaged("precision", sk.precision_score, _average)
    OF_CLASSES |= averaged("recall", sk.recall_score, _average)
    OF_CLASSES |= averaged("f1", sk.f1_score, _average)
OF_BINARY = (
    averaged("precision", sk.precision_score, "binary")
    | averaged("recall", sk.recall_score, "binary")
    | averaged("f1", sk.f1_score, "binary")
)
OF_PROBABILITIES: dict[str, Callable[[Rows, Rows], float]] = {
    "log_loss": lambda y, p: sk.log_loss(y, p, labels=[0, 1] if p.ndim == 1 else list(range(p.shape[1]))),
    "brier": lambda y, p: sk.brier_score_loss(y, p, **({"labels": list(range(p.shape[1]))} if p.ndim == 2 else {"pos_label": 1})),
    "roc_auc": lambda y, p: sk.roc_auc_score(y, p, multi_class="ovr"),
    "average_precision": sk.average_precision_score,
    "calibration_error@15": lambda y, p: calibration_error(y, p, 15),
    "calibration_error@4": lambda y, p: calibration_error(y, p, 4),
}
OF_NUMBERS: dict[str, Callable[[Rows, Rows], float]] = {
    "mae": sk.mean_absolute_error,
    "mse": sk.mean_squared_error,
    "rmse": sk.root_mean_squared_error,
    "r2": sk.r2_score,
    "median_absolute_error": sk.median_absolute_error,
    "mape": sk.mean_absolute_percentage_error,
    "quantile_loss@0.9": lambda y, p: sk.mean_pinball_loss(y, p, alpha=0.9),
    "msle": sk.mean_squared_log_error,
}
OF_RANKINGS = {"ndcg": per_query(ndcg(None)), "ndcg@3": per_query(ndcg(3)), "mrr": per_query(reciprocal_rank)}
LESS = {"error", "log_loss", "brier", "calibration_error", *OF_NUMBERS} - {"r2"}


def scorers(data: dict[str, Any]) -> dict[str, Callable[[Rows, Rows], float]]:
    on_hard = lambda function: lambda y, p: float(function(y, hard(p)))
    match data["kind"]:
        case "binary":
            return {k: on_hard(f) for k, f in (OF_CLASSES | OF_BINARY).items()} | OF_PROBABILITIES
        case "multiclass":
            top = {f"top_k_accuracy@{k}": lambda y, p, k=k: sk.top_k_accuracy_score(y, p, k=k, labels=range(p.shape[1])) for k in [1, 2]}
            return {k: on_hard(f) for k, f in OF_CLASSES.items()} | OF_PROBABILITIES | top
        case "labels":
            return OF_CLASSES
        case _:
            return OF_NUMBERS


def scored(name: str, data: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for model in ["candidate", "baseline"]:
        if data["kind"] == "ranking":
            values = {metric: float(f(data, data[model]).mean()) for metric, f in OF_RANKINGS.items()}
        else:
            values = {metric: float(f(data["y"], data[model])) for metric, f in scorers(data).items()}
        found += [{"data": name, "model": model, "metric": metric, "value": value} for metric, value in values.items()]
    return found


# Resamples.


def drawn(resample: int, n: int, count: int) -> Rows:
    words = np.random.Philox(key=SEED, counter=[0, resample, 0, 0]).random_raw(count)
    return np.array([int(word) * n >> 64 for word in words])


def rows_of(resample: int, n: int, groups: Rows | None, block: int | None) -> Rows:
    if groups is not None:
        _, first = np.unique(groups, return_index=True)
        members = [np.flatnonzero(groups == groups[row]) for row in np.sort(first)]
        return np.concatenate([members[g] for g in drawn(resample, len(members), len(members))])
    if block is not None:
        starts = drawn(resample, n - block + 1, -(-n // block))
        return np.concatenate([np.arange(start, start + block) for start in starts])[:n]
    return drawn(resample, n, n)


def resampled(name: str, data: dict[str, Any], metric: str, block: int | None = None, grouped: bool = False) -> dict[str, Any]:
    sign = -1 if metric in LESS or metric.split("@")[0] in LESS else 1
    if data["kind"] == "ranking":
        d = OF_RANKINGS[metric](data, data["candidate"]) - OF_RANKINGS[metric](data, data["baseline"])
        n, difference = len(d), lambda rows: float(d[rows].mean())
    else:
        score, n = scorers(data)[metric], len(data["y"])
        part = lambda model, rows: score(data["y"][rows], data[model][rows])
        # Rounded, so that differences that are equal are equal, which BCa counts.
        difference = lambda rows: round(sign * (part("candidate", rows) - part("baseline", rows)), 13)
    groups = data["groups"] if grouped else None
    differences = np.array([difference(rows_of(b, n, groups, block)) for b in range(RESAMPLES)])
    case: dict[str, Any] = {"data": name, "metric": metric, "block": block, "grouped": grouped, "difference": difference(np.arange(n))}
    case["p_value"] = (1 + int(np.sum(differences <= 0))) / (RESAMPLES + 1)
    case["deviation"] = float(differences.std(ddof=1))
    case["percentile"] = [[float(np.quantile(differences, a)), float(np.quantile(differences, 1 - a))] for a in ALPHAS]
    if block is None and not grouped:
        given = type("Given", (), {"bootstrap_distribution": differences})()
        interval = lambda method, a, **more: stats.bootstrap(
            (np.arange(n),), lambda rows: difference(rows.astype(int)), vectorized=False, method=method, confidence_level=1 - 2 * a, **more
        ).confidence_interval
        ours = lambda method, a: list(interval(method, a, n_resamples=0, bootstrap_result=given))
        assert np.allclose([ours("percentile", a) for a in ALPHAS], case["percentile"], rtol=1e-12, atol=1e-15)
        case["bca"] = [ours("BCa", a) for a in ALPHAS]
        own = np.random.default_rng(1)
        case["scipy"] = list(interval("percentile", 0.05, n_resamples=2_000, rng=own))
    return case


# Tests.


def delong(data: dict[str, Any]) -> dict[str, Any]:
    positive, negative = data["y"] == 1, data["y"] == 0

    def placements(scores: Rows) -> tuple[Rows, Rows]:
        pairs = scores[positive][:, None] - scores[negative][None, :]
        wins = (pairs > 0) + 0.5 * (pairs == 0)
        return wins.mean(axis=1), wins.mean(axis=0)

    (v10, v01), (w10, w01) = placements(data["candidate"]), placements(data["baseline"])
    covariance = np.cov(v10, w10) / positive.sum() + np.cov(v01, w01) / negative.sum()
    difference = v10.mean() - w10.mean()
    error = float(np.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]))
    return {"difference": difference, "error": error, "p_value": float(stats.norm.sf(difference / error))}


def mcnemar(b: int, c: int) -> dict[str, Any]:
    m, at = b + c, stats.binom.pmf(b, b + c, 0.5)
    tail = float(stats.binom.sf(b - 1, m, 0.5))
    two_sided = float(statsmodels_mcnemar([[10, b], [c, 10]], exact=True).pvalue) if m else 1.0
    if m:
        assert np.isclose(two_sided, mlxtend.evaluate.mcnemar(np.array([[10, b], [c, 10]]), exact=True)[1], rtol=1e-9)
    mid = min(1.0, float(2 * stats.binom.sf(max(b, c) - 1, m, 0.5) - at))
    values = [tail, tail - at / 2, two_sided, mid] if m else [1.0] * 4
    return {"b": b, "c": c, "values": values}


def diebold_mariano(d: Rows, h: int) -> dict[str, Any]:
    n, off = len(d), d - d.mean()
    g = [float(off[k:] @ off[: n - k]) / n for k in range(h)]
    statistic = d.mean() / np.sqrt((g[0] + 2 * sum(g[1:])) / n) * np.sqrt((n + 1 - 2 * h + h * (h - 1) / n) / n)
    return {"d": d, "horizon": h, "statistic": statistic, "p_value": float(stats.t.sf(statistic, n - 1))}


def five_by_two() -> list[dict[str, Any]]:
    found = []
    for seed in [1, 2, 3]:
        random = np.random.default_rng(seed)
        x = random.normal(size=(200, 4))
        y = (x[:, 0] + x[:, 1] ** 2 + random.normal(size=200) > 0.5).astype(int)
        scores: list[float] = []

        def scoring(estimator: Any, x: Rows, y: Rows, scores: list[float] = scores) -> float:
            scores.append(float(estimator.score(x, y)))
            return scores[-1]

        models = LogisticRegression(), DecisionTreeClassifier(max_depth=3, random_state=0)
        f, p = mlxtend.evaluate.combined_ftest_5x2cv(*models, x, y, scoring=scoring, random_seed=seed)
        first, second = scores[0::2], scores[1::2]
        d = np.subtract(first, second).reshape(5, 2)
        found.append({"d": d, "f": float(f), "p_value": float(p)})
    return found


def tests(random: np.random.Generator) -> dict[str, Any]:
    lists = [random.normal(0.2, 1, n).round(2) for n in [2, 3, 12, 25, 26, 40, 300]]
    lists += [np.array([0.3, -0.1, 0.0, 0.0, 0.2, 0.2, -0.2, 0.5]), np.arange(1, 26) * np.where(np.arange(25) % 4, 1, -1.0)]
    means = []
    for d in lists:
        t = stats.ttest_1samp(d, 0, alternative="greater")
        n, exact = len(d), len(d) <= 25 and (d != 0).all() and len(set(np.abs(d))) == len(d)
        signed = stats.wilcoxon(d, alternative="greater", method="exact" if exact else "asymptotic", correction=False)
        error = d.std(ddof=1) / np.sqrt(n)
        ratio = 0.1 / 0.9
        corrected = d.mean() / np.sqrt((1 / n + ratio) * d.var(ddof=1))
        tost = ttost_paired(d, np.zeros(n), -0.5, 0.5)
        means.append({
            "d": d, "t": t.statistic, "t_p": t.pvalue,
            "lower": [d.mean() - stats.t.ppf(1 - a, n - 1) * error for a in ALPHAS],
            "wilcoxon": signed.statistic, "wilcoxon_p": signed.pvalue, "exact": exact,
            "corrected_t": corrected, "corrected_p": stats.t.sf(corrected, n - 1),
            "tost": [tost[0], tost[1][1], tost[2][1]],
        })  # fmt: skip
    two = [((56, 70), (48, 80)), ((0, 10), (3, 12)), ((9, 9), (0, 7)), ((5_000, 60_000), (5_200, 60_500))]
    z = stats.norm.ppf
    psi = [(0.1, 0.005), (0.02, 0.01), (0.5, 0.1)]
    return {
        "mcnemar": [mcnemar(b, c) for b, c in [(0, 0), (1, 0), (0, 1), (8, 2), (5, 5), (40, 61), (1_203, 1_100), (50_300, 49_800), (20, 0)]],
        "wald": [{"b": b, "c": c, "n": n, "error": np.sqrt(b + c - (b - c) ** 2 / n) / n} for b, c, n in [(30, 10, 1_000), (0, 5, 7), (9, 0, 9)]],
        "wilson": [{"k": k, "n": n, "alpha": a, "interval": proportion_confint(k, n, a, "wilson")} for k, n in [(0, 10), (10, 10), (3, 7), (81, 263), (1, 100_000)] for a in [0.05, 0.1]],
        "newcombe": [{"first": f, "second": s, "interval": confint_proportions_2indep(*f, *s, method="newcomb", compare="diff")} for f, s in two],
        "means": means,
        "five_by_two": five_by_two(),
        "diebold_mariano": [diebold_mariano(np.convolve(random.normal(0.1, 1, n + 3), np.ones(3), "valid").round(3), h) for n, h in [(20, 1), (60, 3), (200, 6)]],
        "holm": [{"p": p, "adjusted": multipletests(p, method="holm")[1]} for p in ([0.04, 0.01, 0.03], random.random(9).round(2) ** 3, np.array([0.5]), np.array([0.02, 0.02, 1.0, 0.0]))],
        "power": [{"psi": p, "margin": m, "mde": (z(0.95) + z(0.8)) * np.sqrt(p / 700), "rows": int(np.ceil((z(0.95) + z(0.8)) ** 2 * (p - m**2) / m**2))} for p, m in psi],
    }  # fmt: skip


def main() -> None:
    random = np.random.default_rng(7)
    data = {
        "binary": binary(random, 160) | {"kind": "binary"},
        "few": binary(random, 14) | {"kind": "binary"},
        "multiclass": multiclass(random, 90, 4) | {"kind": "multiclass"},
        "labels": labels(random, 150) | {"kind": "labels"},
        "regression": regression(random, 120) | {"kind": "regression"},
        "ranking": ranking(random, 40) | {"kind": "ranking"},
    }
    for some in data.values():
        some["groups"] = random.integers(0, max(4, len(some["y"]) // 5), len(some["y"]))
    data["binary"]["groups"][:] = np.sort(data["binary"]["groups"])
    cases = [("binary", m) for m in ["accuracy", "log_loss", "brier", "f1", "precision", "mcc", "balanced_accuracy", "roc_auc", "average_precision", "calibration_error@15"]]
    cases += [("multiclass", m) for m in ["top_k_accuracy@2", "roc_auc", "f1_macro", "log_loss"]] + [("labels", "f1_weighted"), ("labels", "error")]
    cases += [("regression", m) for m in ["mae", "rmse", "r2", "median_absolute_error", "quantile_loss@0.9"]] + [("ranking", "ndcg@3"), ("ranking", "mrr")]
    bootstrap = [resampled(name, data[name], metric) for name, metric in cases]
    bootstrap += [resampled(name, data[name], metric, grouped=True) for name, metric in [("binary", "accuracy"), ("binary", "log_loss"), ("binary", "roc_auc"), ("regression", "rmse"), ("labels", "f1_macro")]]
    bootstrap += [resampled("regression", data["regression"], metric, block=b) for metric, b in [("mae", 5), ("rmse", 7), ("r2", 1), ("mae", 60)]]
    found = {
        "seed": SEED,
        "resamples": RESAMPLES,
        "data": data,
        "scores": [score for name, some in data.items() for score in scored(name, some)],
        "draws": [{"resample": b, "rows": drawn(b, 11, 11)} for b in [0, 1, 2, 500, 998]],
        "bootstrap": bootstrap,
        "delong": [{"data": name} | delong(data[name]) for name in ["binary", "few"]],
        "tests": tests(random),
    }

    def plain(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return value.tolist()
        if isinstance(value, np.generic):
            return value.item()
        raise TypeError(type(value))

    print(json.dumps(found, default=plain, separators=(",", ":")))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
