"""Lookups beside a large file are measured, and both come through."""

from pathlib import Path

from rich.console import Console

from loadtest.bulk_beside_lookups import Options, run, table_of


async def test_a_file_goes_in_whole_while_lookups_are_answered(tmp_path: Path) -> None:
    options = Options(statements=600, rows=2_000, rate=50.0, before_seconds=0.5)
    found = await run(options, tmp_path)
    assert found.published.accepted_count == 2_000
    assert found.published.failed_count == 0
    assert found.before.goodput > 0
    assert found.during.goodput > 0
    assert found.during.failed == 0
    console = Console(width=200, record=True)
    console.print(table_of(found))
    assert "2,000 records accepted" in console.export_text()
    assert len(found.comparisons()) == 3
