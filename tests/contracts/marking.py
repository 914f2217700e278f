"""Contract: a mark changes only for whoever knows what it was."""

import asyncio
from collections.abc import Callable

import pytest

from exchange.core.errors import ValueTooLargeError
from exchange.stores.base import MARK_BYTES_MAX, Store


class MarkingContract:
    @pytest.fixture
    def name(self, subject: Callable[[object], bytes]) -> str:
        return subject("mark").hex()

    async def test_a_mark_that_was_never_set_is_absent(self, store: Store, name: str) -> None:
        assert await store.mark(name) is None

    async def test_a_mark_is_set_once_where_it_has_to_be_absent(
        self, store: Store, name: str
    ) -> None:
        assert await store.set_mark(name, b"first", expected=None)
        assert not await store.set_mark(name, b"second", expected=None)
        assert await store.mark(name) == b"first"

    async def test_a_mark_is_replaced_only_where_it_is_as_expected(
        self, store: Store, name: str
    ) -> None:
        await store.set_mark(name, b"first", expected=None)
        assert not await store.set_mark(name, b"third", expected=b"second")
        assert await store.set_mark(name, b"second", expected=b"first")
        assert await store.mark(name) == b"second"

    async def test_a_mark_that_is_absent_is_not_as_expected(self, store: Store, name: str) -> None:
        assert not await store.set_mark(name, b"second", expected=b"first")
        assert await store.mark(name) is None

    async def test_an_empty_mark_is_there(self, store: Store, name: str) -> None:
        assert await store.set_mark(name, b"", expected=None)
        assert await store.mark(name) == b""
        assert await store.set_mark(name, b"more", expected=b"")

    async def test_of_several_at_once_with_one_expectation_one_succeeds(
        self, store: Store, name: str
    ) -> None:
        await store.set_mark(name, b"start", expected=None)
        tries = [store.set_mark(name, b"by %d" % one, expected=b"start") for one in range(5)]
        outcomes = await asyncio.gather(*tries)
        assert sum(outcomes) == 1
        assert await store.mark(name) == b"by %d" % outcomes.index(True)

    async def test_a_mark_that_is_too_large_is_refused(self, store: Store, name: str) -> None:
        largest = b"x" * MARK_BYTES_MAX
        assert await store.set_mark(name, largest, expected=None)
        with pytest.raises(ValueTooLargeError):
            await store.set_mark(name, largest + b"x", expected=largest)
        assert await store.mark(name) == largest
