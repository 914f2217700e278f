"""Encoded answers say what the ordinary path says, for every case they answer."""

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from exchange.api.v1 import decision_pb2 as pb, recognition_service_pb2 as service_pb
from exchange.core.compiled_policy import CompiledPolicy
from exchange.core.health_code import HealthCode, Hold, Level, State
from exchange.core.policy import Combination, Recognition
from exchange.core.recognition import decide
from exchange.core.statement import Statement
from exchange.operations.shipped import default_for, shipped_policies, shipped_policy
from exchange.wire.answers import OUTLINES_MAX, Answers
from exchange.wire.checks import fill_decision
from exchange.wire.encoding import length
from tests.core.policies import (
    DAY,
    HOUR,
    generated_policies,
    nucleic,
    people,
    policy_with,
    said,
)
from tests.core.strategies import ISSUERS, NOW_MS, cases

DEFAULT = default_for("370000")
recognitions = st.sampled_from(list(Recognition))
policies = st.builds(
    lambda combination, recognition, default: CompiledPolicy(
        msgspec.structs.replace(
            DEFAULT,
            combination=combination,
            recognition=recognition,
            recognition_default=default,
        ),
        "370000",
    ),
    st.sampled_from(list(Combination)),
    st.dictionaries(st.sampled_from(ISSUERS), recognitions),
    recognitions,
)


RULED = [
    CompiledPolicy(policy, code) for code, policy in shipped_policies().items() if policy.rules
]
ruled = st.one_of(
    st.sampled_from(RULED), st.builds(CompiledPolicy, generated_policies(), st.just("310000"))
)


def ordinary(
    statements: list[Statement], policy: CompiledPolicy, now_ms: int, origin: str = ""
) -> pb.Decision:
    message = pb.Decision()
    fill_decision(message, decide(statements, policy, now_ms, origin=origin))
    return message


@given(cases, policies, st.integers(-1000, 30 * 86_400_000))
def test_an_encoded_answer_is_the_ordinary_decision(
    statements: list[Statement], policy: CompiledPolicy, later_ms: int
) -> None:
    now_ms = NOW_MS + later_ms
    answers = Answers()
    for moved_ms in (0, 0, 1, 999):
        answer = answers.answer(statements, policy, now_ms + moved_ms)
        if answer is None:
            continue
        expected = ordinary(statements, policy, now_ms + moved_ms)
        assert pb.Decision.FromString(answer.encoded) == expected
        assert pb.Decision.Verdict.Name(expected.verdict) == answer.verdict
        response = service_pb.CheckHealthCodeResponse.FromString(answer.as_response())
        assert response.decision == expected
        batch = service_pb.BatchCheckHealthCodesResponse.FromString(
            b"".join(answer.as_result() * 2)
        )
        assert [result.decision for result in batch.results] == [expected, expected]


@given(cases, policies, st.integers(-1000, 7_200_000))
def test_an_encoded_answer_ends_with_its_policy_as_the_ordinary_decision_does(
    statements: list[Statement], policy: CompiledPolicy, left_ms: int
) -> None:
    bounded = policy.until(NOW_MS + max(0, left_ms))
    answer = Answers().answer(statements, bounded, NOW_MS)
    expected = ordinary(statements, bounded, NOW_MS)
    assert expected.expire_time.ToMilliseconds() <= bounded.last_ms
    assert answer is None or pb.Decision.FromString(answer.encoded) == expected


@settings(max_examples=300)
@given(st.lists(people, min_size=1, max_size=4), ruled, st.sampled_from(["", "510000"]))
def test_an_encoded_answer_is_the_ordinary_decision_by_rules_too(
    persons: list[list[Statement]], policy: CompiledPolicy, origin: str
) -> None:
    answers = Answers()
    for statements in persons:
        for now_ms in (NOW_MS, NOW_MS + HOUR, NOW_MS + 2 * DAY):
            for asked in (origin, ""):
                answer = answers.answer(statements, policy, now_ms, asked)
                expected = ordinary(statements, policy, now_ms, asked)
                assert answer is None or pb.Decision.FromString(answer.encoded) == expected


