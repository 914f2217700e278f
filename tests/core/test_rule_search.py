from random import Random

import msgspec
import pytest

from exchange.core.matrix import asymmetries, matrix
from exchange.core.policy import Recognition
from exchange.core.rule_search import never_passes
from exchange.core.verdict import Verdict
from exchange.operations.shipped import default_for, shipped_policies
from tests.core.policies import policy_with, var
from tests.core.strategies import NOW_MS

RANDOM = Random(1)  # noqa: S311 - made-up cases, the same in every run.


@pytest.mark.parametrize(
    "logic",
    [
        False,
        1,
        {"and": [{"===": [var("payload.local.level"), "LOW"]}, False]},
        {"and": [{"===": [var("payload.local.level"), "LOW"]}, {"!": [var("payload.local")]}]},
        {"===": [var("payload.local.level"), "GREEN"]},
        {"plusTime": [var("external.instant"), 0, "day"]},
    ],
)
def test_a_rule_that_can_never_pass_is_found(logic: object) -> None:
    assert never_passes(policy_with(True, logic), RANDOM) == ("rule-1",)


@pytest.mark.parametrize("code", sorted(shipped_policies()))
def test_every_shipped_rule_passes_on_some_case(code: str) -> None:
    assert never_passes(shipped_policies()[code], RANDOM) == ()


def test_a_pair_in_which_only_one_accepts_the_other_is_one_sided() -> None:
    ignoring = msgspec.structs.replace(
        default_for("110000"), recognition={"310000": Recognition.IGNORE}
    )
    pairs = matrix({"110000": ignoring, "310000": default_for("310000")}, NOW_MS)
    (found,) = asymmetries(pairs)
    assert (found.destination, found.issuer) == ("310000", "110000")
    assert pairs["110000", "310000"].verdict == Verdict.CROSS_CHECK
    assert pairs["310000", "110000"].verdict == Verdict.ADMIT
