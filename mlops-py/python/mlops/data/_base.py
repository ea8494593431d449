"""What every data set is: a name, a digest, a source, and what is known of its columns."""

from __future__ import annotations

import json
from typing import Any

from ..exceptions import InvalidArgument
from ..types.schema import Schema
from ._digests import _Hasher
from ._sources import DatasetSource, resolve


class Dataset:
    """Data that runs use: what :func:`mlops.log_input` records of it. Subclasses say how its digest is made."""

    def __init__(self, source: Any, name: str | None = None, digest: str | None = None) -> None:
        self._source = resolve(source)
        self._name = name
        self._digest = digest or self._compute_digest()

    def _compute_digest(self) -> str:
        raise NotImplementedError

    @property
    def name(self) -> str:
        """The name; ``dataset`` if none was given."""
        return self._name or "dataset"

    @property
    def digest(self) -> str:
        """What tells this content from another: 8 hex digits, unless another digest was given."""
        return self._digest

    @property
    def source(self) -> DatasetSource:
        """Where the data comes from."""
        found: DatasetSource = self._source
        return found

    @property
    def profile(self) -> Any:
        """Statistics that JSON can hold; None if there are none."""
        return None

    @property
    def schema(self) -> Any:
        """Columns, a :class:`mlops.types.Schema`, or tensors; None if they are not known."""
        return None

    def _schema_dict(self) -> dict[str, Any] | None:
        if isinstance(self.schema, Schema):
            return {"mlflow_colspec": self.schema.to_dict()}
        return None if self.schema is None else {"mlflow_colspec": self.schema}

    def to_dict(self) -> dict[str, str | None]:
        """All that is recorded, as texts."""
        schema, profile = self._schema_dict(), self.profile
        return {
            "name": self.name,
            "digest": self.digest,
            "source": self.source.to_json(),
            "source_type": self.source._get_source_type(),
            "schema": None if schema is None else json.dumps(schema),
            "profile": None if profile is None else json.dumps(profile),
        }

    def to_json(self) -> str:
        """All that is recorded, as JSON."""
        return json.dumps(self.to_dict())

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} {self.digest} from {self.source!r}>"

    def _repr_html_(self) -> str:
        from .._html import table_html

        shown = [(name, value) for name, value in self.to_dict().items() if value is not None and name != "name"]
        return table_html(f"{type(self).__name__} {self.name}", shown)


class MetaDataset(Dataset):
    """A data set of which only the source is known: nothing is read."""

    def __init__(self, source: Any, name: str | None = None, digest: str | None = None, schema: Any = None) -> None:
        if source is None:
            raise InvalidArgument("a MetaDataset needs a source: expected a path, an address or a DatasetSource")
        self._given = schema
        self._schema = schema.to_dict() if isinstance(schema, Schema) else schema
        super().__init__(source, name, digest)

    def _compute_digest(self) -> str:
        hasher = _Hasher()
        for part in (self.name, self.source._get_source_type(), self.source.to_json(), json.dumps(self._schema)):
            hasher.text("meta", part)
        return hasher.digest()

    @property
    def schema(self) -> Any:
        """The columns that were given: a :class:`mlops.types.Schema`, or MLflow's form of one."""
        return self._given
