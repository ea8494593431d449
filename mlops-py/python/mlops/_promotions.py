"""``mlops.registry()``: what brings versions to production, and tells how they came there."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal, NamedTuple

from . import _native, _state
from ._content import LocalFileNotFound
from ._convert import count, count_or_none, items, metric_value, path_text, text, text_key, text_or_none
from ._events import EventSubscription, subscribe
from ._html import table_html
from ._registry import number_of
from ._watch import Watch
from .exceptions import InvalidArgument

Verdict = Literal["pass", "fail", "error", "inconclusive", "ask"]
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_PAGE = 1_000


class LogHead(NamedTuple):
    """The end of the log of events. Kept elsewhere, it shows later whether the log up to there is the same."""

    seq: int
    hash: str


class ModelCard:
    """The card of a version: ``json`` is a dict whose keys are always the same, ``markdown`` the text."""

    __slots__ = ("json", "markdown")

    def __init__(self, json: dict[str, Any], markdown: str) -> None:
        self.json = json
        self.markdown = markdown

    def __str__(self) -> str:
        return self.markdown

    def __repr__(self) -> str:
        return f"<ModelCard: {self.json['name']} version {self.json['version']}>"

    def _repr_html_(self) -> str:
        head = ("stage", "aliases", "digest", "intended_use", "known_limits", "created_by", "created_at")
        parts = [table_html(f"{self.json['name']} version {self.json['version']}", _rows(self.json, head))]
        for title, key in (("Metrics", "metrics"), ("Evaluation", "evaluation"), ("Params", "params"), ("Lineage", "lineage")):
            found = self.json[key]
            if isinstance(found, dict) and any(value is not None for value in found.values()):
                parts.append(table_html(title, _rows(found, tuple(found))))
        for said in self.json["approvals"]:
            void = f", void: {said['void']}" if said["void"] else ""
            parts.append(table_html("Approval", [(said["decision"], f"{said['actor']}, {said['at']}{void}")]))
        return "".join(parts)


class Why:
    """Why a version is where it is: ``json`` is the chain as a dict, ``str()`` the text, a line each."""

    __slots__ = ("json", "text")

    def __init__(self, json: dict[str, Any], text: str) -> None:
        self.json = json
        self.text = text

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text.rstrip("\n")


def _rows(fields: Mapping[str, Any], keys: tuple[str, ...]) -> list[tuple[str, str]]:
    def shown(value: Any) -> str:
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

    return [(key, shown(fields[key])) for key in keys if fields[key] not in (None, [], {})]


def _json_safe(value: Any) -> Any:
    """The value without numbers that JSON has not: they are text, as in all answers."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else str(value)
    if isinstance(value, Mapping):
        return {str(key): _json_safe(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json_safe(item) for item in value]
    return value


def _as_json(what: str, value: Any) -> str:
    try:
        return json.dumps(_json_safe(value))
    except (TypeError, ValueError) as error:
        raise InvalidArgument(f"{what} is not made of dicts, lists, texts and numbers: {error}") from error


def _read(policies: Any) -> str:
    """The text of a file of policies."""
    path = path_text("policy", policies)
    if not path.strip():
        raise InvalidArgument("policy is empty: expected a dict of fields, the path of a file of TOML, or its text")
    try:
        return Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise LocalFileNotFound(f"the file of policies `{path}` does not exist") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidArgument(f"the file of policies `{path}` cannot be read: {error}") from error


def _micros(time: datetime | str | None) -> int | None:
    if isinstance(time, str):
        try:
            time = datetime.fromisoformat(time.replace("Z", "+00:00"))
        except ValueError as error:
            raise InvalidArgument(f"the time is `{time}`: expected a time such as 2026-11-01T12:30:00+00:00") from error
    if time is None:
        return None
    if not isinstance(time, datetime) or time.tzinfo is None:
        raise InvalidArgument(f"the time is {time!r}: expected a datetime with a time zone, such as UTC")
    since = time - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


class Registry:
    """The registry of a store. What changes it takes ``actor``, who does it (default ``MLOPS_ACTOR``, else who a CI system
    acts for, else ``user.email`` of git, else the user), and ``reason``, why; both stand in the history."""

    def __init__(self, store: _native.Store) -> None:
        self._store = store

    def __repr__(self) -> str:
        return "<mlops.registry()>"

    def _by(self, actor: str | None = None, reason: str | None = None) -> _native.Promotions:
        return _native.Promotions(self._store, actor=text_or_none("actor", actor), reason=text_or_none("reason", reason))

    def _number(self, model: str, version: int | str) -> int:
        """The number of a version that is named by it or by an alias."""
        if isinstance(version, str) and not version.strip().isdigit():
            return int(_native.ModelRegistry(self._store).get_by_alias(text("model", model), version)["version"])
        return number_of(version)

    def promote(
        self,
        model: str,
        version: int | str,
        to: str = "production",
        slot: str = "",
        reason: str | None = None,
        expect: int | None = None,
        archive_existing: bool = True,
        *,
        leave_empty: bool = False,
        actor: str | None = None,
    ) -> dict[str, Any]:
        """Moves a version to a stage, in one commit, by what the policy asks for; who was in production there is archived.

        ``slot``: a place of production such as ``"eu"``; each has one version. ``expect``: the generation that the slot must
        have, else ``Conflict`` says who was faster. ``archive_existing=False``: who leaves production goes to staging.
        ``leave_empty``: nothing may be left in production, where the policy is strict about it.

        Raises ``Denied`` with what the policy asks for and what is missing, ``Stale`` if a gate looked at another production
        than that of now. Returns a dict: ``changed`` (False if it was there), ``version``, ``replaced``, ``slot``,
        ``generation``, ``event``."""
        done = self._by(actor, reason).promote(
            text("model", model),
            self._number(model, version),
            text("to", to),
            text("slot", slot),
            count_or_none("expect", expect),
            bool(archive_existing),
            bool(leave_empty),
        )
        return dict(json.loads(done))

    def rollback(
        self, model: str, slot: str = "", to: int | None = None, reason: str | None = None, *, actor: str | None = None
    ) -> dict[str, Any]:
        """Goes back to what was in production in the slot before, or to the version ``to`` that once was, when its files are
        verified. Needs a reason. A second time it needs ``to``. Returns what ``promote`` returns."""
        number = None if to is None else number_of(to)
        return dict(json.loads(self._by(actor, reason).rollback(text("model", model), text("slot", slot), number)))

    def _say(
        self, decision: str, model: str, version: int | str, to: str, reason: str | None, actor: str | None
    ) -> dict[str, Any]:
        said = self._by(actor, reason).say(decision, text("model", model), self._number(model, version), text("to", to))
        return dict(json.loads(said))

    def request_approval(
        self, model: str, version: int | str, to: str = "production", reason: str | None = None, *, actor: str | None = None
    ) -> dict[str, Any]:
        """Asks for approval of a version for a stage; ``pending`` lists it."""
        return self._say("requested", model, version, to, reason, actor)

    def approve(
        self, model: str, version: int | str, to: str = "production", reason: str | None = None, *, actor: str | None = None
    ) -> dict[str, Any]:
        """Approves a version for a stage: as it is, with the newest result of a gate, under the policy that holds now.
        Raises ``Denied``, which is an event too, for who may not."""
        return self._say("approved", model, version, to, reason, actor)

    def reject(
        self, model: str, version: int | str, to: str = "production", reason: str | None = None, *, actor: str | None = None
    ) -> dict[str, Any]:
        """Rejects a version for a stage; needs a reason, and stands until the same actor approves or withdraws."""
        return self._say("rejected", model, version, to, reason, actor)

    def withdraw(
        self, model: str, version: int | str, to: str = "production", reason: str | None = None, *, actor: str | None = None
    ) -> dict[str, Any]:
        """Takes back what the actor said of a version for a stage."""
        return self._say("withdrawn", model, version, to, reason, actor)

    def pending(self) -> list[dict[str, Any]]:
        """The versions that somebody wants approved and that are not there yet."""
        return list(json.loads(self._by().pending()))

    def status(self, model: str, version: int | str, to: str = "production", slot: str = "") -> dict[str, Any]:
        """What the policy asks for before a version goes to a stage, what is there, and which approvals do not count and
        why: ``can_promote``, ``requirements``, ``approvals``, ``gates``, ``policy``."""
        number = self._number(text("model", model), version)
        return dict(json.loads(self._by().status(model, number, text("to", to), text("slot", slot))))

    def policy(self, model: str | None = None, stage: str = "production") -> Any:
        """What holds for a model that goes to a stage, all fields and ``digest``; without a model the policies that were
        set, a list."""
        if model is None:
            return json.loads(self._by().policies()[0])
        return json.loads(self._by().policy(text("model", model), text("stage", stage)))

    def policies_toml(self) -> str:
        """The policies that were set, as a file that ``set_policy`` takes."""
        return self._by().policies()[1]

    def set_policy(
        self,
        policy: Mapping[str, Any] | str | os.PathLike[str] | None,
        model: str | None = None,
        stage: str = "production",
        reason: str | None = None,
        *,
        actor: str | None = None,
    ) -> None:
        """Sets the policy of a model, or without one of the store, for a stage: a dict of fields, or None to take it away.

        A path, or the text of a file of TOML, sets all that it names: ``[default.production]``,
        ``[model."fraud".production]``. A field that there is not is an ``InvalidArgument`` that names it."""
        by = self._by(actor, reason)
        if policy is None or isinstance(policy, Mapping):
            fields = None if policy is None else _as_json("the policy", dict(policy))
            by.set_policy(text_or_none("model", model), text("stage", stage), fields)
            return
        is_text = isinstance(policy, str) and ("\n" in policy or "[" in policy)
        by.set_policies(str(policy) if is_text else _read(policy))

    def record_gate_result(
        self,
        model: str,
        version: int | str,
        baseline: int | str | None,
        verdict: Verdict,
        gate: str,
        report: Mapping[str, Any] | None = None,
        data: str | None = None,
        *,
        metrics: Mapping[str, float] | None = None,
        rules: str | None = None,
        reason: str | None = None,
        actor: str | None = None,
    ) -> dict[str, Any]:
        """Notes what a gate said of a version against ``baseline``, the version in production (None: nothing was).

        ``data``: the digest of what it looked at; ``rules``: of what it asks for. A verdict that rests on a metric that is
        NaN is noted as ``error``, and promotes nothing; ``ask`` counts with an approval that comes after it."""
        raw = self._by(actor, reason).record_gate_result(
            text("model", model),
            self._number(model, version),
            text_key("name of a gate", gate),
            None if baseline is None else self._number(model, baseline),
            text("verdict", verdict),
            [(str(key), metric_value(str(key), value)) for key, value in items("metrics", metrics or {})],
            None if report is None else _as_json("the report", dict(items("report", report))),
            text_or_none("data", data),
            text_or_none("rules", rules),
        )
        return dict(json.loads(raw))

    def watch(self, model: str, slot: str = "", *, alias: str | None = None) -> Watch:
        """Watches what is in production in a slot of a model, or what ``alias`` points to, for programs that serve it:
        ``watch.current`` touches no store. The model may be one that is not there yet."""
        name = text_key("name of a registered model", model)
        return Watch(_native.Watch(self._store, name, text("slot", slot), text_or_none("alias", alias)))

    def history(self, model: str) -> list[dict[str, Any]]:
        """All that happened under a name, in order, also to a model that was deleted."""
        return list(json.loads(self._by().history(text("model", model))))

    def at(
        self, model: str, stage: str = "production", slot: str = "", time: datetime | str | None = None
    ) -> int | None:
        """The version that was in a stage at a time, an aware datetime or its text; now without one. None if none was."""
        return self._by().at(text("model", model), text("stage", stage), text("slot", slot), _micros(time))

    def why(self, model: str, version: int | str) -> Why:
        """Why a version, by number or alias, is where it is: event, gate, approvals, run, commit, data sets."""
        raw, told = self._by().why(text("model", model), self._number(model, version))
        return Why(json.loads(raw), told)

    def card(self, model: str, version: int | str) -> ModelCard:
        """The card of a version, by number or alias."""
        raw, markdown = self._by().card(text("model", model), self._number(model, version))
        return ModelCard(json.loads(raw), markdown)

    def manifest(self, model: str, version: int | str) -> dict[str, Any] | None:
        """What a version is and where it is from, noted when it was made; None for one made by an older version of mlops."""
        found = json.loads(self._by().manifest(text("model", model), self._number(model, version)))
        return None if found is None else dict(found)

    def head(self) -> LogHead:
        """The end of the log of events."""
        return LogHead(*self._by().head())

    def verify(self, head: LogHead | tuple[int, str] | None = None) -> LogHead:
        """Walks the log of events; ``Corrupt`` names the first that was changed. With a ``head`` that was kept elsewhere it is
        noticed too if the end was cut off or all was written anew."""
        kept = None
        if head is not None:
            if not isinstance(head, (tuple, list)) or len(head) != 2:
                raise InvalidArgument(f"head is {head!r}: expected what head() gives, a number and a hash")
            kept = (count("the number of head", head[0]), text("the hash of head", head[1]))
        return LogHead(*self._by().verify(kept))

    def events(self, since: int = 0) -> Iterator[dict[str, Any]]:
        """The events of all models behind a number, in order."""
        return self._events(count("since", since))

    def _events(self, since: int) -> Iterator[dict[str, Any]]:
        while True:
            page = json.loads(self._by().events(since, _PAGE))
            if not page:
                return
            yield from page
            since = page[-1]["seq"]

    def export(self, path: str | os.PathLike[str], since: int = 0) -> int:
        """Writes the events behind a number to a file, a JSON object a line, and returns how many."""
        events = self.events(since)
        written = 0
        with Path(path_text("path", path)).open("w", encoding="utf-8") as file:
            for written, event in enumerate(events, 1):
                file.write(json.dumps(event, ensure_ascii=False) + "\n")
        return written

    def on(
        self,
        events: str | Sequence[str],
        callback: Callable[[dict[str, Any]], object],
        model: str | None = None,
        *,
        name: str | None = None,
        after: int | None = None,
    ) -> EventSubscription:
        """Has ``callback`` called with every event of a kind, in order, in a thread of its own, whichever process made the
        change: ``"promoted"``, ``"registered"``, ``"requested"``, ``"approved"``, ``"rejected"``, ``"rolled_back"``,
        ``"archived"``, ``"deleted"``, ``"*"``, a list of them, or an ``action`` that an event has.

        Without a name it begins with what happens from now on. Under a ``name`` the store remembers how far it is: what
        happened while nobody listened comes then, and of several processes that listen one is called. A new name begins now,
        or behind the event ``after``. What raises is called again, after a second and then after twice as long, before the
        next event. Returns what ends it: ``end()``, or the end of a ``with`` block."""
        return subscribe(self._store, events, callback, model, name, after)

    def deleted_versions(self, model: str) -> list[dict[str, Any]]:
        """What is left of the versions that were deleted under a name: number, digest, who, why, when."""
        return list(json.loads(self._by().deleted_versions(text("model", model))))

    def rename_model(self, model: str, new_name: str, reason: str, *, actor: str | None = None) -> None:
        """Gives a model another name, also where a policy protects what is in production under the one that it has."""
        registry = _native.ModelRegistry(self._store, actor=actor, reason=reason)
        registry.rename_model(text("model", model), text_key("name of a registered model", new_name))

    def delete_version(self, model: str, version: int | str, reason: str, *, actor: str | None = None) -> None:
        """Deletes a version whatever a policy protects."""
        self._by(actor, reason).force_delete(text("model", model), number_of(version))

    def delete_model(self, model: str, reason: str, *, actor: str | None = None) -> None:
        """Deletes a model with its versions whatever a policy protects."""
        self._by(actor, reason).force_delete(text("model", model), None)


def registry() -> Registry:
    """The registry of the store: promotions, approvals, policies and the log of events. MLflow's calls are those of
    ``MlflowClient``."""
    return Registry(_state.store())
