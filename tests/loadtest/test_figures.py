"""What a measurement comes to."""

from loadtest.chart import Curve, bars, curves
from loadtest.figures import Line, Round, Run, Target, Verdict, comparisons_of, median, percentiles
from loadtest.report import markdown_of


def line(path: str, own: float, limit: float, target: Target | None, rows: int = 10) -> Line:
    rounds = (Round(own, p99_ms=rows / 10),)
    return Line(path, "sqlite", rows, "calls", rounds, "echo", (Round(limit),), target)


def test_a_ratio_is_the_median_over_rounds_that_belong_together() -> None:
    found = Line(
        "check", "sqlite", 1, "calls",
        (Round(50), Round(90), Round(10)), "echo", (Round(100), Round(100), Round(100)),
    )  # fmt: skip
    assert found.ratio == 0.5


def test_a_target_is_met_from_its_least_on() -> None:
    assert line("check", 85, 100, Target(0.85)).verdict is Verdict.MET
    assert line("check", 84, 100, Target(0.85)).verdict is Verdict.MISSED
    assert line("batch", 84, 1, Target(85, absolute=True)).verdict is Verdict.MISSED
    assert line("batch", 84, 1, None).verdict is Verdict.NONE


def test_errors_add_up_over_rounds() -> None:
    assert median((Round(1, errors=2), Round(3, errors=5))).errors == 7


def test_percentiles_are_times_that_were_measured() -> None:
    times = [index / 1000 for index in range(1, 1001)]
    assert percentiles(times) == (501.0, 991.0, 1000.0)


def test_sizes_of_one_store_are_compared_by_their_p99() -> None:
    found = comparisons_of([line("check", 1, 1, None, 10), line("check", 1, 1, None, 20)])
    assert found[0].value == 2.0
    assert found[0].verdict is Verdict.MISSED


def test_a_run_is_written_as_table_and_charts() -> None:
    lines = (line("check <1>", 85, 100, Target(0.85)),)
    assert "| check <1> | sqlite | 10 |" in markdown_of(Run({}, {}, lines))
    assert "check &lt;1&gt;" in bars(lines)
    drawn = curves("Surge", [("calls/s", [Curve("offered", ((0.0, 1.0), (1.0, 2.0)))])])
    assert drawn.count("<polyline") == 1
