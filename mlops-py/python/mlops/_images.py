"""Images: pixels, Pillow's images, and what of them is stored."""

from __future__ import annotations

import io
import os
import warnings
from typing import Any

from .exceptions import InvalidArgument, Unsupported

# The longer edge of the small copy that stands beside an image, in pixels.
SMALL = 256


def pillow() -> Any:
    """Pillow's module for images."""
    try:
        from PIL import Image as module
    except ImportError:
        raise Unsupported("images need the package Pillow; install it") from None
    return module


def numpy(what: str = "images made of pixels") -> Any:
    """The module numpy, for ``what`` it is needed for."""
    try:
        import numpy as module
    except ImportError:
        raise Unsupported(f"{what} need the package numpy; install it") from None
    return module


class Image:
    """An image to be logged, alone or in a table: from an array of pixels, a Pillow image or the path of a file.

    Integers are 0 to 255, floats 0 to 1, shaped ``(height, width)`` or ``(height, width, 1, 3 or 4)``."""

    def __init__(self, image: Any) -> None:
        if isinstance(image, (str, os.PathLike)):
            with pillow().open(image) as opened:
                opened.load()
                self.image = opened.copy()
        else:
            self.image = to_pil(image)
        self.size = self.image.size

    def to_list(self) -> list[Any]:
        """The pixels, row by row."""
        array = self.to_array()
        return [tuple(pixel) if isinstance(pixel, list) else pixel for row in array.tolist() for pixel in row]

    def to_array(self) -> Any:
        """The pixels as a numpy array."""
        return numpy("the pixels of an image").array(self.image)

    def to_pil(self) -> Any:
        """The Pillow image."""
        return self.image

    def save(self, path: Any, format: str | None = None) -> None:
        """Writes the image to a file, in the format of its ending."""
        self.image.save(path, format)

    def resize(self, size: tuple[int, int]) -> Image:
        """A copy of another size: width and height in pixels."""
        return Image(self.image.resize(size))


def is_image(value: Any) -> bool:
    """True for what a table stores as an image."""
    return isinstance(value, Image) or all(hasattr(value, name) for name in ("save", "resize", "size", "mode"))


def to_pil(image: Any) -> Any:
    """A Pillow image of what a user has."""
    if isinstance(image, Image):
        return image.image
    if hasattr(image, "save") and hasattr(image, "resize"):
        return image
    module = numpy()
    if not isinstance(image, (list, module.ndarray)):
        what = type(image).__name__
        raise InvalidArgument(f"cannot store an image of type {what}: expected an array of pixels, a Pillow image or mlops.Image")
    pixels = module.asarray(image)
    if pixels.dtype.kind not in "biuf":
        raise InvalidArgument(f"the pixels of an image have the type {pixels.dtype}: expected integers, floats or truth values")
    shape = pixels.shape
    if pixels.ndim not in (2, 3) or 0 in shape or (pixels.ndim == 3 and shape[2] not in (1, 3, 4)):
        expected = "(height, width) or (height, width, 1, 3 or 4)"
        raise InvalidArgument(f"the pixels of an image have the shape {shape}: expected {expected}")
    if pixels.ndim == 3 and shape[2] == 1:
        pixels = pixels[:, :, 0]
    return pillow().fromarray(_bytes_of(pixels))


def _bytes_of(pixels: Any) -> Any:
    """Pixels as integers of 8 bits."""
    module = numpy()
    if pixels.dtype.kind == "b":
        return pixels.astype(module.uint8) * 255
    low, high = pixels.min(), pixels.max()
    if pixels.dtype.kind in "iu":
        if low < 0 or high > 255:
            raise InvalidArgument(f"the pixels of an image are {low} to {high}: expected 0 to 255, or floats of 0 to 1")
        return pixels.astype(module.uint8)
    if not module.isfinite(low) or not module.isfinite(high):
        raise InvalidArgument("the pixels of an image are not all finite: expected floats of 0 to 1")
    if low < 0 or high > 1:
        warnings.warn(f"the pixels of an image are {low} to {high} and are scaled to 0 to 1", stacklevel=4)
        pixels = (pixels - low) / ((high - low) or 1)
    return (pixels * 255).astype(module.uint8)


def encoded(image: Any, ending: str) -> bytes:
    """A Pillow image in the format of an ending such as ``png``."""
    kind = {"jpg": "jpeg", "tif": "tiff"}.get(ending, ending)
    buffer = io.BytesIO()
    try:
        image.save(buffer, format=kind)
    except (KeyError, OSError, ValueError) as error:
        raise InvalidArgument(f"cannot store an image of mode {image.mode} as `{ending}`: {error}") from None
    return buffer.getvalue()


def with_small_copy(image: Any) -> tuple[bytes, bytes]:
    """A Pillow image as PNG, and a small copy as WebP."""
    width, height = image.size
    factor = SMALL / max(width, height)
    small = image.resize((max(1, int(width * factor)), max(1, int(height * factor))))
    if small.mode not in ("L", "RGB", "RGBA"):
        small = small.convert("RGB")
    return encoded(image, "png"), encoded(small, "webp")


def keyed_files(image: Any, key: str, step: int, millis: int) -> list[tuple[str, bytes]]:
    """The files of an image that is logged by key and step, under MLflow's names."""
    import re
    import uuid

    if re.fullmatch(r"[a-zA-Z0-9_\-./ ]+", key) is None:
        expected = "letters, digits, spaces and _ - . /"
        raise InvalidArgument(f"the key of an image is {key!r}: expected {expected}")
    full, small = with_small_copy(image)
    name = f"images/{key.replace('/', '~')}+step+{step}+timestamp+{millis}+{uuid.uuid4()}"
    return [(f"{name}.png", full), (f"{name}+compressed.webp", small)]
