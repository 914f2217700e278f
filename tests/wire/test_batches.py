"""Items of a batch that are read together say what they say when they are read field by field."""

from datetime import timedelta

import pytest
from hypothesis import example, given, strategies as st

from exchange.api.v1 import health_code_pb2, recognition_service_pb2 as pb
from exchange.core.documents import check_character
from exchange.core.errors import ExchangeError
from exchange.core.subject import SubjectKey, SubjectKeys
from exchange.core.times import DAY_MS
from exchange.wire import batches
from exchange.wire.batches import item_reader, items_of
from exchange.wire.checks import check_of
from tests.core.strategies import NOW_MS

KEYS = SubjectKeys((SubjectKey(2, b"b" * 32), SubjectKey(1, b"a" * 32)))
Document = health_code_pb2.Document


def resident(index: int) -> str:
    digits = f"1101011949{1 + index % 12:02}{1 + index % 28:02}{index % 1_000:03}"
    return digits + check_character(digits)


NOT_YET_BORN = "11010120491231002" + check_character("11010120491231002")


def asked(number: str = resident(7), **fields: object) -> pb.CheckHealthCodeRequest:
    document = Document(type=Document.RESIDENT_ID, number=number)
    return pb.CheckHealthCodeRequest(
        **{"document": document, "destination": "members/370000"} | fields  # type: ignore[arg-type]
    )


ages = st.none() | st.builds(timedelta, seconds=st.integers(-1, 10_000))
numbers = st.one_of(
    st.integers(0, 999).map(resident),
    st.integers(0, 999).map(lambda index: resident(index)[:-1] + "7"),
    st.sampled_from(
        ["", "110101194912310021", "11010119491231002\u00e9", "E12345678", " " * 18, NOT_YET_BORN]
    ),
)
documents = st.builds(Document, type=st.sampled_from(Document.Type.values()), number=numbers)
members = st.sampled_from(["members/370000", "members/510000", "members/999999", "370000", ""])
items = st.builds(
    pb.CheckHealthCodeRequest,
    document=documents,
    destination=members,
    origin=members,
    max_age=ages,
    explain=st.booleans(),
    receipt=st.booleans(),
) | st.builds(asked, numbers, origin=members, max_age=ages)


@given(st.lists(items, max_size=4))
@example([pb.CheckHealthCodeRequest(), asked()])
def test_an_item_that_is_read_with_others_says_what_it_says_alone(
    requests: list[pb.CheckHealthCodeRequest],
) -> None:
    read = item_reader(KEYS, NOW_MS)
    batch = pb.BatchCheckHealthCodesRequest(requests=requests)
    encoded = list(items_of(batch))
    assert [pb.CheckHealthCodeRequest.FromString(item) for item in encoded] == requests
    for request, item in zip(requests, encoded, strict=True):
        check = read(item)
        if check is not None:
            assert not request.explain
            assert not request.receipt
            assert check == check_of(request, KEYS, NOW_MS)


def test_people_who_differ_in_their_numbers_only_are_read_together() -> None:
    read = item_reader(KEYS, NOW_MS)
    for index in range(30):
        request = asked(resident(index), origin="members/510000", max_age=timedelta(60))
        check = read(request.SerializeToString())
        assert check is not None
        assert check == check_of(request, KEYS, NOW_MS)


@pytest.mark.parametrize(
    "more",
    [
        pb.CheckHealthCodeRequest(document=Document(number=resident(8))),
        pb.CheckHealthCodeRequest(subject="subjects/" + "01" * 17),
        pb.CheckHealthCodeRequest(destination="members/999999"),
        pb.CheckHealthCodeRequest(explain=True),
        pb.CheckHealthCodeRequest(receipt=True),
    ],
    ids=["another document", "a subject", "no member", "an explanation", "a receipt"],
)
def test_what_is_said_after_the_document_is_heeded(more: pb.CheckHealthCodeRequest) -> None:
    read = item_reader(KEYS, NOW_MS)
    encoded = asked().SerializeToString()
    assert read(encoded) is not None
    assert read(encoded + more.SerializeToString()) is None


def test_an_item_that_cannot_be_read_together_is_left_to_be_read_alone() -> None:
    read = item_reader(KEYS, NOW_MS)
    encoded = asked().SerializeToString()
    assert read(encoded[:-1]) is None
    assert read(encoded + b"\x0f") is None
    assert read(encoded + b"\xfa\x07\x7f" + b"x" * 127) is None  # Unknown, and too long to keep.
    with pytest.raises(ExchangeError):
        check_of(asked(destination=""), KEYS, NOW_MS)
    assert read(asked(destination="").SerializeToString()) is None


def field(number: int, content: bytes) -> bytes:
    """Encode a field that is shorter than 128 bytes, by hand: a message would put it in order."""
    return bytes((number << 3 | 2, len(content))) + content


