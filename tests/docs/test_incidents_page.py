"""The page of incidents names tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "incidents.md").read_text("utf-8")
NAMED = re.findall(r"`(tests/[a-z0-9_/]+\.py)(?:::(test_[a-z0-9_]+))?`", PAGE)


def test_every_test_that_the_page_names_exists() -> None:
    missing = [
        f"{path}::{name}"
        for path, name in NAMED
        if not (ROOT / path).is_file() or f"def {name}" not in (ROOT / path).read_text("utf-8")
    ]
    assert missing == []


def test_every_incident_has_a_line() -> None:
    numbers = [int(number) for number in re.findall(r"^\| I(\d+) \|", PAGE, re.MULTILINE)]
    assert numbers == sorted(set(numbers))
    assert set(numbers) >= {1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 14, 15, 16, 20}