def test_a_traveller_is_answered_from_an_outline_by_rules_too() -> None:
    beijing = CompiledPolicy(shipped_policy("110000"), "110000")
    answers = Answers()
    verdicts = []
    for tests in ((), (nucleic(),), (nucleic(sample=NOW_MS - 3 * DAY),)):
        answer = answers.answer([said(issuer="120000", tests=tests)], beijing, NOW_MS, "120000")
        assert answer is not None
        verdicts.append(answer.verdict)
    assert verdicts == ["CROSS_CHECK", "ADMIT", "CROSS_CHECK"]


FRESH_TEST = {"<=": [{"var": "payload.test.age_hours"}, 24]}


def test_what_would_be_without_a_risk_is_asked_anew_for_each_person() -> None:
    asks = {"if": [{"===": [{"var": "payload.strictest.level"}, "HIGH"]}, True, FRESH_TEST]}
    base = msgspec.structs.replace(DEFAULT, combination=Combination.ANY_ADMITTED)
    policy = CompiledPolicy(policy_with(asks, base=base, failing="REFUSE"), "370000")
    verdicts = []
    answers = Answers()
    for sample in (NOW_MS - HOUR, NOW_MS - 2 * DAY):
        person = [said(issuer="310000", tests=(nucleic(sample=sample),)), said(Level.HIGH)]
        answer = answers.answer(person, policy, NOW_MS)
        expected = ordinary(person, policy, NOW_MS)
        verdicts.append(expected.verdict)
        assert answer is None or pb.Decision.FromString(answer.encoded) == expected
    assert verdicts == [pb.Decision.ADMIT, pb.Decision.CROSS_CHECK]


def test_rules_do_not_see_ignored_issuers_behind_an_outline_either() -> None:
    base = msgspec.structs.replace(DEFAULT, recognition={"510000": Recognition.IGNORE})
    policy = CompiledPolicy(policy_with(FRESH_TEST, base=base), "370000")
    answers = Answers()
    verdicts = []
    for sample in (NOW_MS - HOUR, NOW_MS - 2 * DAY):
        tested = said(issuer="310000", tests=(nucleic(sample=sample),))
        answer = answers.answer([tested, said(tests=(nucleic(sample=NOW_MS),))], policy, NOW_MS)
        assert answer is not None
        verdicts.append(answer.verdict)
    assert verdicts == ["ADMIT", "CROSS_CHECK"]


@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_ordinary_people_are_answered_from_an_outline(number: int) -> None:
    policy = CompiledPolicy(DEFAULT, "370000")
    statements = [
        Statement(issuer, issuer, HealthCode(NOW_MS - 5, Level.LOW, State.ACTIVE), NOW_MS)
        for issuer in ISSUERS[:number]
    ]
    assert Answers().answer(statements, policy, NOW_MS) is not None


def test_the_order_of_statements_does_not_change_an_answer() -> None:
    policy = CompiledPolicy(DEFAULT, "370000")
    statements = [
        Statement(issuer, issuer, HealthCode(NOW_MS - 5, level, State.ACTIVE), NOW_MS)
        for issuer, level in zip(ISSUERS, (Level.LOW, Level.HIGH, Level.MEDIUM), strict=False)
    ]
    forward = Answers().answer(statements, policy, NOW_MS)
    assert forward == Answers().answer(statements[::-1], policy, NOW_MS)


@pytest.mark.parametrize("size", [1, 127, 128, 2_047, 2_048, 16_383, 16_384, 3_000_000])
def test_a_length_is_encoded_as_protobuf_does(size: int) -> None:
    text = "x" * size
    encoded = pb.Decision(policy=text).SerializeToString()
    assert encoded[1:] == length(size) + text.encode()


def test_outlines_are_kept_up_to_a_limit_and_answers_stay_right_beyond_it() -> None:
    policy, answers = CompiledPolicy(DEFAULT, "370000"), Answers()
    one = HealthCode(NOW_MS - 5, Level.LOW, State.ACTIVE)
    for number in range(OUTLINES_MAX + 10):
        held = msgspec.structs.replace(one, holds=(Hold(f"HOLD_{number}"),))
        answers.answer([Statement("510000", "510000", held, NOW_MS)], policy, NOW_MS)
    assert len(answers._outlines) == OUTLINES_MAX
    first = [
        Statement("510000", "510000", msgspec.structs.replace(one, holds=(Hold("HOLD_0"),)), NOW_MS)
    ]
    again = answers.answer(first, policy, NOW_MS)
    assert again is not None
    assert pb.Decision.FromString(again.encoded) == ordinary(first, policy, NOW_MS)
