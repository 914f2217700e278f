"""``python -m dashboards.monitor``: try the kit out; with ``--check`` ask everything and end."""

import asyncio
import os
import signal
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from dashboards.monitor.faults import Fired, do_faults
from dashboards.monitor.kit import running_kit
from dashboards.monitor.load import run_load
from dashboards.monitor.pictures import draw_all
from dashboards.monitor.processes import NotReadyError, Running, Watching
from dashboards.monitor.programs import ProgramMissingError
from dashboards.monitor.queries import Asked, ask_all, sick_rules
from dashboards.monitor.shortened import EVERY, write_shortened_rules

CHECK_SECONDS = 15.0
RESULTS = Path("var/monitor")
FOR_EVER_SECONDS = 365 * 86_400.0


def main(  # noqa: PLR0913 - an argument per option
    *,
    check: Annotated[bool, typer.Option(help="Short load, every query, a table, the end.")] = False,
    faults: Annotated[bool, typer.Option(help="Four faults, and which alerts fire.")] = False,
    store: Annotated[str, typer.Option(help="sqlite or cassandra.")] = "sqlite",
    prometheus_port: Annotated[int, typer.Option(help="Of Prometheus; 0 for any.")] = 0,
    seconds: Annotated[float, typer.Option(help="Of load, with --check.")] = CHECK_SECONDS,
    into: Annotated[Path, typer.Option(help="Where tables and pictures go.")] = RESULTS,
) -> None:
    """Run an exchange with two workers under load and a real Prometheus that watches it."""
    console = Console()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with tempfile.TemporaryDirectory(prefix="health-exchange-monitor-") as name:
            home, watching = Path(name), Watching(port=prometheus_port)
            if faults:
                store = "cassandra"
                watching = Watching(write_shortened_rules(home / "rules"), EVERY, prometheus_port)
            with running_kit(home, store, dict(os.environ), watching) as running:
                if faults:
                    problems = _faults(console, running, into)
                else:
                    if not check:
                        _invite(console, running)
                    asyncio.run(run_load(running.address, seconds if check else FOR_EVER_SECONDS))
                    problems = _report(console, running, seconds, into)
    except KeyboardInterrupt:
        return
    except (ProgramMissingError, NotReadyError) as error:
        console.print(str(error))
        raise typer.Exit(6) from None
    raise typer.Exit(1 if problems else 0)


def _invite(console: Console, running: Running) -> None:
    console.print(
        f"The exchange listens on {running.address}, its metrics on {running.metrics}/metrics.\n"
        f"Prometheus: {running.prometheus}/graph, its alerts: {running.prometheus}/alerts.\n"
        "Grafana: add this Prometheus as a data source, import dashboards/generated/dashboards.\n"
        "Ctrl-C stops.",
        soft_wrap=True,
    )


def _report(console: Console, running: Running, seconds: float, into: Path) -> list[str]:
    pictures = draw_all(running.prometheus, into, seconds)
    answers = ask_all(running.prometheus)
    rows = [(one.place, one.query.expression, str(one.series), _why(one)) for one in answers]
    _show(console, ("panel", "query", "series", "why empty"), rows, into / "queries.md")
    problems = [one.problem for one in answers if one.problem] + sick_rules(running.prometheus)
    for problem in problems:
        console.print(problem, style="red", soft_wrap=True)
    console.print(f"{into}: {', '.join(path.name for path in pictures)}", soft_wrap=True)
    console.print(f"{len(answers)} queries, {len(problems)} problems.")
    return problems


def _faults(console: Console, running: Running, into: Path) -> list[str]:
    seen = asyncio.run(do_faults(running))
    rows = [
        (one.name, _names(one.wanted), _names(one.fired), f"{one.seconds:.0f} s") for one in seen
    ]
    _show(console, ("fault", "has to fire", "fired", "within"), rows, into / "faults.md")
    return [one.name for one in seen if one.fired != one.wanted]


def _names(alerts: Iterable[Fired]) -> str:
    return ", ".join(sorted(f"{name} {member}".strip() for name, member in alerts))


def _show(console: Console, head: Sequence[str], rows: Sequence[Sequence[str]], path: Path) -> None:
    """Print a table, and write it down."""
    table = Table(*head)
    lines = [head, ["---"] * len(head)]
    for row in rows:
        table.add_row(*row)
        lines.append([cell.replace("|", "\\|") for cell in row])
    console.print(table)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"| {' | '.join(line)} |\n" for line in lines), "utf-8")


def _why(one: Asked) -> str:
    return "" if one.series else one.query.empty_because


if __name__ == "__main__":
    typer.run(main)
