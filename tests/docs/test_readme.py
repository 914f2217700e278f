"""README is true: its command lines run, and what they print says what README shows."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest

from exchange.cli.exits import MEANINGS
from tests.docs.conftest import ROOT, WAIT_SECONDS, Demo

README = (ROOT / "README.md").read_text("utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WORD = re.compile(r"\b[A-Z]{3,}(?:_[A-Z]+)*\b")


class Step(msgspec.Struct, frozen=True):
    """Command lines of one block, and the output that README shows below them."""

    lines: tuple[str, ...]
    shown: str


def steps() -> list[Step]:
    """The blocks of README that a shell runs, in order."""
    found: list[Step] = []
    blocks = BLOCK.findall(README)
    for (kind, text), (next_kind, next_text) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
        if kind == "sh":
            found.append(Step(tuple(text.splitlines()), next_text if next_kind == "text" else ""))
    return found


COMMAND_STEPS = [step for step in steps() if step.lines[0].startswith(".venv/")]
GRPCURL_LINES = [line for step in steps() for line in step.lines if line.startswith("grpcurl ")]
MAKE_LINES = [line for step in steps() for line in step.lines if line.startswith("make ")]


def test_every_command_line_belongs_to_a_kind_that_is_run() -> None:
    lines = [line for step in steps() for line in step.lines]
    command_lines = [line for step in COMMAND_STEPS for line in step.lines]
    assert sorted(lines) == sorted([*command_lines, *GRPCURL_LINES, *MAKE_LINES])


def test_the_example_prints_what_readme_shows(demo: Demo) -> None:
    compared = 0
    for step in COMMAND_STEPS:
        output = "".join(demo.run(line, 2 if "wrong" in line else 0) for line in step.lines)
        for word in {*WORD.findall(step.shown), *re.findall(r"[\u4e00-\u9fff]+", step.shown)}:
            assert word in output, (word, step.lines)
            compared += 1
    assert compared > 15


def test_the_demo_says_what_readme_shows(demo: Demo) -> None:
    assert "records of 200 people" in demo.said
    assert "with mutual TLS" in demo.said
    assert "var/sample/traveller.json" in demo.said


@pytest.mark.skipif(
    shutil.which("grpcurl") is None,
    reason="grpcurl is not on PATH: go install github.com/fullstorydev/grpcurl/cmd/grpcurl@latest",
)
def test_grpcurl_works_against_the_same_port(demo: Demo) -> None:
    output = "".join(demo.run(line, 2 if "wrong" in line else 0) for line in GRPCURL_LINES)
    assert '"verdict"' in output
    assert "rpc CheckHealthCode" in output


@pytest.mark.parametrize("line", MAKE_LINES)
def test_every_make_target_is_there(line: str) -> None:
    done = subprocess.run(  # noqa: S603 - shows what make would do and does nothing
        [*shlex.split(line), "--dry-run"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_make_run_starts_the_demo() -> None:
    done = subprocess.run(
        ["make", "run", "--dry-run"],  # noqa: S607 - from PATH as a reader has it
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
        check=True,
    )
    assert "health-exchange demo" in done.stdout


def test_the_table_of_exit_codes_is_that_of_the_program() -> None:
    for code, meaning in MEANINGS.items():
        assert f"| {code.value} | {meaning} |" in README


def test_no_conformance_with_national_standards_is_claimed() -> None:
    text = " ".join(README.split())
    assert "Nothing here claims to conform to a national standard" in text


@pytest.mark.parametrize("path", sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("docs/**/*.md")))
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", path.read_text("utf-8")):
        if "://" not in target:
            assert (path.parent / target).exists(), target
