"""MLflow's module of this name: the lists that searches give."""

from ...entities import PagedList

__all__ = ["PagedList"]
