"""Failures of records to messages."""

from exchange.api.v1 import health_code_service_pb2 as pb
from exchange.core.outcome import Reason
from exchange.core.publication import Failure

_REASONS = {reason: pb.RecordFailure.Reason.Value(reason.value) for reason in Reason}


def fill_failure(message: pb.RecordFailure, failure: Failure) -> None:
    """Fill a message with a failure in place."""
    message.payload_index = failure.payload_index
    message.index = failure.index
    message.reason = _REASONS[failure.reason]
    message.field = failure.field
