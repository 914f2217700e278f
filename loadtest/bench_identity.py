"""What identity and the exchange cost: a unary check against a bare echo, with and without TLS.

Run by ``python -m loadtest.bench_identity``: each server on the first processor, the client on the
second. The client is Python too: it sends encoded bytes and does not parse the answers, and costs
about as much as the server, so the rates are those of the pair.
"""

import argparse
import asyncio
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection
from pathlib import Path

import grpc
import grpc.aio
import msgspec
import uvloop

from exchange.api.v1 import health_code_pb2, health_code_service_pb2, recognition_service_pb2
from exchange.app import Exchange, make_store, make_tls
from exchange.operations.clock import system_clock
from exchange.server.certificates import issue, issue_server, make_authority
from exchange.server.identity import CALLER_METADATA, from_certificate
from exchange.settings import Settings

CALLER = "urn:health-exchange:member:310000"
ECHO = "/loadtest.Echo/Echo"
IDENTIFY = "/loadtest.Echo/Identify"
CHECK = "/exchange.api.v1.RecognitionService/CheckHealthCode"
PUBLISH = "/exchange.api.v1.HealthCodeService/PublishHealthCodes"
NUMBER = "510102190402290011"
IDENTIFICATIONS = 20_000
Context = grpc.aio.ServicerContext[bytes, bytes]


async def _echo(request: bytes, _context: Context) -> bytes:
    return request


async def _identify(_request: bytes, context: Context) -> bytes:
    """Measure identification within a call: microseconds each."""
    start = time.perf_counter()
    for _ in range(IDENTIFICATIONS):
        from_certificate(context)
    return f"{(time.perf_counter() - start) / IDENTIFICATIONS * 1e6:.2f}".encode()


async def _serve_echo(settings: Settings, ready: Connection) -> None:
    server = grpc.aio.server()
    handlers = {
        "Echo": grpc.unary_unary_rpc_method_handler(_echo),
        "Identify": grpc.unary_unary_rpc_method_handler(_identify),
    }
    generic = grpc.method_handlers_generic_handler("loadtest.Echo", handlers)
    server.add_generic_rpc_handlers((generic,))
    tls = make_tls(settings)
    if tls is None:
        ready.send(server.add_insecure_port("127.0.0.1:0"))
    else:
        ready.send(server.add_secure_port("127.0.0.1:0", tls.credentials()))
    await server.start()
    await server.wait_for_termination()


async def _serve_exchange(settings: Settings, ready: Connection) -> None:
    exchange = Exchange(settings, make_store(settings))
    await exchange.start()
    ready.send(exchange.port)
    await exchange.wait()


Serve = Callable[[Settings, Connection], Awaitable[None]]


def _server(serve: Serve, settings: Settings, ready: Connection) -> None:
    os.sched_setaffinity(0, {0})

    async def main() -> None:
        await serve(settings, ready)

    uvloop.run(main())


def _channel(settings: Settings, port: int) -> grpc.aio.Channel:
    address = f"127.0.0.1:{port}"
    options = (("grpc.use_local_subchannel_pool", 1),)
    if settings.insecure_loopback:
        return grpc.aio.insecure_channel(address, options=options)
    name = CALLER.rpartition("exchange:")[2].replace(":", "-")
    directory = settings.certificates_dir
    credentials = grpc.ssl_channel_credentials(
        settings.tls_authority_path.read_bytes(),
        (directory / f"{name}.key").read_bytes(),
        (directory / f"{name}.pem").read_bytes(),
    )
    return grpc.aio.secure_channel(address, credentials, options=options)


class Round(msgspec.Struct, frozen=True):
    """One measurement: calls in a second, CPU of the server a call, time of a call in ms."""

    rate: float
    cpu_us: float
    median_ms: float
    p99_ms: float


