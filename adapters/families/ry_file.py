"""What the daily files of red and yellow share: a change type that puts or takes back.

Green is not in these files; it is asked for. ``A`` puts the statement, ``D`` takes it back whatever
the colour column says. The change type is looked at before the colour.
"""

from adapters.record import ANY, Row, When
from exchange.core.health_code import Level, State


def rows(*, yellow: str, red: str) -> tuple[Row, ...]:
    """Give the status table of the columns colour and change type."""
    return (
        Row((yellow, "A"), Level.MEDIUM),
        Row((red, "A"), Level.HIGH),
        Row((ANY, "D"), State.WITHDRAWN),
    )


def when_put(change_type: str) -> When:
    """Say when the colour is required: where the change type is ``A``."""
    return When(change_type, "A")
