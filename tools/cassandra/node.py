"""One Cassandra process: started, waited for, paused, restarted and ended by its pid."""

import os
import signal
import ssl
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from tools.cassandra import leash
from tools.cassandra.arguments import node_command
from tools.cassandra.cql import answers_cql
from tools.cassandra.errors import NodeError
from tools.cassandra.files import console_path, log_path, write_files
from tools.cassandra.settings import NodeSettings

READY_SECONDS_MAX = 120.0
"""A first start takes about ten seconds on two idle cores, a joining node twice that."""

STOP_SECONDS_MAX = 20.0
"""After SIGTERM a node drains; one that does not come to an end is killed."""

_POLL_SECONDS = 0.05
_TAIL_LINES = 30


class CassandraNode:
    """A node of given settings; as a context manager it is ready inside and gone after.

    The process ends with the *thread* that started it (see `leash`), so start nodes from
    a thread that lives as long as they should.
    """

    def __init__(self, settings: NodeSettings, *, java: Path, jars: Path) -> None:
        self.settings = settings
        self._command = node_command(settings, java, jars)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start the node and wait until it serves; one that does not is not left behind."""
        self.start()
        try:
            self.wait_ready()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the node."""
        self.stop()

    @property
    def address(self) -> str:
        """The contact point for drivers, together with `native_port`."""
        return self.settings.address

    @property
    def native_port(self) -> int:
        """The CQL port."""
        return self.settings.native_port

    @property
    def running(self) -> bool:
        """Whether the process exists; a paused one does."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process id of the running node.

        Raises:
            NodeError: it is not running.
        """
        return self._running_process().pid

    @property
    def log_path(self) -> Path:
        """Where the node logs."""
        return log_path(self.settings)

    @property
    def resident_bytes(self) -> int:
        """Memory that the running node occupies."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def start(self) -> None:
        """Write the configuration and start the process; `wait_ready` tells when it serves.

        Raises:
            NodeError: it is running already.
        """
        if self.running:
            raise NodeError(f"the node on {self.address} is running already")
        write_files(self.settings)
        # Of an earlier start; the tail shown after a failure must be of this one.
        log_path(self.settings).unlink(missing_ok=True)
        with console_path(self.settings).open("wb") as console:
            self._process = subprocess.Popen(  # noqa: S603 - arguments are ours, no shell
                [sys.executable, "-I", leash.__file__, str(os.getpid()), *self._command],
                cwd=self.settings.directory,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for the starter, which ends its nodes in order.
                start_new_session=True,
            )

    def wait_ready(self, seconds: float = READY_SECONDS_MAX) -> None:
        """Return as soon as the node answers CQL.

        Raises:
            NodeError: the process ended, or `seconds` passed; the node is left as it is.
        """
        deadline = time.monotonic() + seconds
        while not self.answers():
            self.check_running()
            if time.monotonic() > deadline:
                raise NodeError(
                    f"the node on {self.address} was not ready after {seconds:.0f} s:\n"
                    f"{self.log_tail()}"
                )
            time.sleep(_POLL_SECONDS)

    def answers(self) -> bool:
        """Return whether the node answers CQL just now."""
        security = self.settings.security
        tls: ssl.SSLContext | None = None
        if security is not None:
            tls = ssl.create_default_context(cafile=security.authority_file)
            tls.load_cert_chain(security.client_file)
        return answers_cql(self.address, self.native_port, tls=tls)

    def check_running(self, within_seconds: float = 0.0) -> None:
        """Watch the process for `within_seconds` and return if it is still there.

        Raises:
            NodeError: it ended by itself; the text has the tail of its log.
        """
        process = self._running_process()
        with suppress(subprocess.TimeoutExpired):
            process.wait(within_seconds)
        self._running_process()

    def pause(self) -> None:
        """Stop the process in its tracks (SIGSTOP): connections stay open, nothing answers."""
        process = self._running_process()
        process.send_signal(signal.SIGSTOP)
        # The signal is only sent above; the next line returns when it has worked.
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def resume(self) -> None:
        """Let a paused process go on; without effect on one that runs."""
        self._running_process().send_signal(signal.SIGCONT)

    def stop(self, seconds: float = STOP_SECONDS_MAX) -> None:
        """Ask the node to end (SIGTERM) and kill it after `seconds`; harmless where none runs."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        # A paused process gets the first signal only when it goes on.
        self._process.send_signal(signal.SIGCONT)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End the node at once (SIGKILL), as a crash would; harmless where none runs."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()

    def restart(self) -> None:
        """Stop the node, start it again on the same data and wait until it serves."""
        self.stop()
        self.start()
        self.wait_ready()

    def log_tail(self, lines: int = _TAIL_LINES) -> str:
        """Return the last lines of the JVM's own output and of the node's log."""
        paths = (console_path(self.settings), log_path(self.settings))
        texts = [path.read_text(errors="replace") for path in paths if path.exists()]
        return "\n".join(line for text in texts for line in text.splitlines()[-lines:])

    def _running_process(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise NodeError(f"the node on {self.address} is not running")
        if self._process.poll() is not None:
            raise NodeError(f"the node on {self.address} ended:\n{self.log_tail()}")
        return self._process
