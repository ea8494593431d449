"""mlops.gate with predictions: every verdict, and what a result is."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from gate_rows import rows

import mlops
from mlops.exceptions import InvalidArgument, InvalidState


def judged(candidate: float = 0.02, baseline: float = 0.1, count: int = 1_000, **options: object) -> mlops.GateResult:
    targets, ours, theirs = rows(count, candidate, baseline)
    options = {"metrics": "accuracy", **options}
    return mlops.gate(ours, theirs, targets=targets, **options)  # type: ignore[arg-type]


def test_a_better_model_passes() -> None:
    result = judged()
    assert (result.verdict, result.passed, result.exit_code, result.event, result.version) == ("pass", True, 0, None, None)
    primary = result.primary
    assert primary is not None and primary.kind == "primary" and primary.name == "accuracy"
    assert primary.lower is not None and primary.difference is not None and 0 < primary.lower < primary.difference
    result.raise_for_verdict()


def test_a_worse_model_fails_and_the_exception_is_the_report() -> None:
    result = judged(0.1, 0.02)
    assert (result.verdict, result.passed, result.exit_code) == ("fail", False, 1)
    with pytest.raises(mlops.GateFailed, match="accuracy") as raised:
        result.raise_for_verdict()
    assert str(raised.value) == result.to_text() and raised.value.result is result
    assert isinstance(raised.value, InvalidState) and type(raised.value) is mlops.GateFailed
    assert raised.value.exit_code == 1
    again = pickle.loads(pickle.dumps(raised.value))
    assert str(again) == str(raised.value) and again.exit_code == 1


def test_what_the_data_cannot_tell_is_inconclusive_and_blocks_passes_or_asks() -> None:
    assert (judged(0.05, 0.05).verdict, judged(0.05, 0.05).exit_code) == ("inconclusive", 5)
    assert judged(0.05, 0.05, on_inconclusive="allow").verdict == "pass"
    asked = judged(0.05, 0.05, on_inconclusive="ask")
    assert (asked.verdict, asked.needs_approval, asked.exit_code) == ("inconclusive", True, 6)
    with pytest.raises(mlops.GateInconclusive) as raised:
        asked.raise_for_verdict()
    assert raised.value.exit_code == 6 and isinstance(raised.value, mlops.GateFailed)


def test_what_cannot_be_judged_is_an_error() -> None:
    targets, ours, theirs = rows()
    result = mlops.gate([*ours[:-1], float("nan")], theirs, targets=targets, metrics="accuracy")
    assert (result.verdict, result.exit_code) == ("error", 7)
    assert "1 of 1000 predictions of the candidate are NaN or missing" in result.checks[0].reason
    with pytest.raises(mlops.GateError) as raised:
        result.raise_for_verdict()
    assert raised.value.exit_code == 7


def test_a_margin_passes_what_is_as_good() -> None:
    assert judged(0.05, 0.05).verdict == "inconclusive"
    equal = judged(0.05, 0.06, margin=0.03)
    assert equal.verdict == "pass" and "0.03" in equal.json["mode"]


def test_without_a_baseline_floors_decide() -> None:
    targets, ours, _ = rows()
    assert mlops.gate(ours, None, targets=targets, metrics="accuracy", floor=0.9).verdict == "pass"
    assert mlops.gate(ours, None, targets=targets, metrics="accuracy", floor=0.999).verdict == "fail"
    alone = mlops.gate(ours, None, targets=targets, metrics="accuracy")
    assert (alone.verdict, alone.needs_approval) == ("inconclusive", True)


def test_guardrails_slices_and_fairness_stop_a_better_model() -> None:
    targets, ours, theirs = rows()
    country = ["DE" if row % 2 else "FR" for row in range(len(targets))]
    # Better as a whole, and wrong for a quarter of what is French.
    uneven = [1 - target if row % 8 == 0 else target for row, target in enumerate(targets)]
    worse = [1 - target if row % 4 == 1 else target for row, target in enumerate(targets)]
    data = {"country": country, "y": targets}
    sliced = mlops.gate(uneven, worse, data=data, targets="y", metrics="accuracy", slices=["country"], slice_margin=0.02)
    assert sliced.check("country=DE").verdict == "pass"
    assert (sliced.verdict, sliced.check("country=FR").verdict) == ("fail", "fail")
    assert sliced.json["worst_slice"].startswith("country=FR")
    assert repr(sliced).startswith("<GateResult gate") and "slice country=FR" in repr(sliced)
    guarded = mlops.gate(
        ours, theirs, targets=targets, metrics="accuracy", guardrails={"recall": {"floor": 0.999}, "f1": 0.01}
    )
    assert (guarded.check("f1").verdict, guarded.verdict) == ("pass", "fail")
    fair = mlops.gate(
        uneven, worse, data=data, targets="y", metrics="accuracy",
        fairness={"column": "country", "measure": "worst_group", "floor": 0.9},
    )  # fmt: skip
    assert fair.verdict == "fail" and any(check.kind == "fairness" for check in fair.checks)


def test_rules_stand_in_the_list_of_metrics_too() -> None:
    result = judged(metrics=["accuracy", {"metric": "f1", "margin": 0.01}])
    assert [check.name for check in result.checks] == ["accuracy", "f1"]


def test_thresholds_of_mlflow_are_rules() -> None:
    kept = {"f1": mlops.MetricThreshold(threshold=0.9, min_absolute_change=0.001, greater_is_better=True)}
    result = judged(guardrails=kept)
    assert [(check.kind, check.verdict) for check in result.checks if check.name.startswith("f1")] == [
        ("limit", "pass"),
        ("guardrail", "pass"),
    ]


def test_the_same_inputs_give_the_same_report_whatever_their_order() -> None:
    targets, ours, theirs = rows()
    forth = mlops.gate(ours, theirs, targets=targets, metrics="f1", margin=0.01, record=False)
    back = mlops.gate(ours[::-1], theirs[::-1], targets=targets[::-1], metrics="f1", margin=0.01, record=False)
    assert forth.json == back.json


def test_reports_are_written_in_the_form_of_the_ending(tmp_path: Path) -> None:
    result = judged(name="a <gate>")
    assert str(result) == result.to_text() and result.to_text().startswith("a <gate>")
    for ending, text in ((".txt", result.to_text()), (".md", result.to_markdown()), (".json", result.to_json())):
        written = result.save(tmp_path / f"report{ending}")
        assert Path(written).read_text(encoding="utf-8") == text
    suite = ElementTree.parse(result.save(tmp_path / "report.xml")).getroot()
    assert suite.tag == "testsuites" and suite.get("tests") == str(len(result.checks))
    page = Path(result.save(tmp_path / "page", form="html")).read_text(encoding="utf-8")
    assert page == result.to_html() and "a &lt;gate&gt;" in page
    assert json.loads(result.to_json()) == result.json
    shown = result._repr_html_()
    assert shown.startswith("<iframe sandbox") and "a &amp;lt;gate&amp;gt;" in shown
    with pytest.raises(InvalidArgument, match=r"\.xml"):
        result.save(tmp_path / "report.pdf")


def test_a_result_is_no_truth_value_and_unknown_checks_are_named() -> None:
    result = judged()
    with pytest.raises(TypeError, match="passed"):
        bool(result)
    with pytest.raises(InvalidArgument, match="primary accuracy"):
        result.check("f2")


def test_the_uses_of_the_data_are_counted_and_spend_the_error_rate() -> None:
    targets, ours, theirs = rows()
    kept: dict[str, Any] = {"data": {"y": targets, "x": list(range(len(targets)))}, "targets": "y", "metrics": "accuracy"}
    assert mlops.gate(ours, theirs, targets=targets, metrics="accuracy").json["holdout"] is None, "nothing names them"
    assert mlops.gate(ours, theirs, **kept).json["holdout"]["number"] == 1
    assert mlops.gate(ours, theirs, **kept).json["holdout"]["number"] == 1, "it was counted"
    assert mlops.gate(theirs, ours, **kept).json["holdout"]["number"] == 2
    assert mlops.gate(ours, theirs, record=False, **kept).json["holdout"] is None
    spent = mlops.gate(ours, theirs, spend="bonferroni", spend_uses=2, name="spending", data_name="holdout@7", **kept)
    assert spent.json["alpha"] == 0.025 and spent.json["data"] == "holdout@7"
    # As many wrong, in other rows, is another candidate.
    for number, wrong in ((1, range(10)), (2, range(10, 20)), (1, range(10)), (3, range(20, 30))):
        said = [1 - y if at in wrong else y for at, y in enumerate([0] * 100 + [1] * 100)]
        named = mlops.gate(said, [0] * 200, targets=[0] * 100 + [1] * 100, metrics="accuracy", data_name="holdout@8")
        assert named.json["holdout"]["number"] == number
    uncounted = mlops.gate(ours, theirs, spend="decreasing", record=False, **kept)
    assert uncounted.verdict == "error" and uncounted.check("uses").verdict == "error"


def test_a_gate_that_is_not_recorded_makes_no_store(store: Path) -> None:
    judged(record=False)
    assert not store.exists()


def test_the_command_says_the_same_of_the_same_rows(tmp_path: Path) -> None:
    targets, ours, theirs = rows()
    country = ["DE" if row % 3 else "FR" for row in range(len(targets))]
    ids = [f"row-{row}" for row in range(len(targets))]
    lines = ["id,target,candidate,baseline,country"]
    lines += [",".join(map(str, row)) for row in zip(ids, targets, ours, theirs, country)]
    (tmp_path / "rows.csv").write_text("\n".join(lines) + "\n")
    asked = mlops.GateDefinition(
        "both", "accuracy", margin=0.01, guardrails={"f1": 0.02}, slices="country", slice_margin=0.05
    )
    asked.save(tmp_path / "gate.toml")
    done = subprocess.run(
        [sys.executable, "-m", "mlops", "gate", "--definition", "gate.toml", "--predictions", "rows.csv", "--report", "json"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    data = {"id": ids, "y": targets, "country": country}
    result = mlops.gate(ours, theirs, data=data, targets="y", ids="id", definition=asked, record=False)
    said = json.loads(done.stdout)
    # Files have no digest of their content; it is the seed of what is drawn.
    named = mlops.gate(ours, theirs, data=data, targets="y", ids="id", definition=asked, record=False, data_name="holdout@1")
    done = subprocess.run(
        [sys.executable, "-m", "mlops", "gate", "--definition", "gate.toml", "--predictions", "rows.csv", "--report", "json",
         "--data", "holdout@1"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert json.loads(done.stdout) == named.json and done.returncode == named.exit_code == 0
    assert [check["verdict"] for check in said["checks"]] == [check.verdict for check in result.checks]
