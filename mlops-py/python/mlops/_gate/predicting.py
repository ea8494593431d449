"""What a model says of the rows, or what was handed in, as the core takes it."""

from __future__ import annotations

import functools
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from .._evaluate import predicting as evaluated
from .._evaluate.inputs import Inputs
from ..exceptions import InvalidArgument
from .columns import Column, class_name, column, length, texts, values_of
from .models import Side, said_of


class Predictions:
    """What a model predicted, where one array does not say all: ``mlops.GatePredictions``.

    values: predicted classes or numbers. scores: of the positive class, or what rows are ranked by. probabilities: a dict of
    classes with a column each, or an array (n_rows, n_classes) with ``classes``. ids: of its rows, if they are in another
    order than the targets."""

    def __init__(
        self, values: Any = None, *, scores: Any = None, probabilities: Any = None, classes: Any = None, ids: Any = None
    ) -> None:
        if values is None and scores is None and probabilities is None:
            raise InvalidArgument("predictions have neither values nor scores nor probabilities: give one of them")
        self.values, self.scores, self.probabilities, self.classes, self.ids = values, scores, probabilities, classes, ids

    def __repr__(self) -> str:
        given = [name for name, value in vars(self).items() if value is not None]
        return f"<GatePredictions {', '.join(given)}>"


@dataclass
class Said:
    """Predictions as columns."""

    values: Column | None = None
    scores: Column | None = None
    probabilities: list[tuple[str, Column]] = field(default_factory=list)
    ids: list[str] | None = None

    def native(self) -> tuple[Column | None, Column | None, list[tuple[str, Column]], list[str] | None]:
        """As the core reads it."""
        return self.values, self.scores, self.probabilities, self.ids

    def aligned(self, ids: list[str] | None) -> Said:
        """In the order of the ids of the targets, where both have the same."""
        if self.ids is None or ids is None or sorted(self.ids) != sorted(ids):
            return self
        places = {one: at for at, one in enumerate(self.ids)}
        order = [places[one] for one in ids]
        picked = [(name, _pick(values, order)) for name, values in self.probabilities]
        return Said(_pick(self.values, order), _pick(self.scores, order), picked)

    def of_metric(self, takes: str, positive: str | None) -> Any:
        """What a metric of one's own is called with."""
        if takes == "predictions":
            found = self.values if self.values is not None else self.scores
            if found is None:
                raise InvalidArgument("the metric takes predictions, and there are probabilities only: takes='probabilities'")
            return values_of(found)
        if not self.probabilities:
            if self.scores is not None:
                return values_of(self.scores)
            if isinstance(self.values, bytes):
                return values_of(self.values)
            raise InvalidArgument("the metric takes probabilities, and there are none")
        known = dict(self.probabilities)
        if len(known) <= 2:
            name = positive if positive in known else self.probabilities[-1][0]
            return values_of(known[str(name)])
        columns = [values_of(one) for one in known.values()]
        try:
            import numpy
        except ImportError:
            return [list(row) for row in zip(*columns)]
        return numpy.column_stack(columns)


def _pick(values: Any, order: list[int]) -> Any:
    if values is None:
        return None
    if isinstance(values, bytes):
        return b"".join(values[8 * at : 8 * at + 8] for at in order)
    return [values[at] for at in order]


def handed(side: Side, classes: Sequence[Any] | None, targets: Column, ids: str | None) -> Said:
    """Predictions that were handed in."""
    given, what = side.predictions, f"the predictions of {side.what}"
    if not isinstance(given, Predictions):
        given = _sorted_out(given, ids)
    found = Said(ids=None if given.ids is None else texts("the ids of " + side.what, given.ids))
    if given.values is not None:
        found.values = column(what, given.values)
    if given.scores is not None:
        found.scores = _numbers(f"the scores of {side.what}", given.scores)
    if given.probabilities is not None:
        named = given.classes if given.classes is not None else classes
        found.probabilities = _probabilities(f"the probabilities of {side.what}", given.probabilities, named, targets)
    return found


def _sorted_out(given: Any, ids: str | None) -> Predictions:
    """An array, a column, a table or a dict: one column is values, more are probabilities."""
    if isinstance(given, Mapping):
        return Predictions(probabilities=given)
    if hasattr(given, "columns") and not callable(given.columns):
        names = list(given.columns)
        own = next((name for name in names if ids is not None and str(name) == ids), None)
        rest = [name for name in names if name != own]
        of_ids = None if own is None else given[own]
        if len(rest) == 1:
            return Predictions(given[rest[0]], ids=of_ids)
        return Predictions(probabilities={name: given[name] for name in rest}, ids=of_ids)
    if isinstance(given, (list, tuple)) and given and isinstance(given[0], (list, tuple)):
        return Predictions(probabilities=given)
    if getattr(given, "ndim", 1) == 2 and given.shape[1] > 1:
        return Predictions(probabilities=given)
    return Predictions(given)


def _numbers(what: str, values: Any) -> Column:
    found = column(what, values)
    if not isinstance(found, bytes):
        raise InvalidArgument(f"{what} are texts, such as {found[0]!r}: expected numbers")
    return found


