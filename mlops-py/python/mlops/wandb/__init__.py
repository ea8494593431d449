"""The calls of a W&B script, on this library: ``import mlops.wandb as wandb``.

Projects are experiments, ``config`` are params, ``log`` are metrics and media of the run; everything is in the store, and
nothing is sent anywhere. ``docs/guide/wandb.md`` says what is as in W&B and what is not.

>>> import mlops
>>> import mlops.wandb as wandb
>>> mlops.set_tracking_uri("memory:")
>>> with wandb.init(project="demo", config={"lr": 0.1}) as run:
...     for loss in (0.5, 0.25):
...         wandb.log({"loss": loss})
>>> run.summary["loss"], mlops.get_run(run.id).data.params
(0.25, {'lr': '0.1'})
"""

from __future__ import annotations

from typing import Any

from ._absent import sentence
from ._config import Config, ConfigError
from ._data import Histogram, Image, Table
from ._run import AlertLevel, Run, UsageError
from ._script import (
    alert,
    define_metric,
    finish,
    init,
    log,
    login,
    save,
    setup,
    teardown,
)

__all__ = [
    "AlertLevel",
    "Config",
    "ConfigError",
    "Error",
    "Histogram",
    "Image",
    "Run",
    "Table",
    "UsageError",
    "alert",
    "config",
    "define_metric",
    "finish",
    "init",
    "log",
    "login",
    "run",
    "save",
    "setup",
    "summary",
    "teardown",
]

Error = UsageError

def __getattr__(name: str) -> Any:
    """``run``, ``config`` and ``summary`` are those of the run that is active."""
    from . import _script

    if name == "run":
        return _script.current()
    if name == "config":
        return _script.needed("config").config
    if name == "summary":
        return _script.needed("summary").summary
    raise AttributeError(sentence("mlops.wandb", name, "module"))
