"""Recording rules: what is asked again and again, and the error shares of objectives."""

import msgspec

from dashboards.objectives import BURNS, FRESH_SECONDS, OBJECTIVES, window_text

MEMORY = "7d"
"""How far back the newest time of a member is looked for, so that a restart forgets nobody."""


class Recording(msgspec.Struct, frozen=True):
    """One recording rule.

    Attributes:
        record: Name of the new series, ``level:metric:operations``.
        expression: PromQL.
        labels: Added to each series.
    """

    record: str
    expression: str
    labels: dict[str, str] = {}


RECORDINGS: tuple[Recording, ...] = (
    Recording(
        "method_code:health_exchange_calls:rate5m",
        "sum by (method, code) (rate(health_exchange_calls_total[5m]))",
    ),
    Recording(
        "member_outcome:health_exchange_records:rate15m",
        "sum by (member, outcome) (rate(health_exchange_records_total[15m]))",
    ),
    Recording(
        "member:health_exchange_records:rate15m",
        "sum by (member) (rate(health_exchange_records_total[15m]))",
    ),
    Recording(
        "member:health_exchange_records:increase15m",
        "sum by (member) (increase(health_exchange_records_total[15m]))",
    ),
    Recording(
        "member:health_exchange_refused:ratio_rate15m",
        '1 - (sum by (member) (rate(health_exchange_records_total{outcome="ACCEPTED"}[15m]))'
        " or 0 * member:health_exchange_records:rate15m)"
        # Nothing where nothing came: 0/0 is no number, and one of them spoils every average.
        " / (member:health_exchange_records:rate15m > 0)",
    ),
    Recording(
        "member_format_level:health_exchange_accepted_levels:ratio_rate1h",
        "sum by (member, format, level) (rate(health_exchange_accepted_levels_total[1h]))"
        " / on (member, format) group_left ()"
        " (sum by (member, format) (rate(health_exchange_accepted_levels_total[1h])) > 0)",
    ),
    Recording(
        "member:health_exchange_age:seconds",
        "time() - max by (member)"
        f" (max_over_time(health_exchange_member_newest_as_of_timestamp_seconds[{MEMORY}]))",
    ),
    Recording(
        "member:health_exchange_contact_age:seconds",
        "time() - max by (member)"
        f" (max_over_time(health_exchange_member_last_contact_timestamp_seconds[{MEMORY}]))",
    ),
    Recording(
        "member:health_exchange_fresh:bool",
        # As of the last contact: a member that is silent has an alert of its own.
        "member:health_exchange_age:seconds - on (member)"
        f" member:health_exchange_contact_age:seconds <= bool {FRESH_SECONDS}"
        f" and on (member) member:health_exchange_contact_age:seconds <= {FRESH_SECONDS}",
    ),
    Recording(
        "operation:health_exchange_store_operation_seconds:p99_5m",
        "histogram_quantile(0.99, sum by (operation, le)"
        " (rate(health_exchange_store_operation_seconds_bucket[5m])))",
    ),
    Recording(
        "job:health_exchange_loop_delay_seconds:p99_5m",
        "histogram_quantile(0.99, sum by (job, le)"
        " (rate(health_exchange_loop_delay_seconds_bucket[5m])))",
    ),
)


def error_share(window: str) -> str:
    """Return the name of the series with the error shares of a window, by objective."""
    return f"slo:health_exchange_errors:ratio_rate{window}"


def objective_recordings() -> tuple[Recording, ...]:
    """Return one recording rule for each objective and window."""
    windows = sorted({window for burn in BURNS for window in (burn.short, burn.long)})
    return tuple(
        Recording(
            error_share(window_text(window)),
            objective.errors.replace("$window", window_text(window)),
            {"slo": objective.name},
        )
        for objective in OBJECTIVES
        for window in windows
    )
