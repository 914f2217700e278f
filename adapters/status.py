"""Compile a status table: native values to level, state and holds, and back."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product

import msgspec

from adapters.record import ANY, Pattern, Record, Role, Row
from exchange.core.health_code import HealthCode, Hold, Level, State
from exchange.core.outcome import NotRepresentableError, Reason, Rejected


class Meaning(msgspec.Struct, frozen=True):
    """What the status fields of a record say."""

    level: Level
    state: State
    holds: tuple[Hold, ...]
    native_status: str


StatusCells = str | tuple[str, ...]
"""The STATUS cells of a record: one as such, several as a tuple."""
StatusReader = Callable[[StatusCells], Meaning | Rejected]
"""From the STATUS cells to what they mean."""


def patterns(row: Row) -> tuple[Pattern, ...]:
    """Give the patterns of a row, one for each STATUS field."""
    return row.native if isinstance(row.native, tuple) else (row.native,)


def pattern_text(pattern: Pattern) -> str:
    """Give the cell that a pattern fits: a flag that is not set is an empty cell."""
    if isinstance(pattern, bool):
        return "true" if pattern else ""
    return "" if pattern is ANY else str(pattern)


def _meaning(row: Row) -> Meaning:
    first = next(value for value in patterns(row) if not isinstance(value, bool) and value != ANY)
    native_status = row.native_status or str(first)
    if isinstance(row.means, Level):
        return Meaning(row.means, State.ACTIVE, row.holds, native_status)
    assert isinstance(row.means, State)  # noqa: S101 - rows of reasons are left out by the callers
    return Meaning(Level.UNSPECIFIED, row.means, row.holds, native_status)


def statements(record: Record) -> tuple[Row, ...]:
    """Give the rows that are statements, without those that stand for an outcome."""
    return tuple(row for row in record.rows if not isinstance(row.means, Reason))


def reports(record: Record) -> Mapping[str, Reason]:
    """Give the values of the first STATUS field by which a record reports that it is none."""
    return {
        pattern_text(patterns(row)[0]): row.means
        for row in record.rows
        if isinstance(row.means, Reason)
    }


def compile_status(record: Record) -> StatusReader:
    """Build the reader of a status table: one look-up for every listed combination of values."""
    names = [field.name for field in record.cells if field.role is Role.STATUS]
    rows = [(patterns(row), _meaning(row)) for row in statements(record)]
    order = [names.index(name) for name in record.blame or names]
    rejected = [Rejected(Reason.UNKNOWN_STATUS, record.name(name)) for name in names]

    def resolve(cells: Sequence[str]) -> Meaning | Rejected:
        fitting = rows
        for at in order:
            cell = cells[at]
            fitting = [
                row for row in fitting if row[0][at] is ANY or pattern_text(row[0][at]) == cell
            ]
            if not fitting:
                return rejected[at]
        return fitting[0][1]

    def listed() -> Iterator[tuple[str, ...]]:
        return product(
            *({pattern_text(values[at]) for values, _ in rows} | {""} for at in range(len(names)))
        )

    if len(names) == 1:
        single: dict[StatusCells, Meaning | Rejected]
        single = {cells[0]: resolve(cells) for cells in listed()}
        unknown = rejected[0]
        return lambda cell: single.get(cell, unknown)
    several: dict[StatusCells, Meaning | Rejected] = {cells: resolve(cells) for cells in listed()}
    return lambda cells: several.get(cells) or resolve(cells)


StatusWriter = Callable[[HealthCode], tuple[tuple[Pattern, ...], tuple[Hold, ...]]]
"""From a health code to the values of the STATUS fields and the holds that are still to write."""


def _by_level(
    rows: Sequence[tuple[tuple[Pattern, ...], Meaning]],
) -> dict[Level, tuple[Pattern, ...]]:
    """Give what each level is written as; a level that is missing becomes the next stricter one.

    LOW and UNSPECIFIED are never rounded: nobody is accused by a conversion.
    """
    found: dict[Level, tuple[Pattern, ...]] = {}
    for values, meaning in rows:
        if meaning.state is State.ACTIVE and not meaning.holds:
            found.setdefault(meaning.level, values)
    stricter = None
    for level in (Level.HIGH, Level.ELEVATED, Level.MEDIUM):
        stricter = found.get(level, stricter)
        if stricter is not None:
            found[level] = stricter
    return found


def compile_status_writer(record: Record) -> StatusWriter:
    """Build the writer of a status table (catalogue 8): rounding goes to the stricter level only.

    The writer raises NotRepresentableError for ``state`` and then ``level``.
    """
    rows = [(patterns(row), _meaning(row)) for row in statements(record)]
    with_holds = [(values, meaning) for values, meaning in rows if meaning.holds]
    by_level = _by_level(rows)
    by_state: dict[State, tuple[Pattern, ...]] = {}
    for values, meaning in rows:
        by_state.setdefault(meaning.state, values)

    def write(code: HealthCode) -> tuple[tuple[Pattern, ...], tuple[Hold, ...]]:
        for values, meaning in with_holds:
            if (
                meaning.level is code.level
                and meaning.state is code.state
                and set(meaning.holds) <= set(code.holds)
            ):
                left = list(code.holds)
                for hold in meaning.holds:
                    left.remove(hold)
                return values, tuple(left)
        active = code.state is State.ACTIVE
        native = by_level.get(code.level) if active else by_state.get(code.state)
        if native is None:
            raise NotRepresentableError("level" if active else "state")
        return native, code.holds

    return write
