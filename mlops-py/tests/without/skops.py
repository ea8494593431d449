"""Stands in the way of skops, which MLflow brings along, in the processes of tests that are of pickles."""

raise ImportError("skops is hidden from these tests")
