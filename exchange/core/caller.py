"""Who calls: a member, a checkpoint of one destination, or an operator."""

import re
from enum import StrEnum
from functools import lru_cache

import msgspec

from exchange.core.errors import UnauthenticatedError
from exchange.core.members import BY_CODE

URN_PREFIX = "urn:health-exchange:"
_URN = re.compile(
    r"urn:health-exchange:(?:member:([0-9]{6})|checkpoint:([0-9]{6}):([A-Za-z0-9._-]{1,64})"
    r"|operator:([A-Za-z0-9._-]{1,64}))"
)


_URNS_CACHED = 10_000
"""More callers than connect to one worker at a time."""


class CallerKind(StrEnum):
    """What a caller is."""

    MEMBER = "member"
    CHECKPOINT = "checkpoint"
    OPERATOR = "operator"


class Caller(msgspec.Struct, frozen=True):
    """A known caller.

    Attributes:
        kind: What it is.
        member: Its member: itself, or a checkpoint's destination; ``""`` for an operator.
        name: Name of the checkpoint or operator; ``""`` for a member.
    """

    kind: CallerKind
    member: str = ""
    name: str = ""

    @property
    def urn(self) -> str:
        """The name as it stands in a certificate."""
        return _urn(self)


@lru_cache(maxsize=_URNS_CACHED)
def _urn(caller: Caller) -> str:
    parts = [part for part in (caller.member, caller.name) if part]
    return ":".join([f"{URN_PREFIX}{caller.kind.value}", *parts])


def parse_urn(text: str) -> Caller:
    """Return the caller that a URN names.

    Raises:
        UnauthenticatedError: It names nobody known.
    """
    match = _URN.fullmatch(text)
    if match is None:
        raise UnauthenticatedError(
            "The caller's name is not a urn:health-exchange: of this exchange."
        )
    member, destination, checkpoint, operator = match.groups()
    code = member or destination
    if code is not None and code not in BY_CODE:
        raise UnauthenticatedError("The caller names a member that does not take part.")
    if member is not None:
        return Caller(CallerKind.MEMBER, member)
    if destination is not None:
        return Caller(CallerKind.CHECKPOINT, destination, checkpoint)
    return Caller(CallerKind.OPERATOR, "", operator)
