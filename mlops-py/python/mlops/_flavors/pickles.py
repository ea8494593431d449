"""Pickles: written with a note of the modules that they need, read only when the source is trusted."""

from __future__ import annotations

import io
import pickle
from typing import TYPE_CHECKING, Any

from ..exceptions import InvalidArgument, MlopsError

if TYPE_CHECKING:
    from .source import Source


def dumps(model: Any, how: str | None = None) -> tuple[bytes, str, set[str]]:
    """The pickle of a model, ``pickle`` or ``cloudpickle``, and the modules of what is in it.

    Functions and classes of a script or a notebook, and lambdas, have to travel with the model, since another process
    cannot import them: cloudpickle writes such a model."""
    if how not in (None, "pickle", "cloudpickle"):
        raise InvalidArgument(f"the serialization format {how!r} is not valid: expected 'skops', 'pickle' or 'cloudpickle'")
    if how != "cloudpickle":
        modules: set[str] = set()
        buffer = io.BytesIO()

        class Pickler(pickle.Pickler):
            def reducer_override(self, obj: Any) -> Any:
                note(obj, modules)
                return NotImplemented

        try:
            Pickler(buffer, protocol=5).dump(model)
            if how == "pickle" or "__main__" not in modules:
                return buffer.getvalue(), "pickle", modules
        except Exception as error:
            if how == "pickle":
                raise InvalidArgument(f"{type(model).__name__} cannot be pickled: {error}") from error
    return _by_cloudpickle(model)


def _by_cloudpickle(model: Any) -> tuple[bytes, str, set[str]]:
    modules: set[str] = {"cloudpickle"}
    buffer = io.BytesIO()
    base: Any = cloudpickle().Pickler

    class Pickler(base):  # type: ignore[misc]
        def reducer_override(self, obj: Any) -> Any:
            note(obj, modules)
            return super().reducer_override(obj)

    try:
        Pickler(buffer, protocol=5).dump(model)
    except Exception as error:
        raise InvalidArgument(f"{type(model).__name__} cannot be pickled: {error}") from error
    return buffer.getvalue(), "cloudpickle", modules


def note(obj: Any, modules: set[str]) -> None:
    """Adds the module of a class or a function, or of the class of anything else."""
    module = getattr(obj, "__module__", None) if isinstance(obj, type) or callable(obj) else None
    modules.add(module if isinstance(module, str) else type(obj).__module__)


def cloudpickle() -> Any:
    """The package cloudpickle, or the copy that older versions of joblib bring along."""
    try:
        import cloudpickle as found
    except ImportError:
        try:
            from joblib.externals import cloudpickle as found
        except ImportError:
            raise InvalidArgument(
                "a model with functions or classes of a script or a notebook needs the package cloudpickle: install it,"
                " or move them to a module and pass that as code_paths"
            ) from None
    return found


def loads(source: Source, path: str, made_with: str) -> Any:
    """Unpickles a file of a model, after its digest was verified and its source is trusted."""
    content = source.read_code(path)
    try:
        return pickle.loads(content)
    except Exception as error:
        raise MlopsError(
            f"the model `{source.uri}` cannot be unpickled ({type(error).__name__}: {error}); it was saved with"
            f" {made_with}, see its requirements.txt"
        ) from error
