"""The alerts: what fires when, how urgent it is, and which playbook says what to do."""

import msgspec

from dashboards.objectives import (
    BURNS,
    FRESH_SECONDS,
    OBJECTIVES,
    OVERLOADED,
    Objective,
    window_text,
)
from dashboards.rules import error_share

_LEVEL_SHARE = "member_format_level:health_exchange_accepted_levels:ratio_rate1h"
PAGE, TICKET = "page", "ticket"


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One alert.

    Attributes:
        name: In camel case.
        expression: PromQL; fires for each series it returns.
        lasting: For how long it has to be true, as ``5m``; ``""``: not for long.
        severity: ``page``: somebody is woken; ``ticket``: in working hours.
        summary: One sentence, with labels in double braces.
        playbook: Name of the file in ``playbooks``.
    """

    name: str
    expression: str
    lasting: str
    severity: str
    summary: str
    playbook: str


def _burn_alert(objective: Objective, severity: str) -> Alert:
    """Build the alert on the burn rates of an objective that have a severity."""
    limits = [
        f'({error_share(window_text(burn.long))}{{slo="{objective.name}"}}'
        f" > {burn.rate * objective.budget:.6g}"
        f' and {error_share(window_text(burn.short))}{{slo="{objective.name}"}}'
        f" > {burn.rate * objective.budget:.6g})"
        for burn in BURNS
        if burn.severity == severity
    ]
    whose = " of {{ $labels.member }}" if objective.by else ""
    return Alert(
        name=f"{objective.alert}Burns{'Fast' if severity == PAGE else 'Slowly'}",
        expression=" or ".join(limits),
        lasting="2m" if severity == PAGE else "15m",
        severity=severity,
        summary=f"The promise {objective.name}{whose} is being broken: "
        "{{ $value | humanizePercentage }} of events are bad.",
        playbook=objective.name,
    )


_BURNING = tuple(
    _burn_alert(objective, severity) for objective in OBJECTIVES for severity in (PAGE, TICKET)
)

_OTHERS = (
    Alert(
        name="ExchangeDown",
        expression='up{job="health-exchange"} == 0 or absent(up{job="health-exchange"})',
        lasting="1m",
        severity=PAGE,
        summary="An exchange does not answer Prometheus, or none is known to it.",
        playbook="exchange-down",
    ),
    Alert(
        name="WorkersMissing",
        expression="health_exchange_workers < max_over_time(health_exchange_workers[30m])",
        lasting="3m",
        severity=TICKET,
        summary="{{ $labels.instance }} has {{ $value }} workers, fewer than it had.",
        playbook="workers-missing",
    ),
    Alert(
        name="ExchangeDefect",
        expression=(
            'sum by (method) (increase(health_exchange_calls_total{code="INTERNAL"}[10m])) > 0'
        ),
        lasting="",
        severity=TICKET,
        summary="{{ $labels.method }} ended with INTERNAL: a defect of the exchange.",
        playbook="exchange-defect",
    ),
    Alert(
        name="ExchangeSaturated",
        expression="job:health_exchange_loop_delay_seconds:p99_5m > 0.1",
        lasting="10m",
        severity=TICKET,
        summary="Workers come round {{ $value | humanizeDuration }} late: they have no time left.",
        playbook="exchange-saturated",
    ),
    Alert(
        name="CallsShed",
        expression=(
            "sum by (priority) (rate(health_exchange_admission_refusals_total{"
            f'reason=~"{OVERLOADED}"}}[5m])) > 1'
        ),
        lasting="5m",
        severity=TICKET,
        summary="{{ $value | humanize }} calls a second of priority {{ $labels.priority }} are "
        "refused: there is more than can be answered in time.",
        playbook="calls-shed",
    ),
    Alert(
        name="StoreUnavailable",
        expression="min by (instance) (health_exchange_store_answers) == 0",
        lasting="1m",
        severity=PAGE,
        summary="The store does not answer {{ $labels.instance }}.",
        playbook="store-unavailable",
    ),
    Alert(
        name="StoreErrors",
        expression=(
            "sum by (operation) (rate(health_exchange_store_operations_total{"
            'result!~"ok|cancelled",'
            'operation=~"read|write"}[5m])) / sum by (operation)'
            ' (rate(health_exchange_store_operations_total{operation=~"read|write"}[5m])) > 0.01'
            " unless on () min(health_exchange_store_answers) == 0"
        ),
        lasting="5m",
        severity=PAGE,
        summary="{{ $value | humanizePercentage }} of {{ $labels.operation }} operations fail.",
        playbook="store-errors",
    ),
    Alert(
        name="StoreSlow",
        expression=(
            "operation:health_exchange_store_operation_seconds:p99_5m{"
            'operation=~"read|write"} > 0.5'
        ),
        lasting="10m",
        severity=TICKET,
        summary=(
            "One of 100 {{ $labels.operation }} operations takes {{ $value | humanizeDuration }}."
        ),
        playbook="store-slow",
    ),
    Alert(
        name="CassandraNodeDown",
        expression='up{job="cassandra"} == 0',
        lasting="2m",
        severity=PAGE,
        summary="The Cassandra node {{ $labels.instance }} does not answer Prometheus.",
        playbook="cassandra-node-down",
    ),
    Alert(
        name="CassandraFallsBehind",
        expression=(
            "cassandra_compaction_pending_tasks > 100"
            " or rate(cassandra_dropped_messages_total[5m]) > 1"
        ),
        lasting="15m",
        severity=TICKET,
        summary="The Cassandra node {{ $labels.instance }} does not keep up.",
        playbook="cassandra-falls-behind",
    ),
    Alert(
        name="CassandraHeapFull",
        expression=(
            'jvm_memory_used_bytes{job="cassandra",area="heap"}'
            ' / jvm_memory_max_bytes{job="cassandra",area="heap"} > 0.9'
        ),
        lasting="15m",
        severity=TICKET,
        summary="The heap of the Cassandra node {{ $labels.instance }} is nearly full.",
        playbook="cassandra-heap-full",
    ),
    Alert(
        name="MemberSilent",
        expression=f"member:health_exchange_contact_age:seconds > {FRESH_SECONDS}",
        lasting="10m",
        severity=TICKET,
        summary="{{ $labels.member }} has handed nothing in for {{ $value | humanizeDuration }}.",
        playbook="member-silent",
    ),
    Alert(
        name="MemberErrorShareJumped",
        expression=(
            "member:health_exchange_refused:ratio_rate15m > 0.05"
            " and on (member) member:health_exchange_records:increase15m > 20"
            " and on (member) member:health_exchange_refused:ratio_rate15m > 3 *"
            " (avg_over_time(member:health_exchange_refused:ratio_rate15m[1d] offset 30m)"
            " or on (member) 0 * member:health_exchange_records:rate15m)"
        ),
        lasting="5m",
        severity=TICKET,
        summary=(
            "{{ $value | humanizePercentage }} of the records of {{ $labels.member }} are refused."
        ),
        playbook="member-error-share",
    ),
    Alert(
        name="FormatDrift",
        expression=(
            "sum by (member, format) (increase("
            "health_exchange_records_total{"
            'outcome=~"UNKNOWN_STATUS|UNKNOWN_DOCUMENT_TYPE"}[30m])) > 10'
            " or sum by (member, format) (increase(health_exchange_unknown_fields_total[30m])) > 0"
        ),
        lasting="10m",
        severity=TICKET,
        summary="{{ $labels.member }} writes values or fields in {{ $labels.format }} that "
        "nobody agreed on.",
        playbook="format-drift",
    ),
    Alert(
        name="LevelsShifted",
        expression=(
            f"abs({_LEVEL_SHARE} - avg_over_time({_LEVEL_SHARE}[1d] offset 2h)) > 0.3"
            " and on (member, format)"
            " sum by (member, format) (increase(health_exchange_accepted_levels_total[1h])) > 100"
        ),
        lasting="30m",
        severity=TICKET,
        summary="{{ $labels.member }} says {{ $labels.level }} in {{ $labels.format }} far more or "
        "less often than usual.",
        playbook="format-drift",
    ),
    Alert(
        name="QuarantineGrows",
        expression=(
            "sum by (member) (increase(health_exchange_quarantine_kept_total[1h])) > 100"
            " or sum by (member) (increase(health_exchange_quarantine_refused_total[1h])) > 0"
        ),
        lasting="15m",
        severity=TICKET,
        summary="{{ $value | humanize }} records of {{ $labels.member }} wait in quarantine anew.",
        playbook="quarantine-grows",
    ),
    Alert(
        name="MemberFlood",
        expression=(
            "member:health_exchange_records:rate15m > 500"
            " and on (member) member:health_exchange_records:rate15m >"
            " 10 * avg_over_time(member:health_exchange_records:rate15m[1d] offset 30m)"
        ),
        lasting="5m",
        severity=TICKET,
        summary="{{ $labels.member }} hands in {{ $value | humanize }} records a second.",
        playbook="member-flood",
    ),
    Alert(
        name="MemberOverQuota",
        expression=(
            "sum by (member, quota) (rate(health_exchange_quota_refusals_total[15m])) > 0.1"
            " or sum by (member, quota) (label_replace(rate("
            'health_exchange_stream_held_seconds_total{cause="quota"}[15m]),'
            ' "quota", "records", "", "")) > 0.5'
        ),
        lasting="15m",
        severity=TICKET,
        summary="{{ $labels.member }} has used up its quota of {{ $labels.quota }} again and "
        "again.",
        playbook="member-over-quota",
    ),
    Alert(
        name="MemberHeldBack",
        # One that is let go and at once floods again is held back all the time.
        expression=(
            "sum by (member) (max_over_time(health_exchange_flood_limit_per_second[2m])) > 0"
        ),
        lasting="4m",
        severity=TICKET,
        summary="{{ $labels.member }} asks for more than all others together and is held to "
        "{{ $value | humanize }} single checks a second.",
        playbook="member-held-back",
    ),
    Alert(
        name="PolicyNotLoaded",
        expression=(
            "sum by (instance) (increase(health_exchange_policy_reads_total{"
            # A store that is away has alerts of its own.
            'result!~"ok|STORE_UNAVAILABLE|STORE_FULL"}[5m])) > 0'
        ),
        lasting="1m",
        severity=PAGE,
        summary="{{ $labels.instance }} cannot use a policy that was published; the one before "
        "stays in force until a restart.",
        playbook="policy-not-loaded",
    ),
    Alert(
        name="CertificateEnds",
        expression="health_exchange_certificate_expiry_timestamp_seconds - time() < 14 * 86400",
        lasting="10m",
        severity=TICKET,
        summary=(
            "The {{ $labels.certificate }} certificate ends in {{ $value | humanizeDuration }}."
        ),
        playbook="certificate-ends",
    ),
)

ALERTS: tuple[Alert, ...] = (*_BURNING, *_OTHERS)
"""All alerts."""
