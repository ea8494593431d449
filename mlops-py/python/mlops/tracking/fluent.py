"""MLflow's module of this name: the calls that refer to the active run."""

from .._fluent import *  # noqa: F403
