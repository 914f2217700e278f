"""The benchmark as a whole, as short as it can be."""

from pathlib import Path

from rich.console import Console

from loadtest.bench import Options, run
from loadtest.document import BEGIN, END, with_run
from loadtest.figures import Run
from loadtest.report import write_run


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


async def test_a_store_that_cannot_be_measured_costs_its_rows_and_not_the_run(
    tmp_path: Path,
) -> None:
    options = Options(
        stores=("sqlite",), sizes=(600,), rounds=2, seconds=0.1, records=500, only="batch of 1"
    )
    kept: list[Run] = []
    # A file stands where the store's folder has to be.
    (tmp_path / "sqlite-600").write_bytes(b"")
    found = await run(options, tmp_path, Console(quiet=True), kept.append)
    assert [line.path for line in found.lines] == []
    assert "sqlite 600" in found.options["failed"]
    assert len(kept) == 1


async def test_no_round_begins_when_the_time_is_up_but_the_first_of_each_path(
    tmp_path: Path,
) -> None:
    options = Options(stores=(), rounds=5, seconds=0.1, minutes=0.0)
    found = await run(options, tmp_path, Console(quiet=True))
    assert [len(line.rounds) for line in found.lines] == [1, 1]


async def test_a_run_is_put_into_the_document_in_place_of_the_one_before(tmp_path: Path) -> None:
    found = await run(Options(stores=(), rounds=1, seconds=0.1), tmp_path, Console(quiet=True))
    text = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    once = with_run(text, found)
    assert with_run(once, found) == once
    assert once.startswith("before\n")
    assert once.endswith("after\n")
    assert "old" not in once
    write_run(found, tmp_path / "results")
    assert {one.name for one in (tmp_path / "results").iterdir()} == {
        "run.json", "table.md", "chart.svg"
    }  # fmt: skip
