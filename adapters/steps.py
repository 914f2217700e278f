"""The steps of reading a record, each compiled once from the field table (catalogue 3 to 6).

Every ``compile_...`` gives a function of the cells, or None where the format has no such step.
``adapters.reading`` puts them in the order in which errors win.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from adapters.notations import NOTATIONS, Read, end_of_beijing_day, read_end
from adapters.record import Field, Record, Role, When
from adapters.status import reports
from adapters.texts import REGIONS, is_count
from exchange.core.health_code import Hold, Level, Test, TestKind, Vaccination
from exchange.core.outcome import Reason, Rejected
from exchange.core.times import HOUR_MS, beijing_date, beijing_midnight_ms

Cells = list[Any]
"""One record: a text per field of ``Record.cells``, or for a list of tests a list of such cells."""

EARLIEST_MS: Final = beijing_midnight_ms(2020, 1, 1)
"""No statement and no test is older than this."""

DOSES_DIGITS_MAX: Final = 9
"""More digits are no number of doses, and would be slow to turn into one."""

_NO_LIMIT_MS: Final = beijing_midnight_ms(1, 1, 1)


def cell_at(record: Record, role: Role) -> int:
    """Give the place of the only cell with a role, or -1."""
    return next((place for place, field in enumerate(record.cells) if field.role is role), -1)


def cells_at(record: Record, role: Role) -> list[int]:
    """Give the places of all cells with a role, in the order of the table."""
    return [place for place, field in enumerate(record.cells) if field.role is role]


def rejected(record: Record, reason: Reason, at: int) -> Rejected:
    """Build the outcome that names the cell at a place."""
    return Rejected(reason, record.name(record.cells[at].name) if at >= 0 else "")


def compile_issuer(record: Record, member: str) -> Callable[[Cells], str | Rejected] | None:
    """Step 2: a record that speaks for another member. An absent issuer does not count here."""
    at = cell_at(record, Role.ISSUER)
    if at < 0:
        return None
    field = record.cells[at]
    own = {str(field.written): member}
    accepts = field.accepts or own.get
    mismatch = rejected(record, Reason.ISSUER_MISMATCH, at)

    def speaker(cells: Cells) -> str | Rejected:
        cell = cells[at]
        return (accepts(cell) or mismatch) if cell else member

    return speaker


def compile_reports(record: Record) -> Callable[[Cells], Rejected | None] | None:
    """Step 3: a record that says itself that it is none."""
    tables = [
        (at, {value: rejected(record, reason, at) for value, reason in table.items()})
        for at, field in enumerate(record.cells)
        if (table := field.reports)
    ]
    if rows := reports(record):
        at = cells_at(record, Role.STATUS)[0]
        tables.append((at, {v: rejected(record, reason, at) for v, reason in rows.items()}))
    if not tables:
        return None

    def stop(cells: Cells) -> Rejected | None:
        for at, table in tables:
            if (found := table.get(cells[at])) is not None:
                return found
        return None

    return stop


def compile_required(record: Record) -> tuple[tuple[int, ...], Callable[[Cells], Rejected | None]]:
    """Step 4: the cells that may be required, and what finds the first one that is missing."""
    names = [field.name for field in record.cells]
    checks: list[tuple[int, int, str, Rejected]] = []
    for at, field in enumerate(record.cells):
        missing = rejected(record, Reason.MISSING_FIELD, at)
        if isinstance(field.required, When):
            checks.append((at, names.index(field.required.field), field.required.value, missing))
        elif field.required:
            checks.append((at, -1, "", missing))

    def find(cells: Cells) -> Rejected | None:
        for at, when_at, when, missing in checks:
            if not cells[at] and (when_at < 0 or cells[when_at] == when):
                return missing
        return None

    return tuple(check[0] for check in checks), find


def compile_holds(record: Record) -> Callable[[Cells], tuple[Hold, ...] | Rejected] | None:
    """Step 7: holds that have fields of their own."""
    places = cells_at(record, Role.HOLD)
    if record.holds is None:
        return None
    notation, unknown = record.holds, rejected(record, Reason.UNKNOWN_STATUS, places[0])

    def read(cells: Cells) -> tuple[Hold, ...] | Rejected:
        # The first field carries the hold; where it is absent there is none.
        if not cells[places[0]]:
            return ()
        holds = notation.read([cells[at] for at in places])
        return unknown if holds is None else holds

    return read


class _TestPlaces(NamedTuple):
    """Where the parts of one test stand among cells; -1 for a part that the format lacks."""

    kind: TestKind
    kind_at: int
    result_at: int
    sample_at: int
    result_time_at: int
    laboratory_at: int


def _test_places(fields: Sequence[Field]) -> list[_TestPlaces]:
    """Find the tests among fields: one for each result field, in the order of the table."""

    def place(role: Role, kind: TestKind) -> int:
        return next((a for a, f in enumerate(fields) if f.role is role and f.test is kind), -1)

    return [
        _TestPlaces(
            field.test, place(Role.TEST_KIND, field.test), at, place(Role.SAMPLE_TIME, field.test),
            place(Role.RESULT_TIME, field.test), place(Role.LABORATORY, field.test),
        )
        for at, field in enumerate(fields)
        if field.role is Role.TEST_RESULT
    ]  # fmt: skip


def item_cells(field: Field) -> tuple[Field, ...]:
    """Give the fields of a list's elements that are read: one cell for each."""
    return tuple(item for item in field.items if item.role is not Role.DROPPED)


