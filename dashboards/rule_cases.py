"""Cases for the alert rules: series over time, and which alerts fire when; run by promtool.

Written as data here and given to ``promtool test rules`` as a file, so that each case names what it
is about: a fault, noise that must not wake anybody, or the end of a fault. Series are in
promtool's notation: ``0+60x10`` starts at 0 and grows by 60 in each of ten further steps.
"""

import msgspec

DAY = 24 * 60
"""Minutes."""
SLOW = 30
"""Minutes of a step in courses of days."""


class Fires(msgspec.Struct, frozen=True):
    """What fires at an instant.

    Attributes:
        minute: Since the beginning of the case.
        alerts: Names; () for silence.
    """

    minute: int
    alerts: tuple[str, ...]


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One course of events.

    Attributes:
        name: What happens.
        series: Values by series, a value each step.
        expected: At which minute which alerts fire, and no others.
        step: Minutes from one value to the next, and between evaluations; long courses of events
            take long steps, as promtool needs half a minute for a day of minutes.
    """

    name: str
    series: dict[str, str]
    expected: tuple[Fires, ...]
    step: int = 1


def _calls(code: str = "OK", method: str = "CheckHealthCode", kind: str = "checkpoint") -> str:
    return (
        f'health_exchange_calls_total{{job="health-exchange",instance="x",method="{method}",'
        f'code="{code}",caller_kind="{kind}"}}'
    )


def _records(member: str, outcome: str = "ACCEPTED", format_id: str = "f") -> str:
    return (
        f'health_exchange_records_total{{job="health-exchange",instance="x",member="{member}",'
        f'format="{format_id}",outcome="{outcome}"}}'
    )


def _member_gauge(name: str, member: str) -> str:
    return (
        f'health_exchange_member_{name}_timestamp_seconds{{job="health-exchange",instance="x",'
        f'member="{member}"}}'
    )


UP = 'up{job="health-exchange",instance="x"}'
ANSWERS = 'health_exchange_store_answers{job="health-exchange",instance="x"}'
WORKERS = 'health_exchange_workers{job="health-exchange",instance="x"}'
NODE_UP = 'up{job="cassandra",instance="n1"}'
OTHER_NODE_UP = 'up{job="cassandra",instance="n2"}'


def _store(result: str, operation: str = "read") -> str:
    return (
        'health_exchange_store_operations_total{job="health-exchange",instance="x",'
        f'store="cassandra",operation="{operation}",result="{result}"}}'
    )


def _level(level: str) -> str:
    return (
        'health_exchange_accepted_levels_total{job="health-exchange",instance="x",'
        f'member="310000",format="f",level="{level}"}}'
    )


def _refusals(reason: str, priority: str) -> str:
    return (
        'health_exchange_admission_refusals_total{job="health-exchange",instance="x",'
        f'reason="{reason}",priority="{priority}"}}'
    )


def _loop_delay(bound: str) -> str:
    return (
        'health_exchange_loop_delay_seconds_bucket{job="health-exchange",instance="x",'
        f'le="{bound}"}}'
    )


def _healthy(minutes: int, step: int = 1) -> dict[str, str]:
    """Return a quiet exchange: checks answered, one member that sends every minute."""
    steps = minutes // step
    return {
        UP: f"1x{steps}",
        ANSWERS: f"1x{steps}",
        WORKERS: f"2x{steps}",
        _calls(): f"0+{6000 * step}x{steps}",
        _store("ok"): f"0+{6000 * step}x{steps}",
        _records("510000"): f"0+{600 * step}x{steps}",
        _member_gauge("newest_as_of", "510000"): f"0+{60 * step}x{steps}",
        _member_gauge("last_contact", "510000"): f"0+{60 * step}x{steps}",
    }


CASES: tuple[Case, ...] = (
    Case(
        name="a quiet day wakes nobody",
        series=_healthy(DAY, SLOW),
        expected=(Fires(30, ()), Fires(DAY // 2, ()), Fires(DAY, ())),
        step=SLOW,
    ),
    Case(
        name="one error in ten thousand checks is noise",
        series=_healthy(180) | {_calls("UNAVAILABLE"): "0+0.6x180"},
        expected=(Fires(60, ()), Fires(180, ())),
    ),
    Case(
        name="one of twenty checks fails for half an hour, then none",
        series=_healthy(480) | {_calls("UNAVAILABLE"): "0x60 300+300x30 9300x390"},
        expected=(
            Fires(59, ()),
            Fires(85, ("CheckAvailabilityBurnsFast", "CheckAvailabilityBurnsSlowly")),
            # The hour is clean, the six hours are not: what is left is for working hours.
            Fires(140, ("CheckAvailabilityBurnsSlowly",)),
            Fires(480, ()),
        ),
    ),
    Case(
        name="a caller's mistakes are not the exchange's fault",
        series=_healthy(120) | {_calls("INVALID_ARGUMENT"): "0+6000x120"},
        expected=(Fires(60, ()), Fires(120, ())),
    ),
    Case(
        name="a node stops, its replicas go on",
        series=_healthy(120) | {NODE_UP: "1x30 0x30 1x60", OTHER_NODE_UP: "1x120"},
        expected=(Fires(30, ()), Fires(34, ("CassandraNodeDown",)), Fires(62, ())),
    ),
    Case(
        name="the only node stops: checks fail, the store does not answer; then it is back",
        series=_healthy(180)
        | {
            NODE_UP: "1x30 0x20 1x130",
            ANSWERS: "1x30 0x20 1x130",
            _calls(): "0+6000x30 180000x20 180000+6000x130",
            _calls("UNAVAILABLE"): "0x30 6000+6000x20 126000x130",
            _store("ok"): "0+6000x30 180000x20 180000+6000x130",
            _store("STORE_UNAVAILABLE"): "0x30 6000+6000x20 126000x130",
        },
        expected=(
            Fires(30, ()),
            Fires(36, ("CassandraNodeDown", "CheckAvailabilityBurnsFast", "StoreUnavailable")),
            Fires(180, ("CheckAvailabilityBurnsSlowly",)),
        ),
    ),
    Case(
        name="a store that is away for half a minute is noise",
        series=_healthy(60) | {ANSWERS: "1x30 0 1x30"},
        expected=(Fires(31, ()), Fires(40, ())),
    ),
    Case(
        name="one of ten reads fails for a quarter of an hour",
        series=_healthy(120) | {_store("STORE_UNAVAILABLE"): "0x30 600+600x15 9600x75"},
        expected=(Fires(30, ()), Fires(42, ("StoreErrors",)), Fires(60, ())),
    ),
    Case(
        name="a member falls silent after an hour; it comes back on the second day",
        series=_healthy(3 * DAY, SLOW)
        | {
            _member_gauge("last_contact", "310000"): f"0+1800x2 3600x95 {2 * DAY * 60}x46",
            # Its files are of three hours before.
            _member_gauge("newest_as_of", "310000"): (
                f"-10800+1800x2 -7200x95 {2 * DAY * 60 - 10_800}x46"
            ),
        },
        expected=(
            Fires(DAY, ()),
            Fires(26 * 60, ()),
            Fires(28 * 60, ("MemberSilent",)),
            Fires(2 * DAY + 120, ()),
        ),
        step=SLOW,
    ),
    Case(
        name="a member that is two hours late is noise",
        series=_healthy(DAY + 120, SLOW)
        | {_member_gauge(name, "310000"): "0x52" for name in ("newest_as_of", "last_contact")},
        expected=(Fires(DAY + 120, ()),),
        step=SLOW,
    ),
    Case(
        name="a member goes on sending, but always the same old file",
        series=_healthy(2 * DAY, SLOW)
        | {
            _member_gauge("newest_as_of", "310000"): "0x96",
            _member_gauge("last_contact", "310000"): "0+1800x96",
        },
        expected=(
            Fires(DAY, ()),
            Fires(30 * 60, ("MemberFreshnessBurnsFast", "MemberFreshnessBurnsSlowly")),
        ),
        step=SLOW,
    ),
    Case(
        name="the format of one of many members breaks, and is mended",
        series=_healthy(240)
        | {
            _records("510000"): "0+60000x240",
            _records("310000"): "0+600x100 60000x30 60000+600x110",
            _records("310000", "MALFORMED_PAYLOAD"): "0x100 600+600x30 18600x110",
        },
        expected=(Fires(90, ()), Fires(120, ("MemberErrorShareJumped",)), Fires(160, ())),
    ),
    Case(
        name="the format of a member that sends once in two hours breaks",
        series=_healthy(480)
        | {
            _records("510000"): "0+60000x480",
            _records("310000"): "0x10 6000x120 12000x120 18000x230",
            _records("310000", "MALFORMED_PAYLOAD"): "0x372 6000x108",
        },
        expected=(Fires(270, ()), Fires(380, ("MemberErrorShareJumped",)), Fires(420, ())),
    ),
    Case(
        name="a member begins to write a value that nobody agreed on",
        series=_healthy(180)
        | {
            _records("310000"): "0+6000x180",
            _records("310000", "UNKNOWN_STATUS"): "0x60 6+6x60 366x60",
        },
        expected=(Fires(60, ()), Fires(85, ("FormatDrift",)), Fires(170, ())),
    ),
    Case(
        name="a digit of a format changes its meaning: green is red from one hour on",
        series=_healthy(600)
        | {_level("LOW"): "0+90x360 32400x240", _level("HIGH"): "0+10x360 3600+100x240"},
        expected=(Fires(350, ()), Fires(420, ("LevelsShifted",))),
    ),
    Case(
        name="a quarter of the greens turns yellow after an outbreak: noise",
        series=_healthy(600)
        | {_level("LOW"): "0+90x360 32400+65x240", _level("MEDIUM"): "0+10x360 3600+35x240"},
        expected=(Fires(420, ()), Fires(600, ())),
    ),
    Case(
        name="two records in a hundred are refused, as every day: noise",
        series=_healthy(180) | {_records("510000", "MISSING_FIELD"): "0+12x180"},
        expected=(Fires(100, ()), Fires(180, ())),
    ),
    Case(
        name="half of all records cannot be read",
        series=_healthy(200) | {_records("510000", "MALFORMED_RECORD"): "0x120 600+600x80"},
        expected=(
            Fires(120, ()),
            Fires(
                150,
                (
                    "IntakeCorrectnessBurnsFast",
                    "IntakeCorrectnessBurnsSlowly",
                    "MemberErrorShareJumped",
                ),
            ),
        ),
    ),
    Case(
        name="one member is flooded with its own file, then stops",
        series=_healthy(300) | {_records("310000"): "0+600x200 240000+120000x30 3840000+600x70"},
        expected=(Fires(200, ()), Fires(220, ("MemberFlood",)), Fires(280, ())),
    ),
    Case(
        name="a full refresh of a member that always sends much is no flood",
        series=_healthy(180) | {_records("310000"): "0+60000x180"},
        expected=(Fires(100, ()), Fires(180, ())),
    ),
    Case(
        name="records wait in quarantine",
        series=_healthy(200)
        | {
            'health_exchange_quarantine_kept_total{job="health-exchange",instance="x",'
            'member="310000"}': "0x60 10+10x30 310x110"
        },
        expected=(Fires(60, ()), Fires(100, ("QuarantineGrows",)), Fires(200, ())),
    ),
    Case(
        name="a worker dies and is replaced; then one stays away",
        series=_healthy(120) | {WORKERS: "2x30 1 2x30 1x59"},
        expected=(Fires(32, ()), Fires(60, ()), Fires(70, ("WorkersMissing",))),
    ),
    Case(
        name="the exchange is gone",
        series=_healthy(10) | {UP: "1x10 0x10 1x10"},
        expected=(Fires(10, ()), Fires(14, ("ExchangeDown",)), Fires(24, ())),
    ),
    Case(
        name="one call ends with a defect",
        series=_healthy(60) | {_calls("INTERNAL", "ListMembers", "member"): "0x10 1x50"},
        expected=(Fires(9, ()), Fires(12, ("ExchangeDefect",)), Fires(30, ())),
    ),
    Case(
        name="calls end with defects again and again",
        series=_healthy(60) | {_calls("INTERNAL", "ListMembers", "member"): "0x10 1+1x10 11x40"},
        expected=(Fires(9, ()), Fires(15, ("ExchangeDefect",)), Fires(40, ())),
    ),
    Case(
        name="event loops come round late for half an hour",
        series=_healthy(90)
        | {
            _loop_delay("0.05"): ("0+120x30 3600x30 3600+120x30"),
            _loop_delay("0.5"): ("0+120x90"),
            _loop_delay("+Inf"): ("0+120x90"),
        },
        expected=(Fires(30, ()), Fires(50, ("ExchangeSaturated",)), Fires(75, ())),
    ),
    Case(
        name="bulk is shed for half an hour, single checks are answered",
        series=_healthy(120) | {_refusals("shed", "BATCH"): "0x30 300+300x30 9300x60"},
        expected=(
            Fires(30, ()),
            Fires(50, ("CallsShed", "CheckAvailabilityBurnsFast", "CheckAvailabilityBurnsSlowly")),
            Fires(120, ("CheckAvailabilityBurnsSlowly",)),
        ),
    ),
    Case(
        name="a burst is shed for a minute: noise",
        series=_healthy(60) | {_refusals("shed", "REST"): "0x30 300x30"},
        expected=(Fires(32, ()), Fires(60, ())),
    ),
    Case(
        name="a member asks more than its quota for an hour: its own affair",
        series=_healthy(180)
        | {
            _calls("RESOURCE_EXHAUSTED"): "0x30 600+600x60 36600x90",
            _refusals("quota", "SINGLE"): "0x30 600+600x60 36600x90",
            'health_exchange_quota_refusals_total{job="health-exchange",instance="x",'
            'member="310000",quota="lookups"}': "0x30 600+600x60 36600x90",
        },
        expected=(Fires(30, ()), Fires(60, ("MemberOverQuota",)), Fires(120, ())),
    ),
    Case(
        name="reads become slow",
        series=_healthy(90)
        | {
            'health_exchange_store_operation_seconds_bucket{job="health-exchange",instance="x",'
            'store="cassandra",operation="read",le="0.5"}': "0+6000x30 180000x30 180000+6000x30",
            'health_exchange_store_operation_seconds_bucket{job="health-exchange",instance="x",'
            'store="cassandra",operation="read",le="2.5"}': "0+6000x90",
            'health_exchange_store_operation_seconds_bucket{job="health-exchange",instance="x",'
            'store="cassandra",operation="read",le="+Inf"}': "0+6000x90",
        },
        expected=(Fires(30, ()), Fires(50, ("StoreSlow",)), Fires(75, ())),
    ),
    Case(
        name="checks become slow for an hour",
        series=_healthy(200)
        | {
            'health_exchange_call_seconds_bucket{job="health-exchange",instance="x",'
            'method="CheckHealthCode",le="0.1"}': "0+6000x60 360000x60 360000+6000x80",
            'health_exchange_call_seconds_count{job="health-exchange",instance="x",'
            'method="CheckHealthCode"}': "0+6000x200",
        },
        expected=(
            Fires(60, ()),
            Fires(100, ("CheckLatencyBurnsFast", "CheckLatencyBurnsSlowly")),
            Fires(190, ("CheckLatencyBurnsSlowly",)),
        ),
    ),
    Case(
        name="a node has more to compact than it can",
        series=_healthy(120)
        | {
            NODE_UP: "1x120",
            'cassandra_compaction_pending_tasks{job="cassandra",instance="n1"}': "5x30 200x40 5x50",
        },
        expected=(Fires(30, ()), Fires(60, ("CassandraFallsBehind",)), Fires(80, ())),
    ),
    Case(
        name="the heap of a node is full",
        series=_healthy(120)
        | {
            NODE_UP: "1x120",
            'jvm_memory_used_bytes{job="cassandra",instance="n1",area="heap"}': "50x30 95x40 50x50",
            'jvm_memory_max_bytes{job="cassandra",instance="n1",area="heap"}': "100x120",
        },
        expected=(Fires(30, ()), Fires(60, ("CassandraHeapFull",)), Fires(80, ())),
    ),
    Case(
        name="a published policy cannot be used, until it is rolled back",
        series=_healthy(60)
        | {
            'health_exchange_policy_reads_total{job="health-exchange",instance="x",result="ok"}': (
                "0+120x10 1200x10 1200+120x40"
            ),
            'health_exchange_policy_reads_total{job="health-exchange",instance="x",'
            'result="defect"}': "0x10 120+120x10 1320x40",
        },
        expected=(Fires(10, ()), Fires(14, ("PolicyNotLoaded",)), Fires(30, ())),
    ),
    Case(
        name="a certificate ends in ten days, and is renewed",
        series=_healthy(120)
        | {
            'health_exchange_certificate_expiry_timestamp_seconds{job="health-exchange",'
            'instance="x",certificate="server"}': f"{10 * 86_400}x60 {90 * 86_400}x60"
        },
        expected=(Fires(5, ()), Fires(30, ("CertificateEnds",)), Fires(70, ())),
    ),
    Case(
        name="two checks in a thousand fail for days",
        series=_healthy(2 * DAY, SLOW) | {_calls("UNAVAILABLE"): "0+720x96"},
        expected=(Fires(2 * DAY, ("CheckAvailabilityBurnsSlowly",)),),
        step=SLOW,
    ),
    Case(
        name="one check in fifty is slow for days",
        series=_healthy(2 * DAY, SLOW)
        | {
            'health_exchange_call_seconds_bucket{job="health-exchange",instance="x",'
            'method="CheckHealthCode",le="0.1"}': "0+176400x96",
            'health_exchange_call_seconds_count{job="health-exchange",instance="x",'
            'method="CheckHealthCode"}': "0+180000x96",
        },
        expected=(Fires(2 * DAY, ("CheckLatencyBurnsSlowly",)),),
        step=SLOW,
    ),
    Case(
        name="one record in a hundred cannot be read, for days",
        series=_healthy(2 * DAY, SLOW) | {_records("510000", "MALFORMED_RECORD"): "0+180x96"},
        expected=(Fires(2 * DAY, ("IntakeCorrectnessBurnsSlowly",)),),
        step=SLOW,
    ),
)
"""All cases; a test sees to it that every alert fires in one."""
