"""Finding a person in bytes that no adapter could read, so that erasing covers them.

There is no reading such bytes properly, so the search errs to one side: what might be about the
person counts as being about them. Erasing then takes away too much rather than too little; a record
that was broken anyway can be handed in again.
"""

import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import unquote

import msgspec

from exchange.core.documents import InvalidDocumentError, fold, normalise
from exchange.core.health_code import Document, DocumentType
from exchange.core.subject import SubjectKeys

_NOT_ALPHANUMERIC = re.compile(r"[^A-Z0-9]+")
_JSON_ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})")
_RESIDENT_CHARACTERS = 18
_CANDIDATES = (
    # Overlapping windows: in fixed columns a number stands right beside other digits.
    re.compile(r"(?=([0-9]{17}[0-9X]))"),
    re.compile(r"(?=([0-9]{15}))"),
    re.compile(r"(?=([A-Z]{3}[0-9]{12}))"),
    re.compile(r"(?=([A-Z][0-9]{8}))"),
    re.compile(r"(?=([A-Z]{2}[0-9]{7}))"),
    re.compile(r"(?=([0-9]{8}))"),
)
_TOKEN = re.compile(r"[A-Z0-9]{3,32}")
CANDIDATES_MAX = 20_000
"""Numbers that are tried in one content; beyond that it counts as being about the person."""
OTHERS_MAX = 500_000
"""Numbers of others that a search remembers: words and dates come again in every record."""


class Person(msgspec.Struct, frozen=True):
    """Whom to look for.

    Attributes:
        subjects: Under every key generation in use.
        document: The document where it is known: then the number itself is looked for.
    """

    subjects: frozenset[bytes]
    document: Document | None = None


class Search:
    """Looks for one person in many contents; what was tried once is not tried again."""

    def __init__(self, person: Person, keys: SubjectKeys, today: int) -> None:
        """Begin a search.

        Args:
            person: Whom to look for.
            keys: To turn numbers into subjects where only the subject is known.
            today: The last possible birth date, ``yyyymmdd``.
        """
        self._person = person
        self._keys = keys
        self._today = today
        self._others: set[str] = set()

    def mentions(self, content: bytes) -> bool:
        """Tell whether bytes might be about the person."""
        texts = set(_texts(content))
        if self._person.document is not None:
            wanted = _spellings(self._person.document)
            squeezed = [_NOT_ALPHANUMERIC.sub("", text) for text in texts]
            return any(number in text for number in wanted for text in squeezed)
        tried: set[str] = set()
        for text in texts:
            for candidate in _candidates(text):
                tried.add(candidate)
                if len(tried) > CANDIDATES_MAX:
                    return True
        return any(self._is_the_persons(candidate) for candidate in tried - self._others)

    def _is_the_persons(self, candidate: str) -> bool:
        if self._person.subjects & _subjects(candidate, self._keys, self._today):
            return True
        if len(self._others) < OTHERS_MAX:
            self._others.add(candidate)
        return False


def _texts(content: bytes) -> Iterator[str]:
    """Give what the bytes may say: in both encodings, as they are and without escapes."""
    for codec in ("utf-8", "gb18030"):
        text = content.decode(codec, errors="replace")
        plain = unescape(unquote(_JSON_ESCAPE.sub(lambda one: chr(int(one[1], 16)), text)))
        yield fold(text)
        yield fold(plain)


def _spellings(document: Document) -> tuple[str, ...]:
    """Give the ways in which a number in its normal form may have been written."""
    number = document.number
    if document.type is DocumentType.RESIDENT_ID and len(number) == _RESIDENT_CHARACTERS:
        return number, number[:6] + number[8:17]  # The 15 digits of old cards.
    return (number,)


def _candidates(text: str) -> Iterator[str]:
    for pattern in _CANDIDATES:
        yield from (match[1] for match in pattern.finditer(text))
    yield from (match[0] for match in _TOKEN.finditer(text))


def _subjects(candidate: str, keys: SubjectKeys, today: int) -> set[bytes]:
    found: set[bytes] = set()
    for kind in DocumentType:
        try:
            found.update(keys.subjects(normalise(kind, candidate, today)))
        except InvalidDocumentError:
            continue
    return found
