"""Autolog of Lightning and Keras, in fresh processes. `make test-heavy` runs this; a library that is missing is a failure."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable

import pytest

import mlops

Python = Callable[..., "subprocess.CompletedProcess[str]"]

# The libraries warn of each other, and of the machine.
BEGIN = """
import logging, os, shutil, sys, warnings
warnings.simplefilter("ignore")
os.environ["KERAS_BACKEND"] = "torch"
import mlops
"""
LIGHTNING = """
import torch
import lightning.pytorch as lightning
from lightning.pytorch.callbacks import EarlyStopping

warnings.simplefilter("ignore")
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
torch.manual_seed(1)
x = torch.randn(64, 4)
y = x.sum(1, keepdim=True)
data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=16)

class Line(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(4, 1)
    def forward(self, x):
        return self.layer(x)
    def loss(self, batch):
        return ((self(batch[0]) - batch[1]) ** 2).mean()
    def training_step(self, batch, at):
        loss = self.loss(batch)
        self.log("loss", loss)
        if during:
            during(self)
        return loss
    def validation_step(self, batch, at):
        self.log("val_loss", self.loss(batch))
    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=rate)

rate, during = 0.01, None

def trainer(epochs, *callbacks):
    return lightning.Trainer(
        max_epochs=epochs, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, callbacks=list(callbacks),
    )
"""
KERAS = """
import keras, numpy
keras.utils.set_random_seed(1)
x = numpy.random.default_rng(1).normal(size=(64, 4)).astype("float32")
y = x.sum(axis=1, keepdims=True)

def model():
    made = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    made.compile("sgd", "mse", metrics=["mae"])
    return made
"""


def only_run() -> mlops.Run:
    (run,) = mlops.search_runs(output_format="list")
    assert isinstance(run, mlops.Run)
    return run


def steps(run: mlops.Run, key: str) -> list[int]:
    return [int(step) for step in mlops.get_metric_series(run.info.run_id, key)[0]]


def paths(run: mlops.Run) -> set[str]:
    return {file.path for file in mlops.artifacts.list_artifacts(run_id=run.info.run_id)}


def test_a_training_of_lightning_has_params_and_epochs(python: Python) -> None:
    python(
        BEGIN
        + "mlops.autolog()\n"
        + LIGHTNING
        + """
used = trainer(3, EarlyStopping("val_loss"))
count = len(used.callbacks)
used.fit(Line(), data, data)
assert len(used.callbacks) == count and mlops.active_run() is None
"""
    )
    run = only_run()
    assert run.info.status == "FINISHED" and run.data.tags["mlflow.autologging"] == "pytorch"
    expected = {"epochs": "3", "optimizer_name": "Adam", "lr": "0.01", "monitor": "val_loss", "mode": "min", "patience": "3"}
    assert expected.items() <= run.data.params.items()
    assert steps(run, "loss") == steps(run, "val_loss") == [0, 1, 2]
    assert "model_summary.txt" in paths(run)
    assert ("model" in paths(run)) == hasattr(mlops.pytorch, "log_model")


def test_lightning_logs_steps_and_early_stopping(python: Python) -> None:
    python(
        BEGIN
        + "mlops.pytorch.autolog(log_models=False, log_every_n_step=2)\n"
        + LIGHTNING
        + """
rate = 0.0
trainer(9, EarlyStopping("val_loss", patience=2)).fit(Line(), data, data)
"""
    )
    run = only_run()
    assert steps(run, "loss") == [2, 4, 6, 8, 10, 12]
    assert run.data.metrics["stopped_epoch"] == 2 and run.data.metrics["restored_epoch"] == 0
    assert run.data.metrics["wait_count"] == 2 and "best_score" in run.data.metrics


def test_a_training_of_keras_has_params_and_epochs(python: Python) -> None:
    python(
        BEGIN
        + "mlops.autolog(log_input_examples=True)\n"
        + KERAS
        + """
