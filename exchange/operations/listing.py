"""Listing and erasing the statements about one person."""

from collections.abc import Sequence

import msgspec

from exchange.core.check import Subjects
from exchange.core.errors import StoreError
from exchange.core.statement import ERASED, ERASED_RANK, Entry, Statement, write_time_us
from exchange.core.traces import Person
from exchange.operations.environment import Environment
from exchange.operations.formats import MemberFormats
from exchange.operations.lookup import read_statements
from exchange.operations.quarantine import Quarantine


class Erased(msgspec.Struct, frozen=True):
    """What was erased.

    Attributes:
        statement_count: Statements.
        entry_count: Quarantine entries, those that may be about others included.
    """

    statement_count: int
    entry_count: int


class Records:
    """What is kept about one person."""

    def __init__(
        self, environment: Environment, quarantine: Quarantine, formats: MemberFormats
    ) -> None:
        self._environment = environment
        self._quarantine = quarantine
        self._formats = formats

    async def list(self, subjects: Subjects) -> tuple[Statement, ...]:
        """Return all statements about a person by issuer, then via.

        Raises:
            StoreError: They cannot be read.
        """
        environment = self._environment
        (answer,) = await read_statements(environment.store, [subjects], environment.horizon_ms)
        if isinstance(answer, StoreError):
            raise answer
        return tuple(sorted(answer, key=lambda one: (one.issuer, one.via)))

    async def erase(self, person: Person) -> Erased:
        """Erase what is kept about a person, quarantine included.

        Raises:
            StoreError: Not all is known to be erased; erasing again is safe.
        """
        environment = self._environment
        # Quarantine first: what a replay takes out of it meanwhile is a statement by then.
        entries = await self._quarantine.erase(person, environment.keys, self._formats.is_opaque)
        subjects = sorted(person.subjects)
        marks = await self._marks(subjects) if len(subjects) > 1 else []
        statements = [await environment.store.erase(one) for one in subjects]
        await environment.store.write(marks)
        return Erased(sum(statements), entries)

    async def _marks(self, subjects: Sequence[bytes]) -> Sequence[Entry]:
        """Return erased rows for the newest generation, of all that older ones hold.

        In a rotation a statement that is handed in again is kept under the newest subject, where no
        row of its own would stand against it.
        """
        (found,) = await read_statements(self._environment.store, [tuple(subjects)], 0)
        if isinstance(found, StoreError):
            raise found
        newest = subjects[-1]  # The generation is the first byte.
        return [
            Entry(newest, one.issuer, one.via, _erased_at(one.health_code.as_of_ms), ERASED)
            for one in found
        ]


def _erased_at(as_of_ms: int) -> int:
    return write_time_us(as_of_ms, ERASED_RANK)
