"""Lightning: ``Trainer.fit``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from . import parts
from .patches import Patches
from .settings import Settings
from .training import Training, around


def install(patches: Patches, module: str) -> None:
    """Replaces ``fit`` of the trainer of ``lightning.pytorch``, or of ``pytorch_lightning``."""
    patches.put(sys.modules[module].Trainer, "fit", "pytorch:fit")


def fit(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What stands for ``Trainer.fit``."""
    return around("pytorch", lambda settings: Fit(settings, args[0]), function, args, kwargs)


class Fit(Training):
    """One fit."""

    library = "pytorch"

    def __init__(self, settings: Settings, trainer: Any) -> None:
        super().__init__(settings)
        self.trainer = trainer
        self.ours: Any = None
        self.model: Any = None
        self._by_step: set[str] = set()
        self._by_epoch: set[str] = set()
        self.makes_model = settings.log_models

    def before(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        self.model = kwargs.get("model", args[1] if len(args) > 1 else None)
        self.ours = self.attempt("metrics of epochs", lambda: _callback(self))
        if self.ours is not None:
            self.trainer.callbacks.append(self.ours)
        for callback in self._early_stopping():
            names = ("monitor", "mode", "patience", "min_delta", "stopped_epoch")
            found = {name: getattr(callback, name) for name in names if hasattr(callback, name)}
            self.attempt("params", lambda: self.log_params(found))
        return args, kwargs

    def _early_stopping(self) -> list[Any]:
        return [one for one in self.trainer.callbacks if any(kind.__name__ == "EarlyStopping" for kind in type(one).__mro__)]

    def begin_training(self) -> None:
        """Logs the number of epochs, the optimizer and the layers."""
        params: dict[str, Any] = {"epochs": self.trainer.max_epochs}
        optimizers = getattr(self.trainer, "optimizers", None)
        if optimizers:
            inner = getattr(optimizers[0], "_optimizer", optimizers[0])
            params["optimizer_name"] = type(inner).__name__
            params.update(getattr(inner, "defaults", {}))
        self.log_tags({"Mode": "training"})
        self.log_params(params)
        self.attempt("the model's summary", self._log_summary)

    def _log_summary(self) -> None:
        package = type(self.trainer).__module__.partition(".trainer")[0]
        from importlib import import_module

        summarize = import_module(f"{package}.utilities.model_summary").summarize
        self.run.log_bytes("model_summary.txt", str(summarize(self.model, max_depth=-1)).encode())

    def epoch(self) -> None:
        """Logs what was logged in the epoch; what is logged by steps is not mixed with it."""
        at = int(self.trainer.current_epoch)
        found = {name: value for name, value in self.trainer.callback_metrics.items() if name not in self._by_step}
        self._by_epoch.update(found)
        if (at + 1) % self.settings.own.get("log_every_n_epoch", 1) == 0:
            self._point(at, found)

    def step(self) -> None:
        """Logs what was logged in the step, if it is one that counts."""
        every = self.settings.own.get("log_every_n_step")
        at = int(self.trainer.global_step)
        if not every or at % every:
            return
        metrics = self.trainer.callback_metrics
        found = {
            name: value for name, value in metrics.items() if name not in self._by_epoch and f"{name}_step" not in metrics
        }
        self._by_step.update(found)
        self._point(at, found)

    def _point(self, step: int, found: dict[str, Any]) -> None:
        if not self.trainer.sanity_checking:
            self.log_point(found, step)

    def after(self, result: Any) -> None:
        for callback in self._early_stopping():
            if getattr(callback, "stopped_epoch", 0):
                self.attempt("the best epoch", lambda: self.log_metrics(_stopped(callback)))
        if self.settings.log_models and self.trainer.is_global_zero:
            model = self.trainer.lightning_module or self.model
            self.attempt("the model", lambda: parts.log_model(self, "pytorch", model, None, None))

    def end(self, status: str) -> None:
        if self.ours is not None and self.ours in self.trainer.callbacks:
            self.trainer.callbacks.remove(self.ours)
        super().end(status)


def _stopped(callback: Any) -> dict[str, Any]:
    return {
        "stopped_epoch": callback.stopped_epoch,
        "restored_epoch": callback.stopped_epoch - max(1, callback.patience),
        "best_score": callback.best_score,
        "wait_count": callback.wait_count,
    }


def _callback(training: Fit) -> Any:
    package = type(training.trainer).__module__.partition(".trainer")[0]
    base = next(kind for kind in vars(sys.modules[package]).values() if getattr(kind, "__name__", "") == "Callback")
    return _kind_of(base)(training)


def _kind_of(base: Any) -> Any:
    found = _kinds.get(base)
    if found is None:
        # By name in this module, so that it is pickled for processes that Lightning starts: there it does nothing.
        found = _kinds[base] = type("Epochs", (_Epochs, base), {"__module__": __name__})
    return found


_kinds: dict[Any, Any] = {}


class _Epochs:
    """The callback: it tells the training when an epoch or a step ends."""

    def __init__(self, training: Fit | None = None) -> None:
        self.training = training

    def __reduce__(self) -> Any:
        return _without_training, (type(self).__mro__[2],)

    def __deepcopy__(self, memo: Any) -> Any:
        return type(self)(self.training)

    def _tell(self, what: str, call: str, trainer: Any) -> None:
        if self.training is not None and trainer.is_global_zero:
            self.training.attempt(what, getattr(self.training, call))

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        self._tell("params", "begin_training", trainer)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        self._tell("metrics of epochs", "epoch", trainer)

    def on_train_batch_end(self, trainer: Any, pl_module: Any, *rest: Any, **named: Any) -> None:
        self._tell("metrics of steps", "step", trainer)


def _without_training(base: Any) -> Any:
    return _kind_of(base)()
