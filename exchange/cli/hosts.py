"""Names and addresses of hosts, as certificates name them."""

import ipaddress
import re
from urllib.parse import urlsplit

from exchange.cli.exits import CommandError

_NAME_LENGTH_MAX = 253
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


def known_host(text: str) -> str:
    """Take the name of a host, or an IP address; return it as certificates have it.

    Raises:
        CommandError: It is neither; the text says what it may have been meant for.
    """
    if _is_address(text):
        return str(ipaddress.ip_address(text))
    if _is_name(text):
        return text.lower()
    near = _near(text)
    hint = f"near it: {near}" if near else "for example gate.example.org or 192.0.2.1"
    raise CommandError(f"{text!r} is neither the name of a host nor an IP address; {hint}.")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_name(text: str) -> bool:
    """Tell whether it is a name by RFC 1123, section 2.1; its first label may be ``*``.

    What ends in digits alone is meant for an address of IPv4, and no good one.
    """
    labels = text.removeprefix("*.").split(".")
    return (
        len(text) <= _NAME_LENGTH_MAX
        and not labels[-1].isdigit()
        and all(_LABEL.fullmatch(label) for label in labels)
    )


def _near(text: str) -> str:
    """Return the host within a URL or before a port, or with hyphens for blanks, or ""."""
    try:
        found = urlsplit(text if "//" in text else f"//{text}").hostname or ""
    except ValueError:
        return ""
    joined = re.sub(r"[\s_]+", "-", found.strip())
    return joined if _is_address(joined) or _is_name(joined) else ""
