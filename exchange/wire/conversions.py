"""Conversion requests to values, conversions to messages."""

from collections.abc import Iterable

from exchange.api.v1 import health_code_pb2, health_code_service_pb2 as pb
from exchange.core.errors import InvalidRequestError
from exchange.core.health_code import Document
from exchange.core.losses import Loss, LossKind
from exchange.wire.documents import document_of

_LOSSES = {kind: pb.LostField.Loss.Value(kind.value) for kind in LossKind}


def document_to_convert(message: pb.ConvertHealthCodeRequest, now_ms: int) -> Document:
    """Return the document of a conversion.

    Raises:
        InvalidRequestError: There is a subject instead, nothing, or a malformed document.
    """
    if message.WhichOneof("person") == "subject":
        raise InvalidRequestError(
            "document", "is required: a format writes the number, which the exchange does not keep"
        )
    present = message.HasField("document")
    return required_document(message.document if present else None, now_ms)


def required_document(message: health_code_pb2.Document | None, now_ms: int) -> Document:
    """Return a document in its normal form.

    Raises:
        InvalidRequestError: It is absent or malformed.
    """
    if message is None:
        raise InvalidRequestError("document", "is required")
    return document_of(message, "document", now_ms)


def lost_fields(losses: Iterable[Loss]) -> list[pb.LostField]:
    """Return losses as messages."""
    return [pb.LostField(field=one.field, loss=_LOSSES[one.kind]) for one in losses]
