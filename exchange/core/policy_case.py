"""Cases of policies: what is known about somebody, what is asked, and what should come of it."""

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from exchange.core.compiled_policy import CompiledPolicy
from exchange.core.decision import Decision
from exchange.core.health_code import (
    HealthCode,
    Hold,
    Level,
    State,
    Test,
    TestKind,
    TestResult,
    Vaccination,
)
from exchange.core.recognition import decide
from exchange.core.statement import Statement
from exchange.core.times import DAY_MS, parse_rfc3339

CASES_MAX = 10_000
"""Cases of one file: some tenths of a second of deciding."""


class CaseTest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A test of the person; times in RFC 3339."""

    result: str
    sample_time: str = ""
    result_time: str = ""
    kind: str = "NUCLEIC_ACID"


class CaseStatement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A statement about the person, written by hand.

    Attributes:
        issuer: Six-digit member.
        via: Who handed it in; the issuer itself if left out.
        level: Name of the level.
        state: Name of the state.
        as_of: RFC 3339, as all times here.
        valid_until: ``""`` for none.
        holds: Codes.
        region: Six digits or ``""``.
        tests: In any order.
        vaccination: Or null.
        document_unique: Whether only one person can have the document.
    """

    issuer: str
    via: str = ""
    level: str = "UNSPECIFIED"
    state: str = "ACTIVE"
    as_of: str
    valid_until: str = ""
    holds: tuple[str, ...] = ()
    region: str = ""
    tests: tuple[CaseTest, ...] = ()
    vaccination: Vaccination | None = None
    document_unique: bool = True


class Expected(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What should come of a case.

    Attributes:
        verdict: Name of the verdict.
        reasons: Reasons that must be among those given, each ``REASON``, ``REASON detail`` or
            ``REASON@issuer``.
    """

    verdict: str
    reasons: tuple[str, ...] = ()


class PolicyCase(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One case.

    Attributes:
        name: What it shows, as a sentence.
        instant: RFC 3339.
        origin: Member the person comes from, or ``""``.
        max_age_days: Of the caller's wish, or null.
        statements: In any order.
        expected: What should come of it; null in files for dry runs only.
    """

    name: str
    instant: str
    origin: str = ""
    max_age_days: int | None = None
    statements: tuple[CaseStatement, ...] = ()
    expected: Expected | None = None


def read_cases(data: bytes) -> tuple[PolicyCase, ...]:
    """Read a file of cases: a JSON array.

    Raises:
        ValueError: It is none; the text says where.
    """
    cases = msgspec.json.decode(data, type=tuple[PolicyCase, ...])
    if len(cases) > CASES_MAX:
        raise ValueError(f"A file has at most {CASES_MAX} cases.")
    for case in cases:
        statements_of(case)
        parse_rfc3339(case.instant)
    return cases


def statements_of(case: PolicyCase) -> tuple[Statement, ...]:
    """Return the statements of a case, received when they were made.

    Raises:
        ValueError: A name or a time is none.
    """
    return tuple(_statement(one) for one in case.statements)


def decide_case(case: PolicyCase, policy: CompiledPolicy) -> Decision:
    """Decide a case.

    Raises:
        ValueError: A name or a time of it is none.
    """
    max_age_ms = None if case.max_age_days is None else case.max_age_days * DAY_MS
    now_ms = parse_rfc3339(case.instant)
    return decide(statements_of(case), policy, now_ms, origin=case.origin, max_age_ms=max_age_ms)


def unexpected(case: PolicyCase, decision: Decision) -> tuple[str, ...]:
    """Say in what a decision differs from what the case expects; nothing where it does not."""
    if case.expected is None:
        return ()
    found = []
    if decision.verdict.name != case.expected.verdict:
        found.append(f"{decision.verdict.name} instead of {case.expected.verdict}")
    given = frozenset(reasons_of(decision))
    found += [f"no reason {reason}" for reason in case.expected.reasons if reason not in given]
    return tuple(found)


def reasons_of(decision: Decision) -> Iterable[str]:
    """Name the reasons of a decision in every form that a case may use."""
    for finding in decision.findings:
        yield finding.reason.value
        yield f"{finding.reason.value} {finding.detail}"
        yield f"{finding.reason.value}@{finding.issuer}"


def _statement(one: CaseStatement) -> Statement:
    as_of_ms = parse_rfc3339(one.as_of)
    level, state = _named(Level, one.level), _named(State, one.state)
    health_code = HealthCode(
        as_of_ms=as_of_ms,
        # As where statements come in: a level beside another state is dropped.
        level=level if state == State.ACTIVE else Level.UNSPECIFIED,
        state=state,
        valid_until_ms=_time(one.valid_until),
        holds=tuple(Hold(code) for code in one.holds),
        region=one.region,
        tests=tuple(_test(test) for test in one.tests),
        vaccination=one.vaccination,
        document_unique=one.document_unique,
    )
    return Statement(one.issuer, one.via or one.issuer, health_code, as_of_ms)


def _test(test: CaseTest) -> Test:
    return Test(
        _named(TestKind, test.kind),
        _named(TestResult, test.result),
        _time(test.sample_time),
        _time(test.result_time),
    )


def _time(text: str) -> int | None:
    return parse_rfc3339(text) if text else None


One = TypeVar("One", Level, State, TestKind, TestResult)


def _named(kind: type[One], name: str) -> One:
    """Find a value by name."""
    try:
        return kind[name]
    except KeyError:
        raise ValueError(f"There is no {kind.__name__} of that name.") from None
