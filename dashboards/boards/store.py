"""*Store*: how it looks from the exchange, and how Cassandra's nodes see themselves."""

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
    falling,
    rising,
)

_I = OF_EXCHANGE
NO_NODE = "the embedded store has no node"
_ONE_NODE = f"{NO_NODE}, or one node has nobody to "


def _operations(metric: str, by: str) -> str:
    return f"sum by ({by}) (rate({metric}{{{_I}}}[$__rate_interval]))"


STORE = Dashboard(
    uid="health-exchange-store",
    title="Store",
    description="Does the store keep what it was given and answer in time?",
    variables=(JOB, INSTANCE, NODE),
    rows=(
        Row(
            "Seen from the exchange",
            (
                Panel(
                    title="The store answers",
                    description="1: it answers and its schema can be used. Good: 1 everywhere.",
                    unit="none",
                    kind=Kind.FIGURE,
                    thresholds=falling(1, 1),
                    playbook="store-unavailable",
                    width=4,
                    queries=(
                        Query(
                            f"min by (instance) (health_exchange_store_answers{{{_I}}})",
                            "{{instance}}",
                        ),
                    ),
                ),
                Panel(
                    title="Operations",
                    description="Good: reads follow checks, writes follow publications.",
                    unit="ops",
                    width=10,
                    queries=(
                        Query(
                            _operations("health_exchange_store_operations_total", "operation"),
                            "{{operation}}",
                        ),
                    ),
                ),
                Panel(
                    title="Operations that failed",
                    description="By operation and reason; read_part: a part of the subjects of one "
                    "read. Good: nothing here.",
                    unit="ops",
                    width=10,
                    playbook="store-errors",
                    queries=(
                        Query(
                            "sum by (operation, result) (rate("
                            "health_exchange_store_operations_total"
                            f'{{{_I},result!="ok"}}[$__rate_interval]))',
                            "{{operation}} {{result}}",
                            empty_because="no operation has failed",
                        ),
                    ),
                ),
                Panel(
                    title="Duration of operations",
                    description="99 of 100 are quicker. Good: reads within 20 ms, writes within "
                    "100 ms.",
                    unit="s",
                    thresholds=rising(0.1, 0.5),
                    playbook="store-slow",
                    queries=(
                        Query(
                            "histogram_quantile(0.99, sum by (operation, le) (rate("
                            f"health_exchange_store_operation_seconds_bucket{{{_I}}}"
                            "[$__rate_interval])))",
                            "{{operation}}",
                        ),
                    ),
                ),
                Panel(
                    title="Rows",
                    description="Entries written and subjects read. Good: many for each operation: "
                    "batches carry the volume.",
                    unit="cps",
                    queries=(
                        Query(
                            _operations("health_exchange_store_items_total", "operation"),
                            "{{operation}}",
                        ),
                    ),
                ),
                Panel(
                    title="Durable and visible",
                    description="From receipt to durable, and from durable until a read of its own "
                    "sees it; 99 of 100. Good: visible within 50 ms.",
                    unit="s",
                    playbook="store-slow",
                    queries=tuple(
                        Query(
                            "histogram_quantile(0.99, sum by (le) (rate("
                            f"health_exchange_{stage}_seconds_bucket{{{_I}}}[$__rate_interval])))",
                            stage,
                        )
                        for stage in ("durable", "visible")
                    ),
                ),
            ),
        ),
        Row(
            "Seen by the nodes",
            (
                Panel(
                    title="Latency of requests",
                    description="99 of 100 that a node coordinated. Good: within 10 ms.",
                    unit="s",
                    playbook="store-slow",
                    queries=(
                        Query(
                            f'cassandra_client_request_latency_seconds{{{OF_NODE},quantile="0.99"}}',
                            "{{instance}} {{operation}}",
                            empty_because=NO_NODE,
                        ),
                    ),
                ),
                Panel(
                    title="Requests",
                    description="That a node coordinated. Good: the same on all nodes.",
                    unit="reqps",
                    queries=(
                        Query(
                            "sum by (instance, operation) "
                            f"(rate(cassandra_client_requests_total{{{OF_NODE}}}[$__rate_interval]))",
                            "{{instance}} {{operation}}",
                            empty_because=NO_NODE,
                        ),
                    ),
                ),
                Panel(
                    title="Requests that failed",
                    description="Timeouts, too few replicas, failures. Good: 0.",
                    unit="reqps",
                    playbook="store-errors",
                    queries=(
                        Query(
                            "sum by (instance, kind) "
                            f"(rate(cassandra_client_request_errors_total{{{OF_NODE}}}[$__rate_interval]))",
                            "{{instance}} {{kind}}",
                            empty_because=NO_NODE,
                        ),
                    ),
                ),
                Panel(
                    title="Compactions waiting",
                    description="Good: below 20, and back to 0 at night.",
                    unit="none",
                    thresholds=rising(20, 100),
                    playbook="cassandra-falls-behind",
                    queries=(
                        Query(
                            f"cassandra_compaction_pending_tasks{{{OF_NODE}}}",
                            "{{instance}}",
                            empty_because=NO_NODE,
                        ),
                    ),
                ),
                Panel(
                    title="Messages dropped",
                    description="Between nodes, too late to be worth handling. Good: 0.",
                    unit="cps",
                    playbook="cassandra-falls-behind",
                    queries=(
                        Query(
                            "sum by (instance, message) "
                            f"(rate(cassandra_dropped_messages_total{{{OF_NODE}}}[$__rate_interval]))",
                            "{{instance}} {{message}}",
                            empty_because=_ONE_NODE + "drop messages of",
                        ),
                    ),
                ),
                Panel(
                    title="Hints",
                    description="Writes kept for nodes that are away, and replayed. Good: 0, "
                    "unless a node was restarted.",
                    unit="cps",
                    playbook="cassandra-node-down",
                    queries=(
                        Query(
                            f"rate(cassandra_hints_total{{{OF_NODE}}}[$__rate_interval])",
                            "{{instance}} written",
                            empty_because=NO_NODE,
                        ),
                        Query(
                            f"rate(cassandra_hints_replayed_total{{{OF_NODE}}}[$__rate_interval])",
                            "{{instance}} {{result}}",
                            empty_because=_ONE_NODE + "replay hints to",
                        ),
                    ),
                ),
                Panel(
                    title="Heap",
                    description="Share in use. Good: a saw-tooth that falls below 70 %.",
                    unit="percentunit",
                    thresholds=rising(0.75, 0.9),
                    playbook="cassandra-heap-full",
                    queries=(
                        Query(
                            f'jvm_memory_used_bytes{{{OF_NODE},area="heap"}} / '
                            f'jvm_memory_max_bytes{{{OF_NODE},area="heap"}}',
                            "{{instance}}",
                            empty_because=NO_NODE,
                        ),
                    ),
                ),
                Panel(
                    title="Garbage collection",
                    description="Share of time. Good: below 5 %.",
                    unit="percentunit",
                    thresholds=rising(0.05, 0.1),
                    playbook="cassandra-heap-full",
                    queries=(
                        Query(
                            "sum by (instance) (rate("
                            f"jvm_gc_collection_seconds_sum{{{OF_NODE}}}[$__rate_interval]))",
                            "{{instance}}",
                            empty_because=NO_NODE,
                        ),
                    ),
                ),
                Panel(
                    title="Data on disk",
                    description="Live data and commit log. Good: half of the disk stays free for "
                    "compactions.",
                    unit="bytes",
                    queries=(
                        Query(
                            f"cassandra_disk_used_bytes{{{OF_NODE}}}",
                            "{{instance}} data",
                            empty_because=NO_NODE,
                        ),
                        Query(
                            f"cassandra_commit_log_bytes{{{OF_NODE}}}",
                            "{{instance}} log",
                            empty_because=NO_NODE,
                        ),
                    ),
                ),
            ),
        ),
    ),
)
