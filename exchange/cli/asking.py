"""Questions before something is done for good."""

import sys

import typer
from typer.exceptions import Abort

from exchange.cli.exits import CommandError


def confirmed(question: str) -> bool:
    """Ask on standard error whether to go on.

    Raises:
        CommandError: Nobody can be asked.
    """
    try:
        return typer.confirm(question, err=True)
    except Abort:
        if sys.stdin.isatty():
            raise
        raise CommandError("Nobody can be asked, so nothing was done: add --yes.") from None
