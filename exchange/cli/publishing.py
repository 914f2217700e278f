"""Handing in over a stream that goes on by itself after whatever breaks it.

An acknowledgement says how far everything is durable or named as failed. When the stream breaks,
the next one begins at the last acknowledgement received; what was sent in between is sent again,
which changes nothing. So the counts are exact however often the connection was lost: what comes in
several messages is counted when the last of them moves the position, as all of it comes again when
the stream breaks in between.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import cast

import grpc
import msgspec

from exchange.api.v1 import health_code_service_pb2 as pb
from exchange.cli import failures
from exchange.cli.client import Connection
from exchange.cli.names import value_name
from exchange.cli.streams import Source, Stream
from exchange.cli.uploads import BEGINNING, Position, Upload

FAILURES_KEPT_MAX = 10_000
"""Failures that are kept to be shown; all are counted, and written with `--failures`."""
ATTEMPTS_MAX = 10
"""Streams in a row that bring nothing until a publication is given up: half a minute."""
ATTEMPTS_AT_FIRST = 4
"""The same while nothing could even be sent: there may be no exchange at that address at all."""
DELAY_SECONDS_MIN, DELAY_SECONDS_MAX = 0.1, 5.0
"""Before the next stream: twice as long with each one that brought nothing."""

Answer = pb.StreamingPublishHealthCodesResponse

_BROKEN = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}
_BROKEN_BY_TRANSPORT = {
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNKNOWN,
}
"""Only where the exchange itself did not say so: a connection that was cut in an odd place."""


class FailedRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """A record that was not accepted.

    Attributes:
        payload_index: Place of its payload in the upload, from 0.
        index: Place of the record: in the file for formats of lines, else in its payload, from 0.
        reason: The cause, as the API names it.
        field: Name of the field in the member's format, or ``""``.
        file: Its file, where several were handed in.
    """

    payload_index: int
    index: int
    reason: str
    field: str
    file: str | None = None


class Tally(msgspec.Struct):
    """What became of the records so far.

    Attributes:
        accepted_count: Accepted records.
        failed_count: All others.
        resumed_count: How often a stream broke and another one went on.
        failures: The first of the failed records.
    """

    accepted_count: int = 0
    failed_count: int = 0
    resumed_count: int = 0
    failures: list[FailedRecord] = []


class Progress(msgspec.Struct, frozen=True):
    """How far one upload is, told after each acknowledgement.

    Attributes:
        position: Where it would go on.
        done_bytes: Bytes of the upload before the position.
        record_count: Records of this acknowledgement.
        failed: Those of them that failed.
    """

    position: Position
    done_bytes: int
    record_count: int
    failed: tuple[FailedRecord, ...]


Tell = Callable[[Progress], None]


class Publisher:
    """Hands in uploads one after the other and counts what becomes of their records."""

    def __init__(
        self,
        connection: Connection,
        source: Source,
        attempts_max: int = ATTEMPTS_MAX,
    ) -> None:
        """Take what all uploads share.

        Args:
            connection: Its time-out is the longest wait for an acknowledgement.
            source: Whose records they are.
            attempts_max: Streams in a row that may bring nothing.
        """
        self._connection = connection
        self._source = source
        self._attempts_max = attempts_max
        self.tally = Tally()

    def publish(
        self, upload: Upload, tell: Tell, start: Position = BEGINNING, label: str | None = None
    ) -> None:
        """Hand in an upload from a position on, over as many streams as it takes.

        Args:
            upload: What is handed in.
            tell: Is told of each acknowledgement; what it raises ends the publication.
            start: What was acknowledged before lies before it.
            label: The name that its failed records carry.

        Raises:
            CommandError: It was refused, or nothing went forward for too long; what was
                acknowledged is kept, and sending all again is exact.
        """
        position, fruitless = start, 0
        limit = min(ATTEMPTS_AT_FIRST, self._attempts_max)
        while True:
            stream = Stream(self._connection, self._source, upload, position)
            try:
                for answer in _whole(stream.answers(), position):
                    told = self._count(answer, upload, label)
                    position = told.position
                    tell(told)
                    fruitless = 0
            except grpc.RpcError as error:
                if not stream.stalled and not _is_broken(error):
                    raise failures.of_call(error, self._connection.address) from error
                fruitless += 1
                if stream.was_taken:
                    limit = self._attempts_max
                if fruitless >= limit:
                    raise failures.of_call(error, self._connection.address) from error
                self.tally.resumed_count += 1
                time.sleep(_delay_seconds(error, fruitless))
            else:
                return

    def _count(self, answer: Answer, upload: Upload, label: str | None) -> Progress:
        tally = self.tally
        failed = tuple(_failed(failure, label) for failure in answer.failures)
        tally.accepted_count += answer.accepted_count
        tally.failed_count += len(failed)
        tally.failures += failed[: max(0, FAILURES_KEPT_MAX - len(tally.failures))]
        position = _position(answer)
        done = upload.done_bytes(position)
        return Progress(position, done, answer.accepted_count + len(failed), failed)


def _whole(answers: Iterable[Answer], position: Position) -> Iterator[Answer]:
    """Give acknowledgements as they are meant: those that go no further joined with the next.

    What stands where the stream began, or where the last one ended, is not for good before the
    stream has gone on or come to its end.
    """
    whole = Answer()
    for answer in answers:
        accepted_count = whole.accepted_count + answer.accepted_count
        whole.MergeFrom(answer)  # The failures of both.
        whole.accepted_count = accepted_count
        if _position(answer) != position:
            position = _position(answer)
            yield whole
            whole = Answer()
    if whole.accepted_count or whole.failures:
        yield whole


def _position(answer: Answer) -> Position:
    at = answer.durable_position
    return Position(at.byte_offset, at.record_count, at.payload_count)


def _is_broken(error: grpc.RpcError) -> bool:
    """Tell whether a stream that goes on from here may succeed."""
    code = cast(grpc.Call, error).code()  # What a stub raises is both.
    return code in _BROKEN or (code in _BROKEN_BY_TRANSPORT and not failures.has_details(error))


def _delay_seconds(error: grpc.RpcError, fruitless: int) -> float:
    own = min(DELAY_SECONDS_MIN * 2.0 ** (fruitless - 1), DELAY_SECONDS_MAX)
    return max(own, failures.retry_seconds(error))


def _failed(failure: pb.RecordFailure, label: str | None) -> FailedRecord:
    return FailedRecord(
        failure.payload_index,
        failure.index,
        value_name(pb.RecordFailure.Reason.Name, failure.reason),
        failure.field,
        label,
    )
