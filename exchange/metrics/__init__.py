"""Every metric of the exchange, in one place: name, help, labels, unit, buckets and bound.

Names have the prefix ``health_exchange_``; counters get ``_total`` when they are shown. Labels come
from fixed lists: members, formats, methods, codes, reasons. Never a caller, a subject or a free
text. ``docs/metrics.md`` says the same for people, and a test compares the two.
"""

from exchange.metrics.kinds import Across, Counter, Gauge, Histogram, Metric

PREFIX = "health_exchange_"

MEMBERS_MAX = 35
"""33 members, room for two more (810000 and 820000), which a test compares with the list."""
METHODS_MAX = 60
FORMATS_MAX = 60
_CODES = 17
_KINDS = 4
_OUTCOMES = 24
"""Accepted, and each reason against a record."""
_FINDINGS = 24
_LEVELS = 5

SHORT_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
"""From a check that finds everything in memory to the deadline of a patient caller."""
LONG_SECONDS = (0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 10_800, 43_200, 86_400, 604_800, 1_814_400)
"""From a push at once over an hourly and a daily file to the greatest age that counts."""

CALLS = Counter(
    "calls",
    "Calls by method, status code and kind of caller.",
    ("method", "code", "caller_kind"),
    series_max=METHODS_MAX * _CODES * _KINDS,
)
CALL_SECONDS = Histogram(
    "call_seconds",
    "Duration of calls by method, from the first byte read to the answer; those that were refused "
    "for now do not count, as they are held.",
    ("method",),
    unit="seconds",
    buckets=SHORT_SECONDS,
    series_max=METHODS_MAX,
)
CALLS_RUNNING = Gauge("calls_running", "Calls that have begun and not ended.")
DECISIONS = Counter(
    "decisions",
    "Decisions by destination, origin as the caller named it (empty: none) and verdict.",
    ("destination", "origin", "verdict"),
    series_max=MEMBERS_MAX * (MEMBERS_MAX + 1) * 3,
)
FAILED_LOOKUPS = Counter(
    "failed_lookups",
    "Lookups that the store did not answer, by destination.",
    ("destination",),
    series_max=MEMBERS_MAX,
)
NON_RECOGNITIONS = Counter(
    "non_recognitions",
    "Findings of decisions that did not admit, by pair (destination and issuer; empty: the "
    "finding rests on no statement) and reason.",
    ("destination", "issuer", "reason"),
    series_max=MEMBERS_MAX * (MEMBERS_MAX + 1) * _FINDINGS,
)
RECORDS = Counter(
    "records",
    "Records handed in, by member, format (empty: the common schema) and outcome: ACCEPTED or the "
    "reason against it.",
    ("member", "format", "outcome"),
    series_max=(FORMATS_MAX + MEMBERS_MAX) * _OUTCOMES,
)
ACCEPTED_LEVELS = Counter(
    "accepted_levels",
    "Records accepted, by member, format (empty: the common schema) and level: a shift is a digit "
    "that means something else now.",
    ("member", "format", "level"),
    series_max=(FORMATS_MAX + MEMBERS_MAX) * _LEVELS,
)
UNKNOWN_FIELDS = Counter(
    "unknown_fields",
    "Names that a format does not have, by member and format, in the payloads that were looked at: "
    "the first of each submission or stream, and one in 1,000.",
    ("member", "format"),
    series_max=FORMATS_MAX,
)
LAST_CONTACT = Gauge(
    "member_last_contact_timestamp_seconds",
    "When a member last handed something in, be it empty, in seconds since 1970.",
    ("member",),
    unit="seconds",
    series_max=MEMBERS_MAX,
    across=Across.NEWEST,
)
NEWEST_AS_OF = Gauge(
    "member_newest_as_of_timestamp_seconds",
    "As-of time of the newest statement that a member handed in, in seconds since 1970.",
    ("member",),
    unit="seconds",
    series_max=MEMBERS_MAX,
    across=Across.NEWEST,
)
STATEMENT_DELAY = Histogram(
    "statement_delay_seconds",
    "Age of statements (now less as-of time) when they were durable, by the member that handed "
    "them in.",
    ("member",),
    unit="seconds",
    buckets=LONG_SECONDS,
    series_max=MEMBERS_MAX,
)
DURABLE_SECONDS = Histogram(
    "durable_seconds",
    "From the receipt of statements until all of one write were durable.",
    unit="seconds",
    buckets=SHORT_SECONDS,
)
VISIBLE_SECONDS = Histogram(
    "visible_seconds",
    "From durable to seen by a read of its own, measured on at most one write a second.",
    unit="seconds",
    buckets=SHORT_SECONDS,
)
QUARANTINE_KEPT = Counter(
    "quarantine_kept",
    "Records and payloads set aside because no adapter could read them, by member.",
    ("member",),
    series_max=MEMBERS_MAX,
)
QUARANTINE_ENTRIES = Gauge(
    "quarantine_entries",
    "Records and payloads that wait in quarantine, by member, as last seen by the worker that saw "
    "most; each worker looks at one member after another, all in six minutes.",
    ("member",),
    series_max=MEMBERS_MAX,
    across=Across.MAX,
)
QUARANTINE_REFUSED = Counter(
    "quarantine_refused",
    "Records and payloads that no adapter could read and for which there was no room, by member.",
    ("member",),
    series_max=MEMBERS_MAX,
)
ADMISSION_DELAY = Histogram(
    "admission_delay_seconds",
    "Delay that a call meets on its way to its handler; each worker asks itself all the time.",
    unit="seconds",
    buckets=SHORT_SECONDS,
)
ADMISSION_LEVEL = Gauge(
    "admission_level",
    "How much is shed, of the worker that sheds most: 0 nothing; up to 1 the rest of calls, to 2 "
    "publications, to 3 batches, to 4 single checks.",
    across=Across.MAX,
)
ADMISSION_REFUSALS = Counter(
    "admission_refusals",
    "Calls refused before their message was parsed, by reason (shed, full, quota, deadline, "
    "flood) and priority.",
    ("reason", "priority"),
    series_max=5 * 4,
)
STREAM_HELD_SECONDS = Counter(
    "stream_held_seconds",
    "Time for which streams were not read, by member and cause (quota, load): they are slowed "
    "where calls are refused.",
    ("member", "cause"),
    unit="seconds",
    series_max=MEMBERS_MAX * 2,
)
QUOTA_PER_SECOND = Gauge(
    "quota_per_second",
    "Limit in force of a member, by kind (lookups, records); none where it has no quota.",
    ("member", "quota"),
    series_max=MEMBERS_MAX * 2,
)
FLOOD_LIMIT = Gauge(
    "flood_limit_per_second",
    "Rate to which a member is held that asks for more than all others together, in single "
    "checks; none where nobody is held back.",
    ("member",),
    series_max=MEMBERS_MAX,
)
QUOTA_REFUSALS = Counter(
    "quota_refusals",
    "Calls refused because a member had used up its quota, by member and kind of quota.",
    ("member", "quota"),
    series_max=MEMBERS_MAX * 2,
)
STORE_OPERATIONS = Counter(
    "store_operations",
    "Operations of the store by kind and result: ok, or the reason of the error.",
    ("store", "operation", "result"),
    series_max=2 * 16 * 10,
)
STORE_OPERATION_SECONDS = Histogram(
    "store_operation_seconds",
    "Duration of operations of the store by kind.",
    ("store", "operation"),
    unit="seconds",
    buckets=SHORT_SECONDS,
    series_max=2 * 16,
)
STORE_ITEMS = Counter(
    "store_items",
    "Entries written and subjects read, by operation.",
    ("store", "operation"),
    series_max=2 * 2,
)
STORE_ANSWERS = Gauge(
    "store_answers",
    "1 while the store answers with a schema that can be used, 0 while it does not.",
    across=Across.MIN,
)
POLICY_REVISION = Gauge(
    "policy_revision",
    "Revision of the policy in force, by destination and name of the policy.",
    ("destination", "policy"),
    series_max=2 * MEMBERS_MAX,
    across=Across.MAX,
)
POLICY_READS = Counter(
    "policy_reads",
    "Looks at the policies in the store by result: ok, or why what was known stays in use: a "
    "reason of the store (STORE_FAILED: one is missing or cannot be read by this release), or "
    "defect (one could not be made ready).",
    ("result",),
    series_max=10,
)
CERTIFICATE_EXPIRY = Gauge(
    "certificate_expiry_timestamp_seconds",
    "When a certificate in use ends, in seconds since 1970: of the server, of the authority.",
    ("certificate",),
    unit="seconds",
    series_max=2,
    across=Across.MIN,
)
LOOP_DELAY = Histogram(
    "loop_delay_seconds",
    "How much later than asked a worker's event loop came round: what every call waits at least.",
    unit="seconds",
    buckets=SHORT_SECONDS,
)
WORKERS = Gauge("workers", "Worker processes that serve.")
PUBLISHERS = Gauge("publishers", "Publisher processes that take in what members hand in.")
WORKER_CPU = Counter(
    "worker_cpu_seconds",
    "Processor time of all workers and publishers, those that ended included.",
    unit="seconds",
)
WORKER_BYTES = Gauge(
    "worker_resident_bytes",
    "Resident memory of all workers and publishers, without pages of files.",
    unit="bytes",
)
BUILD_INFO = Gauge(
    "build_info",
    "1, with the version of the exchange, of Python and the kind of store.",
    ("version", "python", "store"),
    series_max=4,
    across=Across.MAX,
)

METRICS: tuple[Metric, ...] = tuple(
    value for value in dict(globals()).values() if isinstance(value, Metric)
)
"""All of them, in the order above."""
