"""Choose ports that nobody uses, so that several test runs can go on at the same time."""

import random
import socket

from tools.cassandra.settings import NODE_COUNTS

PORT_MIN = 20_000
PORT_MAX = 32_000
"""Below the range from which Linux hands out client ports (32768 and up): an outgoing
connection cannot take the port between our look and the node's own bind."""

_ATTEMPTS_MAX = 200


def free_ports(count: int, choice: random.Random) -> tuple[int, ...]:
    """Return `count` different ports, each with a free neighbourhood on 127.0.0.1 to 127.0.0.3.

    A port and its next two are free on all three addresses, as `settings.ring` needs.
    Two runs that look at the same moment could still choose alike; chance makes that rare,
    and the node that loses says so in its log.

    Raises:
        OSError: no such ports were found in 200 attempts.
    """
    found: list[int] = []
    for _ in range(_ATTEMPTS_MAX):
        if len(found) == count:
            return tuple(found)
        # Steps of four keep the neighbourhoods apart.
        port = choice.randrange(PORT_MIN, PORT_MAX, 4)
        if port not in found and all(_is_free(port, number) for number in NODE_COUNTS):
            found.append(port)
    raise OSError(f"no {count} free ports between {PORT_MIN} and {PORT_MAX}")


def _is_free(port: int, number: int) -> bool:
    for offset in range(len(NODE_COUNTS)):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            # Java binds this way too: a port in TIME_WAIT counts as free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((f"127.0.0.{number}", port + offset))
            except OSError:
                return False
    return True
