"""Policies in use follow the store, each destination by itself."""

import msgspec
import pytest

from exchange.core.errors import StoreError
from exchange.operations.policies import PoliciesInForce
from exchange.operations.policy_desk import PolicyDesk, Wish
from exchange.operations.policy_shelf import PolicyShelf
from exchange.operations.shipped import default_for
from exchange.stores.base import Store
from tests.server_fixture import NOW_MS, SetClock


async def publish(desk: PolicyDesk, destination: str) -> None:
    policy = msgspec.structs.replace(default_for(destination), accepts_not_unique=True)
    made = await desk.create(destination, policy, Wish())
    await desk.activate(destination, made.policy.revision, None, "", Wish())


async def test_a_policy_that_cannot_be_read_keeps_no_other_from_coming_in_force(
    store: Store,
) -> None:
    shelf, clock = PolicyShelf(store), SetClock()
    followed = PoliciesInForce(shelf, clock)
    desk = PolicyDesk(shelf, PoliciesInForce(shelf, clock), clock, notice_ms=0)
    await publish(desk, "110000")
    (item,) = await store.shelf("policies/110000")
    assert await store.set_shelf_item("policies/110000", item.key, b"{}", expected=item.version)
    await publish(desk, "310000")
    with pytest.raises(StoreError):
        await followed.refresh()
    assert followed.of("310000", NOW_MS).policy.revision == 1
    assert followed.of("310000", NOW_MS).policy.name == "310000"
    assert followed.of("110000", NOW_MS).policy.name == "default"
