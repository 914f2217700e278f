"""The words in which a member module writes down its field table; data only, no rules.

A member module reads like the catalogue: one ``Field`` a line of the field table, one ``Row`` a
line of the status table. ``adapters.reading`` and ``adapters.writing`` compile a ``Record`` once.
"""

from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Final

import msgspec

from adapters.holds import HoldNotation
from adapters.id_types import IdTypes
from exchange.core.health_code import Hold, Level, State, TestKind, TestResult
from exchange.core.outcome import Reason


class Role(Enum):
    """What a field carries: the last column of the catalogue's field tables."""

    DOCUMENT_TYPE = auto()
    DOCUMENT_NUMBER = auto()
    STATUS = auto()
    """A column of the status table (level, state)."""
    AS_OF = auto()
    AS_OF_STAND_IN = auto()
    """As-of where the as-of field is absent; errors then name this field. Never written."""
    VALID_UNTIL = auto()
    REGION = auto()
    REGION_STAND_IN = auto()
    """Words that name a region where no region field is readable. Never written."""
    ISSUER = auto()
    REASON = auto()
    GUIDANCE = auto()
    RULE = auto()
    HOLD = auto()
    TEST_KIND = auto()
    TEST_RESULT = auto()
    SAMPLE_TIME = auto()
    RESULT_TIME = auto()
    LABORATORY = auto()
    TESTS = auto()
    """A list of tests; ``items`` says what is in them."""
    DOSES = auto()
    LAST_DOSE_DATE = auto()
    REPORT = auto()
    """A field by which the record itself reports that it is none (``reports``). Never written."""
    NATIVE_STATUS = auto()
    DROPPED = auto()
    """Never read, never written; its place is kept where places count."""


class When(msgspec.Struct, frozen=True):
    """Condition under which a field is required: another field has this value."""

    field: str
    value: str


Required = bool | When


class Field(msgspec.Struct, frozen=True):
    """One line of a field table.

    Attributes:
        name: As in the table, without the path of the record (``Record.path``).
        role: What it carries.
        required: Always, never, or ``When`` another field has a value.
        time: Name of the notation, for times.
        region: How a region is written: ``6``, ``12``, ``2``, ``2|4``, or its part in a table with
            several fields: ``province``, ``city``, ``county``.
        flag: The field means JSON ``true``; anything else, or its absence, is not it.
        test: Which test the field belongs to.
        items: Fields of the elements, for a list.
        width: Bytes of the cell in fixed-width files.
        written: What an issuer field is written as; ``""``: first two digits of the issuer.
        accepts: For an issuer field, from the cell to the issuer's code or None (not of this
            member); without it only ``written`` itself is accepted.
        reports: For a REPORT field, values and the reason of the outcome.
        regions: For a REGION_STAND_IN field, values and their region.
    """

    name: str
    role: Role
    required: Required = False
    time: str = ""
    region: str = "6"
    flag: bool = False
    test: TestKind = TestKind.NUCLEIC_ACID
    items: tuple["Field", ...] = ()
    width: int = 0
    written: str | int = ""
    accepts: Callable[[str], str | None] | None = None
    reports: Mapping[str, Reason] = {}
    regions: Mapping[str, str] = {}


ANY: Final = None
"""In a status row: whatever stands there, even nothing. Written as nothing."""

Pattern = str | int | None
"""A value of a status row as it is written; booleans are for flags, ``""`` is absent."""


class Row(msgspec.Struct, frozen=True):
    """One line of a status table.

    The first row that fits is taken when reading; of several rows with one meaning the first is
    the one written.

    Attributes:
        native: One pattern for each STATUS field, in the order of the field table.
        means: A level (the state is ACTIVE), a state (there is no level then), or the reason of
            the outcome (such a row looks at the first STATUS field only).
        holds: Holds that come with the row.
        native_status: The member's own word; without it the first text of ``native``.
    """

    native: Pattern | tuple[Pattern, ...]
    means: Level | State | Reason
    holds: tuple[Hold, ...] = ()
    native_status: str = ""


class Validity(msgspec.Struct, frozen=True):
    """A rule that gives ``valid_until`` where no field does.

    Attributes:
        hours: After as-of; 0 means 23:59:59 Beijing time of the day of as-of.
        levels: The levels it holds for; () means all, and states other than ACTIVE too.
    """

    hours: int = 0
    levels: tuple[Level, ...] = ()


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What one record of a format is: its field table and its status table.

    Attributes:
        path: Where the record lies, in front of every field's name in errors.
        fields: In the order of the catalogue's table.
        id_types: Codes of document types; empty where the format has no type field.
        rows: The status table.
        blame: STATUS fields in the order in which they are looked at, where it is not the table's.
        results: Codes of test results.
        kinds: Codes of test kinds, for formats that carry the kind.
        holds: How holds are written, or None where there are none.
        validity: Rule of ``valid_until`` without a field, or None.
        region: The region where none is readable.
        as_of_received: Where as-of is absent the receiving instant, cut to seconds, stands in.
    """

    path: str = ""
    fields: tuple[Field, ...]
    id_types: IdTypes = {}
    rows: tuple[Row, ...] = ()
    blame: tuple[str, ...] = ()
    results: Mapping[str, TestResult] = {}
    kinds: Mapping[str, TestKind] = {}
    holds: HoldNotation | None = None
    validity: Validity | None = None
    region: str = ""
    as_of_received: bool = False

    @property
    def cells(self) -> tuple[Field, ...]:
        """The fields that are read: a record is handed on as one cell for each of these."""
        return tuple(field for field in self.fields if field.role is not Role.DROPPED)

    @property
    def as_of_field(self) -> str:
        """What errors about the as-of time name."""
        return next(self.name(field.name) for field in self.fields if field.role is Role.AS_OF)

    def name(self, field: str) -> str:
        """Give the name of a field as it stands in errors."""
        return f"{self.path}.{field}" if self.path else field
