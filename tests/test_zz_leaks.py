"""After everything else has run: no number of a person is left in a file, a log or a text.

Runs last (see ``conftest.py``). It looks through everything the run wrote: database files of both
stores, commit logs, the server's log lines and the texts of all errors.
"""

import re
from collections.abc import Container, Iterator, Sequence
from pathlib import Path

import pytest

from exchange.core.documents import InvalidDocumentError, normalise
from exchange.core.health_code import DocumentType
from tests import people

NAMES = ("样例丙", "示例用户甲", "示例地址")
"""Names and addresses that tests put into fields which the catalogue calls dropped."""
TELEPHONE = "13800138000"
RESIDENT = re.compile(rb"(?=(\d{17}[\dX]))")
CHUNK_BYTES = 1 << 24
WRITTEN = re.compile(r"\.(sqlite|log|db|position|failures)|CommitLog|failures\.jsonl")
"""Names of files that only the exchange, its command line and the stores write."""
LAST_BIRTH = 19101231
"""Every synthetic person was born before: a valid number of an earlier birth is somebody's."""
OVERLAP_BYTES = 64
"""Longer than anything that is looked for."""


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and people.INPUT_SUFFIX not in path.suffixes:
            yield path


class _Anybody:
    """All numbers of people who were born early enough, wherever they were made up."""

    def __contains__(self, number: object) -> bool:
        assert isinstance(number, bytes)
        try:
            normalise(DocumentType.RESIDENT_ID, number.decode("ascii"), LAST_BIRTH)
        except InvalidDocumentError:
            return False
        return True


def _finds(path: Path, numbers: Container[bytes], texts: Sequence[bytes]) -> bool:
    """Say whether a file has one of many numbers of residents, or one of a few texts."""
    tail = b""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            part = tail + chunk
            # A number may stand anywhere in a longer run: each place is looked up, none searched.
            if any(match[1] in numbers for match in RESIDENT.finditer(part)):
                return True
            if any(text in part for text in texts):
                return True
            tail = chunk[-OVERLAP_BYTES:]
    return False


@pytest.mark.last
def test_no_number_or_name_of_a_person_is_left_anywhere(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    numbers = {number.encode() for number in people.USED}
    texts = [text.encode() for text in (*NAMES, TELEPHONE)]
    base = tmp_path_factory.getbasetemp()
    found = [path.relative_to(base) for path in _files(base) if _finds(path, numbers, texts)]
    assert found == []


@pytest.mark.last
def test_what_the_exchange_wrote_has_no_number_of_anybody(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    base = tmp_path_factory.getbasetemp()
    written = [path for path in _files(base) if WRITTEN.search(path.name)]
    assert (base / "exchange.log") in written
    assert [path.relative_to(base) for path in written if _finds(path, _Anybody(), ())] == []


@pytest.mark.last
def test_the_search_would_find_a_number(tmp_path: Path) -> None:
    number = people.resident(77)
    path = tmp_path / f"planted{people.INPUT_SUFFIX}"
    path.write_bytes(b"\x00" * (CHUNK_BYTES - 9) + b"7" + number.encode() + b"7")
    assert _finds(path, {number.encode()}, [])
    assert _finds(path, _Anybody(), [])
    path.write_bytes(b"\x00" * (CHUNK_BYTES - 5) + TELEPHONE.encode())
    assert _finds(path, (), [TELEPHONE.encode()])
    assert not _finds(path, _Anybody(), [NAMES[0].encode()])
