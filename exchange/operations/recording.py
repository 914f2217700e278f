"""Recording a sample of decisions, for dry runs: bounded, without anything that names the person.

What is recorded is the receipt of a decision: statements, instant and outcome, but no document, no
subject and no caller. Each destination has a fixed number of places; which one a decision takes is
drawn, so that newer ones push older ones out evenly, whatever the load.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress

import msgspec
import structlog

from exchange.core.compiled_policy import CompiledPolicy
from exchange.core.decision import Decision
from exchange.core.errors import StoreError
from exchange.core.receipt import InvalidReceiptError, make_receipt, read_receipt
from exchange.core.recognition import Question
from exchange.core.times import DAY_MS
from exchange.operations.clock import Clock
from exchange.stores.base import SHELF_ITEM_BYTES_MAX, Store

SAMPLES_MAX = 500
"""Recorded decisions of a destination: enough for a change of one in a hundred to be seen."""
SAMPLE_DAYS = 30
"""How long a recorded decision is shown (design section 6)."""
WAITING_MAX = 64
"""Recorded decisions that wait to be written; more are dropped, as a check never waits for them."""
FLUSH_SECONDS = 1.0

_log = structlog.get_logger("exchange.recording")


class _Waiting(msgspec.Struct, frozen=True):
    destination: str
    receipt: bytes


class Recorder:
    """Records every so many decisions."""

    def __init__(self, store: Store, draw: Callable[[int], int], every: int) -> None:
        """Take where to.

        Args:
            store: Keeps them.
            draw: Draws a number below another one.
            every: Of so many decisions one is recorded; 0 records none.
        """
        self._store = store
        self._draw = draw
        self._every = every
        self._seen = 0
        self._waiting: deque[_Waiting] = deque(maxlen=WAITING_MAX)

    def offer(self, question: Question, policy: CompiledPolicy, decision: Decision) -> None:
        """Note a decision, to be written soon."""
        receipt = make_receipt(question, policy, decision)
        if len(receipt) <= SHELF_ITEM_BYTES_MAX:
            self._waiting.append(_Waiting(policy.destination, receipt))

    def is_turn(self) -> bool:
        """Tell whether the decision being made is to be recorded."""
        if not self._every:
            return False
        self._seen += 1
        return self._seen % self._every == 0

    async def follow(self) -> None:
        """Write what waits, again and again until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            try:
                await self.flush()
            except StoreError as error:
                _log.warning("decisions_not_recorded", reason=error.reason)

    async def flush(self) -> None:
        """Write what waits.

        Raises:
            StoreError: The store does not answer; what was being written is dropped.
        """
        while self._waiting:
            one = self._waiting.popleft()
            shelf, key = samples_shelf(one.destination), f"{self._draw(SAMPLES_MAX):04}"
            there = await self._store.shelf_item(shelf, key)
            version = 0 if there is None else there.version
            # Where another worker took the place just now, one sample of two is as good.
            await self._store.set_shelf_item(shelf, key, one.receipt, expected=version)


async def recorded_questions(store: Store, destination: str, clock: Clock) -> tuple[Question, ...]:
    """Return the recorded decisions of a destination as questions, the oldest first.

    Raises:
        StoreError: The store does not answer.
    """
    horizon_ms = _horizon_ms(clock)
    samples = await _samples(store, destination)
    shown = [question for question in samples.values() if question.now_ms >= horizon_ms]
    return tuple(sorted(shown, key=lambda one: one.now_ms))


async def sweep_samples(store: Store, destinations: Iterable[str], clock: Clock) -> int:
    """Take away the recorded decisions that are too old to be shown; return how many.

    Raises:
        StoreError: The store does not answer; run it again.
    """
    horizon_ms = _horizon_ms(clock)
    removed = 0
    for destination in destinations:
        for key, question in (await _samples(store, destination)).items():
            if question.now_ms < horizon_ms:
                await store.remove_shelf_item(samples_shelf(destination), key)
                removed += 1
    return removed


async def _samples(store: Store, destination: str) -> dict[str, Question]:
    """Read the samples of a destination by key, but those of another release."""
    found = {}
    for item in await store.shelf(samples_shelf(destination)):
        with suppress(InvalidReceiptError):
            found[item.key] = read_receipt(item.value).question
    return found


def _horizon_ms(clock: Clock) -> int:
    return clock() - SAMPLE_DAYS * DAY_MS


def samples_shelf(destination: str) -> str:
    """Name the shelf with the recorded decisions of a destination."""
    return f"samples/{destination}"
