"""The interface of the quarantine's part of a store: sealed records that no adapter could read.

The store knows members, keys and bytes. What they mean, how long they are shown and how many there
may be is decided in ``exchange.operations.quarantine``.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import msgspec


class QuarantineRow(msgspec.Struct, frozen=True):
    """One sealed record or payload.

    Attributes:
        key: 16 bytes that spread evenly.
        head: What is shown in lists; no content and nothing personal.
        sealed: The content, encrypted.
    """

    key: bytes
    head: bytes
    sealed: bytes


class QuarantineStore(ABC):
    """Keeps sealed records by member.

    Guarantees: a row that ``add`` returned for is durable by the store's own promise; adding a row
    again with the same key replaces it; what ``remove`` returned for is gone for every read that
    begins later.

    Not guaranteed: that rows of one ``add`` become visible together, and the outcome of an add and
    a removal of one key at the same time by two processes.
    """

    @abstractmethod
    async def add(self, member: str, rows: Sequence[QuarantineRow]) -> None:
        """Keep rows. No row at all is a valid call.

        Raises:
            StoreFullError: No room.
            StoreUnavailableError: Not all rows are known to be durable; adding them again is safe.
        """

    @abstractmethod
    async def heads(self, member: str) -> tuple[tuple[bytes, bytes], ...]:
        """Return key and head of every row of a member, by key.

        Raises:
            StoreUnavailableError: It does not answer.
        """

    @abstractmethod
    async def read(self, member: str, keys: Sequence[bytes]) -> tuple[QuarantineRow, ...]:
        """Return the rows of these keys, in the order asked; those that are not there are left out.

        Raises:
            StoreUnavailableError: It does not answer.
        """

    @abstractmethod
    async def remove(self, member: str, keys: Sequence[bytes]) -> None:
        """Take rows away; keys that are not there do no harm.

        Raises:
            StoreUnavailableError: Not all are known to be gone; removing them again is safe.
        """
