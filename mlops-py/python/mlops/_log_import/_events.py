"""What an event of TensorBoard's says: points, media, params, and what is left out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .._media import Histogram, Media, Table as MediaTable, Text
from ._tensors import TENSOR, is_text, numbers, shape, texts
from ._wire import Malformed, Table, entries, many, one, read

_PLUGIN: Table = {1: one("plugin_name", "text"), 2: one("content", "bytes")}
_METADATA: Table = {1: one("plugin_data", _PLUGIN)}
_HISTOGRAM: Table = {
    1: one("min", "double"), 2: one("max", "double"), 6: many("bucket_limit", "double"), 7: many("bucket", "double"),
}  # fmt: skip
VALUE: Table = {
    1: one("tag", "text"),
    2: one("simple_value", "float"),
    4: one("image", {4: one("encoded_image_string", "bytes")}),
    5: one("histo", _HISTOGRAM),
    6: one("audio", {4: one("encoded_audio_string", "bytes")}),
    8: one("tensor", TENSOR),
    9: one("metadata", _METADATA),
}
EVENT: Table = {
    1: one("wall_time", "double"),
    2: one("step", "int"),
    3: one("file_version", "text"),
    4: one("graph_def", "bytes"),
    5: one("summary", {1: many("value", VALUE)}),
    8: one("tagged_run_metadata", "bytes"),
    9: one("meta_graph_def", "bytes"),
}
# A `google.protobuf.Value`.
_ANY: Table = {2: one("number", "double"), 3: one("text", "text"), 4: one("truth", "bool")}
HPARAMS: Table = {
    3: one("session_start_info", {1: entries("hparams", _ANY), 4: one("group_name", "text"), 5: one("start_time_secs", "double")}),
    4: one("session_end_info", {1: one("status", "int"), 2: one("end_time_secs", "double")}),
}


@dataclass(frozen=True)
class Point:
    """A value of a metric."""

    tag: str
    value: float


@dataclass(frozen=True)
class Shown:
    """A value that is no number: media, or the bytes of an image or of audio."""

    tag: str
    kind: str
    content: bytes


@dataclass(frozen=True)
class Session:
    """What the plugin for hyperparameters says: params at the start, a status at the end."""

    params: dict[str, Any]
    status: int | None
    group: str


@dataclass(frozen=True)
class Left:
    """What is not brought over."""

    what: str


Found = Point | Shown | Session | Left


def values(event: dict[str, Any], plugins: dict[str, str]) -> Iterator[Found]:
    """What an event says. ``plugins`` has the plugin of each tag that was seen in the run: only a tag's first value says it."""
    for name, what in (
        ("graph_def", "a graph"), ("meta_graph_def", "a meta graph"), ("tagged_run_metadata", "metadata of a profile"),
    ):  # fmt: skip
        if event.get(name):
            yield Left(what)
    for value in event.get("summary", {}).get("value", []):
        tag = value.get("tag", "")
        plugin = value.get("metadata", {}).get("plugin_data", {})
        name = plugins.setdefault(tag, plugin["plugin_name"]) if plugin.get("plugin_name") else plugins.get(tag, "")
        if name == "hparams":
            yield from _session(plugin.get("content", b""))
        elif "simple_value" in value:
            yield Point(tag, value["simple_value"])
        elif "histo" in value:
            yield from _old_histogram(tag, value["histo"])
        elif "image" in value:
            yield Shown(tag, "image", value["image"].get("encoded_image_string", b""))
        elif "audio" in value:
            yield Shown(tag, "audio", value["audio"].get("encoded_audio_string", b""))
        elif "tensor" in value:
            yield from _tensor(tag, name, value["tensor"])


def _session(content: bytes) -> Iterator[Found]:
    found = read(content, HPARAMS)
    if "session_start_info" in found:
        start = found["session_start_info"]
        given = ((entry.get("key", ""), entry.get("value", {})) for entry in start["hparams"])
        # A value of none of the kinds is null.
        yield Session({key: next(iter(value.values()), None) for key, value in given}, None, start.get("group_name", ""))
    if "session_end_info" in found:
        yield Session({}, found["session_end_info"].get("status", 0), "")


