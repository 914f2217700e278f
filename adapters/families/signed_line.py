"""Formats whose payload is one line: a version, the columns of a record, and a MAC over them."""

import hmac
from functools import partial
from typing import Final

from adapters.base import NO_KEYS, Format, Keys, WholeReader, key_of
from adapters.families.lines import cell_text
from adapters.reading import MALFORMED_PAYLOAD, Received, compile_reader
from adapters.record import Record
from adapters.texts import BLANKS
from adapters.writing import compile_writer
from exchange.core.health_code import Document, HealthCode
from exchange.core.outcome import Outcome, Reason, Rejected, Translated

MAC: Final = "mac"
"""Name of the last column, and of its key."""

MAC_DIGITS: Final = 16
"""The first hex digits of HMAC-SM3 that are written."""

_FORGED: Final = Rejected(Reason.AUTHENTICATION_FAILED, MAC)
_LINE_BREAKS: Final = ("\r", "\n")


def _mac(signed: str, key: bytes) -> str:
    return hmac.digest(key, signed.encode(), "sm3").hex()[:MAC_DIGITS]


def signed_line(  # noqa: PLR0913 - what a format is made of
    format_id: str, *, family: str, content: str, version: str, delimiter: str, record: Record
) -> Format:
    """Make a format of one line; the first column is the version, the last one the MAC."""
    member = format_id[:6]
    columns_expected = 1 + len(record.cells) + 1
    read = compile_reader(member, record)
    write_record = compile_writer(record)

    def decode(payload: bytes, received_ms: int, keys: Keys = NO_KEYS) -> list[Outcome]:
        key = key_of(keys, MAC)
        try:
            line = payload.decode().strip(BLANKS)
        except UnicodeDecodeError:
            return [MALFORMED_PAYLOAD]
        columns = [column.strip(BLANKS) for column in line.split(delimiter, columns_expected)]
        if (
            any(line_break in line for line_break in _LINE_BREAKS)
            or len(columns) != columns_expected
            or columns[0] != version
        ):
            return [MALFORMED_PAYLOAD]
        signed = line.rpartition(delimiter)[0]
        if not hmac.compare_digest(columns[-1].encode(), _mac(signed, key).encode()):
            return [_FORGED]
        return [read(columns[1:-1], Received.at(received_ms))]

    def encode(issuer: str, document: Document, code: HealthCode, keys: Keys = NO_KEYS) -> bytes:
        values = write_record(Translated(issuer, document, code))
        cells = (
            cell_text(values.get(field.name, "")).replace(delimiter, " ") for field in record.cells
        )
        signed = delimiter.join((version, *cells))
        return f"{signed}{delimiter}{_mac(signed, key_of(keys, MAC))}".encode()

    return Format(
        id=format_id,
        member=member,
        family=family,
        transport="document",
        content=content,
        many=False,
        as_of_field=record.as_of_field,
        keys=(MAC,),
        decode=decode,
        encode=encode,
        reader=partial(WholeReader, decode),
        unknown_fields=None,
    )
