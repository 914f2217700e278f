import msgspec
import pytest
from hypothesis import given, strategies as st

from exchange.core.compiled_policy import CompiledPolicy
from exchange.core.decision import TEXTS, Decision, DecisionReason as R
from exchange.core.health_code import HealthCode, Hold, Level, State
from exchange.core.members import BY_CODE, NATIONAL
from exchange.core.policy import Combination, Policy, Recognition, Verdict
from exchange.core.recognition import decide
from exchange.core.rendering import NEUTRAL, Rendering
from exchange.core.standing import Standing
from exchange.core.statement import Statement
from exchange.operations.shipped import default_for
from tests.core.strategies import NOW_MS, cases

DAY = 86_400_000
DEFAULT = default_for("310000")


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


def decided(
    *statements: Statement, policy: Policy = DEFAULT, max_age_ms: int | None = None
) -> Decision:
    return decide(statements, CompiledPolicy(policy, "310000"), NOW_MS, max_age_ms=max_age_ms)


def reasons(decision: Decision) -> list[str]:
    return [finding.reason.value for finding in decision.findings]


UNKNOWN = Level.UNSPECIFIED
WITHDRAWN = said(UNKNOWN, state=State.WITHDRAWN)
PENDING = said(UNKNOWN, state=State.PENDING)
EXPIRED = said(UNKNOWN, state=State.EXPIRED)


@pytest.mark.parametrize(
    ("statements", "verdict", "first_reason"),
    [
        ((), Verdict.CROSS_CHECK, R.NO_STATEMENT),
        ((said(),), Verdict.ADMIT, R.LEVEL_ADMITTED),
        ((said(Level.MEDIUM),), Verdict.CROSS_CHECK, R.LEVEL_MEDIUM),
        ((said(Level.ELEVATED),), Verdict.REFUSE, R.LEVEL_ELEVATED),
        ((said(Level.HIGH),), Verdict.REFUSE, R.LEVEL_HIGH),
        ((said(), said(Level.HIGH, "110000")), Verdict.REFUSE, R.LEVEL_HIGH),
        ((said(), said(Level.MEDIUM, "110000")), Verdict.CROSS_CHECK, R.LEVEL_MEDIUM),
        ((said(holds=(Hold("POPUP_3"),)),), Verdict.CROSS_CHECK, R.HOLD),
        ((said(UNKNOWN, holds=(Hold("NO_CODE_1"),)),), Verdict.CROSS_CHECK, R.HOLD),
        ((PENDING,), Verdict.CROSS_CHECK, R.NOTHING_ACTIVE),
        ((PENDING, said(issuer="110000")), Verdict.ADMIT, R.LEVEL_ADMITTED),
        ((EXPIRED,), Verdict.CROSS_CHECK, R.NOTHING_ACTIVE),
        ((WITHDRAWN,), Verdict.CROSS_CHECK, R.NOTHING_ACTIVE),
        ((said(as_of=NOW_MS - 8 * DAY),), Verdict.CROSS_CHECK, R.NOTHING_ACTIVE),
        ((said(Level.HIGH, as_of=NOW_MS - 8 * DAY),), Verdict.REFUSE, R.LEVEL_HIGH),
        ((said(Level.HIGH, as_of=NOW_MS - 22 * DAY),), Verdict.CROSS_CHECK, R.NOTHING_ACTIVE),
        ((said(document_unique=False),), Verdict.CROSS_CHECK, R.DOCUMENT_NOT_UNIQUE),
        ((said(Level.HIGH, document_unique=False),), Verdict.REFUSE, R.LEVEL_HIGH),
        (
            (said(), said(Level.HIGH, via=NATIONAL, as_of=NOW_MS)),
            Verdict.CROSS_CHECK,
            R.CONTRADICTED_BY_RELAY,
        ),
    ],
)
def test_the_national_default_decides(
    statements: tuple[Statement, ...], verdict: Verdict, first_reason: R
) -> None:
    decision = decided(*statements)
    assert decision.verdict == verdict
    assert reasons(decision)[0] == first_reason.value


def test_a_statement_past_the_callers_limit_cannot_admit_but_still_refuses() -> None:
    old_green, old_red = said(as_of=NOW_MS - 2 * DAY), said(Level.HIGH, as_of=NOW_MS - 2 * DAY)
    assert decided(old_green, max_age_ms=3 * DAY).verdict == Verdict.ADMIT
    green = decided(old_green, max_age_ms=DAY)
    assert (green.verdict, R.OLDER_THAN_ASKED.value in reasons(green)) == (
        Verdict.CROSS_CHECK,
        True,
    )
    assert decided(old_red, max_age_ms=DAY).verdict == Verdict.REFUSE


def test_an_ignored_issuer_is_left_out_with_its_reason() -> None:
    policy = msgspec.structs.replace(DEFAULT, recognition={"510000": Recognition.IGNORE})
    decision = decided(said(Level.HIGH), policy=policy)
    assert decision.verdict == Verdict.CROSS_CHECK
    assert R.NOT_RECOGNISED.value in reasons(decision)
    assert [used.standing for used in decision.used] == [Standing.NOT_RECOGNISED]


