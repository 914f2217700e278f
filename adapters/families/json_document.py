"""Formats whose payload is one JSON text: an envelope with one record or a list of them.

The envelope is written down as the example of the catalogue, with ``RECORD`` or ``RECORDS`` where
the records stand; from this both directions follow. ``Text`` marks a string that holds a second
JSON text.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, Final

import msgspec

from adapters.base import NO_KEYS, Format, Keys, WholeReader
from adapters.families.json_records import compile_cells, nest
from adapters.families.json_text import UnreadableError, read_json, write_json
from adapters.families.names import count_unknown, names_of, shape_of
from adapters.reading import MALFORMED_PAYLOAD, MALFORMED_RECORD, Received, compile_reader
from adapters.record import Record
from adapters.texts import scalar
from adapters.writing import compile_writer
from exchange.core.health_code import Document, HealthCode
from exchange.core.outcome import Outcome, Reason, Rejected, Translated

RECORD: Final = object()
"""In a template: the one record of the payload."""

RECORDS: Final = object()
"""In a template: the list of records."""


class Text(msgspec.Struct, frozen=True):
    """In a template: a string that holds this value as a JSON text of its own."""

    value: Any


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What stands around the records.

    Attributes:
        template: The payload as it is written, with ``RECORD`` or ``RECORDS`` in its place.
        code: Name of the field (a dot leads into an object) that reports success; ``""`` if there
            is none. Success is the value that the template has there, as number or text.
        success: The value for success where the code stands among the fields of the record.
        no_record: Values of the code that mean NO_RECORD; all others are UPSTREAM_ERROR.
        no_record_by: A second field and its value that make a failure NO_RECORD of that field.
        nothing: What it means that the container is absent: NO_RECORD, or an empty list. Without
            it NO_RECORD for one record, and an empty list for many.
        nothing_field: What NO_RECORD names, where it is not the container.
        empty_is_nothing: An empty object or list means the same.
        prepare: Changes the value of a payload in place before it is read, for further names.
        split: Turns the container into records where they are not its elements; see the relays.
        join: The opposite of ``split``.
        known: Further names, with dots from the top, that are neither read nor written under them.
    """

    template: Any
    code: str = ""
    success: str = ""
    no_record: tuple[str, ...] = ()
    no_record_by: tuple[str, str] = ("", "")
    nothing: Reason | None = None
    nothing_field: str = ""
    empty_is_nothing: bool = False
    prepare: Callable[[Any], None] | None = None
    split: Callable[[Any], Iterable[Any] | Rejected] | None = None
    join: Callable[[dict[str, Any]], Any] | None = None
    known: tuple[str, ...] = ()


_Step = str | type[Text]


def _path_to_records(template: Any) -> tuple[tuple[_Step, ...], object] | None:
    """Find the way from the top of a template to its records."""
    if template is RECORD or template is RECORDS:
        return (), template
    if isinstance(template, Text):
        found = _path_to_records(template.value)
        return found and ((Text, *found[0]), found[1])
    if isinstance(template, dict):
        for key, value in template.items():
            found = _path_to_records(value)
            if found:
                return (key, *found[0]), found[1]
    return None


def _value_at(value: Any, dotted: str) -> Any:
    for key in dotted.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


Unwrap = Callable[[Any], Iterable[Any] | Rejected]
"""From the value of a payload to its records, to be read one by one, or the only outcome."""


def compile_envelope(envelope: Envelope) -> Unwrap:
    """Build the reader of an envelope, from the outside in (catalogue 3)."""
    check_code = _compile_code(envelope)
    found = _path_to_records(envelope.template)
    assert found is not None  # noqa: S101 - a template without records is a mistake in a module
    path, kind = found
    many = kind is RECORDS
    nothing = envelope.nothing or (None if many else Reason.NO_RECORD)
    name = ".".join(step for step in path if isinstance(step, str))
    absent: list[Any] | Rejected = (
        [] if nothing is None else Rejected(nothing, envelope.nothing_field or name)
    )
    expected = list if many else dict

    def unwrap(value: Any) -> Iterable[Any] | Rejected:  # noqa: PLR0911 - one return a finding
        if path and value.__class__ is not dict:
            return MALFORMED_PAYLOAD
        if check_code is not None and (failure := check_code(value)) is not None:
            return failure
        for step in path:
            if step is Text:
                value = _open_text(value)
            elif value.__class__ is dict:
                value = value.get(step)
            else:
                return absent if value is None else MALFORMED_PAYLOAD
        if value.__class__ is not expected:
            return absent if value is None and path else MALFORMED_PAYLOAD
        if not value and (many or envelope.empty_is_nothing):
            return absent
        if envelope.split is not None:
            return envelope.split(value)
        return list(value) if many else [value]

    return unwrap


