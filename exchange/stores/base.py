"""The interface of a store: what it guarantees, what it does not, and what it raises.

Read this first; ``tests/contracts`` is the definition in code, and every engine passes all of it.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence

import msgspec

from exchange.core.errors import SchemaError, StoreError
from exchange.core.statement import Entry, Row
from exchange.stores.quarantine import QuarantineStore

READ_SUBJECTS_MAX = 2_000
"""Subjects of one read: a batch check of 1,000 documents in a key rotation asks for both keys."""
WRITE_ENTRIES_MAX = 10_000
"""Entries of one write: twice the largest submission."""
MARK_BYTES_MAX = 1_024
"""A mark is a small fact about the whole store (key check value, retention), not a data store."""
SHELF_ITEM_BYTES_MAX = 256 * 1024
"""An item of a shelf: the largest policy with its rules and texts."""
SHELF_ITEMS_MAX = 1_000
"""Items that callers may keep on one shelf, so that it can be read in one go."""


class SchemaStep(msgspec.Struct, frozen=True):
    """One numbered step of a schema. Steps only add.

    Attributes:
        version: 1, 2, 3 ... without gaps.
        compatible: Oldest schema version whose readers and writers still work after this step.
        statements: What to run, in order; each can be run again without harm.
        summary: What it adds, as a phrase.
    """

    version: int
    compatible: int
    statements: tuple[str, ...]
    summary: str


class SchemaState(msgspec.Struct, frozen=True):
    """What a store says of its own schema.

    Attributes:
        version: Latest step applied; 0 for an empty store.
        compatible: Oldest release of the schema that can still work with it.
    """

    version: int
    compatible: int


def check_schema(state: SchemaState, head: int) -> None:
    """Accept a store at ``head`` or at a later compatible version, and nothing else.

    Raises:
        SchemaError: The store is behind, or incompatible with this release.
    """
    if state.version < head:
        message = (
            f"The store's schema is at version {state.version}, this release needs {head}: "
            "run `health-exchange migrate`."
        )
        raise SchemaError(message, found=state.version, wanted=head)
    if state.compatible > head:
        message = (
            f"The store's schema is at version {state.version} and can be used from version "
            f"{state.compatible} on, this release knows {head}: install a later release."
        )
        raise SchemaError(message, found=state.version, wanted=head)


class SweepProgress(msgspec.Struct, frozen=True):
    """How far a sweep has come.

    Attributes:
        scanned_count: Rows looked at so far.
        removed_count: Rows removed so far.
        fraction: Part of the key space done, 0.0 to 1.0.
    """

    scanned_count: int
    removed_count: int
    fraction: float


class ShelfItem(msgspec.Struct, frozen=True):
    """Something small that is kept under a key on a shelf, for programs of the exchange.

    Attributes:
        key: Unique on its shelf.
        version: 1 when it was put there, one more with every change.
        value: What it holds.
    """

    key: str
    version: int
    value: bytes


class Store(ABC):
    """Keeps the winning row of each (subject, issuer, via).

    Guarantees: a row that ``write`` returned for is durable by the store's own promise (fsync on
    SQLite, LOCAL_QUORUM on Cassandra), or outdone by one with a larger ``(write_time_us, value)``;
    the order and the number of writes do not matter; subjects are compared as bytes. A read that
    begins after a write returned sees it or something newer.

    Not guaranteed: that the entries of one write become visible together, any order of rows in an
    answer, and what became of a write that raised (all, some or none of it is kept; writing it
    again is exact).
    """

    name: str
    """``sqlite`` or ``cassandra``, for metrics and messages."""

    quarantine: QuarantineStore
    """Where records that no adapter could read are kept; a decorator passes its inner one on."""

    @abstractmethod
    async def connect(self) -> None:
        """Reach the store without looking at its schema.

        Raises:
            StoreUnavailableError: It cannot be reached.
        """

    @abstractmethod
    async def close(self) -> None:
        """Finish writes that run, then let go. Safe to call twice."""

    @abstractmethod
    async def schema_state(self) -> SchemaState:
        """Return the version of the schema; (0, 0) for an empty store.

        Raises:
            StoreUnavailableError: It cannot be reached.
        """

    @abstractmethod
    async def migrate(self) -> tuple[SchemaStep, ...]:
        """Apply the steps that are missing, in order, and return them. Safe to run twice at once.

        Raises:
            StoreUnavailableError: It cannot be reached.
            SchemaError: The store is ahead and incompatible.
        """

    @abstractmethod
    async def check(self) -> None:
        """Prove that the store answers and that its schema can be used. Costs one small read.

        Raises:
            StoreUnavailableError: It does not answer.
            SchemaError: Its schema is behind, incompatible or gone.
        """

    @abstractmethod
    async def write(self, entries: Sequence[Entry]) -> None:
        """Keep each entry unless a newer one is there. An empty sequence is a valid write.

        Raises:
            ValueTooLargeError: A value is over ``VALUE_BYTES_MAX``; nothing was written.
            StoreFullError: No room.
            StoreUnavailableError: Not all entries are known to be durable.
        """

    @abstractmethod
    async def read(self, subjects: Sequence[bytes]) -> list[tuple[Row, ...] | StoreError]:
        """Return the rows of each subject, in the order asked; ``()`` for an unknown subject.

        Erased rows are not shown. A group that could not be read gives its error at the places of
        its subjects and costs the others nothing. A subject may be asked for twice.

        Raises:
            StoreUnavailableError: Nothing at all could be read.
        """

    @abstractmethod
    async def erase(self, subject: bytes) -> int:
        """Overwrite each row of a subject by an empty value at its own as-of time; return how many.

        A record that is not newer stays without effect afterwards; a newer one is kept again. Rows
        that are erased already count as 0.

        Raises:
            StoreUnavailableError: Not all rows are known to be overwritten.
        """

    @abstractmethod
    def sweep(self, horizon_ms: int) -> AsyncIterator[SweepProgress]:
        """Remove the rows whose as-of time lies before ``horizon_ms``, in bounded steps.

        Each row is removed at its own write time, so that a newer one written meanwhile stays.
        The last progress has fraction 1.0. Stopping half-way is safe. Entries from before a
        horizon that was swept are not to be written: one may be kept or not.

        Raises:
            StoreUnavailableError: It does not answer; run the sweep again.
        """

    @abstractmethod
    async def mark(self, name: str) -> bytes | None:
        """Return a small fact about the whole store, or None.

        Raises:
            StoreUnavailableError: It does not answer.
        """

    @abstractmethod
    async def set_mark(self, name: str, value: bytes, *, expected: bytes | None) -> bool:
        """Set a mark if it is still ``expected`` (None: absent); tell whether it was.

        Linearizable: of several at once with the same expectation one succeeds.

        Raises:
            ValueTooLargeError: Over ``MARK_BYTES_MAX``.
            StoreUnavailableError: It does not answer; the mark may or may not be set.
        """

    @abstractmethod
    async def shelf(self, name: str) -> tuple[ShelfItem, ...]:
        """Return all items of a shelf by key; () for an unknown one.

        A read that begins after a change returned sees it or something newer.

        Raises:
            StoreUnavailableError: It does not answer.
        """

    @abstractmethod
    async def shelf_item(self, name: str, key: str) -> ShelfItem | None:
        """Return one item of a shelf, or None.

        Raises:
            StoreUnavailableError: It does not answer.
        """

    @abstractmethod
    async def set_shelf_item(self, name: str, key: str, value: bytes, *, expected: int) -> bool:
        """Put or change an item if its version is ``expected`` (0: absent); tell whether it was.

        Linearizable: of several at once with the same expectation one succeeds.

        Raises:
            ValueTooLargeError: Over ``SHELF_ITEM_BYTES_MAX``.
            StoreUnavailableError: It does not answer; the item may or may not be changed.
        """

    @abstractmethod
    async def remove_shelf_item(self, name: str, key: str) -> None:
        """Take an item away; nothing happens where there is none.

        Raises:
            StoreUnavailableError: It does not answer; try again.
        """
