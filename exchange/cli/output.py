"""What commands print: JSON for programs, tables and sentences for people."""

import json
import sys
from collections.abc import Iterable, Mapping

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from rich import box
from rich.console import Console
from rich.table import Column, Table

WIDTH_WITHOUT_TERMINAL = 140
"""Columns where output goes to a file or a pipe, so that tables are not cut."""

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def out() -> Console:
    """Return the console for answers."""
    return _console(to_error=False)


def err() -> Console:
    """Return the console for progress, questions and errors."""
    return _console(to_error=True)


def _console(*, to_error: bool) -> Console:
    stream = sys.stderr if to_error else sys.stdout
    width = None if stream.isatty() else WIDTH_WITHOUT_TERMINAL
    return Console(file=stream, width=width, highlight=False, markup=False)


def print_json(value: object) -> None:
    """Print one JSON value, readable and complete."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def as_dict(message: Message) -> dict[str, object]:
    """Return a message with the field names of the API, empty fields included."""
    fields: dict[str, object] = MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    return fields


def table(columns: Iterable[str], rows: Iterable[Iterable[str]], title: str = "") -> Table:
    """Build a table as all commands print them; what is too long goes on below, nothing is cut."""
    headers = [Column(name, overflow="fold") for name in columns]
    built = Table(*headers, box=box.SIMPLE_HEAD, title=title or None, title_justify="left")
    for row in rows:
        built.add_row(*row)
    return built


def facts(values: Mapping[str, str]) -> Table:
    """Build a list of names and values."""
    built = Table(box=None, show_header=False, pad_edge=False)
    for name, value in values.items():
        built.add_row(name, value)
    return built


def code_of(name: str) -> str:
    """Return the six-digit code in a member's resource name."""
    return name.rpartition("/")[2]


def instant(time: Timestamp) -> str:
    """Return an instant for people: to the second, in UTC."""
    return f"{time.ToDatetime():%Y-%m-%d %H:%M:%S}Z" if time.seconds else ""


def age(since: Timestamp, now: Timestamp) -> str:
    """Return how old something is, in its largest unit."""
    return span(now.seconds - since.seconds)


def span(seconds: int) -> str:
    """Return a span in its largest unit, as ``3 h``."""
    for size, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if abs(seconds) >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
