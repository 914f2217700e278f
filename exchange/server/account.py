"""How many lookups each caller made, by minute: the account that quotas draw on.

Never a metric label: callers are too many for one, and who asks how often is nobody else's matter.
Each worker keeps its own; a connection stays with one worker until it reaches its age.
"""

from collections.abc import Callable, Mapping

from google.protobuf.message import Message

from exchange.api.v1 import recognition_service_pb2
from exchange.core.caller import Caller

MINUTES_KEPT = 60
"""An hour, the longest span that a quota may look back on."""
CALLERS_MAX = 50_000
"""Callers that are told apart within a minute; those beyond are counted together."""
OTHERS = ""
"""Under this name, which no caller has."""
_MINUTE_MS = 60_000


class Account:
    """Counts lookups by caller and minute, in bounded memory."""

    def __init__(self, callers_max: int = CALLERS_MAX) -> None:
        self._callers_max = callers_max
        self._minutes: dict[int, dict[str, int]] = {}

    def add(self, caller: Caller, lookups: int, now_ms: int) -> None:
        """Count lookups of a caller at an instant."""
        minute = now_ms // _MINUTE_MS
        counts = self._minutes.get(minute)
        if counts is None:
            counts = self._open(minute)
        name = caller.urn
        if name not in counts and len(counts) >= self._callers_max:
            name = OTHERS
        counts[name] = counts.get(name, 0) + lookups

    def _open(self, minute: int) -> dict[str, int]:
        counts = self._minutes[minute] = {}
        # By age, not by count: a clock that jumps must not keep what is old.
        for old in [one for one in self._minutes if abs(minute - one) >= MINUTES_KEPT]:
            del self._minutes[old]
        return counts

    def lookups(self, caller: Caller, now_ms: int, minutes: int = 1) -> int:
        """Return the lookups of a caller in the minute of ``now_ms`` and those before it.

        Args:
            caller: Whose.
            now_ms: The instant now.
            minutes: How many minutes, the present one included; at most ``MINUTES_KEPT``.
        """
        last = now_ms // _MINUTE_MS
        name = caller.urn
        return sum(
            self._minutes.get(minute, {}).get(name, 0)
            for minute in range(last - minutes + 1, last + 1)
        )

    def others(self, now_ms: int) -> int:
        """Return the lookups in the minute of ``now_ms`` that were counted together."""
        return self._minutes.get(now_ms // _MINUTE_MS, {}).get(OTHERS, 0)


def _one(_request: Message) -> int:
    return 1


def _batch(request: Message) -> int:
    # Duck typing would do; the check keeps the table honest about what it is given.
    if not isinstance(request, recognition_service_pb2.BatchCheckHealthCodesRequest):
        raise TypeError(type(request).__name__)
    return len(request.requests)


LOOKUPS: Mapping[str, Callable[[Message], int]] = {
    "/exchange.api.v1.HealthCodeService/ListHealthCodes": _one,
    "/exchange.api.v1.HealthCodeService/ConvertHealthCode": _one,
    "/exchange.api.v1.HealthCodeService/GetNationalHealthCode": _one,
    "/exchange.api.v1.RecognitionService/CheckHealthCode": _one,
    "/exchange.api.v1.RecognitionService/BatchCheckHealthCodes": _batch,
}
"""How many persons a call of each method that looks persons up asks about."""
