"""*Members*: whose feed is late or wrong. One row per member, then one member in detail."""

from dashboards.panels import (
    INSTANCE,
    JOB,
    MEMBER,
    OF_EXCHANGE,
    Dashboard,
    Kind,
    Panel,
    Query,
    Row,
    per_second,
    rising,
)

_M = f'{OF_EXCHANGE},member=~"$member"'
_LEVELS = "health_exchange_accepted_levels_total"
_UNKNOWN_FIELDS = "health_exchange_unknown_fields_total"
_NO_ROOM = "health_exchange_quarantine_refused_total"
_R = 'member=~"$member"'
"""Recorded series are those of all exchanges together."""

MEMBERS = Dashboard(
    uid="health-exchange-members",
    title="Members",
    description="Which member's feed is late, wrong or silent?",
    variables=(JOB, INSTANCE, MEMBER),
    rows=(
        Row(
            "All members",
            (
                Panel(
                    title="Members at a glance",
                    description="Records a second, share refused, age of the newest statement, "
                    "time since the last contact. Good: age and contact below 26 "
                    "hours, few refused.",
                    unit="none",
                    kind=Kind.TABLE,
                    width=24,
                    playbook="member-silent",
                    queries=(
                        Query(
                            f"member:health_exchange_records:rate15m{{{_R}}}",
                            "records/s",
                        ),
                        Query(
                            f"member:health_exchange_refused:ratio_rate15m{{{_R}}}",
                            "refused share",
                        ),
                        Query(f"member:health_exchange_age:seconds{{{_R}}}", "newest age"),
                        Query(
                            f"member:health_exchange_contact_age:seconds{{{_R}}}",
                            "last contact",
                        ),
                    ),
                ),
                Panel(
                    title="Age of the newest statement",
                    description="Good: a saw-tooth below 26 hours, by the rhythm of each member.",
                    unit="s",
                    thresholds=rising(86_400, 93_600),
                    playbook="member-freshness",
                    width=12,
                    queries=(Query(f"member:health_exchange_age:seconds{{{_R}}}", "{{member}}"),),
                ),
                Panel(
                    title="Records by member",
                    description="Good: each member in its own rhythm; a plateau of one that is ten "
                    "times its day is a flood.",
                    unit="cps",
                    playbook="member-flood",
                    width=12,
                    queries=(
                        Query(
                            f"sum by (member) (rate(health_exchange_records_total{{{_M}}}"
                            "[$__rate_interval]))",
                            "{{member}}",
                        ),
                    ),
                ),
            ),
        ),
        Row(
            "The members chosen",
            (
                Panel(
                    title="Outcomes",
                    description="Records by outcome. Good: ACCEPTED, and little else.",
                    unit="cps",
                    stacked=True,
                    width=12,
                    playbook="member-error-share",
                    queries=(
                        Query(
                            f"sum by (outcome) (rate(health_exchange_records_total{{{_M}}}"
                            "[$__rate_interval]))",
                            "{{outcome}}",
                        ),
                    ),
                ),
                Panel(
                    title="Refused, by format and reason",
                    description="Good: nothing, or the same few each day. UNKNOWN_STATUS is a "
                    "value that nobody agreed on.",
                    unit="cps",
                    width=12,
                    playbook="format-drift",
                    queries=(
                        Query(
                            "sum by (format, outcome) (rate("
                            f'health_exchange_records_total{{{_M},outcome!="ACCEPTED"}}'
                            "[$__rate_interval]))",
                            "{{format}} {{outcome}}",
                        ),
                    ),
                ),
                Panel(
                    title="Unknown fields by format",
                    description="Names that a format does not have, in the payloads that were "
                    "looked at. Good: none; each is a field that was added, or one that goes by "
                    "another name now.",
                    unit="cps",
                    playbook="format-drift",
                    queries=(
                        Query(
                            f"{per_second(_UNKNOWN_FIELDS, 'format', _M)} > 0",
                            "{{format}}",
                            empty_because="no unknown field was seen",
                        ),
                    ),
                ),
                Panel(
                    title="Records by format",
                    description="An empty format is the common schema. Good: those agreed with the "
                    "member.",
                    unit="cps",
                    queries=(
                        Query(
                            f"sum by (format) (rate(health_exchange_records_total{{{_M}}}"
                            "[$__rate_interval]))",
                            "{{format}}",
                        ),
                    ),
                ),
                Panel(
                    title="Levels by format",
                    description="Share of each level among what is accepted in a format. Good: "
                    "moves slowly; a step is a digit that means something else now.",
                    unit="percentunit",
                    playbook="format-drift",
                    queries=(
                        Query(
                            f"{per_second(_LEVELS, 'format, level', _M)} / on (format)"
                            f" group_left () {per_second(_LEVELS, 'format', _M)}",
                            "{{format}} {{level}}",
                        ),
                    ),
                ),
                Panel(
                    title="Waiting in quarantine",
                    description="Records and payloads that wait for repair; there is room for "
                    "10,000 of each member. Good: nothing.",
                    unit="none",
                    thresholds=rising(1_000, 8_000),
                    playbook="quarantine-grows",
                    queries=(
                        Query(
                            f"max by (member) (health_exchange_quarantine_entries{{{_M}}}) > 0",
                            "{{member}}",
                            empty_because="nothing waits for repair",
                        ),
                    ),
                ),
                Panel(
                    title="Put into quarantine",
                    description="Records kept for repair, and those there was no room for. Good: "
                    "nothing; each is a record that waits for somebody.",
                    unit="cps",
                    playbook="quarantine-grows",
                    queries=(
                        Query(
                            f"{per_second('health_exchange_quarantine_kept_total', 'member', _M)}"
                            " > 0",
                            "{{member}} kept",
                            empty_because="no record had to be kept for repair",
                        ),
                        Query(
                            f"{per_second(_NO_ROOM, 'member', _M)} > 0",
                            "{{member}} refused",
                            empty_because="quarantine has room",
                        ),
                    ),
                ),
                Panel(
                    title="From event to durable",
                    description="Age of statements when they were durable: half and 95 of 100. "
                    "Good: minutes for pushes, below a day for daily files.",
                    unit="s",
                    queries=tuple(
                        Query(
                            f"histogram_quantile({quantile}, sum by (le) (rate("
                            f"health_exchange_statement_delay_seconds_bucket{{{_M}}}[$__rate_interval])))",
                            f"{quantile:.0%}",
                        )
                        for quantile in (0.5, 0.95)
                    ),
                ),
                Panel(
                    title="Ages of statements",
                    description="How old statements are when they arrive. Good: one narrow band; a "
                    "second one far up is an old file sent again.",
                    unit="s",
                    kind=Kind.HEATMAP,
                    queries=(
                        Query(
                            "sum by (le) (increase("
                            f"health_exchange_statement_delay_seconds_bucket{{{_M}}}[15m]))",
                            "{{le}}",
                        ),
                    ),
                ),
            ),
        ),
    ),
)
