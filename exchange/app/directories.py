"""Directories that a server keeps its things in, made where they are missing."""

from pathlib import Path

from exchange.core.errors import StartError
from exchange.settings import Settings


def make_data_dir(settings: Settings) -> None:
    """Make the directory of the exchange's data, if it is not there.

    Raises:
        StartError: It cannot be made.
    """
    make_directory(settings.data_dir, " of the setting data_dir")


def make_directory(directory: Path, of_what: str = "") -> None:
    """Make a directory with those above it, if it is not there.

    Args:
        directory: Its path.
        of_what: What a refusal says of it after its name.

    Raises:
        StartError: It cannot be made.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(
            f"The directory {directory}{of_what} cannot be made: {error.strerror}."
        ) from error
