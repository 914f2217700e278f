"""Cases of the store and of Cassandra's nodes."""

from dashboards.rule_cases.case import Case, Fires
from dashboards.rule_cases.series import (
    ANSWERS,
    NODE_UP,
    OTHER_NODE_UP,
    calls,
    healthy,
    store_operations,
)

CASES: tuple[Case, ...] = (
    Case(
        name="a node stops, its replicas go on",
        series=healthy(120) | {NODE_UP: "1x30 0x30 1x60", OTHER_NODE_UP: "1x120"},
        expected=(Fires(30, ()), Fires(34, ("CassandraNodeDown",)), Fires(62, ())),
    ),
    Case(
        name="the only node stops: checks fail, the store does not answer; then it is back",
        series=healthy(180)
        | {
            NODE_UP: "1x30 0x20 1x130",
            ANSWERS: "1x30 0x20 1x130",
            calls(): "0+6000x30 180000x20 180000+6000x130",
            calls("UNAVAILABLE"): "0x30 6000+6000x20 126000x130",
            store_operations("ok"): "0+6000x30 180000x20 180000+6000x130",
            store_operations("STORE_UNAVAILABLE"): "0x30 6000+6000x20 126000x130",
        },
        expected=(
            Fires(30, ()),
            Fires(36, ("CassandraNodeDown", "CheckAvailabilityBurnsFast", "StoreUnavailable")),
            Fires(180, ("CheckAvailabilityBurnsSlowly",)),
        ),
    ),
    Case(
        name="a store that is away for half a minute is noise",
        series=healthy(60) | {ANSWERS: "1x30 0 1x30"},
        expected=(Fires(31, ()), Fires(40, ())),
    ),
    Case(
        name="one of ten reads fails for a quarter of an hour",
        series=healthy(120) | {store_operations("STORE_UNAVAILABLE"): "0x30 600+600x15 9600x75"},
        expected=(Fires(30, ()), Fires(42, ("StoreErrors",)), Fires(60, ())),
    ),
    Case(
        name="reads become slow",
        series=healthy(90)
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
        name="a node has more to compact than it can",
        series=healthy(120)
        | {
            NODE_UP: "1x120",
            'cassandra_compaction_pending_tasks{job="cassandra",instance="n1"}': "5x30 200x40 5x50",
        },
        expected=(Fires(30, ()), Fires(60, ("CassandraFallsBehind",)), Fires(80, ())),
    ),
    Case(
        name="the heap of a node is full",
        series=healthy(120)
        | {
            NODE_UP: "1x120",
            'jvm_memory_used_bytes{job="cassandra",instance="n1",area="heap"}': "50x30 95x40 50x50",
            'jvm_memory_max_bytes{job="cassandra",instance="n1",area="heap"}': "100x120",
        },
        expected=(Fires(30, ()), Fires(60, ("CassandraHeapFull",)), Fires(80, ())),
    ),
)
