"""The ladder of degradation: how far an answer is from the best one, and never a guess."""

import msgspec
from hypothesis import given, strategies as st

from exchange.api.v1 import decision_pb2
from exchange.core.compiled_policy import CompiledPolicy
from exchange.core.decision import Decision, DecisionReason, Rung
from exchange.core.health_code import HealthCode, Level, State
from exchange.core.policy import Verdict
from exchange.core.recognition import decide
from exchange.core.statement import Statement
from exchange.operations.shipped import default_for
from tests.core.strategies import NOW_MS, cases

HOUR = 3_600_000
DEFAULT = default_for("310000")
EMERGENCY = msgspec.structs.replace(DEFAULT, document_only=True)


def said(level: Level = Level.LOW, issuer: str = "510000", age_ms: int = HOUR) -> Statement:
    code = HealthCode(NOW_MS - age_ms, level, State.ACTIVE)
    return Statement(issuer, issuer, code, NOW_MS)


def answer(
    *statements: Statement, emergency: bool = False, max_age_ms: int | None = None
) -> Decision:
    policy = CompiledPolicy(EMERGENCY if emergency else DEFAULT, "310000")
    return decide(statements, policy, NOW_MS, max_age_ms=max_age_ms)


def test_an_answer_on_new_statements_or_on_none_at_all_is_live() -> None:
    assert answer(said()).rung is Rung.LIVE
    assert answer(said(), max_age_ms=2 * HOUR).rung is Rung.LIVE
    assert answer().rung is Rung.LIVE


def test_what_is_older_than_asked_is_left_out_and_the_answer_says_so() -> None:
    old = answer(said(), max_age_ms=HOUR // 2)
    assert (old.verdict, old.rung) == (Verdict.CROSS_CHECK, Rung.OLDER_THAN_ASKED)
    beside = answer(said(), said(issuer="110000", age_ms=60_000), max_age_ms=HOUR // 2)
    assert (beside.verdict, beside.rung) == (Verdict.ADMIT, Rung.OLDER_THAN_ASKED)


def test_in_an_emergency_nobody_is_admitted_by_a_health_code_and_a_refusal_stays_one() -> None:
    admitted = answer(said(), emergency=True)
    assert (admitted.verdict, admitted.rung) == (Verdict.CROSS_CHECK, Rung.DOCUMENT_ONLY)
    assert DecisionReason.DOCUMENT_ONLY in {finding.reason for finding in admitted.findings}
    refused = answer(said(Level.HIGH), emergency=True)
    assert (refused.verdict, refused.rung) == (Verdict.REFUSE, Rung.DOCUMENT_ONLY)


@given(cases, st.none() | st.integers(0, 30 * 24 * HOUR))
def test_an_emergency_only_tightens(statements: list[Statement], max_age_ms: int | None) -> None:
    usual = answer(*statements, max_age_ms=max_age_ms)
    emergency = answer(*statements, emergency=True, max_age_ms=max_age_ms)
    assert emergency.verdict == max(usual.verdict, Verdict.CROSS_CHECK)
    assert emergency.rung is Rung.DOCUMENT_ONLY


def test_rungs_are_those_of_the_api() -> None:
    known = dict(decision_pb2.Decision.Rung.items())
    assert known == {"RUNG_UNSPECIFIED": 0} | {rung.name: rung.value for rung in Rung}
