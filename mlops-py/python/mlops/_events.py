"""Being told of what happens in the registry."""

from __future__ import annotations

import json
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from . import _native
from ._convert import count_or_none, sequence, text, text_or_none, to_call
from .exceptions import InvalidArgument, MlopsError

_LOOK_EVERY = 0.5


class EventSubscription:
    """Keeps a callable called in a thread of its own, until ``end``."""

    __slots__ = ("_consumer", "_ended", "_thread")

    def __init__(self, consumer: _native.EventConsumer, callback: Callable[[dict[str, Any]], object]) -> None:
        self._consumer = consumer
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._deliver, args=(callback,), name="mlops-events", daemon=True)
        self._thread.start()

    def __repr__(self) -> str:
        return f"<EventSubscription: {'ended' if self._ended.is_set() else 'under way'}>"

    def end(self) -> None:
        """Ends it: what is being called ends, and nothing more is called when this returns. What was not done comes again
        to who subscribes under the same name."""
        self._ended.set()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def __enter__(self) -> EventSubscription:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def _deliver(self, callback: Callable[[dict[str, Any]], object]) -> None:
        try:
            while not self._ended.is_set():
                try:
                    found = self._consumer.wait(_LOOK_EVERY)
                    if found is not None and not self._ended.is_set():
                        self._call(callback, *found)
                except MlopsError:
                    # Such as a store whose owner went away.
                    traceback.print_exc()
                    time.sleep(_LOOK_EVERY)
        finally:
            self._consumer.close()

    def _call(self, callback: Callable[[dict[str, Any]], object], seq: int, event: str) -> None:
        try:
            callback(json.loads(event))
        except Exception as error:
            traceback.print_exc()
            self._consumer.failed(f"{type(error).__name__}: {error}")
        else:
            self._consumer.done(seq)


def subscribe(
    store: _native.Store,
    on: str | Sequence[str],
    callback: Callable[[dict[str, Any]], object],
    model: str | None,
    name: str | None,
    after: int | None,
) -> EventSubscription:
    to_call("callback", callback)
    kinds = [on] if isinstance(on, str) else [text("events", one) for one in sequence("a list of kinds of events", on)]
    if not kinds:
        raise InvalidArgument("events is an empty list: expected kinds of events, or `*` for all")
    consumer = _native.EventConsumer(
        store,
        name=text_or_none("name", name),
        on=kinds,
        model=text_or_none("model", model),
        after=count_or_none("after", after),
    )
    return EventSubscription(consumer, callback)
