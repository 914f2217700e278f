"""A bare server beside which cancellations are measured: ``python -m loadtest.bare``.

It knows the two methods that are cancelled and does nothing in them; the port is the first line of
standard output. What its memory grows by is gRPC's own.
"""

import asyncio
import sys
from collections.abc import AsyncIterator

import grpc.aio
import uvloop

from exchange.api.v1 import health_code_service_pb2 as pb

SERVICE = pb.DESCRIPTOR.services_by_name["HealthCodeService"].full_name
ANSWER_SECONDS = 0.002
"""About as long as a submission takes, so that calls are cancelled at the same places."""

Context = grpc.aio.ServicerContext[bytes, bytes]


async def _unary(request: bytes, context: Context) -> bytes:
    del request, context
    await asyncio.sleep(ANSWER_SECONDS)
    return b""


async def _stream(requests: AsyncIterator[bytes], context: Context) -> AsyncIterator[bytes]:
    del context
    async for _ in requests:
        yield b""


async def serve() -> None:
    """Serve until the process is ended."""
    handlers = {
        "PublishHealthCodes": grpc.unary_unary_rpc_method_handler(_unary),
        "StreamingPublishHealthCodes": grpc.stream_stream_rpc_method_handler(_stream),
    }
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await server.wait_for_termination()


if __name__ == "__main__":
    uvloop.run(serve())
