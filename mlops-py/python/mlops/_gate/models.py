"""Who is meant by a candidate or a baseline: a version, a model, or predictions."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .. import _state
from .._registry import SCHEME, logged_model_of, number_of, version_of
from .._registry_entities import ModelVersion
from ..exceptions import InvalidArgument, Untrusted

# How many characters an exception takes in a report: of several lines, and of one.
_SHORT, _LONG = 200, 300


@dataclass
class Side:
    """A candidate or a baseline. ``version``: name and number, if it is one of a registered model."""

    what: str
    version: tuple[str, int] | None = None
    uri: str | None = None
    model: Any = None
    predictions: Any = None
    # Why it could not be loaded or asked.
    failure: str | None = None

    @property
    def word(self) -> str:
        """``candidate`` or ``baseline``."""
        return self.what.split()[-1]

    @property
    def name(self) -> str | None:
        """What the report calls it."""
        if self.version is not None:
            return f"{self.version[0]}@{self.version[1]}"
        return self.uri

    def load(self, trust: bool) -> None:
        """Loads the model behind a version or a URI. What fails is said in the report, but that nobody trusts it."""
        if self.model is not None or self.predictions is not None or self.uri is None:
            return
        from .. import pyfunc

        try:
            self.model = pyfunc.load_model(self.uri, trust=trust)
        except Untrusted:
            raise
        except Exception as error:
            self.failure = f"{self.what} `{self.name}` cannot be loaded: {said_of(error)}"


def side(what: str, given: Any, predictions: Any) -> Side:
    """Who is meant by what was given."""
    from .predicting import Predictions

    found = _side(what, given)
    if predictions is not None:
        if found.predictions is not None:
            raise InvalidArgument(f"{what} is predictions, and {found.word}_predictions too: give one of them")
        found.predictions = predictions
    elif isinstance(given, Predictions):
        found.predictions = given
    return found


def _side(what: str, given: Any) -> Side:
    if given is None:
        raise InvalidArgument(f"{what} is None: expected a version such as 'fraud@5', a model, or predictions")
    if isinstance(given, ModelVersion):
        return of_version(what, given.name, given.version)
    if isinstance(given, (str, os.PathLike)):
        return _named(what, os.fspath(given))
    logged = getattr(given, "model_uri", None)
    if isinstance(logged, str):
        # What log_model returned, or a logged model.
        return Side(what, uri=logged)
    if is_model(given):
        found = Side(what, model=given)
        uri = getattr(given, "_uri", None)
        if isinstance(uri, str) and uri.startswith(SCHEME):
            name, _, number = uri.removeprefix(SCHEME).strip("/").rpartition("/")
            # Of an alias or a stage nobody knows what it was when it was loaded.
            if name and number.isdigit():
                found.version, found.uri = (name, int(number)), uri
        return found
    return Side(what, predictions=given)


def of_version(what: str, name: str, number: int) -> Side:
    """A version of a registered model."""
    return Side(what, (name, int(number)), f"{SCHEME}/{name}/{int(number)}")


def _named(what: str, text: str) -> Side:
    store_uri = text
    if "://" not in text and not text.startswith(("runs:", SCHEME)):
        name, at, which = text.rpartition("@")
        if os.path.isdir(text):
            return Side(what, uri=text)
        if not at or not name or not which:
            expected = "a version such as 'fraud@5' or 'fraud@champion', a URI, the folder of a model, a model, or predictions"
            raise InvalidArgument(f"{what} is {text!r}: expected {expected}")
        if which.isdigit():
            store_uri = f"{SCHEME}/{name}/{number_of(which)}"
        elif which.lower() == "production":
            store_uri = f"{SCHEME}/{name}/Production"
        else:
            store_uri = f"{SCHEME}/{name}@{which}"
    if store_uri.startswith(SCHEME) and logged_model_of(store_uri) is None:
        found = version_of(_state.store(), store_uri)
        return of_version(what, found["name"], int(found["version"]))
    return Side(what, uri=store_uri)


def is_model(given: Any) -> bool:
    """True for what predicts, false for what was predicted."""
    if isinstance(given, Mapping) or hasattr(given, "dtype") or isinstance(given, (list, tuple)):
        return False
    if hasattr(given, "columns") and hasattr(given, "shape"):
        return False
    return hasattr(given, "predict") or hasattr(given, "predict_proba") or callable(given) or hasattr(given, "inplace_predict")


def said_of(error: BaseException) -> str:
    """The exception in a line: as many of its lines as are short together."""
    text = ""
    for line in (" ".join(line.split()) for line in str(error).splitlines()):
        if text and len(text) + len(line) > _SHORT:
            break
        text = f"{text} {line}".strip()
    return f"{type(error).__name__}: {text[:_LONG]}" if text else type(error).__name__
