import msgspec
import pytest
from hypothesis import given, strategies as st

from exchange.core.compiled_policy import CompiledPolicy
from exchange.core.policy import Combination, Policy, Recognition, ValueSet
from exchange.core.policy_change import (
    Difference,
    Direction,
    differences,
    needs_notice,
    only_lowers_risk,
)
from exchange.core.policy_ledger import Activation, Ledger, RevisionState
from exchange.core.recognition import decide
from exchange.core.statement import Statement
from tests.core.policies import DEFAULT, decided, generated_policies, people, rule
from tests.core.strategies import NOW_MS

HOUR = 3_600_000


def ledger(revisions: int = 3) -> Ledger:
    made = Ledger()
    for index in range(revisions):
        made = made.with_revision(index)
    return made


def test_before_any_activation_the_default_is_in_force_and_nothing_can_be_rolled_back() -> None:
    assert ledger().in_force(10) == 0
    assert ledger().before(10) is None
    assert ledger().state_of(1, 10) == RevisionState.DRAFT


def test_a_revision_comes_in_force_at_its_time_and_not_before() -> None:
    made = ledger().activated(1, 100, now_ms=10)
    assert [made.in_force(at) for at in (99, 100, 101)] == [0, 1, 1]
    assert made.state_of(1, 50) == RevisionState.ACTIVE


def test_a_revision_that_another_one_follows_is_retired() -> None:
    made = ledger().activated(1, 10, 10).activated(2, 100, 20)
    states = [made.state_of(1, at) for at in (50, 100)]
    assert states == [RevisionState.ACTIVE, RevisionState.RETIRED]


def test_a_rollback_goes_to_the_revision_in_force_just_before_at_once() -> None:
    made = ledger().activated(1, 10, 10).activated(2, 20, 20).activated(3, 30, 30)
    assert made.before(40) == 2
    back = made.rolled_back(2, 40, "defect")
    assert (back.in_force(39), back.in_force(40)) == (3, 2)
    assert back.state_of(3, 40) == RevisionState.RETIRED
    assert back.before(50) == 3


def test_the_first_revision_is_rolled_back_to_the_default() -> None:
    made = ledger().activated(1, 10, 10)
    assert made.before(20) == 0
    assert made.rolled_back(0, 20, "").in_force(20) == 0


def test_what_is_in_force_until_a_time_is_what_is_now_and_what_comes_before_it() -> None:
    made = ledger().activated(1, 50, 50).activated(2, 200, 60).activated(3, 300, 60)
    assert made.in_force_until(100, 100) == (1,)
    assert made.in_force_until(100, 200) == (1,)
    assert made.in_force_until(100, 201) == (1, 2)
    assert made.in_force_until(100, 400) == (1, 2, 3)


def test_a_rollback_cancels_what_was_to_come() -> None:
    made = ledger().activated(1, 10, 10).activated(2, 20, 20).activated(3, 1000, 30)
    back = made.rolled_back(1, 40, "")
    assert back.in_force(2000) == 1
    assert back.state_of(3, 40) == RevisionState.RETIRED
    assert back.scheduled(40) == ()


def test_an_activation_cancels_what_was_to_come_after_it_and_nothing_that_was_in_force() -> None:
    made = ledger().activated(1, 10, 10).activated(2, 1000, 20).activated(3, 500, 30)
    assert [made.in_force(at) for at in (10, 499, 500, 1000)] == [1, 1, 3, 3]


def test_two_activations_at_one_instant_leave_the_later_made_one_in_force() -> None:
    made = ledger().activated(1, 10, 10).activated(2, 10, 10)
    assert made.in_force(10) == 2


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 50), st.booleans()), max_size=8))
def test_what_was_in_force_in_the_past_never_changes(
    steps: list[tuple[int, int, bool]],
) -> None:
    made, seen = ledger(), {}
    for now, (revision, ahead, roll) in enumerate(steps, start=1):
        instant = now * 20
        before = made.before(instant)
        if roll and before is not None:
            made = made.rolled_back(before, instant, "")
        else:
            made = made.activated(revision, instant + ahead, instant)
        seen[instant] = made.in_force(instant)
        assert {at: made.in_force(at) for at in seen} == seen


def test_a_ledger_is_read_back_as_it_was_written() -> None:
    made = ledger().activated(1, 10, 10, "why").rolled_back(0, 20, "because")
    assert msgspec.json.decode(msgspec.json.encode(made), type=Ledger) == made
    assert isinstance(made.activations[0], Activation)


