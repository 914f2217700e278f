"""Choosing what goes to quarantine: of a line file the lines that failed, else the payload."""

from collections.abc import Callable, Sequence

import msgspec

from adapters.base import Format, Keys
from exchange.core.outcome import Outcome
from exchange.core.publication import Failure
from exchange.core.quarantine import QUARANTINED, EntryFailure, SetAside
from exchange.core.sealing import SealingKeys
from exchange.operations.judged import Judged

Raw = Callable[[int], bytes | None]
"""From the place of a failed record in its file to its bytes, or None where there are none."""


class SettingAside:
    """Adds to judged outcomes what has to be set aside. Without keys nothing ever is."""

    def __init__(self, keys: SealingKeys | None) -> None:
        self._keys = keys

    def payload(self, found: Format, payload: bytes, judged: Judged) -> Judged:
        """Set a payload aside as a whole if anything in it could not be read."""
        failures = [one for one in judged.failures if one.reason in QUARANTINED]
        if self._keys is None or not failures:
            return judged
        one = self._set_aside(self._keys, found, payload, failures, is_record=False)
        return _named(judged, {failure.index: one for failure in failures})

    def records(self, found: Format, judged: Judged, raw: Raw) -> Judged:
        """Set the lines of records aside that could not be read."""
        keys = self._keys
        if keys is None:
            return judged
        named: dict[int, SetAside] = {}
        for failure in judged.failures:
            line = raw(failure.index) if failure.reason in QUARANTINED else None
            if line is not None:
                named[failure.index] = self._set_aside(keys, found, line, [failure], is_record=True)
        return _named(judged, named)

    def file(  # noqa: PLR0913, PLR0917 - what a file was read with
        self,
        found: Format,
        payload: bytes,
        outcomes: Sequence[Outcome],
        received_ms: int,
        keys: Keys,
        judged: Judged,
    ) -> Judged:
        """Set aside what failed in a file of lines that was read as a whole.

        Only failures of single records have lines: the file is read once more, in parts, and where
        that gives other outcomes the failure was one of the whole.
        """
        if self._keys is None or not any(one.reason in QUARANTINED for one in judged.failures):
            return judged
        reader = found.reader(received_ms, keys)
        first = reader.feed(payload)
        lines = {one.index: reader.raw(one.index) for one in judged.failures}
        last = reader.finish()
        for one in judged.failures:
            if one.index >= len(first):
                lines[one.index] = reader.raw(one.index - len(first))
        if [*first, *last] != list(outcomes) or not any(lines.values()):
            return self.payload(found, payload, judged)
        return self.records(found, judged, lines.get)

    @staticmethod
    def _set_aside(
        keys: SealingKeys,
        found: Format,
        content: bytes,
        failures: Sequence[Failure],
        *,
        is_record: bool,
    ) -> SetAside:
        kind = b"\x01" if is_record else b"\x00"
        key = keys.name(found.id.encode() + kind + content)
        listed = tuple(EntryFailure(one.index, one.reason, one.field) for one in failures)
        return SetAside(key, found.id, is_record, content, listed)


def _named(judged: Judged, by_index: dict[int, SetAside]) -> Judged:
    """Let the failures name what was set aside for them."""
    failures = tuple(
        msgspec.structs.replace(one, entry=by_index[one.index].key.hex())
        if one.index in by_index
        else one
        for one in judged.failures
    )
    aside = tuple({one.key: one for one in by_index.values()}.values())
    return msgspec.structs.replace(judged, failures=failures, set_aside=aside)
