"""What a format is to the exchange: read this first.

A format turns bytes into outcomes and health codes into bytes. Both are functions of their
arguments: no clock, no files, no state. Decoding never raises, whatever the bytes are. The
receiving instant is an argument, and so are the keys of formats that sign or encrypt.
"""

from collections.abc import Callable, Mapping
from typing import Literal, Protocol

import msgspec

from exchange.core.health_code import Document, HealthCode
from exchange.core.outcome import Outcome

Keys = Mapping[str, bytes]
"""Keys of one format by name; empty for formats that need none."""

NO_KEYS: Keys = {}


class MissingKeyError(LookupError):
    """A format that signs or encrypts was used without one of its keys: a mistake in the settings.

    Attributes:
        key: The name of the key.
    """

    def __init__(self, key: str) -> None:
        super().__init__(f"the format needs the key {key!r}")
        self.key = key


class KeySizeError(ValueError):
    """A key of a format has a length with which it cannot be used: a mistake in the settings.

    Attributes:
        key: The name of the key.
        size: The bytes that it must have; 0 where any number will do but none.
    """

    def __init__(self, key: str, size: int) -> None:
        super().__init__(f"the key {key!r} needs {size or 'some'} bytes")
        self.key, self.size = key, size


def key_of(keys: Keys, name: str) -> bytes:
    """Give a key of a format by its name.

    Raises:
        MissingKeyError: It is not there.
    """
    if name not in keys:
        raise MissingKeyError(name)
    return keys[name]


class Position(msgspec.Struct, frozen=True):
    """How far a payload has been turned into outcomes.

    Attributes:
        byte_offset: End of the last complete line whose outcomes have been returned, counted from
            the beginning of the whole file.
        record_index: Number of the next record, counted from 0 in the whole file.
    """

    byte_offset: int = 0
    record_index: int = 0


START = Position()


class Reader(Protocol):
    """Turns a payload that arrives in chunks into outcomes, in the order of its records.

    Chunks may be cut anywhere: inside a character, a record or a line end. Outcomes do not depend
    on where. Memory is bounded by one chunk and one line for formats of lines. A wrong trailer or
    count adds one failure at the end and takes nothing back.
    """

    @property
    def position(self) -> Position:
        """How far all is returned; a sender may resume from here."""

    def feed(self, chunk: bytes) -> list[Outcome]:
        """Take the next bytes and give the outcomes of the records that they complete."""

    def finish(self) -> list[Outcome]:
        """Give what is left: the last record, and what is wrong with the whole. Call it once."""

    def raw(self, index: int) -> bytes | None:
        """Give the bytes of one outcome of the last call, for ``Format.decode_record``.

        None where there are none: a failure of the whole, a line that was too long, or a format
        that is one document. Nothing is kept for it but the bytes of the last call.
        """


class NewReader(Protocol):
    """Starts a reader."""

    def __call__(self, received_ms: int, keys: Keys = NO_KEYS, resume: Position = START) -> Reader:
        """Start reading.

        Args:
            received_ms: The receiving instant.
            keys: Keys of the format.
            resume: Where an earlier stream of the same file got to. If that is not the beginning,
                and the format has a header, the first line fed is the header again, and the
                bytes after it go on at ``resume.byte_offset``.
        """


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """One way in which one member writes health codes.

    Attributes:
        id: As in the catalogue, ``510000-status-v1``.
        member: Six-digit code of the member that speaks it.
        family: What its siblings share.
        transport: ``lines`` where records are lines and a reader gives outcomes while bytes
            arrive; ``document`` where a payload can only be read as a whole.
        content: What a payload is, in a few words.
        many: Whether a payload holds any number of records, or one.
        has_header: Whether a resumed stream repeats its first line.
        as_of_field: What errors about the as-of time name.
        keys: Names of the keys that it needs.
        key_sizes: The bytes of those keys that must have a certain length.
        decode: From a payload, the receiving instant in epoch milliseconds and keys to one outcome
            for each record. Never raises for any bytes.
        encode: From issuer, document, health code and keys to the canonical bytes of a payload
            with this one record; raises NotRepresentableError.
        reader: Starts an incremental reader.
        decode_record: For formats of lines, from what ``Reader.raw`` gave to its outcome; None for
            formats of one document, which are decoded as a whole.
        unknown_fields: From a payload, or what ``Reader.raw`` gave, and keys to how many names in
            it the catalogue's entry does not have, dropped and ignored ones counting as known; 0
            for what cannot be read, and never an error, whatever the bytes are. None for formats
            without names, whose fields are told by their places. Call ``count_unknown_fields``,
            which bounds what is looked at.
    """

    id: str
    member: str
    family: str
    transport: Literal["document", "lines"]
    content: str
    many: bool
    has_header: bool = False
    as_of_field: str
    keys: tuple[str, ...] = ()
    key_sizes: Mapping[str, int] = {}
    decode: Callable[[bytes, int, Keys], list[Outcome]]
    encode: Callable[[str, Document, HealthCode, Keys], bytes]
    reader: NewReader
    decode_record: Callable[[bytes, int, Keys], Outcome] | None = None
    unknown_fields: Callable[[bytes, Keys], int] | None


LOOKED_AT_BYTES_MAX = 2 * 1024 * 1024
"""Bytes of a payload in which unknown fields are looked for: 5,000 records have fewer."""


def count_unknown_fields(format_: Format, payload: bytes, keys: Keys) -> int:
    """Count the names in a payload that its format does not have; 0 where formats have no names.

    Of longer files of lines the beginning is looked at, of longer documents nothing.
    """
    if format_.unknown_fields is None:
        return 0
    if len(payload) > LOOKED_AT_BYTES_MAX:
        if format_.transport == "document":
            return 0
        payload = payload[:LOOKED_AT_BYTES_MAX]
    return format_.unknown_fields(payload, keys)


def check_keys(format_: Format, keys: Keys) -> None:
    """Check the keys of a format before anything is decoded with them.

    Raises:
        MissingKeyError: One is not there.
        KeySizeError: One is empty, or has not the length that its cipher needs.
    """
    for name in format_.keys:
        key, size = key_of(keys, name), format_.key_sizes.get(name, 0)
        if not key or (size and len(key) != size):
            raise KeySizeError(name, size)


class WholeReader:
    """Reader of a format whose payload is one document: collects the bytes, decodes at the end."""

    def __init__(
        self,
        decode: Callable[[bytes, int, Keys], list[Outcome]],
        received_ms: int,
        keys: Keys = NO_KEYS,
        resume: Position = START,
    ) -> None:
        del resume  # A document is sent again from its beginning.
        self._decode, self._received_ms, self._keys = decode, received_ms, keys
        self._payload = bytearray()
        self._position = START

    @property
    def position(self) -> Position:
        return self._position

    def feed(self, chunk: bytes) -> list[Outcome]:
        self._payload += chunk
        return []

    def finish(self) -> list[Outcome]:
        outcomes = self._decode(bytes(self._payload), self._received_ms, self._keys)
        self._position = Position(len(self._payload), len(outcomes))
        return outcomes

    def raw(self, index: int) -> bytes | None:
        del index  # The payload is the record.
        return None
