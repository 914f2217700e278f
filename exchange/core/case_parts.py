"""What the parts of a view are made of: the strictest statement, tests, vaccinations, holds."""

import msgspec

from exchange.core.case_view import CaseFacts
from exchange.core.certlogic import Json
from exchange.core.health_code import Test, TestKind, TestResult
from exchange.core.standing import IssuerStanding, Standing
from exchange.core.statement import strictness

_IN_FORCE, _WITHDRAWN = Standing.IN_FORCE, Standing.WITHDRAWN
_NUCLEIC_ACID, _POSITIVE = TestKind.NUCLEIC_ACID, TestResult.POSITIVE
_NEGATIVE = TestResult.NEGATIVE


class DatedTest(msgspec.Struct, frozen=True, gc=False):
    """The latest test.

    Attributes:
        test: The test.
        issuer: In whose statement it came.
        time_ms: When it was sampled, else when its result was there.
    """

    test: Test
    issuer: str
    time_ms: int


def strictest_in_force(case: CaseFacts) -> IssuerStanding | None:
    """Return the strictest in force; of equals the newer, then that of the larger issuer."""
    found: IssuerStanding | None = None
    best: tuple[int, int, str] = (-1, 0, "")
    for one in case.recognised:
        if one.standing is not _IN_FORCE:
            continue
        health_code = one.statement.health_code
        key = (strictness(health_code), health_code.as_of_ms, one.statement.issuer)
        if key > best:
            best, found = key, one
    return found


def latest_test(case: CaseFacts) -> DatedTest | None:
    """Return the latest nucleic-acid test that proves something."""
    best: tuple[int, bool, str] | None = None
    found: Test | None = None
    for one in case.recognised:
        tests = one.statement.health_code.tests
        if not tests or one.standing is _WITHDRAWN:
            continue
        for test in tests:
            if test.kind is not _NUCLEIC_ACID:
                continue
            positive = test.result is _POSITIVE
            if not positive and test.result is not _NEGATIVE:
                continue
            time_ms = test.result_time_ms if test.sample_time_ms is None else test.sample_time_ms
            if time_ms is None or (time_ms > case.now_ms and not positive):
                continue
            key = (time_ms, positive, one.statement.issuer)
            if best is None or key > best:
                best, found = key, test
    return None if best is None or found is None else DatedTest(found, best[2], best[0])


def most_vaccinated(case: CaseFacts) -> Json:
    """Return the vaccination with most doses, then the latest, as an object of the view."""
    best: tuple[int, str, str] | None = None
    for one in case.recognised:
        vaccination = one.statement.health_code.vaccination
        if vaccination is None or one.standing is _WITHDRAWN:
            continue
        key = (vaccination.doses, vaccination.last_dose_date, one.statement.issuer)
        if best is None or key > best:
            best = key
    if best is None:
        return None
    return {"doses": best[0], "last_dose_date": best[1], "issuer": best[2]}


def all_holds(case: CaseFacts) -> Json:
    """Return the codes of all holds in force, each once, sorted."""
    codes: set[str] = set()
    for one in case.recognised:
        holds = one.statement.health_code.holds
        if holds and one.standing is _IN_FORCE:
            codes.update([hold.code for hold in holds])
    found: list[Json] = [*sorted(codes)]
    return found
