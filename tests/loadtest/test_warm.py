"""How long a store is loaded before anything counts."""

import itertools

import pytest

from loadtest.figures import Round
from loadtest.warm import until_steady


@pytest.mark.parametrize(
    ("rates", "measured"),
    [
        ([100, 100, 100, 100], 3),
        ([19, 32, 80, 150, 152, 149, 300], 6),
        # One slow window is no end of growth.
        ([100, 90, 200, 201, 202], 5),
    ],
)
async def test_windows_are_measured_until_two_bring_no_more(
    rates: list[float], measured: int
) -> None:
    left = iter(rates)

    async def window() -> Round:
        return Round(next(left))

    assert await until_steady(window, 60.0) == rates[:measured]


async def test_warming_ends_when_its_time_is_up_however_much_is_gained() -> None:
    now = itertools.count()
    rates = itertools.count(1)

    async def window() -> Round:
        return Round(2.0 ** next(rates))

    found = await until_steady(window, 4.0, lambda: float(next(now)))
    assert found == [2.0, 4.0, 8.0, 16.0]


async def test_a_store_is_warmed_by_one_window_at_least() -> None:
    async def window() -> Round:
        return Round(1.0)

    assert await until_steady(window, 0.0) == [1.0]
