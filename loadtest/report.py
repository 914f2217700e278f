"""A run as a table on the terminal and as text for documents."""

import os
import platform
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

import msgspec
import psutil
from rich.table import Table

from loadtest.chart import bars
from loadtest.figures import Comparison, Line, Round, Run, Verdict, median

_PACKAGES = ("grpcio", "uvloop", "protobuf", "msgspec", "cassandra-driver")
_COLOURS = {Verdict.MET: "green", Verdict.MISSED: "red", Verdict.NONE: "default"}


def machine() -> dict[str, str]:
    """Describe the machine's class: no names, no paths."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines()
            if line.startswith("model name")
        ),
        "",
    )
    found = {
        "processors": str(os.cpu_count()),
        "processor": model or platform.machine(),
        "memory_gib": f"{psutil.virtual_memory().total / 2**30:.0f}",
        "load_at_start": f"{os.getloadavg()[0]:.1f}",
        "python": platform.python_version(),
    }
    return found | {name: version(name) for name in _PACKAGES}


def spread(rounds: Sequence[Round]) -> str:
    """Return a rate as median and, below it, least and most."""
    rates = [one.rate for one in rounds]
    return f"{median(rounds).rate:,.0f} ({min(rates):,.0f} to {max(rates):,.0f})"


def cells(line: Line) -> tuple[str, ...]:
    """Return a line of the table as texts."""
    middle = median(line.rounds)
    times = f"{middle.p50_ms:.2f} / {middle.p99_ms:.2f} / {middle.p999_ms:.2f}"
    target = ""
    if line.target is not None:
        least = line.target.least
        target = f">= {least:,.0f}/s" if line.target.absolute else f">= {least:.2f}"
    return (
        line.path,
        line.store,
        f"{line.statements:,}" if line.statements else "-",
        f"{spread(line.rounds)} {line.unit}/s",
        times if middle.p50_ms else "-",
        f"{middle.cpu_us:,.0f} / {middle.cpu_unit_us:.1f}",
        f"{middle.rss_mib:.0f}",
        line.limit or "-",
        spread(line.limit_rounds) if line.limit_rounds else "-",
        "-" if line.ratio is None else f"{line.ratio:.2f}",
        "-" if line.cpu_ratio is None else f"{line.cpu_ratio:.2f}",
        target or "-",
        line.verdict.value + (f" ({middle.errors} errors)" if middle.errors else ""),
    )


TABLE_CHARACTERS = 230
"""Width of the table; narrower terminals scroll or wrap it themselves."""
HEADS = (
    "path",
    "store",
    "rows",
    "rate, median (min-max)",
    "p50/p99/p99.9 ms",
    "us CPU call/unit",
    "MiB",
    "limit",
    "limit's rate",
    "ratio",
    "by CPU",
    "target",
    "",
)


def table_of(run: Run) -> Table:
    """Return the table of a run; it needs ``TABLE_CHARACTERS``."""
    table = Table(title="Each path beside its limit", show_lines=False)
    for head in HEADS:
        table.add_column(head, no_wrap=True)
    for line in run.lines:
        table.add_row(*cells(line), style=_COLOURS[line.verdict])
    return table


def comparison_text(one: Comparison) -> str:
    """Return a target between lines as a sentence."""
    return f"{one.name}: {one.value:.2f}, at most {one.most:g}: {one.verdict.value}"


def _rows(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> list[str]:
    texts = [" | ".join(heads), " | ".join("---" for _ in heads), *map(" | ".join, lines)]
    return [f"| {text} |" for text in texts]


TARGET_HEADS = ("path", "ours", "its limit", "reached", "by CPU", "target", "")


def targets_of(run: Run) -> list[tuple[str, ...]]:
    """Return each target as a row: what was reached beside what had to be."""
    found: list[tuple[str, ...]] = []
    for line in run.lines:
        if line.target is None:
            continue
        own, least = median(line.rounds).rate, line.target.least
        limit = f"{median(line.limit_rounds).rate:,.0f}/s" if line.limit_rounds else "-"
        rate = f"{own:,.0f}/s"
        reached = rate if line.target.absolute else f"{line.ratio or 0:.2f}"
        wanted = f">= {least:,.0f}/s" if line.target.absolute else f">= {least:.2f}"
        by_cpu = "-" if line.cpu_ratio is None else f"{line.cpu_ratio:.2f}"
        if line.target.absolute:
            # What the CPU of one lookup or record would give if a core did nothing else.
            by_cpu = f"{1e6 / max(median(line.rounds).cpu_unit_us, 1e-9):,.0f}/s"
        path = f"{line.path}, {line.store}, {line.statements:,} rows"
        where = f"{limit} ({line.limit})"
        found.append((path, rate, where, reached, by_cpu, wanted, line.verdict.value))
    for one in run.comparisons:
        value, most = f"{one.value:.2f}", f"<= {one.most:g}"
        found.append((one.name, value, "-", value, "-", most, one.verdict.value))
    return found


def markdown_of(run: Run) -> str:
    """Return a run as text for documents: the machine, each target, all rows."""
    machine_line = ", ".join(f"{name} {text}" for name, text in run.machine.items() if text)
    asked = ", ".join(f"{name} {text}" for name, text in run.options.items() if text)
    return "\n".join(
        [
            f"Machine: {machine_line}.",
            "",
            f"Options: {asked}.",
            "",
            *_rows(TARGET_HEADS, targets_of(run)),
            "",
            *_rows(HEADS, map(cells, run.lines)),
            "",
        ]
    )


def write_run(run: Run, into: Path) -> None:
    """Leave a run in a folder: as JSON, as a table and as a chart."""
    into.mkdir(parents=True, exist_ok=True)
    (into / "run.json").write_bytes(msgspec.json.format(msgspec.json.encode(run)) + b"\n")
    (into / "table.md").write_text(markdown_of(run), "utf-8")
    (into / "chart.svg").write_text(bars(run.lines), "utf-8")
