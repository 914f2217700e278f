"""Policies in use follow the store, each destination by itself."""

import msgspec
import pytest

from exchange.core.compiled_policy import FOREVER_MS
from exchange.core.errors import StoreError
from exchange.core.policy import Policy
from exchange.core.times import DAY_MS
from exchange.operations.policies import PoliciesInForce
from exchange.operations.policy_desk import PolicyDesk, Wish
from exchange.operations.policy_shelf import PolicyShelf
from exchange.operations.shipped import default_for
from exchange.stores.base import Store
from tests.server_fixture import NOW_MS, SetClock


async def test_decisions_end_before_what_is_to_come_in_force_and_no_sooner(store: Store) -> None:
    shelf, clock = PolicyShelf(store), SetClock()
    followed = PoliciesInForce(shelf, clock)
    desk = PolicyDesk(shelf, PoliciesInForce(shelf, clock), clock, notice_ms=0)
    default, loose = default_for("310000"), changed("310000")
    for number, policy in enumerate((loose, default, loose), start=1):
        made = await desk.create("310000", policy, Wish())
        await desk.activate("310000", made.policy.revision, NOW_MS + number * DAY_MS, "", Wish())
    await followed.refresh()
    lasts_ms = [followed.of("310000", NOW_MS + days * DAY_MS).last_ms for days in range(4)]
    assert lasts_ms == [NOW_MS + days * DAY_MS - 1 for days in (1, 2, 3)] + [FOREVER_MS]
    assert followed.of("110000", NOW_MS).last_ms == FOREVER_MS
    # Rolling back takes back what was to come.
    clock.now_ms += DAY_MS
    await desk.rollback("310000", "", Wish())
    await followed.refresh()
    assert followed.of("310000", clock.now_ms).last_ms == FOREVER_MS


def changed(destination: str) -> Policy:
    return msgspec.structs.replace(default_for(destination), accepts_not_unique=True)


async def publish(desk: PolicyDesk, destination: str) -> None:
    made = await desk.create(destination, changed(destination), Wish())
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
