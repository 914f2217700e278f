"""A traveller's document from a file or a question, never from an argument."""

import json
import sys
from pathlib import Path

import typer
from typer.exceptions import Abort

from exchange.api.v1 import health_code_pb2 as pb
from exchange.cli.exits import CommandError
from exchange.core.health_code import DocumentType

FILE_BYTES_MAX = 4_096
"""A document takes a line; more is another file by mistake."""

_TYPES = ", ".join(one.value for one in DocumentType)
_FORM = 'of the form {"type": "RESIDENT_ID", "number": ...}, nor one line TYPE NUMBER'


def read_document(path: Path | None) -> pb.Document:
    """Read a document from a file, or ask for it on standard error.

    Raises:
        CommandError: There is no document in the file, or its type is unknown. The text never
            repeats what was read.
        OSError: The file cannot be read.
    """
    kind, number = _ask() if path is None else _of_file(path)
    name = kind.strip().upper()
    if name not in pb.Document.Type.keys() or name not in DocumentType.__members__:  # noqa: SIM118
        raise CommandError(f"The document's type is none of {_TYPES}.")
    return pb.Document(type=pb.Document.Type.Value(name), number=number.strip())


def _ask() -> tuple[str, str]:
    try:
        kind = typer.prompt("Document type", default=DocumentType.RESIDENT_ID.value, err=True)
        return kind, typer.prompt("Document number", err=True)
    except Abort:
        if sys.stdin.isatty():
            raise
        raise CommandError("No document was given: name a file with --document.") from None


def _of_file(path: Path) -> tuple[str, str]:
    with path.open("rb") as file:
        content = file.read(FILE_BYTES_MAX + 1)
    if len(content) > FILE_BYTES_MAX:
        raise CommandError(f"{path} is too large for a document.")
    try:
        text = content.decode("utf-8-sig").strip()
        found = _of_json(json.loads(text)) if text.startswith("{") else text.split(maxsplit=1)
        kind, number = found
    except ValueError:
        raise CommandError(f"{path} is neither {_FORM}.") from None
    return kind, number


def _of_json(value: object) -> tuple[str, str]:
    """Take a document, or a request that holds one: the same file then serves other clients."""
    if isinstance(value, dict) and isinstance(value.get("document"), dict):
        value = value["document"]
    if isinstance(value, dict):
        kind, number = value.get("type"), value.get("number")
        if isinstance(kind, str) and isinstance(number, str):
            return kind, number
    raise ValueError("no document")
