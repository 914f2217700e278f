"""Contract: an erased subject is hidden, stays so for what is not newer, and can speak again."""

from collections.abc import Callable

import pytest

from exchange.stores.base import Store
from tests.contracts.place import entry, seen


class ErasingContract:
    async def test_an_erased_subject_is_not_seen(
        self, store: Store, subject: Callable[[object], bytes]
    ) -> None:
        await store.write([entry(subject(0)), entry(subject(0), issuer="310000", via="000000")])
        assert await store.erase(subject(0)) == 2
        assert await store.read([subject(0)]) == [()]
        assert await store.read([subject(0), subject(1)]) == [(), ()]

    async def test_erasing_twice_finds_nothing_the_second_time(
        self, store: Store, subject: Callable[[object], bytes]
    ) -> None:
        await store.write([entry(subject(0))])
        assert [await store.erase(subject(0)) for _ in range(2)] == [1, 0]

    async def test_erasing_an_unknown_subject_erases_nothing(
        self, store: Store, subject: Callable[[object], bytes]
    ) -> None:
        assert await store.erase(subject(0)) == 0

    @pytest.mark.parametrize("at", [-1, 0])
    async def test_what_is_not_newer_than_an_erased_row_has_no_effect(
        self, store: Store, subject: Callable[[object], bytes], at: int
    ) -> None:
        await store.write([entry(subject(0))])
        await store.erase(subject(0))
        await store.write([entry(subject(0), at=at, rank=8, value=b"\xff" * 100)])
        assert await store.read([subject(0)]) == [()]

    async def test_a_newer_statement_after_an_erasure_is_kept(
        self, store: Store, subject: Callable[[object], bytes]
    ) -> None:
        await store.write([entry(subject(0))])
        await store.erase(subject(0))
        await store.write([entry(subject(0), at=1, value=b"again")])
        assert await seen(store, subject(0)) == {("510000", "510000", b"again")}

    async def test_an_erasure_is_about_one_subject(
        self, store: Store, subject: Callable[[object], bytes]
    ) -> None:
        await store.write([entry(subject(index)) for index in range(3)])
        await store.erase(subject(1))
        left = (("510000", "510000", b"value"),)
        assert await store.read([subject(index) for index in range(3)]) == [left, (), left]
