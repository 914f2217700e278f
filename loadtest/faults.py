"""Real servers to be killed, a connection to be cut, and a client that is measured meanwhile."""

import asyncio
import contextlib
import datetime as dt
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

import msgspec

from exchange.app import make_store
from exchange.cli.commands.certs import prepare
from exchange.cli.commands.keys import write_key_file
from exchange.core.documents import check_character
from exchange.operations.clock import system_clock
from exchange.server.worker import PUBLISHER, WORKER
from exchange.settings import PREFIX, Settings
from loadtest.memory import PeakMemory
from loadtest.serving import put_behind

_HEADER = "证件类型,证件号码,码色,变更类型,判定时间,所属区,判定原因,姓名,序号\r\n"
WRONG_EVERY = 1_000
"""One row of so many has a colour that does not exist, so that failures are counted too."""
_PIPE_BYTES = 64 * 1024
_BEIJING = dt.timezone(dt.timedelta(hours=8))
_FIRST_BIRTH = dt.date(1850, 1, 1)


class Shape(msgspec.Struct, frozen=True):
    """A kind of file that is handed in.

    Attributes:
        member: Whose it is.
        format_id: Its format.
        name: What a file is called.
        header: Its first line; ``""`` where it has none.
        row: From number, document number, time and whether it is wrong to a line.
    """

    member: str
    format_id: str
    name: str
    header: str
    row: Callable[[int, str, str, bool], str]

    @property
    def caller(self) -> str:
        """Who hands it in."""
        return f"urn:health-exchange:member:{self.member}"


def _csv_row(number: int, resident: str, judged: str, wrong: bool) -> str:
    colour = "紫" if wrong else "黄"
    return f"身份证,{resident},{colour},A,{judged},310115,原因,,{number}\r\n"


def _json_row(number: int, resident: str, judged: str, wrong: bool) -> str:
    del number  # The format has no place for it.
    grade = "7" if wrong else "01"
    data = {"cid_type": "10", "cid": resident, "risk_assessment_grade": grade}
    return json.dumps({"errcode": "0", "data": data | {"report_date": judged}}) + "\n"


LINES = Shape("310000", "310000-ry-v1", "rows.csv", _HEADER, _csv_row)
"""One file of lines, cut anywhere."""
DOCUMENTS = Shape("510000", "510000-status-v1", "rows.payloads", "", _json_row)
"""Payloads that are one document each."""
SHAPES = {"lines": LINES, "documents": DOCUMENTS}


def write_file(shape: Shape, path: Path, count: int) -> int:
    """Write a file about so many different people, born before 1900; return how many are wrong."""
    judged = (dt.datetime.now(_BEIJING) - dt.timedelta(hours=1)).strftime("%Y-%m-%d %H:%M:%S")
    wrong = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(shape.header)
        for number in range(count):
            bad = number % WRONG_EVERY == WRONG_EVERY // 2
            wrong += bad
            file.write(shape.row(number, _resident(number), judged, bad))
    return wrong


def _resident(number: int) -> str:
    day, sequence = divmod(number, 999)
    birth = (_FIRST_BIRTH + dt.timedelta(days=day)).strftime("%Y%m%d")
    digits = f"310115{birth}{sequence + 1:03d}"
    return digits + check_character(digits)


class Server:
    """A served exchange in processes of its own, with mutual TLS; killed and started again."""

    def __init__(self, directory: Path, **settings: object) -> None:
        """Make keys, certificates and schema; settings as the exchange has them."""
        self._settings = Settings.model_validate({"data_dir": directory, "workers": 1} | settings)
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self.port = 0
        self.certs = self._settings.certificates_dir
        write_key_file(self._settings.subject_key_path)
        prepare(self.certs, [shape.caller for shape in SHAPES.values()], system_clock())
        asyncio.run(self._migrate())

    async def _migrate(self) -> None:
        store = make_store(self._settings)
        await store.connect()
        await store.migrate()
        await store.close()

    def start(self) -> None:
        """Start, or start again on the same port; returns when it serves."""
        arguments = [f"--port={self.port}", "--log-format=json"]
        for name in sorted(self._settings.model_fields_set):
            value = getattr(self._settings, name)
            values = value if isinstance(value, tuple) else (value,)
            arguments += [f"--{name.replace('_', '-')}={one}" for one in values]
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "exchange", "serve", *arguments],
            env=_environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stderr is not None  # noqa: S101 - it is a pipe
        said = ""
        for line in self._process.stderr:
            said += line
            if '"serving"' in line:
                self.port = int(json.loads(line)["port"])
                self._reader = threading.Thread(target=_drain, args=(self._process.stderr,))
                self._reader.start()
                return
        raise RuntimeError(f"The server did not start: {said}")

    def _children(self) -> dict[int, str]:
        """Return the processes that serve, and what each is called."""
        if self._process is None:
            return {}
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
        named = {int(child): _name_of(int(child)) for child in children}
        return {pid: name for pid, name in named.items() if name in (WORKER, PUBLISHER)}

    def kill_all(self, kind: str) -> None:
        """Kill every process of a kind; the parent replaces them."""
        for pid, name in self._children().items():
            if name == kind:
                os.kill(pid, signal.SIGKILL)

    def kill(self) -> None:
        """Kill all of it, nothing is drained or closed."""
        process = self._process
        if process is not None and process.poll() is None:
            children = self._children()
            process.kill()
            process.wait()
            for pid in children:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        if self._reader is not None:
            self._reader.join()
        self._process = self._reader = None

    def found(self) -> int:
        """Return how many statements the store holds, counted row by row."""
        return asyncio.run(self._count())

    async def _count(self) -> int:
        store = make_store(self._settings)
        await store.connect()
        scanned = 0
        # A sweep with the oldest of horizons looks at every row and removes none.
        async for progress in store.sweep(0):
            scanned = progress.scanned_count
        await store.close()
        return scanned


