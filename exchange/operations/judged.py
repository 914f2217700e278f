"""What became of a submission or a part of one, before anything is written."""

from collections.abc import Iterable

import msgspec

from exchange.core.publication import Failure
from exchange.core.quarantine import SetAside
from exchange.core.statement import Entry


class Judged(msgspec.Struct, frozen=True):
    """Outcomes of a submission after the rules of the common schema.

    Attributes:
        entries: What has to be written.
        accepted_count: Records accepted, those included that need no write.
        failures: Records that were not accepted.
        set_aside: What goes to quarantine; failures name it by its key.
    """

    entries: tuple[Entry, ...]
    accepted_count: int
    failures: tuple[Failure, ...]
    set_aside: tuple[SetAside, ...] = ()


class Place(msgspec.Struct, frozen=True):
    """Where outcomes come from, for naming those that fail.

    Attributes:
        payload_index: Place of the payload in its submission.
        index: Place of the first outcome in its payload.
        as_of_field: What the member's format calls the as-of time.
    """

    payload_index: int = 0
    index: int = 0
    as_of_field: str = "health_code.as_of_time"


def together(parts: Iterable[Judged]) -> Judged:
    """Join parts of one submission, in order."""
    parts = tuple(parts)
    return Judged(
        tuple(one for part in parts for one in part.entries),
        sum(part.accepted_count for part in parts),
        tuple(one for part in parts for one in part.failures),
        tuple(one for part in parts for one in part.set_aside),
    )
