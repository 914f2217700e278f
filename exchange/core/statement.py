"""A health code as the exchange keeps it: stored bytes, write time, strictness, and merging.

The rules are design section 3.1 and the decisions on value and time in section 6: the newest
statement by event time wins, at equal time the stricter, then the larger encoded value. Both stores
order rows by ``(write_time_us, value)`` and by nothing else, so all replicas agree.

Stored value: one byte layout version, the health code as a msgpack array (fields are only ever
appended), six bytes receive time, inverted. Of two receipts of one statement the earlier has the
larger bytes, so a retry changes nothing.
"""

from collections.abc import Callable, Iterable

import msgspec

from exchange.core.health_code import HealthCode, Level, State

LAYOUT_VERSION = 1
ERASED = b""
"""The value of an erased row: readers do not see it."""
ERASED_RANK = 999
"""Above every strictness, so that at its own as-of time the erased value wins."""
VALUE_BYTES_MAX = 16 * 1024
"""A stored value; ordinary ones have 50 bytes, so this leaves room for long texts and tests."""

_RECEIVE_BYTES = 6
_RECEIVE_MASK = (1 << (8 * _RECEIVE_BYTES)) - 1
_encode = msgspec.msgpack.Encoder().encode
_LAYOUT = bytes((LAYOUT_VERSION,))
_decode = msgspec.msgpack.Decoder(HealthCode).decode
_from_bytes = int.from_bytes

_RANK_LOW, _RANK_EXPIRED, _RANK_PENDING, _RANK_HOLD, _RANK_WITHDRAWN = 1, 2, 3, 4, 8
_RANK_BY_LEVEL = {
    Level.UNSPECIFIED: 0,
    Level.LOW: _RANK_LOW,
    Level.MEDIUM: 5,
    Level.ELEVATED: 6,
    Level.HIGH: 7,
}
_RANK_BY_STATE = {State.PENDING: _RANK_PENDING, State.EXPIRED: _RANK_EXPIRED}

_ACTIVE, _WITHDRAWN = State.ACTIVE, State.WITHDRAWN

Row = tuple[str, str, bytes]
"""What a store gives back for a subject: issuer, via, value."""


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One row to write.

    Attributes:
        subject: Key of the person, 17 bytes.
        issuer: Member whose statement it is.
        via: Member that handed it in.
        write_time_us: As-of time in ms x 1000 plus the rank of strictness (0 to 999).
        value: The encoded statement, or ``ERASED``.
    """

    subject: bytes
    issuer: str
    via: str
    write_time_us: int
    value: bytes


class Statement(msgspec.Struct, frozen=True, gc=False):
    """A health code with its key and its receipt, as read from a store.

    Attributes:
        issuer: Member whose statement it is.
        via: Member that handed it in: the issuer itself, or the national platform.
        health_code: What it says.
        receive_time_ms: When the exchange received it first.
    """

    issuer: str
    via: str
    health_code: HealthCode
    receive_time_ms: int

    @property
    def own(self) -> bool:
        """Whether the issuer handed it in itself."""
        return self.issuer == self.via


def strictness(health_code: HealthCode) -> int:
    """Return the rank of a statement among statements of one instant, 0 (nothing said) to 8.

    WITHDRAWN, HIGH, ELEVATED, MEDIUM, any hold, PENDING, EXPIRED, LOW, in falling order.
    """
    state = health_code.state
    if state is _WITHDRAWN:
        return _RANK_WITHDRAWN
    is_active = state is _ACTIVE
    rank = _RANK_BY_LEVEL[health_code.level] if is_active else _RANK_BY_STATE.get(state, 0)
    return max(rank, _RANK_HOLD) if health_code.holds else rank


def says_nothing(health_code: HealthCode) -> bool:
    """Tell whether a statement says nothing about risk (a scan), so that it is not kept."""
    return strictness(health_code) == 0


def write_time_us(as_of_ms: int, rank: int) -> int:
    """Return the write time of a row in microseconds: its event time, then its strictness."""
    return as_of_ms * 1000 + rank


def as_of_ms_of(write_time: int) -> int:
    """Return the as-of time in ms that a write time in us was made from."""
    return write_time // 1000


def encode_value(health_code: HealthCode, receive_time_ms: int) -> bytes:
    """Return the stored bytes of a statement."""
    return _LAYOUT + _encode(health_code) + _receipt(receive_time_ms)


def _receipt(receive_time_ms: int) -> bytes:
    return (_RECEIVE_MASK - receive_time_ms).to_bytes(_RECEIVE_BYTES, "big")


def decode_value(issuer: str, via: str, value: bytes) -> Statement:
    """Read a stored value; one of a later layout is read as far as this release knows it.

    Raises:
        ValueError: The bytes are no stored statement (msgspec.DecodeError is one).
    """
    inverted = _from_bytes(value[-_RECEIVE_BYTES:])
    return Statement(issuer, via, _decode(value[1:-_RECEIVE_BYTES]), _RECEIVE_MASK - inverted)


MakeEntry = Callable[[bytes, str, HealthCode], Entry]
"""From a subject, the issuer and what it says to the row that keeps it."""


def entries_of(via: str, receive_time_ms: int) -> MakeEntry:
    """Return what builds the rows of one receipt, which is encoded once for all of them."""
    receipt = _receipt(receive_time_ms)

    def make(subject: bytes, issuer: str, health_code: HealthCode) -> Entry:
        time = write_time_us(health_code.as_of_ms, strictness(health_code))
        return Entry(subject, issuer, via, time, _LAYOUT + _encode(health_code) + receipt)

    return make


def entry(
    subject: bytes, issuer: str, via: str, health_code: HealthCode, receive_time_ms: int
) -> Entry:
    """Build the row that keeps a statement."""
    return entries_of(via, receive_time_ms)(subject, issuer, health_code)


def merge(entries: Iterable[Entry]) -> dict[tuple[bytes, str, str], Entry]:
    """Keep the winner of each key: the definition that both stores are tested against."""
    winners: dict[tuple[bytes, str, str], Entry] = {}
    for new in entries:
        key = (new.subject, new.issuer, new.via)
        old = winners.get(key)
        if old is None or (new.write_time_us, new.value) > (old.write_time_us, old.value):
            winners[key] = new
    return winners
