"""Keras 3: ``fit`` of its models."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any

from . import parts
from .patches import Patches
from .settings import Settings
from .training import Training, around

# What is no param of a training: data, callbacks, and what is only shown.
_NO_PARAMS = ("self", "x", "y", "callbacks", "validation_data", "verbose", "sample_weight", "class_weight")


def install(patches: Patches, module: str) -> None:
    """Replaces ``fit`` where models have it from: the trainer of the backend."""
    library = sys.modules[module]
    for kind in (library.Model, library.Sequential):
        owner = next((one for one in kind.__mro__ if "fit" in vars(one)), None)
        if owner is not None:
            patches.put(owner, "fit", "keras:fit")


def fit(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What stands for ``fit``."""
    return around("keras", lambda settings: Fit(settings, function, args[0]), function, args, kwargs)


class Fit(Training):
    """One fit."""

    library = "keras"

    def __init__(self, settings: Settings, function: Callable[..., Any], model: Any) -> None:
        super().__init__(settings)
        self.function = function
        self.model = model
        self.example: Any = None
        self.callbacks: list[Any] = []
        self._undo: Callable[[], Any] | None = None
        self.makes_model = settings.log_models

    def before(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        given = inspect.signature(self.function).bind(*args, **kwargs)
        every = inspect.signature(self.function).bind(*args, **kwargs)
        every.apply_defaults()
        found = dict(every.arguments)
        params = {name: value for name, value in found.items() if name not in _NO_PARAMS}
        if params.get("batch_size") is None:
            params["batch_size"] = getattr(found.get("x"), "batch_size", None)
        self.attempt("params", lambda: self.log_params(params))
        if self.settings.log_datasets:
            self.attempt("the data set", lambda: self._log_data(found))
        if self.settings.log_models:
            self.example = self.attempt("the example", lambda: parts.head(found.get("x")))
        ours = self.attempt("metrics of epochs", lambda: _callback(self))
        if ours is not None:
            theirs: Any = found.get("callbacks")
            if hasattr(theirs, "append") and hasattr(theirs, "callbacks"):
                # A list of Keras' own: it is the caller's, who gets it back without us.
                theirs.append(ours)
                self._undo = lambda: theirs.callbacks.remove(ours)
                self.callbacks = list(theirs.callbacks)
            else:
                many = isinstance(theirs, (list, tuple))
                self.callbacks = list(theirs) if many else [] if theirs is None else [theirs]
                given.arguments["callbacks"] = [*self.callbacks, ours]
        return given.args, given.kwargs

    def _log_data(self, found: dict[str, Any]) -> None:
        features = found.get("x")
        if hasattr(features, "dtype") or hasattr(features, "columns"):
            parts.log_dataset(self, features, found.get("y"), "train")
        held_out = found.get("validation_data")
        if isinstance(held_out, (list, tuple)) and hasattr(held_out[0], "dtype"):
            parts.log_dataset(self, held_out[0], held_out[1], "eval")

    def begin_training(self) -> None:
        """Logs the optimizer and the layers, when the model is built and compiled."""
        config = self.model.optimizer.get_config()
        self.attempt("params", lambda: self.log_params({f"optimizer_{name}": value for name, value in config.items()}))
        lines: list[str] = []
        self.model.summary(print_fn=lambda line, *_, **__: lines.append(str(line)))
        self.run.log_bytes("model_summary.txt", "\n".join(lines).encode())

    def after(self, result: Any) -> None:
        for callback in self.callbacks:
            if type(callback).__name__ == "EarlyStopping" and bool(getattr(callback, "stopped_epoch", 0)):
                names = ("stopped_epoch", "best_epoch")
                found: dict[str, Any] = {name: getattr(callback, name) for name in names if hasattr(callback, name)}
                self.attempt("the best epoch", lambda: self.log_metrics(found))
        if self.settings.log_models:
            model = self.model
            self.attempt(
                "the model",
                lambda: parts.log_model(self, "keras", model, self.example, lambda rows: model.predict(rows, verbose=0)),
            )

    def end(self, status: str) -> None:
        undo, self._undo = self._undo, None
        if undo is not None:
            self.attempt("its callback", undo)
        super().end(status)


def _callback(training: Fit) -> Any:
    import keras

    every = training.settings.own.get("log_every_n_steps")

    class Epochs(keras.callbacks.Callback):  # type: ignore[misc, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self._steps = 0

        def on_train_begin(self, logs: Any = None) -> None:
            training.attempt("the model's summary", training.begin_training)

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if every is None:
                training.log_point(logs or {}, epoch)

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self._steps += 1
            if every is not None and self._steps % every == 0:
                training.log_point(logs or {}, self._steps)

    return Epochs()
