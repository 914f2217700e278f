"""Formats of one member whose payloads say themselves which version they are.

The version decides how a payload is read, not the format under which it arrives, because a member
runs its old and its new code side by side for a while. Written is the format that was asked for.
"""

from collections.abc import Mapping
from functools import partial

import msgspec

from adapters.base import NO_KEYS, Format, Keys, WholeReader
from adapters.families.json_text import UnreadableError, read_json
from adapters.reading import MALFORMED_PAYLOAD
from adapters.texts import scalar
from exchange.core.outcome import Outcome

VERSION = "ver"
"""The field of the envelope that says it."""


def versioned(formats: Mapping[str, Format]) -> tuple[Format, ...]:
    """Let each of a member's formats read all of them.

    Args:
        formats: Formats of one JSON document by the first part of their version with its dot:
            ``1.`` reads 1.0, 1.3 and so on.
    """

    def of(payload: bytes) -> Format | None:
        try:
            value = read_json(payload)
        except UnreadableError:
            return None
        version = scalar(value.get(VERSION)) if isinstance(value, dict) else ""
        major, dot, _ = version.partition(".")
        return formats.get(major + dot)

    def decode(payload: bytes, received_ms: int, keys: Keys = NO_KEYS) -> list[Outcome]:
        format_ = of(payload)
        return (
            [MALFORMED_PAYLOAD] if format_ is None else format_.decode(payload, received_ms, keys)
        )

    def unknown_fields(payload: bytes, keys: Keys) -> int:
        format_ = of(payload)
        if format_ is None or format_.unknown_fields is None:
            return 0
        return format_.unknown_fields(payload, keys)

    reader = partial(WholeReader, decode)
    return tuple(
        msgspec.structs.replace(
            format_, decode=decode, reader=reader, unknown_fields=unknown_fields
        )
        for format_ in formats.values()
    )
