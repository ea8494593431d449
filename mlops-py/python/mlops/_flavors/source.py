"""Where a model's files are, and whether what they hold may run."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from .. import _native, _state
from ..artifacts import parse_uri
from ..exceptions import InvalidArgument, NotFound, Unsupported, Untrusted
from . import temporary

MANIFEST = "MLmodel"


class Source:
    """A saved model: in a run's artifacts, in a folder, or in a folder that MLflow wrote.

    Ours say which files they have, with digests, and every byte is verified before it is used. MLflow's do not: what
    runs code in them needs ``trust=True``, if the files are not in a store that this user trusts."""

    def __init__(self, uri: str | os.PathLike[str], trust: bool = False, dst_path: str | None = None) -> None:
        self.uri = os.fspath(uri)
        self._folder: str | None = None
        self._dst_path = dst_path
        # Where its files are while it, or what was made of them, is there.
        self._temporary: temporary.Folder | None = None
        # What is trusted and what is read is one store, whatever later calls use.
        self._store = _state.store() if self.uri.startswith(("runs:", "models:")) else None
        # Where in the store it is read, as runs:/<run id>/<path>.
        self._at = self.uri
        # Of a registered or logged model: a copy of its files, which is read instead of the store.
        self._copied = False
        self._is_foreign = False
        self._model_id: str | None = None
        if self._store is not None:
            self._find(self._store)
        if self._folder is not None:
            pass
        elif self._store is None:
            self.uri = self.uri.removeprefix("file://")
            if not os.path.isdir(self.uri):
                expected = "models:/<id>, runs:/<run id>/<path> or the path of a model folder"
                raise NotFound(f"model `{self.uri}` does not exist: expected {expected}")
            self._folder = self.uri
        foreign = self._foreign()
        self.foreign = foreign is not None
        if foreign is not None:
            self.manifest = foreign
        elif self._store is not None and not self._copied:
            self.manifest = json.loads(_native.model_manifest(self._store, self._at))
        elif self._copied and not os.path.isfile(os.path.join(self._folder or "", MANIFEST)):
            raise NotFound(f"model `{self.uri}` does not exist; there is no `{MANIFEST}` in it")
        else:
            self.manifest = json.loads(_native.open_model_folder(self._folder or self.uri))
        self._trusted = trust or self._is_trusted()

    def _find(self, store: _native.Store) -> None:
        from .._logged_models import find_output
        from .._registry import logged_model_of, version_of

        if self.uri.startswith("runs:"):
            run_id, path = parse_uri(self.uri)
            if not store.list_artifacts(run_id, f"{path.rstrip('/')}/{MANIFEST}"):
                # What MLflow logs to the store is in the logged model only.
                self._model_id = find_output(store, run_id, path.strip("/"))
                if self._model_id is not None:
                    self._copy(store, f"models:/{self._model_id}")
            return
        self._model_id = logged_model_of(self.uri)
        place = None if self._model_id is None else _in_a_run(store, self._model_id)
        if place is not None:
            self._at = place
            return
        if self._model_id is None:
            self._model_id = version_of(store, self.uri)["model_id"]
        self._copy(store, self.uri)

    def _copy(self, store: _native.Store, uri: str) -> None:
        from .._registry import download

        found = download(store, uri, self._place())
        if isinstance(found, str):
            # A version of what is elsewhere.
            self.uri = self._at = found
            if found.startswith("models:"):
                raise NotFound(f"the files of `{found}` are not in the store {store.uri}")
            if not found.startswith("runs:"):
                self._store = None
            return
        self._folder, self._is_foreign = found
        self._copied = True

    def _place(self) -> str:
        """Where files are copied to."""
        if self._dst_path is not None:
            return self._dst_path
        self._temporary = temporary.Folder()
        return self._temporary.path

    def stay_with(self, made: Any) -> None:
        """Has files that are copied for it stay as long as what was made of them does, which may read them later."""
        if self._temporary is not None:
            self._temporary.stay_with(made)

    @property
    def model_id(self) -> str | None:
        """The id of the logged model that it is; None if it is none."""
        if self._model_id is None and self._store is not None and not self._copied:
            from .._logged_models import find_output

            run_id, path = parse_uri(self._at)
            self._model_id = find_output(self._store, run_id, path.strip("/"))
        return self._model_id

    def _is_trusted(self) -> bool:
        if self._store is not None and self._copied:
            return _native.is_trusted(self._store) and not self._is_foreign
        if self._store is None:
            # Somebody who names a folder means that folder, as long as it is what was saved.
            return not self.foreign
        return _native.is_trusted(self._store, parse_uri(self._at)[0])

    def _foreign(self) -> dict[str, Any] | None:
        """The manifest that MLflow wrote, in YAML: ours begins with a brace."""
        try:
            text = self._raw(MANIFEST)
        except (NotFound, OSError):
            return None
        if text.lstrip()[:1] in (b"{", b""):
            return None
        try:
            import yaml
        except ImportError:
            raise Unsupported(f"the model `{self.uri}` was saved by MLflow: reading it needs the package PyYAML") from None
        try:
            found = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise InvalidArgument(f"the file {MANIFEST} of `{self.uri}` is no YAML: {error}") from None
        if not isinstance(found, dict) or not isinstance(found.get("flavors"), dict):
            raise InvalidArgument(f"the file {MANIFEST} of `{self.uri}` describes no model: it has no flavors")
        return found

    def _raw(self, path: str) -> bytes:
        if self._store is not None and not self._copied:
            run_id, place = parse_uri(self._at)
            return self._store.read_artifact(run_id, f"{place.rstrip('/')}/{path}")
        root = os.path.realpath(self._folder or self.uri)
        file = os.path.realpath(os.path.join(root, path))
        if not file.startswith(root + os.sep):
            raise InvalidArgument(f"the model `{self.uri}` names the file `{path}`, which is not in its folder")
        with open(file, "rb") as opened:
            return opened.read()

    def read(self, path: str) -> bytes:
        """The bytes of a file, verified against their digest."""
        if self._store is not None and not self.foreign and not self._copied:
            return _native.model_file(self._store, self._at, path)
        if not self.foreign and path not in self.manifest["files"]:
            raise NotFound(f"model `{self.uri}` has no file `{path}`")
        try:
            return self._raw(path)
        except FileNotFoundError:
            raise NotFound(f"model `{self.uri}` has no file `{path}`") from None

    def has(self, path: str) -> bool:
        """True if the model has the file."""
        if not self.foreign:
            return path in self.manifest["files"]
        try:
            self._raw(path)
        except (NotFound, OSError):
            return False
        return True

    def read_code(self, path: str) -> bytes:
        """The bytes of a file that runs code when it is loaded: only from a source that this user trusts."""
        self.require_trust("a pickle")
        return self.read(path)

    @property
    def trusted(self) -> bool:
        """True if what runs code loads without asking."""
        return self._trusted

    def require_trust(self, what: str, does: str = "runs code from") -> None:
        """Fails if this user does not trust where the model comes from: what it does, and from what."""
        if self._trusted:
            return
        if self._store is None:
            why = "the folder was not written by mlops and has no digests that it could be held against; if you trust it, pass trust=True"
        elif self._is_foreign and _native.is_trusted(self._store):
            why = "nothing in this store says that the model was made here; if you trust it, pass trust=True"
        elif self._store.shared == "group":
            why = f"whoever is in the group of the store {self._store.uri} can change it; if you trust them, pass trust=True"
        else:
            store = self._store.uri
            why = (
                f"the store {store} is not in your list of trusted stores, or others may write to it, or the run was"
                f" brought in from such a store; if you trust it, run `mlops trust {store}` or pass trust=True"
            )
        raise Untrusted(f"loading `{self.uri}` {does} {what}, and {why}")

    def flavor(self, name: str) -> dict[str, Any]:
        """What a flavor needs to load the model."""
        try:
            found: dict[str, Any] = self.manifest["flavors"][name]
        except KeyError:
            has = ", ".join(self.manifest["flavors"])
            raise InvalidArgument(f"the model `{self.uri}` has no flavor `{name}`; it has {has}") from None
        return found

    def folder(self) -> str:
        """The model in a local folder, every file verified: ``dst_path``, or a temporary one that goes with this object."""
        if self._folder is None:
            assert self._store is not None
            place = self._place()
            if self.foreign:
                run_id, path = parse_uri(self._at)
                self._folder = os.fspath(self._store.download_artifacts(run_id, path, place))
            else:
                self._folder = os.fspath(_native.download_model(self._store, self._at, place))
        return self._folder

    def add_code(self, conf: dict[str, Any]) -> None:
        """Has the code that travels with the model imported before any other."""
        code = conf.get("code")
        if code:
            self.require_trust("the code that travels with it")
            path = os.path.join(self.folder(), code)
            if self._temporary is not None and os.path.isdir(path):
                path = temporary.code_folder(path)
            if path in sys.path:
                sys.path.remove(path)
            sys.path.insert(0, path)


def _in_a_run(store: _native.Store, model_id: str) -> str | None:
    """Where a run has the files of a logged model too: reading them there needs no copy, and the run says whether they are
    trusted."""
    from .._logged_models import existing

    models = _native.LoggedModels(store)
    existing(models, model_id)
    try:
        text = models.read_file(model_id, MANIFEST)
    except NotFound:
        raise NotFound(f"the logged model `{model_id}` has no files: log them with log_model(..., model_id=)") from None
    try:
        manifest = json.loads(text)
        run_id, path = str(manifest["run_id"]), str(manifest["artifact_path"])
        same = store.read_artifact(run_id, f"{path}/{MANIFEST}") == text
    except (ValueError, KeyError, TypeError, NotFound, InvalidArgument):
        # MLflow's is no JSON; a run may be gone, or have another model there by now.
        return None
    return f"runs:/{run_id}/{path}" if same else None


def imported(name: str, package: str) -> Any:
    """The class of that full name, which must be of the package: a name in a file leads nowhere else."""
    from importlib import import_module

    module, _, attribute = name.rpartition(".")
    if module != package and not module.startswith(f"{package}."):
        raise InvalidArgument(f"the model's class is `{name}`: expected one of {package}")
    return getattr(import_module(module), attribute)
