"""A loop of torch over the digits, whose DataLoader workers log too: torch_loop.py EXPERIMENT START_METHOD:EPOCHS..."""

from __future__ import annotations

import io
import sys

import mlops
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, Dataset, get_worker_info

import ledger

WORKERS = 2


class Digits(Dataset[tuple[torch.Tensor, int]]):
    """The training digits; whoever reads one of every hundred says how bright it is."""

    def __init__(self, run_id: str, features: torch.Tensor, target: torch.Tensor) -> None:
        self.run_id, self.features, self.target = run_id, features, target
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.target)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        if index % 100 == 0:
            assert get_worker_info() is not None and mlops.active_run() is None, "this is a worker, which has no run of its own"
            step, value = self.epoch * len(self) + index, float(self.features[index].mean())
            mlops.log_metric("brightness", value, step=step)
            ledger.points(self.run_id, {"brightness": value}, step)
        return self.features[index], int(self.target[index])


def train(run_id: str, experiment: str, start_method: str, epochs: int) -> None:
    """Trains a model in the active run."""
    features, target = load_digits(return_X_y=True)
    known, held_out, y_known, y_held_out = (
        torch.tensor(part) for part in train_test_split(features.astype("float32") / 16, target, test_size=0.25, random_state=7)
    )
    params = {"epochs": epochs, "start_method": start_method, "workers": WORKERS, "lr": 0.01, "shuffle": True}
    mlops.log_params(params)
    ledger.begun(run_id, experiment, params)
    torch.manual_seed(7)
    data = Digits(run_id, known, y_known)
    model = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    loss_of = torch.nn.CrossEntropyLoss()
    for epoch in range(epochs):
        data.epoch = epoch
        # A new loader, so that new workers know the epoch.
        for batch, expected in DataLoader(
            data, batch_size=64, shuffle=True, num_workers=WORKERS, multiprocessing_context=start_method
        ):
            optimizer.zero_grad()
            loss = loss_of(model(batch), expected)
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            output = model(held_out)
            accuracy = (output.argmax(1) == y_held_out).float().mean()
            # Tensors of one element are logged as they are.
            mlops.log_metrics({"loss": loss_of(output, y_held_out), "accuracy": accuracy}, step=epoch)
            ledger.points(run_id, {"loss": float(loss_of(output, y_held_out)), "accuracy": float(accuracy)}, epoch)
    content = io.BytesIO()
    torch.save(model.state_dict(), content)
    mlops.log_stream(io.BytesIO(content.getvalue()), "model.pt")
    ledger.artifact(run_id, "model.pt", content.getvalue())


if __name__ == "__main__":
    torch.set_num_threads(1)
    ledger.ready()
    mlops.set_experiment(sys.argv[1])
    for start_method, _, epochs in (argument.partition(":") for argument in sys.argv[2:]):
        with mlops.start_run(run_name=start_method) as run:
            train(run.info.run_id, sys.argv[1], start_method, int(epochs))
        ledger.ended(run.info.run_id)
