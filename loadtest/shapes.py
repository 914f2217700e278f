"""How many users there are when: a working day, a morning surge, steady endurance.

Pure functions of the part of the run that has passed; ``locustfile`` hands one of them to locust.
"""

from collections.abc import Callable

Shape = Callable[[float], float]
"""From the part of the run that has passed (0 to 1) to the part of the greatest number of users."""

_HOURS = (
    0.05, 0.03, 0.02, 0.02, 0.04, 0.15, 0.45, 0.95, 1.0, 0.70, 0.50, 0.45,
    0.50, 0.45, 0.40, 0.45, 0.55, 0.85, 0.80, 0.50, 0.35, 0.25, 0.15, 0.08,
)  # fmt: skip
SURGE_TIMES = 10.0
"""A morning surge is ten times the users of before ..."""
SURGE_SECONDS = 300.0
"""... five minutes later."""
_SURGE_BEGINS, _SURGE_ENDS = 0.2, 0.6


def working_day(passed: float) -> float:
    """A day of 24 hours, squeezed into the run: quiet nights, peaks at eight and at seventeen."""
    place = min(max(passed, 0.0), 1.0) * len(_HOURS)
    hour = min(int(place), len(_HOURS) - 1)
    following = _HOURS[min(hour + 1, len(_HOURS) - 1)]
    return _HOURS[hour] + (following - _HOURS[hour]) * (place - hour)


def morning_surge(passed: float) -> float:
    """A tenth, then tenfold, then a while at the top.

    In a run of twelve and a half minutes the climb takes the five minutes of a real one; in a
    shorter run it is as much steeper.
    """
    climbed = (passed - _SURGE_BEGINS) / (_SURGE_ENDS - _SURGE_BEGINS)
    return 1 / SURGE_TIMES + (1 - 1 / SURGE_TIMES) * min(max(climbed, 0.0), 1.0)


def endurance(passed: float) -> float:
    """The same number all the time, after a twentieth to get there."""
    return min(1.0, max(passed, 0.0) * 20)


SHAPES: dict[str, Shape] = {
    "working-day": working_day,
    "morning-surge": morning_surge,
    "endurance": endurance,
}
SURGE_RUN_SECONDS = SURGE_SECONDS / (_SURGE_ENDS - _SURGE_BEGINS)
"""How long a run has to be for the surge to take five minutes."""
