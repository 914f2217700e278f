"""Surges, and what is read off their timelines."""

from pathlib import Path

from rich.console import Console

from loadtest.http2 import Answer
from loadtest.surge import Options, run, table_of
from loadtest.timeline import Bucket, Timeline, recovery_seconds, totals

OK = Answer(ok=True, size=10, trailers=b"\x0bgrpc-status\x010")
REFUSED = Answer(ok=False, size=0, trailers=b"\x0bgrpc-status\x018")
BROKEN = Answer(ok=False, size=0, trailers=b"")


def test_answers_are_counted_in_the_half_second_they_come_in() -> None:
    timeline = Timeline(began=100.0)
    assert not timeline.answered(100.1, 0.1, OK)
    assert timeline.answered(100.6, 0.1, REFUSED)
    assert not timeline.answered(100.7, 0.1, BROKEN)
    assert [(one.admitted, one.refused, one.failed) for one in timeline.buckets] == [
        (1, 0, 0),
        (0, 1, 1),
    ]


def test_rates_are_over_all_buckets() -> None:
    found = totals([Bucket(offered=10, admitted=4, refused=6), Bucket(offered=2, admitted=2)])
    assert (found.offered_rate, found.goodput, found.refused_rate) == (12.0, 6.0, 6.0)


def test_recovery_is_the_first_of_two_good_seconds() -> None:
    bad, good = Bucket(refused=1, admitted=1, times=[0.001]), Bucket(admitted=1, times=[0.001])
    slow = Bucket(admitted=1, times=[0.1])
    assert recovery_seconds([bad, good, slow, good, good, good, good], 10.0) == 1.5
    assert recovery_seconds([good, good, good, bad], 10.0) is None


async def test_a_surge_is_measured_with_both_kinds_of_callers(tmp_path: Path) -> None:
    options = Options(statements=600, seconds=1.0, steps_seconds=0.5, factor=4)
    found = await run(options, ("honour", "at-once"), tmp_path, Console(quiet=True))
    assert [one.callers for one in found] == ["honour", "at-once"]
    for one in found:
        assert one.capacity > 0
        assert one.during.goodput > 0
        assert one.during.failed == 0
        assert one.usual.p99_ms > 0
        assert len(one.comparisons()) == 4
    assert table_of(found).row_count == 2
