"""Items of a batch that are read together say what they say when they are read field by field."""

from datetime import timedelta

import pytest
from hypothesis import given, strategies as st

from exchange.api.v1 import health_code_pb2, recognition_service_pb2 as pb
from exchange.core.documents import check_character
from exchange.core.errors import ExchangeError
from exchange.core.subject import SubjectKey, SubjectKeys
from exchange.wire.batches import item_reader, items_of
from exchange.wire.checks import check_of
from tests.core.strategies import NOW_MS

KEYS = SubjectKeys((SubjectKey(2, b"b" * 32), SubjectKey(1, b"a" * 32)))
Document = health_code_pb2.Document


def resident(index: int) -> str:
    digits = f"1101011949{1 + index % 12:02}{1 + index % 28:02}{index % 1_000:03}"
    return digits + check_character(digits)


def asked(number: str = resident(7), **fields: object) -> pb.CheckHealthCodeRequest:
    document = Document(type=Document.RESIDENT_ID, number=number)
    return pb.CheckHealthCodeRequest(
        **{"document": document, "destination": "members/370000"} | fields  # type: ignore[arg-type]
    )


ages = st.none() | st.builds(timedelta, seconds=st.integers(-1, 10_000))
numbers = st.one_of(
    st.integers(0, 999).map(resident),
    st.integers(0, 999).map(lambda index: resident(index)[:-1] + "7"),
    st.sampled_from(["", "110101194912310021", "11010119491231002\u00e9", "E12345678", " " * 18]),
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
