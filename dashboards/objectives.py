"""What the exchange promises its users, as data, and how fast a broken promise is noticed."""

from datetime import timedelta

import msgspec

FRESH_SECONDS = 26 * 3600
"""A member that sends a daily file has two hours to be late."""

FAULTS = "UNAVAILABLE|INTERNAL|UNKNOWN|DEADLINE_EXCEEDED|DATA_LOSS"
"""Codes that are the exchange's fault; all others are the caller's or are answers.

RESOURCE_EXHAUSTED is either: a member's quota or its flood, or what ``OVERLOADED`` counts.
"""
OVERLOADED = "shed|full"
"""Reasons of refusals that are the exchange's fault.

``quota`` and ``flood`` are a member's own doing, and nobody else is refused for them.
"""
CHECKS = "CheckHealthCode|BatchCheckHealthCodes"
UNREAD = (
    "MALFORMED_PAYLOAD|MALFORMED_RECORD|UNKNOWN_STATUS|UNKNOWN_DOCUMENT_TYPE|AUTHENTICATION_FAILED"
)
"""Outcomes that say that a format is not written, or not read, as it was agreed."""


class Objective(msgspec.Struct, frozen=True, kw_only=True):
    """One promise.

    Attributes:
        name: In kebab case; also the name of its playbook.
        alert: Beginning of the names of its alerts.
        promise: For people.
        target: Share of good events, below 1.
        errors: PromQL of the share of bad events in a window that is written as ``$window``.
        by: Labels that tell apart who is promised it, () for all together.
    """

    name: str
    alert: str
    promise: str
    target: float
    errors: str
    by: tuple[str, ...] = ()

    @property
    def budget(self) -> float:
        """Share of events that may be bad."""
        return round(1 - self.target, 10)


class Burn(msgspec.Struct, frozen=True):
    """How fast a budget has to burn, over a long and a short window, until somebody is told.

    Attributes:
        long: Shows that it matters.
        short: Shows that it still goes on, so that the alert resolves soon.
        rate: Times the rate that uses up a budget of 30 days in 30 days.
        severity: ``page``: now; ``ticket``: in working hours.
    """

    long: timedelta
    short: timedelta
    rate: float
    severity: str


BURNS: tuple[Burn, ...] = (
    Burn(timedelta(hours=1), timedelta(minutes=5), 14.4, "page"),
    Burn(timedelta(hours=6), timedelta(minutes=30), 6, "page"),
    Burn(timedelta(days=1), timedelta(hours=2), 3, "ticket"),
    Burn(timedelta(days=3), timedelta(hours=6), 1, "ticket"),
)
"""A budget of 30 days: 2 % gone in an hour, 5 % in six, 10 % in a day, 10 % in three days."""

OBJECTIVES: tuple[Objective, ...] = (
    Objective(
        name="check-availability",
        alert="CheckAvailability",
        promise="Of 1,000 checks 999 are answered.",
        target=0.999,
        errors=(
            f'((sum(rate(health_exchange_calls_total{{method=~"{CHECKS}",code=~"{FAULTS}"}}[$window]))'
            " or vector(0)) + (sum(rate(health_exchange_admission_refusals_total{"
            f'reason=~"{OVERLOADED}",priority=~"SINGLE|BATCH"}}[$window])) or vector(0)))'
            f' / sum(rate(health_exchange_calls_total{{method=~"{CHECKS}"}}[$window]))'
        ),
    ),
    Objective(
        name="check-latency",
        alert="CheckLatency",
        promise="Of 100 single checks 99 are answered within 100 ms.",
        target=0.99,
        errors=(
            "1 - (sum(rate(health_exchange_call_seconds_bucket"
            '{method="CheckHealthCode",le="0.1"}[$window]))'
            " / sum(rate(health_exchange_call_seconds_count"
            '{method="CheckHealthCode"}[$window])))'
        ),
    ),
    Objective(
        name="member-freshness",
        alert="MemberFreshness",
        promise="For 99 % of a month each member that sends has handed in a statement that was at "
        "most 26 hours old.",
        target=0.99,
        errors="1 - avg_over_time(member:health_exchange_fresh:bool[$window])",
        by=("member",),
    ),
    Objective(
        name="intake-correctness",
        alert="IntakeCorrectness",
        promise="Of 1,000 records handed in 995 are written and read as their format was agreed.",
        target=0.995,
        errors=(
            f'(sum(rate(health_exchange_records_total{{outcome=~"{UNREAD}"}}[$window]))'
            " or vector(0)) / sum(rate(health_exchange_records_total[$window]))"
        ),
    ),
)


def window_text(window: timedelta) -> str:
    """Return a window as PromQL writes it, in its largest whole unit."""
    seconds = int(window.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
