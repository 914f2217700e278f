"""Servers for measurements, each a process of its own on a core of its own.

``python -m loadtest.serving exchange|echo CORE`` serves until its standard input ends, so that no
server outlives the measurement that started it. Settings come from the environment; the port is
the first line of standard output.
"""

import asyncio
import contextlib
import cProfile
import os
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from typing import Final, Self

import grpc.aio
import psutil
import uvloop

from exchange.app import Exchange, make_store, make_tls, serve
from exchange.core.caller import URN_PREFIX
from exchange.server.logs import configure_logs
from exchange.settings import PREFIX, Settings
from loadtest.memory import own_bytes

SERVER_CORE, CLIENT_CORE = 0, 1
ECHO_SERVICE: Final = "/loadtest.Echo/"
"""The method's name is the size of the answer in bytes."""
ANSWER_BYTES_MAX = 20 * 1024 * 1024
STOP_SECONDS_MAX = 30.0
PROFILE_VARIABLE = "LOADTEST_PROFILE"
"""Where a server writes what cProfile counted; unset: nothing is counted."""
CALLER = f"{URN_PREFIX}member:310000"
CHECK: Final = "/exchange.api.v1.RecognitionService/CheckHealthCode"
BATCH_CHECK: Final = "/exchange.api.v1.RecognitionService/BatchCheckHealthCodes"
PUBLISH_STREAM: Final = "/exchange.api.v1.HealthCodeService/StreamingPublishHealthCodes"

Context = grpc.aio.ServicerContext[bytes, bytes]


class _Echo(grpc.GenericRpcHandler):  # type: ignore[type-arg]  # Generic in the stubs only.
    """Answers any request with as many bytes as its method's name says."""

    def __init__(self) -> None:
        self._handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {}

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> "grpc.RpcMethodHandler[bytes, bytes] | None":
        """Return the handler of a size, made once."""
        path = handler_call_details.method
        handler = self._handlers.get(path)
        if handler is None:
            size = path.removeprefix(ECHO_SERVICE)
            if not size.isdecimal() or int(size) > ANSWER_BYTES_MAX:
                return None
            handler = self._handlers[path] = _handler(bytes(int(size)))
        return handler


def _handler(answer: bytes) -> "grpc.RpcMethodHandler[bytes, bytes]":
    async def echo(_request: bytes, _context: Context) -> bytes:
        return answer

    return grpc.unary_unary_rpc_method_handler(echo)


async def _serve_echo(settings: Settings) -> None:
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((_Echo(),))
    tls = make_tls(settings)
    if tls is None:
        port = server.add_insecure_port("127.0.0.1:0")
    else:
        port = server.add_secure_port("127.0.0.1:0", tls.credentials())
    await server.start()
    _announce(port)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    await server.stop(0)


def _announce(port: int) -> None:
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()


def end_with_input() -> None:
    """Wait until standard input ends, and then end this process; for a thread of its own."""
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


def _serve_profiled(settings: Settings, into: str) -> None:
    """Serve in this process alone, counted by cProfile."""
    # CPU, not time: on a busy machine most time is spent waiting for a processor.
    profile = cProfile.Profile(time.thread_time)

    async def run() -> None:
        exchange = Exchange(settings, make_store(settings))
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        await exchange.start()
        _announce(exchange.port)
        profile.enable()
        await stop.wait()
        profile.disable()
        await exchange.stop()

    uvloop.run(run())
    profile.dump_stats(into)


class Server:
    """A server process, ended by its pid."""

    def __init__(
        self,
        kind: str,
        settings: Mapping[str, object],
        *,
        tls: ssl.SSLContext | None = None,
        core: int | None = SERVER_CORE,
    ) -> None:
        """Start it and wait for its port.

        Args:
            kind: ``exchange`` or ``echo``.
            settings: Of the exchange, by name.
            tls: How clients connect; None: plaintext, callers named in metadata.
            core: The processor it is held to; None: all.

        Raises:
            RuntimeError: It did not start; its own words stand on standard error.
        """
        fixed = {"port": 0, "workers": 1, "log_level": "error", "insecure_loopback": tls is None}
        environment = {k: v for k, v in os.environ.items() if not k.startswith(PREFIX)}
        for name, value in (fixed | dict(settings)).items():
            own = name == PROFILE_VARIABLE
            environment[name if own else PREFIX + name.upper()] = str(value)
        self.tls = tls
        self._process = subprocess.Popen(  # noqa: S603 - arguments are ours, no shell.
            [sys.executable, "-m", "loadtest.serving", kind, "-" if core is None else str(core)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
        assert self._process.stdout is not None  # noqa: S101 - a pipe was asked for.
        line = self._process.stdout.readline()
        if not line.strip().isdigit():
            self.stop()
            raise RuntimeError(f"The {kind} server did not start.")
        self.port = int(line)

    def __enter__(self) -> Self:
        """Be there."""
        return self

    def __exit__(self, *_: object) -> None:
        """Be gone."""
        self.stop()

    @property
    def pid(self) -> int:
        """The parent process."""
        return self._process.pid

    def _tree(self) -> list[psutil.Process]:
        parent = psutil.Process(self.pid)
        return [parent, *parent.children(recursive=True)]

    def cpu_seconds(self) -> float:
        """Return the CPU that all its processes have used so far."""
        times = [one.cpu_times() for one in self._tree()]
        return float(sum(one.user + one.system for one in times))

    def rss_mib(self) -> float:
        """Return the memory of its largest process, without pages of a mapped store."""
        return max(own_bytes(one) for one in self._tree()) / 2**20

    def stop(self) -> None:
        """End it in order, or by force where that takes too long."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            for one in reversed(self._tree()):
                one.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


def hold_to(core: int) -> None:
    """Hold this process to a processor where the machine has it.

    Not asked first: what a process may use is what its parent is held to, until it says otherwise.
    """
    with contextlib.suppress(OSError):
        os.sched_setaffinity(0, {core})


def put_behind(pid: int = 0) -> None:
    """Let a process (0: this one) have the processor only while nobody else wants it.

    Threads that it starts afterwards take after it.
    """
    os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))


def end_in_order() -> None:
    """Let SIGTERM end this program as Ctrl-C does, so that it ends all that it started."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def hold_all_threads(pid: int, *cores: int) -> None:
    """Hold a running process with all its threads to processors, where the machine has them."""
    if (os.cpu_count() or 1) > max(cores):
        for thread in psutil.Process(pid).threads():
            os.sched_setaffinity(thread.id, cores)


def main() -> int:
    """Serve until standard input ends."""
    kind, core = sys.argv[1:3]
    if core != "-":
        hold_to(int(core))
    settings = Settings()
    configure_logs(settings)
    threading.Thread(target=end_with_input, daemon=True).start()
    if into := os.environ.get(PROFILE_VARIABLE):
        _serve_profiled(settings, into)
        return 0
    if kind == "echo":
        uvloop.run(_serve_echo(settings))
        return 0
    return 0 if serve(settings, _announce) else 1


if __name__ == "__main__":
    raise SystemExit(main())
