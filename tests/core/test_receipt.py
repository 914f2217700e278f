"""Receipts say all that a decision rests on, and those of earlier releases stay what they are."""

import msgspec

from exchange.core.compiled_policy import FOREVER_MS, CompiledPolicy
from exchange.core.receipt import make_receipt, replay
from exchange.core.recognition import Question, decide_question
from exchange.operations.shipped import default_for
from tests.core.strategies import NOW_MS

DEFAULT = default_for("310000")
FIELDS_BEFORE = 9
"""Before the end of the policy was noted."""


def receipt(last_ms: int) -> bytes:
    policy = CompiledPolicy(DEFAULT, "310000").until(last_ms)
    question = Question((), NOW_MS)
    return make_receipt(question, policy, decide_question(question, policy))


def test_a_decision_that_ends_with_its_policy_is_decided_anew_bit_for_bit() -> None:
    again = replay(receipt(NOW_MS + 1_000), DEFAULT)
    assert again.identical
    assert again.decision.valid_until_ms == NOW_MS + 1_000


def test_a_receipt_without_an_end_of_its_policy_is_as_it_always_was() -> None:
    data = receipt(FOREVER_MS)
    assert len(msgspec.msgpack.decode(data[1:])) == FIELDS_BEFORE
    assert replay(data, DEFAULT).identical
