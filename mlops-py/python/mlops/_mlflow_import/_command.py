"""The command ``mlops import mlflow``. It stands in the Python package, since it reads with Python's libraries."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable

from ..exceptions import MlopsError
from ._report import ImportReport

SOURCES = ("mlflow", "tensorboard", "wandb")

_AFTER = """\
Examples:
  mlops import mlflow ./mlruns
  mlops import mlflow mlflow.db --store ./store
  mlops import mlflow sqlite:///server.db --artifacts ./mlartifacts
  mlops import mlflow http://localhost:5000 --json

What was cut short goes on the next time, and a second time brings only what is new. The source is only read. A folder
needs PyYAML, a server MLflow.

Exit codes: 0 all that was found is in the store, 1 something is not (the list says what), else those of `mlops --help`.

JSON: {"source", "experiments", "runs", "params", "tags", "points", "files", "bytes", "datasets", "logged_models",
"registered_models", "model_versions": {"found", "kept", "new", "there"}, "problems": [text, ...], "complete"}."""


def wanted(words: list[str]) -> str | None:
    """What is imported, if these arguments of ``mlops`` begin with `import` and such a word, behind options of every command."""
    rest = iter(words)
    found = []
    for word in rest:
        if word == "--store":
            next(rest, None)
        elif not word.startswith("-"):
            found.append(word)
            if len(found) == 2:
                break
    return found[1] if found[:1] == ["import"] and found[1:] and found[1] in SOURCES else None


def main(words: list[str]) -> int:
    """Runs the command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="mlops import mlflow",
        description="Brings experiments, runs, metric histories, params, tags, files, data sets and logged models of an "
        "MLflow store over.",
        epilog=_AFTER,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("source", metavar="SOURCE", help="a folder mlruns, an SQLite database, or a tracking URI")
    parser.add_argument("--store", metavar="PATH", help="the store to bring it to; default: as for every command")
    parser.add_argument("--artifacts", metavar="FOLDER", help="where a server kept the files that its database names")
    parser.add_argument("--trusted", action="store_true", help="pickles of these runs load without asking")
    parser.add_argument("--json", action="store_true", help="one JSON object on one line")
    given = arguments(parser, words, "mlflow")
    from . import import_mlflow

    return answer(
        given.json,
        lambda progress: import_mlflow(
            given.source, store=given.store or "", artifacts=given.artifacts, trusted=given.trusted, progress=progress
        ),
    )


def arguments(parser: argparse.ArgumentParser, words: list[str], source: str) -> argparse.Namespace:
    """The arguments behind the two words of the command."""
    rest = list(words)
    rest.remove("import")
    rest.remove(source)
    return parser.parse_args(rest)


def answer(as_json: bool, bring: Callable[[Callable[[str], None] | None], ImportReport]) -> int:
    """Runs an import and shows its report or error; returns the exit code."""
    try:
        report = bring(_progress())
    except MlopsError as error:
        return _failed(error, as_json)
    finally:
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")
    print(json.dumps(report.to_dict()) if as_json else report)
    return 0 if report.complete else 1


def _progress() -> Callable[[str], None] | None:
    if not sys.stderr.isatty():
        return None

    def say(what: str) -> None:
        sys.stderr.write(f"\r\x1b[K{what}")

    return say


def _failed(error: MlopsError, as_json: bool) -> int:
    if as_json:
        about = {
            "name": type(error).__name__, "number": error.code, "message": error.message,
            "mlflow_code": error.error_code, "retryable": error.retryable,
        }  # fmt: skip
        print(json.dumps({"error": about}), file=sys.stderr)
    else:
        print(f"error: {error.message}", file=sys.stderr)
    return {1: 2, 2: 2, 6: 2, 3: 3, 4: 3, 5: 3, 7: 3, 15: 3, 17: 3, 8: 4, 9: 4, 13: 6}.get(error.code, 7)
