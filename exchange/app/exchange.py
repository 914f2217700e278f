"""A server with everything it needs, put together."""

import asyncio
import contextlib
import secrets

from adapters.registry import FORMATS
from exchange.app.family import Family, worker_count
from exchange.app.keys import load_subject_keys
from exchange.app.listening import bracketed, connection_limits, make_tls
from exchange.app.stores import open_environment
from exchange.app.taking_in import TakingIn
from exchange.core.compiled_policy import CompiledPolicy
from exchange.core.errors import StartError, StoreError
from exchange.core.members import MEMBERS, NATIONAL
from exchange.core.policy import DEFAULT_POLICY
from exchange.core.times import HOUR_MS
from exchange.metrics import POLICY_REVISION
from exchange.operations.check import Checker
from exchange.operations.clock import Clock, system_clock
from exchange.operations.convert import Converter
from exchange.operations.environment import Environment
from exchange.operations.listing import Records
from exchange.operations.policies import PoliciesInForce
from exchange.operations.policy_desk import PolicyDesk
from exchange.operations.policy_shelf import PolicyShelf
from exchange.operations.recording import Recorder
from exchange.operations.replay import Replayer
from exchange.operations.shipped import shipped_policy
from exchange.server.account import Account
from exchange.server.health import StoreLook
from exchange.server.identity import from_certificate, from_metadata
from exchange.server.observe_process import Observation
from exchange.server.publishers import Publishers
from exchange.server.quotas import Quotas, ReloadingLimits
from exchange.server.server import ExchangeServer, ServerOptions
from exchange.services.health_code_service import HealthCodeService
from exchange.services.member_service import MemberService
from exchange.services.policy_service import PolicyService
from exchange.services.quarantine_service import QuarantineService
from exchange.services.recognition_service import RecognitionService
from exchange.settings import Settings
from exchange.stores.base import Store
from exchange.stores.observed import ObservedStore


class Exchange:
    """A server with everything it needs, from start to stop."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clock: Clock = system_clock,
        family: Family | None = None,
    ) -> None:
        """Take what is served with what.

        Args:
            settings: All of them.
            store: Not yet connected, or connected.
            clock: The instant now. The handshake goes by the machine's own.
            family: The other processes of the same server; None: there are none.
        """
        self._settings = settings
        self._store = ObservedStore(store, clock)
        self._policies = PoliciesInForce(PolicyShelf(self._store), clock)
        self._taking_in = TakingIn(settings, self._store, clock)
        self._family = family
        self._publishers: Publishers | None = None
        self._observation: Observation | None = None
        self._clock = clock
        self._quotas = Quotas()
        self._server: ExchangeServer | None = None
        self._background: list[asyncio.Task[None]] = []
        self.port = 0

    async def start(self) -> None:
        """Check everything, then open the port; health is NOT_SERVING until a first look.

        Raises:
            StartError: A setting, a key, a certificate or the address is wrong.
            StoreError: The store does not answer or its schema cannot be used.
        """
        settings = self._settings
        tls = make_tls(settings)
        keys = load_subject_keys(settings)
        limits = self._limits()
        environment = await open_environment(settings, keys, self._store, self._clock)
        await self._policies.load()
        family = self._family
        if family is not None:
            self._publishers = Publishers(family.publishers)
        recorder = Recorder(self._store, secrets.randbelow, settings.decision_sample)
        options = ServerOptions(
            identify=from_metadata if tls is None else from_certificate,
            clock=self._clock,
            limits=connection_limits(settings),
            check_log_sample=settings.check_log_sample,
            shared_port=family is not None,
            quotas=self._quotas,
            overload_delay_seconds=settings.overload_delay_seconds,
            relay_to=None if self._publishers is None else self._publishers.to,
        )
        self._server = ExchangeServer(self._servicers(environment, recorder), options)
        port = settings.port if family is None else family.port
        self.port = await self._server.start(
            f"{bracketed(settings.host)}:{port}", None if tls is None else tls.credentials()
        )
        self._observation = Observation(
            self._store.name,
            self._note_policies,
            None if family is None else family.figures_dir,
            settings.metrics_port,
            settings.trace_endpoint,
        )
        look = StoreLook(self._store.check, self._server.health.tell)
        self._background.append(asyncio.create_task(look.run()))
        self._background.append(asyncio.create_task(self._policies.follow()))
        self._background.append(asyncio.create_task(recorder.follow()))
        if tls is not None:
            self._background.append(asyncio.create_task(tls.follow()))
        if limits is not None:
            self._background.append(asyncio.create_task(limits.follow()))

    def _limits(self) -> ReloadingLimits | None:
        """Read the quotas; each worker enforces its share."""
        path = self._settings.limits_file
        workers = 1 if self._family is None else worker_count(self._settings)
        return None if path is None else ReloadingLimits(path, workers, self._quotas)

    def _servicers(self, environment: Environment, recorder: Recorder) -> dict[str, object]:
        taking_in = self._taking_in
        publisher = taking_in.publisher(environment)
        formats, quarantine = publisher.formats, taking_in.quarantine
        self._background.append(asyncio.create_task(quarantine.follow()))
        self._background.append(asyncio.create_task(taking_in.drift.follow()))
        policies = self._policies
        checker = Checker(environment, policies, recorder)
        desk = PolicyDesk(
            PolicyShelf(self._store),
            policies,
            self._clock,
            self._settings.policy_notice_hours * HOUR_MS,
        )
        # What was converted is shown long after the call: the national ages hold for it, and no
        # destination's own leniency.
        default = CompiledPolicy(shipped_policy(DEFAULT_POLICY), NATIONAL)
        converter = Converter(environment, formats, default.max_age_ms)
        return {
            "HealthCodeService": HealthCodeService(
                publisher, Records(environment, quarantine, formats), converter, environment
            ),
            "RecognitionService": RecognitionService(checker, environment),
            "MemberService": MemberService(FORMATS, taking_in.drift),
            "PolicyService": PolicyService(desk, policies, self._store, self._clock),
            "QuarantineService": QuarantineService(quarantine, Replayer(publisher, quarantine)),
        }

    def _note_policies(self) -> None:
        now_ms = self._clock()
        revisions: dict[tuple[str, ...], float] = {}
        for one in MEMBERS:
            with contextlib.suppress(StoreError):  # Of one that cannot be read nothing is in force.
                policy = self._policies.of(one.code, now_ms).policy
                revisions[one.code, policy.name] = policy.revision
        POLICY_REVISION.replace(revisions)

    @property
    def metrics_port(self) -> int:
        """Where this process serves its figures over HTTP; 0: it does not."""
        return 0 if self._observation is None else self._observation.port

    @property
    def account(self) -> Account:
        """How many lookups each caller made."""
        if self._server is None:
            raise StartError("The exchange has not been started.")
        return self._server.account

    async def wait(self) -> None:
        """Wait until the server has stopped."""
        if self._server is not None:
            await self._server.wait()

    async def stop(self) -> None:
        """Drain: no new calls, those running finish, then the store is closed."""
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        self._background.clear()
        if self._server is not None:
            await self._server.stop(self._settings.drain_seconds)
        if self._publishers is not None:
            await self._publishers.close()
        await self._taking_in.close(flush=self._server is not None)
        await self._store.close()
        if self._observation is not None:
            await self._observation.close()
