"""Who calls: read from the caller's certificate, or from metadata where the server is plaintext."""

from functools import lru_cache
from typing import Protocol

import grpc.aio

from exchange.core.caller import URN_PREFIX, Caller, parse_urn
from exchange.core.errors import UnauthenticatedError

CALLER_METADATA = "x-health-exchange-caller"
"""Metadata key that names the caller on an insecure loopback server."""
_CALLERS_CACHED = 10_000
"""More than connect to one worker at a time; naming a caller anew costs some microseconds."""
_PEER_URIS = "peer_uri"
"""The property that holds the URIs among a certificate's alternative names, and nothing else.

gRPC's own "peer identity" will not do: of a certificate without alternative names it is the common
name, and otherwise it holds host names and addresses too.
"""

_known = lru_cache(maxsize=_CALLERS_CACHED)(parse_urn)


class Identify(Protocol):
    """Names the caller of a call."""

    def __call__(self, context: grpc.aio.ServicerContext[bytes, bytes]) -> Caller:
        """Return the caller.

        Raises:
            UnauthenticatedError: The call names nobody known.
        """


def from_certificate(context: grpc.aio.ServicerContext[bytes, bytes]) -> Caller:
    """Read the caller from the certificate of the connection; takes about 4 us.

    Nothing is remembered by the peer's address: a port is used again by the next caller.
    """
    uris = context.auth_context().get(_PEER_URIS, ())
    return caller_of(tuple(uris))


@lru_cache(maxsize=_CALLERS_CACHED)
def caller_of(uris: tuple[bytes, ...]) -> Caller:
    """Return the caller that the URIs of a certificate name; URIs of other schemes may be there.

    Raises:
        UnauthenticatedError: None of them is of this exchange, or they name more than one caller.
    """
    names = {
        text for uri in uris if (text := uri.decode("ascii", "replace")).startswith(URN_PREFIX)
    }
    if not names:
        raise UnauthenticatedError(
            f"The certificate names no caller: it has no URI that begins with {URN_PREFIX}."
        )
    if len(names) > 1:
        raise UnauthenticatedError("The certificate names more than one caller.")
    return parse_urn(names.pop())


def from_metadata(context: grpc.aio.ServicerContext[bytes, bytes]) -> Caller:
    """Believe what the call says of itself: for a plaintext server on a loopback address only."""
    for key, value in context.invocation_metadata() or ():
        if key == CALLER_METADATA:
            return _known(value if isinstance(value, str) else value.decode("ascii", "replace"))
    raise UnauthenticatedError(
        f"The call names no caller: send the metadata {CALLER_METADATA}, "
        "as urn:health-exchange:member:510000."
    )
