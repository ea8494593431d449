"""Python as a model: a class with files, params and a configuration, a function, and a model of LightGBM."""

import lightgbm
import mlflow
import pandas
from mlflow.models import ModelSignature, infer_signature
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema
from sklearn.datasets import load_iris

rows, target = load_iris(return_X_y=True, as_frame=True)
rows.columns = ["sepal_length", "sepal_width", "petal_length", "petal_width"]


class Threshold(mlflow.pyfunc.PythonModel):
    """Which petals are longer than a limit that is in a file."""

    def load_context(self, context):
        with open(context.artifacts["limit"]) as file:
            self.limit = float(file.read())

    def predict(self, context, model_input, params=None):
        factor = (params or {}).get("factor", 1.0)
        return pandas.DataFrame({"long": model_input["petal_length"] > self.limit * factor})


with open("limit.txt", "w") as file:
    file.write("4.5")
mlflow.set_experiment("python models")
signature = infer_signature(rows, pandas.DataFrame({"long": [True]}), params={"factor": 1.0})
print(signature)
with mlflow.start_run():
    info = mlflow.pyfunc.log_model(
        name="threshold",
        python_model=Threshold(),
        artifacts={"limit": "limit.txt"},
        signature=signature,
        pip_requirements=["pandas"],
        metadata={"team": "flowers"},
    )
print(sorted(info.flavors), info.metadata, info.signature == signature)
model = mlflow.pyfunc.load_model(info.model_uri)
print(int(model.predict(rows)["long"].sum()), int(model.predict(rows, params={"factor": 1.2})["long"].sum()))
print(type(model.unwrap_python_model()).__name__, model.metadata.metadata, model.metadata.signature.params)
integers = rows.astype({"petal_length": "float32"})
print(
    int(model.predict(integers)["long"].sum()),
    int(model.predict(rows.assign(more=1)[list(rows.columns[::-1]) + ["more"]])["long"].sum()),
)
for what, data, params in [
    ("a column is missing", rows[["petal_length"]], None),
    ("texts for numbers", rows.astype({"petal_length": str}), None),
    ("a param of another type", rows, {"factor": "large"}),
]:
    try:
        model.predict(data, params=params)
    except mlflow.MlflowException as error:
        print(what, error.error_code)


def double(model_input: list[str]) -> list[str]:
    """Each text twice."""
    return [text * 2 for text in model_input]


by_hand = ModelSignature(
    inputs=Schema([ColSpec(DataType.double, "petal_length"), ColSpec("string", "note", required=False)]),
    outputs=Schema([ColSpec("double")]),
    params=ParamSchema([ParamSpec("limit", "double", 1.5)]),
)
print(by_hand.inputs, by_hand.outputs, by_hand.params)
print(
    by_hand.to_dict() == ModelSignature.from_dict(by_hand.to_dict()).to_dict(),
    by_hand.inputs.input_names(),
    by_hand.inputs.required_input_names(),
)

booster = lightgbm.train(
    {"objective": "multiclass", "num_class": 3, "verbose": -1, "seed": 7, "num_threads": 1},
    lightgbm.Dataset(rows, target),
    5,
)
with mlflow.start_run() as run:
    info = mlflow.lightgbm.log_model(booster, name="booster", input_example=rows.head(2), pip_requirements=["lightgbm"])
again = mlflow.lightgbm.load_model(info.model_uri)
print(
    (again.predict(rows) == booster.predict(rows)).all(),
    mlflow.pyfunc.load_model(info.model_uri).predict(rows).shape,
    info.signature.outputs,
)
mlflow.sklearn.save_model(
    lightgbm.LGBMClassifier(n_estimators=2, verbose=-1, n_jobs=1).fit(rows, target),
    "saved",
    serialization_format="cloudpickle",
    pip_requirements=["lightgbm"],
)
try:
    mlflow.sklearn.save_model(lightgbm.LGBMClassifier(), "saved")
except mlflow.MlflowException as error:
    print("a folder that is there:", error.error_code)
print(sorted(mlflow.models.get_model_info("saved").flavors), mlflow.models.Model.load("saved").get_output_schema())
