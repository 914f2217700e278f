"""What became of one record of a submission: translated, or rejected with a reason and a field."""

from enum import StrEnum

import msgspec

from exchange.core.health_code import Document, HealthCode


class Reason(StrEnum):
    """Why a record was rejected; the catalogue of formats section 3, then the exchange's own."""

    MALFORMED_PAYLOAD = "MALFORMED_PAYLOAD"
    MALFORMED_RECORD = "MALFORMED_RECORD"
    AUTHENTICATION_FAILED = "AUTHENTICATION_FAILED"
    ISSUER_MISMATCH = "ISSUER_MISMATCH"
    UPSTREAM_ERROR = "UPSTREAM_ERROR"
    NO_RECORD = "NO_RECORD"
    MISSING_FIELD = "MISSING_FIELD"
    UNKNOWN_DOCUMENT_TYPE = "UNKNOWN_DOCUMENT_TYPE"
    INVALID_DOCUMENT = "INVALID_DOCUMENT"
    UNKNOWN_STATUS = "UNKNOWN_STATUS"
    INVALID_TIME = "INVALID_TIME"
    FUTURE_TIME = "FUTURE_TIME"
    # The exchange's own, after translation.
    PAST_RETENTION = "PAST_RETENTION"
    VALUE_TOO_LARGE = "VALUE_TOO_LARGE"


class Translated(msgspec.Struct, frozen=True, gc=False):
    """A record that was read.

    Attributes:
        issuer: Six-digit code of the member whose statement it is.
        document: Whom it is about, normalised.
        health_code: What it says.
    """

    issuer: str
    document: Document
    health_code: HealthCode


class Rejected(msgspec.Struct, frozen=True, gc=False):
    """A record that was not read, or not taken.

    Attributes:
        reason: The cause, never a guess.
        field: Name of the member's field as its format calls it; ``""`` where there is none.
    """

    reason: Reason
    field: str = ""


Outcome = Translated | Rejected


class NotRepresentableError(ValueError):
    """A health code cannot be written in a format.

    Attributes:
        field: The first of ``document.type``, ``state``, ``level``, ``holds`` in the way.
    """

    def __init__(self, field: str) -> None:
        super().__init__(f"NOT_REPRESENTABLE: {field}")
        self.field = field
