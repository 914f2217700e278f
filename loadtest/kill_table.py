"""What faults in the middle of a publication cost: fault, acknowledged, found, lost.

Run by ``python -m loadtest.kill_table --rows 1000000``: a real server with mutual TLS on the
embedded store and `health-exchange publish` against it, each in processes of their own, with a
line between them that can be cut. Rows are about as many different people, so every accepted one
is a row of the store; one in a thousand is wrong on purpose.
"""

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from exchange.server.worker import PUBLISHER, WORKER
from loadtest.faults import LINES, SHAPES, Client, Proxy, Published, Server, Shape, write_file

CUTS = 5
LOOK_SECONDS = 0.01
PATIENCE_SECONDS = 300.0
Cause = Callable[["Trial"], None]


class Row(msgspec.Struct, frozen=True):
    """One line of the table.

    Attributes:
        fault: What happened.
        wrong: Rows of the file that are wrong.
        rows: Rows of the file.
        at_the_fault: Accepted records that the client had written down when it happened last.
        found_then: Statements in the store right after it, before anything went on; None where the
            server went on serving.
        published: What the client said at its end.
        found: Statements in the store at the end.
        failures_written: Lines of the file of failed records.
    """

    fault: str
    wrong: int
    rows: int
    at_the_fault: int
    found_then: int | None
    published: Published
    found: int
    failures_written: int

    @property
    def lost(self) -> int:
        """Acknowledged records that are not there."""
        return self.published.accepted_count - self.found


class Trial:
    """A server, a line and a client, to which something happens."""

    def __init__(self, server: Server, shape: Shape, path: Path) -> None:
        self.server = server
        self.proxy = Proxy(lambda: server.port)
        self.client = Client(shape, path, self.proxy.address, server.certs)
        self.at_the_fault = 0
        self.found_then: int | None = None
        self.client_killed = threading.Event()

    def watch(self, happen: Cause, times: int, step_bytes: int) -> None:
        """Let something happen each time when so many more bytes were sent, some acknowledged.

        Bytes are seen as they pass; what is acknowledged is written down a few times a second only.
        """
        for _ in range(times):
            deadline = time.monotonic() + PATIENCE_SECONDS
            mark = self.proxy.passed_bytes + step_bytes
            while self.proxy.passed_bytes < mark or not self.client.acknowledged():
                if time.monotonic() > deadline:
                    return
                time.sleep(LOOK_SECONDS)
            happen(self)

    def note(self) -> None:
        """Write down what the client knows at the fault."""
        self.at_the_fault = self.client.acknowledged()


def cut(trial: Trial) -> None:
    """Cut the connection."""
    trial.note()
    trial.proxy.cut()


def kill_worker(trial: Trial) -> None:
    """Kill the worker; the parent replaces it."""
    trial.note()
    trial.server.kill_all(WORKER)


def kill_publisher(trial: Trial) -> None:
    """Kill the publisher; the parent replaces it, and workers go on."""
    trial.note()
    trial.server.kill_all(PUBLISHER)


def kill_server(trial: Trial) -> None:
    """Kill parent and worker, look into the store, start again."""
    trial.server.kill()
    trial.note()
    trial.found_then = trial.server.found()
    trial.server.start()


def kill_client(trial: Trial) -> None:
    """Kill the client, which is then started again."""
    trial.client.kill()
    trial.note()
    trial.client_killed.set()


FAULTS: dict[str, tuple[Cause, int]] = {
    f"connection cut {CUTS} times": (cut, CUTS),
    "SIGKILL of the worker": (kill_worker, 1),
    "SIGKILL of the publisher": (kill_publisher, 1),
    "SIGKILL of the server, restarted": (kill_server, 1),
    "SIGKILL of the client, run again": (kill_client, 1),
}
"""What happens, and how often."""


def try_fault(
    name: str, directory: Path, rows: int, shape: Shape = LINES, **settings: object
) -> Row:
    """Publish a file while something happens, and count what is there afterwards."""
    happen, times = FAULTS[name]
    path = directory / shape.name
    wrong = write_file(shape, path, rows)
    server = Server(directory / "data", **settings)
    server.start()
    trial = Trial(server, shape, path)
    step_bytes = path.stat().st_size // (2 * times + 2)
    watch = threading.Thread(target=trial.watch, args=(happen, times, step_bytes))
    watch.daemon = True
    watch.start()
    try:
        trial.client.start()
        if happen is kill_client:
            trial.client_killed.wait(PATIENCE_SECONDS)
            trial.client.start()
        published = trial.client.finish()
        written = len(trial.client.failures_file.read_bytes().splitlines())
    finally:
        trial.client.kill()
        trial.proxy.close()
        server.kill()
    return Row(
        name, wrong, rows, trial.at_the_fault, trial.found_then, published, server.found(), written
    )


def markdown(found: Sequence[Row]) -> str:
    """Return the table."""
    columns = "fault,rows,broken streams,acknowledged,found,lost,failed,named,client MiB,records/s"
    names = columns.split(",")
    lines = [f"| {' | '.join(names)} |", f"| {' | '.join('---' for _ in names)} |"]
    for row in found:
        done = row.published
        rate = (done.accepted_count + done.failed_count) / done.seconds
        lines.append(
            f"| {row.fault} | {row.rows:,} | {done.resumed_count} | {done.accepted_count:,} "
            f"| {row.found:,} | {row.lost} | {done.failed_count:,} | {row.failures_written:,} "
            f"| {done.memory_mebibytes:.0f} | {rate:,.0f} |"
        )
        if row.found_then is not None:
            lines.append(
                f"| ... right after the kill | | | {row.at_the_fault:,} | {row.found_then:,} "
                f"| {max(0, row.at_the_fault - row.found_then)} | | | | |"
            )
    return "\n".join(lines)


def main() -> int:
    """Try every fault and print the table; 1 if something was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--fault", choices=list(FAULTS), help="Only this one.")
    parser.add_argument("--shape", choices=list(SHAPES), default="lines", help="What is handed in.")
    given = parser.parse_args()
    found = []
    for name in [given.fault] if given.fault else FAULTS:
        with tempfile.TemporaryDirectory() as directory:
            found.append(try_fault(name, Path(directory), given.rows, SHAPES[given.shape]))
    sys.stdout.write(markdown(found) + "\n")
    return 1 if any(row.lost for row in found) else 0


if __name__ == "__main__":
    raise SystemExit(main())
