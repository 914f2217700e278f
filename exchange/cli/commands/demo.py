"""`demo`: everything set up and running, with a sample population; what `make run` calls."""

import asyncio
import contextlib
import sys
import threading
import time
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from adapters.registry import FORMATS
from exchange.app import Exchange, connected_store, load_format_keys, make_data_dir
from exchange.cli import running
from exchange.cli.client import Connection, Endpoint, Security, connect
from exchange.cli.commands.certs import everybody, prepare
from exchange.cli.commands.keys import write_format_keys, write_key_file, write_sealing_key_file
from exchange.cli.exits import CommandError, ExitCode
from exchange.cli.options import ADDRESS_DEFAULT, member_urn
from exchange.cli.output import out
from exchange.cli.policies.handing_in import publish_policy
from exchange.cli.progress import progress
from exchange.cli.publishing import Progress, Publisher
from exchange.cli.sample import example
from exchange.cli.sample.files import NativeFile
from exchange.cli.sample.population import Population, Sampling
from exchange.cli.setting_options import with_settings
from exchange.cli.streams import Source
from exchange.cli.uploads import is_each_line, uploads
from exchange.core.times import DAY_MS
from exchange.operations.clock import system_clock
from exchange.operations.shipped import shipped_policies
from exchange.server.logs import configure_logs
from exchange.settings import Settings
from exchange.stores.base import Store

MARK = "demo_population"
TIMEOUT_SECONDS = 60.0

People = Annotated[int, typer.Option(min=1, help="People of the sample population.")]
Seed = Annotated[int, typer.Option(min=0, help="Another seed, other people.")]
SampleDir = Annotated[Path, typer.Option(help="Where the files that are handed in are written.")]


class Loaded(msgspec.Struct, frozen=True):
    """What the store remembers of the population it holds."""

    people: int
    seed: int
    generated_ms: int


class Demo(msgspec.Struct, frozen=True):
    """What the demo is made of."""

    settings: Settings
    wanted: Loaded
    sample_dir: Path


@with_settings(
    "data_dir",
    "host",
    "port",
    # Nobody plans a journey by the demo: its policies need no notice. Its few decisions are all
    # recorded, so that a dry run has something to show.
    fixed={"log_level": "warning", "policy_notice_hours": 0, "decision_sample": 1},
)
def demo(
    settings: Settings,
    *,
    people: People = 10_000,
    seed: Seed = 1,
    sample_dir: SampleDir = Path("var/sample"),
) -> int:
    """Set up and serve an exchange with a sample population; a second run is safe and quick."""
    configure_logs(settings)
    make_data_dir(settings)
    if not settings.subject_key_path.exists():
        write_key_file(settings.subject_key_path)
    write_sealing_key_file(settings.quarantine_key_path)
    prepare(settings.certificates_dir, everybody(), system_clock())
    if settings.format_keys_dir is None:
        settings = settings.model_copy(
            update={"format_keys_dir": settings.data_dir / "format-keys"}
        )
        write_format_keys(settings.data_dir / "format-keys", FORMATS)
    wanted = Loaded(people, seed, system_clock())
    return running.run(_demo(Demo(settings, wanted, sample_dir)))


async def _demo(plan: Demo) -> int:
    stop = running.stop_on_signals()
    async with connected_store(plan.settings) as store:
        await store.migrate()
        exchange = await running.start(plan.settings)
        try:
            return await _load_and_wait(plan, exchange, store, stop)
        finally:
            await exchange.stop()


async def _load_and_wait(plan: Demo, exchange: Exchange, store: Store, stop: asyncio.Event) -> int:
    loader = _Loader(plan, f"{plan.settings.host}:{exchange.port}")
    found = await store.mark(MARK)
    fresh = found is not None and _is_fresh(msgspec.json.decode(found, type=Loaded), plan.wanted)
    loading = asyncio.create_task(asyncio.to_thread(loader.load, population=not fresh))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait((loading, stopping), return_when=asyncio.FIRST_COMPLETED)
    loader.stop.set()
    if not await loading:
        return ExitCode.INTERRUPTED
    if not fresh:
        await store.set_mark(MARK, msgspec.json.encode(plan.wanted), expected=found)
    _invite(plan, loader.address, fresh=fresh)
    await stopping
    out().print("Stopping: calls that run finish.")
    return ExitCode.DONE


def _is_fresh(found: Loaded, wanted: Loaded) -> bool:
    return (found.people, found.seed) == (
        wanted.people,
        wanted.seed,
    ) and 0 <= wanted.generated_ms - found.generated_ms < DAY_MS


class _StoppedError(Exception):
    """The demo ends while it hands in."""


