"""`certs`: a development authority, the certificates it issues, and when they end."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from cryptography import x509

from exchange.app import make_directory
from exchange.cli.client import certificate_of
from exchange.cli.exits import CommandError, ExitCode
from exchange.cli.hosts import known_host
from exchange.cli.options import (
    CERTS_VARIABLE,
    OPERATOR_URN,
    Json,
    caller_urn,
    certificates_dir,
    member_urn,
)
from exchange.cli.output import out, print_json, table
from exchange.core.caller import URN_PREFIX
from exchange.core.members import MEMBERS
from exchange.core.times import DAY_MS
from exchange.operations.clock import system_clock
from exchange.server.certificates import (
    AUTHORITY_FILE,
    CERTIFICATE_DAYS,
    DEVELOPMENT_HOSTS,
    SERVER_NAME,
    issue,
    issue_server,
    make_authority,
)

RENEW_DAYS = 30
"""A certificate that ends within so many days is due: time for two reminders and a holiday."""
PROBE_URN = f"{URN_PREFIX}operator:probe"
GATE_URN = f"{URN_PREFIX}checkpoint:370000:gate-1"

certs = typer.Typer(
    help="Make an authority for development and small installations, and issue certificates.",
    no_args_is_help=True,
)


def _known_hosts(given: list[str] | None) -> list[str]:
    return [known_host(one) for one in given or ()]


Certs = Annotated[
    Path | None,
    typer.Option(
        "--certs",
        envvar=CERTS_VARIABLE,
        help="Directory of the authority; by default certs in the directory of the setting "
        "data_dir, where `serve` looks.",
    ),
]
Days = Annotated[int, typer.Option(min=1, max=3650, help="How long a certificate is valid.")]
Hosts = Annotated[
    list[str] | None,
    typer.Option(
        "--host",
        callback=_known_hosts,
        help="Host name or address of the server; give it once for each.",
    ),
]
Everybody = Annotated[
    bool, typer.Option("--everybody", help="Certificates for every member, a gate, operators too.")
]
Callers = Annotated[
    list[str],
    typer.Argument(
        help="Whom they name: urn:health-exchange:member:440000, or shorter member:440000, "
        "checkpoint:440000:gate-1, operator:NAME; server for the server's own."
    ),
]


class Held(msgspec.Struct, frozen=True):
    """A certificate in the directory.

    Attributes:
        file: Its name.
        names: Whom it names.
        expires: When it ends, RFC 3339.
        days_left: Whole days until then; negative when it is past.
    """

    file: str
    names: tuple[str, ...]
    expires: str
    days_left: int


@certs.command("init")
def init(
    *,
    certs_dir: Certs = None,
    host: Hosts = None,
    everybody_too: Everybody = False,
    json: Json = False,
) -> None:
    """Make an authority and the server's certificate; nothing that is there and good is replaced.

    The key of the authority, authority.key, can make anybody: keep it elsewhere in earnest.
    """
    directory = certificates_dir(certs_dir)
    made = prepare(directory, everybody() if everybody_too else (), system_clock(), host or ())
    if json:
        print_json({"written": [str(path) for path in made]})
        return
    for path in made:
        out().print(f"Wrote {path}.")
    if not made:
        out().print(f"All is there and valid in {directory}: see `health-exchange certs list`.")


@certs.command("issue")
def issue_certificates(
    callers: Callers,
    *,
    certs_dir: Certs = None,
    host: Hosts = None,
    days: Days = CERTIFICATE_DAYS,
    json: Json = False,
) -> None:
    """Issue certificates, each with its key beside it; an older one of the same name is replaced.

    A running server takes its own new one within a second.
    """
    directory, now_ms = certificates_dir(certs_dir), system_clock()
    written: list[Path] = []
    for caller in callers:
        if caller == SERVER_NAME:
            issued = issue_server(directory, now_ms, host or DEVELOPMENT_HOSTS, days)
        else:
            issued = issue(directory, caller_urn(caller), now_ms, days)
        written += (issued.certificate, issued.key)
        if not json:
            out().print(f"Wrote {issued.certificate} and {issued.key}.")
    if json:
        print_json({"written": [str(path) for path in written]})


@certs.command("list")
def list_certificates(*, certs_dir: Certs = None, json: Json = False) -> int:
    """List the certificates with when they end; exit code 6 if one has ended."""
    found = held(certificates_dir(certs_dir), system_clock())
    if json:
        print_json({"certificates": msgspec.to_builtins(found)})
    else:
        rows = [(one.file, " ".join(one.names), one.expires, _state(one)) for one in found]
        out().print(table(("file", "names", "valid until", ""), rows))
    ended = any(one.days_left < 0 for one in found)
    return ExitCode.START_REFUSED if ended else ExitCode.DONE


def everybody() -> tuple[str, ...]:
    """Return callers to begin with: all members, a checkpoint, operators."""
    members = (member_urn(member.code) for member in MEMBERS)
    return (*members, GATE_URN, OPERATOR_URN, PROBE_URN)


def prepare(
    directory: Path, callers: Iterable[str], now_ms: int, hosts: Iterable[str] = ()
) -> list[Path]:
    """Make what is missing or due of authority, server certificate and callers' certificates.

    Returns:
        The certificates that were written.

    Raises:
        CommandError: The server's certificate is good and stays, but does not name the hosts.
        StartError: The authority has expired, or the directory cannot be made.
    """
    hosts = tuple(hosts)
    make_directory(directory)
    made: list[Path] = []
    if not (directory / AUTHORITY_FILE).exists():
        made.append(make_authority(directory, now_ms).certificate)
        due = True
    else:
        due = False
    if due or _is_due(directory / f"{SERVER_NAME}.pem", now_ms):
        server = issue_server(directory, now_ms, hosts or DEVELOPMENT_HOSTS)
        made.append(server.certificate)
    else:
        _require_names(directory / f"{SERVER_NAME}.pem", hosts)
    made += [
        issue(directory, caller, now_ms).certificate
        for caller in callers
        if due or _is_due(certificate_of(directory, caller), now_ms)
    ]
    return made


def _require_names(path: Path, hosts: tuple[str, ...]) -> None:
    certificate = _read(path)
    names = () if certificate is None else alternative_names(certificate)
    if not set(hosts) <= set(names):
        options = " ".join(f"--host {host}" for host in dict.fromkeys((*names, *hosts)))
        raise CommandError(
            f"{path} is good and stays as it is; it names {', '.join(names)}. Replace it with "
            f"`health-exchange certs issue {SERVER_NAME} {options}`."
        )


def held(directory: Path, now_ms: int) -> list[Held]:
    """Return the certificates in a directory, those that end first before the others.

    Raises:
        CommandError: There is none.
    """
    found = [_held(path, now_ms) for path in sorted(directory.glob("*.pem"))]
    if not found:
        raise CommandError(f"There is no certificate in {directory}: see `certs init`.")
    return sorted(found, key=lambda one: one.expires)


def _held(path: Path, now_ms: int) -> Held:
    certificate = _read(path)
    if certificate is None:
        raise CommandError(f"{path} holds no PEM certificate.")
    end = certificate.not_valid_after_utc
    left_ms = int(end.timestamp() * 1000) - now_ms
    names = alternative_names(certificate) or ("(authority)",)
    return Held(path.name, names, end.strftime("%Y-%m-%dT%H:%M:%SZ"), left_ms // DAY_MS)


def _read(path: Path) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except ValueError:
        return None


def alternative_names(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return whom a certificate names: hosts, addresses, or a caller's URN; an authority nobody."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(str(name.value) for name in names)


def _state(one: Held) -> str:
    if one.days_left < 0:
        return "HAS ENDED"
    return f"renew, {one.days_left} d left" if one.days_left < RENEW_DAYS else ""


def _is_due(path: Path, now_ms: int) -> bool:
    if not path.exists() or not path.with_suffix(".key").exists():
        return True
    certificate = _read(path)
    end = datetime.fromtimestamp(now_ms / 1000, UTC).timestamp() + RENEW_DAYS * DAY_MS / 1000
    return certificate is None or certificate.not_valid_after_utc.timestamp() < end
