"""An option for each setting of the exchange that a command takes, and the settings as they are."""

import inspect
import os
import tomllib
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from exchange.cli.exits import CommandError, ExitCode
from exchange.settings import FILE_VARIABLE, Settings

ALL_SETTINGS = tuple(Settings.model_fields)
STORE_SETTINGS = (
    "store",
    "data_dir",
    *(name for name in ALL_SETTINGS if name.startswith("cassandra_")),
    "store_timeout_seconds",
)
"""What commands take that work on the store beside the exchange."""
_SETTINGS = "Settings"

Command = Callable[..., int | None]


def with_settings(
    *names: str, fixed: Mapping[str, object] | None = None
) -> Callable[[Command], Command]:
    """Give a command one option for each named setting, and the argument ``settings``.

    Args:
        names: Of the settings.
        fixed: Values that hold unless the caller gives another one.
    """

    def decorate(command: Command) -> Command:
        signature = inspect.signature(command, eval_str=True)

        @wraps(command)
        def wrapper(**given: Any) -> int | None:
            chosen = {name: given.pop(name) for name in names}
            values = {name: value for name, value in chosen.items() if value not in (None, [])}
            return command(settings=load_settings({**(fixed or {}), **values}), **given)

        own = [one for one in signature.parameters.values() if one.name != "settings"]
        options = [_option(name, Settings.model_fields[name]) for name in names]
        wrapper.__signature__ = signature.replace(  # type: ignore[attr-defined] # read by typer
            parameters=[*own, *options]
        )
        wrapper.__annotations__ = {}
        return wrapper

    return decorate


def _option(name: str, field: FieldInfo) -> inspect.Parameter:
    kind: object = str | None
    if field.annotation is bool:
        kind = bool | None
    elif isinstance(field.default, tuple):
        kind = list[str] | None
    default = setting_text(field.default)
    option = typer.Option(
        # Named, so that there is no second option --no-...: no switch is on by default.
        f"--{name.replace('_', '-')}",
        help=f"{field.description} Default: {default}." if default else field.description,
        show_default=False,
        metavar="",
        rich_help_panel=_SETTINGS,
    )
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[kind, option],
    )


def setting_text(value: object) -> str:
    """Return a setting's value for people; ``""`` for None."""
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def load_settings(given: Mapping[str, object]) -> Settings:
    """Read the settings; what the command line gives comes first.

    Raises:
        CommandError: A value is wrong, or the settings file cannot be read.
    """
    path = os.environ.get(FILE_VARIABLE)
    try:
        if path is not None:
            # The library takes a file that is not there for an empty one.
            tomllib.loads(Path(path).read_text("utf-8"))
        return Settings.model_validate(dict(given))
    except ValidationError as error:
        raise CommandError(_wrong(error), ExitCode.START_REFUSED) from error
    except (OSError, ValueError) as error:
        raise CommandError(
            f"The settings file {path}, named by {FILE_VARIABLE}, cannot be read as TOML.",
            ExitCode.START_REFUSED,
        ) from error


def _wrong(error: ValidationError) -> str:
    return " ".join(
        f"The setting {'.'.join(map(str, one['loc']))} is wrong: {one['msg']}."
        for one in error.errors(include_url=False, include_input=False)
    )