class _Loader:
    """Hands the sample in over the API, on a thread of its own; ``stop`` ends it early."""

    def __init__(self, plan: Demo, address: str) -> None:
        self._plan = plan
        self.address = address
        self.stop = threading.Event()

    def load(self, *, population: bool) -> bool:
        """Hand in the population if it is wanted, then the example's traveller.

        Returns:
            Whether all was handed in.
        """
        self._publish_policies()
        if population:
            files = self._write_population()
            started = time.perf_counter()
            records = sum(self._publish(file.path, file.format.id) for file in files)
            if self.stop.is_set():
                return False
            seconds = time.perf_counter() - started
            out().print(
                f"Handed in {records:,} records of {self._plan.wanted.people:,} people in "
                f"{len(files)} formats, {records / seconds:,.0f} records/s."
            )
        # A traveller of its own for every run, so that README's example reads alike each time.
        directory = self._plan.sample_dir
        example.make_example(FORMATS, self._plan.wanted.generated_ms).write(directory)
        self._publish(directory / example.GREEN, example.HOME_FORMAT)
        return not self.stop.is_set()

    def _publish_policies(self) -> None:
        """Bring every member's shipped policy in force; one that is already stays as it is."""
        address = Endpoint(self.address, Security(self._plan.settings.certificates_dir))
        for code, policy in shipped_policies().items():
            if self.stop.is_set():
                return
            with connect(Connection(address, member_urn(code), TIMEOUT_SECONDS)) as client:
                publish_policy(client, code, policy)

    def _write_population(self) -> list[NativeFile]:
        wanted = self._plan.wanted
        keys = load_format_keys(self._plan.settings.format_keys_dir)
        sampling = Sampling(FORMATS, keys, wanted.seed, wanted.generated_ms)
        directory = self._plan.sample_dir / "population"
        with progress(f"Writing {wanted.people:,} people", wanted.people) as advance:
            return Population(sampling, directory).write(wanted.people, advance)

    def _publish(self, path: Path, format_id: str) -> int:
        """Hand in a file and return how many records were accepted."""
        if self.stop.is_set():
            return 0
        found = FORMATS[format_id]
        security = Security(self._plan.settings.certificates_dir)
        address = Endpoint(self.address, security)
        publisher = Publisher(
            Connection(address, member_urn(found.member), TIMEOUT_SECONDS),
            Source(found.member, found.id, "demo"),
        )
        with contextlib.ExitStack() as stack, contextlib.suppress(_StoppedError):
            (upload,) = uploads([path], found, stack, each_line=is_each_line(path))
            advance = stack.enter_context(progress(f"Handing in {format_id}", upload.size_bytes))
            done_bytes = 0

            def tell(told: Progress) -> None:
                nonlocal done_bytes
                advance(told.done_bytes - done_bytes, told.record_count)
                done_bytes = told.done_bytes
                if self.stop.is_set():
                    raise _StoppedError

            publisher.publish(upload, tell)
        tally = publisher.tally
        if tally.failed_count:
            raise CommandError(
                f"{tally.failed_count} sample records in {format_id} were not accepted: "
                f"{tally.failures[0].reason} {tally.failures[0].field}.",
                ExitCode.DEFECT,
            )
        return tally.accepted_count


def _invite(plan: Demo, address: str, *, fresh: bool) -> None:
    """Say what to do next."""
    there = "The sample population is there already. " if fresh else ""
    sample_dir, program = plan.sample_dir, _program()
    where = "" if address == ADDRESS_DEFAULT else f" --address {address}"
    # The pasted line is not run under the settings of this command.
    if plan.settings.data_dir != Settings.model_fields["data_dir"].default:
        where += f" --certs {plan.settings.certificates_dir}"
    ask = f"{program} check --destination {example.DESTINATION} --document "
    publish_file = f"{program} publish {sample_dir / example.YELLOW_FILE} --member 310000 "
    console = out()
    console.print(
        f"{there}The health-code exchange listens on {address}, with mutual TLS.\n"
        f"Certificates: {plan.settings.certificates_dir}\n"
        "Paste into another terminal:\n\n"
        f"  {ask}{sample_dir / example.TRAVELLER}{where}\n"
        f"  {publish_file}--format {example.FILE_FORMAT}{where}\n"
        f"  {ask}{sample_dir / example.TRAVELLER}{where}\n\n"
        "README.md explains what you see. Ctrl-C stops.",
        soft_wrap=True,
    )


def _program() -> str:
    """Return how the command was called, as a reader can paste it."""
    called = Path(sys.argv[0])
    return "health-exchange" if called.name == "__main__.py" else _relative(called)


def _relative(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
