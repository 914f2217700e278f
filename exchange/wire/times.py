"""Protobuf time stamps and durations to whole milliseconds and back."""

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

_NANOS_PER_MS = 1_000_000


def to_ms(time: Timestamp) -> int:
    """Return an instant in ms; finer parts are cut, towards the past."""
    return time.seconds * 1000 + time.nanos // _NANOS_PER_MS


def fill(time: Timestamp, instant_ms: int) -> None:
    """Fill a time stamp in place, which costs less than to build one."""
    seconds, ms = divmod(instant_ms, 1000)
    time.seconds = seconds
    time.nanos = ms * _NANOS_PER_MS


def duration_ms(duration: Duration) -> int:
    """Return a span in ms; finer parts are cut."""
    return duration.seconds * 1000 + duration.nanos // _NANOS_PER_MS
