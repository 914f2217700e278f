"""``python -m dashboards.monitor``: try the kit out; with ``--check`` ask everything and end."""

import asyncio
import os
import signal
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from dashboards.monitor.kit import running_kit
from dashboards.monitor.load import run_load
from dashboards.monitor.pictures import draw_all
from dashboards.monitor.processes import NotReadyError, Running
from dashboards.monitor.programs import ProgramMissingError
from dashboards.monitor.queries import Asked, ask_all, sick_rules

CHECK_SECONDS = 15.0
RESULTS = Path("var/monitor")
FOR_EVER_SECONDS = 365 * 86_400.0


def main(
    *,
    check: Annotated[bool, typer.Option(help="Short load, every query, a table, the end.")] = False,
    store: Annotated[str, typer.Option(help="sqlite or cassandra.")] = "sqlite",
    prometheus_port: Annotated[int, typer.Option(help="Of Prometheus; 0 for any.")] = 0,
    seconds: Annotated[float, typer.Option(help="Of load, with --check.")] = CHECK_SECONDS,
    into: Annotated[Path, typer.Option(help="Where table and pictures go.")] = RESULTS,
) -> None:
    """Run an exchange with two workers under load and a real Prometheus that watches it."""
    console = Console()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="health-exchange-monitor-") as name,
            running_kit(Path(name), store, dict(os.environ), prometheus_port) as running,
        ):
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
    head = ("place", "query", "series", "why empty")
    rows = [(one.place, one.query.expression, str(one.series), _why(one)) for one in answers]
    table = Table(*head)
    for row in rows:
        table.add_row(*row)
    console.print(table)
    lines = [" | ".join(cell.replace("|", "\\|") for cell in row) for row in rows]
    text = "\n".join(f"| {line} |" for line in (" | ".join(head), "--- | --- | --- | ---", *lines))
    (into / "queries.md").write_text(f"{text}\n", "utf-8")
    console.print(f"{into}: queries.md, {', '.join(path.name for path in pictures)}")
    problems = [one.problem for one in answers if one.problem] + sick_rules(running.prometheus)
    for problem in problems:
        console.print(problem, style="red", soft_wrap=True)
    console.print(f"{len(answers)} queries, {len(problems)} problems.")
    return problems


def _why(one: Asked) -> str:
    return "" if one.series else one.query.empty_because


if __name__ == "__main__":
    typer.run(main)
