"""`settings`: every setting with its default, its value, and where that came from."""

import os
import tomllib
from pathlib import Path

import msgspec
from pydantic_core import PydanticUndefined

from exchange.cli.options import Json
from exchange.cli.output import err, out, print_json, table
from exchange.cli.setting_options import ALL_SETTINGS, setting_text, with_settings
from exchange.settings import FILE_VARIABLE, PREFIX, Settings


class Known(msgspec.Struct, frozen=True):
    """One setting as it is in force.

    Attributes:
        name: Of the setting; as an option with ``--`` and hyphens.
        value: In force.
        default: What it is if nobody says anything.
        source: ``option``, ``environment HEALTH_EXCHANGE_...``, ``file PATH`` or ``default``.
        description: What it is for.
    """

    name: str
    value: str
    default: str
    source: str
    description: str


@with_settings(*ALL_SETTINGS)
def show_settings(settings: Settings, *, json: Json = False) -> None:
    """Show every setting with its default, its value, and where the value came from.

    Takes the options of `serve`: what is shown is what `serve` would run with.
    """
    found = known(settings)
    if json:
        print_json({"settings": msgspec.to_builtins(found)})
        return
    path = os.environ.get(FILE_VARIABLE)
    err().print(f"Settings file: {path or f'none; {FILE_VARIABLE} names one'}.")
    rows = [(one.name, one.value, one.source, one.default, one.description) for one in found]
    out().print(table(("setting", "value", "from", "default", "what it is for"), rows))


def known(settings: Settings) -> list[Known]:
    """Return all settings as they are in force, in the order of `exchange/settings.py`."""
    environment = {name.upper(): name for name in os.environ}
    path = os.environ.get(FILE_VARIABLE)
    in_file = tomllib.loads(Path(path).read_text("utf-8")) if path else {}
    below = Settings()  # Without the command line; a value that differs can only come from there.
    found = []
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        variable = environment.get(f"{PREFIX}{name}".upper())
        source = "default"
        if name in in_file:
            source = f"file {path}"
        if variable is not None:
            source = f"environment {variable}"
        if value != getattr(below, name):
            source = "option"
        default = "" if field.default is PydanticUndefined else setting_text(field.default)
        found.append(Known(name, setting_text(value), default, source, field.description or ""))
    return found
