"""Policies and statements for tests, and generators of them."""

import msgspec
from hypothesis import strategies as st

from exchange.core.compiled_policy import CompiledPolicy
from exchange.core.decision import Decision
from exchange.core.health_code import HealthCode, Hold, Level, State, Test, TestKind, TestResult
from exchange.core.members import NATIONAL
from exchange.core.policy import Combination, Policy, PolicyRule, Recognition, RuleText
from exchange.core.recognition import decide
from exchange.core.statement import Statement
from exchange.operations.shipped import default_for
from tests.core.strategies import ISSUERS, NOW_MS, statements

DAY = 86_400_000
HOUR = 3_600_000
DESTINATION = "310000"
DEFAULT = default_for(DESTINATION)


def var(path: str) -> dict[str, object]:
    return {"var": path}


def rule(logic: object, name: str = "some-rule", **fields: str) -> PolicyRule:
    return PolicyRule(name=name, text=RuleText("中文", "English"), logic=logic, **fields)  # type: ignore[arg-type]


def policy_with(*logics: object, base: Policy = DEFAULT, **fields: str) -> Policy:
    rules = tuple(rule(logic, f"rule-{i}", **fields) for i, logic in enumerate(logics))
    return msgspec.structs.replace(base, rules=rules)


def said(
    level: Level = Level.LOW,
    issuer: str = "510000",
    *,
    via: str = "",
    as_of: int = NOW_MS - 1000,
    state: State = State.ACTIVE,
    **fields: object,
) -> Statement:
    code = HealthCode(as_of, level, state, **fields)  # type: ignore[arg-type]
    return Statement(issuer, via or issuer, code, as_of + 500)


def nucleic(
    result: TestResult = TestResult.NEGATIVE,
    sample: int | None = NOW_MS - HOUR,
    issued: int | None = None,
    kind: TestKind = TestKind.NUCLEIC_ACID,
) -> Test:
    return Test(kind, result, sample, issued)


def decided(policy: Policy, *given: Statement, origin: str = "", now_ms: int = NOW_MS) -> Decision:
    return decide(given, CompiledPolicy(policy, DESTINATION), now_ms, origin=origin)


_role_paths = st.sampled_from(["origin", "local", "national", "strictest", "m110000", "m510000"])
_levels = st.sampled_from(["LOW", "MEDIUM", "ELEVATED", "HIGH", "UNSPECIFIED"])
_truths = st.one_of(
    st.booleans(),
    st.builds(
        lambda role, level: {"===": [var(f"payload.{role}.level"), level]}, _role_paths, _levels
    ),
    st.builds(lambda role: {"!": [var(f"payload.{role}")]}, _role_paths),
    st.builds(
        lambda role, n: {"<=": [var(f"payload.{role}.age_hours"), n]},
        _role_paths,
        st.integers(0, 200),
    ),
    st.just({"in": ["POPUP_3", var("payload.holds")]}),
    st.builds(lambda role: {"in": ["POPUP_3", var(f"payload.{role}.holds")]}, _role_paths),
    st.builds(
        lambda role: {
            "after": [
                {"plusTime": [var(f"payload.{role}.valid_until"), 0, "day"]},
                {"plusTime": [var("external.instant"), 0, "day"]},
            ]
        },
        _role_paths,
    ),
)
logics = st.recursive(
    _truths,
    lambda inner: st.one_of(
        st.builds(lambda a, b: {"and": [a, b]}, inner, inner),
        st.builds(lambda a: {"!": [a]}, inner),
        st.builds(lambda a, b, c: {"if": [a, b, c]}, inner, inner, inner),
    ),
    max_leaves=4,
)
"""Rules over the view: some can never pass, some cannot be evaluated on many cases."""

failings = st.sampled_from(["CROSS_CHECK", "REFUSE"])
_recognitions = st.sampled_from(
    [Recognition.RECOGNISE, Recognition.RECOGNISE, Recognition.CROSS_CHECK, Recognition.IGNORE]
)


@st.composite
def generated_policies(draw: st.DrawFn) -> Policy:
    count = draw(st.integers(0, 3))
    rules = tuple(
        rule(draw(logics), f"rule-{i}", failing=draw(failings), unevaluable=draw(failings))
        for i in range(count)
    )
    levels = st.sampled_from([("LOW",), ("LOW",), (), ("LOW", "MEDIUM"), ("LOW", "UNSPECIFIED")])
    return Policy(
        name="310000",
        revision=draw(st.integers(1, 9)),
        combination=draw(st.sampled_from(list(Combination))),
        admitted_levels=draw(levels),
        recognition_default=draw(_recognitions),
        recognition=draw(st.dictionaries(st.sampled_from(ISSUERS), _recognitions, max_size=3)),
        max_age_days={"LOW": draw(st.integers(0, 9)), "OTHER": draw(st.integers(0, 30))},
        accepts_not_unique=draw(st.booleans()),
        document_only=draw(st.sampled_from([False, False, False, False, True])),
        rules=rules,
    )


@st.composite
def _telling_statements(draw: st.DrawFn) -> Statement:
    """Draw what is close to deciding: mostly recent, active and green, and one thing about it."""
    issuer = draw(st.sampled_from(ISSUERS))
    state = draw(st.sampled_from([State.ACTIVE] * 5 + [State.PENDING, State.EXPIRED]))
    levels = st.sampled_from([Level.LOW] * 3 + [Level.UNSPECIFIED, Level.MEDIUM, Level.HIGH])
    age = draw(st.sampled_from([0, 1, HOUR, HOUR, 2 * DAY, 6 * DAY, 8 * DAY, 25 * DAY]))
    ends = st.sampled_from([None, None, None, NOW_MS - DAY, NOW_MS - 2000, NOW_MS, NOW_MS + DAY])
    return said(
        draw(levels) if state == State.ACTIVE else Level.UNSPECIFIED,
        issuer,
        via=draw(st.sampled_from([issuer, issuer, NATIONAL])),
        as_of=NOW_MS - age,
        state=state,
        valid_until_ms=draw(ends),
        holds=draw(st.sampled_from([(), (), (), (Hold("POPUP_3"),)])),
        region=draw(st.sampled_from(["", "310101"])),
        tests=draw(st.sampled_from([(), (nucleic(),), (nucleic(TestResult.POSITIVE),)])),
    )


_own_and_relayed = {"max_size": 5, "unique_by": lambda one: (one.issuer, one.via)}
people = st.one_of(
    st.lists(_telling_statements(), **_own_and_relayed),  # type: ignore[arg-type]
    st.lists(st.one_of(statements(), _telling_statements()), **_own_and_relayed),  # type: ignore[arg-type]
)
"""What a store can hold about one person, seldom far from what decides."""
