"""A whole exchange on either store."""

from collections.abc import AsyncIterator

import pytest

from tests.server_fixture import RunningExchange, StartExchange


@pytest.fixture(params=["sqlite", pytest.param("cassandra", marks=pytest.mark.cassandra)])
async def exchange_on(
    request: pytest.FixtureRequest, start_exchange: StartExchange
) -> AsyncIterator[RunningExchange]:
    """A running exchange; on Cassandra all tests share a keyspace and differ by their people."""
    if request.param == "sqlite":
        yield await start_exchange()
        return
    node = request.getfixturevalue("cassandra_node")
    yield await start_exchange(
        store="cassandra",
        cassandra_port=node.settings.native_port,
        cassandra_keyspace="incidents",
    )
