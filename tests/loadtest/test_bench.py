"""The benchmark as a whole, as short as it can be."""

from pathlib import Path

from rich.console import Console

from loadtest.bench import Options, run


async def test_every_path_is_measured_beside_its_limit_without_errors(tmp_path: Path) -> None:
    options = Options(stores=("sqlite",), sizes=(600,), rounds=1, seconds=0.1, records=500)
    found = await run(options, tmp_path, Console(quiet=True))
    assert [line.path for line in found.lines] == [
        "decide, default policy",
        "decide, 9 rules",
        "check",
        "batch of 10",
        "batch of 100",
        "batch of 1,000",
        "batch of 1,000, 9 rules",
        "publication",
        "publication",
    ]
    assert sum(one.errors for line in found.lines for one in line.rounds) == 0
    assert sum(one.errors for line in found.lines for one in line.limit_rounds) == 0
    assert all(one.rate > 0 for line in found.lines for one in line.rounds)
    measured = [line for line in found.lines if line.store == "sqlite"]
    assert all(line.ratio for line in measured)


async def test_only_some_paths_are_measured_with_mutual_tls(tmp_path: Path) -> None:
    options = Options(
        stores=("sqlite",), sizes=(600,), rounds=1, seconds=0.1, only="check", tls=True
    )
    found = await run(options, tmp_path, Console(quiet=True))
    assert [(line.path, line.rounds[0].errors) for line in found.lines] == [("check", 0)]
