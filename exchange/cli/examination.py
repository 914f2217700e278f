"""What `doctor` looks at: one function for each subject, each giving findings and no errors."""

import ctypes
import shutil
import stat
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from enum import StrEnum

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature

from adapters.registry import FORMATS
from exchange.app import connected_store, load_format_keys, load_subject_keys, make_tls
from exchange.cli.commands.certs import RENEW_DAYS, alternative_names
from exchange.core.errors import ExchangeError, SchemaError, StartError
from exchange.core.subject import SubjectKeys
from exchange.core.times import DAY_MS
from exchange.operations.key_check import compare_subject_keys
from exchange.operations.policies import PoliciesInForce
from exchange.operations.policy_shelf import PolicyShelf
from exchange.operations.retention import remembered_horizon_ms
from exchange.server.port import HeldPort
from exchange.settings import Settings
from exchange.stores.base import Store

DISK_FREE_BYTES_MIN = 1 << 30
"""Room for about ten million statements; less is time to act."""
RELEASED = datetime(2026, 1, 1, tzinfo=UTC)
"""No clock that is right shows an earlier time to this release."""
_UNSYNCHRONISED = 5
"""What adjtimex(2) returns for a clock that nothing keeps right."""
_TIMEX_BYTES = 512
"""More than the structure of any architecture."""


