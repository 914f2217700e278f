"""Rings on loopback, and ports that nobody uses."""

import random
import socket
from pathlib import Path

import pytest

from tools.cassandra.ports import free_ports
from tools.cassandra.settings import NodeSettings, ring

FIRST = NodeSettings(directory=Path("/data"), jmx_port=7199, metrics_port=9500)


def chance(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - a port is no secret


def test_nodes_of_a_ring_differ_in_what_must_differ_and_share_the_rest() -> None:
    nodes = ring(FIRST, 3)
    assert [node.address for node in nodes] == ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
    assert [node.jmx_port for node in nodes] == [7199, 7200, 7201]
    assert [node.metrics_port for node in nodes] == [9500, 9501, 9502]
    assert len({node.directory for node in nodes}) == 3
    assert {(node.native_port, node.storage_port) for node in nodes} == {(9042, 7000)}


@pytest.mark.parametrize("count", [0, 4])
def test_a_ring_has_one_to_three_nodes(count: int) -> None:
    with pytest.raises(ValueError, match="one to three"):
        ring(FIRST, count)


def test_ports_are_different_and_free_with_their_neighbours_on_all_three_addresses() -> None:
    ports = free_ports(3, chance(1))
    assert len(set(ports)) == 3
    for port in ports:
        for number in (1, 2, 3):
            with socket.socket() as taker:
                taker.bind((f"127.0.0.{number}", port + 2))


def test_a_taken_port_is_passed_over() -> None:
    (chosen,) = free_ports(1, chance(2))
    with socket.socket() as taker:
        taker.bind(("127.0.0.2", chosen + 1))
        taker.listen()
        (other,) = free_ports(1, chance(2))
    assert other != chosen
