"""How autolog is set up for a library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Settings:
    """What one call of ``autolog`` asked for; the functions of :mod:`.entry` say what each means."""

    log_input_examples: bool = False
    log_model_signatures: bool = True
    log_models: bool = True
    log_datasets: bool = True
    exclusive: bool = False
    disable_for_unsupported_versions: bool = False
    silent: bool = False
    extra_tags: Mapping[str, Any] = field(default_factory=dict)
    registered_model_name: str | None = None
    # What only one library has.
    own: Mapping[str, Any] = field(default_factory=dict)