def _probabilities(what: str, given: Any, classes: Any, targets: Column) -> list[tuple[str, Column]]:
    if isinstance(given, Mapping):
        return [(class_name(name), _numbers(what, values)) for name, values in given.items()]
    if hasattr(given, "to_numpy"):
        given = given.to_numpy()
    if isinstance(given, (list, tuple)):
        wide = len(given[0])
        parts = [[row[at] for row in given] for at in range(wide)]
    else:
        wide = int(given.shape[1])
        parts = [given[:, at] for at in range(wide)]
    names = _classes(targets) if classes is None else [class_name(name) for name in classes]
    if len(set(names)) != len(names):
        raise InvalidArgument(f"classes are {names}: expected each once")
    if len(names) != wide:
        expected = "a column for each" if classes is not None else "classes=, which names each column in order"
        raise InvalidArgument(f"{what} have {wide} columns, and there are {len(names)} classes: expected {expected}")
    return [(name, _numbers(what, values)) for name, values in zip(names, parts)]


def _classes(targets: Column) -> list[str]:
    if isinstance(targets, bytes):
        return [class_name(value) for value in sorted(set(array("d", targets)))]
    return sorted(set(targets))


class _LacksProbabilities(Exception):
    """The model has none, and they are asked for."""


class Asker:
    """Asks models for what metrics take."""

    def __init__(self, takes: set[str], metrics: list[str], targets: Column) -> None:
        self._targets = targets
        self._needs = [name for name in metrics if "probabilities" in takes]
        self._needs_chances = "probabilities" in takes
        self._asks_chances = bool(takes & {"probabilities", "scores"})
        self._may_classify = bool(takes & {"classes", "probabilities", "scores"})

    def ask(self, side: Side, features: Any) -> Said | None:
        """What the model says; None, with the reason in ``side``, if it fails."""
        try:
            return self._ask(side, features)
        except _LacksProbabilities:
            metrics = ", ".join(f"`{name}`" for name in self._needs)
            raise InvalidArgument(
                f"{metrics}: probabilities are needed, and {side.what} (a {type(evaluated._native(side.model)).__name__}) has no"
                f" predict_proba: give a model that has it, hand them in as {side.word}_predictions, or take a metric of classes"
            ) from None
        except Exception as error:
            side.failure = f"{side.what} cannot predict: {said_of(error)}"
            return None

    @functools.cached_property
    def _classifier(self) -> bool:
        return self._may_classify and not _has_fractions(self._targets)

    def _ask(self, side: Side, features: Any) -> Said:
        try:
            import numpy
        except ImportError:
            return handed(Side(side.what, predictions=called(side.model, features)), None, self._targets, None)
        native = evaluated._native(side.model)
        features = fitted(side.model, features)
        has_chances = hasattr(native, "predict_proba")
        if self._classifier and self._asks_chances and not has_chances and hasattr(native, "decision_function"):
            scores = numpy.asarray(native.decision_function(features))
            if self._needs_chances:
                raise _LacksProbabilities
            if scores.ndim == 1:
                values = column(f"the predictions of {side.what}", side.model.predict(features))
                return Said(values, _numbers(f"the scores of {side.what}", scores))
        truth = numpy.asarray(values_of(self._targets))
        if self._classifier and isinstance(self._targets, bytes) and numpy.isfinite(truth).all():
            truth = truth.astype(numpy.int64)
        # What gives labels needs not be asked for probabilities that nobody takes.
        classifier = self._classifier and (self._asks_chances or not has_chances)
        output = evaluated.predict(side.model, Inputs(features, truth, {}), classifier)
        found = Said(column(f"the predictions of {side.what}", output.values))
        if output.probabilities is not None and self._asks_chances:
            names = output.classes if output.classes is not None else numpy.unique(truth)
            parts = enumerate(class_name(name) for name in names)
            chances = output.probabilities
            found.probabilities = [(name, _numbers("the probabilities", chances[:, at])) for at, name in parts]
        elif self._needs_chances and self._classifier:
            raise _LacksProbabilities
        return found


def called(model: Any, features: Any) -> Any:
    """What a model, or a function, says of features."""
    return model.predict(features) if hasattr(model, "predict") else model(features)


def fitted(model: Any, features: Any) -> Any:
    """The columns that a model of scikit-learn was fitted on, where the features have them. A signature says itself."""
    names = getattr(evaluated._native(model), "feature_names_in_", None)
    if names is None or getattr(model, "input_schema", None) is not None or not hasattr(features, "columns"):
        return features
    known = {str(name) for name in features.columns}
    wanted = [name for name in names if str(name) in known]
    return features[wanted] if len(wanted) == len(names) else features


def _has_fractions(targets: Column) -> bool:
    if not isinstance(targets, bytes):
        return False
    return any(not value.is_integer() for value in array("d", targets) if isfinite(value))


def rows_of(said: Said) -> int:
    """How many rows were predicted."""
    for values in (said.values, said.scores, *(values for _, values in said.probabilities)):
        if values is not None:
            return length(values)
    return 0
