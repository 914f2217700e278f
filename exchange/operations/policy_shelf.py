"""Policies in the store: a ledger for each destination on one shelf, contents on one shelf each.

The ledgers are few and small, and one read shows all that has changed. Contents are written once,
before the ledger names them, and never changed.
"""

import msgspec

from exchange.core.errors import EtagMismatchError, StoreError
from exchange.core.policy import Policy
from exchange.core.policy_ledger import NO_REVISION, Ledger
from exchange.operations.shipped import default_for
from exchange.stores.base import Store

LEDGERS = "policies"
"""Shelf of the ledgers, by destination."""
_CONTENT_ATTEMPTS_MAX = 2


class StoredLedger(msgspec.Struct, frozen=True):
    """A ledger and its version in the store, 0 for a destination without one."""

    ledger: Ledger
    version: int


class PolicyShelf:
    """Reads and writes policies."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def ledgers(self) -> dict[str, StoredLedger | StoreError]:
        """Read all ledgers, by destination; one that cannot be read gives its error at its place.

        Raises:
            StoreUnavailableError: The store does not answer.
        """
        found: dict[str, StoredLedger | StoreError] = {}
        for item in await self._store.shelf(LEDGERS):
            try:
                found[item.key] = StoredLedger(_ledger(item.value), item.version)
            except StoreError as error:
                found[item.key] = error
        return found

    async def ledger(self, destination: str) -> StoredLedger:
        """Read the ledger of a destination."""
        item = await self._store.shelf_item(LEDGERS, destination)
        if item is None:
            return StoredLedger(Ledger(), 0)
        return StoredLedger(_ledger(item.value), item.version)

    async def set_ledger(self, destination: str, ledger: Ledger, *, expected: int) -> StoredLedger:
        """Write a ledger if it is still at a version.

        Raises:
            EtagMismatchError: Somebody else was faster.
        """
        value = msgspec.json.encode(ledger)
        if not await self._store.set_shelf_item(LEDGERS, destination, value, expected=expected):
            raise EtagMismatchError(f"The policy of {destination}")
        return StoredLedger(ledger, expected + 1)

    async def content(self, destination: str, revision: int) -> Policy:
        """Read what a revision says; revision 0 is the national default.

        Raises:
            StoreError: It is not there or cannot be read.
        """
        if revision == NO_REVISION:
            return default_for(destination)
        item = await self._store.shelf_item(_contents(destination), _key(revision))
        if item is None:
            raise StoreError("A revision of a policy is missing in the store.")
        try:
            return msgspec.json.decode(item.value, type=Policy)
        except msgspec.DecodeError:
            raise StoreError("A stored policy cannot be read by this release.") from None

    async def set_content(self, destination: str, policy: Policy) -> None:
        """Write what a revision says; one left over by a creation that failed is overwritten."""
        shelf, key = _contents(destination), _key(policy.revision)
        value = msgspec.json.encode(policy)
        for _ in range(_CONTENT_ATTEMPTS_MAX):
            there = await self._store.shelf_item(shelf, key)
            version = 0 if there is None else there.version
            if await self._store.set_shelf_item(shelf, key, value, expected=version):
                return
        raise EtagMismatchError(f"The policy of {destination}")


def _ledger(value: bytes) -> Ledger:
    try:
        return msgspec.json.decode(value, type=Ledger)
    except msgspec.DecodeError:
        raise StoreError("A stored policy cannot be read by this release.") from None


def _contents(destination: str) -> str:
    return f"policies/{destination}"


def _key(revision: int) -> str:
    return f"{revision:06}"
