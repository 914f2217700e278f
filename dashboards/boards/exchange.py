"""*Exchange*: does it answer, how fast, what does it say, has it room."""

from dashboards.boards.room import ROOM
from dashboards.objectives import FAULTS, OVERLOADED
from dashboards.panels import (
    INSTANCE,
    JOB,
    OF_EXCHANGE,
    Dashboard,
    Kind,
    Panel,
    Query,
    Row,
    per_second,
    rising,
)

_I = OF_EXCHANGE
_FAULTS = f'{_I},code=~"{FAULTS}"'
_CALLS = "health_exchange_calls_total"
_FAILED = f'{_I},code!="OK"'
_REFUSALS = "health_exchange_admission_refusals_total"
_OVERLOADED = f'{_I},reason=~"{OVERLOADED}"'

EXCHANGE = Dashboard(
    uid="health-exchange",
    title="Exchange",
    description="Does the exchange answer, how fast, what does it say, and has it room left?",
    variables=(JOB, INSTANCE),
    rows=(
        Row(
            "Golden signals",
            (
                Panel(
                    title="Calls per second",
                    description="By method. Good: follows the day of the travellers; a step down "
                    "at noon is a caller who lost the way here.",
                    unit="reqps",
                    queries=(
                        Query(
                            f"{per_second(_CALLS, 'method')} > 0",
                            "{{method}}",
                        ),
                    ),
                ),
                Panel(
                    title="Faults of the exchange",
                    description="Share of calls that ended with a code that is the exchange's "
                    "fault. Good: nothing here; 0.1 % is what the promise allows.",
                    unit="percentunit",
                    thresholds=rising(0.001, 0.0144),
                    playbook="check-availability",
                    queries=(
                        Query(
                            f"(({per_second(_CALLS, where=_FAULTS)} or vector(0))"
                            f" + ({per_second(_REFUSALS, where=_OVERLOADED)} or vector(0)))"
                            f" / {per_second(_CALLS)}",
                            "faults",
                        ),
                    ),
                ),
                Panel(
                    title="Calls by code",
                    description="All codes but OK. Good: INVALID_ARGUMENT and PERMISSION_DENIED "
                    "now and then; a rise of one caller's mistakes is worth a call to "
                    "them.",
                    unit="reqps",
                    queries=(
                        Query(
                            f"{per_second(_CALLS, 'code, method', _FAILED)} > 0",
                            "{{code}} {{method}}",
                        ),
                    ),
                    playbook="exchange-defect",
                ),
                Panel(
                    title="Duration of single checks",
                    description="Half, 95 and 99 of 100. Good: 99 within 100 ms, half within 5 ms.",
                    unit="s",
                    thresholds=rising(0.1, 0.25),
                    playbook="check-latency",
                    queries=tuple(
                        Query(
                            f"histogram_quantile({quantile}, sum by (le) (rate("
                            f'health_exchange_call_seconds_bucket{{{_I},method="CheckHealthCode"}}'
                            "[$__rate_interval])))",
                            f"{quantile:.0%}",
                        )
                        for quantile in (0.5, 0.95, 0.99)
                    ),
                ),
                Panel(
                    title="Duration by method",
                    description="99 of 100 are quicker. Good: batches within a second, "
                    "publications within two.",
                    unit="s",
                    queries=(
                        Query(
                            "histogram_quantile(0.99, sum by (method, le) (rate("
                            f"health_exchange_call_seconds_bucket{{{_I}}}[$__rate_interval])))",
                            "{{method}}",
                        ),
                    ),
                ),
                Panel(
                    title="Burn of the promises",
                    description="Error budget burnt in the last hour, times the rate that uses it "
                    "up in a month. Good: below 1; somebody is paged from 14.4 on.",
                    unit="none",
                    kind=Kind.BARS,
                    thresholds=rising(1, 14.4),
                    queries=tuple(
                        Query(
                            f'max(slo:health_exchange_errors:ratio_rate1h{{slo="{slo}"}}) '
                            f"/ {budget}",
                            slo,
                        )
                        for slo, budget in (
                            ("check-availability", 0.001),
                            ("check-latency", 0.01),
                            ("member-freshness", 0.01),
                            ("intake-correctness", 0.005),
                        )
                    ),
                ),
            ),
        ),
        Row(
            "Decisions and records",
            (
                Panel(
                    title="Calls by kind of caller",
                    description="Members, checkpoints, operators; unknown: a good certificate that "
                    "names nobody known. Good: unknown is nothing.",
                    unit="reqps",
                    width=6,
                    queries=(Query(f"{per_second(_CALLS, 'caller_kind')} > 0", "{{caller_kind}}"),),
                ),
                Panel(
                    title="Decisions by verdict",
                    description="Good: most are ADMIT, and the shares move slowly. A jump of "
                    "CROSS_CHECK is people standing in queues.",
                    unit="cps",
                    width=6,
                    stacked=True,
                    queries=(
                        Query(
                            f"sum by (verdict) (rate(health_exchange_decisions_total{{{_I}}}"
                            "[$__rate_interval]))",
                            "{{verdict}}",
                        ),
                    ),
                ),
                Panel(
                    title="Lookups that failed",
                    description="Items of batches that the store did not answer, by destination. "
                    "Good: nothing here.",
                    unit="cps",
                    width=6,
                    playbook="store-errors",
                    queries=(
                        Query(
                            f"sum by (destination) (rate("
                            f"health_exchange_failed_lookups_total{{{_I}}}"
                            "[$__rate_interval]))",
                            "{{destination}}",
                            empty_because="no item of a batch has failed by the store",
                        ),
                    ),
                ),
                Panel(
                    title="Records by outcome",
                    description="Good: all but a few are ACCEPTED.",
                    unit="cps",
                    width=6,
                    stacked=True,
                    playbook="intake-correctness",
                    queries=(
                        Query(
                            f"sum by (outcome) (rate(health_exchange_records_total{{{_I}}}"
                            "[$__rate_interval]))",
                            "{{outcome}}",
                        ),
                    ),
                ),
            ),
        ),
        *ROOM,
    ),
)
