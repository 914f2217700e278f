"""A store whose single reads share one request: lookups that arrive during a read leave together.

One grouped read in flight costs a fraction of a request for each subject, and more than one in
flight is slower (measured), so the next group leaves when the read before it is back. A read that
does not come back soon is not waited for: it keeps only its own callers waiting, and those only
until its time limit. Callers who give up or are cancelled cancel nobody else.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence

import msgspec

from exchange.core.errors import StoreError, StoreUnavailableError
from exchange.core.statement import Entry, Row
from exchange.stores.base import SchemaState, SchemaStep, ShelfItem, Store, SweepProgress

GATHERED_SUBJECTS_MAX = 500
"""Subjects of one shared read: a few milliseconds of a node."""
SUBJECTS_OF_CALL_MAX = 64
"""As many as single checks that come together; a call with more is a group and leaves alone."""
WAITING_SUBJECTS_MAX = 20_000
"""Subjects that wait for the next read; beyond, waiting would outlast every caller's deadline."""
LATE_READS_MAX = 16
"""Reads that may be late at once before new lookups have to wait for them."""

Found = tuple[Row, ...] | StoreError


class GatheringSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How long a shared read is waited for."""

    late_after_seconds: float = 0.01
    """From here on the next read does not wait for it; above a healthy read of 500. Beside a large
    file some reads take long: the p99 of lookups was 36 ms with 50 here, and is 20."""

    time_limit_seconds: float = 2.0
    """From here on its callers are told that the store does not answer."""


class _Group:
    """Subjects that will leave together, and the answer that their callers wait for."""

    def __init__(self) -> None:
        self.subjects: dict[bytes, None] = {}
        self.answer: asyncio.Future[dict[bytes, Found]] = asyncio.get_running_loop().create_future()


class GatheringStore(Store):
    """Decorates a store: small reads gather, everything else passes through."""

    def __init__(self, inner: Store, settings: GatheringSettings | None = None) -> None:
        self.name = inner.name
        self.quarantine = inner.quarantine
        self._inner = inner
        self._settings = settings or GatheringSettings()
        self._waiting: list[_Group] = []
        self._prompt: asyncio.Task[None] | None = None
        self._reads: set[asyncio.Task[None]] = set()

    async def connect(self) -> None:
        await self._inner.connect()

    async def close(self) -> None:
        while self._reads:
            await asyncio.wait(self._reads)
        await self._inner.close()

    async def schema_state(self) -> SchemaState:
        return await self._inner.schema_state()

    async def migrate(self) -> tuple[SchemaStep, ...]:
        return await self._inner.migrate()

    async def check(self) -> None:
        await self._inner.check()

    async def write(self, entries: Sequence[Entry]) -> None:
        await self._inner.write(entries)

    async def read(self, subjects: Sequence[bytes]) -> list[tuple[Row, ...] | StoreError]:
        if not subjects or len(subjects) > SUBJECTS_OF_CALL_MAX:
            return await self._inner.read(subjects)
        group = self._group_for(subjects)
        self._leave()
        # Shielded: a caller who gives up must not take the answer from the others.
        found = await asyncio.shield(group.answer)
        answers = [found[subject] for subject in subjects]
        errors = [answer for answer in answers if isinstance(answer, StoreError)]
        if len(errors) == len(answers):
            raise errors[0].with_traceback(None)
        return answers

    async def erase(self, subject: bytes) -> int:
        return await self._inner.erase(subject)

    def sweep(self, horizon_ms: int) -> AsyncIterator[SweepProgress]:
        return self._inner.sweep(horizon_ms)

    async def mark(self, name: str) -> bytes | None:
        return await self._inner.mark(name)

    async def set_mark(self, name: str, value: bytes, *, expected: bytes | None) -> bool:
        return await self._inner.set_mark(name, value, expected=expected)

    async def shelf(self, name: str) -> tuple[ShelfItem, ...]:
        return await self._inner.shelf(name)

    async def shelf_item(self, name: str, key: str) -> ShelfItem | None:
        return await self._inner.shelf_item(name, key)

    async def set_shelf_item(self, name: str, key: str, value: bytes, *, expected: int) -> bool:
        return await self._inner.set_shelf_item(name, key, value, expected=expected)

    async def remove_shelf_item(self, name: str, key: str) -> None:
        await self._inner.remove_shelf_item(name, key)

    def _group_for(self, subjects: Sequence[bytes]) -> _Group:
        """Add the subjects to a group that has not left: one that has may miss a new write."""
        last = self._waiting[-1] if self._waiting else None
        if last is None or len(last.subjects) + len(subjects) > GATHERED_SUBJECTS_MAX:
            if (len(self._waiting) + 1) * GATHERED_SUBJECTS_MAX > WAITING_SUBJECTS_MAX:
                raise StoreUnavailableError("Too many lookups wait for the store.")
            last = _Group()
            self._waiting.append(last)
        last.subjects.update(dict.fromkeys(subjects))
        return last

    def _leave(self) -> None:
        """Let the oldest group leave unless a read is in flight that is not late yet."""
        if self._waiting and self._prompt is None and len(self._reads) <= LATE_READS_MAX:
            self._prompt = asyncio.create_task(self._read_group(self._waiting.pop(0)))
            self._reads.add(self._prompt)
            timer = asyncio.get_running_loop().call_later(
                self._settings.late_after_seconds, self._stop_waiting, self._prompt
            )
            self._prompt.add_done_callback(lambda task: self._came_back(task, timer))

    def _came_back(self, task: "asyncio.Task[None]", timer: asyncio.TimerHandle) -> None:
        timer.cancel()
        self._reads.discard(task)
        if task.cancelled():
            # Nobody but an ending loop cancels a read; another one would never be run.
            self._prompt = None
            for group in self._waiting:
                group.answer.cancel()
            self._waiting.clear()
            return
        self._stop_waiting(task)

    def _stop_waiting(self, task: "asyncio.Task[None]") -> None:
        if self._prompt is task:
            self._prompt = None
        self._leave()

    async def _read_group(self, group: _Group) -> None:
        # The group has left: who comes now belongs to the next one.
        subjects = list(group.subjects)
        try:
            async with asyncio.timeout(self._settings.time_limit_seconds):
                answers = await self._inner.read(subjects)
            found = dict(zip(subjects, answers, strict=True))
        except TimeoutError:
            late = StoreUnavailableError("The store does not answer in time.")
            found = dict.fromkeys(subjects, late)
        except StoreError as error:
            found = dict.fromkeys(subjects, error)
        except Exception as error:  # noqa: BLE001 - handed to every caller.
            group.answer.set_exception(error)
            group.answer.exception()  # Seen, also where all callers have gone.
            return
        except asyncio.CancelledError:  # The loop is ending.
            group.answer.cancel()
            raise
        group.answer.set_result(found)
