"""Names that scripts import from MLflow's ``utils``; the tags of MLflow are in :mod:`mlops.utils.mlflow_tags`."""
