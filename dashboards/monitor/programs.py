"""Programs of Prometheus on this machine."""

import shutil
from pathlib import Path

_PLACES = ("/usr/bin", "/usr/local/bin", "/opt/prometheus")


class ProgramMissingError(Exception):
    """A program is not installed; the text says how to get it."""


def prometheus_program(name: str) -> Path:
    """Return where ``prometheus`` or ``promtool`` is.

    Raises:
        ProgramMissingError: It is not there.
    """
    found = shutil.which(name, path=":".join(_PLACES)) or shutil.which(name)
    if found is None:
        raise ProgramMissingError(
            f"{name} is not installed: `apt-get install prometheus` brings prometheus and promtool."
        )
    return Path(found)
