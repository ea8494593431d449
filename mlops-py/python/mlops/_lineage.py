"""What something was made of, and what was made of it."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from . import _native, _state
from ._html import table_html


class Lineage:
    """The graph of what something was made of and what was made of it. ``json`` is a dict with ``root``, ``nodes`` and
    ``edges``; ``str()`` is a tree as text."""

    __slots__ = ("_mermaid", "json", "text")

    def __init__(self, json: dict[str, Any], text: str, mermaid: str) -> None:
        self.json = json
        self.text = text
        self._mermaid = mermaid

    def to_dict(self) -> dict[str, Any]:
        """The graph as a dict whose keys stay."""
        return self.json

    def to_mermaid(self) -> str:
        """The graph as a flowchart of Mermaid."""
        return self._mermaid

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text.rstrip("\n")

    def _repr_html_(self) -> str:
        labels = {node["id"]: f"{node['kind'].replace('_', ' ')} {node['label']}" for node in self.json["nodes"]}
        rows = [(labels[edge["from"]], f"{edge['kind'].replace('_', ' ')}: {labels[edge['to']]}") for edge in self.json["edges"]]
        return f"<pre>{escape(self.text)}</pre>{table_html(labels[self.json['root']], rows)}"


def lineage(what: str) -> Lineage:
    """What something was made of, and what was made of it: data sets, runs, logged models, versions, stages and aliases,
    also what was deleted, with results of gates and approvals.

    ``what``: a version (``"models:/fraud@production"``, ``"fraud@5"``), a run (``"runs:/<run>"`` or its id), a logged model or
    a data set (``"dataset:<digest>"``)."""
    raw, text, mermaid = _native.lineage(_state.store(), what)
    return Lineage(json.loads(raw), text, mermaid)
