"""Contract: the newest statement wins, at equal time the stricter, then the larger bytes."""

import itertools
from collections.abc import Callable

import pytest

from exchange.core.health_code import HealthCode, Hold, Level, State
from exchange.core.statement import encode_value, entry as entry_of, strictness
from exchange.stores.base import Store
from tests.contracts.place import AS_OF_MS, entry, seen

SINGLES = (
    HealthCode(AS_OF_MS, Level.UNSPECIFIED, State.WITHDRAWN),
    HealthCode(AS_OF_MS, Level.HIGH, State.ACTIVE),
    HealthCode(AS_OF_MS, Level.ELEVATED, State.ACTIVE),
    HealthCode(AS_OF_MS, Level.MEDIUM, State.ACTIVE),
    HealthCode(AS_OF_MS, Level.LOW, State.ACTIVE, holds=(Hold("POPUP_3"),)),
    HealthCode(AS_OF_MS, Level.UNSPECIFIED, State.PENDING),
    HealthCode(AS_OF_MS, Level.UNSPECIFIED, State.EXPIRED),
    HealthCode(AS_OF_MS, Level.LOW, State.ACTIVE),
)
"""One statement of each strictness, the strictest first."""
VALUES = (b"\x00", b"\x00\x00", b"\x01", b"\x7f", b"\x7f\xff", b"\x80", b"\xff", b"\xff\x00")
"""In rising order of unsigned bytes."""


class MergingContract:
    @pytest.mark.parametrize("older_first", [True, False])
    async def test_an_older_statement_never_replaces_a_newer_one(
        self, store: Store, subject: Callable[[object], bytes], older_first: bool
    ) -> None:
        older = entry(subject(0), at=0, rank=8, value=b"\xffolder")
        newer = entry(subject(0), at=1, rank=1, value=b"\x01newer")
        for one in (older, newer) if older_first else (newer, older):
            await store.write([one])
        assert await seen(store, subject(0)) == {("510000", "510000", newer.value)}

    async def test_a_withdrawn_statement_is_not_brought_back_by_a_late_older_one(
        self, store: Store, subject: Callable[[object], bytes]
    ) -> None:
        withdrawn = HealthCode(AS_OF_MS, Level.UNSPECIFIED, State.WITHDRAWN)
        late = HealthCode(AS_OF_MS - 1, Level.HIGH, State.ACTIVE)
        for code in (withdrawn, late):
            await store.write([entry_of(subject(0), "510000", "510000", code, AS_OF_MS)])
        kept = encode_value(withdrawn, AS_OF_MS)
        assert await seen(store, subject(0)) == {("510000", "510000", kept)}

    async def test_of_two_statements_of_one_instant_the_stricter_wins_in_either_order(
        self, store: Store, subject: Callable[[object], bytes]
    ) -> None:
        pairs = list(itertools.permutations(SINGLES, 2))
        for turn in (0, 1):
            await store.write(
                [
                    entry_of(subject(index), "510000", "510000", pair[turn], AS_OF_MS)
                    for index, pair in enumerate(pairs)
                ]
            )
        for index, pair in enumerate(pairs):
            stricter = encode_value(max(pair, key=strictness), AS_OF_MS)
            assert await seen(store, subject(index)) == {("510000", "510000", stricter)}

    async def test_of_two_values_of_one_time_the_larger_bytes_win_in_either_order(
        self, store: Store, subject: Callable[[object], bytes]
    ) -> None:
        pairs = list(itertools.permutations(VALUES, 2))
        for turn in (0, 1):
            await store.write(
                [entry(subject(index), value=pair[turn]) for index, pair in enumerate(pairs)]
            )
        for index, pair in enumerate(pairs):
            assert await seen(store, subject(index)) == {("510000", "510000", max(pair))}

    async def test_entries_of_one_key_in_one_write_leave_the_newest(
        self, store: Store, subject: Callable[[object], bytes]
    ) -> None:
        times = (2, 0, 3, 1)
        await store.write([entry(subject(0), at=at, value=b"at %d" % at) for at in times])
        assert await seen(store, subject(0)) == {("510000", "510000", b"at 3")}

    async def test_a_statement_written_again_changes_nothing(
        self, store: Store, subject: Callable[[object], bytes]
    ) -> None:
        one = entry(subject(0))
        for _ in range(3):
            await store.write([one, one])
        assert await seen(store, subject(0)) == {("510000", "510000", one.value)}

    @pytest.mark.parametrize("receipts", [(1_000, 2_000), (2_000, 1_000)])
    async def test_of_two_receipts_of_one_statement_the_earlier_one_stays(
        self, store: Store, subject: Callable[[object], bytes], receipts: tuple[int, int]
    ) -> None:
        code = SINGLES[-1]
        for receipt in receipts:
            one = entry_of(subject(0), "510000", "510000", code, AS_OF_MS + receipt)
            await store.write([one])
        earlier = encode_value(code, AS_OF_MS + 1_000)
        assert await seen(store, subject(0)) == {("510000", "510000", earlier)}
