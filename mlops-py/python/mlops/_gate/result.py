"""What a gate found."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from .. import _native
from ..exceptions import InvalidArgument, InvalidState

if TYPE_CHECKING:
    from .._registry_entities import ModelVersion

Verdict = Literal["pass", "fail", "inconclusive", "error"]
Form = Literal["text", "md", "junit", "json", "html"]
_ENDINGS = {".txt": "text", ".md": "md", ".xml": "junit", ".json": "json", ".html": "html", ".htm": "html"}


class GateFailed(InvalidState):
    """A candidate that did not pass: the text is the report, ``result`` what the gate found, ``exit_code`` that of the command,
    1 where it failed."""

    def __init__(self, message: str = "", error_code: str | None = None, result: GateResult | None = None) -> None:
        super().__init__(message, error_code)
        self.result = result
        self.exit_code = 1 if result is None else result.exit_code

    def __reduce__(self) -> tuple[type[GateFailed], tuple[str, str], dict[str, Any]]:  # type: ignore[override]
        return type(self), (self.message, self.error_code), {"exit_code": self.exit_code}


class GateInconclusive(GateFailed):
    """The data cannot decide: 5, or 6 where an approval does."""


class GateError(GateFailed):
    """It could not be judged: 7."""


class GateCheck(NamedTuple):
    """One check of a gate; numbers that do not apply are None. ``difference`` counts so that more is better, and lies above
    ``-margin`` with its ``lower`` bound where the check passes."""

    kind: str
    name: str
    verdict: Verdict
    is_blocking: bool
    reason: str
    method: str | None
    candidate: float | None
    baseline: float | None
    difference: float | None
    lower: float | None
    upper: float | None
    alpha: float | None
    p_value: float | None
    margin: float | None
    limit: float | None
    rows: int | None
    minimal_detectable: float | None
    rows_needed: int | None


class GateWarning(NamedTuple):
    """What a reader of the report has to know."""

    code: str
    text: str


class GateResult:
    """What a gate found: ``verdict`` is ``"pass"``, ``"fail"``, ``"inconclusive"`` or ``"error"``; ``passed``, ``checks``,
    ``warnings``, ``exit_code`` and ``json``, all of it as a dict. ``event``: the number of the event that noted it with the version
    of the candidate; None if it was not."""

    def __init__(self, native: _native.GateReport, version: ModelVersion | None = None) -> None:
        self._native = native
        self.json: dict[str, Any] = json.loads(native.json())
        found = self.json
        self.verdict: Verdict = found["verdict"]
        self.exit_code: int = found["exit_code"]
        self.needs_approval: bool = found["needs_approval"]
        self.checks = [GateCheck(**check) for check in found["checks"]]
        self.warnings = [GateWarning(**warning) for warning in found["warnings"]]
        noted = None if native.noted is None else json.loads(native.noted)
        self.event: int | None = None if noted is None else int(noted["event"])
        self._version = version

    @property
    def passed(self) -> bool:
        """True if the candidate may be promoted."""
        return self.verdict == "pass"

    @property
    def version(self) -> ModelVersion | None:
        """The version of the candidate that it is noted with; None if it is not."""
        return self._version if self.event is not None else None

    @property
    def primary(self) -> GateCheck | None:
        """The check of the metric that decides; None if it came to none."""
        return next((check for check in self.checks if check.kind in ("primary", "first_model")), None)

    def check(self, name: str, kind: str | None = None) -> GateCheck:
        """The check of a name, such as ``"country=DE"``."""
        for check in self.checks:
            if check.name == name and kind in (None, check.kind):
                return check
        known = ", ".join(f"{check.kind} {check.name}" for check in self.checks)
        raise InvalidArgument(f"there is no check {name!r}: expected one of {known}")

    def to_text(self) -> str:
        """The report as lines of text."""
        return self._native.text()

    def to_markdown(self) -> str:
        """The report for a pull request."""
        return self._native.markdown()

    def to_junit(self) -> str:
        """The report for a build, as JUnit XML."""
        return self._native.junit()

    def to_json(self) -> str:
        """The report as a line of JSON."""
        return self._native.json()

    def to_html(self) -> str:
        """The report as a page with the intervals drawn, which needs no network."""
        return self._native.html()

    def save(self, path: str | os.PathLike[str], form: Form | None = None) -> str:
        """Writes the report, in the form of the file's ending: .txt, .md, .xml (JUnit), .json or .html. Returns the path."""
        place = Path(path)
        found = form if form is not None else _ENDINGS.get(place.suffix.lower())
        makers = {
            **{"text": self.to_text, "md": self.to_markdown, "junit": self.to_junit, "json": self.to_json},
            "html": self.to_html,
        }
        if found not in makers:
            raise InvalidArgument(
                f"the report is to be written to {os.fspath(path)!r}: expected a name that ends with {', '.join(_ENDINGS)},"
                " or form= 'text', 'md', 'junit', 'json' or 'html'"
            )
        place.write_text(makers[found](), encoding="utf-8")
        return os.fspath(place)

    def raise_for_verdict(self) -> None:
        """Raises what the verdict is, with the report as its text: :class:`GateFailed`, or its children ``GateInconclusive`` and
        ``GateError``. Returns if the candidate passed."""
        if self.passed:
            return
        kinds = {"inconclusive": GateInconclusive, "error": GateError}
        raise kinds.get(self.verdict, GateFailed)(self.to_text(), result=self)

    def __bool__(self) -> bool:
        raise TypeError("a GateResult is neither true nor false: ask for .passed, or for .verdict")

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        worst = next((check for check in self.checks if check.verdict != "pass" and check.is_blocking), self.primary)
        why = "" if worst is None else f"; {worst.kind} {worst.name}: {worst.reason}"
        return f"<GateResult {self._native.headline()}{why}>"

    def _repr_html_(self) -> str:
        from html import escape

        # A page of its own: its style is no matter to the notebook, and nothing in it runs.
        return (
            '<iframe sandbox="" style="width:100%;height:32em;border:1px solid #8884;border-radius:6px"'
            f' srcdoc="{escape(self.to_html(), quote=True)}"></iframe>'
        )
