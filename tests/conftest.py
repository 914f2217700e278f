"""What every test may use: the choice of stores, deterministic properties, fixtures."""

import os

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.cassandra_fixture", "tests.server_fixture"]

# Deterministic: the same examples on every machine and in every run.
settings.register_profile(
    "exchange",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("exchange")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With STORE=sqlite leave out what needs a Cassandra, and say how many."""
    if os.environ.get("STORE") != "sqlite":
        return
    kept = [item for item in items if "cassandra" not in item.keywords]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept
