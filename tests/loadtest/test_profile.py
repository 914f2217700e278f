"""Profiles of a server."""

from pathlib import Path

from loadtest.profile import places, profile


async def test_a_profile_of_batches_shows_the_parts_of_the_exchange(tmp_path: Path) -> None:
    stats = await profile("batch", "sqlite", 600, 0.5, tmp_path)
    modules = {one.name: one for one in places(stats, by_module=True)}
    assert modules["exchange/services/recognition_service.py"].calls > 0
    assert sum(one.part for one in modules.values()) > 0.99
    assert str(tmp_path) not in "".join(modules)
