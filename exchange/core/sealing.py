"""Sealing: SM4-GCM with a key from a file, for what has to be kept as it came for a bounded time.

A sealed value is one byte key id, a nonce of 96 random bits, the ciphertext and its tag of 128
bits. What it belongs to is authenticated with it, so that no value can be put in another's place.
"""

import hmac
import re
from collections.abc import Callable

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from exchange.core.errors import StartError

KEY_BYTES = 16
KEY_ID_MAX = 255
NONCE_BYTES = 12
"""The length that GCM is made for. Random: with 2^32 values under one key two are alike with a
chance of 2^-33, and the limits of the quarantine stay far below."""
TAG_BYTES = 16

_NAME_BYTES = 16
_LINE = re.compile(r"\s*(\d{1,3})\s*:\s*([0-9a-fA-F]+)\s*")

Randomness = Callable[[int], bytes]
"""Gives so many bytes that nobody can guess."""


class UnsealError(ValueError):
    """A value was not sealed with a key at hand, or is not what was sealed."""


class SealingKey(msgspec.Struct, frozen=True):
    """One key; its ``repr`` does not show it.

    Attributes:
        id: 0 to 255; stands in front of what it sealed.
        secret: 16 bytes.
    """

    id: int
    secret: bytes

    def __repr__(self) -> str:
        """Show the id only."""
        return f"SealingKey(id={self.id}, secret=***)"


class SealingKeys(msgspec.Struct, frozen=True):
    """All keys at hand, the newest first: that one seals, every one unseals."""

    keys: tuple[SealingKey, ...]

    def seal(self, content: bytes, belongs_to: bytes, randomness: Randomness) -> bytes:
        """Seal a content under the newest key."""
        key = self.keys[0]
        nonce = randomness(NONCE_BYTES)
        encryptor = Cipher(algorithms.SM4(key.secret), modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(belongs_to)
        encrypted = encryptor.update(content) + encryptor.finalize()
        return bytes((key.id,)) + nonce + encrypted + encryptor.tag

    def unseal(self, sealed: bytes, belongs_to: bytes) -> bytes:
        """Give the content back.

        Raises:
            UnsealError: Its key is not at hand, or it is not what was sealed for this place.
        """
        key = next((one for one in self.keys if sealed[:1] == bytes((one.id,))), None)
        if key is None or len(sealed) < 1 + NONCE_BYTES + TAG_BYTES:
            raise UnsealError("no key for this value")
        nonce, tag = sealed[1 : 1 + NONCE_BYTES], sealed[-TAG_BYTES:]
        decryptor = Cipher(algorithms.SM4(key.secret), modes.GCM(nonce, tag)).decryptor()
        decryptor.authenticate_additional_data(belongs_to)
        try:
            encrypted = sealed[1 + NONCE_BYTES : -TAG_BYTES]
            return decryptor.update(encrypted) + decryptor.finalize()
        except InvalidTag:
            raise UnsealError("not what was sealed") from None

    def name(self, text: bytes) -> bytes:
        """Return 16 bytes that name a content and tell nothing of it to those without the key."""
        # A key of its own, made from the newest one: the cipher's key is used for nothing else.
        own = hmac.digest(self.keys[0].secret, b"\x01names", "sm3")
        return hmac.digest(own, text, "sm3")[:_NAME_BYTES]


def parse_sealing_keys(text: str, name: str) -> SealingKeys:
    """Read a key file: one line ``ID:HEX`` for each key, ``#`` begins a comment.

    Args:
        text: Content of the file.
        name: What to call the file in messages.

    Raises:
        StartError: No key, a malformed line, or an id twice. The text names the line and never
            shows it.
    """
    keys: dict[int, SealingKey] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None or int(match[1]) > KEY_ID_MAX or len(match[2]) != 2 * KEY_BYTES:
            raise StartError(
                f"Line {number} of the key file {name} is not of the form ID:HEX with an id up to "
                f"{KEY_ID_MAX} and {KEY_BYTES} bytes."
            )
        key = SealingKey(int(match[1]), bytes.fromhex(match[2]))
        if key.id in keys:
            raise StartError(f"The key file {name} has id {key.id} twice.")
        keys[key.id] = key
    if not keys:
        raise StartError(f"The key file {name} holds no key.")
    return SealingKeys(tuple(keys[one] for one in sorted(keys, reverse=True)))