NUMBER = resident(7).encode()
DESTINATION = field(3, b"members/370000")
BEGINNINGS = {
    "plain": field(2, b"\x08\x01\x12\x12" + NUMBER),
    "of another person": field(2, b"\x08\x01\x12\x12" + resident(8).encode()),
    "of another type": field(2, b"\x08\x07\x12\x12" + NUMBER),
    "without a type": field(2, b"\x12\x12" + NUMBER),
    "without anything": field(2, b""),
    "type given twice": field(2, b"\x08\x01\x12\x12" + NUMBER + b"\x08\x02"),
    "in another order": field(2, b"\x12\x12" + NUMBER + b"\x08\x01"),
    "a long type": field(2, b"\x08\x81\x00\x12\x12" + NUMBER),
    "a long length of the number": field(2, b"\x08\x01\x12\x92\x00" + NUMBER),
    "a long length": b"\x12\x96\x00\x08\x01\x12\x12" + NUMBER,
    "a long tag": b"\x92\x00\x16\x08\x01\x12\x12" + NUMBER,
    "with an unknown field": field(2, b"\x08\x01\x12\x12" + NUMBER + b"\xf8\x07\x01"),
    "an unknown field for the number": field(2, b"\x08\x01\x1a\x12" + NUMBER),
    # The rest of such a number, "0" and its check character, is a field as well.
    "a shorter number": field(2, b"\x08\x01\x12\x10" + resident(10).encode()),
    "a longer number": field(2, b"\x08\x01\x12\x13" + NUMBER + b"0"),
    "no text": field(2, b"\x08\x01\x12\x12" + NUMBER[:-1] + b"\xff"),
    "for a subject": field(1, b"\x08\x01\x12\x12" + NUMBER),
    "for an unknown field": field(10, b"\x08\x01\x12\x12" + NUMBER),
    "after the destination": DESTINATION + field(2, b"\x08\x01\x12\x12" + NUMBER),
    "none": b"",
}
FIELDS = [
    *BEGINNINGS.values(),
    field(1, b"subjects/" + b"01" * 17),
    field(3, b"members/510000"),
    field(3, b"members/999999"),
    field(3, b"\xff"),
    b"\x1a\x8e\x00members/310000",
    field(4, b"members/510000"),
    field(4, b"members/310000"),
    field(5, b"\x08\x05"),
    field(5, b"\x08\x06\x10\x80\x80\x80\x01"),
    field(5, b""),
    *(b"\x30\x01", b"\x30\x00", b"\x30\x81\x00", b"\x38\x01", b"\x38\x00"),
    *(b"\xfa\x07\x01x", b"\xfa\x07\x7f" + b"x" * 127, b"\x0f", b"\xff" * 11),
]


def check_encoded(item: bytes) -> bool:
    """Tell whether an item is read with others; if so, it says what the message says."""
    check = item_reader(KEYS, NOW_MS)(item)
    if check is None:
        return False
    request = pb.CheckHealthCodeRequest.FromString(item)
    assert not request.explain
    assert not request.receipt
    assert check == check_of(request, KEYS, NOW_MS)
    return True


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_a_document_that_is_encoded_otherwise_is_read_alone(beginning: str) -> None:
    plain = beginning in {"plain", "of another person"}
    assert check_encoded(BEGINNINGS[beginning] + DESTINATION) == plain


@given(
    st.sampled_from(list(BEGINNINGS.values())[:2]),
    st.lists(st.sampled_from(FIELDS), max_size=5),
    st.integers(0, 3),
)
def test_however_an_item_is_encoded_it_says_what_a_message_says(
    beginning: bytes, more: list[bytes], missing: int
) -> None:
    whole = beginning + DESTINATION + b"".join(more)
    check_encoded(whole[: len(whole) - missing])


def test_who_is_not_born_yet_is_read_alone() -> None:
    encoded = asked(NOT_YET_BORN).SerializeToString()
    assert item_reader(KEYS, NOW_MS)(encoded) is None
    assert item_reader(KEYS, NOW_MS + 30 * 365 * DAY_MS)(encoded) is not None


def test_as_much_as_is_kept_is_read_together_and_not_a_byte_more() -> None:
    read = item_reader(KEYS, NOW_MS)
    encoded = asked().SerializeToString()
    unknown = 128 - (len(encoded) - 24) - 3
    assert read(encoded + b"\xfa\x07" + bytes((unknown,)) + b"x" * unknown) is not None
    unknown += 1
    assert read(encoded + b"\xfa\x07" + bytes((unknown,)) + b"x" * unknown) is None


def test_what_items_share_is_kept_and_only_so_much_of_it() -> None:
    read = item_reader(KEYS, NOW_MS)
    for seconds in range(5_000):
        assert read(asked(max_age=timedelta(seconds=seconds)).SerializeToString()) is not None
    hits = batches._rest.cache_info().hits
    for seconds in range(4_990, 5_000):
        assert read(asked(max_age=timedelta(seconds=seconds)).SerializeToString()) is not None
    kept = batches._rest.cache_info()
    assert kept.hits == hits + 10
    assert kept.currsize == 4_096
