"""Which request of a caller this is: W3C trace context and request id, down to the store.

A caller that sends ``traceparent`` finds its trace id in our log lines and, where spans are
exported, in its own traces. Nothing is kept for callers that send none, and nothing costs anything
then. Source: W3C Trace Context, level 1.
"""

import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import msgspec

TRACEPARENT = "traceparent"
REQUEST_ID = "x-request-id"
REQUEST_ID_CHARACTERS_MAX = 64
_NAMES = frozenset({TRACEPARENT, REQUEST_ID})

_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")
_REQUEST_ID = re.compile(rf"[A-Za-z0-9._:-]{{1,{REQUEST_ID_CHARACTERS_MAX}}}")
_LONG_DIGITS = re.compile(r"[0-9]{5,}")
"""What may be a part of a document or a telephone number: design section 3.4, and a bit more."""
_SAMPLED = 1


class Trace(msgspec.Struct, frozen=True):
    """The request that is being served.

    Attributes:
        trace_id: 32 hexadecimal digits; ``""`` where only a request id was sent.
        span_id: Ours, 16 hexadecimal digits.
        parent_id: The caller's.
        sampled: Whether the caller records its trace.
        request_id: As sent, long runs of digits masked; ``""`` where none was sent.
    """

    trace_id: str = ""
    span_id: str = ""
    parent_id: str = ""
    sampled: bool = False
    request_id: str = ""


class Span(msgspec.Struct, frozen=True):
    """A piece of work of a trace that has ended.

    Attributes:
        trace: Ids; ``parent_id`` is that of the work it is a part of.
        name: Method, or operation of the store.
        kind: 2: a call that was served; 3: a call that was made, in OpenTelemetry's numbers.
        start_ns: Nanoseconds since 1970.
        end_ns: The same.
        failed: Whether it failed.
    """

    trace: Trace
    name: str
    kind: int
    start_ns: int
    end_ns: int
    failed: bool


Export = Callable[[Span], None]
SERVED, MADE = 2, 3

CURRENT: ContextVar[Trace | None] = ContextVar("exchange_trace", default=None)
"""Of the task; what gathers the reads of several calls goes by the first of them."""

_exports: list[Export] = []


def trace_of(metadata: Mapping[str, str]) -> Trace | None:
    """Return the trace that a call's metadata name; None where none is well-formed."""
    match = _TRACEPARENT.fullmatch(metadata.get(TRACEPARENT, ""))
    request_id = metadata.get(REQUEST_ID, "")
    if not _REQUEST_ID.fullmatch(request_id):
        request_id = ""
    request_id = _LONG_DIGITS.sub("*", request_id)
    if match is None or not int(match[1], 16) or not int(match[2], 16):
        return Trace(request_id=request_id) if request_id else None
    sampled = bool(int(match[3], 16) & _SAMPLED)
    return Trace(match[1], secrets.token_hex(8), match[2], sampled, request_id)


def trace_sent(metadata: Sequence[tuple[str, str | bytes]]) -> Trace | None:
    """Return the trace that a call's metadata name; most name none, and are looked at once."""
    for key, _ in metadata:
        if key in _NAMES:
            return trace_of({name: value for name, value in metadata if isinstance(value, str)})
    return None


def fields() -> dict[str, str]:
    """Return what a log line says of the request that is being served."""
    trace = CURRENT.get()
    if trace is None:
        return {}
    named = (
        ("trace_id", trace.trace_id),
        ("span_id", trace.span_id),
        ("request_id", trace.request_id),
    )
    return {name: value for name, value in named if value}


def export_to(export: Export | None) -> None:
    """Give spans that end to somebody, or to nobody."""
    _exports[:] = [] if export is None else [export]


def served(name: str, seconds: float, *, failed: bool) -> None:
    """Export the call that has just ended, if its caller records and somebody wants it."""
    trace = CURRENT.get()
    if _exports and trace is not None and trace.sampled:
        now_ns = time.time_ns()
        _exports[0](Span(trace, name, SERVED, now_ns - int(seconds * 1e9), now_ns, failed))


@contextmanager
def part(name: str) -> Iterator[None]:
    """Export a piece of work of the call that is being served."""
    trace = CURRENT.get()
    if not _exports or trace is None or not trace.sampled:
        yield
        return
    start_ns, failed = time.time_ns(), True
    try:
        yield
        failed = False
    finally:
        own = msgspec.structs.replace(trace, span_id=secrets.token_hex(8), parent_id=trace.span_id)
        _exports[0](Span(own, name, MADE, start_ns, time.time_ns(), failed))
