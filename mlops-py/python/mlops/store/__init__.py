"""MLflow's module of this name: here it has the lists that searches give, in :mod:`mlops.store.entities`."""
