"""`sample`: synthetic people whose files the adapters read back whole."""

import hashlib
from pathlib import Path

import pytest

from adapters.base import NO_KEYS, START, Format, Keys, Position, Reader, WholeReader
from adapters.registry import FORMATS
from exchange.cli.lines import counted, take_apart
from exchange.cli.sample.files import NativeFile
from exchange.cli.sample.holds import HOLDS
from exchange.cli.sample.people import person
from exchange.cli.sample.population import Population, Sampling, write_file
from exchange.core.documents import normalise
from exchange.core.health_code import Document, DocumentType, HealthCode, Level, State
from exchange.core.outcome import Outcome, Translated
from tests.cli.conftest import Health

NOW_MS = 1_700_000_000_000
TODAY = 20231115
KEYLESS = [one for one in FORMATS.values() if not one.keys]


def sampling(seed: int = 1) -> Sampling:
    return Sampling(FORMATS, {}, seed, NOW_MS)


def nothing(done: float, records: int) -> None:
    del done, records


def outcomes(found: Format, path: Path) -> list[Outcome]:
    content = path.read_bytes()
    payloads = [content] if found.transport == "lines" else content.splitlines()
    return [one for payload in payloads for one in found.decode(payload, NOW_MS, NO_KEYS)]


@pytest.mark.parametrize("found", KEYLESS, ids=lambda found: found.id)
def test_a_file_of_any_format_reads_back_whole(found: Format, tmp_path: Path) -> None:
    path = tmp_path / "sample"
    write_file(sampling(), found, 300, path, nothing)
    read = outcomes(found, path)
    assert len(read) == 300
    assert [one for one in read if not isinstance(one, Translated)] == []


def test_the_same_seed_and_instant_give_the_same_bytes_and_another_seed_others(
    tmp_path: Path,
) -> None:
    digests = []
    for number, seed in enumerate((1, 1, 2)):
        files = Population(sampling(seed), tmp_path / str(number)).write(200, nothing)
        digests.append([hashlib.sha256(one.path.read_bytes()).hexdigest() for one in files])
    assert digests[0] == digests[1]
    assert digests[0] != digests[2]


def test_people_have_valid_documents_and_births_before_1900() -> None:
    homes = tuple(sorted({one.member for one in FORMATS.values()}))
    people = [person(7, place, homes) for place in range(3_000)]
    for one in people:
        assert normalise(one.document.type, one.document.number, TODAY) == one.document
        if len(one.document.number) == 18:
            assert one.document.number[6:14] < "19000101"
    assert {one.document.type for one in people} == set(DocumentType)
    numbers = [one.document.number for one in people if one.document.type.endswith("ID")]
    assert len(set(numbers)) == len(numbers)


def test_a_population_is_mostly_green_with_a_few_of_all_else_and_several_issuers(
    tmp_path: Path,
) -> None:
    files = Population(sampling(), tmp_path).write(2_000, nothing)
    read = [
        one
        for file in files
        for one in outcomes(file.format, file.path)
        if isinstance(one, Translated)
    ]
    levels = [one.health_code.level for one in read]
    issuers: dict[Document, set[str]] = {}
    for one in read:
        issuers.setdefault(one.document, set()).add(one.issuer)
    assert len(read) == sum(file.count for file in files)
    assert 0.90 < levels.count(Level.LOW) / len(levels) < 0.98
    assert {Level.MEDIUM, Level.HIGH} <= set(levels)
    assert any(len(known_to) > 1 for known_to in issuers.values())
    assert any(one.health_code.tests for one in read)
    assert any(one.health_code.vaccination for one in read)
    assert any(one.health_code.holds for one in read)
    assert all(one.health_code.as_of_ms < NOW_MS for one in read)


@pytest.mark.parametrize("member", HOLDS)
def test_every_hold_of_the_samples_is_carried_by_a_format_of_its_member(member: str) -> None:
    person_ = Document(DocumentType.RESIDENT_ID, "510102190402290011")
    own = [one for one in FORMATS.values() if one.member == member]
    for hold in HOLDS[member]:
        code = HealthCode(NOW_MS - 1_000, Level.LOW, State.ACTIVE, holds=(hold,))
        payload = own[0].encode(member, person_, code, NO_KEYS)
        (outcome,) = own[0].decode(payload, NOW_MS, NO_KEYS)
        assert isinstance(outcome, Translated)
        assert outcome.health_code.holds == (hold,)


def test_a_sample_is_written_from_the_command_line(health_exchange: Health, tmp_path: Path) -> None:
    path = tmp_path / "some.txt"
    ran = health_exchange(
        *("sample", "--format", "310000-ry-v1", "--count", "25", "--seed", "3", "--out", path),
        "--json",
    )
    (entry,) = ran.json["files"]
    assert entry["records"] == 25
    assert path.stat().st_size == entry["bytes"]


def test_a_population_is_written_from_the_command_line(
    health_exchange: Health, tmp_path: Path
) -> None:
    ran = health_exchange("sample", "--all", "--people", "50", "--out", tmp_path / "people")
    assert ran.code == 0
    assert "510000-status-v1" in ran.out


@pytest.mark.parametrize(
    "arguments", [(), ("--all", "--format", "310000-ry-v1"), ("--format", "nothing-v1")]
)
def test_a_sample_of_no_known_format_is_a_sentence(
    health_exchange: Health, arguments: tuple[str, ...]
) -> None:
    ran = health_exchange("sample", *arguments)
    assert ran.code == 3
    assert ran.err.endswith(".\n")


@pytest.mark.parametrize(
    ("line", "count", "expected"),
    [
        (b"HDR|120000|20220401|1\n", 250, b"HDR|120000|20220401|250\n"),
        (b"T00000001\n", 250, b"T00000250\n"),
        (b"TRL|1\r\n", 3, b"TRL|3\r\n"),
    ],
)
def test_counts_of_header_and_trailer_keep_their_width(
    line: bytes, count: int, expected: bytes
) -> None:
    assert counted(line, count) == expected


def framed(issuer: str, document: Document, code: HealthCode, keys: Keys) -> bytes:
    del issuer, code, keys
    return b"HDR|1\n" + document.number.encode() + b"\nTRL|1\n"


def no_reader(received_ms: int, keys: Keys = NO_KEYS, resume: Position = START) -> Reader:
    return WholeReader(lambda *_: [], received_ms, keys, resume)


def test_a_format_with_a_counting_header_and_trailer_is_joined_with_the_right_count(
    tmp_path: Path,
) -> None:
    found = Format(
        id="990000-framed-v1",
        member="990000",
        family="framed",
        transport="lines",
        content="records between a header and a trailer",
        many=True,
        has_header=True,
        as_of_field="",
        decode=lambda *_: [],
        encode=framed,
        reader=no_reader,
        unknown_fields=None,
    )
    file = NativeFile(tmp_path / "framed.txt", found)
    for number in ("A11", "A12"):
        code = HealthCode(NOW_MS, Level.LOW, State.ACTIVE)
        file.add(framed("", Document(DocumentType.OTHER, number), code, NO_KEYS))
    file.close()
    assert file.path.read_bytes() == b"HDR|2\nA11\nA12\nTRL|2\n"
    assert list(tmp_path.iterdir()) == [file.path]


def test_a_line_is_not_cut_at_bytes_that_only_look_like_line_ends() -> None:
    found = FORMATS["310000-ry-v1"]
    parts = take_apart(found, "头\n一\u2028二\r\n".encode())
    assert (parts.header, parts.record) == ("头\n".encode(), "一\u2028二\r\n".encode())