given = [keras.callbacks.EarlyStopping("loss", patience=1)]
history = model().fit(x, y, epochs=3, batch_size=16, verbose=0, validation_data=(x, y), callbacks=given)
assert len(given) == 1 and len(history.history["loss"]) == 3 and mlops.active_run() is None
"""
    )
    run = only_run()
    assert run.info.status == "FINISHED" and run.data.tags["mlflow.autologging"] == "keras"
    assert {"epochs": "3", "batch_size": "16", "optimizer_name": "sgd"}.items() <= run.data.params.items()
    for key in ("loss", "mae", "val_loss", "val_mae"):
        assert steps(run, key) == [0, 1, 2]
    assert "model_summary.txt" in paths(run)
    assert ("model" in paths(run)) == hasattr(mlops.keras, "log_model")
    assert [used.context for used in run.inputs.dataset_inputs] == ["train", "eval"]


def test_keras_logs_steps(python: Python) -> None:
    python(
        BEGIN
        + "mlops.keras.autolog(log_every_epoch=False, log_every_n_steps=3, log_models=False)\n"
        + KERAS
        + 'model().fit(x, y, epochs=3, batch_size=16, verbose=0)\nassert hasattr(keras.Model.fit, "__mlops_autolog__")\n'
        + 'mlops.autolog(disable=True)\nassert not hasattr(keras.Model.fit, "__mlops_autolog__")\n'
    )
    assert steps(only_run(), "loss") == [3, 6, 9, 12]


@pytest.mark.parametrize("library", ["lightning", "keras"])
def test_what_becomes_of_the_store_does_not_matter(library: str, python: Python) -> None:
    store = os.environ["MLOPS_STORE"]
    train = {
        "lightning": LIGHTNING + "during = lambda _: shutil.rmtree(sys.argv[1], ignore_errors=True)\nused = trainer(2)\n"
        "used.fit(Line(), data, data)\nassert used.current_epoch == 2\n",
        "keras": KERAS + "gone = keras.callbacks.LambdaCallback(on_epoch_begin=lambda *_: shutil.rmtree(sys.argv[1], ignore_errors=True))\n"
        'made = model().fit(x, y, epochs=2, verbose=0, callbacks=[gone])\nassert len(made.history["loss"]) == 2\n',
    }[library]
    done = python(BEGIN + "mlops.autolog()\n" + train + "assert mlops.active_run() is None\n", store)
    assert "goes on without" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("library", ["lightning", "keras"])
def test_an_exception_of_the_training_is_the_callers_and_its_run_failed(library: str, python: Python) -> None:
    train = {
        "lightning": LIGHTNING + "def during(model):\n    raise ZeroDivisionError('mine')\n\ntry:\n    trainer(2).fit(Line(), data)\n",
        "keras": KERAS + "def stop(*_):\n    raise ZeroDivisionError('mine')\n\nbad = keras.callbacks.LambdaCallback(on_epoch_end=stop)\n"
        "try:\n    model().fit(x, y, verbose=0, callbacks=[bad])\n",
    }[library]
    python(BEGIN + "mlops.autolog()\n" + train + "except ZeroDivisionError as error:\n    assert str(error) == 'mine'\nelse:\n    raise AssertionError\n")
    assert only_run().info.status == "FAILED"


def test_what_is_evaluated_may_be_a_module_or_a_model_of_keras(python: Python) -> None:
    python(
        BEGIN
        + """
import keras, numpy, torch
x = numpy.random.default_rng(1).normal(size=(60, 3))
y = (x.sum(axis=1) > 0).astype(int)
module = torch.nn.Linear(3, 2)
with torch.no_grad():
    module.weight[:] = torch.tensor([[-1.0, -1, -1], [1, 1, 1]])
    module.bias[:] = 0
found = mlops.evaluate(module, x, y, "classifier")
assert found.metrics["accuracy_score"] == 1 and "log_loss" not in found.metrics
found = mlops.evaluate(torch.nn.Sequential(module, torch.nn.Softmax(dim=1)), x, y, "classifier")
assert found.metrics["roc_auc"] == 1
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation="sigmoid")])
model.set_weights([numpy.ones((3, 1)), numpy.zeros(1)])
assert mlops.evaluate(model, x, y, "classifier").metrics["roc_auc"] == 1
assert mlops.evaluate(model, x, x.sum(axis=1), "regressor").metrics["example_count"] == 60
"""
    )
