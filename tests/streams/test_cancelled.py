"""Cancelled calls and streams leave nothing behind (incident I13).

The full hundred thousand run in ``make soak``; here are enough that a leak of 3 KB a call shows.
"""

from pathlib import Path

import pytest

from loadtest.cancelled import bare_server, measure, server

COUNT = 4_000
GROWTH_BYTES_MAX = 12 << 20


@pytest.mark.timeout(240)
def test_i13_cancelled_calls_and_streams_leave_memory_where_it_was(tmp_path: Path) -> None:
    with server(tmp_path) as (port, worker):
        points = measure(port, worker, COUNT)
    # The first steps warm caches and pools up; growth after them is a leak.
    assert points[-1].resident_bytes - points[2].resident_bytes < GROWTH_BYTES_MAX


@pytest.mark.timeout(120)
def test_what_grpc_alone_keeps_can_be_measured_beside_it() -> None:
    with bare_server() as (port, process):
        points = measure(port, process, 200)
    assert [(point.calls, point.streams) for point in points][-1] == (200, 200)
    assert all(point.resident_bytes > 0 for point in points)
