"""Sealed formats: a payload encrypted with SM4-CBC inside an envelope with an HMAC-SM3.

The envelope is a JSON object of texts. Its MAC covers all other texts as they stand, and it is
checked before anything is decrypted, so that a forged payload never reaches cipher or parser.
Whether an envelope was seen before (nonce, timestamp) is not asked: its statements are as old as
when it was first sent, and a statement that is not newer changes nothing.
"""

import binascii
import hmac
import re
from base64 import b64encode
from functools import partial
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import CBC

from adapters.base import NO_KEYS, Format, Keys, WholeReader, key_of
from adapters.families.json_text import UnreadableError, read_json, write_json
from adapters.families.names import count_unknown, shape_of
from adapters.reading import MALFORMED_PAYLOAD
from exchange.core.health_code import Document, HealthCode
from exchange.core.outcome import Outcome, Reason, Rejected
from exchange.core.times import SECOND_MS

SM4_KEY: Final = "sm4"
"""Name of the key of the cipher."""

SM4_KEY_BYTES: Final = 16
"""SM4 has keys of one length only."""

MAC_KEY: Final = "mac"
"""Name of the key of the MAC."""

SERVICE: Final = "Service-Id"
MAC: Final = "mac"
FIELDS: Final = (SERVICE, "nonce", "timestamp", "iv", "body", MAC)
"""The texts of an envelope in the order in which they are written; the MAC covers those before."""

BLOCK_BYTES: Final = 16
"""Block of SM4, and so the length of its initial vector."""

_HASH: Final = "sm3"
_NONCE: Final = re.compile("[0-9a-fA-F]{16}")
_IV: Final = re.compile("[0-9a-fA-F]{32}")
_MAC: Final = re.compile("[0-9a-fA-F]{64}")
_FORGED: Final = Rejected(Reason.AUTHENTICATION_FAILED, MAC)
_OTHER_SERVICE: Final = Rejected(Reason.ISSUER_MISMATCH, SERVICE)


class Envelope(msgspec.Struct, frozen=True):
    """An envelope whose texts have the right shape; nothing in it is known to be authentic.

    Attributes:
        service: Who speaks.
        signed: What the MAC covers.
        iv: Initial vector of the cipher.
        body: What is encrypted.
        mac: The MAC that came with it.
    """

    service: str
    signed: bytes
    iv: bytes
    body: bytes
    mac: bytes


def read_envelope(payload: bytes) -> Envelope:
    """Read an envelope; its texts are not trimmed.

    Raises:
        UnreadableError: It is no JSON object, or one of its texts is missing or has another shape.
    """
    value = read_json(payload)
    texts: list[Any] = [value.get(name) for name in FIELDS] if isinstance(value, dict) else [None]
    if not all(text.__class__ is str and text for text in texts):
        raise UnreadableError
    service, nonce, _, iv, body, mac = texts
    if not (_NONCE.fullmatch(nonce) and _IV.fullmatch(iv) and _MAC.fullmatch(mac)):
        raise UnreadableError
    try:
        encrypted = binascii.a2b_base64(body, strict_mode=True)
    except ValueError:
        raise UnreadableError from None
    return Envelope(
        service, _signed(texts[:-1]), bytes.fromhex(iv), encrypted, bytes.fromhex(mac)
    )  # fmt: skip


def _signed(texts: list[str]) -> bytes:
    return "\n".join(texts).encode()


def unseal(payload: bytes, service: str, keys: Keys) -> bytes | Rejected:
    """Give what an envelope holds, or why it cannot be had: from the outside in (catalogue 3).

    Raises:
        MissingKeyError: A key is not there.
    """
    sm4_key, mac_key = key_of(keys, SM4_KEY), key_of(keys, MAC_KEY)
    try:
        envelope = read_envelope(payload)
    except UnreadableError:
        return MALFORMED_PAYLOAD
    if not hmac.compare_digest(hmac.digest(mac_key, envelope.signed, _HASH), envelope.mac):
        return _FORGED
    if envelope.service != service:
        return _OTHER_SERVICE
    if len(envelope.body) % BLOCK_BYTES:
        return MALFORMED_PAYLOAD
    cipher = Cipher(SM4(sm4_key), CBC(envelope.iv)).decryptor()
    padded = cipher.update(envelope.body) + cipher.finalize()
    count = padded[-1]
    if not 1 <= count <= BLOCK_BYTES or not padded.endswith(bytes((count,)) * count):
        return MALFORMED_PAYLOAD
    return padded[:-count]


def seal(inner: bytes, service: str, timestamp_ms: int, keys: Keys) -> bytes:
    """Put a payload into an envelope; the same payload always gives the same bytes.

    Nonce and initial vector are taken from a keyed hash of the payload, so they only repeat when
    the payload does.

    Raises:
        MissingKeyError: A key is not there.
    """
    sm4_key, mac_key = key_of(keys, SM4_KEY), key_of(keys, MAC_KEY)
    digest = hmac.digest(mac_key, inner, _HASH)
    nonce, iv = digest[:8], digest[8:24]
    count = BLOCK_BYTES - len(inner) % BLOCK_BYTES
    cipher = Cipher(SM4(sm4_key), CBC(iv)).encryptor()
    body = cipher.update(inner + bytes((count,)) * count) + cipher.finalize()
    texts = [service, nonce.hex(), str(timestamp_ms), iv.hex(), b64encode(body).decode()]
    mac = hmac.digest(mac_key, _signed(texts), _HASH).hex()
    return write_json(dict(zip(FIELDS, [*texts, mac], strict=True)))


def sealed(inner: Format, service: str) -> Format:
    """Put a format with names into envelopes of a service."""
    count_inside, shape = inner.unknown_fields, shape_of(FIELDS)
    assert count_inside is not None  # noqa: S101 - a sealed format without names has no siblings

    def decode(payload: bytes, received_ms: int, keys: Keys = NO_KEYS) -> list[Outcome]:
        text = unseal(payload, service, keys)
        return [text] if isinstance(text, Rejected) else inner.decode(text, received_ms, keys)

    def encode(issuer: str, document: Document, code: HealthCode, keys: Keys = NO_KEYS) -> bytes:
        text = inner.encode(issuer, document, code, keys)
        return seal(text, service, code.as_of_ms // SECOND_MS * SECOND_MS, keys)

    def unknown_fields(payload: bytes, keys: Keys) -> int:
        text = unseal(payload, service, keys)
        if isinstance(text, Rejected):
            return 0  # Nothing is looked at that is not known to be authentic.
        return count_unknown(read_json(payload), shape) + count_inside(text, keys)

    return msgspec.structs.replace(
        inner,
        keys=(SM4_KEY, MAC_KEY),
        key_sizes={SM4_KEY: SM4_KEY_BYTES},
        decode=decode,
        encode=encode,
        reader=partial(WholeReader, decode),
        unknown_fields=unknown_fields,
    )
