"""Policies in use follow the store, each destination by itself."""

import msgspec
import pytest

from exchange.core.compiled_policy import FOREVER_MS
from exchange.core.errors import StoreError, StoreUnavailableError
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


async def test_what_cannot_be_read_at_the_start_costs_its_destination_only_and_until_it_can(
    store: Store,
) -> None:
    shelf, clock = PolicyShelf(store), SetClock()
    desk = PolicyDesk(shelf, PoliciesInForce(shelf, clock), clock, notice_ms=0)
    for destination in ("110000", "120000", "310000"):
        await publish(desk, destination)
    (content,) = await store.shelf("policies/110000")
    await store.set_shelf_item("policies/110000", content.key, b"{}", expected=content.version)
    ledger = await store.shelf_item("policies", "120000")
    assert ledger is not None
    await store.set_shelf_item("policies", "120000", b"[", expected=ledger.version)

    followed = PoliciesInForce(shelf, clock)
    await followed.load()
    assert followed.of("310000", NOW_MS).policy.revision == 1
    assert followed.of("440000", NOW_MS).policy.name == "default"
    for destination in ("110000", "120000"):
        with pytest.raises(StoreError, match=f"The policy of {destination} cannot be read"):
            followed.of(destination, NOW_MS)
    with pytest.raises(StoreError):
        await followed.refresh()

    await store.set_shelf_item("policies", "120000", ledger.value, expected=ledger.version + 1)
    await desk.rollback("110000", "", Wish())
    await followed.refresh()
    assert followed.of("110000", NOW_MS).policy.name == "default"
    assert followed.of("120000", NOW_MS).policy.revision == 1


async def test_a_store_that_does_not_answer_at_the_start_is_no_policy_that_cannot_be_read(
    store: Store,
) -> None:
    await store.close()
    with pytest.raises(StoreUnavailableError):
        await PoliciesInForce(PolicyShelf(store), SetClock()).load()


async def test_after_one_that_cannot_be_read_another_revision_can_be_published(
    store: Store,
) -> None:
    shelf, clock = PolicyShelf(store), SetClock()
    policies = PoliciesInForce(shelf, clock)
    desk = PolicyDesk(shelf, policies, clock, notice_ms=0)
    await publish(desk, "110000")
    (item,) = await store.shelf("policies/110000")
    await store.set_shelf_item("policies/110000", item.key, b"{}", expected=item.version)
    await desk.rollback("110000", "cannot be read", Wish())
    await publish(desk, "110000")
    assert policies.of("110000", NOW_MS).policy.revision == 2
