"""Looks at the policies are counted by what came of them, so that an alert can tell."""

import asyncio
import contextlib
import time

import msgspec

from exchange.core.errors import StoreError
from exchange.metrics import POLICY_READS
from exchange.operations.policies import PoliciesInForce
from exchange.operations.policy_desk import PolicyDesk, Wish
from exchange.operations.policy_shelf import PolicyShelf
from exchange.operations.shipped import default_for
from exchange.stores.base import Store
from tests.server_fixture import SetClock

PATIENCE_SECONDS = 20


async def test_a_policy_that_this_release_cannot_read_is_counted_as_such(store: Store) -> None:
    shelf, clock = PolicyShelf(store), SetClock()
    desk = PolicyDesk(shelf, PoliciesInForce(shelf, clock), clock, notice_ms=0)
    policy = msgspec.structs.replace(default_for("110000"), accepts_not_unique=True)
    made = await desk.create("110000", policy, Wish())
    await desk.activate("110000", made.policy.revision, None, "", Wish())
    (item,) = await store.shelf("policies/110000")
    assert await store.set_shelf_item("policies/110000", item.key, b"{}", expected=item.version)

    POLICY_READS.values.clear()
    following = asyncio.create_task(PoliciesInForce(shelf, clock).follow())
    end = time.monotonic() + PATIENCE_SECONDS
    while not POLICY_READS.values.get((StoreError.reason,)):
        assert time.monotonic() < end
        await asyncio.sleep(0.05)
    following.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await following