def _open_text(value: Any) -> Any:
    """Read a JSON text inside a string; anything but an object in it is unreadable."""
    if value.__class__ is str:
        inner = read_json(value)
        if inner.__class__ is dict:
            return inner
    raise UnreadableError


def _compile_code(envelope: Envelope) -> Callable[[Any], Rejected | None] | None:
    if not envelope.code:
        return None
    code = envelope.code
    success = envelope.success or str(_value_at(envelope.template, code))
    upstream, none = Rejected(Reason.UPSTREAM_ERROR, code), Rejected(Reason.NO_RECORD, code)
    second, second_value = envelope.no_record_by
    none_by_second = Rejected(Reason.NO_RECORD, second)

    def check(value: Any) -> Rejected | None:
        cell = scalar(_value_at(value, code))
        if cell == success:
            return None
        if not cell:
            return MALFORMED_PAYLOAD
        if second and scalar(_value_at(value, second)) == second_value:
            return none_by_second
        return none if cell in envelope.no_record else upstream

    return check


def _template_names(template: Any, path: str = "") -> Iterator[str]:
    """Give the names in a template, with dots from the top, but those inside its records."""
    if isinstance(template, Text):
        yield from _template_names(template.value, path)
    elif isinstance(template, dict):
        for key, value in template.items():
            inner = f"{path}.{key}" if path else key
            yield inner
            yield from _template_names(value, inner)


def _known_names(envelope: Envelope, record: Record) -> Iterator[str]:
    """Give every name of a format, with dots from the top."""
    yield from _template_names(envelope.template)
    yield from (name for name in (envelope.code, envelope.no_record_by[0]) if name)
    yield from envelope.known
    yield from names_of(record, record.path)


def wrap(template: Any, record: dict[str, Any]) -> Any:
    """Put a record into its place in a template."""
    if template is RECORD:
        return record
    if template is RECORDS:
        return [record]
    if isinstance(template, Text):
        return write_json(wrap(template.value, record)).decode()
    if isinstance(template, dict):
        return {key: wrap(value, record) for key, value in template.items()}
    return template


def json_document(
    format_id: str,
    *,
    family: str,
    content: str,
    envelope: Envelope,
    record: Record,
) -> Format:
    """Make a format of an envelope and a record; its many-ness follows from the template."""
    member = format_id[:6]
    unwrap, prepare = compile_envelope(envelope), envelope.prepare
    cells_of = compile_cells(record.cells)
    read = compile_reader(member, record)
    write_record = compile_writer(record)

    def decode(payload: bytes, received_ms: int, keys: Keys = NO_KEYS) -> list[Outcome]:
        del keys
        try:
            value = read_json(payload)
            if prepare is not None:
                prepare(value)
            records = unwrap(value)
        except UnreadableError:
            return [MALFORMED_PAYLOAD]
        if isinstance(records, Rejected):
            return [records]
        received = Received.at(received_ms)
        return [
            read(cells_of(record), received) if record.__class__ is dict else MALFORMED_RECORD
            for record in records
        ]

    def encode(issuer: str, document: Document, code: HealthCode, keys: Keys = NO_KEYS) -> bytes:
        del keys
        nested = nest(write_record(Translated(issuer, document, code)))
        joined = nested if envelope.join is None else envelope.join(nested)
        return write_json(wrap(envelope.template, joined))

    shape = shape_of(_known_names(envelope, record))

    def unknown_fields(payload: bytes, keys: Keys) -> int:
        del keys
        try:
            value = read_json(payload)
            if prepare is not None:
                prepare(value)
        except UnreadableError:
            return 0
        return count_unknown(value, shape)

    found = _path_to_records(envelope.template)
    return Format(
        id=format_id,
        member=member,
        family=family,
        transport="document",
        content=content,
        as_of_field=record.as_of_field,
        many=envelope.split is not None or (found is not None and found[1] is RECORDS),
        decode=decode,
        encode=encode,
        reader=partial(WholeReader, decode),
        unknown_fields=unknown_fields,
    )
