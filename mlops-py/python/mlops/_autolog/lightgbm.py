"""LightGBM: ``train``, and ``fit`` of its estimators."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from . import boosting
from .patches import Patches
from .training import around

# Before early stopping, which ends the round by an exception.
_ORDER = 25


def install(patches: Patches, module: str) -> None:
    """Replaces what trains, and what makes the data sets."""
    library = sys.modules[module]
    patches.put(library, "train", "lightgbm:train")
    patches.put(library.Dataset, "__init__", "boosting:made")
    estimators = sys.modules.get(f"{module}.sklearn")
    if estimators is not None and hasattr(library, "LGBMModel"):
        patches.put(estimators, "train", "lightgbm:train_of_fit")
        for kind in vars(estimators).values():
            if isinstance(kind, type) and issubclass(kind, library.LGBMModel) and "fit" in vars(kind):
                patches.put(kind, "fit", "lightgbm:fit")


class Train(boosting.Train):
    """One call of ``lightgbm.train``."""

    library = "lightgbm"
    no_params = frozenset(
        ("params", "train_set", "valid_sets", "valid_names", "fobj", "feval", "init_model", "evals_result", "callbacks")
    )
    matrix = "train_set"

    def callback(self) -> Any:
        def rounds(env: Any) -> None:
            self.attempt(
                "metrics of rounds",
                lambda: self.round(env.iteration, {f"{one[0]}-{one[1]}": one[2] for one in env.evaluation_result_list or []}),
            )

        rounds.order = _ORDER  # type: ignore[attr-defined]
        return rounds

    def evaluated(self, found: dict[str, Any]) -> list[tuple[Any, str | None]]:
        sets = found.get("valid_sets") or []
        sets = list(sets) if isinstance(sets, (list, tuple)) else [sets]
        names = found.get("valid_names") or []
        names = [names] if isinstance(names, str) else list(names)
        return [(one, names[at] if at < len(names) else None) for at, one in enumerate(sets)]

    def best(self, model: Any) -> tuple[int, int, dict[str, float] | None] | None:
        # Rounds count from 1.
        best = int(model.best_iteration)
        if best <= 0:
            return None
        return best, len(self.rounds), self.rounds[best - 1] if best <= len(self.rounds) else None

    def importance_kinds(self) -> list[str]:
        return ["split", "gain"]

    def importance(self, model: Any, kind: str) -> tuple[list[str], Any]:
        return list(model.feature_name()), model.feature_importance(importance_type=kind)

    def predictor(self, model: Any) -> Callable[[Any], Any]:
        found: Callable[[Any], Any] = model.predict
        return found


def train(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What stands for ``lightgbm.train``."""
    return around("lightgbm", lambda settings: Train(settings, function), function, args, kwargs)


def train_of_fit(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What stands for the ``train`` of the estimators."""
    return boosting.train_of_fit(Train, function, args, kwargs)


def fit(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What stands for ``fit``."""
    return boosting.fit("lightgbm", function, args, kwargs)
