"""The bytes of artifacts: texts, JSON, YAML, figures, images."""

from __future__ import annotations

import os
from typing import Any

from .exceptions import InvalidArgument, Unsupported


def text_bytes(text: Any, what: str) -> bytes:
    """A text in UTF-8."""
    if not isinstance(text, str):
        raise InvalidArgument(f"{what} is of type {type(text).__name__}: expected text")
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise InvalidArgument(f"{what} cannot be written in UTF-8: {error.reason} at character {error.start}") from None


def dict_bytes(value: Any, artifact_file: str) -> bytes:
    """YAML for a path that ends in .yml or .yaml, else JSON."""
    import json

    try:
        # JSON is YAML too: without the package PyYAML it is only less pretty.
        plain = json.dumps(value, indent=2, default=_plain)
        if _is_yaml(artifact_file):
            try:
                import yaml
            except ImportError:
                pass
            else:
                try:
                    plain = yaml.safe_dump(value, sort_keys=False, allow_unicode=True)
                except yaml.YAMLError:
                    plain = yaml.safe_dump(json.loads(plain), sort_keys=False, allow_unicode=True)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidArgument(f"the value of `{artifact_file}` cannot be stored: {error}") from None
    return text_bytes(plain, f"the value of `{artifact_file}`")


def dict_value(content: bytes, artifact_file: str) -> Any:
    """What :func:`dict_bytes` stored."""
    import json

    text = content.decode()
    if _is_yaml(artifact_file):
        try:
            import yaml
        except ImportError:
            try:
                return json.loads(text)
            except ValueError:
                raise Unsupported(f"reading `{artifact_file}` needs the package PyYAML; install it") from None
        return yaml.safe_load(text)
    return json.loads(text)


def figure_bytes(figure: Any, artifact_file: str, save_kwargs: dict[str, Any] | None) -> bytes:
    """A matplotlib or plotly figure in the format that the ending of the path names."""
    import io

    ending = _ending(artifact_file) or "png"
    options = save_kwargs or {}
    if hasattr(figure, "savefig"):
        buffer = io.BytesIO()
        figure.savefig(buffer, **{"format": ending, **options})
        return buffer.getvalue()
    if not hasattr(figure, "write_html"):
        raise InvalidArgument(f"cannot store a figure of type {type(figure).__name__}: expected matplotlib or plotly")
    if ending in ("html", "htm"):
        return bytes(figure.to_html(**{"include_plotlyjs": "cdn", **options}).encode())
    return bytes(figure.to_image(**{"format": ending, **options}))


def image_bytes(image: Any, artifact_file: str) -> bytes:
    """A PIL image, or an array of pixels, in the format that the ending of the path names."""
    import io

    if not hasattr(image, "save"):
        try:
            from PIL import Image
        except ImportError:
            raise Unsupported("storing an array as an image needs the package Pillow; install it") from None
        image = Image.fromarray(image)
    buffer = io.BytesIO()
    ending = _ending(artifact_file) or "png"
    image.save(buffer, format={"jpg": "jpeg"}.get(ending, ending))
    return buffer.getvalue()


def _ending(path: str) -> str:
    return os.path.splitext(path)[1].lstrip(".").lower()


def _is_yaml(path: str) -> bool:
    return _ending(path) in ("yml", "yaml")


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be stored as JSON: {value!r}")
