"""Formats whose payload is one XML text: values in elements, in attributes, or inside SOAP."""

from collections.abc import Callable
from functools import partial

import msgspec

from adapters.base import NO_KEYS, Format, Keys, WholeReader
from adapters.families.json_text import UnreadableError
from adapters.families.names import Shape, count_unknown_elements, names_of, shape_of
from adapters.families.xml_plain import compile_plain, compile_plain_answer, compile_plain_soap
from adapters.families.xml_text import (
    DECLARATION,
    Element,
    escape,
    escape_attribute,
    read_xml,
    read_xml_beginning,
    write_element,
)  # fmt: skip
from adapters.reading import MALFORMED_PAYLOAD, Received, compile_reader
from adapters.record import Record
from adapters.steps import Cells
from adapters.texts import BLANKS
from adapters.writing import Values, compile_writer
from exchange.core.health_code import Document, HealthCode
from exchange.core.outcome import Outcome, Reason, Rejected, Translated

ReadRecords = Callable[[bytes], list[Cells] | Rejected]
"""From a payload to the cells of its records, or the only outcome; raises UnreadableError."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """An element with a success code and one record.

    Attributes:
        root: Name of the element.
        code: Name of the element with the success code.
        success: Its value for success.
        no_record: Values that mean NO_RECORD; all others are UPSTREAM_ERROR.
        container: Name of the element that is the record; its absence is NO_RECORD.
        path: What errors put in front of these names.
    """

    root: str
    code: str
    success: str
    no_record: tuple[str, ...]
    container: str
    path: str = ""

    def find(self, root: Element) -> list[Element] | Rejected:
        """Read the answer from the outside in."""
        if root.name != self.root:
            return MALFORMED_PAYLOAD
        element = root.child(self.code)
        code = "" if element is None else element.scalar
        if not code:
            return MALFORMED_PAYLOAD
        if code != self.success:
            none = code in self.no_record
            reason = Reason.NO_RECORD if none else Reason.UPSTREAM_ERROR
            return Rejected(reason, self.path + self.code)
        record = root.child(self.container)
        if record is None:
            return Rejected(Reason.NO_RECORD, self.path + self.container)
        return [record]

    def write(self, values: Values) -> str:
        """Write the answer with one record."""
        record = "".join(write_element(name, escape(str(value))) for name, value in values.items())
        code = write_element(self.code, self.success)
        return write_element(self.root, code + write_element(self.container, record))


class Soap(msgspec.Struct, frozen=True, kw_only=True):
    """A SOAP envelope whose result element holds an answer as a second XML text.

    Attributes:
        envelope_namespace: Written, not checked.
        reply: Name of the element in the body.
        reply_namespace: Written, not checked.
        result: Name of the element with the text.
    """

    envelope_namespace: str
    reply: str
    reply_namespace: str
    result: str

    def open(self, envelope: Element) -> Element:
        """Give the root of the inner text.

        Raises:
            UnreadableError: There is a fault, no result, or no XML in it.
        """
        body = envelope.child("Body") if envelope.name == "Envelope" else None
        reply = None if body is None or body.child("Fault") else body.child(self.reply)
        result = None if reply is None else reply.child(self.result)
        if result is None or not result.scalar:
            raise UnreadableError
        return read_xml(result.scalar)

    def write(self, inner: str) -> str:
        """Write the envelope around an inner text."""
        return (
            f'{DECLARATION}<soap:Envelope xmlns:soap="{self.envelope_namespace}"><soap:Body>'
            f'<{self.reply} xmlns="{self.reply_namespace}">'
            f"{write_element(self.result, escape(inner))}"
            f"</{self.reply}></soap:Body></soap:Envelope>"
        )


def element_cells(record: Record) -> Callable[[Element], Cells]:
    """Build the function that finds values in child elements; of repeated ones the first counts."""
    places = {field.name: at for at, field in enumerate(record.cells)}
    empty = [""] * len(places)

    def cells(element: Element) -> Cells:
        found = empty.copy()
        seen = set()
        for child in element.children:
            at = places.get(child.name)
            if at is not None and at not in seen:
                seen.add(at)
                found[at] = child.scalar
        return found

    return cells


def attribute_cells(record: Record) -> Callable[[Element], Cells]:
    """Build the function that finds values in attributes."""
    names = [field.name for field in record.cells]
    return lambda element: [element.attributes.get(name, "").strip(BLANKS) for name in names]


def xml_answer(  # noqa: PLR0913 - what a format is made of
    format_id: str,
    *,
    family: str,
    content: str,
    answer: Answer,
    record: Record,
    soap: Soap | None = None,
) -> Format:
    """Make a format of an answer with values in elements, bare or inside SOAP."""
    names = [field.name for field in record.cells]
    cells_of = element_cells(record)
    read_plain = compile_plain(
        compile_plain_answer(answer.root, answer.code, answer.success, answer.container),
        None if soap is None else compile_plain_soap(soap.reply, soap.result),
    )

    def read_records(payload: bytes) -> list[Cells] | Rejected:
        if (values := read_plain(payload)) is not None:
            return [[values.get(name, "").strip(BLANKS) for name in names]]
        root = read_xml(payload)
        found = answer.find(root if soap is None else soap.open(root))
        return found if isinstance(found, Rejected) else [cells_of(element) for element in found]

    def write(values: Values) -> str:
        inner = answer.write(values)
        return DECLARATION + inner if soap is None else soap.write(inner)

    return _xml_format(
        format_id,
        family,
        content,
        record=record,
        read_records=read_records,
        write=write,
        many=False,
        shape=shape_of((answer.code, *names_of(record, answer.container))),
        soap=soap,
    )


def xml_attributes(  # noqa: PLR0913 - what a format is made of
    format_id: str, *, family: str, content: str, root: str, element: str, record: Record
) -> Format:
    """Make a format of a list of elements with values in attributes."""
    cells_of = attribute_cells(record)

    def read_records(payload: bytes) -> list[Cells] | Rejected:
        top = read_xml(payload)
        if top.name != root:
            return MALFORMED_PAYLOAD
        return [cells_of(child) for child in top.children if child.name == element]

    def write(values: Values) -> str:
        pairs = (f' {name}="{escape_attribute(str(value))}"' for name, value in values.items())
        return DECLARATION + write_element(root, f"<{element}{''.join(pairs)}/>")

    return _xml_format(
        format_id,
        family,
        content,
        record=record,
        read_records=read_records,
        write=write,
        many=True,
        shape=shape_of(names_of(record, element)),
    )


def _xml_format(  # noqa: PLR0913 - what a format is made of
    format_id: str,
    family: str,
    content: str,
    *,
    record: Record,
    read_records: ReadRecords,
    write: Callable[[Values], str],
    many: bool,
    shape: Shape,
    soap: Soap | None = None,
) -> Format:
    read = compile_reader(format_id[:6], record)
    write_record = compile_writer(record)

    def decode(payload: bytes, received_ms: int, keys: Keys = NO_KEYS) -> list[Outcome]:
        del keys
        try:
            records = read_records(payload)
        except UnreadableError:
            return [MALFORMED_PAYLOAD]
        if isinstance(records, Rejected):
            return [records]
        received = Received.at(received_ms)
        return [read(cells, received) for cells in records]

    def encode(issuer: str, document: Document, code: HealthCode, keys: Keys = NO_KEYS) -> bytes:
        del keys
        return write(write_record(Translated(issuer, document, code))).encode()

    def unknown_fields(payload: bytes, keys: Keys) -> int:
        del keys
        try:
            root = read_xml_beginning(payload)
            # What a toolkit puts around the result is not the member's.
            return count_unknown_elements(root if soap is None else soap.open(root), shape)
        except UnreadableError:
            return 0

    return Format(
        id=format_id,
        member=format_id[:6],
        family=family,
        transport="document",
        content=content,
        many=many,
        as_of_field=record.as_of_field,
        decode=decode,
        encode=encode,
        reader=partial(WholeReader, decode),
        unknown_fields=unknown_fields,
    )
