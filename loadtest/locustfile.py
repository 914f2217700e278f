"""What locust loads: the users, and the shape that the environment names.

``LOADTEST_SHAPE`` (see ``shapes``), ``LOADTEST_SECONDS`` and ``LOADTEST_USERS`` choose shape,
length and greatest number of users; without a shape locust's own options hold.
"""

import os

from grpc.experimental import gevent as grpc_gevent  # type: ignore[attr-defined]  # No stubs.
from locust import LoadTestShape

from loadtest.shapes import SHAPES
from loadtest.users import BackOfficeUser, CheckpointUser, OperatorUser, PublisherUser

# gRPC waits in its own threads unless it is told that greenlets wait here.
grpc_gevent.init_gevent()

__all__ = ["BackOfficeUser", "CheckpointUser", "OperatorUser", "PublisherUser"]

chosen = os.environ.get("LOADTEST_SHAPE", "")
if chosen:

    class ChosenShape(LoadTestShape):
        """The shape that the environment names."""

        seconds = float(os.environ.get("LOADTEST_SECONDS", "120"))
        users = int(os.environ.get("LOADTEST_USERS", "100"))
        shape = staticmethod(SHAPES[chosen])

        def tick(self) -> tuple[int, float] | None:
            """Return users and how many to start a second; None at the end."""
            passed = float(self.get_run_time()) / self.seconds  # type: ignore[no-untyped-call]
            if passed >= 1:
                return None
            return max(1, round(self.users * self.shape(passed))), float(self.users)
