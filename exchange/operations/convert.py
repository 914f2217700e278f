"""Converting: the effective statement about a person in a destination's own bytes (modes 2 and 3).

What was written is read again with the destination's own adapter before it leaves. That shows what
was lost, and nothing leaves that would read milder, fresher or longer than its source.
"""

from collections.abc import Sequence

import msgspec

from adapters.base import Format, Keys
from adapters.families.relay import combined
from exchange.core.check import Subjects
from exchange.core.effective import as_it_stands, contradicts, effective
from exchange.core.errors import (
    ContradictedError,
    NoStatementError,
    NotConvertibleError,
    NotWritableError,
    StoreError,
    WouldOutliveSourceError,
)
from exchange.core.health_code import Document, HealthCode, Level
from exchange.core.losses import Loss, losses
from exchange.core.members import NATIONAL
from exchange.core.outcome import NotRepresentableError, Rejected, Translated
from exchange.core.standing import (
    IssuerStanding,
    MaxAge,
    Standing,
    by_issuer,
    end_of_validity_ms,
)
from exchange.core.statement import Statement
from exchange.operations.environment import Environment
from exchange.operations.formats import MemberFormats
from exchange.operations.lookup import read_statements

NATIONAL_FORMAT = "000000-relay-v1"
"""The format of the national answer: one entry for each reporting member."""


class Question(msgspec.Struct, frozen=True):
    """Whose statement is wanted.

    Attributes:
        document: Whom it is about; a format writes the number, which the exchange does not keep.
        subjects: The same person under every key generation in use.
    """

    document: Document
    subjects: Subjects


class Written(msgspec.Struct, frozen=True):
    """A statement in a format.

    Attributes:
        payload: The bytes.
        losses: What reads otherwise than in the source.
    """

    payload: bytes
    losses: tuple[Loss, ...]


class Conversion(msgspec.Struct, frozen=True):
    """What was converted.

    Attributes:
        written: Bytes and losses.
        statement: The statement used.
        standing: How it stands.
    """

    written: Written
    statement: Statement
    standing: Standing


class NationalEntry(msgspec.Struct, frozen=True):
    """One member's part of the national answer.

    Attributes:
        statement: The statement that speaks for the member.
        standing: How it stands.
        losses: What reads otherwise than in the source; () for one that is left out.
        refusal: Why it is not in the payload; None for one that is.
    """

    statement: Statement
    standing: Standing
    losses: tuple[Loss, ...] = ()
    refusal: NotConvertibleError | None = None


class NationalAnswer(msgspec.Struct, frozen=True):
    """The national answer about a person.

    Attributes:
        payload: Bytes in the national format.
        entries: One for each member that said something, those left out included.
    """

    payload: bytes
    entries: tuple[NationalEntry, ...]


def write_statement(said: Translated, found: Format, keys: Keys, now_ms: int) -> Written:
    """Write a statement in a format, and read it again to be sure what it says there.

    Raises:
        NotWritableError: The format cannot say it.
        WouldOutliveSourceError: Its end would read later than the source's.
    """
    try:
        payload = found.encode(said.issuer, said.document, said.health_code, keys)
    except NotRepresentableError as error:
        raise NotWritableError(found.id, error.field) from None
    outcomes = found.decode(payload, now_ms, keys)
    read = outcomes[0] if len(outcomes) == 1 else None
    if not isinstance(read, Translated):
        raise NotWritableError(found.id, read.field if isinstance(read, Rejected) else "")
    field = _misread(said, read)
    if field:
        raise NotWritableError(found.id, field)
    if _outlives(said.health_code, read.health_code):
        raise WouldOutliveSourceError(found.id)
    return Written(payload, losses(said, read))


def _misread(said: Translated, read: Translated) -> str:
    """Name what would mislead: another person, state, a milder level, a lost hold, a later as-of.

    A format that keeps the catalogue's writing rules never gets here with anything; the conversion
    does not rest on that.
    """
    source, result = said.health_code, read.health_code
    # Only levels between green and red may be rounded, and only up: nobody is accused.
    exact = source.level in (Level.LOW, Level.UNSPECIFIED)
    checks = (
        ("document.type", read.document != said.document),
        ("state", result.state is not source.state),
        ("level", result.level < source.level or (exact and result.level is not source.level)),
        ("holds", not {one.code for one in source.holds} <= {one.code for one in result.holds}),
        ("as_of", result.as_of_ms > source.as_of_ms),
    )
    return next((field for field, wrong in checks if wrong), "")


def _outlives(source: HealthCode, result: HealthCode) -> bool:
    """Tell whether an end would read later; formats that make an end by rule make it anew."""
    if source.valid_until_ms is None or result.valid_until_ms is None:
        return False  # No end at all in the format is a loss that is named, by design.
    return end_of_validity_ms(result.valid_until_ms) > end_of_validity_ms(source.valid_until_ms)


class Converter:
    """Gives statements in members' own formats."""

    def __init__(
        self,
        environment: Environment,
        formats: MemberFormats,
        max_age: MaxAge,
    ) -> None:
        """Take what conversion needs.

        Args:
            environment: Store, subject keys, retention and clock.
            formats: Of the members.
            max_age: The greatest ages under the national default; what is older has lapsed.
        """
        self._environment = environment
        self._formats = formats
        self._max_age = max_age

    async def convert(self, question: Question, destination: str, format_id: str) -> Conversion:
        """Write the effective statement about a person in one of the destination's formats.

        Raises:
            NotFoundError: The destination has no such format.
            FormatKeyMissingError: The exchange has no key for it.
            NoStatementError: Nobody has said anything about the person.
            NotConvertibleError: It may not or cannot be written.
            StoreError: The statements cannot be read.
        """
        found = self._formats.of(destination, format_id)
        issuers, now_ms = await self._standings(question)
        chosen = effective(issuers)
        if chosen is None:
            raise NoStatementError
        if any(contradicts(one, chosen.statement) for one in issuers):
            raise ContradictedError(format_id)
        written = self._write(question, chosen, found, now_ms)
        return Conversion(written, chosen.statement, chosen.standing)

    async def national_answer(self, question: Question) -> NationalAnswer:
        """Write what every member says about a person in the national format.

        Raises:
            StoreError: The statements cannot be read.
        """
        found = self._formats.of(NATIONAL, NATIONAL_FORMAT)
        issuers, now_ms = await self._standings(question)
        payloads: list[bytes] = []
        entries: list[NationalEntry] = []
        for one in issuers:
            entry = NationalEntry(one.statement, one.standing)
            try:
                if contradicts(one, one.statement):
                    raise ContradictedError(found.id)
                written = self._write(question, one, found, now_ms)
            except NotConvertibleError as refusal:
                entries.append(msgspec.structs.replace(entry, refusal=refusal))
                continue
            payloads.append(written.payload)
            entries.append(msgspec.structs.replace(entry, losses=written.losses))
        return NationalAnswer(combined(payloads), tuple(entries))

    async def _standings(self, question: Question) -> tuple[Sequence[IssuerStanding], int]:
        environment = self._environment
        (answer,) = await read_statements(
            environment.store, [question.subjects], environment.horizon_ms
        )
        if isinstance(answer, StoreError):
            raise answer
        now_ms = environment.clock()
        return by_issuer(answer, now_ms, self._max_age), now_ms

    def _write(
        self, question: Question, one: IssuerStanding, found: Format, now_ms: int
    ) -> Written:
        said = Translated(one.statement.issuer, question.document, as_it_stands(one))
        return write_statement(said, found, self._formats.keys_of(found.id), now_ms)
