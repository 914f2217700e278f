"""What one member says about one person: the health code and the values in it.

The values follow the common schema of the member formats. Instants are whole milliseconds since
1970-01-01T00:00:00Z, named ``..._ms``; finer wire times are cut. Every value is frozen and encodes
as a positional array, so the stored form stays small (48 bytes with a test) and decodes in well
under a microsecond. They hold no cycles, so the collector need not look at them (``gc=False``, some
ten per cent of decoding a file). Fields are only ever appended, never moved: stored values outlive
releases.
"""

from enum import IntEnum, StrEnum
from typing import Self

import msgspec


class _Tolerant(IntEnum):
    """An enumeration that reads numbers of later releases as UNSPECIFIED (0)."""

    # Enumerations hash their names, in Python; members of these stand in keys of the hot path.
    __hash__ = int.__hash__

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        # A value written by a newer release must never fail a read, and never admit anybody.
        return cls(0) if isinstance(value, int) else None


class Level(_Tolerant):
    """How great the risk is. Unknown or lapsed is never a risk level."""

    UNSPECIFIED = 0
    LOW = 1
    MEDIUM = 2
    ELEVATED = 3
    HIGH = 4


class State(_Tolerant):
    """Whether the statement stands. Levels other than UNSPECIFIED go with ACTIVE only."""

    UNSPECIFIED = 0
    ACTIVE = 1
    PENDING = 2
    EXPIRED = 3
    WITHDRAWN = 4


class TestKind(_Tolerant):
    """What a test looked for."""

    __test__ = False  # Not a test case, whatever pytest makes of the name.

    UNSPECIFIED = 0
    NUCLEIC_ACID = 1
    ANTIGEN = 2
    ANTIBODY = 3


class TestResult(_Tolerant):
    """What a test found."""

    __test__ = False

    UNSPECIFIED = 0
    NEGATIVE = 1
    POSITIVE = 2
    PENDING = 3
    INVALID = 4


class Hold(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A reason to stop and look that is not a colour.

    Attributes:
        code: Stable code of the member's table, such as ``POPUP_3``.
        text: The member's words; may be empty.
    """

    code: str
    text: str = ""


class Test(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One test of the person.

    Attributes:
        kind: What was looked for.
        result: What was found.
        sample_time_ms: When the sample was taken, or None.
        result_time_ms: When the result was issued, or None.
        laboratory: The member's words; may be empty.
    """

    __test__ = False

    kind: TestKind
    result: TestResult
    sample_time_ms: int | None = None
    result_time_ms: int | None = None
    laboratory: str = ""


class Vaccination(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Vaccination of the person.

    Attributes:
        doses: At least 1.
        last_dose_date: ``YYYY-MM-DD``, a Beijing date.
    """

    doses: int
    last_dose_date: str


class HealthCode(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One member's statement about one person, without the person and without the member.

    Who says it (the issuer), about whom (the subject) and who handed it in (via) stand in the key
    of the store; the document number has no place in here at all.

    Attributes:
        as_of_ms: When the issuer made the statement: the event time, which orders everything.
        level: UNSPECIFIED unless the state is ACTIVE.
        state: Whether the statement stands.
        valid_until_ms: Last instant of validity as the member gives it (it holds to the end of its
            second), or None.
        holds: In the order of the member's table.
        region: Six-digit division, or ``""``.
        native_status: The member's own word for level and state.
        tests: In the order of the payload.
        vaccination: None unless doses and date are both there.
        reason: Why; free text.
        guidance: What to do; free text.
        rule: Id of the member's rule.
        document_unique: False where two people can have the same document (a passport of a foreign
            shape, OTHER). Set when a statement is published.
    """

    as_of_ms: int
    level: Level
    state: State
    valid_until_ms: int | None = None
    holds: tuple[Hold, ...] = ()
    region: str = ""
    native_status: str = ""
    tests: tuple[Test, ...] = ()
    vaccination: Vaccination | None = None
    reason: str = ""
    guidance: str = ""
    rule: str = ""
    document_unique: bool = True


class DocumentType(StrEnum):
    """The seven document types of the common schema."""

    __hash__ = str.__hash__

    RESIDENT_ID = "RESIDENT_ID"
    PASSPORT = "PASSPORT"
    HK_MACAO_PERMIT = "HK_MACAO_PERMIT"
    TAIWAN_PERMIT = "TAIWAN_PERMIT"
    HK_MACAO_TAIWAN_RESIDENCE_PERMIT = "HK_MACAO_TAIWAN_RESIDENCE_PERMIT"
    FOREIGN_PERMANENT_RESIDENT_ID = "FOREIGN_PERMANENT_RESIDENT_ID"
    OTHER = "OTHER"


class Document(msgspec.Struct, frozen=True, gc=False):
    """What identifies a person: a type and a number in its normal form.

    Never stored and never logged: its ``repr`` shows the type only.
    """

    type: DocumentType
    number: str

    def __repr__(self) -> str:
        """Show the type only, so that no traceback or log line can carry the number."""
        return f"Document(type={self.type.value}, number=***)"