def _tensor(tag: str, plugin: str, tensor: dict[str, Any]) -> Iterator[Found]:
    if plugin == "text" or (plugin == "" and is_text(tensor)):
        yield from _texts(tag, tensor)
    elif plugin == "images":
        # Width, height, and then the images.
        for content in texts(tensor)[2:]:
            yield Shown(tag, "image", content)
    elif plugin == "audio":
        # Each with a label, where there are two columns.
        step = 2 if len(shape(tensor)) == 2 else 1
        for content in texts(tensor)[::step]:
            yield Shown(tag, "audio", content)
    elif plugin == "histograms":
        yield from _histogram(tag, tensor)
    elif plugin in ("", "scalars") and math.prod(shape(tensor)) == 1:
        found = numbers(tensor)
        yield Point(tag, found[0] if found else 0.0)
    else:
        yield Left(f"values of the plugin {plugin!r}" if plugin else "tensors of more than one number")


def _texts(tag: str, tensor: dict[str, Any]) -> Iterator[Found]:
    found = [text.decode("utf-8", "replace") for text in texts(tensor)]
    sizes = shape(tensor)
    if len(sizes) == 2 and sizes[1] > 0 and len(found) == sizes[0] * sizes[1]:
        rows = [found[at : at + sizes[1]] for at in range(0, len(found), sizes[1])]
        yield _shown(tag, MediaTable(columns=[str(number) for number in range(sizes[1])], rows=rows))
    else:
        for text in found:
            yield _shown(tag, Text(text))


def _old_histogram(tag: str, histogram: dict[str, Any]) -> Iterator[Found]:
    """Limits and counts. The outer limits may be the largest of all numbers: the smallest and largest value stand for them,
    behind the buckets that hold something."""
    limits, counts = histogram["bucket_limit"], histogram["bucket"]
    full = [at for at, count in enumerate(counts) if count > 0]
    if not full or len(limits) < len(counts):
        yield Left("histograms without values")
        return
    first, last = full[0], full[-1]
    low, high = histogram.get("min", 0.0), histogram.get("max", 0.0)
    yield from _binned(tag, [low, *limits[first:last], high], counts[first : last + 1])


def _histogram(tag: str, tensor: dict[str, Any]) -> Iterator[Found]:
    """Rows of left edge, right edge and count."""
    found = numbers(tensor)
    rows = [found[at : at + 3] for at in range(0, len(found) - 2, 3)]
    full = [at for at, row in enumerate(rows) if row[2] > 0]
    if not full:
        yield Left("histograms without values")
        return
    kept = rows[full[0] : full[-1] + 1]
    yield from _binned(tag, [kept[0][0], *(row[1] for row in kept)], [row[2] for row in kept])


def _binned(tag: str, edges: list[float], counts: list[float]) -> Iterator[Found]:
    """A histogram whose edges rise: bins without a width, as equal values make them, are given to their neighbours."""
    if not all(math.isfinite(number) for number in (*edges, *counts)):
        yield Left("histograms of values that are not finite")
        return
    if max(edges) == min(edges):
        half = max(0.5, abs(edges[0]) * 1e-6)
        yield _shown(tag, Histogram(edges=[edges[0] - half, edges[0] + half], counts=[sum(counts)]))
        return
    risen, kept = [edges[0]], [0.0]
    for edge, count in zip(edges[1:], counts, strict=True):
        kept[-1] += count
        if edge > risen[-1]:
            risen.append(edge)
            kept.append(0.0)
    rest = kept.pop()
    kept[-1] += rest
    yield _shown(tag, Histogram(edges=risen, counts=kept))


def _shown(tag: str, media: Media) -> Shown:
    return Shown(tag, media.kind, media.encode())


def checked(data: bytes) -> dict[str, Any]:
    """An event of the bytes of a record."""
    event = read(data, EVENT)
    if not math.isfinite(event.get("wall_time", 0.0)) or not 0 <= event.get("wall_time", 0.0) < 1e11:
        raise Malformed(f"an event has the time {event['wall_time']}")
    return event
