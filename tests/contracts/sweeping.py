"""Contract: a sweep removes what lies before the horizon, and nothing else."""

from collections.abc import Callable

import pytest

from exchange.stores.base import Store
from tests.contracts.place import AS_OF_MS, entry, seen, swept

FAR_MS = AS_OF_MS * 2


class SweepingContract:
    @pytest.fixture
    async def empty(self, store: Store) -> Store:
        """A store from which everything that other tests left has been swept."""
        await swept(store, FAR_MS)
        return store

    async def test_rows_before_the_horizon_are_removed_and_others_stay(
        self, empty: Store, subject: Callable[[object], bytes]
    ) -> None:
        await empty.write([entry(subject(at), at=at, rank=8) for at in range(-3, 3)])
        last = (await swept(empty, AS_OF_MS))[-1]
        assert (last.scanned_count, last.removed_count) == (6, 3)
        kept = (("510000", "510000", b"value"),)
        answers = await empty.read([subject(at) for at in range(-3, 3)])
        assert answers == [(), (), (), kept, kept, kept]

    async def test_a_second_sweep_of_the_same_horizon_removes_nothing(
        self, empty: Store, subject: Callable[[object], bytes]
    ) -> None:
        await empty.write([entry(subject(at), at=at) for at in (-1, 0)])
        runs = [(await swept(empty, AS_OF_MS))[-1] for _ in range(2)]
        assert [(run.scanned_count, run.removed_count) for run in runs] == [(2, 1), (1, 0)]

    async def test_only_the_old_rows_of_a_subject_are_removed(
        self, empty: Store, subject: Callable[[object], bytes]
    ) -> None:
        await empty.write(
            [entry(subject(0), at=-1, issuer="310000"), entry(subject(0), at=0, issuer="510000")]
        )
        await swept(empty, AS_OF_MS)
        assert await seen(empty, subject(0)) == {("510000", "510000", b"value")}

    async def test_an_erased_row_is_removed_when_its_own_time_is_past(
        self, empty: Store, subject: Callable[[object], bytes]
    ) -> None:
        await empty.write([entry(subject(at), at=at) for at in (-1, 0)])
        for at in (-1, 0):
            await empty.erase(subject(at))
        last = (await swept(empty, AS_OF_MS))[-1]
        assert (last.scanned_count, last.removed_count) == (2, 1)

    async def test_what_is_written_while_a_sweep_runs_stays(
        self, empty: Store, subject: Callable[[object], bytes]
    ) -> None:
        subjects = [subject(index) for index in range(50)]
        await empty.write([entry(one, at=-1) for one in subjects])
        sweep = empty.sweep(AS_OF_MS)
        async for _ in sweep:
            await empty.write([entry(one, at=1, value=b"newer") for one in subjects])
        answers = await empty.read(subjects)
        assert answers == [(("510000", "510000", b"newer"),)] * len(subjects)

    async def test_progress_grows_in_bounded_steps_and_ends_at_one(
        self, empty: Store, subject: Callable[[object], bytes]
    ) -> None:
        count = 6_000
        await empty.write([entry(subject(index)) for index in range(count)])
        progress = await swept(empty, AS_OF_MS)
        fractions = [one.fraction for one in progress]
        counts = [one.scanned_count for one in progress]
        assert fractions == sorted(fractions)
        assert fractions[-1] == 1.0
        assert (counts[-1], progress[-1].removed_count) == (count, 0)
        assert max(b - a for a, b in zip([0, *counts], counts, strict=False)) <= 5_000

    async def test_a_sweep_that_is_given_up_half_way_leaves_the_rest_for_the_next(
        self, empty: Store, subject: Callable[[object], bytes]
    ) -> None:
        await empty.write([entry(subject(index), at=-1) for index in range(6_000)])
        first = await anext(aiter(empty.sweep(AS_OF_MS)))
        last = (await swept(empty, AS_OF_MS))[-1]
        assert 0 < first.removed_count < 6_000
        assert first.removed_count + last.removed_count == 6_000

    async def test_sweeping_an_empty_store_ends_at_once(self, empty: Store) -> None:
        last = (await swept(empty, FAR_MS))[-1]
        assert (last.scanned_count, last.removed_count, last.fraction) == (0, 0, 1.0)
