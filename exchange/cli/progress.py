"""A progress bar with records per second and remaining time, on a terminal only."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from exchange.cli.output import err

Advance = Callable[[float, int], None]
"""Takes how much of the total is done since the last call, and how many records that was."""


class _Rate(ProgressColumn):
    """Records per second since the beginning."""

    def render(self, task: Task) -> Text:
        """Show the rate, or nothing before there is one."""
        records, seconds = task.fields["records"], task.elapsed
        rate = f"{records / seconds:,.0f} records/s" if seconds else ""
        return Text(f"{records:,} records {rate}".rstrip())


@contextmanager
def progress(what: str, total: float | None) -> Iterator[Advance]:
    """Show how far something is, on standard error and only where that is a terminal."""
    console = err()
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        _Rate(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task(what, total=total, records=0)
        seen = 0

        def advance(done: float, records: int) -> None:
            nonlocal seen
            seen += records
            bar.update(task, advance=done, records=seen)

        yield advance
