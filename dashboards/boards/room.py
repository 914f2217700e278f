"""Rows of *Exchange* that say whether it has room: admission, saturation, and what runs where."""

from dashboards.panels import OF_EXCHANGE, Kind, Panel, Query, Row, falling, per_second, rising

_I = OF_EXCHANGE
_REFUSALS = "health_exchange_admission_refusals_total"

ROOM: tuple[Row, ...] = (
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
                width=6,
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
                title="Refused before being parsed",
                description="By reason (shed, full, quota, deadline, flood) and priority. "
                "Good: nothing; REST and PUBLICATION give way first, SINGLE last.",
                unit="reqps",
                playbook="calls-shed",
                width=6,
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
                width=6,
                queries=(
                    Query(
                        f"max by (instance) (health_exchange_admission_level{{{_I}}})",
                        "{{instance}}",
                    ),
                ),
            ),
            Panel(
                title="Members held back",
                description="Rate to which a member is held that asks for more than all others "
                "together, in single checks. Good: nothing; a member has a quota before it floods.",
                unit="reqps",
                playbook="member-held-back",
                width=6,
                queries=(
                    Query(
                        f"sum by (member) (health_exchange_flood_limit_per_second{{{_I}}})",
                        "{{member}}",
                        empty_because="no member is held back",
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
                description="Worker processes that serve, and publishers. Good: constant.",
                unit="none",
                kind=Kind.FIGURE,
                playbook="workers-missing",
                width=6,
                queries=(
                    Query(f"sum by (instance) (health_exchange_workers{{{_I}}})", "{{instance}}"),
                    Query(
                        f"sum by (instance) (health_exchange_publishers{{{_I}}})",
                        "{{instance}} publishers",
                    ),
                ),
            ),
            Panel(
                title="Memory of the workers",
                description="Without pages of files. Good: level after the first hour.",
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
                description="What runs where. Good: one version, or two while one is rolled out.",
                unit="none",
                kind=Kind.TABLE,
                width=6,
                queries=(
                    Query(
                        f"count by (version, python, store) (health_exchange_build_info{{{_I}}})",
                        "instances",
                    ),
                ),
            ),
        ),
    ),
)
