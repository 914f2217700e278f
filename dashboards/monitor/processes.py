"""An exchange with two workers and a real Prometheus, as processes that end with their context."""

import asyncio
import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from dashboards.build import GENERATED
from dashboards.monitor.programs import prometheus_program
from dashboards.yaml_text import Yaml, yaml_text
from exchange.app import make_store
from exchange.cli.commands.keys import write_sealing_key_file
from exchange.settings import PREFIX, Settings
from tools.cassandra.node import CassandraNode

WORKERS = 2
PATIENCE_SECONDS = 60.0
_END_SECONDS = 30.0


class NotReadyError(Exception):
    """Something did not start in time; the text says what."""


class Running(msgspec.Struct, frozen=True):
    """Where the parts of the kit answer.

    Attributes:
        address: Of the exchange.
        metrics: Base of its metrics' address.
        prometheus: Base of Prometheus' address.
        node: The node of Cassandra; None with the embedded store.
    """

    address: str
    metrics: str
    prometheus: str
    node: CassandraNode | None = None


def free_port() -> int:
    """Return a port on loopback that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def wait_for(ready: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait for a condition.

    Raises:
        NotReadyError: It did not come true in time.
    """
    end = time.monotonic() + seconds
    while True:
        try:
            if ready():
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass  # Not there yet.
        if time.monotonic() > end:
            raise NotReadyError(f"{what} within {seconds:.0f} s.")
        time.sleep(0.1)


def fetched(url: str) -> str:
    """Return what an address on loopback answers."""
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - http on loopback.
        text: str = answer.read().decode()
    return text


def asked(base: str, path: str, **parameters: str) -> Any:
    """Return the data of an answer of Prometheus' API.

    Raises:
        ValueError: Prometheus refuses the question; the text is its own.
    """
    url = f"{base}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
    try:
        answer = json.loads(fetched(url))
    except urllib.error.HTTPError as error:
        raise ValueError(error.read().decode()) from error
    return answer["data"]


@contextmanager
def running_process(
    command: list[str], log: Path, variables: Mapping[str, str] | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a program whose output goes to a file; it is told to end, then made to."""
    with log.open("ab") as file:
        process = subprocess.Popen(  # noqa: S603 - our own command.
            command, stdout=file, stderr=file, env=os.environ | dict(variables or {})
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def running_exchange(directory: Path, **settings: object) -> Iterator[tuple[str, int]]:
    """Run an exchange with two workers; give its address and the port of its metrics."""
    port, metrics_port = free_port(), settings.get("metrics_port") or free_port()
    assert isinstance(metrics_port, int)  # noqa: S101 - it is a setting.
    given = {
        "data_dir": directory,
        "port": port,
        "metrics_port": metrics_port,
        "workers": WORKERS,
        "insecure_loopback": True,
        "policy_notice_hours": 0,
        "log_format": "json",
    } | settings
    _prepare(Settings.model_validate(given))
    variables = {f"{PREFIX}{name.upper()}": _text(value) for name, value in given.items()}
    command = [sys.executable, "-m", "exchange", "serve"]
    with running_process(command, directory / "exchange.log", variables) as process:

        def serves() -> bool:
            if process.poll() is not None:
                raise NotReadyError(f"The exchange ended: {directory / 'exchange.log'} says why.")
            wanted = f"health_exchange_workers {WORKERS:.1f}"
            return wanted in fetched(f"http://127.0.0.1:{metrics_port}/metrics")

        wait_for(serves, "The exchange does not serve")
        yield f"127.0.0.1:{port}", metrics_port


def _text(value: object) -> str:
    return json.dumps(value) if isinstance(value, tuple | list) else str(value)


def _prepare(settings: Settings) -> None:
    if not settings.subject_key_path.exists():
        settings.subject_key_path.write_text(f"1:{secrets.token_hex(32)}\n")

    write_sealing_key_file(settings.quarantine_key_path)

    async def migrate() -> None:
        store = make_store(settings)
        await store.connect()
        try:
            await store.migrate()
        finally:
            await store.close()

    asyncio.run(migrate())


class Watching(msgspec.Struct, frozen=True):
    """How a Prometheus watches.

    Attributes:
        rules: Directory of rule files.
        every: From one scrape, and one evaluation, to the next.
        port: Of its own; 0 for any.
    """

    rules: Path = GENERATED / "rules"
    every: str = "1s"
    port: int = 0


def prometheus_settings(targets: Mapping[str, int], watching: Watching) -> Yaml:
    """Return settings that scrape ports on loopback, by job, and evaluate the rules."""
    return {
        "global": {"scrape_interval": watching.every, "evaluation_interval": watching.every},
        "rule_files": [str(path.resolve()) for path in sorted(watching.rules.glob("*.yml"))],
        "scrape_configs": [
            {"job_name": job, "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
            for job, port in targets.items()
        ],
    }


@contextmanager
def running_prometheus(
    directory: Path, targets: Mapping[str, int], watching: Watching
) -> Iterator[str]:
    """Run a real Prometheus; give the base of its address.

    Targets need not be there yet: Prometheus begins to look at them five seconds after its start.

    Raises:
        ProgramMissingError: It is not installed.
    """
    program = prometheus_program("prometheus")
    directory.mkdir(parents=True, exist_ok=True)
    settings = directory / "prometheus.yml"
    settings.write_text(yaml_text(prometheus_settings(targets, watching)))
    port = watching.port or free_port()
    command = [
        str(program),
        f"--config.file={settings}",
        f"--storage.tsdb.path={directory / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
    base = f"http://127.0.0.1:{port}"
    with running_process(command, directory / "prometheus.log"):
        wait_for(lambda: "Ready" in fetched(f"{base}/-/ready"), "Prometheus is not ready")
        yield base


def wait_until_scraped(prometheus: str, jobs: Collection[str]) -> None:
    """Wait until Prometheus reaches all that it watches.

    Raises:
        NotReadyError: It does not in time.
    """

    def scraped() -> bool:
        found = asked(prometheus, "targets")["activeTargets"]
        return {one["health"] for one in found} == {"up"} and len(found) == len(jobs)

    wait_for(scraped, f"Prometheus does not reach {', '.join(jobs)}")
