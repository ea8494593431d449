"""The time as timestamps of metrics have it."""

from time import time


def get_current_time_millis() -> int:
    """Milliseconds since 1970."""
    return int(time() * 1000)
