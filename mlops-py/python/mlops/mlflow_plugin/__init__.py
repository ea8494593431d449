"""MLflow over a store of mlops: the plugin that MLflow finds by its entry points.

``mlflow.set_tracking_uri("mlops:./store")`` has MLflow's own client keep runs, files and logged models in the store, and
``mlflow server --backend-store-uri mlops:./store`` shows it in MLflow's UI and serves it by MLflow's REST API. Nothing
outside of this package imports MLflow.
"""
