"""Searches of scikit-learn: what they tried, and which was best."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .training import is_number, shown

if TYPE_CHECKING:
    from .sklearn import Fit


def is_search(estimator: Any) -> bool:
    """Whether an estimator looks for the best params of another."""
    return any(kind.__name__ == "BaseSearchCV" for kind in type(estimator).__mro__)


def log_search(fit: Fit) -> None:
    """Logs the best params and score, the table of all candidates, and a run for each of the best."""
    search = fit.estimator
    if hasattr(search, "best_params_"):
        best = {f"best_{name}": value for name, value in search.best_params_.items()}
        fit.attempt("the best params", lambda: fit.log_params(best))
    if hasattr(search, "best_score_"):
        fit.attempt("the best score", lambda: fit.log_metrics({"best_cv_score": search.best_score_}))
    if hasattr(search, "cv_results_"):
        results = search.cv_results_
        fit.attempt("the table of candidates", lambda: fit.run.log_bytes("cv_results.csv", _csv(results)))
        fit.attempt("the runs of candidates", lambda: _log_candidates(fit, results))


def _csv(results: dict[str, Any]) -> bytes:
    import csv
    import io

    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(results)
    writer.writerows(zip(*results.values()))
    return buffer.getvalue().encode()


def _log_candidates(fit: Fit, results: dict[str, Any]) -> None:
    from .. import _state
    from .sklearn import _tags

    params = results["params"]
    count = len(params)
    wanted = fit.settings.own.get("max_tuning_runs", 5)
    order = range(count)
    rank = next((name for name in ("rank_test_score", *results) if name in results and name.startswith("rank_test_")), None)
    if rank is not None:
        order = sorted(order, key=lambda at: (results[rank][at], at))  # type: ignore[assignment]
    chosen = list(order)[: count if wanted is None else wanted]
    seed = fit.estimator.estimator
    base = seed.get_params(deep=not is_search(seed))
    about = fit.store.get_run(fit.run.id)
    source_name, source_type = _state.source()
    for at in chosen:
        child = fit.store.start_run(
            experiment_id=about["experiment_id"],
            parent_run_id=fit.run.id,
            tags=[("mlflow.autologging", fit.library), *_tags(seed).items()],
            source_name=source_name,
            source_type=source_type,
        )
        try:
            given = [(str(name), shown(value)) for name, value in {**base, **params[at]}.items()]
            points: list[tuple[str, float, int, int | None]] = []
            for name, values in results.items():
                # The params stand among the params, and the splits in the table.
                if not name.startswith(("param", "split")) and is_number(values[at]):
                    points.append((name, float(values[at]), 0, None))
            child.log_batch(given, [], points)
        except BaseException:
            child.end("FAILED")
            raise
        child.end("FINISHED")
