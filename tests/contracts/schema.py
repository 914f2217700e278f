"""Contract: a store knows the version of its schema, and works only where it can be used."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from exchange.core.errors import SchemaError
from exchange.stores.base import SchemaState, SchemaStep, Store
from tests.contracts.place import Place


def later(version: int, compatible: int) -> SchemaStep:
    """Return a step of a later release."""
    return SchemaStep(version, compatible, (), "something of a later release")


class SchemaContract:
    @pytest.fixture
    async def new(self, empty_place: Place) -> AsyncIterator[Store]:
        """A store that is connected to a database where nobody has been before."""
        store = empty_place.open()
        await store.connect()
        yield store
        await store.close()

    async def test_an_empty_store_says_so_and_cannot_be_used(self, new: Store) -> None:
        assert await new.schema_state() == SchemaState(0, 0)
        with pytest.raises(SchemaError, match="migrate") as refused:
            await new.check()
        assert refused.value.found == 0
        assert refused.value.wanted > 0

    async def test_migrating_applies_all_steps_once_and_then_none(self, new: Store) -> None:
        applied = await new.migrate()
        assert [step.version for step in applied] == list(range(1, len(applied) + 1))
        assert await new.schema_state() == SchemaState(applied[-1].version, applied[-1].compatible)
        await new.check()
        assert await new.migrate() == ()

    async def test_migrating_twice_at_once_leaves_a_store_that_can_be_used(
        self, new: Store, empty_place: Place
    ) -> None:
        other = empty_place.open()
        await other.connect()
        try:
            both = await asyncio.gather(new.migrate(), other.migrate())
            await asyncio.gather(new.check(), other.check())
            assert await new.schema_state() == await other.schema_state()
        finally:
            await other.close()
        assert any(both)

    async def test_a_later_schema_that_is_compatible_can_be_used(
        self, new: Store, empty_place: Place
    ) -> None:
        head = (await new.migrate())[-1].version
        await asyncio.to_thread(empty_place.record_step, later(head + 1, head))
        assert await new.schema_state() == SchemaState(head + 1, head)
        await new.check()
        assert await new.migrate() == ()

    async def test_a_later_schema_that_is_incompatible_is_refused_and_left_alone(
        self, new: Store, empty_place: Place
    ) -> None:
        head = (await new.migrate())[-1].version
        await asyncio.to_thread(empty_place.record_step, later(head + 1, head + 1))
        with pytest.raises(SchemaError, match="later release"):
            await new.check()
        with pytest.raises(SchemaError):
            await new.migrate()
        assert await new.schema_state() == SchemaState(head + 1, head + 1)

    async def test_a_schema_that_is_lost_while_running_is_noticed(
        self, new: Store, empty_place: Place
    ) -> None:
        await new.migrate()
        await new.check()
        await asyncio.to_thread(empty_place.lose_schema)
        with pytest.raises(SchemaError):
            await new.check()
