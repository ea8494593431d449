"""The calls of a W&B script."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import warnings
from contextlib import suppress
from typing import Any

import numpy
import pytest

import mlops
import mlops.wandb as wandb
from mlops.exceptions import InvalidArgument, MlopsError


@pytest.fixture(autouse=True)
def no_run_is_left(store: Any) -> Any:
    yield
    wandb.finish()


def history(run_id: str, key: str) -> list[tuple[int, float]]:
    return [(point.step, point.value) for point in mlops.MlflowClient().get_metric_history(run_id, key)]


def test_a_common_script_runs_as_it_is() -> None:
    run = wandb.init(
        project="demo", name="first", group="night", job_type="train", tags=["a", "b"], notes="a note",
        config={"lr": 0.1, "optimizer": {"name": "adam"}},
    )  # fmt: skip
    wandb.config.update({"epochs": 3})
    wandb.config.batch = 32
    assert (wandb.config.lr, wandb.config["epochs"], dict(run.config)["batch"]) == (0.1, 3, 32)
    for epoch in range(3):
        wandb.log({"loss": 1 / (epoch + 1), "val": {"loss": epoch}})
    assert wandb.run is run and run.step == 3 and wandb.summary["loss"] == 1 / 3
    wandb.finish()
    assert wandb.run is None
    found = mlops.get_run(run.id)
    assert mlops.get_experiment(found.info.experiment_id).name == "demo"
    assert (found.info.status, found.info.run_name) == ("FINISHED", "first")
    assert found.data.params == {"lr": "0.1", "optimizer.name": "adam", "epochs": "3", "batch": "32"}
    assert history(run.id, "val.loss") == [(0, 0.0), (1, 1.0), (2, 2.0)]
    assert found.data.tags["mlops.group"] == "night" and json.loads(found.data.tags["mlops.tags"]) == ["a", "b"]
    assert (run.group, run.job_type, run.tags, run.notes) == ("night", "train", ("a", "b"), "a note")


def test_steps_count_merge_and_come_in_any_order() -> None:
    with wandb.init() as run:
        run.log({"a": 1}, commit=False)
        run.log({"b": 2})
        run.log({"a": 3}, step=10)
        run.log({"b": 4}, step=10)
        run.log({"a": 5})
        run.log({"a": 6})
        run.log({"a": 7}, step=2)
        with pytest.raises(InvalidArgument, match="step is 1.5"):
            run.log({"a": 1}, step=1.5)  # type: ignore[arg-type]
    assert history(run.id, "a") == [(0, 1.0), (10, 3.0), (10, 5.0), (11, 6.0), (2, 7.0)]
    assert history(run.id, "b") == [(0, 2.0), (10, 4.0)]
    assert mlops.get_experiment(mlops.get_run(run.id).info.experiment_id).name == "uncategorized"


def test_an_argument_that_wandb_has_not_is_refused_before_a_run_begins() -> None:
    with pytest.raises(TypeError, match="projct"):
        wandb.init(projct="p1")  # type: ignore[call-arg]
    assert wandb.run is None and mlops.search_runs(search_all_experiments=True, output_format="list") == []
    with wandb.init(
        project="p1", dir="x", save_code=True, force=True, anonymous="allow", sync_tensorboard=True, monitor_gym=False,
        settings={"console": "off"}, config={"a": 1, "b": 2, "c": 3}, config_exclude_keys=["b"], config_include_keys=["a", "b"],
    ) as run:  # fmt: skip
        assert run.config.as_dict() == {"a": 1}


def test_an_init_that_fails_leaves_no_active_run() -> None:
    for config, why in (("x.yaml", "the text 'x.yaml': expected a mapping; .* read it first"), (5, "of type int: expected")):
        with pytest.raises(InvalidArgument, match=why):
            wandb.init(config=config)
    assert mlops.search_runs(search_all_experiments=True, output_format="list") == [], "it fails before a run begins"
    with pytest.raises(InvalidArgument, match="param"):
        wandb.init(id="bad", config={"": 1})
    assert wandb.run is None and mlops.active_run() is None
    assert mlops.get_run("bad").info.status == "FAILED"
    with wandb.init() as active:
        with pytest.raises(InvalidArgument):
            wandb.init(config="x.yaml", reinit=True)
        assert wandb.run is active, "what fails for its arguments ends no other run"


def test_a_lower_step_is_that_of_its_call_alone() -> None:
    with wandb.init() as run:
        run.log({"a": 0}, step=20)
        run.log({"b": 1}, commit=False)
        run.log({"a": 2}, step=3)
        run.log({"a": 3}, step=4, commit=True)
        assert run.step == 20
        run.log({"a": 4})
        run.log({"a": 5})
    assert history(run.id, "a") == [(20, 0.0), (3, 2.0), (4, 3.0), (20, 4.0), (21, 5.0)]
    assert history(run.id, "b") == [(20, 1.0)]


def test_a_step_is_any_whole_number() -> None:
    with wandb.init() as run:
        run.log({"a": 1}, step=numpy.int64(3))
        run.log({"a": 2}, step=numpy.array(4))
        for wrong in (True, "3", numpy.float64(1.5)):
            with pytest.raises(InvalidArgument, match="expected a whole number"):
                run.log({"a": 1}, step=wrong)  # type: ignore[arg-type]
    assert history(run.id, "a") == [(3, 1.0), (4, 2.0)]


def test_what_is_no_number_is_kept_as_what_it_is() -> None:
    table = wandb.Table(columns=["a", "b"])
    table.add_data(1, "x")
    table.add_column("c", [True])
    assert table.get_column("b") == ["x"]
    with wandb.init() as run:
        pixels = numpy.zeros((4, 5, 3), dtype=numpy.uint8)
        run.log({
            "image": wandb.Image(pixels, caption="black"), "two": [wandb.Image(pixels), wandb.Image(pixels)], "table": table,
            "counts": wandb.Histogram(np_histogram=([1, 2], [0.0, 1.0, 2.0])), "text": "said", "list": [1, "x"],
            "scalar": numpy.float32(0.5), "yes": True, "nothing": None, "nan": float("nan"), "inf": float("inf"),
        })  # fmt: skip
    kinds = sorted((point.key, point.kind) for point in mlops.media_history(run.id))
    assert kinds == [
        ("counts", "histogram"), ("image", "image"), ("image.caption", "text"), ("list", "text"), ("table", "table"),
        ("text", "text"), ("two", "image"), ("two", "image"),
    ]  # fmt: skip
    metrics = mlops.get_run(run.id).data.metrics
    assert metrics["scalar"] == 0.5 and metrics["yes"] == 1.0 and metrics["inf"] == float("inf")
    assert set(metrics) == {"scalar", "yes", "nan", "inf"}
    [point] = mlops.media_history(run.id, "table")
    assert point.load().rows == [[1, "x", True]]  # type: ignore[attr-defined]


def test_a_histogram_is_taken_as_numpy_returns_it() -> None:
    made = wandb.Histogram(np_histogram=numpy.histogram([1, 2, 3, 3], bins=2))
    assert (made.counts, made.edges) == ([1.0, 3.0], [1.0, 2.0, 3.0])
    for wrong in (5, ([1], [0, 1], [2])):
        with pytest.raises(InvalidArgument, match="a pair of counts and edges"):
            wandb.Histogram(np_histogram=wrong)  # type: ignore[arg-type]
    for odd in ((3, [0, 1]), (["x"], [0, 1])):
        with pytest.raises(InvalidArgument, match="edges and counts of a histogram are numbers"):
            wandb.Histogram(np_histogram=odd)


def test_a_summary_follows_definitions_and_can_be_set() -> None:
    with wandb.init() as run:
        wandb.define_metric("accuracy", summary="max")
        wandb.define_metric("loss", summary="best", goal="minimize")
        for accuracy, loss in ((0.5, 0.2), (0.9, 0.1), (0.7, 0.3)):
            wandb.log({"accuracy": accuracy, "loss": loss, "other": loss})
        run.summary["note"] = {"best": [1, 2]}
        run.summary.update(score=0.5)
        assert dict(run.summary) == {
            "accuracy": {"max": 0.9}, "loss": {"best": 0.1}, "other": 0.3, "note": {"best": [1, 2]}, "score": 0.5,
        }  # fmt: skip
        assert run.summary["accuracy"]["max"] == run.summary.accuracy.max == 0.9
        wandb.define_metric("copied", summary="copy")
        wandb.define_metric("both", summary="min,max")
        wandb.log({"copied": 2, "both": 3})
        assert run.summary["copied"] == 2 and run.summary["both"] == {"min": 3, "max": 3}
    assert mlops.summary(run.id)["accuracy"] == 0.9


def test_a_summary_is_what_was_said_last() -> None:
    with wandb.init() as run:
        run.summary["best"] = 0
        run.summary["text"] = 1
        run.log({"best": 3, "text": "said"})
        assert (run.summary["best"], run.summary["text"]) == (3, "said")
        assert "mlops.summary.best" not in mlops.get_run(run.id).data.tags
        run.summary["best"] = 9
        assert run.summary["best"] == 9
        run.log({"text": 5, "best": "a word"})
        assert (run.summary["best"], run.summary["text"]) == ("a word", 5)
        run.log({"waiting": 1}, commit=False)
        assert "waiting" not in run.summary
    with wandb.init(id="own") as run:
        run.summary["best"] = 1
    with wandb.init(id="own", resume="must") as again:
        mlops.MlflowClient().delete_tag("own", "mlops.summary.best")
        again.log({"best": 2})
        assert again.summary["best"] == 2


def test_what_is_nested_in_a_summary_is_read_and_set_nested() -> None:
    with wandb.init(id="own") as run:
        run.summary["d"] = {"a": 1, "b": {"c": 2}}
        run.log({"n": {"a": 2}, "words": ["x", 1], "x.y": 4})
        assert run.summary["d"] == {"a": 1, "b": {"c": 2}} and run.summary.d.b.c == 2
        assert (run.summary["n"]["a"], run.summary["n.a"], run.summary["words"], run.summary["x.y"]) == (2, 2, ["x", 1], 4)
        run.summary["d"]["b"]["e"] = 3
        run.summary.d.f = 4
        assert run.summary["d"] == {"a": 1, "b": {"c": 2, "e": 3}, "f": 4}
        assert set(run.summary) == {"d", "n", "words", "x.y"} and json.loads(json.dumps(run.summary["d"])) == run.summary["d"]
        with pytest.raises(AttributeError, match="no `z` here; it has a, b, f"):
            run.summary.d.z
        for removed in (lambda: run.summary["d"].pop("a"), lambda: run.summary["d"].__delitem__("a")):
            with pytest.raises(TypeError, match="`a` cannot be removed"):
                removed()
        assert run.summary["d"].setdefault("a", 9) == 1
        run.log({"d": {"a": 7}})
        assert run.summary["d"]["a"] == 7 and run.summary["d"]["f"] == 4
        run.summary["d"] = {"b": 2}
        assert run.summary["d"] == {"b": 2}
        run.log({"n": 5})
        assert run.summary["n"] == 5
        run.log({"n": {"z": 6}, "text": "said"})
        assert run.summary["n"] == {"z": 6}
    with wandb.init(id="own", resume="must") as again:
        assert (again.summary["d"]["b"], again.summary["text"], again.summary["words"]) == (2, "said", ["x", 1])


def test_a_name_that_is_given_later_is_the_name() -> None:
    run = wandb.init(name="first")
    wandb.run.name = "other"
    assert (run.name, wandb.run.name, mlops.get_run(run.id).info.run_name) == ("other",) * 3


def test_an_array_of_one_element_is_that_element() -> None:
    with wandb.init() as run:
        run.log({
            "loss": numpy.array([3.0]), "deep": numpy.array([[True]]), "text": numpy.str_("x"), "texts": numpy.array(["y"]),
            "day": numpy.datetime64("2020-01-01"), "list": [3.0],
        })  # fmt: skip
        assert dict(run.summary) == {"loss": 3, "deep": 1, "text": "x", "texts": "y", "day": "2020-01-01", "list": [3.0]}
    assert mlops.get_run(run.id).data.metrics == {"loss": 3.0, "deep": 1.0}


def test_threads_that_log_at_once_lose_nothing_and_share_no_step() -> None:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        runs: list[wandb.Run] = []

        def work(worker: int) -> None:
            runs.append(wandb.init())
            for at in range(200):
                wandb.log({"same": worker * 200 + at})

        threads = [threading.Thread(target=work, args=(worker,)) for worker in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert len({run.id for run in runs}) == 1 and runs[0].step == 1600
    points = history(runs[0].id, "same")
    assert sorted(value for _, value in points) == list(range(1600))
    assert sorted(step for step, _ in points) == list(range(1600))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forked children here")
def test_a_forked_child_logs_though_another_thread_was_logging() -> None:
    run = wandb.init()
    held, over = threading.Event(), threading.Event()

    def hold() -> None:
        with run._guard:
            held.set()
            over.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(60)
    with warnings.catch_warnings():
        # Python warns of threads at a fork: they are what this is about.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        signal.alarm(60)
        run.config.update({"child": 1})
        os._exit(0)
    _, status = os.waitpid(child, 0)
    over.set()
    thread.join()
    assert status == 0


def test_a_call_with_a_value_that_cannot_be_stored_leaves_nothing() -> None:
    pixels = numpy.zeros((4, 5), dtype=numpy.uint8)
    with wandb.init() as run:
        run.log({"waits": 1}, commit=False)
        for bad in ({"bad": object()}, {"": 1}, {"k" * 501: wandb.Image(pixels)}, {"bad": 10**400}):
            for step in (None, 7):
                with pytest.raises(MlopsError):
                    run.log({"image": wandb.Image(pixels), "loss": 1.0, **bad}, step=step)
        with pytest.raises(InvalidArgument):
            run.log({"bad": object()}, commit=False)
        assert run.step == 0 and mlops.media_history(run.id) == [] and mlops.get_run(run.id).data.metrics == {}
        run.log({"loss": 2.0})
    assert history(run.id, "loss") == [(0, 2.0)] and history(run.id, "waits") == [(0, 1.0)]


def test_a_disabled_run_is_what_the_script_says_of_it(tmp_path: Any) -> None:
    file = tmp_path / "a.txt"
    file.write_text("x")
    run = wandb.init(
        project="p", mode="disabled", id="own", name="q", tags=["t"], notes="n", group="g", job_type="j", entity="e", config={"a": 1}
    )
    assert (run.id, run.name, run.project, run.tags, run.notes) == ("own", "q", "p", ("t",), "n")
    assert (run.group, run.job_type, run.entity, run.step, run.start_time > 0) == ("g", "j", "e", 0, True)
    run.name, run.tags, run.notes = "z", ["u"], "m"
    assert (run.name, run.tags, run.notes) == ("z", ("u",), "m")
    run.define_metric("a", summary="max")
    run.log({"a": 1, "n": {"b": 2}, "text": "said", "image": wandb.Image(numpy.zeros((4, 4)))})
    wandb.log({"a": 2})
    assert (run.summary["a"], run.summary.n.b, wandb.summary["text"], run.step) == (2, 2, "said", 2)
    run.summary["x"] = {"y": 1}
    run.summary.update(z=3)
    assert run.summary["x"]["y"] == 1 and run.summary.z == 3
    run.config.update({"a": 2}, allow_val_change=True)
    run.alert("title", level="WARN")
    assert run.config.a == 2 and run.save(str(file)) == [str(file)]
    run.finish()
    assert wandb.run is None and (run.name, run.summary["a"]) == ("z", 2)
    assert mlops.search_runs(search_all_experiments=True, output_format="list") == []


def test_the_older_names_of_modes_are_taken() -> None:
    for mode in ("dryrun", "run"):
        with wandb.init(mode=mode) as run:
            run.log({"a": 1})
        assert history(run.id, "a") == [(0, 1.0)]


def test_tables_and_histograms_are_read_as_in_wandb() -> None:
    table = wandb.Table(columns=["a", "b"], data=[[1, "x"]])
    table.add_row(2, "y")
    assert list(table.iterrows()) == [(0, [1, "x"]), (1, [2, "y"])]
    assert table.get_dataframe().to_dict("list") == {"a": [1, 2], "b": ["x", "y"]}
    assert table.get_column("a", convert_to="numpy").sum() == 3
    counted = wandb.Histogram([1, 2, 3], num_bins=2)
    assert (counted.histogram, counted.bins) == ([1, 2], [1, 2, 3])
    picture = wandb.Image(numpy.zeros((4, 5), dtype=numpy.uint8))
    assert wandb.Image(picture.encode()).size == (5, 4)
    for value, name, why in (
        (table, "get_index", "iterrows"), (table, "other", "a table of mlops.wandb has no attribute 'other'"),
        (counted, "other", "a histogram of mlops.wandb has no"), (picture, "to_data_uri", r"\.encode\(\)"),
    ):  # fmt: skip
        with pytest.raises(AttributeError, match=why):
            getattr(value, name)


def test_a_summary_has_attributes() -> None:
    with wandb.init() as run:
        run.summary.best = 0.9
        wandb.summary.acc = 0.8
        run.summary["note"] = "said"
        run.log({"loss": 0.5})
        assert (run.summary["best"], run.summary.acc, run.summary.note, run.summary.loss) == (0.9, 0.8, "said", 0.5)
        with pytest.raises(AttributeError, match="the summary has no `other`"):
            run.summary.other
        with pytest.raises(TypeError, match="`best` cannot be removed"):
            del run.summary.best
        assert not hasattr(run.summary, "__deepcopy__")
    assert mlops.get_run(run.id).data.tags["mlops.summary.best"] == "0.9"


def test_a_config_changes_only_when_it_is_said() -> None:
    with wandb.init(config={"lr": 0.1}) as run:
        run.config.update({"lr": 0.1})
        with pytest.raises(wandb.ConfigError, match="`lr` is 0.1 and would change to 0.2"):
            run.config.lr = 0.2
        run.config.update({"lr": 0.2}, allow_val_change=True)
        assert run.config.lr == 0.2
        run.config.setdefaults({"lr": 1, "depth": 3})
        with pytest.raises(AttributeError, match="the config has no `width`"):
            run.config.width
    data = mlops.get_run(run.id).data
    assert data.params == {"lr": "0.1", "depth": "3"} and data.tags["mlops.config.lr"] == "0.2"


def test_an_update_of_the_config_that_fails_changes_nothing() -> None:
    long = "k" * 495
    with wandb.init(config={long: 1}) as run:
        with pytest.raises(MlopsError):
            run.config.update({"new": 1, long: 2}, allow_val_change=True)
        assert run.config.as_dict() == {long: 1} and mlops.get_run(run.id).data.params == {long: "1"}


def test_one_key_of_two_values_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="`a.b` is given twice, as 1 and as 2"):
        wandb.init(config={"a.b": 1, "a": {"b": 2}})
    assert mlops.search_runs(search_all_experiments=True, output_format="list") == []
    with wandb.init(config={"a.b": 1, "a": {"b": 1, "c": 3}}) as run:
        with pytest.raises(InvalidArgument, match="`x.y` is given twice"):
            run.log({"x": {"y": 1}, "x.y": 2})
        with pytest.raises(wandb.ConfigError, match="`e.f` is 1 and would change to 2"):
            run.config.update({"e.f": 1})
            run.config.update({"e": {"f": 2}})
        run.config.update({"e": {"f": 2, "g": 3}}, allow_val_change=True)
    data = mlops.get_run(run.id).data
    assert data.params == {"a.b": "1", "a.c": "3", "e.f": "1", "e.g": "3"} and data.tags["mlops.config.e.f"] == "2"


def test_a_resumed_run_has_its_config() -> None:
    values = {
        "lr": 0.1, "epochs": 3, "name": "adam", "warm": True, "none": None, "layers": [1, "x"], "pair": (1, 2), "path": r"[\d",
        "model": {"depth": 2, "head": {"kind": "mlp"}}, "dotted.key": 1e-05, "nan": float("inf"), "text": "1,2", "model.x": 4,
    }  # fmt: skip
    with wandb.init(id="own", config=values) as run:
        assert not run.resumed
        run.config.update({"epochs": 4}, allow_val_change=True)
    with wandb.init(id="own", resume="must") as again:
        assert again.resumed and again.step == 0
        for key in ("lr", "name", "warm", "none", "layers", "pair", "path", "nan", "text", "dotted.key", "model.x"):
            assert again.config[key] == values[key], key
        assert again.config.epochs == 4
        assert again.config.model == {"depth": 2, "head": {"kind": "mlp"}, "x": 4} and "model" in dict(again.config)
        with pytest.raises(wandb.ConfigError, match="`lr` is 0.1 and would change to 0.5"):
            again.config.lr = 0.5
        with pytest.raises(wandb.ConfigError, match="`model` is .* would change"):
            again.config.model = {"depth": 3}
        again.config.update({"model": {"depth": 2, "head": {"kind": "mlp"}, "x": 4}, "dotted.key": 1e-05, "epochs": "4"})
        assert again.config.epochs == "4", "what a param has the text of is the same"


def test_the_config_of_a_resumed_init_changes_what_the_run_has() -> None:
    with wandb.init(id="own", config={"lr": 0.1, "o": {"name": "adam", "beta": 0.9}}):
        pass
    with wandb.init(id="own", resume="allow", config={"lr": 0.2, "o": {"name": "sgd"}, "new": 1, "a.b": 1}) as run:
        assert (run.config.lr, run.config.o, run.config.new) == (0.2, {"name": "sgd"}, 1)
    data = mlops.get_run("own").data
    assert data.params == {"lr": "0.1", "o.name": "adam", "o.beta": "0.9", "new": "1", "a.b": "1"}
    assert (data.tags["mlops.config.lr"], data.tags["mlops.config.o.name"]) == ("0.2", "sgd")
    with wandb.init(id="own", resume="must", config={"a.b": 2}) as again:
        assert again.config.as_dict() == {"lr": 0.2, "o": {"name": "sgd", "beta": 0.9}, "new": 1, "a.b": 2}
    with wandb.init(fork_from="own", config={"lr": 0.3}) as fork:
        assert not fork.resumed and fork.config["o"]["name"] == "sgd" and fork.config.lr == 0.3
    with wandb.init(resume_from="own") as back:
        assert back.resumed and back.config.lr == 0.2
    with pytest.raises(InvalidArgument):
        wandb.init(id="own", resume="must", config={"": 1})
    assert wandb.run is None and mlops.active_run() is None


def test_a_config_is_copied() -> None:
    with wandb.init(config={"a": 1}) as run:
        assert not hasattr(run.config, "__deepcopy__")
        assert dict(run.config) == {"a": 1} and run.config.get("b", 2) == 2


def test_runs_end_as_they_end() -> None:
    with pytest.raises(ValueError):
        with wandb.init() as failed:
            raise ValueError
    assert mlops.get_run(failed.id).info.status == "FAILED"
    bad = wandb.init()
    assert wandb.init() is bad, "the run that is active comes back"
    other = wandb.init(reinit=True)
    assert other is not bad and mlops.get_run(bad.id).info.status == "FINISHED"
    wandb.finish(exit_code=3)
    assert mlops.get_run(other.id).info.status == "FAILED"
    with pytest.raises(wandb.UsageError, match="is finished: log came after finish"):
        other.log({"a": 1})
    for call in (lambda: wandb.log({"a": 1}), lambda: wandb.summary, lambda: wandb.config, lambda: wandb.alert("x")):
        with pytest.raises(wandb.UsageError, match=r"no run is active: call init\(\) before"):
            call()


def test_a_run_that_is_gone_is_in_the_way_of_no_other() -> None:
    run = wandb.init()
    run.log({"a": 1}, commit=False)
    mlops.delete_run(run.id)
    with pytest.raises(MlopsError):
        run.finish()
    with suppress(MlopsError):
        run.finish()
    assert wandb.run is None and wandb.init() is not run


def test_runs_are_resumed_forked_and_rewound() -> None:
    with wandb.init(project="p", id="own", resume="allow") as run:
        for value in range(4):
            run.log({"loss": value})
    with pytest.raises(wandb.UsageError, match="there is a run own already"):
        wandb.init(id="own")
    with pytest.raises(wandb.UsageError, match="there is no run other"):
        wandb.init(id="other", resume="must")
    with wandb.init(id="own", resume="must") as again:
        assert again.step == 4
        again.log({"loss": 9})
    with wandb.init(fork_from="own?_step=1") as fork:
        assert fork.step == 2 and fork.id != "own"
        fork.log({"loss": 5})
    assert history(fork.id, "loss") == [(0, 0.0), (1, 1.0), (2, 5.0)]
    with wandb.init(resume_from="own?_step=2") as back:
        assert (back.id, back.step) == ("own", 3)
    assert [step for step, _ in history("own", "loss")] == [0, 1, 2]


def test_the_environment_says_what_the_script_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PROJECT": "p", "NAME": "n", "RUN_GROUP": "g", "TAGS": "a,b", "NOTES": "said", "RUN_ID": "id7"}.items():
        monkeypatch.setenv(f"WANDB_{name}", value)
    with wandb.init(config={"lr": 0.5}) as run:
        run.log({"loss": 1})
    assert (run.id, run.name, run.project, run.group, run.tags, run.notes) == ("id7", "n", "p", "g", ("a", "b"), "said")
    monkeypatch.setenv("WANDB_RESUME", "must")
    with wandb.init() as run:
        assert run.resumed and run.config.lr == 0.5 and run.step == 1
    monkeypatch.setenv("WANDB_MODE", "disabled")
    with wandb.init(config={"a": 1}) as nothing:
        wandb.log({"a": 1, "b": "text"})
        wandb.alert("x")
        nothing.summary["a"] = 1
        assert nothing.config.a == 1
    assert len(mlops.search_runs(search_all_experiments=True, output_format="list")) == 1
    with pytest.raises(InvalidArgument, match="mode is 'sometimes'"):
        wandb.init(mode="sometimes")


def test_alerts_wait() -> None:
    with wandb.init() as run:
        wandb.alert("low accuracy", "0.2", level=wandb.AlertLevel.WARN)
        wandb.alert("low accuracy", "0.1", level="WARN", wait_duration=300)
        wandb.alert("other")
    assert [(alert.title, alert.level) for alert in mlops.alerts(run.id)] == [("low accuracy", "WARN"), ("other", "INFO")]


def test_what_there_is_not_says_what_to_use_instead() -> None:
    module = {
        "sweep": "sweeps.md", "Artifact": "log_artifact", "watch": "gradients", "Video": "log_artifact", "plot": "wandb.Table",
        "Settings": "leave out the settings", "util": "leave it out", "Api": "search_runs", "keras": "mlops.autolog", "join": "finish",
        "log_code2": "has no attribute 'log_code2'",
    }  # fmt: skip
    for name, why in module.items():
        with pytest.raises(AttributeError, match=why):
            getattr(wandb, name)
    with wandb.init() as run:
        for name, why in {
            "log_artifact": "mlops.log_artifact", "dir": "run.save", "history": "get_metric_history", "log_code": "log_artifacts",
            "link_model": "mlops.register_model", "watch": "gradients", "other": "a run of mlops.wandb has no attribute 'other'",
        }.items():  # fmt: skip
            with pytest.raises(AttributeError, match=why):
                getattr(run, name)


def test_the_first_lines_of_a_script_are_taken() -> None:
    assert wandb.login() is True and wandb.login(key="secret", relogin=True) is True
    with wandb.init(entity="team") as run:
        assert run.entity == "team"
        assert run.start_time == mlops.get_run(run.id).info.start_time / 1000
