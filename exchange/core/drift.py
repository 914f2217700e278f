"""Drift: what a format's records come to, hour by hour, and when its errors jump.

Counts only. Values that a table does not know, and names of fields that a format does not have,
are never kept: they may hold anything.
"""

from collections.abc import Iterable, Mapping

import msgspec

from exchange.core.health_code import Level
from exchange.core.outcome import Reason
from exchange.core.times import HOUR_MS

RECENT_HOURS = 2
"""The hour that runs and the one before it."""
USUAL_HOURS = 24
"""The hours before those: what is usual."""
JUMP_RECORDS_MIN = 20
"""Fewer recent records say nothing of shares."""
JUMP_SHARE_MIN = 0.05
"""A smaller share of errors is no jump, whatever was usual."""
JUMP_FACTOR = 3.0
"""So many times what was usual is a jump."""

_NO_ERROR = frozenset({Reason.NO_RECORD})
"""Reasons that are answers: a member that says there is no such person reports no error."""


class Tally(msgspec.Struct, frozen=True):
    """Records of one format within one hour, or of several hours together.

    Attributes:
        accepted: Records accepted.
        failures: Records that were not, by reason and field (``UNKNOWN_STATUS data.zt``).
        levels: Records accepted, by number of their level.
        newest_as_of_ms: Newest as-of time of a record accepted; 0 where there is none.
        unknown_fields: Names that the format does not have, added up over the payloads that were
            looked at; hours that were left before they were counted have none.
    """

    accepted: int = 0
    failures: Mapping[str, int] = {}
    levels: tuple[int, ...] = (0,) * len(Level)
    newest_as_of_ms: int = 0
    unknown_fields: int = 0

    @property
    def records(self) -> int:
        """All records."""
        return self.accepted + sum(self.failures.values())

    @property
    def errors(self) -> int:
        """Records whose failure is an error."""
        return sum(
            count
            for name, count in self.failures.items()
            if Reason(name.partition(" ")[0]) not in _NO_ERROR
        )

    @property
    def error_share(self) -> float:
        """Errors among all records, 0.0 to 1.0; 0.0 where there are none."""
        return self.errors / self.records if self.records else 0.0


def failure_name(reason: Reason, field: str) -> str:
    """Return the name under which failures are counted."""
    return f"{reason.value} {field}"


def add(tallies: Iterable[Tally]) -> Tally:
    """Add tallies up."""
    accepted = newest_ms = unknown_fields = 0
    failures: dict[str, int] = {}
    levels = [0] * len(Level)
    for one in tallies:
        accepted += one.accepted
        newest_ms = max(newest_ms, one.newest_as_of_ms)
        unknown_fields += one.unknown_fields
        for name, count in one.failures.items():
            failures[name] = failures.get(name, 0) + count
        for level, count in enumerate(one.levels):
            levels[level] += count
    return Tally(accepted, failures, tuple(levels), newest_ms, unknown_fields)


class FormatHealth(msgspec.Struct, frozen=True):
    """How a format does.

    Attributes:
        member: Who speaks it.
        format_id: Its id; ``""`` for records in the common schema.
        recent: The last one to two hours.
        usual: The 24 hours before those.
    """

    member: str
    format_id: str
    recent: Tally
    usual: Tally

    @property
    def jumped(self) -> bool:
        """Whether the share of errors is far above what was usual."""
        share = self.recent.error_share
        return (
            self.recent.records >= JUMP_RECORDS_MIN
            and share >= JUMP_SHARE_MIN
            and share >= JUMP_FACTOR * self.usual.error_share
        )


def health(
    member: str, format_id: str, by_hour: Iterable[tuple[int, Tally]], now_ms: int
) -> FormatHealth:
    """Put the hours of a format together.

    Args:
        member: Who speaks it.
        format_id: Its id.
        by_hour: Hours since 1970 and what was counted in them; an hour may stand there many times.
        now_ms: The instant.
    """
    hour = now_ms // HOUR_MS
    recent: list[Tally] = []
    usual: list[Tally] = []
    for at, tally in by_hour:
        age = hour - at
        if age < RECENT_HOURS:
            recent.append(tally)
        elif age < RECENT_HOURS + USUAL_HOURS:
            usual.append(tally)
    return FormatHealth(member, format_id, add(recent), add(usual))
