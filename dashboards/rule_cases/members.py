"""Cases of members: silence, floods, formats that break or drift, quarantine."""

from dashboards.rule_cases.case import DAY, SLOW, Case, Fires
from dashboards.rule_cases.series import (
    calls,
    flood_limit,
    healthy,
    levels,
    member_gauge,
    records,
    refusals,
)

CASES: tuple[Case, ...] = (
    Case(
        name="a member falls silent after an hour; it comes back on the second day",
        series=healthy(3 * DAY, SLOW)
        | {
            member_gauge("last_contact", "310000"): f"0+1800x2 3600x95 {2 * DAY * 60}x46",
            # Its files are of three hours before.
            member_gauge("newest_as_of", "310000"): (
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
        series=healthy(DAY + 120, SLOW)
        | {member_gauge(name, "310000"): "0x52" for name in ("newest_as_of", "last_contact")},
        expected=(Fires(DAY + 120, ()),),
        step=SLOW,
    ),
    Case(
        name="a member goes on sending, but always the same old file",
        series=healthy(2 * DAY, SLOW)
        | {
            member_gauge("newest_as_of", "310000"): "0x96",
            member_gauge("last_contact", "310000"): "0+1800x96",
        },
        expected=(
            Fires(DAY, ()),
            Fires(30 * 60, ("MemberFreshnessBurnsFast", "MemberFreshnessBurnsSlowly")),
        ),
        step=SLOW,
    ),
    Case(
        name="the format of one of many members breaks, and is mended",
        series=healthy(240)
        | {
            records("510000"): "0+60000x240",
            records("310000"): "0+600x100 60000x30 60000+600x110",
            records("310000", "MALFORMED_PAYLOAD"): "0x100 600+600x30 18600x110",
        },
        expected=(Fires(90, ()), Fires(120, ("MemberErrorShareJumped",)), Fires(160, ())),
    ),
    Case(
        name="the format of a member that sends once in two hours breaks",
        series=healthy(480)
        | {
            records("510000"): "0+60000x480",
            records("310000"): "0x10 6000x120 12000x120 18000x230",
            records("310000", "MALFORMED_PAYLOAD"): "0x372 6000x108",
        },
        expected=(Fires(270, ()), Fires(380, ("MemberErrorShareJumped",)), Fires(420, ())),
    ),
    Case(
        name="a member begins to write a value that nobody agreed on",
        series=healthy(180)
        | {
            records("310000"): "0+6000x180",
            records("310000", "UNKNOWN_STATUS"): "0x60 6+6x60 366x60",
        },
        expected=(Fires(60, ()), Fires(85, ("FormatDrift",)), Fires(170, ())),
    ),
    Case(
        name="a member begins to write a field that nobody agreed on",
        series=healthy(180)
        | {
            records("310000"): "0+6000x180",
            'health_exchange_unknown_fields_total{job="health-exchange",instance="x",'
            'member="310000",format="310000-query-v1"}': "0x60 6+6x60 366x60",
        },
        expected=(Fires(60, ()), Fires(85, ("FormatDrift",)), Fires(170, ())),
    ),
    Case(
        name="a digit of a format changes its meaning: green is red from one hour on",
        series=healthy(600)
        | {levels("LOW"): "0+90x360 32400x240", levels("HIGH"): "0+10x360 3600+100x240"},
        expected=(Fires(350, ()), Fires(420, ("LevelsShifted",))),
    ),
    Case(
        name="a quarter of the greens turns yellow after an outbreak: noise",
        series=healthy(600)
        | {levels("LOW"): "0+90x360 32400+65x240", levels("MEDIUM"): "0+10x360 3600+35x240"},
        expected=(Fires(420, ()), Fires(600, ())),
    ),
    Case(
        name="two records in a hundred are refused, as every day: noise",
        series=healthy(180) | {records("510000", "MISSING_FIELD"): "0+12x180"},
        expected=(Fires(100, ()), Fires(180, ())),
    ),
    Case(
        name="half of all records cannot be read",
        series=healthy(200) | {records("510000", "MALFORMED_RECORD"): "0x120 600+600x80"},
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
        series=healthy(300) | {records("310000"): "0+600x200 240000+120000x30 3840000+600x70"},
        expected=(Fires(200, ()), Fires(220, ("MemberFlood",)), Fires(280, ())),
    ),
    Case(
        name="a full refresh of a member that always sends much is no flood",
        series=healthy(180) | {records("310000"): "0+60000x180"},
        expected=(Fires(100, ()), Fires(180, ())),
    ),
    Case(
        name="records wait in quarantine",
        series=healthy(200)
        | {
            'health_exchange_quarantine_kept_total{job="health-exchange",instance="x",'
            'member="310000"}': "0x60 10+10x30 310x110"
        },
        expected=(Fires(60, ()), Fires(100, ("QuarantineGrows",)), Fires(200, ())),
    ),
    Case(
        name="a member's file is slowed by its quota for an hour",
        series=healthy(180)
        | {
            'health_exchange_stream_held_seconds_total{job="health-exchange",instance="x",'
            'member="310000",cause="quota"}': "0x30 45+45x60 2745x90",
            'health_exchange_stream_held_seconds_total{job="health-exchange",instance="x",'
            'member="320000",cause="load"}': "0x30 45+45x60 2745x90",
        },
        expected=(Fires(30, ()), Fires(70, ("MemberOverQuota",)), Fires(120, ())),
    ),
    Case(
        name="a member asks more than its quota for an hour: its own affair",
        series=healthy(180)
        | {
            calls("RESOURCE_EXHAUSTED"): "0x30 600+600x60 36600x90",
            refusals("quota", "SINGLE"): "0x30 600+600x60 36600x90",
            'health_exchange_quota_refusals_total{job="health-exchange",instance="x",'
            'member="310000",quota="lookups"}': "0x30 600+600x60 36600x90",
        },
        expected=(Fires(30, ()), Fires(60, ("MemberOverQuota",)), Fires(120, ())),
    ),
    Case(
        name="a member floods for twenty minutes and is held back: its own affair",
        series=healthy(120)
        | {
            calls("RESOURCE_EXHAUSTED"): "0x30 60000+60000x20 1260000x70",
            refusals("flood", "SINGLE"): "0x30 60000+60000x20 1260000x70",
            flood_limit("330000"): "_x30 2000x20 stale",
        },
        expected=(Fires(33, ()), Fires(40, ("MemberHeldBack",)), Fires(60, ())),
    ),
    Case(
        name="a member that was let go floods again, for half an hour",
        series=healthy(120) | {flood_limit("330000"): "_x30" + " 2000 stale" * 15},
        expected=(Fires(33, ()), Fires(50, ("MemberHeldBack",)), Fires(70, ())),
    ),
    Case(
        name="a member is held back for a minute, then asks for less: noise",
        series=healthy(60) | {flood_limit("330000"): "_x30 2000x1 stale"},
        expected=(Fires(31, ()), Fires(34, ()), Fires(40, ())),
    ),
    Case(
        name="one record in a hundred cannot be read, for days",
        series=healthy(2 * DAY, SLOW) | {records("510000", "MALFORMED_RECORD"): "0+180x96"},
        expected=(Fires(2 * DAY, ("IntakeCorrectnessBurnsSlowly",)),),
        step=SLOW,
    ),
)
