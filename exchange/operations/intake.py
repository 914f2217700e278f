"""One stream of a member's records: chunks, payloads or values in, judged batches out, in order.

The position says how far all has been judged; a sender may resume from any position that was
acknowledged. Indexes and offsets count over the whole file, whatever was resumed.
"""

from collections.abc import Sequence

import msgspec

from adapters.base import Format, Position, Reader, count_unknown_fields
from exchange.core.errors import InvalidRequestError
from exchange.core.outcome import Outcome
from exchange.operations.judged import Judged, Place, together
from exchange.operations.publish import Publisher


class Resume(msgspec.Struct, frozen=True):
    """Where a sender begins.

    Attributes:
        byte_offset: Bytes of the file that were acknowledged.
        record_index: Records that were acknowledged.
        payload_index: Payloads that were acknowledged.
    """

    byte_offset: int = 0
    record_index: int = 0
    payload_index: int = 0


class Batch(msgspec.Struct, frozen=True):
    """Records that were judged together.

    Attributes:
        judged: What has to be written, and what failed.
        position: How far the stream is once this is durable.
    """

    judged: Judged
    position: Resume


class Intake:
    """Judges what one stream brings. Not for several tasks at once."""

    def __init__(
        self,
        publisher: Publisher,
        member: str,
        found: Format | None,
        resume: Resume,
    ) -> None:
        """Begin a stream.

        Args:
            publisher: Judges outcomes.
            member: Who hands them in.
            found: The format, or None for records in the common schema.
            resume: Where the sender begins.
        """
        self._publisher = publisher
        self._member = member
        self._format = found
        self._position = resume
        self._reader: Reader | None = None
        self._looked = False

    @property
    def position(self) -> Resume:
        """How far all has been judged."""
        return self._position

    async def chunk(self, data: bytes) -> Batch:
        """Take bytes of a line file, cut anywhere.

        Raises:
            InvalidRequestError: The format is one document, or there is none, or payloads were
                sent before.
        """
        if self._format is None or self._format.transport != "lines":
            raise InvalidRequestError("chunk", "is for formats of lines; send whole payloads")
        if self._position.payload_index:
            raise InvalidRequestError("chunk", "stands beside payloads; send one of the two")
        return await self._publisher.in_intake(self._chunk, data)

    async def payloads(self, several: Sequence[bytes], field: str) -> Batch:
        """Take whole payloads, in order.

        Raises:
            InvalidRequestError: There is no format, or chunks were sent before; it names ``field``.
        """
        if self._format is None:
            raise InvalidRequestError(field, "needs a format in the first message")
        if self._reader is not None:
            raise InvalidRequestError(field, "stands beside chunks; send one of the two")
        return await self._publisher.in_intake(self._payloads, self._format, several)

    async def outcomes(self, outcomes: Sequence[Outcome]) -> Batch:
        """Take records in the common schema that are read already.

        Raises:
            InvalidRequestError: The stream has a format.
        """
        if self._format is not None:
            raise InvalidRequestError("records", "stand beside a format; send one of the two")
        first = self._position.record_index
        judged = self._judge(outcomes, Place(index=first))
        self._position = Resume(record_index=first + len(outcomes))
        return Batch(judged, self._position)

    async def finish(self) -> Batch | None:
        """Judge what the end of a line file leaves: the last line, a wrong trailer or count."""
        if self._reader is None:
            return None
        return await self._publisher.in_intake(self._finish, self._reader)

    def _start_reader(self) -> Reader:
        assert self._format is not None  # noqa: S101 - chunk() has seen to it.
        start = Position(self._position.byte_offset, self._position.record_index)
        keys = self._publisher.formats.keys_of(self._format.id)
        return self._format.reader(self._publisher.now_ms(), keys, start)

    def _chunk(self, data: bytes) -> Batch:
        if self._reader is None:
            self._reader = self._start_reader()
        return self._read(self._reader, self._reader.feed(data))

    def _finish(self, reader: Reader) -> Batch:
        return self._read(reader, reader.finish())

    def _read(self, reader: Reader, outcomes: Sequence[Outcome]) -> Batch:
        first = self._position.record_index
        judged = self._judge(outcomes, Place(index=first))
        if judged.failures and self._format is not None:
            judged = self._publisher.aside.records(
                self._format, judged, lambda index: reader.raw(index - first)
            )
        if outcomes and (unknown := self._unknown_fields(reader)):
            judged = msgspec.structs.replace(judged, unknown_fields=unknown)
        position = reader.position
        self._position = Resume(position.byte_offset, position.record_index)
        return Batch(judged, self._position)

    def _unknown_fields(self, reader: Reader) -> int:
        """Count them in the first record of the last chunk, and in the header of its file."""
        found = self._format
        if found is None or not self._publisher.looks.due(found, first=not self._looked):
            return 0
        self._looked = True
        raw = reader.raw(0)
        keys = self._publisher.formats.keys_of(found.id)
        return 0 if raw is None else count_unknown_fields(found, raw, keys)

    def _payloads(self, found: Format, several: Sequence[bytes]) -> Batch:
        at, now_ms = self._position, self._publisher.now_ms()
        judged = together(
            self._publisher.judge_payload(self._member, found, payload, now_ms, index)
            for index, payload in enumerate(several, start=at.payload_index)
        )
        count = judged.accepted_count + len(judged.failures)
        self._position = Resume(
            record_index=at.record_index + count, payload_index=at.payload_index + len(several)
        )
        return Batch(judged, self._position)

    def _judge(self, outcomes: Sequence[Outcome], place: Place) -> Judged:
        if self._format is not None:
            place = msgspec.structs.replace(
                place, as_of_field=self._format.as_of_field, format_id=self._format.id
            )
        return self._publisher.judge(self._member, outcomes, self._publisher.now_ms(), place)
