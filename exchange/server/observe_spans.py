"""Sending spans to a collector of OpenTelemetry: OTLP over HTTP as JSON, from a thread of its own.

Source: the OpenTelemetry protocol, OTLP/HTTP, JSON encoding. Traces are for looking into, not for
counting: what cannot be sent at once is dropped, and calls never wait for it.
"""

import queue
import threading
import urllib.request

import msgspec
import structlog

from exchange.metrics.trace import Span

WAITING_MAX = 2_048
"""Spans that wait; more are dropped."""
BATCH_MAX = 256
SEND_SECONDS = 2.0
"""Longest time that a span waits for others, and that a collector has to take them."""
_OK, _ERROR = 1, 2

_log = structlog.get_logger("exchange.spans")


class SpanSender:
    """Takes spans and sends them in batches."""

    def __init__(self, endpoint: str) -> None:
        """Begin.

        Args:
            endpoint: Base of the collector's address, as ``http://127.0.0.1:4318``.
        """
        self._url = f"{endpoint.rstrip('/')}/v1/traces"
        self._waiting: queue.Queue[Span | None] = queue.Queue(WAITING_MAX)
        self._lost = False
        self._thread = threading.Thread(target=self._run, name="spans", daemon=True)
        self._thread.start()

    def __call__(self, span: Span) -> None:
        """Take a span, or drop it where too many wait."""
        if not self._waiting.full():
            self._waiting.put_nowait(span)

    def close(self) -> None:
        """Send what waits and end."""
        self._waiting.put(None)
        self._thread.join(2 * SEND_SECONDS)

    def _run(self) -> None:
        ended = False
        while not ended:
            batch: list[Span] = []
            while len(batch) < BATCH_MAX:
                try:
                    span = self._waiting.get(timeout=SEND_SECONDS if batch else None)
                except queue.Empty:
                    break
                if span is None:
                    ended = True
                    break
                batch.append(span)
            if batch:
                self._send(batch)

    def _send(self, spans: list[Span]) -> None:
        request = urllib.request.Request(  # noqa: S310 - the settings name the address.
            self._url, otlp_json(spans), {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=SEND_SECONDS):  # noqa: S310 - the same.
                self._lost = False
        except OSError as error:
            if not self._lost:
                _log.warning("spans_not_sent", error=type(error).__name__)
            self._lost = True


def otlp_json(spans: list[Span]) -> bytes:
    """Return spans as a collector takes them."""
    return msgspec.json.encode(
        {
            "resourceSpans": [
                {
                    "resource": {
                        "attributes": [
                            {"key": "service.name", "value": {"stringValue": "health-exchange"}}
                        ]
                    },
                    "scopeSpans": [
                        {"scope": {"name": "exchange"}, "spans": [_span(one) for one in spans]}
                    ],
                }
            ]
        }
    )


def _span(span: Span) -> dict[str, object]:
    return {
        "traceId": span.trace.trace_id,
        "spanId": span.trace.span_id,
        "parentSpanId": span.trace.parent_id,
        "name": span.name,
        "kind": span.kind,
        "startTimeUnixNano": str(span.start_ns),
        "endTimeUnixNano": str(span.end_ns),
        "status": {"code": _ERROR if span.failed else _OK},
    }
