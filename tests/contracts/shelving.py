"""Contract: items of a shelf change only for whoever knows their version."""

import asyncio
from collections.abc import Callable

import pytest

from exchange.core.errors import ValueTooLargeError
from exchange.stores.base import SHELF_ITEM_BYTES_MAX, ShelfItem, Store


class ShelvingContract:
    @pytest.fixture
    def shelf(self, subject: Callable[[object], bytes]) -> str:
        return f"shelf/{subject('shelf').hex()}"

    async def test_a_shelf_that_was_never_used_is_empty(self, store: Store, shelf: str) -> None:
        assert await store.shelf(shelf) == ()
        assert await store.shelf_item(shelf, "a") is None

    async def test_items_are_given_by_key_with_their_versions(
        self, store: Store, shelf: str
    ) -> None:
        assert await store.set_shelf_item(shelf, "b", b"two", expected=0)
        assert await store.set_shelf_item(shelf, "a", b"one", expected=0)
        assert await store.set_shelf_item(f"{shelf}/other", "c", b"", expected=0)
        assert await store.set_shelf_item(shelf, "b", b"three", expected=1)
        assert await store.shelf(shelf) == (ShelfItem("a", 1, b"one"), ShelfItem("b", 2, b"three"))
        assert await store.shelf_item(shelf, "b") == ShelfItem("b", 2, b"three")

    async def test_an_item_changes_only_at_the_version_that_is_expected(
        self, store: Store, shelf: str
    ) -> None:
        assert not await store.set_shelf_item(shelf, "a", b"x", expected=1)
        assert await store.set_shelf_item(shelf, "a", b"first", expected=0)
        assert not await store.set_shelf_item(shelf, "a", b"x", expected=0)
        assert not await store.set_shelf_item(shelf, "a", b"x", expected=2)
        assert await store.shelf(shelf) == (ShelfItem("a", 1, b"first"),)

    async def test_an_item_that_was_removed_begins_anew(self, store: Store, shelf: str) -> None:
        await store.set_shelf_item(shelf, "a", b"first", expected=0)
        await store.remove_shelf_item(shelf, "a")
        await store.remove_shelf_item(shelf, "a")
        assert await store.shelf(shelf) == ()
        assert await store.set_shelf_item(shelf, "a", b"second", expected=0)
        assert await store.shelf_item(shelf, "a") == ShelfItem("a", 1, b"second")

    async def test_of_several_changes_at_once_with_one_expectation_one_succeeds(
        self, store: Store, shelf: str
    ) -> None:
        await store.set_shelf_item(shelf, "a", b"start", expected=0)
        tries = [store.set_shelf_item(shelf, "a", b"by %d" % n, expected=1) for n in range(5)]
        outcomes = await asyncio.gather(*tries)
        assert sum(outcomes) == 1
        expected = ShelfItem("a", 2, b"by %d" % outcomes.index(True))
        assert await store.shelf_item(shelf, "a") == expected

    async def test_an_item_of_the_greatest_size_is_kept_and_a_larger_one_refused(
        self, store: Store, shelf: str
    ) -> None:
        largest = b"x" * SHELF_ITEM_BYTES_MAX
        assert await store.set_shelf_item(shelf, "a", largest, expected=0)
        with pytest.raises(ValueTooLargeError):
            await store.set_shelf_item(shelf, "a", largest + b"x", expected=1)
        assert await store.shelf_item(shelf, "a") == ShelfItem("a", 1, largest)
