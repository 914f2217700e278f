"""What every store does, engine by engine the same: the definition of a store.

A subclass provides the fixtures ``place`` (a database whose tables may be shared by tests, each of
which uses subjects of its own) and ``empty_place`` (a database without a schema).
"""

from collections.abc import AsyncIterator, Callable

import pytest

from exchange.stores.base import Store
from tests.contracts.erasing import ErasingContract
from tests.contracts.history import HistoryContract
from tests.contracts.marking import MarkingContract
from tests.contracts.merging import MergingContract
from tests.contracts.opening import OpeningContract
from tests.contracts.place import Place, subjects_of
from tests.contracts.quarantining import QuarantiningContract
from tests.contracts.reading import ReadingContract
from tests.contracts.schema import SchemaContract
from tests.contracts.shelving import ShelvingContract
from tests.contracts.sweeping import SweepingContract
from tests.contracts.writing_at_once import WritingAtOnceContract


class StoreFixtures:
    """What all parts of the contract need."""

    @pytest.fixture
    async def store(self, place: Place) -> AsyncIterator[Store]:
        store = place.open()
        await store.connect()
        await store.migrate()
        yield store
        await store.close()

    @pytest.fixture
    def subject(self, request: pytest.FixtureRequest) -> Callable[[object], bytes]:
        return subjects_of(request.node.nodeid)


class ReadAndWriteContract(
    MergingContract, ReadingContract, WritingAtOnceContract, HistoryContract, StoreFixtures
):
    """The parts that reads and writes make up."""


class StoreContract(
    ReadAndWriteContract,
    ErasingContract,
    SweepingContract,
    MarkingContract,
    ShelvingContract,
    QuarantiningContract,
    SchemaContract,
    OpeningContract,
):
    """All parts of the contract."""
