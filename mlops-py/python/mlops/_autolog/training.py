"""What happens around one training: a run, what is logged before and after, and an end that fits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

from . import guard
from .switch import settings_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .. import _native
    from .._state import ActiveRun
    from .settings import Settings

_T = TypeVar("_T")
# Of these at once.
_MOST_POINTS = 1_000

# The training that this thread or task is inside of, if it is logged.
current: ContextVar[Training | None] = ContextVar("mlops_training", default=None)
# Runs that autolog has started and not ended: other threads do not log into them.
_started: set[str] = set()


class Training:
    """One training of a library. Subclasses say what they log, in :meth:`before` and :meth:`after`."""

    library = ""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._own: ActiveRun | None = None
        self._handle: _native.Run | None = None
        self._broken = False
        # Whether metrics come before the model is there: it is made with the first of them then.
        self.makes_model = False
        # The training that this is a part of: its model counts.
        self.outer: Training | None = None
        self.model_id: str | None = None
        self._tried = False
        # Points that the run has and the logged model has not yet.
        self._points: list[Any] = []

    # --- what a library does

    def before(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Logs what is known before; gives the arguments that the function is called with."""
        return args, kwargs

    def after(self, result: Any) -> None:
        """Logs what the training gave."""

    # --- the run

    @property
    def run(self) -> _native.Run:
        """The run that is logged to."""
        if self._handle is None:
            raise RuntimeError("there is no run")
        return self._handle

    @property
    def has_run(self) -> bool:
        """Whether there is a run: the store may be gone."""
        return self._handle is not None

    @property
    def store(self) -> _native.Store:
        """The store of the run."""
        from .. import _state

        return self._own._store if self._own is not None else _state.store()

    def attempt(self, what: str, call: Callable[[], _T], otherwise: Any = None) -> Any:
        """What a call gives, or ``otherwise`` after an error, which is told."""
        return guard.attempt(self.library, what, self.settings.silent, call, otherwise)

    def begin(self) -> None:
        """Takes the active run, or starts one."""
        from .. import _fluent, _state

        run = _state.current_run()
        if run is not None and (run is _state.own_run() or run.info.run_id not in _started):
            self._handle = run._handle
            return
        if run is None:
            inherited = _state.inherited_run()
            if inherited is not None:
                self._handle = inherited
                return
        tags = {"mlflow.autologging": self.library, **self.settings.extra_tags}
        self._own = _fluent.start_run(tags=tags)
        self._handle = self._own._handle
        _started.add(self._own.info.run_id)

    def end(self, status: str) -> None:
        """Ends the run, if it was started here."""
        from .. import _state

        run, self._own = self._own, None
        if run is None:
            return
        _started.discard(run.info.run_id)
        try:
            if not run._ended:
                _state.finish(run, status)
        except Exception:
            # It is in nobody's way: the next training starts its own.
            _state._forget(run)
            raise

    # --- what is logged

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Logs params. Those that the run has with another value stay as they are, which is told."""
        from ..exceptions import Conflict

        given = [(str(key), shown(value)) for key, value in params.items()]
        try:
            self.run.log_batch(given, [], [])
        except Conflict as error:
            known = self.store.get_run(self.run.id)["params"]
            self.run.log_batch([(key, value) for key, value in given if key not in known], [], [])
            guard.tell(self.library, "params that the run has with another value", self.settings.silent, error)

    def log_metrics(self, metrics: Mapping[str, Any], step: int = 0) -> None:
        """Logs a point of each metric that is a number; with a logged model, or an active one, it is a metric of it too."""
        points: list[tuple[str, float, int, int | None]] = []
        points += [(key, float(value), step, None) for key, value in metrics.items() if is_number(value)]
        model_id = self.measured_model()
        if model_id is None:
            self.run.log_batch([], [], points)
            return
        from .._model_points import now

        at, subject = now(), (model_id, None, None)
        points = [(key, value, step, at) for key, value, _, _ in points]
        self.run.log_batch([], [], points, [subject] * len(points))
        owner = self.outer or self
        owner._points += [(*point, subject) for point in points]
        if len(owner._points) >= _MOST_POINTS:
            owner.flush()

    def measured_model(self) -> str | None:
        """The logged model that metrics are of: that of this training, else the active one; None if there is none."""
        from .._active_model import get_active_model_id

        if self.outer is not None:
            return self.outer.measured_model()
        if self.makes_model and self.model_id is None and not self._tried:
            self._tried = True
            self.model_id = self.attempt("the model", self._make_model)
        return self.model_id or get_active_model_id()

    def _make_model(self) -> str:
        from .._logged_models_fluent import create

        return create(self.store, "model", self.run.id, None)

    def flush(self) -> None:
        """Gives the logged model the points that the run has."""
        from .._model_points import give

        points, self._points = self._points, []
        of_models: dict[str, list[Any]] = {}
        for point in points:
            of_models.setdefault(point[4][0], []).append(point)
        for model_id, its in of_models.items():
            give(self.store, self.run.id, model_id, its)

    def settle(self) -> None:
        """Brings the logged model to an end: one that was begun and did not get its files has failed."""
        from .. import _native

        if self._points:
            self.attempt("metrics of the model", self.flush)
        if self._tried and self.model_id is not None:
            models = _native.LoggedModels(self.store)
            if models.get(self.model_id)["status"] == "PENDING":
                models.set_status(self.model_id, "FAILED", "the training that began it gave no model")

    def log_point(self, metrics: Mapping[str, Any], step: int) -> None:
        """Logs metrics of a round or an epoch. After an error no more: one for each of many rounds would cost time."""
        if metrics and not self._broken:
            try:
                self.log_metrics(metrics, step)
            except Exception as error:
                self._broken = True
                guard.tell(self.library, "metrics of rounds", self.settings.silent, error)

    def log_tags(self, tags: Mapping[str, Any]) -> None:
        """Sets tags."""
        self.run.log_batch([], [(key, str(value)) for key, value in tags.items()], [])


def shown(value: Any) -> Any:
    """The value of a param: plain, or the text of what is not."""
    try:
        return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
    except Exception:
        return f"<{type(value).__name__}>"


def is_number(value: Any) -> bool:
    """Whether something is the value of a metric."""
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return not isinstance(value, str)


def around(
    library: str,
    make: Callable[[Settings], Training | None],
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    """Calls a function that trains, and logs it, if it is the outermost and autolog is on. Whatever becomes of logging, the
    function is called once, with what it was given and callbacks beside, and its result or its exception is the caller's."""
    settings = settings_of(library)
    if settings is None or current.get() is not None or (settings.exclusive and _is_active()):
        return function(*args, **kwargs)
    training = guard.attempt(library, "a training", settings.silent, lambda: make(settings))
    if training is None:
        return function(*args, **kwargs)
    with inside(training):
        training.attempt("a run", training.begin)
        if training.has_run:
            args, kwargs = training.attempt("what is known before", lambda: training.before(args, kwargs), (args, kwargs))
        try:
            result = function(*args, **kwargs)
        except BaseException:
            if training.has_run:
                training.attempt("the model", training.settle)
            training.attempt("the end of the run", lambda: training.end("FAILED"))
            raise
        if training.has_run:
            training.attempt("results", lambda: training.after(result))
            training.attempt("the model", training.settle)
            training.attempt("the end of the run", lambda: training.end("FINISHED"))
    return result


def _is_active() -> bool:
    from .. import _state

    run = _state.current_run()
    return run is not None and run.info.run_id not in _started


@contextmanager
def inside(training: Training) -> Iterator[None]:
    """While it lasts, trainings of this thread or task are parts of this one."""
    token = current.set(training)
    try:
        yield
    finally:
        current.reset(token)


def bound(function: Callable[..., Any], args: Iterable[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """All arguments of a call by name, with defaults."""
    import inspect

    found = inspect.signature(function).bind(*args, **kwargs)
    found.apply_defaults()
    return dict(found.arguments)
