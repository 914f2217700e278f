"""Documents of requests: checked, brought to their normal form, and turned into subjects."""

from functools import lru_cache

from exchange.api.v1 import health_code_pb2 as pb
from exchange.core.documents import InvalidDocumentError, normalise
from exchange.core.errors import InvalidRequestError
from exchange.core.health_code import Document, DocumentType
from exchange.core.subject import SubjectKeys
from exchange.core.times import MINUTE_MS, beijing_date
from exchange.wire.names import ANY_SUBJECT, subject_of

NUMBER_CHARACTERS_MAX = 64
"""The longest number has 32 characters; twice that leaves room for blanks."""

_TYPES = {
    number: DocumentType(name)
    for name, number in pb.Document.Type.items()
    if name != "TYPE_UNSPECIFIED"
}


@lru_cache(maxsize=4)
def _date(minute: int) -> int:
    return beijing_date(minute * MINUTE_MS)


def today(now_ms: int) -> int:
    """Return the Beijing date of an instant, as ``yyyymmdd``."""
    return _date(now_ms // MINUTE_MS)


def document_of(message: pb.Document, field: str, now_ms: int) -> Document:
    """Return a document in its normal form.

    Raises:
        InvalidRequestError: Its type is not given or unknown, or the number does not fit it. The
            text never holds the number.
    """
    document_type, number = _TYPES.get(message.type), message.number
    if document_type is None:
        given = message.type != pb.Document.TYPE_UNSPECIFIED
        problem = "is not a type this release knows" if given else "is required"
        raise InvalidRequestError(f"{field}.type", problem)
    if not number:
        raise InvalidRequestError(f"{field}.number", "is required")
    if len(number) > NUMBER_CHARACTERS_MAX:
        raise InvalidRequestError(
            f"{field}.number", f"is longer than {NUMBER_CHARACTERS_MAX} characters"
        )
    try:
        return normalise(document_type, number, today(now_ms))
    except InvalidDocumentError as error:
        raise InvalidRequestError(
            f"{field}.number", f"does not fit {document_type.value}: {error.code}"
        ) from None


def subjects_of_parent(
    parent: str, message: pb.Document | None, keys: SubjectKeys, now_ms: int
) -> tuple[bytes, ...]:
    """Return the subjects that a request for one person names.

    Raises:
        InvalidRequestError: Neither a subject nor a document, or both.
    """
    if not parent:
        raise InvalidRequestError("parent", "is required, as subjects/-")
    if parent == ANY_SUBJECT:
        if message is None:
            raise InvalidRequestError("document", "is required where the parent is subjects/-")
        return keys.subjects(document_of(message, "document", now_ms))
    if message is not None:
        raise InvalidRequestError("document", "stands beside a subject; give one of the two")
    return (subject_of(parent, "parent"),)