def compile_results(record: Record) -> Callable[[Cells], Rejected | None] | None:
    """Step 7 for tests: kinds and results that are not in the tables."""
    list_at = cell_at(record, Role.TESTS)
    items = item_cells(record.cells[list_at]) if list_at >= 0 else record.cells
    places = _test_places(items)
    if not places:
        return None
    prefix = f"{record.cells[list_at].name}." if list_at >= 0 else ""
    unknown = [Rejected(Reason.UNKNOWN_STATUS, record.name(prefix + item.name)) for item in items]
    known, kinds = {"", *record.results}, record.kinds

    def check(row: Cells) -> Rejected | None:
        for _, kind_at, result_at, *_ in places:
            if kind_at >= 0 and row[kind_at] not in kinds:
                return unknown[kind_at]
            if row[result_at] not in known:
                return unknown[result_at]
        return None

    def check_rows(cells: Cells) -> Rejected | None:
        for row in cells[list_at]:
            if (wrong := check(row)) is not None:
                return wrong
        return None

    return check if list_at < 0 else check_rows


class TimeCheck(NamedTuple):
    """How one cell with a time is read.

    Attributes:
        at: Its place among the cells.
        read: Its notation.
        earliest_ms: What lies before it is no time of a statement or test.
        invalid: The outcome if it is wrong.
        items: For a list of tests, how the times in its elements are read; () otherwise.
    """

    at: int
    read: Read
    earliest_ms: int
    invalid: Rejected
    items: tuple["TimeCheck", ...] = ()


_TIME_ROLES: Final = {
    Role.AS_OF: EARLIEST_MS,
    Role.SAMPLE_TIME: EARLIEST_MS,
    Role.RESULT_TIME: EARLIEST_MS,
    Role.VALID_UNTIL: _NO_LIMIT_MS,
    Role.LAST_DOSE_DATE: _NO_LIMIT_MS,
}


def compile_times(record: Record) -> tuple[TimeCheck, ...]:
    """Step 8, in the order of the field table; in a list sample time before result time."""
    return tuple(
        _time_check(record, field, at)
        for at, field in enumerate(record.cells)
        if field.role in _TIME_ROLES or field.role is Role.TESTS
    )


def _time_check(record: Record, field: Field, at: int, path: str = "") -> TimeCheck:
    notation = NOTATIONS[field.time or "bj"]
    items = [
        _time_check(record, item, place, f"{field.name}.")
        for role in (Role.SAMPLE_TIME, Role.RESULT_TIME)
        for place, item in enumerate(item_cells(field))
        if item.role is role
    ]
    return TimeCheck(
        at,
        read_end(notation) if field.role is Role.VALID_UNTIL else notation.read,
        _TIME_ROLES.get(field.role, _NO_LIMIT_MS),
        Rejected(Reason.INVALID_TIME, record.name(path + field.name)),
        tuple(items),
    )


