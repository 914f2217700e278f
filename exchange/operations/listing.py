"""Listing and erasing the statements about one person."""

from exchange.core.check import Subjects
from exchange.core.errors import StoreError
from exchange.core.statement import Statement
from exchange.operations.environment import Environment
from exchange.operations.lookup import read_statements


class Records:
    """What is kept about one person."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

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

    async def erase(self, subjects: Subjects) -> int:
        """Erase what is kept about a person; return how many statements there were.

        Raises:
            StoreError: Not all are known to be erased; erasing again is safe.
        """
        return sum([await self._environment.store.erase(subject) for subject in subjects])
