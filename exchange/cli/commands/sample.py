"""`sample`: write native files about synthetic people."""

from pathlib import Path
from typing import Annotated

import typer

from adapters.registry import FORMATS
from exchange.app import load_format_keys
from exchange.cli.exits import CommandError
from exchange.cli.options import Json, format_option
from exchange.cli.output import out, print_json
from exchange.cli.progress import progress
from exchange.cli.sample.files import file_name
from exchange.cli.sample.population import Population, Sampling, write_file
from exchange.cli.setting_options import with_settings
from exchange.operations.clock import system_clock
from exchange.settings import Settings

OfFormat = Annotated[str, format_option("Format of the file.")]
Count = Annotated[int, typer.Option(min=1, help="Records of the file.")]
People = Annotated[int, typer.Option(min=1, help="People of the population, with --all.")]
Seed = Annotated[int, typer.Option(min=0, help="Another seed, other people.")]
All = Annotated[bool, typer.Option("--all", help="One file per format about one population.")]
Out = Annotated[
    Path | None,
    typer.Option("--out", help="File to write; with --all the directory of the files."),
]


@with_settings("format_keys_dir")
def sample(  # noqa: PLR0913 - an argument per option
    settings: Settings,
    *,
    format_id: OfFormat = "",
    count: Count = 1_000,
    people: People = 10_000,
    seed: Seed = 1,
    every: All = False,
    to: Out = None,
    json: Json = False,
) -> None:
    """Write native files about synthetic people: valid numbers, births before 1900."""
    sampling = Sampling(FORMATS, load_format_keys(settings.format_keys_dir), seed, system_clock())
    if every == bool(format_id):
        raise CommandError("Name one format with --format, or take --all.")
    files = (
        _population(sampling, people, to or Path("var/sample/population"))
        if every
        else _file(sampling, format_id, count, to)
    )
    if json:
        print_json({"files": files})
        return
    for one in files:
        out().print(f"{one['records']:>12,} records  {one['format']:<20} {one['path']}")
    out().print("Hand one in with `health-exchange publish FILE --member CODE --format ID`.")


def _file(
    sampling: Sampling, format_id: str, count: int, path: Path | None
) -> list[dict[str, object]]:
    found = FORMATS[format_id]
    path = path or Path(file_name(found))
    path.parent.mkdir(parents=True, exist_ok=True)
    with progress(f"Writing {path.name}", count) as advance:
        size = write_file(sampling, found, count, path, advance)
    return [_entry(path, found.id, count) | {"bytes": size}]


def _population(sampling: Sampling, people: int, directory: Path) -> list[dict[str, object]]:
    with progress(f"Writing {people:,} people", people) as advance:
        files = Population(sampling, directory).write(people, advance)
    return [_entry(one.path, one.format.id, one.count) for one in files]


def _entry(path: Path, format_id: str, records: int) -> dict[str, object]:
    return {"path": str(path), "format": format_id, "records": records}
