"""``python -m loadtest.document``: the last run of the benchmark into ``docs/performance.md``."""

import shutil
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from loadtest.bench import RESULTS
from loadtest.figures import Run
from loadtest.report import markdown_of

DOCUMENT = Path("docs/performance.md")
BEGIN, END = "<!-- the last run: begin -->", "<!-- the last run: end -->"
CHART = "performance.svg"


def with_run(text: str, run: Run) -> str:
    """Return a document whose last run is this one.

    Raises:
        ValueError: It has no place for a run.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        message = f"The document has no {BEGIN} and {END}."
        raise ValueError(message)
    chart = f"![Each path beside its limit]({CHART})"
    return f"{before}{BEGIN}\n{markdown_of(run)}\n{chart}\n{END}{after}"


def main(
    *,
    results: Annotated[Path, typer.Option(help="Folder of the run.")] = RESULTS,
    document: Annotated[Path, typer.Option(help="Where to put it.")] = DOCUMENT,
) -> None:
    """Replace table and chart of a document by those of a run."""
    run = msgspec.json.decode((results / "run.json").read_bytes(), type=Run)
    document.write_text(with_run(document.read_text("utf-8"), run), "utf-8")
    shutil.copyfile(results / "chart.svg", document.with_name(CHART))


if __name__ == "__main__":
    typer.run(main)