def _name_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text("ascii").strip()
    except OSError:
        return ""


def _drain(lines: IO[str]) -> None:
    """Read what is said until nobody is left who could say something."""
    with lines:
        for _ in lines:
            pass


def _environment() -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return own | {"PYTHONPATH": str(Path(__file__).parents[1])}


class Proxy:
    """A line between client and server that can be cut; it sees only what TLS lets it see."""

    def __init__(self, port: Callable[[], int]) -> None:
        """Take the server's port at the moment of each connection."""
        self._port = port
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._ends = False
        self.passed_bytes = 0
        """What clients have sent over all connections so far."""
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Close every connection, both sides, without a word."""
        with self._lock:
            for one in self._open:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Listen no more."""
        self._ends = True
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.cut()

    def _accept(self) -> None:
        while not self._ends:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._port()))
            except OSError:
                client.close()
                continue
            with self._lock:
                self._open |= {client, server}
            threading.Thread(target=self._serve, args=(client, server), daemon=True).start()

    def _serve(self, client: socket.socket, server: socket.socket) -> None:
        back = threading.Thread(target=_pump, args=(server, client, _ignore), daemon=True)
        back.start()
        _pump(client, server, self._count)
        back.join()
        with self._lock:
            self._open -= {client, server}
        client.close()
        server.close()

    def _count(self, size: int) -> None:
        with self._lock:
            self.passed_bytes += size


def _ignore(size: int) -> None:
    """Count nothing."""


def _pump(source: socket.socket, target: socket.socket, tell: Callable[[int], None]) -> None:
    """Pass bytes on until one side ends, then end both."""
    with contextlib.suppress(OSError):
        while data := source.recv(_PIPE_BYTES):
            target.sendall(data)
            tell(len(data))
    for one in (source, target):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


class Published(msgspec.Struct, frozen=True):
    """What a client said and what it took.

    Attributes:
        accepted_count: Records that it was told were accepted.
        failed_count: Records that it was told were not.
        resumed_count: Streams that broke.
        memory_mebibytes: Most memory that the client had.
        seconds: How long it ran.
    """

    accepted_count: int
    failed_count: int
    resumed_count: int
    memory_mebibytes: float
    seconds: float


class Client:
    """`health-exchange publish` in a process of its own."""

    def __init__(self, shape: Shape, path: Path, address: str, certs: Path) -> None:
        """Take what is handed in, and where; the position and the failures stand beside it."""
        self.position_file = path.with_suffix(".position")
        self.failures_file = path.with_suffix(".failures")
        self._arguments = (
            *("publish", str(path), "--member", shape.member, "--format", shape.format_id),
            *("--resume", str(self.position_file), "--failures", str(self.failures_file)),
            *("--address", address, "--certs", str(certs), "--attempts", "100", "--json"),
        )
        self._process: subprocess.Popen[str] | None = None
        self._peak: PeakMemory | None = None
        self._started = 0.0

    def start(self, *, behind: bool = False) -> None:
        """Begin, or go on.

        Args:
            behind: Take the processor only while nobody else does.
        """
        self._started = time.perf_counter()
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "exchange", *self._arguments],
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if behind:
            # Before it has threads of its own: they take after it.
            put_behind(self._process.pid)
        self._peak = PeakMemory(self._process.pid)

    def kill(self) -> None:
        """Kill it."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()

    def acknowledged(self) -> int:
        """Return how many records it had written down as accepted."""
        if not self.position_file.exists():
            return 0
        return int(json.loads(self.position_file.read_bytes())["accepted_count"])

    def finish(self) -> Published:
        """Wait for its end."""
        process, peak = self._process, self._peak
        if process is None or process.stdout is None or process.stderr is None or peak is None:
            raise RuntimeError("It was not started.")
        said, error = process.stdout.read(), process.stderr.read()
        process.wait()
        process.stdout.close()
        process.stderr.close()
        if process.returncode not in (0, 2):
            raise RuntimeError(f"The client ended with {process.returncode}: {error}")
        told = json.loads(said)
        return Published(
            told["accepted_count"],
            told["failed_count"],
            told["resumed_count"],
            peak.mebibytes(),
            time.perf_counter() - self._started,
        )
