"""Read and write XML texts as the catalogue wants them (section 4 and 8)."""

import re
from typing import Final
from xml.parsers.expat import ExpatError, ParserCreate

from adapters.families.json_text import UnreadableError
from adapters.texts import BLANKS

MARKS_MAX: Final = 500_000
"""Elements cost a ``<`` each and attributes a ``=``: 5,000 records of 30 attributes take a third.

It bounds the memory that a text of nothing but elements can take to some 200 MB.
"""

BEGINNING_BYTES: Final = 64 * 1024
"""Of a text whose names are asked for: some 200 records, which are written alike."""

_UTF8_MARK: Final = b"\xef\xbb\xbf"
_BLANK_BYTES: Final = b" \t\r\n"


class Element:
    """One element: local name, attributes without prefix, children, text."""

    __slots__ = ("attributes", "children", "name", "parts")

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.attributes = attributes
        self.children: list[Element] = []
        self.parts: list[str] = []

    def child(self, name: str) -> "Element | None":
        """Give the first direct child of a name."""
        for child in self.children:
            if child.name == name:
                return child
        return None

    @property
    def scalar(self) -> str:
        """The trimmed text; ``""`` for an element with child elements."""
        return "" if self.children else "".join(self.parts).strip(BLANKS)


def _local(name: str) -> str:
    return name.rpartition(":")[2]


class _Builder:
    """Builds elements from the events of a parser, without recursion."""

    def __init__(self) -> None:
        self.top = Element("", {})
        self._open = [self.top]

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if ":" in name:
            name = _local(name)
        if attributes:
            attributes = {key: value for key, value in attributes.items() if ":" not in key}
        element = Element(name, attributes)
        self._open[-1].children.append(element)
        self._open.append(element)

    def end(self, name: str) -> None:
        del name
        self._open.pop()

    def text(self, text: str) -> None:
        self._open[-1].parts.append(text)


def _refuse_doctype(*declaration: object) -> None:
    del declaration
    raise UnreadableError


def read_xml(payload: bytes | str) -> Element:
    """Read an XML text; it is UTF-8 whatever it declares, and has no document type.

    Raises:
        UnreadableError: It is no such text, or has more than ``MARKS_MAX`` marks.
    """
    try:
        text = payload if isinstance(payload, str) else payload.decode()
        if len(text) > MARKS_MAX and text.count("<") + text.count("=") > MARKS_MAX:
            raise UnreadableError
        if "\0" in text:
            raise UnreadableError  # The parser would take it for UTF-16, whatever it was told.
        return _parse(text.strip(BLANKS).encode(), whole=True)
    except UnicodeError:
        raise UnreadableError from None


def read_xml_beginning(payload: bytes) -> Element:
    """Read the elements that begin in the first ``BEGINNING_BYTES`` of a text, the open ones too.

    Raises:
        UnreadableError: No element begins there, or what is read is no XML.
    """
    beginning = payload.removeprefix(_UTF8_MARK).lstrip(_BLANK_BYTES)[:BEGINNING_BYTES]
    if b"\0" in beginning:
        raise UnreadableError
    return _parse(beginning, whole=len(beginning) < BEGINNING_BYTES)


def _parse(text: bytes, *, whole: bool) -> Element:
    builder = _Builder()
    # No namespace processing: prefixes are not checked. Naming the encoding here overrides the
    # declaration. Without a document type there are no entities beside the predefined ones.
    parser = ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(text, whole)
    except (ExpatError, UnicodeError):
        raise UnreadableError from None
    if not builder.top.children:
        raise UnreadableError
    return builder.top.children[0]


# Characters that XML 1.0 cannot hold, and CR, which a reader would turn into LF.
_UNWRITABLE: Final = re.compile("[^\t\n\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_UNWRITABLE_IN_ATTRIBUTES: Final = re.compile("[^\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES: Final = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;"}
_ATTRIBUTE_ESCAPES: Final = _ESCAPES | {ord('"'): "&quot;"}

DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>'


def escape(text: str) -> str:
    """Write a text of an element."""
    return _UNWRITABLE.sub(" ", text).translate(_ESCAPES)


def escape_attribute(text: str) -> str:
    """Write a text of an attribute."""
    return _UNWRITABLE_IN_ATTRIBUTES.sub(" ", text).translate(_ATTRIBUTE_ESCAPES)


def write_element(name: str, content: str) -> str:
    """Write an element around what is written already."""
    return f"<{name}>{content}</{name}>"
