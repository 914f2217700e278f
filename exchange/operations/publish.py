"""Publishing: a member's own bytes, or the common schema, in; kept statements and failures out."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from typing import TypeVar, TypeVarTuple, cast

import msgspec

from adapters.base import Format
from exchange.core.documents import is_unique
from exchange.core.errors import InvalidRequestError
from exchange.core.health_code import Level
from exchange.core.masking import mask
from exchange.core.members import BY_CODE, NATIONAL
from exchange.core.outcome import Outcome, Reason, Rejected, Translated
from exchange.core.publication import Failure, Publication
from exchange.core.statement import VALUE_BYTES_MAX, Entry, entries_of, says_nothing
from exchange.operations.drift import Drift
from exchange.operations.environment import Environment
from exchange.operations.formats import MemberFormats
from exchange.operations.judged import Judged, Place, together
from exchange.operations.looks import Looks
from exchange.operations.quarantine import Quarantine
from exchange.operations.set_aside import SettingAside
from exchange.stores.base import WRITE_ENTRIES_MAX

RECORDS_MAX = 5_000
"""Records of one call: a second of intake, and a failure list that fits into a message."""
PAYLOADS_PER_PIECE = 200
"""Of a call, read and judged in one go: two milliseconds where each holds a record, after which
lookups that have come meanwhile go first."""

_Arguments = TypeVarTuple("_Arguments")
_Result = TypeVar("_Result")


_NOT_THE_ISSUER = Rejected(Reason.ISSUER_MISMATCH, "issuer")
_PAST_RETENTION = Rejected(Reason.PAST_RETENTION)
_TOO_LARGE = Rejected(Reason.VALUE_TOO_LARGE)


class Publisher:
    """Takes in what members hand in."""

    def __init__(
        self,
        environment: Environment,
        formats: MemberFormats,
        quarantine: Quarantine,
        drift: Drift,
        intake: Executor,
    ) -> None:
        """Take what publishing needs.

        Args:
            environment: Store, subject keys, retention and clock.
            formats: Of the members, with their keys.
            quarantine: Where goes what no adapter could read.
            drift: Where records are counted.
            intake: Where decoding runs, apart from lookups, so that a large submission does not
                hold them up.
        """
        self._environment = environment
        self.formats = formats
        self.aside = SettingAside(quarantine.keys)
        self._quarantine = quarantine
        self._drift = drift
        self.looks = Looks()
        self._intake = intake

    def now_ms(self) -> int:
        """Return the receiving instant."""
        return self._environment.clock()

    async def in_intake(
        self, work: Callable[[*_Arguments], _Result], *arguments: *_Arguments
    ) -> _Result:
        """Run work of intake apart from lookups and return its result."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._intake, work, *arguments)

    async def keep(self, member: str, judged: Judged, received_ms: int) -> tuple[Failure, ...]:
        """Write what was judged; when it returns, all of it is durable.

        Returns:
            The failures; those whose record is in quarantine now name its entry.

        Raises:
            StoreError: Not everything is known to be durable; sending it again is exact.
        """
        await self.write(judged)
        self._drift.count(member, judged)
        if not judged.set_aside:
            return judged.failures
        kept = await self._quarantine.keep(member, judged.set_aside, received_ms)
        names = {key.hex() for key in kept}
        return tuple(
            one if one.entry in names else msgspec.structs.replace(one, entry="")
            for one in judged.failures
        )

    async def write(self, judged: Judged) -> None:
        """Write the statements that were judged, and nothing to quarantine.

        Raises:
            StoreError: Not everything is known to be durable; writing it again is exact.
        """
        # A chunk of short lines holds more than a store takes at once.
        for start in range(0, len(judged.entries), WRITE_ENTRIES_MAX):
            part = judged.entries[start : start + WRITE_ENTRIES_MAX]
            await self._environment.store.write(part)

    async def publish_native(
        self, member: str, format_id: str, payloads: Sequence[bytes]
    ) -> Publication:
        """Decode payloads in one of the member's formats, judge each record, keep what is good.

        Raises:
            NotFoundError: The member has no such format.
            InvalidRequestError: There are more than ``RECORDS_MAX`` records; none was kept.
            StoreError: Not everything is known to be durable; sending it again is exact.
        """
        found = self.formats.of(member, format_id)
        received_ms = self._environment.clock()
        step = PAYLOADS_PER_PIECE
        pieces = [
            await self.in_intake(
                self._read, member, found, payloads[start : start + step], received_ms, start
            )
            for start in range(0, len(payloads), step)
        ]
        judged = together(pieces)
        count = judged.accepted_count + len(judged.failures)
        if count > RECORDS_MAX:
            raise InvalidRequestError(
                "native_payloads.payloads",
                f"hold {count} records, at most {RECORDS_MAX} are taken in one call",
            )
        failures = await self.keep(member, judged, received_ms)
        return Publication(judged.accepted_count, failures)

    async def publish_outcomes(self, member: str, outcomes: Sequence[Outcome]) -> Publication:
        """Judge records that are read already, keep what is good.

        Raises:
            StoreError: Not everything is known to be durable; sending it again is exact.
        """
        received_ms = self._environment.clock()
        judged = self.judge(member, outcomes, received_ms, Place())
        failures = await self.keep(member, judged, received_ms)
        return Publication(judged.accepted_count, failures)

    def judge(
        self, member: str, outcomes: Iterable[Outcome], received_ms: int, place: Place
    ) -> Judged:
        """Apply the rules of the common schema to outcomes. Pure but for the subject's key."""
        row_of = self._rules(member, received_ms)
        entries: list[Entry] = []
        failures: list[Failure] = []
        newest_ms = 0
        levels = [0] * len(Level)
        for index, outcome in enumerate(outcomes, start=place.index):
            row = outcome if isinstance(outcome, Rejected) else row_of(outcome)
            if isinstance(row, Rejected):
                field = place.as_of_field if row is _PAST_RETENTION else row.field
                failures.append(Failure(place.payload_index, index, row.reason, field))
                continue
            if row is not None:
                entries.append(row)
            said = cast("Translated", outcome).health_code
            levels[said.level] += 1
            newest_ms = max(newest_ms, said.as_of_ms)
        return Judged(
            tuple(entries),
            sum(levels),
            tuple(failures),
            format_id=place.format_id,
            levels=tuple(levels),
            newest_as_of_ms=newest_ms,
        )

    def judge_payload(
        self, member: str, found: Format, payload: bytes, received_ms: int, payload_index: int
    ) -> Judged:
        """Decode one payload and judge its records; what cannot be read is set aside."""
        keys = self.formats.keys_of(found.id)
        outcomes = found.decode(payload, received_ms, keys)
        place = Place(
            payload_index=payload_index, as_of_field=found.as_of_field, format_id=found.id
        )
        judged = self.judge(member, outcomes, received_ms, place)
        if unknown := self.looks.count(found, payload, keys, first=payload_index == 0):
            judged = msgspec.structs.replace(judged, unknown_fields=unknown)
        if not judged.failures:
            return judged
        if found.transport == "lines":
            return self.aside.file(found, payload, outcomes, received_ms, keys, judged)
        return self.aside.payload(found, payload, judged)

    def _read(
        self,
        member: str,
        found: Format,
        payloads: Sequence[bytes],
        received_ms: int,
        first: int,
    ) -> Judged:
        return together(
            self.judge_payload(member, found, payload, received_ms, payload_index)
            for payload_index, payload in enumerate(payloads, first)
        )

    def _rules(
        self, member: str, received_ms: int
    ) -> Callable[[Translated], Entry | Rejected | None]:
        """Return the rules for the records of a member: the hot path of every publication.

        They give the row to write, the reason against it, or None for one that needs no write.
        """
        # Of today, which differs from the receipt when quarantine is replayed.
        horizon_ms = self._environment.horizon_ms
        issuers = {member, *BY_CODE} if member == NATIONAL else {member}
        subject_of = self._environment.keys.current.subject
        entry_of = entries_of(member, received_ms)

        def row_of(translated: Translated) -> Entry | Rejected | None:
            health_code = translated.health_code
            if translated.issuer not in issuers:
                return _NOT_THE_ISSUER
            if health_code.as_of_ms < horizon_ms:
                return _PAST_RETENTION
            if says_nothing(health_code):
                return None
            document = translated.document
            health_code = mask(health_code)
            if not is_unique(document):
                health_code = msgspec.structs.replace(health_code, document_unique=False)
            row = entry_of(subject_of(document), translated.issuer, health_code)
            return _TOO_LARGE if len(row.value) > VALUE_BYTES_MAX else row

        return row_of
