"""How values are called that only a later release knows."""

import pytest
from google.protobuf.json_format import ParseDict
from rich.console import Console

from exchange.api.v1.decision_pb2 import Decision
from exchange.api.v1.health_code_pb2 import HealthCode
from exchange.api.v1.policy_pb2 import Explanation
from exchange.cli.names import member_word, value_name
from exchange.cli.policies.tables import explanation_tree


@pytest.mark.parametrize(("number", "name"), [(0, ""), (1, "LOW"), (77, "77")])
def test_a_value_has_its_name_and_one_of_a_later_release_its_number(number: int, name: str) -> None:
    assert value_name(HealthCode.Level.Name, number) == name


@pytest.mark.parametrize(("code", "word"), [("310000", "310000 Shanghai"), ("990000", "990000")])
def test_a_member_has_its_name_and_one_of_a_later_release_its_code(code: str, word: str) -> None:
    assert member_word(code) == word


def test_an_answer_of_a_later_release_is_shown(capfd: pytest.CaptureFixture[str]) -> None:
    used = {"issuer": "members/990000", "via": "members/990000", "level": 77, "standing": 78}
    decision = ParseDict({"verdict": 79, "policy": "default", "statements": [used]}, Decision())
    explanation = ParseDict({"rules": [{"rule": "new", "outcome": 76}]}, Explanation())
    Console(width=140).print(explanation_tree(decision, explanation))
    shown = capfd.readouterr().out
    assert "79 under policy default" in shown
    assert "990000, by 990000: 77 78, as of" in shown
    assert "new: 76" in shown
