"""Soaks."""

from pathlib import Path

from rich.console import Console

from loadtest.soak import Lap, Soak, run


def test_memory_that_fills_caches_first_is_flat() -> None:
    flat = Soak(100, 1.0, (50.0, 80.0, 90.0, 90.5, 90.0, 90.0, 90.5, 90.0, 90.0, 90.5), 0)
    assert flat.growth_mib < 1.0


def test_memory_that_goes_on_growing_is_not() -> None:
    grows = Soak(100, 1.0, tuple(float(lap) for lap in range(100)), 0)
    assert grows.growth_mib > 50


async def test_a_lap_of_every_kind_of_call_leaves_the_server_well(tmp_path: Path) -> None:
    lap = Lap(checks=200, batches=10, malformed=10, streams=2)
    found = await run(2, 1.0, "sqlite", tmp_path, Console(quiet=True), lap)
    assert found.calls == 2 * lap.calls
    assert found.failed == 0
    assert len(found.rss_mib) == 2
