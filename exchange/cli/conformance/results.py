"""What became of cases, by member and corpus; differences never show a number of a person."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from exchange.core.masking import mask_free_text

DIFFERENCES_MAX = 5
"""Differences that are listed of one case."""
_TEXT_CHARACTERS_MAX = 200
_HIDDEN = ("number", "payload", "encoded", "encoded_base64")
"""Fields that hold a document, or bytes with one."""


class Difference(msgspec.Struct, frozen=True):
    """One place where an answer is not the expected one.

    Attributes:
        path: Place in the answer, as ``outcomes[0].health_code.level``.
        expected: What should stand there, masked.
        got: What stands there, masked.
    """

    path: str
    expected: str
    got: str


class CaseResult(msgspec.Struct, frozen=True):
    """What became of one case.

    Attributes:
        member: Six-digit code; ``""`` for cases of the rule language.
        group: Format or suite.
        corpus: Where the case comes from.
        case: Its name.
        differences: () for one that passed.
    """

    member: str
    group: str
    corpus: str
    case: str
    differences: tuple[Difference, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the answer is the expected one."""
        return not self.differences


class Score(msgspec.Struct, frozen=True):
    """How many cases of a member's format or a suite passed.

    Attributes:
        member: Six-digit code, or ``""``.
        group: Format or suite.
        passed: Cases that passed.
        total: All of them.
    """

    member: str
    group: str
    passed: int
    total: int


def scores(results: Iterable[CaseResult]) -> list[Score]:
    """Count by member and group, in the order of the codes."""
    found: dict[tuple[str, str], list[bool]] = {}
    for one in results:
        found.setdefault((one.member, one.group), []).append(one.passed)
    return [
        Score(member, group, sum(passed), len(passed))
        for (member, group), passed in sorted(found.items(), key=_members_first)
    ]


def _members_first(item: tuple[tuple[str, str], list[bool]]) -> tuple[bool, str, str]:
    (member, group), _ = item
    return not member, member, group


def differences(expected: Any, got: Any, path: str = "") -> list[Difference]:
    """Compare two answers and list where they differ, at most ``DIFFERENCES_MAX`` places."""
    if isinstance(expected, Mapping) and isinstance(got, Mapping):
        pairs = [
            (f"{path}.{key}" if path else str(key), expected.get(key), got.get(key))
            for key in [*expected, *(key for key in got if key not in expected)]
        ]
    elif isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        pairs = [
            (f"{path}[{at}]", *pair) for at, pair in enumerate(zip(expected, got, strict=True))
        ]
    elif expected == got and type(expected) is type(got):
        return []
    else:
        return [
            Difference(path, shown(expected, path), shown(got, path) + _from(expected, got, path))
        ]
    found: list[Difference] = []
    for place, one, other in pairs:
        found += differences(one, other, place)
    return found[:DIFFERENCES_MAX]


def _from(expected: Any, got: Any, path: str) -> str:
    """Say where a text that is not shown goes another way, which is enough to look there."""
    if not _is_hidden(path) or not isinstance(expected, str) or not isinstance(got, str):
        return ""
    pairs = enumerate(zip(expected, got, strict=False), start=1)
    end = min(len(expected), len(got)) + 1
    return f", other from character {next((at for at, (a, b) in pairs if a != b), end)} on"


def _is_hidden(path: str) -> bool:
    return path.rpartition(".")[2] in _HIDDEN


def shown(value: Any, path: str = "") -> str:
    """Return a value as it may be shown: short, and without numbers of persons."""
    if _is_hidden(path) and value is not None:
        return "(not shown)"
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    text = mask_free_text(text)
    return text if len(text) <= _TEXT_CHARACTERS_MAX else f"{text[:_TEXT_CHARACTERS_MAX]}..."
