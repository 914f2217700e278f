"""`keys`: make a subject key file."""

import os
import secrets
from pathlib import Path

from exchange.cli.exits import CommandError, ExitCode
from exchange.cli.options import with_settings
from exchange.cli.output import out
from exchange.core.subject import KEY_BYTES_MIN
from exchange.settings import Settings

FIRST_GENERATION = 1


@with_settings("data_dir", "subject_key_file")
def keys(settings: Settings) -> None:
    """Make the subject key file, readable by you alone. Never overwrites one.

    Back it up before anything else: without it all that is kept is unreachable.
    """
    path = settings.subject_key_path
    write_key_file(path)
    out().print(f"Wrote a new subject key to {path}. Back this file up, apart from the data.")


def write_key_file(path: Path) -> None:
    """Write a new key, generation 1, to a file that is not there yet.

    Raises:
        CommandError: There is a file already.
        OSError: It cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        # Only the owner may read it, from its first moment on.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise CommandError(
            f"{path} is there already and is not overwritten: all that was kept under its key "
            "would be lost.",
            ExitCode.START_REFUSED,
        ) from None
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write("# Subject key of a health-code exchange. Keep it secret, and back it up.\n")
        file.write(f"{FIRST_GENERATION}:{secrets.token_hex(KEY_BYTES_MIN)}\n")
        file.flush()
        os.fsync(descriptor)
