"""A person is found in bytes that no adapter could read, however the number is written there."""

import pytest

from exchange.core.documents import normalise
from exchange.core.health_code import Document, DocumentType
from exchange.core.subject import parse_key_file
from exchange.core.traces import CANDIDATES_MAX, Person, Search
from tests.people import resident

KEYS = parse_key_file("1:" + "ab" * 32, "test.key")
TODAY = 20220401
NUMBER = resident(5_000)
OTHER = resident(5_001)
FULL_WIDTH = NUMBER.translate({ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789X"})


def person(number: str, kind: str = "RESIDENT_ID", *, by_document: bool) -> Person:
    document = normalise(DocumentType(kind), number, TODAY)
    return Person(frozenset(KEYS.subjects(document)), document if by_document else None)


def found(content: bytes, who: Person) -> bool:
    return Search(who, KEYS, TODAY).mentions(content)


def content_of(text: str, codec: str = "utf-8") -> bytes:
    return f'{{"data":[{{"zjhm":"{text}","zt":"77"}}'.encode(codec)


@pytest.mark.parametrize("by_document", [True, False])
@pytest.mark.parametrize(
    "content",
    [
        content_of(NUMBER),
        content_of(FULL_WIDTH),
        content_of(FULL_WIDTH, "gb18030"),
        content_of(f"{NUMBER[:6]} {NUMBER[6:14]} {NUMBER[14:]}"),
        content_of(NUMBER.lower()),
        content_of(NUMBER[:6] + NUMBER[8:17]),
        content_of("".join(f"\\u{ord(one):04x}" for one in NUMBER)),
        content_of("".join(f"&#{ord(one)};" for one in NUMBER)),
        f"a=1&no={''.join(f'%{ord(one):02X}' for one in NUMBER)}".encode(),
        f"01{NUMBER}2022040108000077".encode(),
        b"\xff\xfe" + NUMBER.encode() + b"\xff",
    ],
    ids=[
        "plain", "full width", "gb18030", "blanks", "lower case", "15 digits", "json", "xml",
        "percent", "fixed columns", "broken bytes",
    ],
)  # fmt: skip
def test_a_resident_number_is_found_however_it_is_written(
    content: bytes, *, by_document: bool
) -> None:
    assert found(content, person(NUMBER, by_document=by_document))
    assert not found(content, person(OTHER, by_document=by_document))


@pytest.mark.parametrize("by_document", [True, False])
@pytest.mark.parametrize(
    ("kind", "number", "written"),
    [
        ("PASSPORT", "E00000017", "E00000017"),
        ("HK_MACAO_PERMIT", "H00000017", "H0000001701"),
        ("TAIWAN_PERMIT", "00000017", "00000017"),
        ("OTHER", "ABC17", "ABC17"),
        ("FOREIGN_PERMANENT_RESIDENT_ID", "AAA111000000000", "AAA111000000000"),
    ],
)
def test_other_documents_are_found_too(
    kind: str, number: str, written: str, *, by_document: bool
) -> None:
    assert found(content_of(written), person(number, kind, by_document=by_document))
    assert not found(content_of("nothing here"), person(number, kind, by_document=by_document))


def test_a_content_with_more_numbers_than_can_be_tried_counts_as_about_the_person() -> None:
    many = b",".join(b"%08d" % number for number in range(CANDIDATES_MAX + 1))
    assert found(many, person(NUMBER, by_document=False))
    assert not found(many, person(NUMBER, by_document=True))


def test_a_search_goes_on_from_content_to_content() -> None:
    search = Search(person(NUMBER, by_document=False), KEYS, TODAY)
    contents = [content_of(one) for one in (OTHER, NUMBER, OTHER, NUMBER)]
    assert [search.mentions(one) for one in contents] == [False, True, False, True]


def test_a_document_of_a_person_does_not_show_in_its_text() -> None:
    who = Person(frozenset(), Document(DocumentType.RESIDENT_ID, NUMBER))
    assert NUMBER not in repr(who)
