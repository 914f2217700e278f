"""What a publisher serves: what members hand in, on a socket of the server's own.

Publication is work without end for a processor, and lookups are not; in one process they would
wait for each other at the interpreter's lock. Whoever reaches the socket is believed, so it lies in
a directory that the server's own user alone can enter. Limits, quotas and counting are the
workers' (``exchange.server.publishers``), who pass on what they have let in.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing

import grpc
import grpc.aio
import structlog

from exchange.core.errors import ExchangeError, StartError
from exchange.server.endings import Context, ending_for
from exchange.server.identity import from_metadata
from exchange.server.limits import inner_options
from exchange.server.relay import LastWord, Relay, received, take_trace, up_to_end

_log = structlog.get_logger("exchange.publisher")


class PublisherServer:
    """Serves streams on one socket."""

    def __init__(self, relays: Mapping[str, Relay]) -> None:
        """Take what serves streams, by path of the method."""
        self._server = grpc.aio.server(options=inner_options())
        for path, relay in relays.items():
            service, _, method = path.removeprefix("/").rpartition("/")
            handler = grpc.stream_stream_rpc_method_handler(_Served(relay, method).serve)
            generic = grpc.method_handlers_generic_handler(service, {method: handler})
            self._server.add_generic_rpc_handlers((generic,))

    async def start(self, address: str) -> None:
        """Listen; what an earlier publisher left at the address is taken away.

        Raises:
            StartError: The address cannot be listened on.
        """
        try:
            self._server.add_insecure_port(address)
        except RuntimeError as error:
            raise StartError(f"The socket {address} cannot be listened on.") from error
        await self._server.start()

    async def stop(self, grace_seconds: float) -> None:
        """Take no new streams, let those running finish within the grace."""
        await self._server.stop(grace_seconds)


class _Served:
    """One method."""

    def __init__(self, relay: Relay, name: str) -> None:
        self._relay = relay
        self._name = name

    async def serve(self, requests: AsyncIterator[bytes], context: Context) -> AsyncIterator[bytes]:
        """Serve one stream to its last word."""
        take_trace(tuple(context.invocation_metadata() or ()))
        async with (
            received(requests) as messages,
            aclosing(self._answers(messages, context)) as answers,
        ):
            async for answer in answers:
                yield answer

    async def _answers(
        self, requests: AsyncIterator[bytes], context: Context
    ) -> AsyncGenerator[bytes, None]:
        try:
            caller = from_metadata(context)
            # Says that somebody is here, before a worker has taken anything from its caller.
            await context.send_initial_metadata(())
            async with aclosing(self._relay(up_to_end(requests), caller)) as answers:
                async for answer in answers:
                    yield answer
        except Exception as error:  # noqa: BLE001 - whatever it is, the worker passes it on.
            yield _last_word(error, self._name).encoded()
            # The worker ends the call: what it still sends would fail, and hide what it was told.
            await asyncio.Event().wait()
        yield LastWord().encoded()
        # The worker has sent its last word too, and nothing but the end is left to come.
        async for _ in requests:
            pass


def _last_word(error: Exception, method: str) -> LastWord:
    reason = error.reason if isinstance(error, ExchangeError) else "INTERNAL"
    if error.__cause__ is not None:
        # What the worker is told is neutral.
        _log.info("stream_failed", reason=reason, cause=type(error.__cause__).__name__)
    ending = ending_for(error, method)
    return LastWord(ending.code.name, ending.text, ending.details, reason)