def changed(**fields: object) -> Policy:
    return msgspec.structs.replace(DEFAULT, **fields)


def with_rules(*rules: object) -> Policy:
    return changed(rules=rules)


@pytest.mark.parametrize(
    ("old", "new", "place", "direction"),
    [
        (DEFAULT, changed(combination=Combination.ANY_ADMITTED), "combination", "looser"),
        (changed(combination=Combination.ANY_ADMITTED), DEFAULT, "combination", "tighter"),
        (DEFAULT, changed(admitted_levels=()), "admitted_levels.LOW", "tighter"),
        (
            DEFAULT,
            changed(admitted_levels=("LOW", "MEDIUM")),
            "admitted_levels.MEDIUM",
            "looser",
        ),
        (
            DEFAULT,
            changed(recognition={"510000": Recognition.CROSS_CHECK}),
            "recognition.510000",
            "tighter",
        ),
        (
            DEFAULT,
            changed(recognition={"510000": Recognition.IGNORE}),
            "recognition.510000",
            "either",
        ),
        (DEFAULT, changed(max_age_days={"LOW": 3, "OTHER": 21}), "max_age_days.LOW", "either"),
        (DEFAULT, changed(accepts_not_unique=True), "accepts_not_unique", "looser"),
        (DEFAULT, changed(document_only=True), "document_only", "tighter"),
        (changed(document_only=True), DEFAULT, "document_only", "looser"),
        (DEFAULT, with_rules(rule(True)), "rules.some-rule", "tighter"),
        (with_rules(rule(True)), DEFAULT, "rules.some-rule", "looser"),
        (with_rules(rule(1)), with_rules(rule(True)), "rules.some-rule", "either"),
        (
            with_rules(rule(True)),
            with_rules(rule(True, failing="REFUSE")),
            "rules.some-rule",
            "tighter",
        ),
        (
            with_rules(rule(True, failing="REFUSE")),
            with_rules(rule(True)),
            "rules.some-rule",
            "looser",
        ),
        (DEFAULT, changed(value_sets={"a": ValueSet("1", ())}), "value_sets.a", "either"),
        (DEFAULT, changed(reliance_minutes=5), "reliance_minutes", "neutral"),
        (DEFAULT, changed(reliance_minutes=600), "reliance_minutes", "looser"),
        (DEFAULT, changed(basis="x"), "basis", "neutral"),
    ],
)
def test_every_kind_of_difference_is_found_with_its_direction(
    old: Policy, new: Policy, place: str, direction: str
) -> None:
    (found,) = differences(old, new)
    assert (found.place, found.direction) == (place, Direction(direction))


def test_what_can_admit_fewer_needs_notice_and_only_what_admits_no_more_may_waive_it() -> None:
    def of(*directions: Direction) -> tuple[Difference, ...]:
        return tuple(Difference("x", one, "", "") for one in directions)

    tighter, looser, either = Direction.TIGHTER, Direction.LOOSER, Direction.EITHER
    assert [needs_notice(of(one)) for one in Direction] == [True, False, True, False]
    assert [only_lowers_risk(of(one)) for one in Direction] == [True, False, False, True]
    assert not only_lowers_risk(of(tighter, looser))
    assert needs_notice(of(looser, either))


@given(generated_policies(), generated_policies(), people)
def test_what_only_lowers_risk_never_admits_more_and_what_needs_no_notice_never_admits_fewer(
    old: Policy, new: Policy, given_statements: list[Statement]
) -> None:
    # Pairs of policies that have most in common, so that all directions occur.
    mixed = msgspec.structs.replace(
        old, rules=new.rules, combination=new.combination, recognition=new.recognition
    )
    added = msgspec.structs.replace(old, rules=(*old.rules, rule(False, "added")))
    for one, other in ((old, mixed), (mixed, old), (old, added), (added, old)):
        found = differences(one, other)
        before = decided(one, *given_statements, origin="510000").verdict
        after = decided(other, *given_statements, origin="510000").verdict
        if only_lowers_risk(found):
            assert after >= before
        if not needs_notice(found):
            assert after <= before


def test_a_policy_decides_the_same_whatever_its_name_and_revision() -> None:
    other = changed(name="510000", revision=7)
    one = decide((), CompiledPolicy(DEFAULT, "310000"), NOW_MS)
    two = decide((), CompiledPolicy(other, "310000"), NOW_MS)
    assert (one.verdict, one.findings) == (two.verdict, two.findings)
    assert (two.policy, two.policy_revision) == ("510000", 7)
