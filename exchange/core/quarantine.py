"""Quarantine: what is set aside because an adapter could not read it, as values.

Set aside is what a mended adapter could read: everything that an adapter rejects, save where the
payload is not authentic (it may be anybody's), or where it was read and says that there is nothing
(no record, a failure upstream). What the exchange's own rules refuse later is no adapter's matter.
"""

import msgspec

from exchange.core.outcome import Reason

QUARANTINED: frozenset[Reason] = frozenset(
    {
        Reason.MALFORMED_PAYLOAD,
        Reason.MALFORMED_RECORD,
        Reason.ISSUER_MISMATCH,
        Reason.MISSING_FIELD,
        Reason.UNKNOWN_DOCUMENT_TYPE,
        Reason.INVALID_DOCUMENT,
        Reason.UNKNOWN_STATUS,
        Reason.INVALID_TIME,
        Reason.FUTURE_TIME,
    }
)
"""Reasons for which a record is set aside."""

CONTENT_BYTES_MAX = 4 << 20
"""The largest payload that is taken in."""
FAILURES_MAX = 20
"""Failures that an entry lists; a payload of thousands that all fail has one cause as a rule."""


class EntryFailure(msgspec.Struct, frozen=True, array_like=True):
    """Why a record of an entry was not accepted.

    Attributes:
        index: Place of the record in its payload or file, from 0.
        reason: The cause.
        field: Name of the field as the member's format calls it.
    """

    index: int
    reason: Reason
    field: str


class SetAside(msgspec.Struct, frozen=True):
    """What is to be kept, before it is sealed.

    Attributes:
        key: Names it; the same content of a member always has the same key.
        format_id: The format under which it was handed in.
        is_record: One record of a line file, to be read on its own; otherwise a whole payload.
        content: The bytes as they came (for a record with the header of its file).
        failures: What could not be read in it.
    """

    key: bytes
    format_id: str
    is_record: bool
    content: bytes
    failures: tuple[EntryFailure, ...]

    def __repr__(self) -> str:
        """Show no content."""
        return f"SetAside(key={self.key.hex()}, format_id={self.format_id!r})"


class EntryHead(msgspec.Struct, frozen=True, array_like=True):
    """What is kept of an entry in the clear, beside its sealed content. Fields are only appended.

    Attributes:
        format_id: The format under which it was handed in.
        is_record: One record of a line file; otherwise a whole payload.
        receive_time_ms: When it came first.
        expire_time_ms: From when on it is hidden, under the setting of that time.
        content_bytes: Size before sealing.
        failure_count: Records that failed in it.
        failures: The first of them.
    """

    format_id: str
    is_record: bool
    receive_time_ms: int
    expire_time_ms: int
    content_bytes: int
    failure_count: int
    failures: tuple[EntryFailure, ...]


class Entry(msgspec.Struct, frozen=True):
    """One entry of the quarantine without its content.

    Attributes:
        member: Who handed it in.
        key: Names it among the member's entries.
        head: What is known of it.
    """

    member: str
    key: bytes
    head: EntryHead


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(EntryHead).decode


def encode_head(head: EntryHead) -> bytes:
    """Return the stored bytes of a head."""
    return _encode(head)


def decode_entry(member: str, key: bytes, head: bytes) -> Entry:
    """Read a stored head.

    Raises:
        ValueError: The bytes are no head (msgspec.DecodeError is one).
    """
    return Entry(member, key, _decode(head))


def belongs_to(member: str, key: bytes) -> bytes:
    """Return what is authenticated with the sealed content of an entry."""
    return member.encode() + key
