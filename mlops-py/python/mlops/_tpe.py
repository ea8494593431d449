"""Params that optuna's TPE suggests. The study is made anew from the store's trials for each suggestion, so that every
process knows what all have found, and optuna keeps nothing."""

from __future__ import annotations

import math
from multiprocessing import current_process
from typing import TYPE_CHECKING, Any

from .exceptions import InvalidArgument, Unsupported

if TYPE_CHECKING:
    from ._sweeps import Sweep


def check() -> Any:
    """optuna, if it is installed."""
    try:
        import optuna
    except ImportError:
        raise Unsupported('the method "tpe" needs the package optuna: pip install optuna, or use "random"') from None
    return optuna


def suggest(sweep: Sweep) -> dict[str, Any]:
    """Params for the next trial."""
    optuna = check()
    definition = sweep.definition
    distributions, constants = _distributions(optuna, definition["space"])
    trials = sweep.trials
    # Another seed for each trial, and for the workers that ask at the same time.
    worker = sum(current_process()._identity)
    seed = (definition["seed"] + 1_000_003 * len(trials) + 7_919 * worker) % 2**32
    logging = optuna.logging
    before = logging.get_verbosity()
    logging.set_verbosity(logging.WARNING)
    try:
        sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=True)
        study = optuna.create_study(direction=definition["goal"], sampler=sampler)
        for trial in trials:
            study.add_trial(_frozen(optuna, trial, distributions))
        return {**constants, **study.ask(distributions).params}
    finally:
        logging.set_verbosity(before)


def _frozen(optuna: Any, trial: dict[str, Any], distributions: dict[str, Any]) -> Any:
    states = optuna.trial.TrialState
    value = trial["value"]
    known = value is not None and not math.isnan(value)
    state = {"running": states.RUNNING, "killed": states.RUNNING, "finished": states.COMPLETE, "stopped": states.PRUNED}
    found = state.get(trial["state"], states.FAIL)
    if found is states.COMPLETE and not known:
        found = states.FAIL
    return optuna.trial.create_trial(
        state=found,
        params={name: trial["params"][name] for name in distributions},
        distributions=distributions,
        value=value if found is states.COMPLETE else None,
        intermediate_values={trial["step"]: value} if found is states.PRUNED and known else None,
    )


def _distributions(optuna: Any, space: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The distributions of what varies, and what does not."""
    kinds = optuna.distributions
    found: dict[str, Any] = {}
    constants: dict[str, Any] = {}
    for name, param in space.items():
        if "value" in param:
            constants[name] = param["value"]
        elif "values" in param:
            found[name] = kinds.CategoricalDistribution(param["values"])
        else:
            low, high, step, log = param["min"], param["max"], param["step"], param["log"]
            if log and step not in (None, 1):
                raise InvalidArgument(f'the param `{name}` has "log" and "step", which TPE cannot both take: leave one out')
            if param["type"] == "int":
                found[name] = kinds.IntDistribution(low, low + (high - low) // step * step, log=log, step=step)
            else:
                if step is not None:
                    high = low + math.floor((high - low) / step + 1e-9) * step
                found[name] = kinds.FloatDistribution(low, high, log=log, step=step)
    return found, constants
