"""MLflow's module of this name: the lists that searches give."""

from . import PagedList

__all__ = ["PagedList"]
