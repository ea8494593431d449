"""What is known of a saved model, and loading it by the flavor that it was saved with."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .._flavors import NATIVE
from ..exceptions import InvalidArgument, Unsupported
from .signature import ModelSignature

if TYPE_CHECKING:
    from .._flavors.source import Source
    from ..entities import Metric
    from ..types.schema import ParamSchema, Schema


class Model:
    """What the file ``MLmodel`` of a model says."""

    def __init__(self, manifest: dict[str, Any], source: Source | None = None) -> None:
        self._manifest = manifest
        self._source = source
        self.artifact_path: str | None = manifest.get("artifact_path")
        self.flavors: dict[str, Any] = manifest["flavors"]
        self.run_id: str | None = manifest.get("run_id")
        self.model_uuid: str | None = manifest.get("model_uuid")
        self.utc_time_created: str | None = manifest.get("utc_time_created")
        self.metadata: Any = manifest.get("metadata")
        # Of MLflow, if it saved the model.
        self.mlflow_version: str | None = manifest.get("mlflow_version")
        # With sizes and digests; empty for a model that MLflow saved.
        self.files: dict[str, dict[str, Any]] = manifest.get("files", {})
        self.digest: str | None = manifest.get("digest")
        self.saved_input_example_info: Any = manifest.get("saved_input_example_info")
        found = manifest.get("signature")
        self.signature = None if found is None else ModelSignature.from_dict(found)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Model:
        """Reads the manifest of a model: ``models:/<id>``, ``runs:/<run id>/<path>``, a folder, or its file ``MLmodel``."""
        from .._flavors.source import MANIFEST, Source

        place = os.fspath(path)
        source = Source(os.path.dirname(place) if os.path.basename(place) == MANIFEST and os.path.isfile(place) else place)
        return cls(source.manifest, source)

    @property
    def model_id(self) -> str | None:
        """The id of the logged model that it is; None if it is none. A folder says which it was when it was logged."""
        found = None if self._source is None else self._source.model_id
        return found or self._manifest.get("model_id")

    @property
    def model_size_bytes(self) -> int:
        """The size of all files."""
        return sum(int(file["size_bytes"]) for file in self.files.values())

    def to_dict(self) -> dict[str, Any]:
        """What the file says, as a dict."""
        return dict(self._manifest)

    def get_input_schema(self) -> Schema | None:
        """What goes in."""
        return None if self.signature is None else self.signature.inputs

    def get_output_schema(self) -> Schema | None:
        """What comes out."""
        return None if self.signature is None else self.signature.outputs

    def get_params_schema(self) -> ParamSchema | None:
        """What may be said beside the input when predicting."""
        return None if self.signature is None else self.signature.params

    def load_input_example(self, path: str | os.PathLike[str] | None = None) -> Any:
        """The input example, None if the model has none."""
        from .._flavors import examples

        info = self.saved_input_example_info
        if info is None:
            return None
        source = self._origin(path)
        return examples.load(info, source.read(info["artifact_path"]), self.get_input_schema())

    def load_input_example_params(self, path: str | os.PathLike[str] | None = None) -> Any:
        """The params of the input example, None if it has none."""
        import json

        info = self.saved_input_example_info
        if info is None or not info.get("params"):
            return None
        return json.loads(self._origin(path).read(info["artifact_path"]))["params"]

    def _origin(self, path: str | os.PathLike[str] | None) -> Source:
        from .._flavors.source import Source

        if path is not None:
            return Source(path)
        if self._source is None:
            raise InvalidArgument("say where the model is: pass its URI or its folder")
        return self._source

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {'/'.join(self.flavors)} {(self.digest or 'of MLflow')[:19]}>"


class ModelInfo(Model):
    """A model that was logged or saved: ``model_uri`` loads it."""

    def __init__(
        self, manifest: dict[str, Any], model_uri: str, source: Source | None = None, model_id: str | None = None
    ) -> None:
        super().__init__(manifest, source)
        self.model_uri = model_uri
        self._model_id = model_id
        # If it was registered when it was logged.
        self.registered_model_version: int | None = None

    @property
    def model_id(self) -> str | None:
        """The id of the logged model that it is; None if it is none, such as one in a folder."""
        return self._model_id or super().model_id

    def _logged(self) -> Any:
        from .._logged_models_fluent import get_logged_model

        return None if self.model_id is None else get_logged_model(self.model_id)

    @property
    def name(self) -> str | None:
        """The name of the logged model."""
        found = self._logged()
        return None if found is None else str(found.name)

    @property
    def params(self) -> dict[str, str] | None:
        """The params of the logged model as they are now."""
        return getattr(self._logged(), "params", None)

    @property
    def tags(self) -> dict[str, str] | None:
        """The tags of the logged model as they are now."""
        return getattr(self._logged(), "tags", None)

    @property
    def metrics(self) -> list[Metric] | None:
        """What runs have logged for the logged model by now."""
        return getattr(self._logged(), "metrics", None)

    @property
    def creation_timestamp(self) -> int | None:
        """When the logged model was made, in milliseconds."""
        return getattr(self._logged(), "creation_timestamp", None)

    def _origin(self, path: str | os.PathLike[str] | None) -> Source:
        return super()._origin(self.model_uri if path is None and self._source is None else path)

    def __repr__(self) -> str:
        return f"<ModelInfo {self.model_uri} {'/'.join(self.flavors)} {(self.digest or 'of MLflow')[:19]}...>"


def get_model_info(model_uri: str | os.PathLike[str]) -> ModelInfo:
    """What is known of a saved model, without loading it."""
    from .._flavors.source import Source

    source = Source(model_uri)
    return ModelInfo(source.manifest, source.uri, source)


def load_model(model_uri: str | os.PathLike[str], *, trust: bool = False) -> Any:
    """The model itself, by the flavor that it was saved with; a Python function as :class:`mlops.pyfunc.PyFuncModel`.

    Every file is verified against its digest first. What runs code (a pickle, code that travels with the model) loads
    only from a store that this user made or trusts (``mlops trust PATH``), or with ``trust=True``."""
    from .._flavors.source import Source

    return load(Source(model_uri, trust))


def load(source: Source) -> Any:
    """The model of a source."""
    from importlib import import_module

    from .._flavors import missing

    flavors = source.manifest["flavors"]
    for name in NATIVE:
        if name in flavors:
            source.add_code(flavors[name])
            with missing.named(source):
                return import_module(f"mlops.{name}")._load(source)
    if "python_function" in flavors:
        from ..pyfunc import load as load_function

        return load_function(source)
    if not flavors:
        raise Unsupported(f"the model `{source.uri}` has no files to load: it is elsewhere, as create_external_model says")
    has = ", ".join(flavors)
    raise Unsupported(f"the model `{source.uri}` has the flavors {has}, none of which this version loads in Python")


def validate_schema(data: Any, expected_schema: Schema) -> None:
    """Fails if data does not fit a schema, as ``predict`` of a model with that signature would."""
    from .._flavors.enforce import enforce_schema

    enforce_schema(data, expected_schema)
