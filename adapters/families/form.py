"""Formats whose payload is one record in the encoding of web forms (``key=value&...``)."""

import binascii
import re
from functools import partial
from typing import Final
from urllib.parse import quote_plus

import msgspec

from adapters.base import NO_KEYS, Format, Keys, WholeReader
from adapters.families.json_text import UnreadableError
from adapters.families.names import count_unknown_names, names_of
from adapters.reading import MALFORMED_PAYLOAD, Received, compile_reader
from adapters.record import Record
from adapters.texts import BLANKS
from adapters.writing import compile_writer
from exchange.core.health_code import Document, HealthCode
from exchange.core.outcome import Outcome, Reason, Rejected, Translated

_WRONG_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")

PAIRS_MAX: Final = 10_000
"""No record has more: it bounds the time that a payload of nothing but marks can take."""


class FormCode(msgspec.Struct, frozen=True, kw_only=True):
    """The pair that reports success.

    Attributes:
        key: Its key.
        success: Its value for success.
        no_record: Values that mean NO_RECORD; all others are UPSTREAM_ERROR.
    """

    key: str
    success: str
    no_record: tuple[str, ...]

    def check(self, pairs: dict[str, str]) -> Rejected | None:
        """Give the only outcome of an answer that reports a failure."""
        code = pairs.get(self.key, "").strip(BLANKS)
        if code == self.success:
            return None
        if not code:
            return MALFORMED_PAYLOAD
        none = code in self.no_record
        return Rejected(Reason.NO_RECORD if none else Reason.UPSTREAM_ERROR, self.key)

    def write(self) -> tuple[str, str]:
        """Give the pair that an answer begins with."""
        return self.key, self.success


def read_form(payload: bytes) -> dict[str, str]:
    """Read pairs: keys as they are, values untrimmed; of a repeated key the first counts.

    Raises:
        UnreadableError: An escape is wrong, or the payload is not UTF-8 before and after escapes
            are resolved, wherever that stands; or there are more than ``PAIRS_MAX`` pairs.
    """
    if _WRONG_ESCAPE.search(payload) or payload.count(b"&") >= PAIRS_MAX:
        raise UnreadableError
    try:
        text = payload.decode().replace("+", " ")
        pairs = [pair.partition("=") for pair in text.split("&")]
        # A dictionary keeps the last of several, and the first one is wanted.
        return {_resolved(key): _resolved(value) for key, _, value in reversed(pairs)}
    except UnicodeDecodeError:
        raise UnreadableError from None


def _resolved(part: str) -> str:
    """Resolve escapes, which are known to be well-formed; raises UnicodeDecodeError."""
    if "%" not in part:
        return part
    # Quoted-printable is the same notation with another mark, and is decoded without splitting the
    # text into pieces: a payload of nothing but escapes takes no more memory than any other.
    return binascii.a2b_qp(part.replace("=", "=3D").replace("%", "=").encode()).decode()


def form(format_id: str, *, family: str, content: str, code: FormCode, record: Record) -> Format:
    """Make a format of a form with a success code and one record."""
    member = format_id[:6]
    names = [field.name for field in record.cells]
    known = {code.key, *names_of(record)}
    read = compile_reader(member, record)
    write_record = compile_writer(record)

    def decode(payload: bytes, received_ms: int, keys: Keys = NO_KEYS) -> list[Outcome]:
        del keys
        try:
            pairs = read_form(payload)
        except UnreadableError:
            return [MALFORMED_PAYLOAD]
        if (failure := code.check(pairs)) is not None:
            return [failure]
        cells = [pairs.get(name, "").strip(BLANKS) for name in names]
        return [read(cells, Received.at(received_ms))]

    def encode(issuer: str, document: Document, said: HealthCode, keys: Keys = NO_KEYS) -> bytes:
        del keys
        values = write_record(Translated(issuer, document, said))
        pairs = (code.write(), *values.items())
        return "&".join(f"{key}={quote_plus(str(value), safe='')}" for key, value in pairs).encode()

    def unknown_fields(payload: bytes, keys: Keys) -> int:
        del keys
        try:
            return count_unknown_names(read_form(payload), known)
        except UnreadableError:
            return 0

    return Format(
        id=format_id,
        member=member,
        family=family,
        transport="document",
        content=content,
        many=False,
        as_of_field=record.as_of_field,
        decode=decode,
        encode=encode,
        reader=partial(WholeReader, decode),
        unknown_fields=unknown_fields,
    )
