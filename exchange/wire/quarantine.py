"""Quarantine entries to messages, names of entries to keys."""

from collections.abc import Iterable, Sequence

from exchange.api.v1 import (
    health_code_service_pb2 as record_pb,
    quarantine_pb2 as pb,
    quarantine_service_pb2 as service_pb,
)
from exchange.core.errors import InvalidRequestError
from exchange.core.outcome import Reason
from exchange.core.quarantine import Entry, EntryFailure
from exchange.wire.limits import check_count
from exchange.wire.names import entry_key, entry_name, member_name
from exchange.wire.times import fill

NAMES_MAX = 200
"""Entries of one replay or discard: as many as a page of the list has."""

_REASONS = {reason: record_pb.RecordFailure.Reason.Value(reason.value) for reason in Reason}
_REASONS_BACK: dict[int, Reason] = {number: reason for reason, number in _REASONS.items()}


def reason_of(number: int) -> Reason | None:
    """Return the reason that a list is narrowed to; None for all.

    Raises:
        InvalidRequestError: This release knows no such reason.
    """
    if number == record_pb.RecordFailure.REASON_UNSPECIFIED:
        return None
    if number not in _REASONS_BACK:
        raise InvalidRequestError("reason", "is not a reason this release knows")
    return _REASONS_BACK[number]


def keys_of(names: Sequence[str], member: str) -> list[bytes]:
    """Return the keys of a member's entries.

    Raises:
        InvalidRequestError: There is none, there are too many, or one is malformed.
    """
    if not names:
        raise InvalidRequestError("names", "is required")
    check_count("names", len(names), NAMES_MAX)
    return [entry_key(name, member, f"names[{index}]") for index, name in enumerate(names)]


def fill_entry(message: pb.QuarantineEntry, entry: Entry) -> None:
    """Fill a message with an entry in place."""
    head = entry.head
    message.name = entry_name(entry.member, entry.key.hex())
    message.format = head.format_id
    for failure in head.failures:
        fill_failure(message.failures.add(), failure)
    message.failure_count = head.failure_count
    fill(message.receive_time, head.receive_time_ms)
    fill(message.expire_time, head.expire_time_ms)
    message.content_size_bytes = head.content_bytes
    message.whole_payload = not head.is_record


def fill_failure(message: pb.QuarantineFailure, failure: EntryFailure) -> None:
    """Fill a message with why a record failed, in place."""
    message.index = failure.index
    message.reason = _REASONS[failure.reason]
    message.field = failure.field


def counts(entries: Iterable[Entry]) -> list[service_pb.QuarantineCount]:
    """Count entries by member, format, reason and field of their first failure."""
    groups: dict[tuple[str, str, Reason, str], list[Entry]] = {}
    for entry in entries:
        first = entry.head.failures[0]
        key = (entry.member, entry.head.format_id, first.reason, first.field)
        groups.setdefault(key, []).append(entry)
    ordered = sorted(groups.items(), key=lambda one: (one[0][0], -len(one[1]), one[0]))
    return [_count(key, found) for key, found in ordered]


def _count(
    key: tuple[str, str, Reason, str], entries: Sequence[Entry]
) -> service_pb.QuarantineCount:
    member, format_id, reason, field = key
    message = service_pb.QuarantineCount(
        member=member_name(member),
        format=format_id,
        reason=_REASONS[reason],
        field=field,
        entry_count=len(entries),
        content_size_bytes=sum(one.head.content_bytes for one in entries),
    )
    times = [one.head.receive_time_ms for one in entries]
    fill(message.oldest_receive_time, min(times))
    fill(message.newest_receive_time, max(times))
    return message
