"""Changing policies: hand in a revision, activate it with notice, roll it back; each compared."""

from collections.abc import Sequence
from contextlib import suppress

import msgspec

from exchange.core.errors import (
    EtagMismatchError,
    InvalidPolicyError,
    InvalidRequestError,
    NotFoundError,
    PolicyStateError,
    StoreError,
    StoreUnavailableError,
)
from exchange.core.policy import Policy
from exchange.core.policy_change import (
    Difference,
    differences,
    needs_notice,
    only_lowers_risk,
)
from exchange.core.policy_check import check_policy
from exchange.core.policy_ledger import (
    NO_REVISION,
    REASON_CHARACTERS_MAX,
    REVISIONS_MAX,
    RevisionEntry,
    RevisionState,
)
from exchange.operations.clock import Clock
from exchange.operations.policies import PoliciesInForce
from exchange.operations.policy_shelf import PolicyShelf, StoredLedger


class Revision(msgspec.Struct, frozen=True):
    """A revision with what has become of it.

    Attributes:
        policy: What it says.
        state: What has become of it.
        created_ms: When it was handed in; 0 for the national default.
    """

    policy: Policy
    state: RevisionState
    created_ms: int


class Wish(msgspec.Struct, frozen=True):
    """On which condition something is changed, and whether it really is.

    Attributes:
        etag: Version of the ledger that the caller knows, or ``""`` for any.
        validate_only: Only say what would happen.
    """

    etag: str = ""
    validate_only: bool = False


