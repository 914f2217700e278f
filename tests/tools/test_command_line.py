"""`python -m tools.cassandra` as a person types it."""

import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cassandra_fixture import free_settings
from tests.tools.driver import session_of
from tools.cassandra.cql import answers_cql
from tools.cassandra.settings import NodeSettings

COMMAND = [sys.executable, "-m", "tools.cassandra"]


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own Python
        [*COMMAND, *arguments],
        capture_output=True,
        check=False,
        env=os.environ | environ,
        text=True,
    )


@pytest.mark.parametrize("heap", ["much", "1M", "G"])
def test_a_heap_that_is_none_is_refused(heap: str) -> None:
    refused = run("--heap", heap)
    assert refused.returncode == 2
    assert "512M or 1G" in refused.stderr


@pytest.mark.cassandra
@pytest.mark.usefixtures("cassandra_jars")
def test_a_wrong_java_is_one_sentence_and_exit_status_1(tmp_path: Path) -> None:
    refused = run("--data", str(tmp_path), JAVA_HOME=str(tmp_path))
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1].startswith("Cassandra needs Java 17, and JAVA_HOME")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> NodeSettings:
    return free_settings(tmp_path_factory.mktemp("cassandra"))


@pytest.mark.cassandra
@pytest.mark.usefixtures("cassandra_jars")
def test_a_node_serves_cql_and_metrics_in_the_foreground_until_ctrl_c(
    settings: NodeSettings,
) -> None:
    metrics_port = settings.storage_port + 1
    with launched(settings, metrics_port) as launcher:
        said = read_until(launcher, "Ctrl-C")
        assert f"Contact points 127.0.0.1, port {settings.native_port}" in said
        with session_of(settings) as session:
            session.execute("SELECT role FROM system_auth.roles")
        assert missing_metrics(f"http://127.0.0.1:{metrics_port}/metrics") == set()
        launcher.send_signal(signal.SIGINT)
        _, rest = launcher.communicate(timeout=60)
    assert launcher.returncode == 0
    assert "Stopping the node on 127.0.0.1" in rest
    assert not answers_cql("127.0.0.1", settings.native_port)


@contextmanager
def launched(settings: NodeSettings, metrics_port: int) -> Iterator[subprocess.Popen[str]]:
    arguments = {
        "data": settings.directory,
        "heap": "512M",
        "native-port": settings.native_port,
        "storage-port": settings.storage_port,
        "jmx-port": settings.jmx_port,
        "metrics-port": metrics_port,
    }
    with subprocess.Popen(  # noqa: S603 - our own Python
        [*COMMAND, *(f"--{name}={value}" for name, value in arguments.items())],
        stderr=subprocess.PIPE,
        text=True,
    ) as launcher:
        try:
            yield launcher
        finally:
            # After a failure too; it takes its node along.
            launcher.kill()


def read_until(launcher: subprocess.Popen[str], word: str) -> str:
    """Return what was said up to the line with `word`; at the end of output, everything."""
    assert launcher.stderr is not None
    lines: list[str] = []
    for line in launcher.stderr:
        lines.append(line)
        if word in line:
            break
    return "".join(lines)


def missing_metrics(url: str) -> set[str]:
    """Return which metrics are absent; those about hints to others appear with the first hint."""
    with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310 - our own node
        served = {line.split("{")[0].split(" ")[0] for line in answer.read().decode().splitlines()}
    return {
        "cassandra_client_request_latency_seconds",
        "cassandra_client_requests_total",
        "cassandra_client_request_errors_total",
        "cassandra_commit_log_bytes",
        "cassandra_compaction_pending_tasks",
        "cassandra_disk_used_bytes",
        "cassandra_dropped_messages_total",
        "cassandra_hints_total",
        "cassandra_internal_exceptions_total",
        "jvm_memory_used_bytes",
    } - served