def read_item_times(rows: list[Cells], checks: tuple[TimeCheck, ...]) -> Rejected | None:
    """Read the times of tests in place: texts become instants or None; or give the first error."""
    for row in rows:
        for at, read_time, earliest_ms, invalid, _ in checks:
            if text := row[at]:
                instant = read_time(text)
                if instant is None or instant < earliest_ms:
                    return invalid
                row[at] = instant
            else:
                row[at] = None
    return None


def compile_validity(record: Record) -> Callable[[int, Level], int | None] | None:
    """Build the rule of ``valid_until`` for formats without such a field."""
    rule = record.validity
    if rule is None:
        return None
    levels, span_ms = rule.levels, rule.hours * HOUR_MS

    def valid_until(as_of_ms: int, level: Level) -> int | None:
        if levels and level not in levels:
            return None
        return as_of_ms + span_ms if span_ms else end_of_beijing_day(as_of_ms)

    return valid_until


def compile_region(record: Record) -> Callable[[Cells], str]:
    """Build the reader of the region, from one field, several, or none."""
    places, otherwise = cells_at(record, Role.REGION), record.region
    stand_in_at = cell_at(record, Role.REGION_STAND_IN)
    stand_ins = record.cells[stand_in_at].regions if stand_in_at >= 0 else {}
    if not places:
        return lambda cells: otherwise  # noqa: ARG005 - a constant
    if len(places) == 1 and stand_in_at < 0:
        only = places[0]
        return lambda cells: REGIONS[cells[only]] or otherwise
    places.reverse()  # Of equally long codes the last in the table counts.

    def read(cells: Cells) -> str:
        longest = ""
        for at in places:
            if len(cell := cells[at]) > len(longest) and REGIONS[cell]:
                longest = cell
        if longest:
            return REGIONS[longest]
        return stand_ins.get(cells[stand_in_at], otherwise) if stand_in_at >= 0 else otherwise

    return read


def compile_tests(record: Record) -> Callable[[Cells], tuple[Test, ...]] | None:
    """Build the maker of tests, after results and times have been read."""
    list_at = cell_at(record, Role.TESTS)
    places = _test_places(item_cells(record.cells[list_at]) if list_at >= 0 else record.cells)
    if not places:
        return None
    results, kinds = record.results, record.kinds

    def build(rows: Sequence[Cells]) -> tuple[Test, ...]:
        return tuple([
            Test(
                kind if kind_at < 0 else kinds[row[kind_at]],
                results[row[result_at]],
                row[sample_at] if sample_at >= 0 else None,
                row[result_time_at] if result_time_at >= 0 else None,
                row[laboratory_at] if laboratory_at >= 0 else "",
            )
            for row in rows
            for kind, kind_at, result_at, sample_at, result_time_at, laboratory_at in places
            if row[result_at]
        ])  # fmt: skip

    if list_at < 0:
        return lambda cells: build((cells,))
    return lambda cells: build(rows) if (rows := cells[list_at]) else ()


def compile_vaccination(record: Record) -> Callable[[Cells], Vaccination | None] | None:
    """Build the maker of the vaccination: there is none without doses and date."""
    doses_at, date_at = cell_at(record, Role.DOSES), cell_at(record, Role.LAST_DOSE_DATE)
    if doses_at < 0:
        return None

    def read(cells: Cells) -> Vaccination | None:
        doses, date_ms = cells[doses_at].lstrip("0"), cells[date_at]
        if date_ms is None or not is_count(doses) or len(doses) > DOSES_DIGITS_MAX:
            return None
        date = str(beijing_date(date_ms)).zfill(8)
        return Vaccination(int(doses), f"{date[:4]}-{date[4:6]}-{date[6:]}")

    return read
