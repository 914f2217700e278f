"""Policies and statements for tests, and generators of them."""

from random import Random

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
from tests.core.strategies import ISSUERS, NOW_MS

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
_RECOGNITIONS = [*[Recognition.RECOGNISE] * 3, Recognition.CROSS_CHECK, Recognition.IGNORE]
_LEVELS = [("LOW",), ("LOW",), ("LOW", "MEDIUM"), ("LOW", "UNSPECIFIED"), ()]


@st.composite
def generated_policies(draw: st.DrawFn) -> Policy:
    """Draw a policy: its rules with what hypothesis likes, the rest evenly."""
    random = Random(draw(_seeds))  # noqa: S311 -- examples, not secrets
    rules = tuple(
        rule(draw(logics), f"rule-{i}", failing=draw(failings), unevaluable=draw(failings))
        for i in range(random.choice([0, 0, 1, 2, 3]))
    )
    return Policy(
        name="310000",
        revision=random.randint(1, 9),
        combination=random.choice(list(Combination)),
        admitted_levels=random.choice(_LEVELS),
        recognition_default=random.choice(_RECOGNITIONS),
        recognition={
            issuer: random.choice(_RECOGNITIONS) for issuer in ISSUERS if random.random() < 0.4
        },
        max_age_days={"LOW": random.choice([0, 1, 5, 7, 9]), "OTHER": random.randint(0, 30)},
        accepts_not_unique=random.random() < 0.5,
        document_only=random.random() < 0.1,
        rules=rules,
    )


def _person(seed: int) -> list[Statement]:
    """Make up what a store can hold about one person, seldom far from what decides."""
    random = Random(seed)  # noqa: S311 -- examples, not secrets
    sources = [(issuer, via) for issuer in ISSUERS for via in {issuer, NATIONAL}]
    count = random.choice([0, 1, 1, 1, 1, 2, 2, 2, 3, 5])
    return [_telling(random, *source) for source in random.sample(sorted(sources), count)]


def _telling(random: Random, issuer: str, via: str) -> Statement:
    state = random.choice([*[State.ACTIVE] * 12, State.PENDING, State.EXPIRED, State.WITHDRAWN])
    levels = [*[Level.LOW] * 9, Level.UNSPECIFIED, Level.MEDIUM, Level.ELEVATED, Level.HIGH]
    tests = [(), (nucleic(),), (nucleic(TestResult.POSITIVE),), (nucleic(sample=NOW_MS - 3 * DAY),)]
    return said(
        random.choice(levels) if state == State.ACTIVE else Level.UNSPECIFIED,
        issuer,
        via=via,
        as_of=NOW_MS
        - random.choice([0, 1, 500, 1500, HOUR, HOUR, HOUR, 2 * DAY, 6 * DAY, 25 * DAY]),
        state=state,
        valid_until_ms=random.choice([*[None] * 12, NOW_MS - DAY, NOW_MS - 2000, NOW_MS]),
        holds=random.choice([*[()] * 7, (Hold("POPUP_3"),)]),
        region=random.choice(["", "310101"]),
        tests=random.choice(tests),
        document_unique=random.random() < 0.95,
    )


_seeds = st.integers(0, 2**32 - 1)
people = st.builds(_person, _seeds)
"""Statements about one person. Drawn evenly: left to itself, hypothesis draws mostly nobody, and
then nothing is ever admitted that a property could miss."""
