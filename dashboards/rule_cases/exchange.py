"""Cases of the exchange as a whole: promises, load, workers, policies, certificates."""

from dashboards.rule_cases.case import DAY, SLOW, Case, Fires
from dashboards.rule_cases.series import (
    UP,
    WORKERS,
    calls,
    healthy,
    loop_delay,
    refusals,
)

CASES: tuple[Case, ...] = (
    Case(
        name="a quiet day wakes nobody",
        series=healthy(DAY, SLOW),
        expected=(Fires(30, ()), Fires(DAY // 2, ()), Fires(DAY, ())),
        step=SLOW,
    ),
    Case(
        name="one error in ten thousand checks is noise",
        series=healthy(180) | {calls("UNAVAILABLE"): "0+0.6x180"},
        expected=(Fires(60, ()), Fires(180, ())),
    ),
    Case(
        name="one of twenty checks fails for half an hour, then none",
        series=healthy(480) | {calls("UNAVAILABLE"): "0x60 300+300x30 9300x390"},
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
        series=healthy(120) | {calls("INVALID_ARGUMENT"): "0+6000x120"},
        expected=(Fires(60, ()), Fires(120, ())),
    ),
    Case(
        name="a worker dies and is replaced; then one stays away",
        series=healthy(120) | {WORKERS: "2x30 1 2x30 1x59"},
        expected=(Fires(32, ()), Fires(60, ()), Fires(70, ("WorkersMissing",))),
    ),
    Case(
        name="the exchange is gone",
        series=healthy(10) | {UP: "1x10 0x10 1x10"},
        expected=(Fires(10, ()), Fires(14, ("ExchangeDown",)), Fires(24, ())),
    ),
    Case(
        name="one call ends with a defect",
        series=healthy(60) | {calls("INTERNAL", "ListMembers", "member"): "0x10 1x50"},
        expected=(Fires(9, ()), Fires(12, ("ExchangeDefect",)), Fires(30, ())),
    ),
    Case(
        name="calls end with defects again and again",
        series=healthy(60) | {calls("INTERNAL", "ListMembers", "member"): "0x10 1+1x10 11x40"},
        expected=(Fires(9, ()), Fires(15, ("ExchangeDefect",)), Fires(40, ())),
    ),
    Case(
        name="event loops come round late for half an hour",
        series=healthy(90)
        | {
            loop_delay("0.05"): ("0+120x30 3600x30 3600+120x30"),
            loop_delay("0.5"): ("0+120x90"),
            loop_delay("+Inf"): ("0+120x90"),
        },
        expected=(Fires(30, ()), Fires(50, ("ExchangeSaturated",)), Fires(75, ())),
    ),
    Case(
        name="bulk is shed for half an hour, single checks are answered",
        series=healthy(120) | {refusals("shed", "BATCH"): "0x30 300+300x30 9300x60"},
        expected=(
            Fires(30, ()),
            Fires(50, ("CallsShed", "CheckAvailabilityBurnsFast", "CheckAvailabilityBurnsSlowly")),
            Fires(120, ("CheckAvailabilityBurnsSlowly",)),
        ),
    ),
    Case(
        name="a burst is shed for a minute: noise",
        series=healthy(60) | {refusals("shed", "REST"): "0x30 300x30"},
        expected=(Fires(32, ()), Fires(60, ())),
    ),
    Case(
        name="checks become slow for an hour",
        series=healthy(200)
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
        name="a published policy cannot be used, until it is rolled back",
        series=healthy(60)
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
        name="a stored policy cannot be read by this release, until it is rolled back",
        series=healthy(60)
        | {
            'health_exchange_policy_reads_total{job="health-exchange",instance="x",result="ok"}': (
                "0+120x10 1200x10 1200+120x40"
            ),
            'health_exchange_policy_reads_total{job="health-exchange",instance="x",'
            'result="STORE_FAILED"}': "0x10 120+120x10 1320x40",
        },
        expected=(Fires(10, ()), Fires(14, ("PolicyNotLoaded",)), Fires(30, ())),
    ),
    Case(
        name="the policies are not read because the store is away: its own alert says so",
        series=healthy(60)
        | {
            'health_exchange_policy_reads_total{job="health-exchange",instance="x",'
            'result="STORE_UNAVAILABLE"}': "0x10 120+120x10 1320x40",
        },
        expected=(Fires(14, ()), Fires(30, ())),
    ),
    Case(
        name="a certificate ends in ten days, and is renewed",
        series=healthy(120)
        | {
            'health_exchange_certificate_expiry_timestamp_seconds{job="health-exchange",'
            'instance="x",certificate="server"}': f"{10 * 86_400}x60 {90 * 86_400}x60"
        },
        expected=(Fires(5, ()), Fires(30, ("CertificateEnds",)), Fires(70, ())),
    ),
    Case(
        name="two checks in a thousand fail for days",
        series=healthy(2 * DAY, SLOW) | {calls("UNAVAILABLE"): "0+720x96"},
        expected=(Fires(2 * DAY, ("CheckAvailabilityBurnsSlowly",)),),
        step=SLOW,
    ),
    Case(
        name="one check in fifty is slow for days",
        series=healthy(2 * DAY, SLOW)
        | {
            'health_exchange_call_seconds_bucket{job="health-exchange",instance="x",'
            'method="CheckHealthCode",le="0.1"}': "0+176400x96",
            'health_exchange_call_seconds_count{job="health-exchange",instance="x",'
            'method="CheckHealthCode"}': "0+180000x96",
        },
        expected=(Fires(2 * DAY, ("CheckLatencyBurnsSlowly",)),),
        step=SLOW,
    ),
)
