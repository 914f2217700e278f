"""Contract: a store opens, closes and opens again, and nothing of it stays behind."""

import threading
from collections.abc import Callable

import pytest

from exchange.core.errors import StoreUnavailableError
from exchange.stores.base import Store
from tests.contracts.place import Place, entry, seen


class OpeningContract:
    async def test_a_store_that_is_ready_passes_its_check(self, store: Store) -> None:
        await store.check()

    async def test_connecting_twice_and_closing_twice_is_harmless(
        self, store: Store, place: Place
    ) -> None:
        other = place.open()
        await other.connect()
        await other.connect()
        await other.check()
        await other.close()
        await other.close()
        await store.check()

    async def test_a_closed_store_refuses_politely(
        self, store: Store, subject: Callable[[object], bytes]
    ) -> None:
        await store.close()
        with pytest.raises(StoreUnavailableError):
            await store.write([entry(subject(0))])
        with pytest.raises(StoreUnavailableError):
            await store.read([subject(0)])
        with pytest.raises(StoreUnavailableError):
            await store.check()

    async def test_what_was_written_is_there_after_opening_again(
        self, store: Store, place: Place, subject: Callable[[object], bytes]
    ) -> None:
        await store.write([entry(subject(0))])
        await store.close()
        again = place.open()
        await again.connect()
        try:
            assert await seen(again, subject(0)) == {("510000", "510000", b"value")}
        finally:
            await again.close()

    async def test_a_closed_store_leaves_no_threads_of_its_own(
        self, store: Store, place: Place
    ) -> None:
        await store.check()
        before = set(threading.enumerate())
        other = place.open()
        await other.connect()
        await other.check()
        await other.close()
        started = set(threading.enumerate()) - before
        # The loop's own pool of threads belongs to the loop.
        assert {
            thread.name for thread in started if not thread.name.startswith("asyncio_")
        } == set()