class State(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(msgspec.Struct, frozen=True):
    """One line of the examination.

    Attributes:
        subject: What was looked at.
        state: Whether it stops a server (``fail``), or will one day (``warn``).
        says: How it is.
        mend: What to do; ``""`` where nothing is to be done.
    """

    subject: str
    state: State
    says: str
    mend: str = ""


async def examine(settings: Settings, now_ms: int) -> list[Finding]:
    """Look at everything once."""
    keys, of_key = _subject_key(settings)
    return [
        *of_key,
        *_format_keys(settings),
        *[one async for one in _store(settings, keys, now_ms)],
        *_certificates(settings, now_ms),
        *_clock(now_ms),
        *_port(settings),
    ]


def _subject_key(settings: Settings) -> tuple[SubjectKeys | None, list[Finding]]:
    path = settings.subject_key_path
    try:
        keys = load_subject_keys(settings)
    except StartError as error:
        mend = "Put the backup in place; for a new exchange run `health-exchange keys`."
        return None, [Finding("subject key", State.FAIL, str(error), mend)]
    generations = ", ".join(str(key.generation) for key in keys.keys)
    found = [Finding("subject key", State.OK, f"{path} holds generation {generations}")]
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        mend = f"chmod 600 {path}"
        found.append(Finding("subject key", State.WARN, "Others may read the file.", mend))
    return keys, found


def _format_keys(settings: Settings) -> Iterator[Finding]:
    subject = "format keys"
    try:
        keys = load_format_keys(settings.format_keys_dir)
    except StartError as error:
        yield Finding(subject, State.FAIL, str(error), "Mend or remove the file.")
        return
    lacking = [one.id for one in FORMATS.values() if not set(one.keys) <= set(keys.get(one.id, {}))]
    if lacking:
        where = settings.format_keys_dir or "the directory of the setting format_keys_dir"
        mend = f"Put FORMAT.toml with the member's keys into {where}."
        says = f"Without keys, so neither read nor written: {', '.join(lacking)}."
        yield Finding(subject, State.WARN, says, mend)
    else:
        yield Finding(subject, State.OK, "Every format that needs keys has them.")


async def _store(
    settings: Settings, keys: SubjectKeys | None, now_ms: int
) -> AsyncIterator[Finding]:
    subject = f"store ({settings.store})"
    if settings.store == "sqlite" and not settings.sqlite_path.exists():
        says = f"There is no {settings.sqlite_path} yet."
        yield Finding(subject, State.FAIL, says, "Run `health-exchange migrate`.")
        return
    try:
        async with connected_store(settings) as store:
            await store.check()
            yield Finding(subject, State.OK, "It answers, and its schema is that of this release.")
            if keys is not None:
                yield await _keys_of_store(store, keys, settings, now_ms)
            yield await _time_of_store(store, now_ms)
            yield await _policies_of_store(store, now_ms)
    except SchemaError as error:
        yield Finding(subject, State.FAIL, str(error), "Run `health-exchange migrate`.")
    except ExchangeError as error:
        mend = "Look at the node or the file, and at the settings of the store."
        yield Finding(subject, State.FAIL, str(error), mend)


async def _keys_of_store(
    store: Store, keys: SubjectKeys, settings: Settings, now_ms: int
) -> Finding:
    try:
        known = await compare_subject_keys(store, keys, now_ms, settings.retention_days * DAY_MS)
    except StartError as error:
        return Finding("subject key", State.FAIL, str(error), "Put the right key file in place.")
    if not known:
        return Finding("subject key", State.OK, "The store was not served yet: any key will do.")
    says = f"They are those the store was written with (generation {', '.join(map(str, known))})."
    return Finding("subject key", State.OK, says)


async def _time_of_store(store: Store, now_ms: int) -> Finding:
    """Compare the clock with the oldest time the store remembers to keep: it never goes back."""
    floor_ms = await remembered_horizon_ms(store, now_ms)
    if floor_ms is None or floor_ms <= now_ms:
        return Finding("clock", State.OK, "It is not behind what the store remembers.")
    says = "The store has seen a later time than this clock shows."
    return Finding("clock", State.FAIL, says, "Set the clock.")


async def _policies_of_store(store: Store, now_ms: int) -> Finding:
    failing = await PoliciesInForce(PolicyShelf(store), lambda: now_ms).look()
    if not failing:
        return Finding("policies", State.OK, "Every one that is published can be used.")
    codes = ", ".join(sorted(failing))
    says = f"Those of {codes} cannot be used: a server started now answers checks with an error."
    mend = "Take them back with `health-exchange policies rollback`, or install a later release."
    return Finding("policies", State.WARN, says, mend)


def _certificates(settings: Settings, now_ms: int) -> Iterator[Finding]:
    subject = "certificates"
    try:
        if make_tls(settings) is None:
            says = "None: plaintext on loopback, callers are believed what they say."
            yield Finding(subject, State.WARN, says, "Leave out --insecure-loopback in earnest.")
            return
    except StartError as error:
        yield Finding(subject, State.FAIL, str(error), "Run `health-exchange certs init`.")
        return
    own = x509.load_pem_x509_certificates(settings.tls_certificate_path.read_bytes())
    authorities = x509.load_pem_x509_certificates(settings.tls_authority_path.read_bytes())
    for what, one in (("server", own[0]), *(("authority", each) for each in authorities)):
        yield _expiry(subject, what, one, now_ms)
    if not any(_issued_by(own[-1], one) for one in authorities):
        says = "The server's certificate is not of the authority of its callers."
        mend = "Right if it is meant so: callers then need the server's authority too."
        yield Finding(subject, State.WARN, says, mend)
    yield _names(subject, own[0], settings)


def _expiry(subject: str, what: str, certificate: x509.Certificate, now_ms: int) -> Finding:
    end = certificate.not_valid_after_utc
    days = (int(end.timestamp() * 1000) - now_ms) // DAY_MS
    says = f"The {what}'s certificate is valid until {end:%Y-%m-%d}, {days} days."
    if days >= RENEW_DAYS:
        return Finding(subject, State.OK, says)
    mend = "Run `health-exchange certs issue server`; a running server takes it at once."
    if what == "authority":
        mend = "Add a new authority beside it, issue anew, then take it out (docs/operate.md)."
    return Finding(subject, State.WARN, says, mend)


def _issued_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _names(subject: str, certificate: x509.Certificate, settings: Settings) -> Finding:
    hosts = alternative_names(certificate)
    if not hosts:
        mend = "Issue one with `health-exchange certs issue server --host NAME`."
        return Finding(subject, State.FAIL, "The server's certificate names no host.", mend)
    says = f"The server's certificate names {', '.join(hosts)}."
    if settings.host in hosts or settings.host in ("0.0.0.0", "::"):  # noqa: S104 - compared
        return Finding(subject, State.OK, says)
    mend = f"Clients that call {settings.host} refuse it: issue one with --host {settings.host}."
    return Finding(subject, State.WARN, says, mend)


def _clock(now_ms: int) -> Iterator[Finding]:
    subject = "clock"
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    if now < RELEASED:
        says = f"It shows {now:%Y-%m-%d %H:%M}Z, before this release was made."
        yield Finding(subject, State.FAIL, says, "Set it: times decide which statement wins.")
        return
    if _kernel_state() == _UNSYNCHRONISED:
        says = f"It shows {now:%Y-%m-%d %H:%M:%S}Z, and nothing keeps it right (adjtimex)."
        yield Finding(subject, State.WARN, says, "Run chrony or another NTP client.")
    else:
        yield Finding(subject, State.OK, f"It shows {now:%Y-%m-%d %H:%M:%S}Z, kept by NTP.")


def _kernel_state() -> int:
    """Ask the kernel whether its clock is kept right; changes nothing (modes is 0)."""
    return int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES)))


def _port(settings: Settings) -> Iterator[Finding]:
    where = f"{settings.host}:{settings.port}"
    try:
        HeldPort(settings.host, settings.port).release()
    except StartError as error:
        mend = "Nothing, if an exchange runs there already; else end what has it or take another."
        yield Finding("port", State.WARN, str(error), mend)
    else:
        yield Finding("port", State.OK, f"{where} is free.")
    directory = settings.data_dir.absolute()
    there = next(one for one in (directory, *directory.parents) if one.exists())
    free = shutil.disk_usage(there).free
    says = f"{free / (1 << 30):.1f} GiB are free for {settings.data_dir}."
    if free < DISK_FREE_BYTES_MIN:
        yield Finding("disk", State.WARN, says, "Make room: a full store takes in nothing.")
    else:
        yield Finding("disk", State.OK, says)
