"""Read the XML that most systems write by pattern, several times faster than by events.

Plain means: no attributes beside the namespaces of SOAP, no comments, no character references, no
other line ends than LF, one level of values under one container. What is plain is read exactly as
``adapters.families.xml_text`` reads it (a property test compares them); of everything else nothing
is said here, and it is read there. Patterns never go back over what they matched, so that the time
is that of one pass.
"""

import re
from collections.abc import Callable
from typing import Final

from adapters.texts import BLANKS

Values = dict[str, str]
"""Values by the names of their elements, untrimmed; of repeated elements the first counts."""

PLAIN_BYTES_MAX: Final = 64 * 1024
"""A longer payload with one record is not usual, and is left to the reader that counts."""

_NAME: Final = r"[A-Za-z_][A-Za-z0-9_]*+"
_DECLARATION: Final = r'(?:<\?xml version="1\.0" encoding="(?:UTF|utf)-8"\?>)?+'
_BETWEEN: Final = r"[ \t\n]*+"
# Without the marks of XML, what it cannot hold, and line ends, which it would change.
_TEXT: Final = "[^<>&\x00-\x1f\ufffe\uffff]*+"
_ESCAPED: Final = "[^<>&\x00-\x08\x0b-\x1f\ufffe\uffff]*+"
_URI: Final = '[^<>&"\x00-\x1f\ufffe\uffff]*+'
_ELEMENT: Final = rf"<({_NAME})(?:/>|>({_TEXT})</\1>)"
_ELEMENTS: Final = rf"(?:{_BETWEEN}<(?P<{{group}}>{_NAME})(?:/>|>{_TEXT}</(?P={{group}})>))*+"

_element: Final = re.compile(_ELEMENT)


def _values(elements: str) -> Values:
    # A dictionary keeps the last of several, and the first one is wanted.
    return dict(reversed(_element.findall(elements)))


def compile_plain_answer(
    root: str, code: str, success: str, container: str
) -> Callable[[str], Values | None]:
    """Build what reads a plain answer that reports success; it gives the values in its container.

    The function gives None for every other text, well-formed or not.
    """
    head, record, tail = (_ELEMENTS.format(group=group) for group in ("head", "record", "tail"))
    pattern = re.compile(
        rf"{_DECLARATION}{_BETWEEN}<{root}>({head}){_BETWEEN}"
        rf"<{container}>({record}){_BETWEEN}</{container}>({tail}){_BETWEEN}</{root}>"
    )

    def read(text: str) -> Values | None:
        found = pattern.fullmatch(text.strip(BLANKS))
        if found is None:
            return None
        before = _values(found[1])
        if container in before:
            return None
        around = _values(found[5]) | before
        if around.get(code, "").strip(BLANKS) != success:
            return None
        return _values(found[3])

    return read


def compile_plain_soap(reply: str, result: str) -> Callable[[str], str | None]:
    """Build what gives the text in the result element of a plain envelope, or None."""
    pattern = re.compile(
        rf"{_DECLARATION}{_BETWEEN}<(?:({_NAME}):)?+Envelope(?: xmlns(?::{_NAME})?+=\"{_URI}\")?+>"
        rf"{_BETWEEN}<(?:({_NAME}):)?+Body>{_BETWEEN}<{reply}(?: xmlns=\"{_URI}\")?+>{_BETWEEN}"
        rf"<{result}>({_ESCAPED}(?:&(?:lt|gt|amp|quot|apos);{_ESCAPED})*+)</{result}>{_BETWEEN}"
        rf"</{reply}>{_BETWEEN}</(?(2)\2:)Body>{_BETWEEN}</(?(1)\1:)Envelope>"
    )

    def read(text: str) -> str | None:
        found = pattern.fullmatch(text.strip(BLANKS))
        if found is None:
            return None
        # The ampersand comes last: what it resolves to is not resolved again.
        inner = found[3].replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"')
        return inner.replace("&apos;", "'").replace("&amp;", "&")

    return read


def compile_plain(
    read_answer: Callable[[str], Values | None], open_soap: Callable[[str], str | None] | None
) -> Callable[[bytes], Values | None]:
    """Build the reader of payloads with a plain answer, bare or in a plain envelope."""

    def read(payload: bytes) -> Values | None:
        if len(payload) > PLAIN_BYTES_MAX:
            return None
        try:
            text: str | None = payload.decode()
        except UnicodeDecodeError:
            return None
        if text is not None and open_soap is not None:
            text = open_soap(text)
        return None if text is None else read_answer(text)

    return read
