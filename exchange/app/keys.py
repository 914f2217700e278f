"""The keys that the settings name: of subjects, of the quarantine, of formats."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from adapters.base import Keys, KeySizeError, MissingKeyError, check_keys
from adapters.registry import FORMATS
from exchange.core.errors import StartError
from exchange.core.sealing import SealingKeys, parse_sealing_keys
from exchange.core.subject import SubjectKeys, parse_key_file
from exchange.settings import Settings

Parsed = TypeVar("Parsed")


def load_subject_keys(settings: Settings) -> SubjectKeys:
    """Read the subject keys.

    Raises:
        StartError: The file is missing, cannot be read or holds no usable key.
    """
    path = settings.subject_key_path
    refusal = (
        f"The subject key file {path} cannot be read: name one in the setting subject_key_file, "
        "or make one with `health-exchange keys`."
    )
    return _parsed(path, parse_key_file, refusal)


def load_sealing_keys(settings: Settings) -> SealingKeys | None:
    """Read the keys of the quarantine; None where no file is named and none is at its place.

    Raises:
        StartError: The file cannot be read or holds no usable key.
    """
    path = settings.quarantine_key_path
    if settings.quarantine_key_file is None and not path.exists():
        return None
    setting = "see the setting quarantine_key_file"
    refusal = f"The key file {path} of the quarantine cannot be read: {setting}."
    return _parsed(path, parse_sealing_keys, refusal)


def _parsed(path: Path, parse: Callable[[str, str], Parsed], refusal: str) -> Parsed:
    try:
        return parse(path.read_text("ascii"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise StartError(refusal) from error


def load_format_keys(directory: Path | None) -> Mapping[str, Keys]:
    """Read the keys of formats that sign or encrypt: one TOML file per format, names to hex.

    Raises:
        StartError: A file cannot be read, names no format, or has not the keys that it needs.
    """
    if directory is None:
        return {}
    found: dict[str, Keys] = {}
    for path in sorted(directory.glob("*.toml")):
        if path.stem not in FORMATS:
            raise StartError(f"The key file {path.name} names no format of the catalogue.")
        try:
            texts = msgspec.toml.decode(path.read_bytes(), type=dict[str, str])
            found[path.stem] = {name: bytes.fromhex(text) for name, text in texts.items()}
        except (OSError, ValueError) as error:
            raise StartError(
                f'The key file {path.name} is not of the form NAME = "HEX" in each line.'
            ) from error
        try:
            check_keys(FORMATS[path.stem], found[path.stem])
        except (MissingKeyError, KeySizeError) as error:
            raise StartError(f"The key file {path.name} will not do: {error.args[0]}.") from error
    return found
