"""How formats do to messages."""

from exchange.api.v1 import health_code_service_pb2 as record_pb, member_service_pb2 as pb
from exchange.core.drift import FormatHealth, Tally
from exchange.core.health_code import Level
from exchange.wire.names import member_name
from exchange.wire.times import fill


def fill_format_health(message: pb.FormatHealth, health: FormatHealth) -> None:
    """Fill a message with how a format does, in place."""
    message.member = member_name(health.member)
    message.format = health.format_id
    _fill_tally(message.recent, health.recent)
    _fill_tally(message.usual, health.usual)
    message.jumped = health.jumped


def _fill_tally(message: pb.RecordTally, tally: Tally) -> None:
    message.record_count = tally.records
    message.accepted_count = tally.accepted
    message.error_share = tally.error_share
    for name, count in sorted(tally.failures.items(), key=lambda one: (-one[1], one[0])):
        reason, _, field = name.partition(" ")
        message.failures.add(
            reason=record_pb.RecordFailure.Reason.Value(reason), field=field, record_count=count
        )
    for level in Level:
        if tally.levels[level]:
            message.levels.add(level=int(level), record_count=tally.levels[level])
    message.unknown_field_count = tally.unknown_fields
    if tally.newest_as_of_ms:
        fill(message.newest_as_of_time, tally.newest_as_of_ms)
