"""Failures of records to messages."""

from exchange.api.v1 import health_code_service_pb2 as pb
from exchange.core.outcome import Reason
from exchange.core.publication import Failure
from exchange.wire.names import entry_name

_REASONS = {reason: pb.RecordFailure.Reason.Value(reason.value) for reason in Reason}


def fill_failure(message: pb.RecordFailure, failure: Failure, member: str) -> None:
    """Fill a message with a failure of a member's record in place."""
    message.payload_index = failure.payload_index
    message.index = failure.index
    message.reason = _REASONS[failure.reason]
    message.field = failure.field
    if failure.entry:
        message.quarantine_entry = entry_name(member, failure.entry)
