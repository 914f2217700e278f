"""Who calls: read from the connection, or from metadata where the server is plaintext."""

from functools import lru_cache
from typing import Protocol

import grpc.aio

from exchange.core.caller import Caller, parse_urn
from exchange.core.errors import UnauthenticatedError

CALLER_METADATA = "x-health-exchange-caller"
"""Metadata key that names the caller on an insecure loopback server."""
_CALLERS_CACHED = 10_000
"""More than connect to one worker at a time; naming a caller anew costs some microseconds."""

_known = lru_cache(maxsize=_CALLERS_CACHED)(parse_urn)


class Identify(Protocol):
    """Names the caller of a call."""

    def __call__(self, context: grpc.aio.ServicerContext[bytes, bytes]) -> Caller:
        """Return the caller.

        Raises:
            UnauthenticatedError: The call names nobody known.
        """


def from_metadata(context: grpc.aio.ServicerContext[bytes, bytes]) -> Caller:
    """Believe what the call says of itself: for a plaintext server on a loopback address only."""
    for key, value in context.invocation_metadata() or ():
        if key == CALLER_METADATA:
            return _known(value if isinstance(value, str) else value.decode("ascii", "replace"))
    raise UnauthenticatedError(
        f"The call names no caller: send the metadata {CALLER_METADATA}, "
        "as urn:health-exchange:member:510000."
    )
