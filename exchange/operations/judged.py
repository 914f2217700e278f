"""What became of a submission or a part of one, before anything is written."""

from collections.abc import Iterable

import msgspec

from exchange.core.health_code import Level
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
        format_id: The format it was handed in with; ``""`` for the common schema.
        levels: Records accepted, by number of their level.
        newest_as_of_ms: Newest as-of time of a record accepted; 0 where there is none.
        unknown_fields: Names that the format does not have, in what was looked at.
    """

    entries: tuple[Entry, ...]
    accepted_count: int
    failures: tuple[Failure, ...]
    set_aside: tuple[SetAside, ...] = ()
    format_id: str = ""
    levels: tuple[int, ...] = (0,) * len(Level)
    newest_as_of_ms: int = 0
    unknown_fields: int = 0


class Place(msgspec.Struct, frozen=True):
    """Where outcomes come from, for naming those that fail.

    Attributes:
        payload_index: Place of the payload in its submission.
        index: Place of the first outcome in its payload.
        as_of_field: What the member's format calls the as-of time.
        format_id: The format; ``""`` for the common schema.
    """

    payload_index: int = 0
    index: int = 0
    as_of_field: str = "health_code.as_of_time"
    format_id: str = ""


def together(parts: Iterable[Judged]) -> Judged:
    """Join parts of one submission in one format, in order."""
    parts = tuple(parts)
    if len(parts) == 1:
        return parts[0]
    return Judged(
        tuple(one for part in parts for one in part.entries),
        sum(part.accepted_count for part in parts),
        tuple(one for part in parts for one in part.failures),
        tuple(one for part in parts for one in part.set_aside),
        parts[0].format_id if parts else "",
        tuple(sum(part.levels[level] for part in parts) for level in Level),
        max((part.newest_as_of_ms for part in parts), default=0),
        sum(part.unknown_fields for part in parts),
    )
