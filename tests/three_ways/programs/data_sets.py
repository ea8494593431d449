"""Data sets as inputs of runs, and runs found by them."""

import mlflow
import numpy
import pandas
from sklearn.datasets import load_wine

rows, target = load_wine(return_X_y=True, as_frame=True)
frame = rows.assign(target=target)
frame.to_csv("wine.csv", index=False)
training = mlflow.data.from_pandas(frame.head(120), source="wine.csv", name="wine", targets="target")
held_out = mlflow.data.from_pandas(frame.tail(58), source="wine.csv", name="wine held out", targets="target", digest="v1")
arrays = mlflow.data.from_numpy(numpy.arange(12.0).reshape(4, 3), targets=numpy.arange(4), name="numbers")
print(training.name, training.profile, training.source.uri, training.targets)
print(training.schema.input_names()[-2:], training.schema.input_types()[-2:])
print(held_out.digest, held_out.to_dict()["name"], held_out.to_dict()["source_type"], training.df.shape)
print(arrays.name, arrays.profile, arrays.features.shape, arrays.targets.shape)

mlflow.set_experiment("data sets")
with mlflow.start_run(run_name="both") as both:
    mlflow.log_input(training, context="training", tags={"owner": "wine team"})
    mlflow.log_input(held_out, context="testing")
with mlflow.start_run(run_name="one") as one:
    mlflow.log_input(training, context="training")
    mlflow.log_input(training, context="training")
with mlflow.start_run(run_name="arrays"):
    mlflow.log_inputs([arrays, held_out], ["validation", "testing"], [None, {"split": "last"}])

run = mlflow.get_run(both.info.run_id)
for given in run.inputs.dataset_inputs:
    print(given.dataset.name, given.dataset.source_type, sorted((tag.key, tag.value) for tag in given.tags))
print(len(mlflow.get_run(one.info.run_id).inputs.dataset_inputs))
first = run.inputs.dataset_inputs[0].dataset
source = mlflow.data.get_source(first)
print(type(source).__name__, source.uri, pandas.read_csv(source.load()).shape)


def names(filter_string):
    found = mlflow.search_runs(filter_string=filter_string, output_format="list", order_by=["run_name"])
    return [run.info.run_name for run in found]


print(names("dataset.name = 'wine'"))
print(names("dataset.name LIKE 'wine%' AND dataset.context = 'testing'"))
print(names("dataset.digest = 'v1'"), names("dataset.digest != 'v1'"), names("datasets.name = 'nothing'"))
print(names("dataset.context IN ('validation', 'none')"))
again = mlflow.data.from_pandas(frame.head(120), source="wine.csv", name="wine", targets="target")
other = mlflow.data.from_pandas(frame.head(119), source="wine.csv", name="wine", targets="target")
print(again.digest == training.digest, other.digest == training.digest)
