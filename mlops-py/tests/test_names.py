"""Names of every kind of character come back as they were, through every way out; control characters are none."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy
import pytest

import mlops
from mlops.exceptions import InvalidArgument

COMMAND = str(Path(sys.executable).parent / "mlops")


def by_category() -> dict[str, str]:
    """Three characters of each category of Unicode: the first, one in between, the last."""
    found: dict[str, list[str]] = {}
    for code in range(0x110000):
        found.setdefault(unicodedata.category(chr(code)), []).append(chr(code))
    return {name: "".join((chars[0], chars[len(chars) // 2], chars[-1])) for name, chars in sorted(found.items())}


CATEGORIES = by_category()
NO_NAMES = {"Cc", "Cs"}
# What a careless program joins, turns or drops.
SPECIAL = {
    "combining": "e\u0301",
    "composed": "\u00e9",
    "compatible": "\ufb01 \u2126 \u212b \uff21",
    "zero width": "a\u200bb\u200cc\u200dd\u2060e\ufefff",
    "bidi": "a\u202eb\u202cc\u2066d\u2069e\u200ff\u061cg",
    "lines": "a\u2028b\u2029c",
    "private": "\ue000\U000f0000\U0010ffff",
    "tags": "\U000e0001\U000e0041",
    "emoji": "\U0001f469\u200d\U0001f52c\U0001f1e9\U0001f1ea\ufe0f",
    "case": "\u0130\u0131\u1e9e\u00df\u03c2\u03a3",
    "html": "<b>&amp;\"'</b></script><!--",
    "filter": "a.b`c\"d'e%_\\",
    "csv": '=1+1,";\'|`',
}
GOOD = {name: f"x{text}y" for name, text in {**CATEGORIES, **SPECIAL}.items() if name not in NO_NAMES}


def command(*arguments: str) -> str:
    done = subprocess.run([COMMAND, *arguments], capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


@pytest.fixture
def run_id() -> str:
    """A run that has every name everywhere."""
    with mlops.start_run() as run:
        for text in GOOD.values():
            mlops.log_metric(text, 1.0)
            mlops.log_metric("context", 2.0, context={"of": text})
            mlops.log_text(text, f"{text.replace(chr(92), '-').replace('/', '|')}/file.txt")
            mlops.log_input(mlops.data.from_numpy(numpy.zeros(2), name=text, source=text), context=text)
        mlops.log_params({text: text for text in GOOD.values()})
        mlops.set_tags({text: text for text in GOOD.values()})
    return str(run.info.run_id)


def test_there_is_every_category() -> None:
    assert len(CATEGORIES) == 30 and set(CATEGORIES) >= {"Cc", "Cf", "Cn", "Co", "Cs", "Lu", "Mn", "Zl", "Zp", "Zs"}


def test_names_come_back_as_they_were(run_id: str) -> None:
    names = set(GOOD.values())
    run = mlops.get_run(run_id)
    assert run.data.params == {text: text for text in names}
    assert {key: value for key, value in run.data.tags.items() if key in names} == run.data.params
    contexts = mlops.metric_contexts(run_id, "context")
    assert {context["of"] for context in contexts} == names
    assert {key for key in run.data.metrics if not key.startswith("context{")} == names
    inputs = run.inputs.dataset_inputs
    assert [found.dataset.name for found in inputs] == list(GOOD.values())
    assert [tag.value for found in inputs for tag in found.tags] == list(GOOD.values())
    folders = {found.path for found in mlops.artifacts.list_artifacts(run_id=run_id) if found.path not in ("images", "media")}
    assert folders == {text.replace("\\", "-").replace("/", "|") for text in names}
    client = mlops.MlflowClient()
    for text in names:
        assert [point.value for point in client.get_metric_history(run_id, text)] == [1.0]
        path = f"{text.replace(chr(92), '-').replace('/', '|')}/file.txt"
        assert mlops.artifacts.load_text(f"runs:/{run_id}/{path}") == text


def test_equal_looks_are_different_names(run_id: str) -> None:
    params = mlops.get_run(run_id).data.params
    assert GOOD["combining"] != GOOD["composed"] and {GOOD["combining"], GOOD["composed"]} <= set(params)
    assert unicodedata.normalize("NFC", GOOD["combining"]) == GOOD["composed"]


def test_a_filter_finds_values_of_every_kind(run_id: str) -> None:
    for name, text in GOOD.items():
        quote = '"' if "'" in text else "'"
        if quote not in text:
            found = mlops.search_runs(filter_string=f"dataset.name = {quote}{text}{quote}", output_format="list")
            assert [run.info.run_id for run in found] == [run_id], name
        key = f"`{text}`" if "`" not in text else f'"{text}"' if '"' not in text else None
        if key is not None:
            assert len(mlops.search_runs(filter_string=f"metrics.{key} = 1", output_format="list")) == 1, name


def test_a_frame_has_the_names_as_columns(run_id: str) -> None:
    frame = mlops.search_runs()
    for text in GOOD.values():
        assert frame[f"params.{text}"][0] == frame[f"tags.{text}"][0] == text
        assert frame[f"metrics.{text}"][0] == 1.0


def test_json_of_the_command_has_the_names(run_id: str) -> None:
    shown = json.loads(command("runs", "show", run_id, "--json"))
    text = json.dumps(shown, ensure_ascii=False)
    for name in GOOD.values():
        assert json.dumps(name, ensure_ascii=False) in text
    listed = json.loads(command("runs", "artifacts", run_id, "--json"))
    paths = json.dumps(listed, ensure_ascii=False)
    assert all(json.dumps(name.replace("\\", "-").replace("/", "|"), ensure_ascii=False)[1:-1] in paths for name in GOOD.values())


def test_tables_of_the_command_turn_and_hide_nothing(run_id: str) -> None:
    printed = command("runs", "show", run_id)
    assert SPECIAL["combining"] in printed and SPECIAL["emoji"] in printed and "\u1e9e" in printed
    bad = [c for c in printed if c != "\n" and (unicodedata.category(c) == "Cc" or c in "\u202e\u202c\u2066\u2069\u200f\u061c")]
    assert bad == []


def test_a_report_shows_the_names_and_runs_none(run_id: str, tmp_path: Path) -> None:
    mlops.report(run_id, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert SPECIAL["html"] not in page
    assert page.count("</script>") == len(re.findall(r"<script[ >]", page))
    data = re.search(r'<script[^>]*application/json[^>]*>(.*?)</script>', page, re.DOTALL)
    assert data is not None
    kept = json.dumps(json.loads(data.group(1)), ensure_ascii=False)
    for text in GOOD.values():
        assert json.dumps(text, ensure_ascii=False)[1:-1] in kept


def test_runs_experiments_and_sweeps_have_such_names() -> None:
    for text in GOOD.values():
        experiment = mlops.create_experiment(text)
        assert mlops.get_experiment(experiment).name == text
        with mlops.start_run(experiment_id=experiment, run_name=text) as run:
            pass
        assert mlops.get_run(run.info.run_id).info.run_name == text
        assert mlops.sweep({text: [1, 2]}, method="grid", name=text, metric=text).name == text
    assert {found.name for found in mlops.search_experiments()} >= set(GOOD.values())


@pytest.mark.parametrize("character", [chr(code) for code in [*range(32), *range(127, 160)]], ids=lambda c: f"U+{ord(c):04X}")
def test_a_control_character_is_in_no_name(character: str) -> None:
    bad = f"a{character}b"
    with mlops.start_run() as run:
        for call in [
            lambda: mlops.log_metric(bad, 1),
            lambda: mlops.log_param(bad, 1),
            lambda: mlops.set_tag(bad, 1),
            lambda: mlops.log_text("", bad),
            lambda: mlops.create_experiment(bad),
            lambda: mlops.start_run(nested=True, run_name=bad),
            lambda: mlops.sweep({"a": [1]}, method="grid", name=bad, metric="loss"),
            lambda: mlops.log_input(mlops.data.from_numpy(numpy.zeros(2), name=bad)),
            lambda: mlops.log_metric("a", 1, context={bad: "x"}),
        ]:
            with pytest.raises(InvalidArgument) as caught:
                call()
            assert all(unicodedata.category(c) != "Cc" for c in str(caught.value))
    found = mlops.get_run(run.info.run_id)
    assert (found.data.metrics, found.data.params, found.inputs.dataset_inputs) == ({}, {}, [])
