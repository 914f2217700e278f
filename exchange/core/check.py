"""One question to the exchange as a value."""

import msgspec

Subjects = tuple[bytes, ...]
"""One person under every key generation in use, the newest first."""


class Check(msgspec.Struct, frozen=True, gc=False):
    """One question.

    Attributes:
        subjects: The person under every key generation in use.
        destination: Member where the person wants to pass.
        origin: Member the person comes from, or ``""``.
        max_age_ms: Oldest statement that may admit by the caller's wish, or None.
    """

    subjects: Subjects
    destination: str
    origin: str = ""
    max_age_ms: int | None = None
