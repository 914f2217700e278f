"""docs/operate.md is true: its commands run, and the headings that messages name are there."""

import re
import shlex
from pathlib import Path

from exchange.cli.main import app, run

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/operate.md").read_text("utf-8")
DATA_DIR = "/var/lib/health-exchange"
LINES = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]
BESIDE_THE_STORE = ("keys", "migrate", "sweep")


def test_the_commands_beside_the_store_run_in_the_order_of_the_page(tmp_path: Path) -> None:
    done = []
    for line in LINES:
        words = shlex.split(line.replace(DATA_DIR, str(tmp_path)))
        assert words[0] == "health-exchange"
        if words[1] in BESIDE_THE_STORE:
            assert run(words[1:]) == 0
            done.append(words[1])
    assert done == list(BESIDE_THE_STORE)


def test_the_other_commands_and_their_options_are_there() -> None:
    known = {command.name for command in app.registered_commands}
    assert {shlex.split(line)[1] for line in LINES} <= known
    assert run(["serve", "--insecure-loopback", "--data-dir", DATA_DIR, "--help"]) == 0
    assert run(["erase", "--document", "document.json", "--help"]) == 0


def test_the_key_file_comes_first_and_where_messages_point_to() -> None:
    headings = re.findall(r"^## (.*)$", TEXT, re.MULTILINE)
    assert headings[0] == "Keys"
    assert "Back up the subject key file first" in TEXT
