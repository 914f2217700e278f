"""What callers saw, second by second."""

from collections.abc import Iterable, Sequence

import msgspec

from loadtest.chart import Curve, curves
from loadtest.figures import percentiles
from loadtest.http2 import Answer

BUCKET_SECONDS = 0.5
_REFUSED = {"8", "14"}
"""RESOURCE_EXHAUSTED and UNAVAILABLE: the exchange says that it has too much to do."""


class Bucket(msgspec.Struct):
    """What happened in half a second.

    Attributes:
        offered: Calls that were made.
        admitted: Calls that were answered.
        refused: Calls that were refused for overload.
        failed: Calls that failed otherwise.
        times: Seconds of the answered ones.
    """

    offered: int = 0
    admitted: int = 0
    refused: int = 0
    failed: int = 0
    times: list[float] = []

    @property
    def p99_ms(self) -> float:
        """The slowest hundredth of the answered calls."""
        return percentiles(self.times)[1]


class Timeline:
    """Collects what happens, in buckets by the time at which it happens."""

    def __init__(self, began: float) -> None:
        self._began = began
        self.buckets: list[Bucket] = []

    def _at(self, now: float) -> Bucket:
        place = int((now - self._began) / BUCKET_SECONDS)
        while len(self.buckets) <= place:
            self.buckets.append(Bucket())
        return self.buckets[place]

    def offered(self, now: float) -> None:
        """Count a call that is made."""
        self._at(now).offered += 1

    def answered(self, now: float, seconds: float, answer: Answer) -> bool:
        """Count an answer; tell whether the call was refused for overload."""
        bucket = self._at(now)
        if answer.ok:
            bucket.admitted += 1
            bucket.times.append(seconds)
        elif answer.status in _REFUSED:
            bucket.refused += 1
            return True
        else:
            bucket.failed += 1
        return False


def merged(timelines: Iterable[Timeline], seconds: float) -> list[Bucket]:
    """Add up timelines that began together; what came after the end counts in the last bucket."""
    found = [Bucket() for _ in range(max(1, round(seconds / BUCKET_SECONDS)))]
    for timeline in timelines:
        for place, one in enumerate(timeline.buckets):
            into = found[min(place, len(found) - 1)]
            into.offered += one.offered
            into.admitted += one.admitted
            into.refused += one.refused
            into.failed += one.failed
            into.times += one.times
    return found


class Totals(msgspec.Struct, frozen=True):
    """A timeline added up.

    Attributes:
        seconds: How long it was.
        offered_rate: Calls made a second.
        goodput: Calls answered a second.
        refused_rate: Calls refused a second.
        failed: Calls that failed otherwise.
        p50_ms: Of the answered ones.
        p99_ms: Of the answered ones.
    """

    seconds: float
    offered_rate: float
    goodput: float
    refused_rate: float
    failed: int
    p50_ms: float
    p99_ms: float


def totals(buckets: Sequence[Bucket]) -> Totals:
    """Add buckets up."""
    seconds = max(len(buckets), 1) * BUCKET_SECONDS
    p50, p99, _ = percentiles([time for one in buckets for time in one.times])
    return Totals(
        seconds=seconds,
        offered_rate=sum(one.offered for one in buckets) / seconds,
        goodput=sum(one.admitted for one in buckets) / seconds,
        refused_rate=sum(one.refused for one in buckets) / seconds,
        failed=sum(one.failed for one in buckets),
        p50_ms=p50,
        p99_ms=p99,
    )


def recovery_seconds(buckets: Sequence[Bucket], p99_ms_max: float) -> float | None:
    """Return after how long all is well and stays well for two seconds; None: never.

    Well is a half second without refusals and failures whose p99 is within the bound.
    """
    steady = round(2 / BUCKET_SECONDS)
    good = [not one.refused and not one.failed and one.p99_ms <= p99_ms_max for one in buckets]
    for place in range(len(good) - steady + 1):
        if all(good[place : place + steady]):
            return place * BUCKET_SECONDS
    return None


def drawn(title: str, buckets: Sequence[Bucket]) -> str:
    """Draw offered, admitted and refused calls, and p99 below, over time."""

    def rate(name: str) -> Curve:
        points = [
            (place * BUCKET_SECONDS, getattr(one, name) / BUCKET_SECONDS)
            for place, one in enumerate(buckets)
        ]
        return Curve(name, tuple(points))

    slow = Curve(
        "p99", tuple((place * BUCKET_SECONDS, one.p99_ms) for place, one in enumerate(buckets))
    )
    rates = [rate(name) for name in ("offered", "admitted", "refused", "failed")]
    return curves(title, [("calls/s", rates), ("ms", [slow])])
