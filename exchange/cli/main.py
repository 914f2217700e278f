"""The command `health-exchange`: its commands, and the one place where errors become exit codes."""

import inspect
import os
import sys
from collections.abc import Sequence

import typer
from typer.exceptions import Abort, TyperException

from exchange.cli import failures
from exchange.cli.commands.certs import certs
from exchange.cli.commands.check import check
from exchange.cli.commands.conformance import conformance
from exchange.cli.commands.convert import convert
from exchange.cli.commands.decisions import decisions_app
from exchange.cli.commands.demo import demo
from exchange.cli.commands.doctor import doctor
from exchange.cli.commands.erase import erase
from exchange.cli.commands.keys import keys
from exchange.cli.commands.list_health_codes import list_health_codes
from exchange.cli.commands.members import members
from exchange.cli.commands.migrate import migrate
from exchange.cli.commands.policies import policies_app
from exchange.cli.commands.publish import publish_file
from exchange.cli.commands.quarantine import quarantine_app
from exchange.cli.commands.rules import rules_app
from exchange.cli.commands.sample import sample
from exchange.cli.commands.serve import serve
from exchange.cli.commands.settings import show_settings
from exchange.cli.commands.sweep import sweep
from exchange.cli.exits import CommandError, ExitCode, epilog
from exchange.cli.options import with_certificates
from exchange.core.errors import ExchangeError
from exchange.core.masking import mask_free_text

PROGRAM = "health-exchange"
TRACEBACK_VARIABLE = "HEALTH_EXCHANGE_TRACEBACK"
"""Set it to see where a defect comes from; tracebacks may hold what was being worked on."""

app = typer.Typer(
    name=PROGRAM,
    help="Mutual recognition of provincial health codes: run the exchange, hand in, ask.",
    epilog=epilog(),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
_FOR_MEMBERS, _TO_RUN, _TO_TRY = "For members and checkpoints", "To run an exchange", "To try it"

app.command("publish", rich_help_panel=_FOR_MEMBERS)(publish_file)
app.command("check", rich_help_panel=_FOR_MEMBERS)(check)
app.command("list", rich_help_panel=_FOR_MEMBERS)(list_health_codes)
app.command("convert", rich_help_panel=_FOR_MEMBERS)(convert)
app.command("conformance", rich_help_panel=_FOR_MEMBERS)(conformance)
app.command("members", rich_help_panel=_FOR_MEMBERS)(members)
app.add_typer(policies_app, name="policies", rich_help_panel=_FOR_MEMBERS)
app.add_typer(rules_app, name="rules", rich_help_panel=_FOR_MEMBERS)
app.add_typer(decisions_app, name="decisions", rich_help_panel=_FOR_MEMBERS)
app.command("serve", rich_help_panel=_TO_RUN)(serve)
app.command("keys", rich_help_panel=_TO_RUN)(keys)
app.add_typer(certs, name="certs", rich_help_panel=_TO_RUN)
app.command("doctor", rich_help_panel=_TO_RUN)(doctor)
app.command("settings", rich_help_panel=_TO_RUN)(show_settings)
app.command("migrate", rich_help_panel=_TO_RUN)(migrate)
app.command("sweep", rich_help_panel=_TO_RUN)(sweep)
app.command("erase", rich_help_panel=_TO_RUN)(erase)
app.add_typer(quarantine_app, name="quarantine", rich_help_panel=_TO_RUN)
app.command("demo", rich_help_panel=_TO_TRY)(demo)
app.command("sample", rich_help_panel=_TO_TRY)(sample)


def _with_certificates(commands: typer.Typer) -> None:
    """Let every command that calls an exchange, of whatever group, take the callers' options."""
    for command in commands.registered_commands:
        if command.callback and "address" in inspect.signature(command.callback).parameters:
            command.callback = with_certificates(command.callback)
    for group in commands.registered_groups:
        if group.typer_instance is not None:
            _with_certificates(group.typer_instance)


_with_certificates(app)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; errors become one sentence on standard error."""
    try:
        code = app(arguments, prog_name=PROGRAM, standalone_mode=False)
    except (Abort, KeyboardInterrupt):
        return _fail("Interrupted.", ExitCode.INTERRUPTED)
    except (BrokenPipeError, SystemExit):
        # Whoever read the output has enough (the libraries of the command line turn that into an
        # exit of their own); nothing more can be said to them.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.INTERRUPTED
    except Exception as error:
        if os.environ.get(TRACEBACK_VARIABLE):
            raise
        return _explain(error)
    if code == ExitCode.INTERRUPTED and not isinstance(code, ExitCode):
        # The library makes an exit of Ctrl-C, without a word.
        return _fail("Interrupted.", ExitCode.INTERRUPTED)
    return code if isinstance(code, int) else ExitCode.DONE


def _explain(error: Exception) -> int:
    if isinstance(error, CommandError):
        return _fail(str(error), error.code)
    if isinstance(error, TyperException):
        # What was typed may be a document by mistake: its number is not repeated.
        text = mask_free_text(error.format_message())
        sentence = text.rstrip(".")  # What follows a question is no stop.
        sentence += "" if not sentence or sentence.endswith("?") else "."
        return _fail(f"{sentence} See `{PROGRAM} --help`.".lstrip(), ExitCode.WRONG_INPUT)
    if isinstance(error, ExchangeError):
        return _explain(failures.of_exchange(error))
    if isinstance(error, OSError):
        return _explain(failures.of_system(error))
    return _fail(
        f"This is a defect of {PROGRAM} ({type(error).__name__}); set {TRACEBACK_VARIABLE}=1 to "
        "see where.",
        ExitCode.DEFECT,
    )


def _fail(sentence: str, code: ExitCode) -> int:
    sys.stderr.write(f"{sentence}\n")
    return code
