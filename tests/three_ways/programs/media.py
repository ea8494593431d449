"""What stands beside numbers: texts, dicts, figures, images, tables, streams."""

import io
import os

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot
import mlflow
import numpy
import pandas

mlflow.set_experiment("media")
with mlflow.start_run() as run:
    mlflow.log_text("plain", "texts/plain.txt")
    mlflow.log_text("<b>marked</b>", "texts/page.html")
    mlflow.log_dict({"rate": 0.1, "layers": [8, 4]}, "config.json")
    mlflow.log_dict({"rate": 0.1, "layers": [8, 4]}, "config.yaml")
    figure, axes = matplotlib.pyplot.subplots()
    axes.plot([1, 2, 3])
    mlflow.log_figure(figure, "figures/line.png")
    pixels = (numpy.arange(12 * 8 * 3) % 255).reshape(12, 8, 3).astype("uint8")
    mlflow.log_image(pixels, "images/pixels.png")
    mlflow.log_stream(io.BytesIO(b"bytes"), "bytes.bin")
    mlflow.log_table({"question": ["a", "b"], "score": [1, 2]}, "table.json")
    mlflow.log_table(pandas.DataFrame({"question": ["c"], "score": [3]}), "table.json")
    with open("local.csv", "w") as file:
        file.write("x,y\n1,2\n")
    mlflow.log_artifact("local.csv", "data")
    print(mlflow.get_artifact_uri("data").endswith("/data"))


def listed(path=None):
    for file in mlflow.artifacts.list_artifacts(run_id=run.info.run_id, artifact_path=path):
        if file.is_dir:
            yield from listed(file.path)
        else:
            yield file.path


print(sorted(listed()))
place = f"runs:/{run.info.run_id}"
print(mlflow.artifacts.load_text(f"{place}/texts/plain.txt"), mlflow.artifacts.load_text(f"{place}/config.json").split())
print(mlflow.artifacts.load_dict(f"{place}/config.json"))
image = mlflow.artifacts.load_image(f"{place}/images/pixels.png")
print(image.size, (numpy.asarray(image) == pixels).all())
table = mlflow.load_table("table.json", [run.info.run_id])
print(table.to_dict("list"))
table = mlflow.load_table("table.json", [run.info.run_id], extra_columns=["run_id"])
print(sorted(table.columns), len(table))
path = mlflow.artifacts.download_artifacts(f"{place}/data/local.csv", dst_path=".")
print(os.path.relpath(path), open("local.csv").read().split())
path = mlflow.artifacts.download_artifacts("local.csv")
print(path == os.path.abspath("local.csv"), mlflow.artifacts.load_text("./local.csv") == open(path).read())
with open(mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="bytes.bin"), "rb") as file:
    print(file.read())
