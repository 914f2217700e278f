"""Members beside one that takes more than its share, and what is made of what they see."""

from pathlib import Path

import pytest
from rich.console import Console

from loadtest.http2 import Answer
from loadtest.neighbours import ALONE, BAD, Found, Options, Phase, run, table_of
from loadtest.timeline import Timeline, Totals, merged

OK = Answer(ok=True, size=10, trailers=b"\x0bgrpc-status\x010")


def seen(p99_ms: float, refused_rate: float = 0.0, failed: int = 0) -> Totals:
    return Totals(10.0, 100.0, 100.0, refused_rate, failed, 1.0, p99_ms)


def test_timelines_are_added_up_and_late_answers_count_in_the_last_half_second() -> None:
    one, other = Timeline(began=0.0), Timeline(began=10.0)
    one.answered(0.1, 0.1, OK)
    one.answered(5.0, 4.0, OK)
    other.answered(10.7, 0.2, OK)
    first, last = merged([one, other], seconds=1.0)
    assert first.times == [0.1]
    assert last.times == [4.0, 0.2]
    assert last.admitted == 2


def alone(p99_ms: float) -> Phase:
    return Phase(ALONE, seen(p99_ms), seen(p99_ms), None, (50.0, 50.0))


def test_others_are_compared_with_themselves_alone_before_and_after_and_may_lose_nothing() -> None:
    flooded = Phase("flood", seen(3.0, 0.5, 5), seen(2.5), seen(9.0), (50.0, 51.0))
    phases = (alone(1.0), flooded, alone(3.0), flooded, alone(9.0))
    slower, lost, later, _ = Found(1_000.0, 300.0, phases).comparisons()
    assert later.value == pytest.approx(0.5)
    assert slower.value == pytest.approx(1.5)
    assert lost.value == pytest.approx(1.0)


async def test_others_are_answered_beside_every_bad_neighbour(tmp_path: Path) -> None:
    options = Options(
        statements=600, part=0.05, factor=2, quota=50, streams=4, seconds=1.0, steps_seconds=0.5
    )
    found = await run(options, tmp_path, Console(quiet=True))
    assert [one.name for one in found.phases[1::2]] == list(BAD)
    assert [one.name for one in found.phases[::2]] == [ALONE] * (len(BAD) + 1)
    for one in found.phases:
        assert one.others.goodput > 0
        assert one.others.failed == 0
    offenders = {one.name: one.offender for one in found.phases[1::2]}
    assert all(one is not None and one.offered_rate > 0 for one in offenders.values())
    limited = offenders["flood with a quota"]
    assert limited is not None
    assert limited.refused_rate > 0
    assert len(found.comparisons()) == 2 * len(BAD)
    assert table_of(found).row_count == 1 + 3 * len(BAD)
