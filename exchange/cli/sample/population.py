"""Populations over all formats at hand, and files of one format, seeded and in bounded memory."""

import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from adapters.base import NO_KEYS, Format, Keys
from exchange.cli.exits import CommandError
from exchange.cli.sample.files import NativeFile, file_name, written
from exchange.cli.sample.people import Person, document, person
from exchange.cli.sample.statements import health_code, issuers, risk
from exchange.core.health_code import DocumentType, HealthCode, Level, State
from exchange.core.members import NATIONAL

_RELAYED_SHARE = 0.08
"""People of whom the national platform hands in a statement too, where its formats are at hand."""
_RECORDS_PER_ADVANCE = 500
"""Records between two moves of the bar, which costs more than a record."""
_OTHER_RISKS = (
    (Level.MEDIUM, State.ACTIVE),
    (Level.HIGH, State.ACTIVE),
    (Level.LOW, State.ACTIVE),
    (Level.UNSPECIFIED, State.WITHDRAWN),
)
"""What a file of one format holds instead of a level it has no word for."""


class Sampling(msgspec.Struct, frozen=True):
    """What a sample is made of.

    Attributes:
        formats: Those at hand, by id.
        keys: Keys of formats that need them, by format id.
        seed: The same seed and instant give the same bytes.
        now_ms: The moment of generation.
    """

    formats: Mapping[str, Format]
    keys: Mapping[str, Keys]
    seed: int
    now_ms: int

    def usable(self) -> list[Format]:
        """Return the formats whose keys are at hand."""
        return [one for one in self.formats.values() if self.has_keys(one)]

    def has_keys(self, found: Format) -> bool:
        """Tell whether a format needs no key, or all of its keys are there."""
        return set(found.keys) <= set(self.keys.get(found.id, NO_KEYS))


def write_file(
    sampling: Sampling, found: Format, count: int, path: Path, advance: Callable[[float, int], None]
) -> int:
    """Write a file of so many records in one format; return its size in bytes.

    Raises:
        CommandError: The keys of the format are not at hand.
        OSError: The file cannot be written.
    """
    if not sampling.has_keys(found):
        raise CommandError(
            f"{found.id} needs the keys {', '.join(found.keys)}: put {found.id}.toml into the "
            "directory named by the setting format_keys_dir."
        )
    sink = NativeFile(path, found)
    homes = (found.member,) if found.member != NATIONAL else ("110000",)
    for start in range(0, count, _RECORDS_PER_ADVANCE):
        end = min(start + _RECORDS_PER_ADVANCE, count)
        for place in range(start, end):
            sink.add(_record(sampling, found, person(sampling.seed, place, homes), place))
        advance(end - start, end - start)
    sink.close()
    return path.stat().st_size


def _record(sampling: Sampling, found: Format, somebody: Person, place: int) -> bytes:
    """Write somebody in a format, changed as little as it takes to be carried by it."""
    rng = random.Random(f"record {sampling.seed} {place}")  # noqa: S311 - repeatable on purpose
    code = health_code(rng, somebody, risk(rng), found.member, sampling.now_ms)
    keys = sampling.keys.get(found.id, NO_KEYS)
    payload = written(found, somebody.document, _variants(code, rng), keys, somebody.home)
    if payload is None:
        # Some formats know fewer types of documents than there are.
        kind, region = DocumentType.RESIDENT_ID, somebody.region
        resident = document(kind, sampling.seed, place, region, rng)
        payload = written(found, resident, _variants(code, rng), keys, somebody.home)
    if payload is not None:
        return payload
    raise CommandError(f"{found.id} can carry none of the sample's health codes.")


def _variants(code: HealthCode, rng: random.Random) -> Iterator[HealthCode]:
    yield code
    plain = msgspec.structs.replace(code, holds=())
    yield plain
    for level, state in sorted(_OTHER_RISKS[:2], key=lambda _: rng.random()):
        yield msgspec.structs.replace(plain, level=level, state=state)
    for level, state in _OTHER_RISKS[2:]:
        yield msgspec.structs.replace(plain, level=level, state=state)


class Population:
    """Native files of all formats at hand about one population."""

    def __init__(self, sampling: Sampling, directory: Path) -> None:
        self._sampling = sampling
        self._directory = directory
        self._files: dict[str, NativeFile] = {}
        self._formats: dict[str, list[Format]] = {}
        for one in sampling.usable():
            self._formats.setdefault(one.member, []).append(one)
        self._members = tuple(member for member in self._formats if member != NATIONAL)
        self.statement_count = 0

    def write(self, people: int, advance: Callable[[float, int], None]) -> list[NativeFile]:
        """Write what all members say about so many people; return the files, by format.

        Raises:
            OSError: A file cannot be written.
        """
        self._directory.mkdir(parents=True, exist_ok=True)
        for place in range(people):
            before = self.statement_count
            self._add_person(place)
            advance(1, self.statement_count - before)
        for file in self._files.values():
            file.close()
        return [self._files[name] for name in sorted(self._files)]

    def _add_person(self, place: int) -> None:
        sampling = self._sampling
        somebody = person(sampling.seed, place, self._members)
        rng = random.Random(f"statements {sampling.seed} {place}")  # noqa: S311 - repeatable on purpose
        stands = risk(rng)
        for issuer in issuers(rng, somebody.home, self._members):
            code = health_code(rng, somebody, stands, issuer, sampling.now_ms)
            self._add_statement(rng, issuer, somebody, code)
        if NATIONAL in self._formats and rng.random() < _RELAYED_SHARE:
            code = health_code(rng, somebody, stands, somebody.home, sampling.now_ms)
            self._add_statement(rng, NATIONAL, somebody, code)

    def _add_statement(
        self, rng: random.Random, via: str, somebody: Person, code: HealthCode
    ) -> None:
        """Write a statement in one of the member's formats that carry it; in none if none does."""
        codes = (code, msgspec.structs.replace(code, holds=()))
        formats = self._formats[via]
        for found in rng.sample(formats, len(formats)):
            keys = self._sampling.keys.get(found.id, NO_KEYS)
            payload = written(
                found, somebody.document, codes, keys, somebody.home if via == NATIONAL else via
            )
            if payload is not None:
                self._file(found).add(payload)
                self.statement_count += 1
                return

    def _file(self, found: Format) -> NativeFile:
        file = self._files.get(found.id)
        if file is None:
            file = NativeFile(self._directory / file_name(found), found)
            self._files[found.id] = file
        return file
