"""*Exchange*: does it answer, how fast, what does it say, has it room."""

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
    falling,
    per_second,
    rising,
)

NO_FAULT = "no call has failed by the exchange's fault"
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
                    title="Decisions by verdict",
                    description="Good: most are ADMIT, and the shares move slowly. A jump of "
                    "CROSS_CHECK is people standing in queues.",
                    unit="cps",
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
        Row(
            "Admission",
            (
                Panel(
                    title="Delay on the way to a handler",
                    description="What a call waits before it is taken up: half and 99 of 100. "
                    "Good: half below 5 ms; from 25 ms on for a second, calls are shed.",
                    unit="s",
                    thresholds=rising(0.025, 0.1),
                    playbook="calls-shed",
                    queries=tuple(
                        Query(
                            f"histogram_quantile({quantile}, "
                            + per_second("health_exchange_admission_delay_seconds_bucket", "le")
                            + ")",
                            f"{quantile:.0%}",
                        )
                        for quantile in (0.5, 0.99)
                    ),
                ),
                Panel(
                    title="Refused before they were read",
                    description="By reason (shed, full, quota, deadline) and priority. Good: "
                    "nothing; REST and PUBLICATION give way first, SINGLE last.",
                    unit="reqps",
                    playbook="calls-shed",
                    queries=(
                        Query(
                            f"{per_second(_REFUSALS, 'reason, priority')} > 0",
                            "{{reason}} {{priority}}",
                            empty_because="no call was refused for now",
                        ),
                    ),
                ),
                Panel(
                    title="Limit in force",
                    description="How much is shed: up to 1 the rest of calls, to 2 publications, "
                    "to 3 batches, to 4 single checks. Good: 0.",
                    unit="none",
                    thresholds=rising(1, 3),
                    playbook="calls-shed",
                    queries=(
                        Query(
                            f"max by (instance) (health_exchange_admission_level{{{_I}}})",
                            "{{instance}}",
                        ),
                    ),
                ),
            ),
        ),
        Row(
            "Saturation",
            (
                Panel(
                    title="Delay of the event loops",
                    description="How late workers come round: what every call waits at least. "
                    "Good: 99 of 100 below 10 ms.",
                    unit="s",
                    thresholds=rising(0.05, 0.1),
                    playbook="exchange-saturated",
                    queries=(
                        Query(
                            "histogram_quantile(0.99, sum by (instance, le) (rate("
                            f"health_exchange_loop_delay_seconds_bucket{{{_I}}}[$__rate_interval])))",
                            "{{instance}}",
                        ),
                    ),
                ),
                Panel(
                    title="Processor per worker",
                    description="Share of one processor that a worker uses. Good: below 0.7; from "
                    "there on single checks wait.",
                    unit="percentunit",
                    thresholds=rising(0.7, 0.9),
                    playbook="exchange-saturated",
                    queries=(
                        Query(
                            f"sum by (instance) (rate("
                            f"health_exchange_worker_cpu_seconds_total{{{_I}}}"
                            f"[$__rate_interval])) / sum by (instance) ("
                            f"health_exchange_workers{{{_I}}})",
                            "{{instance}}",
                        ),
                    ),
                ),
                Panel(
                    title="Calls running",
                    description="Calls begun and not ended. Good: a few for each thousand calls a "
                    "second; a ramp is a store that does not answer.",
                    unit="none",
                    queries=(
                        Query(
                            f"sum by (instance) (health_exchange_calls_running{{{_I}}})",
                            "{{instance}}",
                        ),
                    ),
                ),
                Panel(
                    title="Workers",
                    description="Worker processes that serve. Good: constant.",
                    unit="none",
                    kind=Kind.FIGURE,
                    playbook="workers-missing",
                    width=6,
                    queries=(
                        Query(
                            f"sum by (instance) (health_exchange_workers{{{_I}}})", "{{instance}}"
                        ),
                    ),
                ),
                Panel(
                    title="Memory of the workers",
                    description="Good: level after the first hour.",
                    unit="bytes",
                    width=6,
                    queries=(
                        Query(
                            f"sum by (instance) (health_exchange_worker_resident_bytes{{{_I}}})",
                            "{{instance}}",
                        ),
                    ),
                ),
                Panel(
                    title="Certificates end in",
                    description="Good: more than 30 days.",
                    unit="s",
                    kind=Kind.FIGURE,
                    thresholds=falling(14 * 86_400, 30 * 86_400),
                    playbook="certificate-ends",
                    width=6,
                    queries=(
                        Query(
                            "min by (certificate) "
                            f"(health_exchange_certificate_expiry_timestamp_seconds{{{_I}}})"
                            " - time()",
                            "{{certificate}}",
                            empty_because="a plaintext exchange on loopback has no certificate",
                        ),
                    ),
                ),
                Panel(
                    title="Versions",
                    description="What runs where. Good: one version, or two while one is rolled "
                    "out.",
                    unit="none",
                    kind=Kind.TABLE,
                    width=6,
                    queries=(
                        Query(
                            "count by (version, python, store) "
                            f"(health_exchange_build_info{{{_I}}})",
                            "instances",
                        ),
                    ),
                ),
            ),
        ),
    ),
)
