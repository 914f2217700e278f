"""What acknowledgements come to: joined where they go no further, dropped where a stream breaks."""

from collections.abc import Iterator

import pytest

from exchange.api.v1 import health_code_service_pb2 as pb
from exchange.cli.publishing import _whole
from exchange.cli.uploads import BEGINNING, Position

Answer = pb.StreamingPublishHealthCodesResponse


def answer(byte_offset: int, *failed: int, accepted: int = 0) -> Answer:
    found = Answer(accepted_count=accepted)
    found.durable_position.byte_offset = byte_offset
    for index in failed:
        found.failures.add(index=index)
    return found


def counted(answers: Iterator[Answer]) -> Iterator[tuple[int, list[int], int]]:
    for one in answers:
        indexes = [failure.index for failure in one.failures]
        yield one.durable_position.byte_offset, indexes, one.accepted_count


def test_failures_that_come_in_several_messages_count_with_the_one_that_goes_forward() -> None:
    answers = [answer(0, 0, 1), answer(0, 2), answer(10, 3, accepted=5), answer(20, accepted=1)]
    whole = counted(_whole(answers, BEGINNING))
    assert list(whole) == [(10, [0, 1, 2, 3], 5), (20, [], 1)]


def test_what_a_file_ends_with_counts_without_going_forward() -> None:
    answers = [answer(10, accepted=5), answer(10, 5)]
    assert list(counted(_whole(answers, BEGINNING))) == [(10, [], 5), (10, [5], 0)]
    ended = _whole([answer(10)], Position(byte_offset=10))
    assert list(counted(ended)) == []


def test_what_comes_again_after_a_break_is_not_counted_before() -> None:
    def breaks() -> Iterator[Answer]:
        yield answer(20, accepted=5)
        yield answer(20, 6, 7)
        raise ConnectionError

    whole = counted(_whole(breaks(), Position(byte_offset=10)))
    assert next(whole) == (20, [], 5)
    with pytest.raises(ConnectionError):
        next(whole)