async def _load(
    channels: list[grpc.aio.Channel], path: str, request: bytes, seconds: float, pid: int
) -> Round:
    metadata = ((CALLER_METADATA, CALLER),)
    times: list[float] = []
    end = time.perf_counter() + seconds

    async def caller(channel: grpc.aio.Channel) -> None:
        method = channel.unary_unary(path, bytes, bytes)
        while (start := time.perf_counter()) < end:
            await method(request, metadata=metadata)
            times.append(time.perf_counter() - start)

    before, began = _cpu_seconds(pid), time.perf_counter()
    await asyncio.gather(*(caller(channel) for channel in channels for _ in range(8)))
    took, cpu = time.perf_counter() - began, _cpu_seconds(pid) - before
    cuts = statistics.quantiles(times, n=100)
    return Round(len(times) / took, cpu / len(times) * 1e6, cuts[49] * 1e3, cuts[98] * 1e3)


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _check() -> bytes:
    request = recognition_service_pb2.CheckHealthCodeRequest(
        document=health_code_pb2.Document(type=health_code_pb2.Document.RESIDENT_ID, number=NUMBER),
        destination="members/310000",
    )
    return request.SerializeToString()


def _publication() -> bytes:
    record = health_code_service_pb2.HealthCodeRecord(
        document=health_code_pb2.Document(type=health_code_pb2.Document.RESIDENT_ID, number=NUMBER),
        health_code=health_code_pb2.HealthCode(
            level=health_code_pb2.HealthCode.LOW, state=health_code_pb2.HealthCode.ACTIVE
        ),
    )
    record.health_code.as_of_time.FromMilliseconds(system_clock() - 60_000)
    request = health_code_service_pb2.PublishHealthCodesRequest(
        member="members/310000",
        health_code_records=health_code_service_pb2.HealthCodeRecords(records=[record]),
    )
    return request.SerializeToString()


async def _measure(
    serve: Serve, path: str, settings: Settings, seconds: float
) -> tuple[Round, str]:
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe(duplex=False)
    process = spawning.Process(target=_server, args=(serve, settings, theirs), daemon=True)
    process.start()
    port = await asyncio.to_thread(ours.recv)
    channels = [_channel(settings, port) for _ in range(4)]
    identified = ""
    try:
        if path == CHECK:
            metadata = ((CALLER_METADATA, CALLER),)
            await channels[0].unary_unary(PUBLISH, bytes, bytes)(_publication(), metadata=metadata)
        elif not settings.insecure_loopback:
            identified = (await channels[0].unary_unary(IDENTIFY, bytes, bytes)(b"")).decode()
        assert process.pid is not None  # noqa: S101 - it has been started.
        request = _check()
        await _load(channels, path, request, 1.0, process.pid)
        return await _load(channels, path, request, seconds, process.pid), identified
    finally:
        for channel in channels:
            await channel.close(None)
        process.kill()
        process.join()


async def _main(seconds: float, rounds: int, directory: Path) -> None:
    secure = Settings(data_dir=directory, port=0)
    make_authority(secure.certificates_dir, system_clock())
    issue_server(secure.certificates_dir, system_clock())
    issue(secure.certificates_dir, CALLER, system_clock())
    secure.subject_key_path.write_text(f"1:{'ab' * 32}\n")
    store = make_store(secure)
    await store.connect()
    await store.migrate()
    await store.close()
    plain = Settings(data_dir=directory, port=0, insecure_loopback=True)
    cases: dict[str, tuple[Serve, str, Settings]] = {
        "echo, plaintext": (_serve_echo, ECHO, plain),
        "echo, mutual TLS": (_serve_echo, ECHO, secure),
        "check, plaintext": (_serve_exchange, CHECK, plain),
        "check, mutual TLS": (_serve_exchange, CHECK, secure),
    }
    found: dict[str, list[Round]] = {name: [] for name in cases}
    identified = ""
    for _ in range(rounds):
        for name, (serve, path, settings) in cases.items():
            result, text = await _measure(serve, path, settings, seconds)
            found[name].append(result)
            identified = text or identified
    sys.stdout.write(f"identification by certificate: {identified} us\n")
    for name, results in found.items():
        middle = sorted(results, key=lambda one: one.rate)[len(results) // 2]
        sys.stdout.write(
            f"{name:18} {middle.rate:7.0f} calls/s  {middle.cpu_us:6.1f} us server CPU  "
            f"median {middle.median_ms:.2f} ms  p99 {middle.p99_ms:.2f} ms\n"
        )


def main() -> None:
    """Run the comparison and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3, help="the median is shown")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as directory:
        uvloop.run(_main(arguments.seconds, arguments.rounds, Path(directory)))


if __name__ == "__main__":
    main()
