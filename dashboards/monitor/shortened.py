"""The rules with all their times shortened, so that a test sees in seconds what takes hours."""

import re
from pathlib import Path

from dashboards.build import files
from dashboards.objectives import FRESH_SECONDS

FACTOR = 100
"""Five minutes become three seconds: a few scrapes of half a second."""
FRESH_SHORT_SECONDS = 20
"""A day and two hours would still be a quarter of an hour."""
EVERY = "500ms"
_MILLISECONDS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_TIME = re.compile(r"(\[|offset |for: \")([0-9]+)([smhd])(?=[\])\" ])")


def write_shortened_rules(directory: Path) -> Path:
    """Write recordings and alerts whose windows and delays are a hundredth; return the directory.

    Names of recorded series keep the windows that they are named after.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for name in ("recordings.yml", "alerts.yml"):
        (directory / name).write_text(shortened(files()[f"rules/{name}"]), "utf-8")
    return directory


def shortened(rules: str) -> str:
    """Return the text of rules with short times."""
    fresh = re.sub(rf"\b{FRESH_SECONDS}\b", str(FRESH_SHORT_SECONDS), rules)
    return _TIME.sub(
        lambda time: f"{time[1]}{int(time[2]) * _MILLISECONDS[time[3]] // FACTOR}ms", fresh
    )
