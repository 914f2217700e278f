"""Handing in a file over the API, batch by batch, with record numbers counted over the whole."""

from collections.abc import Callable, Iterable

import msgspec

from exchange.api.v1 import health_code_service_pb2 as pb
from exchange.cli.batches import Batch
from exchange.cli.client import Client

FAILURES_KEPT_MAX = 10_000
"""Failures that are kept to be shown; all are counted."""


class Source(msgspec.Struct, frozen=True):
    """Whose records are handed in, and in which format.

    Attributes:
        member: Six-digit code.
        format_id: Id of one of its formats.
        each_line: Whether the file holds a payload a line, so that records are told by payload.
        request_id: For tracing, or ``""``.
    """

    member: str
    format_id: str
    each_line: bool = False
    request_id: str = ""


class FailedRecord(msgspec.Struct, frozen=True):
    """A record that was not accepted.

    Attributes:
        payload_index: Place of its payload in the file, from 0.
        index: Place of the record: in the file for formats of lines, else in its payload, from 0.
        reason: The cause, as the API names it.
        field: Name of the field in the member's format, or ``""``.
    """

    payload_index: int
    index: int
    reason: str
    field: str


class Tally(msgspec.Struct):
    """What became of the records so far.

    Attributes:
        accepted_count: Accepted records.
        failed_count: All others.
        failures: The first of these.
    """

    accepted_count: int = 0
    failed_count: int = 0
    failures: list[FailedRecord] = []

    @property
    def unreadable(self) -> bool:
        """Whether a payload could not be read as a whole."""
        return any(failure.reason == "MALFORMED_PAYLOAD" for failure in self.failures)


def publish(
    client: Client,
    source: Source,
    batches: Iterable[Batch],
    advance: Callable[[float, int], None],
) -> Tally:
    """Hand in batches one after another and count what becomes of their records.

    A file of lines whose header cannot be read is given up at its first batch: the others would
    only say the same.

    Raises:
        CommandError: A call failed; what was acknowledged before is kept, sending all again is
            exact.
    """
    tally = Tally()
    payloads = records = 0
    for batch in batches:
        response = client.call(client.health_codes.PublishHealthCodes, _request(source, batch))
        for failure in response.failures:
            if len(tally.failures) < FAILURES_KEPT_MAX:
                tally.failures.append(_failed(source, failure, payloads, records))
        count = response.accepted_count + len(response.failures)
        tally.accepted_count += response.accepted_count
        tally.failed_count += len(response.failures)
        advance(batch.size_bytes, count)
        records += count
        payloads += len(batch.payloads)
        if not source.each_line and tally.unreadable:
            break
    return tally


def _request(source: Source, batch: Batch) -> pb.PublishHealthCodesRequest:
    return pb.PublishHealthCodesRequest(
        member=f"members/{source.member}",
        request_id=source.request_id,
        native_payloads=pb.NativePayloads(format=source.format_id, payloads=batch.payloads),
    )


def _failed(source: Source, failure: pb.RecordFailure, payloads: int, records: int) -> FailedRecord:
    reason = pb.RecordFailure.Reason.Name(failure.reason)
    if source.each_line:
        return FailedRecord(payloads + failure.payload_index, failure.index, reason, failure.field)
    return FailedRecord(0, records + failure.index, reason, failure.field)
