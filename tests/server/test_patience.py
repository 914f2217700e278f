"""What is borne before calls are shed, and what is not."""

from collections.abc import Iterable

from exchange.server.patience import (
    ALERT_PART,
    ALERT_SECONDS,
    PATIENCE_SECONDS,
    SHRUNK,
    STANDING_PART,
    STANDING_SECONDS,
    Patience,
)

STEP_SECONDS = 0.05


def over_after(parts: Iterable[float], *, answered: bool = True) -> float | None:
    """Return the seconds after which patience is over; None: it never is."""
    patience = Patience()
    for place, part in enumerate(parts):
        if patience.is_over(part, STEP_SECONDS, answered=answered):
            return (place + 1) * STEP_SECONDS
    return None


def test_a_delay_that_stands_is_borne_for_a_moment() -> None:
    found = over_after([8.0] * 100)
    assert found is not None
    assert STANDING_SECONDS < found <= STANDING_SECONDS + 2 * STEP_SECONDS


def test_a_short_queue_that_stands_is_borne_for_long() -> None:
    found = over_after([STANDING_PART - 0.1] * 100)
    assert found is not None
    assert found >= PATIENCE_SECONDS - STEP_SECONDS


def test_a_short_queue_is_enough_soon_after_calls_were_shed() -> None:
    patience = Patience()
    patience.be_alert()
    looks = [patience.is_over(ALERT_PART, STEP_SECONDS, answered=True) for _ in range(5)]
    assert looks[-1]
    patience.be_alert()
    for _ in range(round(ALERT_SECONDS / STEP_SECONDS) + 1):
        patience.is_over(0.5, STEP_SECONDS, answered=True)
    looks = [patience.is_over(ALERT_PART, STEP_SECONDS, answered=True) for _ in range(5)]
    assert not any(looks)


def test_a_delay_that_shrinks_is_borne_until_it_has_passed() -> None:
    parts = [40 * (SHRUNK - 0.01) ** place for place in range(30)]
    found = over_after(parts)
    assert found is not None
    assert found >= PATIENCE_SECONDS
    assert over_after([40 * 0.8**place for place in range(30)]) is None


def test_a_delay_that_is_not_measured_to_its_end_is_not_taken_for_one_that_stands() -> None:
    found = over_after([8.0] * 100, answered=False)
    assert found is not None
    assert found >= PATIENCE_SECONDS - STEP_SECONDS


def test_one_look_below_the_target_makes_patience_new() -> None:
    assert over_after([8.0, 8.0, 0.5] * 100) is None
