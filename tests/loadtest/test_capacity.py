"""The arithmetic of capacity."""

import msgspec
import pytest

from loadtest.capacity import Demand, Measured, ServerFigures, plan
from loadtest.node_figures import NodeFigures

MEASURED = Measured(
    machine={},
    node=NodeFigures(
        statements=1, value_bytes=50, disk_bytes=100, write_cpu_us=100, read_cpu_us=10
    ),
    server=ServerFigures(checks=5_000, batch_lookups=50_000, publication=20_000),
)
DEMAND = Demand(
    statements=1_000_000_000, writes=10_000, checks=100_000, single_part=0.5, replicas=3,
    node_cores=10, busy_part=0.5, full_part=0.5, superseded_part=0.0, node_terabytes=1.0,
)  # fmt: skip


def test_disks_hold_every_copy() -> None:
    found = plan(MEASURED, DEMAND)
    assert found.data_gb == pytest.approx(100)
    assert found.disk_gb == pytest.approx(300)
    assert found.nodes_for_disk == 2


def test_nodes_write_on_all_replicas_and_read_on_a_quorum() -> None:
    found = plan(MEASURED, DEMAND)
    assert found.node_cores_used == pytest.approx(10_000 * 3 * 100e-6 + 100_000 * 2 * 10e-6)
    assert found.nodes_for_cpu == 2


def test_there_are_never_fewer_nodes_than_replicas() -> None:
    assert plan(MEASURED, DEMAND).nodes == 3


def test_cores_of_the_exchange_are_half_busy_at_the_peak() -> None:
    assert plan(MEASURED, DEMAND).server_cores == round((10 + 1 + 0.5) * 2)


def test_ten_times_the_statements_take_ten_times_the_disk_and_the_same_cores() -> None:
    more = msgspec.structs.replace(DEMAND, statements=10_000_000_000)
    assert plan(MEASURED, more).disk_gb == pytest.approx(3_000)
    assert plan(MEASURED, more).node_cores_used == plan(MEASURED, DEMAND).node_cores_used
