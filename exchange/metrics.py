"""Every metric of the exchange, in one place."""

from prometheus_client import Counter, Gauge, Histogram

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
CERTIFICATE_EXPIRY = Gauge(
    "health_exchange_certificate_expiry_timestamp_seconds",
    "When a certificate in use ends, in seconds since 1970: of the server, of the authority.",
    ["certificate"],
    multiprocess_mode="min",
)
STORE_ANSWERS = Gauge(
    "health_exchange_store_answers",
    "1 while the store answers with a schema that can be used, 0 while it does not.",
    multiprocess_mode="min",
)
