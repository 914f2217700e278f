"""After everything else has run: no number of a person is left in a file, a log or a text.

Runs last (see ``conftest.py``). It looks through everything the run wrote: database files of both
stores, commit logs, the server's log lines and the texts of all errors.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import people

NAMES = ("样例丙", "示例用户甲", "示例地址")
"""Names and addresses that tests put into fields which the catalogue calls dropped."""
TELEPHONE = "13800138000"
CHUNK_BYTES = 1 << 24


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and people.INPUT_SUFFIX not in path.suffixes:
            yield path


def _finds(path: Path, pattern: re.Pattern[bytes], longest: int) -> bool:
    tail = b""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            if pattern.search(tail + chunk):
                return True
            tail = chunk[-longest:]
    return False


@pytest.mark.last
def test_no_number_or_name_of_a_person_is_left_anywhere(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    wanted = [*sorted(people.USED), *NAMES, TELEPHONE]
    pattern = re.compile(b"|".join(re.escape(one.encode()) for one in wanted))
    longest = max(len(one.encode()) for one in wanted)
    base = tmp_path_factory.getbasetemp()
    found = [path.relative_to(base) for path in _files(base) if _finds(path, pattern, longest)]
    assert found == []


@pytest.mark.last
def test_the_search_would_find_a_number(tmp_path: Path) -> None:
    number = people.resident(77)
    path = tmp_path / f"planted{people.INPUT_SUFFIX}"
    path.write_bytes(b"\x00" * (CHUNK_BYTES - 9) + number.encode())
    assert _finds(path, re.compile(re.escape(number.encode())), 18)
