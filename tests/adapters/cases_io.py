"""Read case files and compare answers as the catalogue wants them compared."""

import json
from pathlib import Path
from typing import Any

from exchange.core.times import parse_rfc3339

CASES = Path(__file__).parent / "cases"
"""The open cases of the catalogue, one file a format."""

OWN_CASES = Path(__file__).parent / "own_cases"
"""Cases of our own, computed by hand from the catalogue's rules; not every format has some."""

KEYS = {
    "220000-sealed-v1": {
        "sm4": bytes.fromhex("00112233445566778899aabbccddeeff"),
        "mac": b"jilin-test-mac-key-0001",
    },
    "510000-offline-v1": {"mac": b"sichuan-offline-test-key"},
}
"""The catalogue's test keys."""

_TIMES = {"as_of", "valid_until", "sample_time", "result_time"}


def read_cases(path: Path) -> list[dict[str, Any]]:
    """Read a file of cases; one that does not exist has none."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def comparable(answer: Any) -> Any:
    """Leave out empty values and turn times into instants, as two answers are compared."""
    if isinstance(answer, list):
        return [comparable(element) for element in answer]
    if not isinstance(answer, dict):
        return answer
    return {
        key: parse_rfc3339(value) if key in _TIMES else comparable(value)
        for key, value in answer.items()
        if value not in ("", None, [])
    }
