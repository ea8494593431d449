"""XGBoost: ``train``, and ``fit`` of its estimators."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from . import boosting
from .patches import Patches
from .training import around


def install(patches: Patches, module: str) -> None:
    """Replaces what trains, and what makes the matrices."""
    library = sys.modules[module]
    patches.put(library, "train", "xgboost:train")
    for name in ("DMatrix", "QuantileDMatrix"):
        if hasattr(library, name):
            patches.put(getattr(library, name), "__init__", "boosting:made")
    estimators = sys.modules.get(f"{module}.sklearn")
    if estimators is not None and hasattr(library, "XGBModel"):
        patches.put(estimators, "train", "xgboost:train_of_fit")
        for kind in vars(estimators).values():
            if isinstance(kind, type) and issubclass(kind, library.XGBModel) and "fit" in vars(kind):
                patches.put(kind, "fit", "xgboost:fit")


# Most numbers of a matrix that are copied for the digest of a data set.
_NUMBERS = 10_000_000


class Train(boosting.Train):
    """One call of ``xgboost.train``."""

    library = "xgboost"
    no_params = frozenset(("params", "dtrain", "evals", "obj", "feval", "evals_result", "xgb_model", "callbacks"))
    matrix = "dtrain"

    def callback(self) -> Any:
        from xgboost.callback import TrainingCallback

        training = self

        class Rounds(TrainingCallback):  # type: ignore[misc, unused-ignore]
            def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
                training.attempt("metrics of rounds", lambda: training.round(epoch, _last(evals_log)))
                return False

        return Rounds()

    def content(self, matrix: Any) -> tuple[Any, Any]:
        if not hasattr(matrix, "get_data") or matrix.num_row() * matrix.num_col() > _NUMBERS:
            return None, None
        return matrix.get_data().toarray(), matrix.get_label()

    def evaluated(self, found: dict[str, Any]) -> list[tuple[Any, str | None]]:
        return [(matrix, name) for matrix, name in found.get("evals") or []]

    def best(self, model: Any) -> tuple[int, int, dict[str, float] | None] | None:
        try:
            best = int(model.best_iteration)
        except AttributeError:
            # There was no early stopping.
            return None
        first = len(self.rounds) - (model.num_boosted_rounds() if hasattr(model, "num_boosted_rounds") else 0)
        at = best if first >= 0 else best + first
        return best, len(self.rounds) - 1, self.rounds[at] if 0 <= at < len(self.rounds) else None

    def importance_kinds(self) -> list[str]:
        return list(self.settings.own.get("importance_types", ["weight"]))

    def importance(self, model: Any, kind: str) -> tuple[list[str], Any]:
        found = model.get_score(importance_type=kind)
        values = [sum(value) if isinstance(value, (list, tuple)) else value for value in found.values()]
        return list(found), values

    def predictor(self, model: Any) -> Callable[[Any], Any]:
        from xgboost import DMatrix

        return lambda data: model.predict(DMatrix(data))


def _last(evals_log: Any) -> dict[str, float]:
    found = {}
    for data, metrics in evals_log.items():
        for name, values in metrics.items():
            value = values[-1]
            # In cross-validation: mean and standard deviation.
            found[f"{data}-{name}"] = value[0] if isinstance(value, tuple) else value
    return found


def train(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What stands for ``xgboost.train``."""
    return around("xgboost", lambda settings: Train(settings, function), function, args, kwargs)


def train_of_fit(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What stands for the ``train`` of the estimators."""
    return boosting.train_of_fit(Train, function, args, kwargs)


def fit(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What stands for ``fit``."""
    return boosting.fit("xgboost", function, args, kwargs)
