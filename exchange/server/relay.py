"""Streams as bytes: what passes one on, here or in a process of its own, and what goes with it."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from typing import cast

import msgspec
from google.protobuf.message import DecodeError, Message

from exchange.core.caller import Caller
from exchange.core.errors import InvalidRequestError, PublicationUnavailableError
from exchange.metrics.trace import CURRENT, Trace
from exchange.server.identity import CALLER_METADATA

STREAM_PATH = "/exchange.api.v1.HealthCodeService/StreamingPublishHealthCodes"
CALL_PATH = "/exchange.api.v1.HealthCodeService/PublishHealthCodes"
"""The methods that publish, by the same names on a publisher's socket; there both are streams."""
RELAYED_BYTES_MIN = 32 * 1024
"""A call with a smaller message is served by the worker itself, in a millisecond or two."""
TRACE_METADATA = "x-health-exchange-trace-bin"
"""The trace as the worker has it, so that spans of both processes are of one call."""

END = b"\0"
"""How the last message of each side begins; none of the API's does. gRPC shows a stream that was
cut to a server as one that has ended, and half a line must not be judged as the last one. To a
client it shows that it could not send, in place of the status that it was sent."""

Relay = Callable[[AsyncIterator[bytes], Caller], AsyncGenerator[bytes, None]]
"""Serves a stream: messages and caller in, messages out."""
StreamBehaviour = Callable[[AsyncIterator[Message], Caller], AsyncGenerator[Message, None]]
"""A servicer's streaming method: the same, of messages that have been parsed."""
Metadata = tuple[tuple[str, str | bytes], ...]


RelayTo = Callable[[str], Relay]
"""Gives what passes streams of a method on, by its path."""
CallBehaviour = Callable[[Message, Caller], Awaitable[Message]]
"""A servicer's unary method: message and caller in, message out."""


def message_of(kind: type[Message], data: bytes) -> Message:
    """Parse a message.

    Raises:
        InvalidRequestError: It is none of that kind.
    """
    try:
        return kind.FromString(data)
    except DecodeError:
        raise InvalidRequestError("", f"is no {kind.__name__}") from None


@asynccontextmanager
async def received(requests: AsyncIterator[bytes]) -> AsyncGenerator[AsyncIterator[bytes], None]:
    """Give the messages of a call, and let go of them when it has been served.

    gRPC's iterator and the call hold each other as long as it is not at its end, and the call its
    place on the connection, until the garbage collector comes by.
    """
    messages = aiter(requests)
    try:
        yield messages
    finally:
        # Whoever is still reading ends with the call, and the iterator with it.
        with suppress(RuntimeError):
            await cast("AsyncGenerator[bytes, None]", messages).aclose()


def in_process(behaviour: StreamBehaviour, request: type[Message]) -> Relay:
    """Return what serves streams in this process."""

    async def parsed(requests: AsyncIterator[bytes]) -> AsyncGenerator[Message, None]:
        async for one in requests:
            yield message_of(request, one)

    async def serve(requests: AsyncIterator[bytes], caller: Caller) -> AsyncGenerator[bytes, None]:
        async with aclosing(behaviour(parsed(requests), caller)) as answers:
            async for answer in answers:
                yield answer.SerializeToString()

    return serve


def call_in_process(behaviour: CallBehaviour, request: type[Message]) -> Relay:
    """Return what serves calls of a unary method that come as streams of one message."""

    async def serve(requests: AsyncIterator[bytes], caller: Caller) -> AsyncGenerator[bytes, None]:
        async for one in requests:
            yield (await behaviour(message_of(request, one), caller)).SerializeToString()

    return serve


def large_ones_to(relay: Relay, behaviour: CallBehaviour, response: type[Message]) -> CallBehaviour:
    """Return a method that passes large messages on and serves the others itself."""

    async def serve(message: Message, caller: Caller) -> Message:
        if message.ByteSize() < RELAYED_BYTES_MIN:
            return await behaviour(message, caller)
        async with aclosing(relay(_alone(message.SerializeToString()), caller)) as answers:
            (answer,) = [one async for one in answers]
        return response.FromString(answer)

    return serve


async def _alone(data: bytes) -> AsyncGenerator[bytes, None]:
    yield data


async def with_end(requests: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """Give messages, and at their end the word for it."""
    async for one in requests:
        yield one if one != END else END + END
    yield END


async def up_to_end(requests: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """Give messages up to the word for the end.

    Raises:
        PublicationUnavailableError: It never came: the worker is gone, and nobody waits.
    """
    async for one in requests:
        if one == END:
            return
        yield one
    raise PublicationUnavailableError


class LastWord(msgspec.Struct, frozen=True):
    """How a publisher ended a stream.

    Attributes:
        code: Name of the status; ``""``: all went well.
        text: Of the status.
        details: Of the status, encoded.
        reason: Of the error.
    """

    code: str = ""
    text: str = ""
    details: bytes = b""
    reason: str = ""

    def encoded(self) -> bytes:
        """Return it as the last message."""
        return END + msgspec.msgpack.encode(self)


def last_word(answer: bytes) -> LastWord | None:
    """Return what a message says of the end; None for one that goes on to the caller."""
    return msgspec.msgpack.decode(answer[1:], type=LastWord) if answer[:1] == END else None


def metadata_of(caller: Caller) -> Metadata:
    """Return what tells a publisher who calls, and of which trace that is."""
    trace = CURRENT.get()
    named: Metadata = ((CALLER_METADATA, caller.urn),)
    if trace is None:
        return named
    return (*named, (TRACE_METADATA, msgspec.msgpack.encode(trace)))


def take_trace(metadata: Metadata) -> None:
    """Go on with the trace that a worker told of, if it did."""
    for key, value in metadata:
        if key == TRACE_METADATA and isinstance(value, bytes):
            CURRENT.set(msgspec.msgpack.decode(value, type=Trace))
