"""An elastic net on the diabetes data: params, metrics, a model with its signature, and a name for the best."""

import mlflow
import numpy
from mlflow.models import infer_signature
from sklearn.datasets import load_diabetes
from sklearn.linear_model import ElasticNet
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import train_test_split

rows, target = load_diabetes(return_X_y=True, as_frame=True)
train, test, train_target, test_target = train_test_split(rows, target, random_state=7)

mlflow.set_experiment("diabetes")
for alpha, l1_ratio in ((0.01, 0.5), (0.1, 0.9), (1.0, 0.5)):
    with mlflow.start_run(run_name=f"alpha {alpha}") as run:
        model = ElasticNet(alpha=alpha, l1_ratio=l1_ratio, random_state=7).fit(train, train_target)
        predicted = model.predict(test)
        mlflow.log_params({"alpha": alpha, "l1_ratio": l1_ratio, "intercept": True, "note": None})
        mlflow.log_metric("mae", mean_absolute_error(test_target, predicted))
        mlflow.log_metrics({"r2": r2_score(test_target, predicted)})
        mlflow.set_tag("data", "diabetes")
        info = mlflow.sklearn.log_model(
            model,
            name="model",
            signature=infer_signature(train, predicted),
            input_example=train.head(3),
            pip_requirements=["scikit-learn"],
            registered_model_name="diabetes",
        )
    print(run.info.run_name, info.flavors.keys() >= {"python_function", "sklearn"}, info.signature.outputs)

found = mlflow.search_runs(order_by=["metrics.r2 DESC"])
print(sorted(found.columns))
for _, row in found.iterrows():
    print(row["status"], row["params.alpha"], row["params.note"], round(row["metrics.r2"], 6), round(row["metrics.mae"], 6))

client = mlflow.MlflowClient()
best = found.iloc[0].run_id
(version,) = [one for one in client.search_model_versions("name = 'diabetes'") if one.run_id == best]
client.set_registered_model_alias("diabetes", "champion", version.version)
client.set_model_version_tag("diabetes", version.version, "checked", "yes")
client.update_model_version("diabetes", version.version, description="the best of three")
version = client.get_model_version_by_alias("diabetes", "champion")
print(
    version.name, version.version, version.aliases, version.tags, version.description, version.status, version.current_stage
)
print({name: int(number) for name, number in client.get_registered_model("diabetes").aliases.items()})
print(
    [
        int(one.version)
        for one in mlflow.search_model_versions(filter_string="name = 'diabetes'", order_by=["version_number ASC"])
    ]
)

function = mlflow.pyfunc.load_model("models:/diabetes@champion")
native = mlflow.sklearn.load_model(f"models:/diabetes/{version.version}")
print(function.predict(test)[:4].round(6), numpy.allclose(function.predict(test), native.predict(test)))
print(sorted(function.metadata.flavors), function.metadata.get_input_schema() == infer_signature(train).inputs)
print(function.metadata.get_input_schema())
print(mlflow.models.get_model_info("models:/diabetes@champion").signature.inputs.input_names()[:3])
print(numpy.allclose(function.predict(test[test.columns[::-1]]), native.predict(test)))
try:
    function.predict(test[["age", "sex"]])
except mlflow.MlflowException as error:
    print("columns are missing:", error.error_code)
