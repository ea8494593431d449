"""The commands ``mlops import tensorboard`` and ``mlops import wandb``."""

from __future__ import annotations

import argparse

from .._mlflow_import._command import answer, arguments

_BOTH = """
What was cut short goes on the next time, and a second time brings only what is new. The source is only read, and may be
written to meanwhile. Of damaged files all that is whole is brought, and the list says what is not.

Exit codes: 0 all that was found is in the store, 1 something is not (the list says what), else those of `mlops --help`.

JSON: {"source", "experiments", "runs", "params", "tags", "points", "files", "bytes": {"found", "kept", "new", "there"},
"problems": [text, ...], "complete"}, and the kinds of `mlops import mlflow`, which are 0."""

_TENSORBOARD = """\
Examples:
  mlops import tensorboard ./runs
  mlops import tensorboard ./lightning_logs --experiment churn --store ./store
  mlops import tensorboard ./runs --json

Each folder with event files is a run, whose name is its path beneath LOGDIR. TensorBoard is not needed.
"""

_WANDB = """\
Examples:
  mlops import wandb ./wandb
  mlops import wandb ./wandb/offline-run-20261127_133728-abc12345 --experiment churn
  mlops import wandb ./wandb --outside --json

A run is in the experiment of its project. W&B is not needed. With --outside also files are brought that stand elsewhere on
this machine: what links in the folder lead to, and the artifacts that W&B has not uploaded. Only for runs of your own: a
folder that you were given could name any file of yours.
"""


def main(source: str, words: list[str]) -> int:
    """Runs the command; returns its exit code."""
    if source == "tensorboard":
        parser = _parser(source, "Brings the runs of a log folder of TensorBoard's over: scalars, histograms, images, texts, audio "
                         "and hyperparameters.", _TENSORBOARD)  # fmt: skip
        parser.add_argument("source", metavar="LOGDIR", help="the folder that TensorBoard is started with")
    else:
        parser = _parser(source, "Brings runs over that W&B keeps on the disk: config, history, summary, system metrics, media, "
                         "files, console and alerts.", _WANDB)  # fmt: skip
        parser.add_argument("source", metavar="PATH", help="a folder wandb, one of its run folders, or a file run-*.wandb")
        parser.add_argument("--outside", action="store_true", help="files that stand outside of the folder, too")
    default = "the name of the folder" if source == "tensorboard" else "the project of each run"
    parser.add_argument("--experiment", metavar="NAME", help=f"the experiment of the runs; default: {default}")
    parser.add_argument("--store", metavar="PATH", help="the store to bring it to; default: as for every command")
    parser.add_argument("--json", action="store_true", help="one JSON object on one line")
    given = arguments(parser, words, source)
    from . import import_tensorboard, import_wandb

    into = given.store or ""
    if source == "tensorboard":
        return answer(
            given.json,
            lambda progress: import_tensorboard(given.source, experiment=given.experiment, store=into, progress=progress),
        )
    return answer(
        given.json,
        lambda progress: import_wandb(
            given.source, experiment=given.experiment, store=into, outside=given.outside, progress=progress
        ),
    )


def _parser(source: str, what: str, examples: str) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        prog=f"mlops import {source}",
        description=what,
        epilog=examples + _BOTH,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