class PolicyDesk:
    """Changes policies, each in one conditional write of its ledger."""

    def __init__(
        self, shelf: PolicyShelf, policies: PoliciesInForce, clock: Clock, notice_ms: int
    ) -> None:
        self._shelf = shelf
        self._policies = policies
        self._clock = clock
        self._notice_ms = notice_ms

    async def get(self, destination: str) -> StoredLedger:
        """Return the ledger of a destination."""
        return await self._shelf.ledger(destination)

    async def ledgers(self) -> dict[str, StoredLedger]:
        """Return all ledgers there are.

        Raises:
            StoreError: The store does not answer, or one cannot be read.
        """
        found: dict[str, StoredLedger] = {}
        for destination, stored in (await self._shelf.ledgers()).items():
            if isinstance(stored, StoreError):
                raise stored
            found[destination] = stored
        return found

    async def revision(self, destination: str, number: int) -> Revision:
        """Return one revision; 0 is the national default.

        Raises:
            NotFoundError: There is none of that number.
        """
        stored = await self._shelf.ledger(destination)
        return await self._revision(destination, stored, number)

    async def revisions(self, destination: str, numbers: Sequence[int]) -> list[Revision]:
        """Return revisions by number, those that exist."""
        stored = await self._shelf.ledger(destination)
        there = [number for number in numbers if stored.ledger.has(number)]
        return [await self._revision(destination, stored, number) for number in there]

    async def create(self, destination: str, policy: Policy, wish: Wish) -> Revision:
        """Hand in a revision as a draft; one that equals the newest gives that one.

        Raises:
            InvalidPolicyError: It may not be published.
            EtagMismatchError: Somebody else was faster.
            PolicyStateError: There are as many revisions as there may be.
        """
        stored = await self._known(destination, wish)
        ledger, now_ms = stored.ledger, self._clock()
        number = ledger.next_revision
        policy = msgspec.structs.replace(policy, name=destination, revision=number)
        problems = check_policy(policy)
        if problems:
            raise InvalidPolicyError(
                [(f"policy_revision.content.{one.place}", one.message) for one in problems]
            )
        newest = number - 1
        if newest and await self._says_the_same(destination, newest, policy):
            return await self._revision(destination, stored, newest)
        if number > REVISIONS_MAX:
            raise PolicyStateError("TOO_MANY_REVISIONS", f"There are {REVISIONS_MAX} revisions.")
        if not wish.validate_only:
            await self._shelf.set_content(destination, policy)
            await self._shelf.set_ledger(
                destination, ledger.with_revision(now_ms), expected=stored.version
            )
        return Revision(policy, RevisionState.DRAFT, now_ms)

    async def activate(
        self,
        destination: str,
        number: int,
        valid_from_ms: int | None,
        waiver_reason: str,
        wish: Wish,
    ) -> StoredLedger:
        """Bring a revision in force from a time on, None: as soon as that is allowed.

        Raises:
            NotFoundError: There is no such revision.
            PolicyStateError: Notice has to be given, or may not be waived.
            EtagMismatchError: Somebody else was faster.
        """
        _check_reason("waiver_reason", waiver_reason)
        stored = await self._known(destination, wish)
        now_ms = self._clock()
        await self._revision(destination, stored, number)
        if valid_from_ms is not None and valid_from_ms < now_ms:
            raise InvalidRequestError("valid_from_time", "lies in the past")
        found = await self._differences(destination, stored, number, valid_from_ms or now_ms)
        earliest_ms = now_ms + self._needed_ms(found, waiver_reason)
        from_ms = earliest_ms if valid_from_ms is None else valid_from_ms
        if from_ms < earliest_ms:
            hours = self._notice_ms / 3_600_000
            raise PolicyStateError(
                "NOTICE_REQUIRED",
                f"Fewer people may be admitted under this revision: that needs {hours:g} h notice.",
                notice_hours=f"{hours:g}",
            )
        ledger = stored.ledger.activated(number, from_ms, now_ms, waiver_reason)
        return await self._set(destination, StoredLedger(ledger, stored.version), wish)

    async def rollback(self, destination: str, reason: str, wish: Wish) -> StoredLedger:
        """Go back to the revision in force just before, at once.

        Raises:
            PolicyStateError: There is nothing to go back to.
            EtagMismatchError: Somebody else was faster.
        """
        _check_reason("reason", reason)
        stored = await self._known(destination, wish)
        now_ms = self._clock()
        before = stored.ledger.before(now_ms)
        if before is None:
            raise PolicyStateError(
                "NOTHING_TO_ROLL_BACK", "No other revision has been in force before."
            )
        ledger = stored.ledger.rolled_back(before, now_ms, reason)
        return await self._set(destination, StoredLedger(ledger, stored.version), wish)

    async def _set(self, destination: str, changed: StoredLedger, wish: Wish) -> StoredLedger:
        if wish.validate_only:
            return changed
        written = await self._shelf.set_ledger(
            destination, changed.ledger, expected=changed.version
        )
        # This worker need not wait for its next look, which also says what it cannot read.
        with suppress(StoreError):
            await self._policies.refresh()
        return written

    async def _known(self, destination: str, wish: Wish) -> StoredLedger:
        stored = await self._shelf.ledger(destination)
        if wish.etag and wish.etag != etag_of(stored):
            raise EtagMismatchError(f"The policy of {destination}")
        return stored

    async def _revision(self, destination: str, stored: StoredLedger, number: int) -> Revision:
        ledger = stored.ledger
        if number != NO_REVISION and not ledger.has(number):
            raise NotFoundError("revision", str(number))
        created = RevisionEntry(0, 0) if number == NO_REVISION else ledger.revisions[number - 1]
        state = ledger.state_of(number, self._clock())
        policy = await self._shelf.content(destination, number)
        return Revision(policy, state, created.created_ms)

    async def _differences(
        self, destination: str, stored: StoredLedger, number: int, from_ms: int
    ) -> tuple[Difference, ...]:
        """Compare a revision with all that is in force until its time.

        What was announced counts too: a looser revision of an hour must not be a way to take
        something away without notice.
        """
        new = await self._shelf.content(destination, number)
        found: list[Difference] = []
        for before in stored.ledger.in_force_until(self._clock(), from_ms):
            found += differences(await self._shelf.content(destination, before), new)
        return tuple(found)

    def _needed_ms(self, found: tuple[Difference, ...], waiver_reason: str) -> int:
        """Return how much notice differences need."""
        if not needs_notice(found):
            return 0
        if not waiver_reason:
            return self._notice_ms
        if not only_lowers_risk(found):
            either = {one.place for one in found if one.direction in {"looser", "either"}}
            places = ", ".join(sorted(either))
            raise PolicyStateError(
                "WAIVER_NOT_ALLOWED",
                f"Notice is waived only for what can admit nobody more; this may, by {places}.",
                places=places,
            )
        return 0

    async def _says_the_same(self, destination: str, number: int, policy: Policy) -> bool:
        try:
            newest = await self._shelf.content(destination, number)
        except StoreUnavailableError:
            raise
        except StoreError:
            return False  # One that cannot be read must not keep the next from being handed in.
        same_number = msgspec.structs.replace(policy, revision=number)
        return msgspec.json.encode(newest) == msgspec.json.encode(same_number)


def etag_of(stored: StoredLedger) -> str:
    """Return what a caller sends back with a change."""
    return f'"{stored.version}"'


def _check_reason(field: str, reason: str) -> None:
    if len(reason) > REASON_CHARACTERS_MAX:
        raise InvalidRequestError(field, f"is longer than {REASON_CHARACTERS_MAX} characters")
