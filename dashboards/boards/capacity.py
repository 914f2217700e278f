"""*Capacity*: how far today is from what the exchange was designed for, and what grows."""

from dashboards.panels import (
    INSTANCE,
    JOB,
    NODE,
    OF_EXCHANGE,
    OF_NODE,
    Dashboard,
    Kind,
    Panel,
    Query,
    Row,
    per_second,
    rising,
)

_I = OF_EXCHANGE
_OVER_QUOTA = "health_exchange_quota_refusals_total"
_CHECKS = per_second("health_exchange_calls_total", where=f'{_I},method=~".*CheckHealthCodes?"')
REFRESH_RATE = 7_200
"""Records a second: a full refresh of 623 million statements in a day."""
SURGE_RATE = 23_000
"""Lookups a second of a large province in a morning surge."""

CAPACITY = Dashboard(
    uid="health-exchange-capacity",
    title="Capacity",
    description="How far is today from what the exchange was designed for, and what grows?",
    variables=(JOB, INSTANCE, NODE),
    rows=(
        Row(
            "Against the design",
            (
                Panel(
                    title="Records taken in",
                    description="The line is a full refresh in a day, 7,200 a second. Good: a full "
                    "refresh stays above it, a common day far below.",
                    unit="cps",
                    thresholds=rising(REFRESH_RATE, 2 * REFRESH_RATE),
                    playbook="member-flood",
                    width=12,
                    queries=(
                        Query(
                            per_second("health_exchange_records_total"),
                            "records",
                        ),
                    ),
                ),
                Panel(
                    title="Lookups",
                    description="The line is the morning surge of a large province, 23,000 a "
                    "second. Good: below it, with processors to spare.",
                    unit="cps",
                    thresholds=rising(SURGE_RATE, 60_000),
                    playbook="exchange-saturated",
                    width=12,
                    queries=(
                        Query(
                            per_second("health_exchange_decisions_total"),
                            "lookups",
                        ),
                    ),
                ),
            ),
        ),
        Row(
            "What a call costs",
            (
                Panel(
                    title="Processor time per decision",
                    description="Of the workers, publications included. Good: below 0.5 ms; it "
                    "falls when callers use batches.",
                    unit="s",
                    queries=(
                        Query(
                            f"{per_second('health_exchange_worker_cpu_seconds_total')}"
                            f" / {per_second('health_exchange_decisions_total')}",
                            "per decision",
                        ),
                    ),
                ),
                Panel(
                    title="Decisions per call",
                    description="Good: large; single checks cost fifty times as much.",
                    unit="none",
                    queries=(
                        Query(
                            f"{per_second('health_exchange_decisions_total')} / {_CHECKS}",
                            "decisions",
                        ),
                    ),
                ),
                Panel(
                    title="Processors used and there",
                    description="By all workers. Good: below seven tenths of one for each worker.",
                    unit="none",
                    playbook="exchange-saturated",
                    queries=(
                        Query(
                            per_second("health_exchange_worker_cpu_seconds_total"),
                            "used",
                        ),
                        Query(f"sum(health_exchange_workers{{{_I}}})", "workers"),
                    ),
                ),
            ),
        ),
        Row(
            "Quotas",
            (
                Panel(
                    title="Quota refusals",
                    description="Calls of members that had used up what they may, by kind of "
                    "quota. Good: nothing, or one member now and then.",
                    unit="reqps",
                    playbook="member-over-quota",
                    queries=(
                        Query(
                            f"{per_second(_OVER_QUOTA, 'member, quota')} > 0",
                            "{{member}} {{quota}}",
                            empty_because="no member was over its quota",
                        ),
                    ),
                ),
                Panel(
                    title="Records against the quota",
                    description="Share of its limit in force that a member hands in. Good: below "
                    "0.8; from there on it is slowed at its next burst.",
                    unit="percentunit",
                    thresholds=rising(0.8, 1),
                    playbook="member-over-quota",
                    queries=(
                        Query(
                            f"{per_second('health_exchange_records_total', 'member')}"
                            " / on (member) sum by (member) (health_exchange_quota_per_second"
                            f'{{{_I},quota="records"}})',
                            "{{member}}",
                        ),
                    ),
                ),
                Panel(
                    title="Streams held",
                    description="Streams that are not read, by member and cause: its quota, or the "
                    "load of all. Good: nothing; 1 is one stream at a stand.",
                    unit="none",
                    playbook="member-over-quota",
                    queries=(
                        Query(
                            per_second(
                                "health_exchange_stream_held_seconds_total", "member, cause"
                            ),
                            "{{member}} {{cause}}",
                            empty_because="no stream had to wait",
                        ),
                    ),
                ),
            ),
        ),
        Row(
            "What grows",
            (
                Panel(
                    title="Rows written in a day",
                    description="Entries, also those that replace older ones. Good: a few per "
                    "person and day.",
                    unit="short",
                    kind=Kind.FIGURE,
                    queries=(
                        Query(
                            "sum(increase(health_exchange_store_items_total"
                            f'{{{_I},operation="write"}}[1d]))',
                            "rows",
                        ),
                    ),
                ),
                Panel(
                    title="Disk in 30 days",
                    description="If data grow as in the last day. Good: half of the disk at most.",
                    unit="bytes",
                    queries=(
                        Query(
                            f"predict_linear(cassandra_disk_used_bytes{{{OF_NODE}}}"
                            "[1d], 30 * 86400)",
                            "{{instance}}",
                            empty_because="the embedded store has no node",
                        ),
                    ),
                ),
                Panel(
                    title="Memory in a day",
                    description="If it grows as in the last six hours. Good: as now.",
                    unit="bytes",
                    queries=(
                        Query(
                            "predict_linear(health_exchange_worker_resident_bytes"
                            f"{{{_I}}}[6h], 86400)",
                            "{{instance}}",
                        ),
                    ),
                ),
            ),
        ),
    ),
)
