"""Read one record: the one place that knows which error wins (catalogue 3).

A family hands a record on as *cells*: one for each field of ``Record.cells``, a trimmed text with
``""`` for absent, or for a list of tests a list of such rows. Everything that can be looked up is
looked up in a table that is built once, when the format is compiled.
"""

from collections.abc import Callable
from operator import itemgetter
from typing import Final

import msgspec

from adapters.record import Record, Role
from adapters.status import compile_status
from adapters.steps import (
    Cells,
    cell_at,
    cells_at,
    compile_holds,
    compile_issuer,
    compile_region,
    compile_reports,
    compile_required,
    compile_results,
    compile_tests,
    compile_times,
    compile_vaccination,
    compile_validity,
    read_item_times,
    rejected,
)  # fmt: skip
from exchange.core.documents import InvalidDocumentError, normalise
from exchange.core.health_code import DocumentType, HealthCode
from exchange.core.outcome import Outcome, Reason, Rejected, Translated
from exchange.core.times import SECOND_MS, beijing_date

FUTURE_MAX_MS: Final = 300 * SECOND_MS
"""As-of may lie this far after the receiving instant, because clocks differ."""

MALFORMED_PAYLOAD: Final = Rejected(Reason.MALFORMED_PAYLOAD)
MALFORMED_RECORD: Final = Rejected(Reason.MALFORMED_RECORD)


class Received(msgspec.Struct, frozen=True):
    """The receiving instant and what follows from it, computed once for a payload.

    Attributes:
        instant_ms: The instant.
        today: Its Beijing date as ``yyyymmdd``: the last possible birth date.
        latest_ms: The latest as-of that is not in the future.
    """

    instant_ms: int
    today: int
    latest_ms: int

    @classmethod
    def at(cls, received_ms: int) -> "Received":
        """Build it from the instant."""
        return cls(received_ms, beijing_date(received_ms), received_ms + FUTURE_MAX_MS)


ReadRecord = Callable[[Cells, Received], Outcome]
"""From cells to an outcome; the cells are used up. Never raises."""


def compile_reader(member: str, record: Record) -> ReadRecord:
    """Build the reader of a record of one member."""
    stand_in_at, as_of_at = cell_at(record, Role.AS_OF_STAND_IN), cell_at(record, Role.AS_OF)
    primary = _compile(member, record)
    if stand_in_at < 0:
        return primary
    # Where as-of is absent the other field takes its place, name and position included.
    roles = {Role.AS_OF: Role.AS_OF_STAND_IN, Role.AS_OF_STAND_IN: Role.AS_OF}
    swapped = tuple(
        msgspec.structs.replace(field, role=roles.get(field.role, field.role), required=False)
        if field.role in roles
        else field
        for field in record.fields
    )
    secondary = _compile(member, msgspec.structs.replace(record, fields=swapped))

    def read(cells: Cells, received: Received) -> Outcome:
        if not cells[as_of_at] and cells[stand_in_at]:
            return secondary(cells, received)
        return primary(cells, received)

    return read


def _compile(member: str, record: Record) -> ReadRecord:  # noqa: C901, PLR0915 - one list of steps
    """Compile a record; the inner function is the error order, read it from top to bottom."""
    stop_early = compile_reports(record)
    required, find_missing = compile_required(record)
    required_cells = itemgetter(*required)
    types = record.id_types
    type_at, number_at = cell_at(record, Role.DOCUMENT_TYPE), cell_at(record, Role.DOCUMENT_NUMBER)
    unknown_type = rejected(record, Reason.UNKNOWN_DOCUMENT_TYPE, type_at)
    invalid_document = rejected(record, Reason.INVALID_DOCUMENT, number_at)
    read_status = compile_status(record)
    status_cells = itemgetter(*cells_at(record, Role.STATUS))
    read_holds = compile_holds(record)
    read_results = compile_results(record)
    times = compile_times(record)
    as_of_at, until_at = cell_at(record, Role.AS_OF), cell_at(record, Role.VALID_UNTIL)
    future = rejected(record, Reason.FUTURE_TIME, as_of_at)
    as_of_received, validity = record.as_of_received, compile_validity(record)
    read_region = compile_region(record)
    build_tests = compile_tests(record)
    read_vaccination = compile_vaccination(record)
    reason_at, guidance_at, rule_at, native_at = (
        cell_at(record, role)
        for role in (Role.REASON, Role.GUIDANCE, Role.RULE, Role.NATIVE_STATUS)
    )
    speaker_of = compile_issuer(record, member)
    resident = DocumentType.RESIDENT_ID

    def read(cells: Cells, received: Received) -> Outcome:  # noqa: C901, PLR0911, PLR0912 - the error order
        issuer = member
        if speaker_of is not None:
            speaker = speaker_of(cells)
            if isinstance(speaker, Rejected):
                return speaker
            issuer = speaker
        if stop_early is not None and (stopped := stop_early(cells)) is not None:
            return stopped
        if "" in required_cells(cells) and (missing := find_missing(cells)) is not None:
            return missing
        document_type = types.get(cells[type_at]) if type_at >= 0 else resident
        if document_type is None:
            return unknown_type
        try:
            document = normalise(document_type, cells[number_at], received.today)
        except InvalidDocumentError:
            return invalid_document
        status = read_status(status_cells(cells))
        if isinstance(status, Rejected):
            return status
        holds = status.holds
        if read_holds is not None:
            more = read_holds(cells)
            if isinstance(more, Rejected):
                return more
            holds += more
        if read_results is not None and (unknown := read_results(cells)) is not None:
            return unknown
        for at, read_time, earliest_ms, invalid, items in times:
            if items:
                if (wrong := read_item_times(cells[at], items)) is not None:
                    return wrong
            elif text := cells[at]:
                instant = read_time(text)
                if instant is None or instant < earliest_ms:
                    return invalid
                cells[at] = instant
            else:
                cells[at] = None
        as_of = cells[as_of_at]
        if as_of is None and as_of_received:
            as_of = received.instant_ms // SECOND_MS * SECOND_MS
        if as_of > received.latest_ms:
            return future
        return Translated(
            issuer,
            document,
            HealthCode(
                as_of,
                status.level,
                status.state,
                cells[until_at] if until_at >= 0
                else None if validity is None else validity(as_of, status.level),
                holds,
                read_region(cells),
                cells[native_at] if native_at >= 0 else status.native_status,
                () if build_tests is None else build_tests(cells),
                None if read_vaccination is None else read_vaccination(cells),
                cells[reason_at] if reason_at >= 0 else "",
                cells[guidance_at] if guidance_at >= 0 else "",
                cells[rule_at] if rule_at >= 0 else "",
            ),
        )  # fmt: skip

    return read
