"""The small files of README's example: a file to publish, a wrong one, a traveller to ask about.

The story: a traveller from Sichuan, green there, wants to pass in Shandong. Then Shanghai's daily
file of red and yellow arrives.
"""

import json
import random
from collections.abc import Mapping
from pathlib import Path

import msgspec

from adapters.base import NO_KEYS, Format
from exchange.cli.exits import CommandError
from exchange.cli.lines import take_apart
from exchange.cli.sample.people import document
from exchange.core.health_code import Document, DocumentType, HealthCode, Level, State
from exchange.core.times import HOUR_MS, MINUTE_MS
from exchange.wire.names import member_name

HOME_FORMAT = "510000-status-v1"
FILE_FORMAT = "310000-ry-v1"
DESTINATION = "370000"
GREEN, TRAVELLER, YELLOW_FILE, WRONG_FILE = (
    "sichuan-green.json",
    "traveller.json",
    "shanghai-red-yellow.csv",
    "shanghai-wrong.csv",
)


class Example(msgspec.Struct, frozen=True):
    """What README's example works with, by name of the file."""

    green: bytes
    traveller: bytes
    yellow: bytes
    wrong: bytes

    def write(self, directory: Path) -> None:
        """Write the files.

        Raises:
            OSError: One cannot be written.
        """
        directory.mkdir(parents=True, exist_ok=True)
        for name, content in (
            (GREEN, self.green),
            (TRAVELLER, self.traveller),
            (YELLOW_FILE, self.yellow),
            (WRONG_FILE, self.wrong),
        ):
            (directory / name).write_bytes(content)


def make_example(formats: Mapping[str, Format], now_ms: int) -> Example:
    """Make the files about a traveller of their own for each instant, so that each run is alike.

    Raises:
        CommandError: The formats of the story are not at hand.
    """
    home, file = formats.get(HOME_FORMAT), formats.get(FILE_FORMAT)
    if home is None or file is None:
        raise CommandError(f"The example needs the formats {HOME_FORMAT} and {FILE_FORMAT}.")
    people = [_somebody(now_ms, place) for place in range(3)]
    green = HealthCode(now_ms - 5 * HOUR_MS, Level.LOW, State.ACTIVE, region="510100")
    traveller = {
        "document": {"type": people[0].type.value, "number": people[0].number},
        "destination": member_name(DESTINATION),
    }
    return Example(
        green=home.encode("510000", people[0], green, NO_KEYS),
        traveller=(json.dumps(traveller, indent=2) + "\n").encode(),
        yellow=_file(file, people, now_ms),
        wrong=_wrong(file, people, now_ms),
    )


def _somebody(now_ms: int, place: int) -> Document:
    rng = random.Random(f"example {now_ms} {place}")  # noqa: S311 - repeatable on purpose
    return document(DocumentType.RESIDENT_ID, now_ms // 1000, place, "510100", rng)


def _file(found: Format, people: list[Document], now_ms: int) -> bytes:
    """Write a file of lines: the traveller yellow, two others red and withdrawn."""
    as_of_ms = now_ms - 30 * MINUTE_MS
    codes = (
        HealthCode(as_of_ms, Level.MEDIUM, State.ACTIVE, region="310100", reason="途经中风险地区"),
        HealthCode(as_of_ms, Level.HIGH, State.ACTIVE, region="310100", reason="核酸检测阳性"),
        HealthCode(as_of_ms, Level.UNSPECIFIED, State.WITHDRAWN),
    )
    parts = [
        take_apart(found, found.encode("310000", person, code, NO_KEYS))
        for person, code in zip(people, codes, strict=True)
    ]
    return b"".join([parts[0].header, *(part.record for part in parts)])


def _wrong(found: Format, people: list[Document], now_ms: int) -> bytes:
    """Write the same file with three mistakes and one good line."""
    text = _file(found, people, now_ms).decode()
    header, yellow, red, withdrawn = text.splitlines(keepends=True)
    number = people[0].number
    wrong_digit = yellow.replace(number, number[:-1] + ("1" if number[-1] != "1" else "2"))
    wrong_colour = yellow.replace(",黄,", ",蓝,")
    wrong_time = red.replace(" ", "T", 1)
    return f"{header}{wrong_digit}{wrong_colour}{wrong_time}{withdrawn}".encode()
