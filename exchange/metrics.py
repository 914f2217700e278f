"""Every metric of the exchange, in one place."""

from prometheus_client import Counter, Histogram

CALLS = Counter(
    "health_exchange_calls",
    "Calls by method, status code and kind of caller.",
    ["method", "code", "caller_kind"],
)
CALL_SECONDS = Histogram(
    "health_exchange_call_seconds",
    "Duration of calls by method, in seconds.",
    ["method"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
