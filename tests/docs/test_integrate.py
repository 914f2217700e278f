"""The guides for members and checkpoints are true: every command line runs, in their order."""

import re
import shutil

import pytest

from tests.docs.conftest import ROOT, Demo, command_lines

GUIDES = ("docs/integrate-member.md", "docs/integrate-checkpoint.md")
SAYS = {
    "certs issue": "Wrote var/exchange/certs/",
    "certs list": "authority.pem",
    "sichuan-green": "1 accepted",
    "shanghai-red-yellow": "3 accepted",
    "check --destination": "Verdict",
    "examples/check.py": "CROSS_CHECK",
    "list --member": "statements.",
    "sample --format": "100 records",
    "cards.payloads": "100 accepted, 0 not accepted.",
}
"""What the output of a line has to hold, by something in the line; the first that fits counts."""


@pytest.mark.parametrize("guide", GUIDES)
def test_every_command_line_of_a_guide_runs_and_says_what_it_should(guide: str, demo: Demo) -> None:
    for line in command_lines(guide):
        if "grpcurl" in line:
            continue
        output = demo.run(line)
        expected = [said for part, said in SAYS.items() if part in line]
        assert expected, line
        assert expected[0] in output


@pytest.mark.skipif(
    shutil.which("grpcurl") is None,
    reason="grpcurl is not on PATH: go install github.com/fullstorydev/grpcurl/cmd/grpcurl@latest",
)
@pytest.mark.parametrize("guide", GUIDES)
def test_the_same_works_with_grpcurl(guide: str, demo: Demo) -> None:
    lines = [line for line in command_lines(guide) if "grpcurl" in line]
    (output,) = [demo.run(line) for line in lines]
    assert re.search(r'"accepted_?[cC]ount": 1|"verdict"', output)


@pytest.mark.parametrize("name", ["publish", "check"])
def test_an_example_is_a_whole_program_of_some_twenty_lines(name: str) -> None:
    text = (ROOT / f"docs/examples/{name}.py").read_text("utf-8")
    code = [line for line in text.splitlines() if line.strip()]
    assert len(code) <= 25
    assert "client_service_config.json" in text


@pytest.mark.parametrize("guide", GUIDES)
def test_a_guide_says_what_certificates_time_outs_retries_and_channels_are_right(
    guide: str,
) -> None:
    text = (ROOT / guide).read_text("utf-8")
    for word in ("handshake", "UNAVAILABLE", "time-out", "client_service_config.json", "channels"):
        assert word in text
