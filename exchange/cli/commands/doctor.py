"""`doctor`: look at everything an exchange needs, change nothing, and say what to mend."""

import asyncio

import msgspec

from exchange.cli.commands.settings import known
from exchange.cli.examination import State, examine
from exchange.cli.exits import ExitCode
from exchange.cli.options import Json
from exchange.cli.output import out, print_json, table
from exchange.cli.setting_options import ALL_SETTINGS, with_settings
from exchange.operations.clock import system_clock
from exchange.settings import Settings


@with_settings(*ALL_SETTINGS)
def doctor(settings: Settings, *, json: Json = False) -> int:
    """Look at settings, keys, store, policies, certificates, clock, port; say what to mend.

    Changes nothing, and takes the options of `serve`: what it looks at is what `serve` would use.
    The exit code is 0 unless something would stop a server from serving.
    """
    findings = asyncio.run(examine(settings, system_clock()))
    sources = sorted({one.source for one in known(settings)})
    if json:
        print_json({"sources": sources, "findings": msgspec.to_builtins(findings)})
    else:
        out().print(f"Settings from: {', '.join(sources)}; see `health-exchange settings`.")
        rows = [(one.state.value, one.subject, one.says, one.mend) for one in findings]
        out().print(table(("", "what", "how it is", "what to do"), rows))
    failed = any(one.state is State.FAIL for one in findings)
    return ExitCode.START_REFUSED if failed else ExitCode.DONE
