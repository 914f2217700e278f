"""Names of series in cases, as promtool reads them, and the series of a quiet exchange."""


def calls(code: str = "OK", method: str = "CheckHealthCode", kind: str = "checkpoint") -> str:
    """Return the series of calls."""
    return (
        f'health_exchange_calls_total{{job="health-exchange",instance="x",method="{method}",'
        f'code="{code}",caller_kind="{kind}"}}'
    )


def records(member: str, outcome: str = "ACCEPTED", format_id: str = "f") -> str:
    """Return the series of records that a member handed in."""
    return (
        f'health_exchange_records_total{{job="health-exchange",instance="x",member="{member}",'
        f'format="{format_id}",outcome="{outcome}"}}'
    )


def member_gauge(name: str, member: str) -> str:
    """Return the series of an instant of a member."""
    return (
        f'health_exchange_member_{name}_timestamp_seconds{{job="health-exchange",instance="x",'
        f'member="{member}"}}'
    )


UP = 'up{job="health-exchange",instance="x"}'
ANSWERS = 'health_exchange_store_answers{job="health-exchange",instance="x"}'
WORKERS = 'health_exchange_workers{job="health-exchange",instance="x"}'
NODE_UP = 'up{job="cassandra",instance="n1"}'
OTHER_NODE_UP = 'up{job="cassandra",instance="n2"}'


def store_operations(result: str, operation: str = "read") -> str:
    """Return the series of operations of the store."""
    return (
        'health_exchange_store_operations_total{job="health-exchange",instance="x",'
        f'store="cassandra",operation="{operation}",result="{result}"}}'
    )


def levels(level: str) -> str:
    """Return the series of records accepted with a level."""
    return (
        'health_exchange_accepted_levels_total{job="health-exchange",instance="x",'
        f'member="310000",format="f",level="{level}"}}'
    )


def refusals(reason: str, priority: str) -> str:
    """Return the series of refusals at the door."""
    return (
        'health_exchange_admission_refusals_total{job="health-exchange",instance="x",'
        f'reason="{reason}",priority="{priority}"}}'
    )


def flood_limit(member: str) -> str:
    """Return the series of the rate to which a member is held."""
    return (
        'health_exchange_flood_limit_per_second{job="health-exchange",instance="x",'
        f'member="{member}"}}'
    )


def loop_delay(bound: str) -> str:
    """Return the series of a bucket of the delay of event loops."""
    return (
        'health_exchange_loop_delay_seconds_bucket{job="health-exchange",instance="x",'
        f'le="{bound}"}}'
    )


def healthy(minutes: int, step: int = 1) -> dict[str, str]:
    """Return a quiet exchange: checks answered, one member that sends every minute."""
    steps = minutes // step
    return {
        UP: f"1x{steps}",
        ANSWERS: f"1x{steps}",
        WORKERS: f"2x{steps}",
        calls(): f"0+{6000 * step}x{steps}",
        store_operations("ok"): f"0+{6000 * step}x{steps}",
        records("510000"): f"0+{600 * step}x{steps}",
        member_gauge("newest_as_of", "510000"): f"0+{60 * step}x{steps}",
        member_gauge("last_contact", "510000"): f"0+{60 * step}x{steps}",
    }
