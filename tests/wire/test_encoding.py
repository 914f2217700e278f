"""What is encoded by hand is what protobuf encodes."""

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import example, given, strategies as st

from exchange.wire.encoding import length, recent_stamp, time_stamp, varint
from exchange.wire.times import fill

SECOND, CENTURY_MS = 1_000, 100 * 366 * 86_400_000


@given(st.integers(-20 * CENTURY_MS, 80 * CENTURY_MS))
@example(0)
@example(1)
@example(SECOND)
@example((1 << 28) * SECOND - 1)
@example((1 << 28) * SECOND)
@example((1 << 35) * SECOND - 1)
@example((1 << 35) * SECOND)
def test_a_time_stamp_is_protobufs_with_its_length(instant_ms: int) -> None:
    message = Timestamp()
    fill(message, instant_ms)
    expected = message.SerializeToString()
    assert time_stamp(instant_ms) == varint(len(expected)) + expected
    assert recent_stamp(instant_ms) == time_stamp(instant_ms)


@pytest.mark.parametrize(
    ("number", "encoded"),
    [(0, "00"), (127, "7f"), (128, "8001"), (2_047, "ff0f"), (2_048, "8010"), (300_000, "e0a712")],
)
def test_a_length_has_seven_bits_in_a_byte(number: int, encoded: str) -> None:
    assert length(number).hex() == varint(number).hex() == encoded
