"""Protobuf's encoding written out, for what stands in every answer: lengths and time stamps.

A message that is filled and serialised visits each of its fields again; these are tables.
"""

from functools import lru_cache
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp

from exchange.wire.times import fill

_VARINT_BITS: Final = 7
_CONTINUES: Final = 0x80
_LENGTHS_KEPT: Final = 2_048
_LOW_BITS: Final = 14
_LOW_MASK: Final = (1 << _LOW_BITS) - 1
_FIVE_BYTES: Final = range(1 << 14, 1 << 21)
"""Seconds of five bytes, without their low 14 bits: from 1978 to the year 3058."""
_HIGHS_KEPT: Final = 4_096
"""Spans of four and a half hours: two years of them."""


def varint(number: int) -> bytes:
    """Encode a whole number, not negative, as protobuf does."""
    encoded = bytearray()
    while number >= _CONTINUES:
        encoded.append(number & 0x7F | _CONTINUES)
        number >>= _VARINT_BITS
    encoded.append(number)
    return bytes(encoded)


_LENGTHS: Final = [varint(number) for number in range(_LENGTHS_KEPT)]
"""Of nearly all answers."""


def length(encoded: int) -> bytes:
    """Encode the length of what follows."""
    return _LENGTHS[encoded] if encoded < _LENGTHS_KEPT else varint(encoded)


# A time stamp is two fields: 1, seconds, and 2, nanoseconds, which is left out where it is 0.
_NANOS: Final = [b""] + [b"\x10" + varint(ms * 1_000_000) for ms in range(1, 1_000)]
_BEGINNINGS: Final = [varint(len(nanos) + 6) + b"\x08" for nanos in _NANOS]
_LOW: Final = [
    bytes((low & 0x7F | _CONTINUES, low >> _VARINT_BITS | _CONTINUES))
    for low in range(1 << _LOW_BITS)
]


class _Highs(dict[int, bytes]):
    """The last three bytes of seconds, by all but their low 14 bits."""

    def __missing__(self, high: int) -> bytes:
        if high not in _FIVE_BYTES:
            raise KeyError
        encoded = varint(high)
        if len(self) < _HIGHS_KEPT:
            self[high] = encoded
        return encoded


_HIGHS: Final = _Highs()


def time_stamp(instant_ms: int) -> bytes:
    """Encode an instant in ms as a Timestamp with its length before it."""
    seconds, ms = divmod(instant_ms, 1000)
    try:
        low, high = _LOW[seconds & _LOW_MASK], _HIGHS[seconds >> _LOW_BITS]
    except KeyError:
        message = Timestamp()
        fill(message, instant_ms)
        encoded = message.SerializeToString()
        return length(len(encoded)) + encoded
    return _BEGINNINGS[ms] + low + high + _NANOS[ms]


recent_stamp = lru_cache(maxsize=4_096)(time_stamp)
"""The same for instants that many answers share: of receipts, which a file's records have in
common, and of decisions, which a batch has."""
