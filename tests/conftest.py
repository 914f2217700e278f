"""What every test may use: the choice of stores, deterministic properties, fixtures."""

import os
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

from exchange.server.logs import processors

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
    """Leave out what needs a Cassandra with STORE=sqlite; put what must run last there."""
    items.sort(key=lambda item: "last" in item.keywords)
    if os.environ.get("STORE") != "sqlite":
        return
    kept = [item for item in items if "cassandra" not in item.keywords]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


@pytest.fixture(autouse=True, scope="session")
def log_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Write every log line of the run into one file, for the search for leaks at the end."""
    with (tmp_path_factory.getbasetemp() / "exchange.log").open("w", buffering=1) as file:
        structlog.configure(
            processors=processors(structlog.processors.JSONRenderer(ensure_ascii=False)),
            logger_factory=structlog.WriteLoggerFactory(file=file),
            cache_logger_on_first_use=False,
        )
        yield
        structlog.reset_defaults()


@pytest.fixture(autouse=True)
def same_logs() -> Iterator[None]:
    """Send logs where they went before: commands that run in this process configure their own."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)
