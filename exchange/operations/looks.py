"""Looking for unknown fields, now and then: systems write all their records alike.

Looking is another reading of a payload and can cost more than decoding it (23 us for an answer in
SOAP), so that few are looked at.
"""

from adapters.base import Format, Keys, count_unknown_fields

LOOK_EVERY = 1_000
"""Of the payloads or chunks of a format so many are passed over for one that is looked at: not to
be noticed in the speed of decoding, and minutes at the rate of a member that pushes all day."""


class Looks:
    """Decides for one worker which payloads are looked at. For the thread of intake only."""

    def __init__(self) -> None:
        """Begin with nothing looked at."""
        self._passed: dict[str, int] = {}

    def due(self, found: Format, *, first: bool) -> bool:
        """Tell whether the next payload or chunk is looked at.

        Args:
            found: Its format.
            first: It is the first of its submission or stream, which is always looked at: most
                files come whole once a day.
        """
        if found.unknown_fields is None:
            return False
        passed = self._passed.get(found.id, 0) + 1
        look = first or passed >= LOOK_EVERY
        self._passed[found.id] = 0 if look else passed
        return look

    def count(self, found: Format, payload: bytes, keys: Keys, *, first: bool) -> int:
        """Count the unknown fields of a payload that is looked at; 0 for one that is not."""
        return count_unknown_fields(found, payload, keys) if self.due(found, first=first) else 0
