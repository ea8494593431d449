"""mlops.gate with models: they are asked now, on the same rows, whatever they are and wherever they are."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

import mlops
from mlops.exceptions import InvalidArgument

numpy = pytest.importorskip("numpy")
pandas = pytest.importorskip("pandas")
pytest.importorskip("sklearn")

from sklearn.linear_model import LinearRegression, LogisticRegression  # noqa: E402
from sklearn.svm import LinearSVC  # noqa: E402


def frame(count: int = 600, seed: int = 7) -> Any:
    source = numpy.random.default_rng(seed)
    rows = pandas.DataFrame({"a": source.normal(size=count), "b": source.normal(size=count)})
    rows["y"] = (rows.a + rows.b + source.normal(scale=0.5, size=count) > 0).astype(int)
    rows["country"] = numpy.where(numpy.arange(count) % 2 == 0, "DE", "FR")
    return rows


TRAIN, DATA = frame(seed=1), frame(seed=2)


def good() -> Any:
    return LogisticRegression().fit(TRAIN[["a", "b"]], TRAIN.y)


def weak() -> Any:
    return LogisticRegression().fit(TRAIN[["a"]], TRAIN.y)


def judged(candidate: Any, baseline: Any, **options: Any) -> mlops.GateResult:
    options = {"data": DATA, "targets": "y", "metrics": "accuracy", **options}
    return mlops.gate(candidate, baseline, **options)


def registered(*models: Any, name: str = "fraud") -> list[Any]:
    made = []
    for model in models:
        with mlops.start_run():
            info = mlops.sklearn.log_model(model, name="model")
        made.append(mlops.register_model(info.model_uri, name))
    return made


def test_models_that_are_loaded_are_asked_for_what_the_metric_takes() -> None:
    model, other = good(), weak()
    for metric in ("accuracy", "roc_auc", "log_loss", "brier", "f1"):
        result = judged(model, other, metrics=metric)
        assert result.verdict == "pass", result.to_text()
        primary = result.primary
        assert primary is not None and primary.candidate is not None
    accuracy = judged(model, other).primary
    assert accuracy is not None
    assert accuracy.candidate == model.score(DATA[["a", "b"]], DATA.y)
    from sklearn.metrics import log_loss, roc_auc_score

    chances = model.predict_proba(DATA[["a", "b"]])
    by_hand = {"roc_auc": roc_auc_score(DATA.y, chances[:, 1]), "log_loss": log_loss(DATA.y, chances)}
    for metric, expected in by_hand.items():
        found = judged(model, other, metrics=metric).primary
        assert found is not None and found.candidate == pytest.approx(expected, abs=1e-9)


def test_functions_and_predictions_stand_beside_models() -> None:
    def rule(rows: Any) -> Any:
        return (rows.a > 0).astype(int)

    assert judged(good(), rule).verdict == "pass"
    assert judged(good(), rule(DATA)).verdict == "pass"
    assert judged(good(), rule(DATA).tolist(), record=False).verdict == "pass"
    chances = good().predict_proba(DATA[["a", "b"]])
    low = weak().predict_proba(DATA[["a"]])
    by_array = judged(chances, low, metrics="log_loss")
    by_names = judged({0: chances[:, 0], 1: chances[:, 1]}, {"0": low[:, 0], "1": low[:, 1]}, metrics="log_loss")
    by_scores = judged(chances[:, 1], low[:, 1], metrics="log_loss")
    by_frame = judged(pandas.DataFrame(chances), pandas.DataFrame(low), metrics="log_loss")
    assert by_array.verdict == by_scores.verdict == "pass"
    assert by_array.json["checks"] == by_names.json["checks"] == by_frame.json["checks"]


def test_a_function_that_gives_probabilities_is_one_of_the_positive_class() -> None:
    found = judged(lambda rows: good().predict_proba(rows[["a", "b"]])[:, 1], weak(), metrics="log_loss")
    assert found.verdict == "pass"


def test_more_than_two_classes_and_texts() -> None:
    data = DATA.assign(kind=numpy.select([DATA.a > 0.7, DATA.a < -0.7], ["high", "low"], "middle"))
    model = LogisticRegression().fit(data[["a"]], data.kind)
    other = LogisticRegression(C=0.001).fit(data[["a"]], data.kind)
    for metric in ("accuracy", "log_loss", "top_k_accuracy@2", "f1_macro"):
        result = judged(model, other, data=data, targets="kind", metrics={"metric": metric, "margin": 0.01})
        assert result.verdict in ("pass", "inconclusive"), result.to_text()
        assert result.primary is not None and result.primary.candidate is not None
    given = model.predict_proba(data[["a"]])
    handed = judged(given, other, data=data, targets="kind", metrics="log_loss", classes=list(model.classes_))
    asked = judged(model, other, data=data, targets="kind", metrics="log_loss")
    assert handed.primary is not None and asked.primary is not None
    assert handed.primary.candidate == pytest.approx(asked.primary.candidate, abs=1e-12)


def test_a_model_without_probabilities_orders_rows_and_cannot_more() -> None:
    machine = LinearSVC().fit(TRAIN[["a", "b"]], TRAIN.y)
    assert judged(machine, weak(), metrics="roc_auc").verdict == "pass"
    with pytest.raises(InvalidArgument, match=r"`log_loss`: .* \(a LinearSVC\) has no predict_proba"):
        judged(machine, weak(), metrics="log_loss")


def test_numbers_are_compared_by_their_errors() -> None:
    rows = TRAIN.assign(z=TRAIN.a * 2 + TRAIN.b)
    data = DATA.assign(z=DATA.a * 2 + DATA.b + 0.1)
    model = LinearRegression().fit(rows[["a", "b"]], rows.z)
    other = LinearRegression().fit(rows[["a"]], rows.z)
    for metric in ("mae", "rmse", "r2"):
        assert judged(model, other, data=data, targets="z", metrics=metric).verdict == "pass"


def test_a_series_in_time_and_groups_are_drawn_together() -> None:
    data = DATA.assign(day=numpy.arange(len(DATA)) // 10, user=numpy.arange(len(DATA)) // 4)
    timed = judged(good(), weak(), data=data, time={"order": "day", "horizon": 2})
    grouped = judged(good(), weak(), data=data, group="user")
    assert timed.verdict == grouped.verdict == "pass"
    assert any(warning.code == "ungrouped_ids" for warning in judged(good(), weak(), data=data).warnings)


def test_versions_are_loaded_and_what_is_in_production_is_the_baseline() -> None:
    first, second = registered(weak(), good())
    registry = mlops.registry()
    alone = judged("fraud@1", "production", floor=0.5)
    assert (alone.verdict, alone.json["baseline"]) == ("pass", None)
    registry.promote("fraud", 1)
    expected = judged(second, "production", record=False).json
    assert (expected["candidate"], expected["baseline"]) == ("fraud@2", "fraud@1")
    mlops.MlflowClient().set_registered_model_alias("fraud", "challenger", 2)
    for named in ("fraud@2", "models:/fraud/2", "fraud@challenger", "models:/fraud@challenger"):
        for other in ("production", first, 1, "fraud@1", "fraud@production", "models:/fraud/Production"):
            assert judged(named, other, record=False).json == expected, (named, other)
    loaded = mlops.pyfunc.load_model("models:/fraud/2")
    assert judged(loaded, "production", record=False).json == expected
    with pytest.raises(InvalidArgument, match="in production already"):
        judged("fraud@1", "production")


def test_a_result_is_noted_and_lets_the_version_be_promoted() -> None:
    registered(weak(), good(), weak())
    registry = mlops.registry()
    registry.promote("fraud", 1)
    registry.set_policy({"gate": "fraud-gate"}, "fraud")
    with pytest.raises(mlops.exceptions.Denied):
        registry.promote("fraud", 2)
    silent = judged("fraud@2", "production", name="fraud-gate", record=False)
    assert silent.event is None and silent.version is None
    result = judged("fraud@2", "production", name="fraud-gate", actor="ada", reason="nightly")
    assert result.passed and result.version is not None and result.version.version == 2
    event = registry.history("fraud")[-1]
    assert (event["seq"], event["actor"], event["reason"]) == (result.event, "ada", "nightly")
    assert result.json["holdout"]["number"] == 1
    other = judged("fraud@3", "production", name="fraud-gate", margin=0.5)
    assert other.passed
    registry.promote("fraud", 2)
    with pytest.raises(mlops.exceptions.Stale, match="production v2"):
        registry.promote("fraud", 3)


def test_nothing_is_noted_when_production_changes_while_the_gate_runs() -> None:
    registered(weak(), good(), good())
    registry = mlops.registry()
    registry.promote("fraud", 1)

    def slow(targets: Any, predictions: Any) -> Any:
        if registry.at("fraud") == 1:
            registry.promote("fraud", 3)
        return (targets == predictions) * 1.0

    with pytest.raises(mlops.exceptions.Stale, match="gate baseline v1, production v3"):
        judged("fraud@2", "production", metrics=mlops.gate_metric(slow))
    assert not any("gate" in event["action"] for event in registry.history("fraud"))
    assert judged("fraud@2", "production", metrics=mlops.gate_metric(slow)).json["baseline"] == "fraud@3"


def test_a_model_that_was_logged_is_named_by_what_log_model_returned() -> None:
    with mlops.start_run():
        info = mlops.sklearn.log_model(good(), name="model")
    expected = judged(good(), weak(), record=False)
    logged = mlops.get_logged_model(info.model_id or "")
    for named in (info, info.model_uri, logged):
        result = judged(named, weak(), record=False)
        assert result.json["candidate"] == info.model_uri and result.passed
        assert result.primary == expected.primary


def test_a_failure_is_noted_and_promotes_nothing() -> None:
    registered(good(), weak())
    registry = mlops.registry()
    registry.promote("fraud", 1)
    registry.set_policy({"gate": "fraud-gate"}, "fraud")
    result = judged("fraud@2", "production", name="fraud-gate")
    assert result.verdict == "fail" and result.event is not None
    with pytest.raises(mlops.exceptions.Denied, match="says fail"):
        registry.promote("fraud", 2)


def test_a_result_beside_something_else_than_a_version_is_not_noted() -> None:
    registered(weak(), good())
    mlops.registry().promote("fraud", 1)
    before = len(mlops.registry().history("fraud"))
    for other in (weak(), weak().predict(DATA[["a"]]), None):
        result = judged("fraud@2", other, floor=0.5)
        assert result.passed and result.event is None
    assert len(mlops.registry().history("fraud")) == before


def test_predictions_of_versions_may_be_made_elsewhere() -> None:
    registered(weak(), good())
    mlops.registry().promote("fraud", 1)
    ours, theirs = good().predict(DATA[["a", "b"]]), weak().predict(DATA[["a"]])
    result = judged("fraud@2", "production", data=None, targets=DATA.y, candidate_predictions=ours, baseline_predictions=theirs)
    assert result.passed and result.event is not None
    assert (result.json["candidate"], result.json["baseline"]) == ("fraud@2", "fraud@1")


def test_a_model_that_cannot_be_loaded_is_an_error_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with mlops.start_run():
        mlops.log_text("no model", "model/weights.txt")
        run = mlops.active_run()
    assert run is not None
    mlops.register_model(f"runs:/{run.info.run_id}/model", "fraud")
    result = judged("fraud@1", good())
    assert result.verdict == "error" and "the candidate `fraud@1` cannot be loaded" in result.checks[0].reason
    registered(good())
    mlops.registry().promote("fraud", 1)
    noted = judged("fraud@2", "production")
    assert (noted.verdict, noted.event is not None) == ("error", True)
    assert "the baseline `fraud@1` cannot be loaded" in noted.checks[0].reason


def test_a_model_that_cannot_predict_is_an_error_with_the_reason() -> None:
    empty = DATA.assign(b=numpy.nan)
    result = judged(good(), weak(), data=empty)
    assert result.verdict == "error" and "the candidate cannot predict: ValueError: Input X contains NaN" in result.checks[0].reason
    lacking = judged(good(), weak(), data=DATA[["a", "y"]])
    assert lacking.verdict == "error" and "the candidate cannot predict" in lacking.checks[0].reason

    def some(rows: Any) -> Any:
        return rows.a[:5] > 0

    assert judged(some, weak()).verdict == "error"


def test_a_column_that_knew_the_answer_in_training_fails_with_the_reason() -> None:
    leaked = TRAIN.assign(answer=TRAIN.y)
    model = LogisticRegression().fit(leaked[["a", "answer"]], leaked.y)
    on_the_day = DATA.assign(answer=0)
    result = judged(model, weak(), data=on_the_day)
    assert result.verdict == "fail", result.to_text()


def test_budgets_are_measured() -> None:
    registered(weak(), good())
    mlops.registry().promote("fraud", 1)
    budgets = {"latency_p50_ratio": 100.0, "size_bytes": 1e6, "peak_rss_bytes": 2e9, "load_seconds": 300.0}
    result = judged("fraud@2", "production", budgets=budgets)
    assert result.passed, result.to_text()
    size, most = result.check("size_bytes").candidate, result.check("peak_rss_bytes").candidate
    assert size is not None and 100 < size < 1e6
    assert most is not None and 10e6 < most < 2e9
    assert result.check("latency_p50_ratio").rows == 200
    small = judged("fraud@2", "production", budgets={"size_bytes": 10})
    assert small.verdict == "fail" and small.check("size_bytes").verdict == "fail"
    handed = judged(good(), weak(), budgets={"size_bytes": 10}, measured={"size_bytes": 5})
    assert handed.passed
    unknown = judged(good(), weak(), budgets={"size_bytes": 10})
    assert unknown.verdict == "error" and "not handed in" in unknown.check("size_bytes").reason


def test_a_slower_model_is_a_warning_and_on_a_measuring_host_a_failure() -> None:
    fast, slow = [0.001, 0.0011] * 100, [0.01, 0.011] * 100
    budgets = {"latency_p95_ratio": 0.1}
    shared = judged(good(), weak(), budgets=budgets, measured={"latencies": (slow, fast)})
    assert shared.passed and any(warning.code == "budget" for warning in shared.warnings)
    alone = judged(good(), weak(), budgets=budgets, measured={"latencies": (slow, fast)}, measuring_host=True)
    assert alone.verdict == "fail"
    with pytest.raises(InvalidArgument, match="latency_rows is 0"):
        judged(good(), weak(), budgets=budgets, latency_rows=0)


def test_latencies_are_of_as_many_rows_as_are_asked_for() -> None:
    seen: list[int] = []

    def model(rows: Any) -> Any:
        seen.append(len(rows))
        return (rows.a > 0).astype(int)

    judged(model, weak(), budgets={"latency_p50_ratio": 1e6}, latency_rows=7)
    assert seen[0] == len(DATA) and seen[1:] == [7] * 220


def test_features_are_those_that_are_named() -> None:
    seen: list[list[str]] = []

    def model(rows: Any) -> Any:
        seen.append(list(rows.columns))
        return (rows.a > 0).astype(int)

    data = DATA.assign(id=range(len(DATA)))
    judged(model, weak(), data=data, ids="id")
    judged(model, weak(), data=data, features=["a"])
    assert seen == [["a", "b", "country"], ["a"]]
    with pytest.raises(InvalidArgument, match="features is 'c'"):
        judged(model, weak(), features=["c"])


def test_arrays_are_data_too() -> None:
    rows = DATA[["a", "b"]].to_numpy()
    model = LogisticRegression().fit(TRAIN[["a", "b"]].to_numpy(), TRAIN.y)
    other = LogisticRegression().fit(TRAIN[["a", "b"]].to_numpy() * [1, 0], TRAIN.y)
    result = mlops.gate(model, other, data=rows, targets=DATA.y, metrics="accuracy")
    assert result.passed
    assert mlops.gate(model, other, data=rows.tolist(), targets=DATA.y.tolist(), metrics="accuracy").json["checks"] == (
        result.json["checks"]
    )
    with pytest.raises(InvalidArgument, match="there is no data"):
        mlops.gate(model, other, targets=DATA.y, metrics="accuracy")


def test_a_bar_is_drawn_on_a_terminal_when_it_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    from mlops import _progress

    written: list[str] = []

    class Terminal:
        def isatty(self) -> bool:
            return True

        def write(self, text: str) -> None:
            written.append(text)

        def flush(self) -> None:
            pass

    monkeypatch.setattr(_progress, "_PATIENCE", 0.0)
    monkeypatch.setattr(_progress, "_EVERY", 0.0)
    monkeypatch.setattr(sys, "stderr", Terminal())
    judged(good(), weak(), record=False)
    assert any("the gate [" in text and "the candidate" in text for text in written)
    assert written[-1] == "\r\x1b[K"
