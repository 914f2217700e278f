"""`keys`: make the key files of an exchange."""

import contextlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from adapters.base import Format
from exchange.app import make_directory
from exchange.cli.exits import CommandError, ExitCode
from exchange.cli.options import Json
from exchange.cli.output import out, print_json
from exchange.cli.setting_options import with_settings
from exchange.core.sealing import KEY_BYTES
from exchange.core.subject import KEY_BYTES_MIN
from exchange.settings import Settings

FIRST_GENERATION = 1
_FORMAT_KEY_BYTES = 16
"""What SM4 takes; keys of message authentication codes may have any length."""


OnlyQuarantine = Annotated[
    bool, typer.Option("--only-quarantine", help="Make the key of the quarantine alone.")
]


@with_settings("data_dir", "subject_key_file", "quarantine_key_file")
def keys(
    settings: Settings, *, only_quarantine: OnlyQuarantine = False, json: Json = False
) -> None:
    """Make the key files, readable by you alone. Never overwrites one.

    Back the subject key up before anything else: without it all that is kept is unreachable. The
    key of the quarantine seals what no adapter could read; without it that can be handed in again.
    """
    said: list[str] = []
    written: list[Path] = []
    if not only_quarantine:
        path = settings.subject_key_path
        write_key_file(path)
        written.append(path)
        said.append(f"Wrote a new subject key to {path}. Back this file up, apart from the data.")
    path = settings.quarantine_key_path
    if write_sealing_key_file(path):
        written.append(path)
        said.append(f"Wrote a new key of the quarantine to {path}.")
    else:
        said.append(f"{path} is there already and stays as it is.")
    if json:
        print_json({"written": [str(path) for path in written]})
    else:
        out().print("\n".join(said))


def write_key_file(path: Path) -> None:
    """Write a new key, generation 1, to a file that is not there yet.

    Raises:
        CommandError: There is a file already.
        StartError: Its directory cannot be made.
        OSError: It cannot be written.
    """
    text = (
        "# Subject key of a health-code exchange. Keep it secret, and back it up.\n"
        f"{FIRST_GENERATION}:{secrets.token_hex(KEY_BYTES_MIN)}\n"
    )
    try:
        _write_secret(path, text)
    except FileExistsError:
        raise CommandError(
            f"{path} is there already and is not overwritten: all that was kept under its key "
            "would be lost.",
            ExitCode.START_REFUSED,
        ) from None


def write_sealing_key_file(path: Path) -> bool:
    """Write a new key of the quarantine, unless there is a file already; tell whether it did.

    Raises:
        StartError: Its directory cannot be made.
        OSError: It cannot be written.
    """
    text = (
        "# Key of the quarantine of a health-code exchange. Keep it secret.\n"
        f"{FIRST_GENERATION}:{secrets.token_hex(KEY_BYTES)}\n"
    )
    try:
        _write_secret(path, text)
    except FileExistsError:
        return False
    return True


def write_format_keys(directory: Path, formats: Mapping[str, Format]) -> None:
    """Write new keys for the formats that need some and have no file yet: for trying only.

    Real keys come from the members.

    Raises:
        StartError: The directory cannot be made.
        OSError: A file cannot be written.
    """
    for found in formats.values():
        lines = [f'{name} = "{secrets.token_hex(_FORMAT_KEY_BYTES)}"\n' for name in found.keys]
        with contextlib.suppress(FileExistsError):
            if lines:
                _write_secret(directory / f"{found.id}.toml", "".join(lines))


def _write_secret(path: Path, text: str) -> None:
    """Write a file that is not there yet and that only its owner may read, from the beginning."""
    make_directory(path.parent)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
