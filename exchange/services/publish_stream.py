"""Streaming publication: reading ahead within a window, acknowledging only what is durable.

Three things go on at once, each bounded: messages are read and judged, batches are written, and
acknowledgements are sent in order. Nothing is read from the connection while the window is full,
so the sender is held up by flow control and memory stays where it is.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Iterator, Sequence

import msgspec

from exchange.api.v1 import health_code_service_pb2 as pb
from exchange.core.errors import InvalidRequestError
from exchange.core.publication import Failure
from exchange.operations.intake import Batch, Intake, Resume
from exchange.operations.judged import together
from exchange.operations.publish import RECORDS_MAX, Publisher
from exchange.wire.health_codes import outcome_of
from exchange.wire.limits import check_count, check_size
from exchange.wire.publications import fill_failure

BATCHES_IN_FLIGHT_MAX = 4
"""Two keep the store busy while the next is judged; more only hold memory."""
ENTRIES_PER_WRITE = 1_000
"""Small messages are written together up to so many rows."""
CHUNK_BYTES_MAX = 1 << 20
PAYLOAD_BYTES_MAX = 4 << 20
ACKNOWLEDGEMENT_BYTES_MAX = 1 << 20
"""Of one message: a client takes 4 MiB by default, and a chunk of short lines that all fail would
give 40. To make one takes 10 ms of the event loop."""

Requests = AsyncIterable[pb.StreamingPublishHealthCodesRequest]
Responses = AsyncGenerator[pb.StreamingPublishHealthCodesResponse, None]


class _Write(msgspec.Struct):
    """Batches that are being written together."""

    task: "asyncio.Task[tuple[Failure, ...]]"
    position: Resume
    accepted_count: int


class PublishStream:
    """Serves one stream, from the message after the first to the end."""

    def __init__(self, publisher: Publisher, intake: Intake, member: str) -> None:
        self._publisher = publisher
        self._intake = intake
        self._member = member
        self._writes: asyncio.Queue[_Write | None] = asyncio.Queue(BATCHES_IN_FLIGHT_MAX)
        self._open: list[Batch] = []

    async def serve(self, requests: Requests) -> Responses:
        """Judge what comes, and acknowledge in order what is durable.

        Raises:
            InvalidRequestError: A message is of the wrong kind or too large.
            StoreError: Something could not be written; what was acknowledged is durable.
        """
        durable = self._intake.position
        reading = asyncio.create_task(self._read(requests))
        try:
            while (write := await self._writes.get()) is not None:
                failures = await write.task
                for response in _acknowledgements(write, failures, self._member, durable):
                    yield response
                durable = write.position
            await reading
        finally:
            reading.cancel()
            await asyncio.gather(reading, *self._unfinished(), return_exceptions=True)

    def _unfinished(self) -> Sequence["asyncio.Task[tuple[Failure, ...]]"]:
        """Cancel writes that nobody will acknowledge any more."""
        tasks = []
        while not self._writes.empty():
            write = self._writes.get_nowait()
            if write is not None:
                write.task.cancel()
                tasks.append(write.task)
        return tasks

    async def _read(self, requests: Requests) -> None:
        try:
            async for request in requests:
                self._open.append(await self._judge(request))
                if self._is_due():
                    await self._write()
            last = await self._intake.finish()
            if last is not None:
                self._open.append(last)
            await self._write()
        finally:
            # Shielded from nothing: a cancelled stream needs no end marker, its reader has gone.
            await self._writes.put(None)

    def _is_due(self) -> bool:
        """Write at once while the store is idle; gather small messages while it is busy."""
        entries = sum(len(batch.judged.entries) for batch in self._open)
        return self._writes.empty() or entries >= ENTRIES_PER_WRITE

    async def _judge(self, request: pb.StreamingPublishHealthCodesRequest) -> Batch:
        part = request.WhichOneof("part")
        if part == "chunk":
            check_size("chunk", len(request.chunk), CHUNK_BYTES_MAX)
            return await self._intake.chunk(request.chunk)
        if part == "payload":
            check_size("payload", len(request.payload), PAYLOAD_BYTES_MAX)
            return await self._intake.payloads([request.payload], part)
        if part == "payloads":
            several = request.payloads.payloads
            check_count("payloads", len(several), RECORDS_MAX)
            check_size("payloads", sum(map(len, several)), PAYLOAD_BYTES_MAX)
            return await self._intake.payloads(several, part)
        if part == "health_code_records":
            records = request.health_code_records.records
            check_count("health_code_records", len(records), RECORDS_MAX)
            now_ms = self._publisher.now_ms()
            return await self._intake.outcomes(
                [outcome_of(record, self._member, now_ms) for record in records]
            )
        raise InvalidRequestError("part", "is required: a chunk, a payload or records")

    async def _write(self) -> None:
        if not self._open:
            return
        batches, self._open = self._open, []
        judged = together(batch.judged for batch in batches)
        received_ms = self._publisher.now_ms()
        task = asyncio.create_task(self._publisher.keep(self._member, judged, received_ms))
        write = _Write(task, batches[-1].position, judged.accepted_count)
        try:
            await self._writes.put(write)
        except asyncio.CancelledError:
            task.cancel()
            raise


def _acknowledgements(
    write: _Write, failures: Sequence[Failure], member: str, before: Resume
) -> Iterator[pb.StreamingPublishHealthCodesResponse]:
    """Give the messages that acknowledge a write, one as a rule; only the last goes forward.

    Whoever received some of several goes on before them, and is told of all again.
    """
    response = pb.StreamingPublishHealthCodesResponse()
    size = 0
    for failure in failures:
        if size > ACKNOWLEDGEMENT_BYTES_MAX:
            _fill_position(response.durable_position, before)
            yield response
            response, size = pb.StreamingPublishHealthCodesResponse(), 0
        message = response.failures.add()
        fill_failure(message, failure, member)
        size += message.ByteSize()
    response.accepted_count = write.accepted_count
    _fill_position(response.durable_position, write.position)
    yield response


def _fill_position(message: pb.StreamPosition, position: Resume) -> None:
    message.byte_offset = position.byte_offset
    message.record_count = position.record_index
    message.payload_count = position.payload_index
