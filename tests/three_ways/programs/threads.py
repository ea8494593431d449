"""Threads that log to runs of their own and to a common one."""

import threading
from concurrent.futures import ThreadPoolExecutor

import mlflow

experiment = mlflow.set_experiment("threads")
client = mlflow.MlflowClient()


def train(worker):
    """A run of this thread's own."""
    with mlflow.start_run(run_name=f"worker {worker}") as run:
        mlflow.log_param("worker", worker)
        for step in range(20):
            mlflow.log_metric("loss", worker + 1 / (step + 1), step=step)
        mlflow.set_tag("thread", "yes")
        assert mlflow.active_run().info.run_id == run.info.run_id
    return run.info.run_id


with ThreadPoolExecutor(4) as pool:
    ids = list(pool.map(train, range(8)))
print(len(set(ids)), mlflow.active_run())
for worker, run_id in enumerate(ids):
    run = client.get_run(run_id)
    history = client.get_metric_history(run_id, "loss")
    print(
        run.info.run_name,
        run.info.status,
        run.data.params,
        round(run.data.metrics["loss"], 6),
        [point.step for point in history] == list(range(20)),
        worker,
    )

with mlflow.start_run(run_name="common") as common:
    barrier = threading.Barrier(4)

    def part(worker):
        """Logs to the run that it is told."""
        barrier.wait()
        for step in range(10):
            mlflow.log_metric(f"worker {worker}", step * worker, step=step, run_id=common.info.run_id)
        client.log_param(common.info.run_id, f"param {worker}", worker)
        client.log_text(common.info.run_id, f"text {worker}", f"texts/{worker}.txt")

    workers = [threading.Thread(target=part, args=(worker,)) for worker in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
run = client.get_run(common.info.run_id)
print(sorted(run.data.metrics.items()), sorted(run.data.params.items()))
print(sorted(file.path for file in client.list_artifacts(common.info.run_id, "texts")))
print(
    len(client.search_runs([experiment.experiment_id])),
    len(client.search_runs([experiment.experiment_id], "tags.thread = 'yes' AND metrics.loss > 4")),
)
later = [mlflow.log_metric("loss", step, step=step, run_id=common.info.run_id, synchronous=False) for step in range(5)]
for one in later:
    one.wait()
mlflow.flush_async_logging()
print([point.value for point in client.get_metric_history(common.info.run_id, "loss")])
