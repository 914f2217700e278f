"""Options that commands share: members, formats, documents, and how to reach an exchange."""

import difflib
import inspect
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.registry import FORMATS
from exchange.cli.client import Endpoint, Security
from exchange.cli.exits import CommandError
from exchange.cli.setting_options import load_settings
from exchange.core.caller import URN_PREFIX, parse_urn
from exchange.core.errors import UnauthenticatedError
from exchange.core.members import BY_CODE, MEMBERS
from exchange.settings import PREFIX

ADDRESS_DEFAULT = "127.0.0.1:7443"

CERTS_VARIABLE = f"{PREFIX}CERTS"
"""Directory of certificates for all commands."""

NEAR_MAX = 5
"""Names shown where one is not known."""

_CONNECTION = "Connection"


def complete_member(incomplete: str) -> list[tuple[str, str]]:
    """Give the members that a shell may complete to."""
    return [(one.code, one.name) for one in MEMBERS if one.code.startswith(incomplete)]


def complete_format(incomplete: str) -> list[tuple[str, str]]:
    """Give the formats that a shell may complete to."""
    return [(one.id, one.content) for one in FORMATS.values() if one.id.startswith(incomplete)]


def known_member(code: str) -> str:
    """Take the code of a member that takes part.

    Raises:
        CommandError: It is none.
    """
    if code and code not in BY_CODE:
        raise no_member(code)
    return code


def no_member(code: str) -> CommandError:
    """Say that nobody of a code takes part."""
    return CommandError(f"There is no member {code!r}: see `health-exchange members`.")


def known_format(format_id: str) -> str:
    """Take the id of a format that is at hand, or none.

    Raises:
        CommandError: There is no such format; the text names those near it.
    """
    if not format_id or format_id in FORMATS:
        return format_id
    raise unknown("format", format_id, FORMATS)


def unknown(what: str, name: str, known: Iterable[str]) -> CommandError:
    """Say that there is nothing of a name, and what there is: what is near it, else all."""
    return CommandError(f"There is no {what} {name!r}; {near(name, known)}.")


def near(name: str, known: Iterable[str]) -> str:
    """Name what is near a name that is not known, else all that is known."""
    known = list(known)
    found = difflib.get_close_matches(name, known, NEAR_MAX)
    return f"near it: {', '.join(found)}" if found else f"at hand are: {', '.join(known)}"


def caller_urn(text: str) -> str:
    """Take a caller's name, whole or without what all names begin with.

    Raises:
        CommandError: It names nobody known.
    """
    urn = text if text.startswith(URN_PREFIX) else f"{URN_PREFIX}{text}"
    try:
        parse_urn(urn)
    except UnauthenticatedError as error:
        raise CommandError(
            f"{text!r} names no caller. {error} Callers are called member:440000, "
            "checkpoint:440000:gate-1 and operator:NAME."
        ) from error
    return urn


def format_option(text: str, *, checked: bool = True) -> Any:
    """Make the option for a format's id, as metadata of an annotation.

    Args:
        text: What the format is for, as `--help` shows it.
        checked: Whether an unknown id is refused here, with those near it.
    """
    return typer.Option(
        "--format",
        callback=known_format if checked else None,
        help=text,
        autocompletion=complete_format,
    )


def member_option(text: str) -> Any:
    """Make the option for the code of a member that takes part, as metadata of an annotation."""
    return typer.Option(callback=known_member, help=text, autocompletion=complete_member)


def _given_caller(text: str | None) -> str | None:
    return caller_urn(text) if text else None


Address = Annotated[
    str,
    typer.Option(
        envvar=f"{PREFIX}ADDRESS", help="Where the exchange listens.", rich_help_panel=_CONNECTION
    ),
]
Timeout = Annotated[
    float,
    typer.Option(
        min=0.1,
        max=300,
        help="Seconds to wait for one answer, retries included.",
        rich_help_panel=_CONNECTION,
    ),
]
Caller = Annotated[
    str | None,
    typer.Option(
        callback=_given_caller,
        help="Who asks, as urn:health-exchange:checkpoint:370000:gate-1 or shorter "
        "checkpoint:370000:gate-1; by default the member, or an operator.",
        rich_help_panel=_CONNECTION,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Member = Annotated[str, member_option("Six-digit code of the member.")]
# Looked up beside its member: then those that the member has can be named.
FormatId = Annotated[str, format_option("Id of the member's format.", checked=False)]
Destination = Annotated[str, member_option("Member where the traveller wants to pass.")]
DocumentFile = Annotated[
    Path | None,
    typer.Option(
        "--document",
        help='File with the document, as {"type": "RESIDENT_ID", "number": ...} or as one '
        "line TYPE NUMBER; without it you are asked. Never an argument: those are seen by others.",
    ),
]

Command = Callable[..., int | None]


def member_urn(member: str) -> str:
    """Return the name of a member as a caller."""
    return f"urn:health-exchange:member:{member}"


OPERATOR_URN = "urn:health-exchange:operator:command-line"


def _file(text: str) -> object:
    option = typer.Option(help=text, metavar="FILE", rich_help_panel=_CONNECTION)
    return Annotated[Path | None, option]


_SECURITY: dict[str, tuple[object, object]] = {
    "certificate": (_file("Caller's certificate; by default the caller's own in --certs."), None),
    "key": (_file("Its key; by default beside it, ending in .key."), None),
    "authority": (_file("Authority of the exchange; by default authority.pem in --certs."), None),
    "certs": (
        Annotated[
            Path | None,
            typer.Option(
                envvar=CERTS_VARIABLE,
                help="Directory of certificates, as `health-exchange certs` makes it; by default "
                "certs in the directory of the setting data_dir.",
                rich_help_panel=_CONNECTION,
            ),
        ],
        None,
    ),
    "insecure_loopback": (
        Annotated[
            bool,
            typer.Option(
                "--insecure-loopback",
                envvar=f"{PREFIX}INSECURE_LOOPBACK",
                help="The server was started with the same option: plaintext, no certificates.",
                rich_help_panel=_CONNECTION,
            ),
        ],
        False,
    ),
}


def with_certificates(command: Command) -> Command:
    """Give a command that has an address the options that say how to show who calls.

    The address that it is called with is an ``Endpoint``, which carries them.
    """
    signature = inspect.signature(command)

    @wraps(command)
    def wrapper(**given: Any) -> int | None:
        chosen = {name: given.pop(name) for name in _SECURITY}
        security = Security(
            certificates_dir(chosen["certs"]),
            chosen["certificate"],
            chosen["key"],
            chosen["authority"],
            chosen["insecure_loopback"],
        )
        return command(**given | {"address": Endpoint(given["address"], security)})

    options = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
        )
        for name, (annotation, default) in _SECURITY.items()
    ]
    wrapper.__signature__ = signature.replace(  # type: ignore[attr-defined] # read by typer
        parameters=[*signature.parameters.values(), *options]
    )
    wrapper.__annotations__ = {}
    return wrapper


def certificates_dir(given: Path | None) -> Path:
    """Return the directory of certificates that was given, else the one beside the data.

    Raises:
        CommandError: It would come from the settings, and one is wrong.
    """
    return given or load_settings({}).certificates_dir
