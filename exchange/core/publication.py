"""What became of a submission as a value."""

import msgspec

from exchange.core.outcome import Reason


class Failure(msgspec.Struct, frozen=True):
    """A record that was not accepted.

    Attributes:
        payload_index: Place of its payload in the submission, from 0.
        index: Place of the record in its payload, from 0.
        reason: The cause.
        field: Name of the field as the member's format calls it, or ``""``.
        entry: Key of the quarantine entry that holds it, in hexadecimal, or ``""``.
    """

    payload_index: int
    index: int
    reason: Reason
    field: str
    entry: str = ""


class Publication(msgspec.Struct, frozen=True):
    """What became of a submission.

    Attributes:
        accepted_count: Records that are durable, outdone, or say nothing about risk.
        failures: All others, in order.
    """

    accepted_count: int
    failures: tuple[Failure, ...]