def test_an_admission_that_rests_on_cross_checked_issuers_alone_is_a_cross_check() -> None:
    policy = msgspec.structs.replace(DEFAULT, recognition={"510000": Recognition.CROSS_CHECK})
    assert decided(said(), policy=policy).verdict == Verdict.CROSS_CHECK
    assert decided(said(), said(issuer="110000"), policy=policy).verdict == Verdict.ADMIT
    assert decided(said(Level.HIGH), policy=policy).verdict == Verdict.REFUSE


def test_one_admitted_level_suffices_where_the_policy_says_so() -> None:
    policy = msgspec.structs.replace(DEFAULT, combination=Combination.ANY_ADMITTED)
    both = decided(said(), said(Level.HIGH, "110000"), policy=policy)
    assert both.verdict == Verdict.ADMIT
    assert both.rendering.colour == "green"
    assert decided(said(Level.HIGH), policy=policy).verdict == Verdict.REFUSE
    assert decided(said(Level.MEDIUM), policy=policy).verdict == Verdict.CROSS_CHECK


def test_a_decision_may_be_relied_upon_until_the_first_thing_it_rests_on_lapses() -> None:
    hour = 3_600_000
    assert decided().valid_until_ms == NOW_MS + hour
    soon = said(valid_until_ms=NOW_MS + 60_000)
    assert decided(soon).valid_until_ms == NOW_MS + 60_999
    aging = said(as_of=NOW_MS - 7 * DAY + 5_000)
    assert decided(aging).valid_until_ms == NOW_MS + 5_000
    limited = decided(said(as_of=NOW_MS - 50_000), max_age_ms=60_000)
    assert limited.valid_until_ms == NOW_MS + 10_000


@pytest.mark.parametrize("member", sorted(BY_CODE))
@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize("state", [State.ACTIVE, State.PENDING, State.EXPIRED, State.WITHDRAWN])
def test_every_destination_shows_something_and_never_red_for_unknown(
    member: str, level: Level, state: State
) -> None:
    shown = level if state == State.ACTIVE else Level.UNSPECIFIED
    policy = default_for(member)
    decision = decide((said(shown, state=state),), CompiledPolicy(policy, member), NOW_MS)
    assert decision.rendering.chinese
    assert decision.rendering.english
    if shown == Level.UNSPECIFIED:
        assert not decision.rendering.colour
    if decision.rendering.colour in {"red", "green"}:
        assert (
            decision.verdict
            == {"red": Verdict.REFUSE, "green": Verdict.ADMIT}[decision.rendering.colour]
        )


def test_beijing_shows_words_and_tianjin_orange_for_yellow() -> None:
    assert shown_for_yellow("110000").chinese == "居家观察"
    assert shown_for_yellow("120000").colour == "orange"


def shown_for_yellow(destination: str) -> Rendering:
    policy = CompiledPolicy(default_for(destination), destination)
    return decide((said(Level.MEDIUM),), policy, NOW_MS).rendering


def test_a_green_that_has_to_be_looked_at_does_not_look_green() -> None:
    assert decided(said(holds=(Hold("POPUP_3"),))).rendering == NEUTRAL


def test_every_reason_has_a_text_in_both_languages() -> None:
    assert set(TEXTS) == set(R)
    assert all(chinese and english for chinese, english in TEXTS.values())


@given(cases, st.permutations(range(6)))
def test_the_order_of_statements_does_not_matter(
    statements: list[Statement], order: list[int]
) -> None:
    shuffled = [statements[i] for i in order if i < len(statements)]
    assert decided(*shuffled) == decided(*statements)


@given(cases)
def test_an_admission_always_rests_on_an_active_statement_in_force_of_an_admitted_level(
    statements: list[Statement],
) -> None:
    decision = decided(*statements)
    if decision.verdict == Verdict.ADMIT:
        assert any(
            used.standing == Standing.IN_FORCE
            and used.statement.health_code.state == State.ACTIVE
            and used.statement.health_code.level == Level.LOW
            for used in decision.used
        )
    assert decision.findings
    assert decision.valid_until_ms >= NOW_MS


@given(cases, st.sampled_from(["110000", "650000"]))
def test_one_more_red_statement_never_turns_a_refusal_into_an_admission(
    statements: list[Statement], issuer: str
) -> None:
    before = decided(*statements).verdict
    rest = [one for one in statements if one.issuer != issuer]
    after = decided(*rest, said(Level.HIGH, issuer, as_of=NOW_MS)).verdict
    assert after == Verdict.REFUSE
    assert after >= before


@given(cases, st.integers(0, 10 * DAY))
def test_a_callers_limit_never_admits_more(statements: list[Statement], limit_ms: int) -> None:
    assert decided(*statements, max_age_ms=limit_ms).verdict >= decided(*statements).verdict


@given(cases)
def test_lapsed_unknown_and_withdrawn_statements_neither_admit_nor_refuse(
    statements: list[Statement],
) -> None:
    quiet = [
        one
        for one in statements
        if one.health_code.state in {State.EXPIRED, State.WITHDRAWN, State.PENDING}
    ]
    assert decided(*quiet).verdict == Verdict.CROSS_CHECK
