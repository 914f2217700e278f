"""Subjects: the pseudonym of a document, and the keys that make it.

A subject is one byte key generation, then the first 16 bytes of HMAC-SM3 over
``0x01 type 0x00 country 0x00 number`` (design section 6; country is empty today). Without the key
nobody can tell whose subject it is, and nobody can find a person's rows: a lost key makes all data
unreachable. In a rotation new statements use the key of the highest generation, reads try all.
"""

import re
from functools import lru_cache

import msgspec
from cryptography.hazmat.primitives.hashes import SM3
from cryptography.hazmat.primitives.hmac import HMAC

from exchange.core.errors import StartError
from exchange.core.health_code import Document, DocumentType

SUBJECT_BYTES = 17
"""Key generation and 128 bits of the keyed hash."""
KEY_BYTES_MIN = 32
"""As long as the hash: RFC 2104 advises at least that."""
GENERATION_MAX = 255
"""The generation is one byte of the subject."""

_HASH_BYTES_KEPT = 16
_PREFIXES = {kind: b"\x01%b\x00\x00" % kind.value.encode() for kind in DocumentType}
_GENERATIONS = [bytes((generation,)) for generation in range(GENERATION_MAX + 1)]
_LINE = re.compile(r"\s*(\d{1,3})\s*:\s*([0-9a-fA-F]+)\s*")


@lru_cache(maxsize=len(_PREFIXES) * len(_GENERATIONS))
def _started(secret: bytes, kind: DocumentType) -> HMAC:
    """Return the keyed hash of what stands before each number of a type.

    To copy it takes a third of what taking up the key and the prefix takes, and less than with
    the standard library's.
    """
    started = HMAC(secret, SM3())
    started.update(_PREFIXES[kind])
    return started


class SubjectKey(msgspec.Struct, frozen=True):
    """One generation of the key; its ``repr`` does not show the key.

    Attributes:
        generation: 0 to 255.
        secret: At least 32 bytes.
    """

    generation: int
    secret: bytes

    def __repr__(self) -> str:
        """Show the generation only."""
        return f"SubjectKey(generation={self.generation}, secret=***)"

    def subject(self, document: Document) -> bytes:
        """Return the subject of a document under this generation, 17 bytes."""
        started = _started(self.secret, document.type).copy()
        started.update(document.number.encode())
        return _GENERATIONS[self.generation] + started.finalize()[:_HASH_BYTES_KEPT]

    def check_value(self) -> bytes:
        """Return 8 bytes that tell this key from others and give nothing of it away."""
        keyed = HMAC(self.secret, SM3())
        keyed.update(b"\x02subject key check")
        return keyed.finalize()[:8]


class SubjectKeys(msgspec.Struct, frozen=True):
    """All generations in use, the newest first."""

    keys: tuple[SubjectKey, ...]

    @property
    def current(self) -> SubjectKey:
        """The key under which new statements are kept."""
        return self.keys[0]

    def subject(self, document: Document) -> bytes:
        """Return the subject under which a new statement about a document is kept."""
        return self.keys[0].subject(document)

    def subjects(self, document: Document) -> tuple[bytes, ...]:
        """Return every subject under which statements about a document may be, newest first."""
        if len(self.keys) == 1:
            return (self.keys[0].subject(document),)
        return tuple([key.subject(document) for key in self.keys])


def parse_key_file(text: str, name: str) -> SubjectKeys:
    """Read a key file: one line ``GENERATION:HEX`` per key, ``#`` begins a comment.

    Args:
        text: Content of the file.
        name: What to call the file in messages.

    Raises:
        StartError: No key, a malformed line, a generation twice, or a key that is too short. The
            text names the line and never shows it.
    """
    keys: dict[int, SubjectKey] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        key = _parse_line(line, f"Line {number} of the key file {name}")
        if key.generation in keys:
            raise StartError(f"The key file {name} has generation {key.generation} twice.")
        keys[key.generation] = key
    if not keys:
        raise StartError(
            f"The key file {name} holds no key; remove it and make one with `health-exchange keys`."
        )
    return SubjectKeys(tuple(keys[generation] for generation in sorted(keys, reverse=True)))


def _parse_line(line: str, where: str) -> SubjectKey:
    match = _LINE.fullmatch(line)
    if match is None or len(match[2]) % 2:
        raise StartError(f"{where} is not of the form GENERATION:HEX.")
    generation, secret = int(match[1]), bytes.fromhex(match[2])
    if generation > GENERATION_MAX:
        raise StartError(f"{where} has a generation over {GENERATION_MAX}.")
    if len(secret) < KEY_BYTES_MIN:
        raise StartError(f"{where} has {len(secret)} bytes; a key has at least {KEY_BYTES_MIN}.")
    return SubjectKey(generation, secret)
