"""What a publication leaves behind: a file of failed records, and how far it is, to go on after.

Failed records are written before the position that lies behind them. So a client that was killed
goes on at a position whose failures are all there, and those written after it are cut off again.
"""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Self

import msgspec

from exchange.cli.exits import CommandError
from exchange.cli.publishing import Progress, Tally
from exchange.cli.streams import Source
from exchange.cli.uploads import BEGINNING, Position, Upload

SAVE_SECONDS = 0.2
"""Between two writings of the position; what was acknowledged since is handed in again."""


class Saved(msgspec.Struct, frozen=True):
    """How far a publication is.

    Attributes:
        member: Whose records they are.
        format_id: Their format.
        identities: What tells the uploads from others.
        place: The upload that is being handed in, from 0.
        position: How far it is.
        accepted_count: Accepted records of all uploads so far.
        failed_count: The others.
        failures_bytes: Size of the file of failed records at that moment.
    """

    member: str
    format_id: str
    identities: tuple[str, ...]
    place: int = 0
    position: Position = BEGINNING
    accepted_count: int = 0
    failed_count: int = 0
    failures_bytes: int = 0


class Journal:
    """Writes both files while a publication goes on. Use it as a context manager."""

    def __init__(
        self,
        source: Source,
        uploads: Sequence[Upload],
        position_file: Path | None,
        failures_file: Path | None,
    ) -> None:
        """Take what is handed in and where to write; None: nowhere."""
        self._position_file = position_file
        self._failures_file = failures_file
        self._failures: BinaryIO | None = None
        self._next_save = 0.0
        identities = tuple(upload.identity() for upload in uploads) if position_file else ()
        self._saved = Saved(source.member, source.format_id, identities)

    def __enter__(self) -> Self:
        """Open the files; what stands behind the position is cut off."""
        self._saved = self._found()
        if self._failures_file is not None:
            keep = self._saved.failures_bytes
            self._failures = self._failures_file.open("r+b" if keep else "wb")
            self._failures.truncate(keep)
            self._failures.seek(keep)
        return self

    def __exit__(self, *_: object) -> None:
        """Write what was not written yet."""
        self.save()
        if self._failures is not None:
            self._failures.close()

    @property
    def start(self) -> Saved:
        """Where to go on."""
        return self._saved

    def _found(self) -> Saved:
        path, expected = self._position_file, self._saved
        if path is None or not path.exists():
            return expected
        try:
            found = msgspec.json.decode(path.read_bytes(), type=Saved)
        except msgspec.DecodeError:
            raise CommandError(f"{path} is not a position file of this command.") from None
        if (found.member, found.format_id, found.identities) != (
            expected.member,
            expected.format_id,
            expected.identities,
        ):
            raise CommandError(
                f"{path} belongs to a publication of other files: remove it to begin anew."
            )
        return found

    def note(self, place: int, progress: Progress, tally: Tally) -> None:
        """Take in an acknowledgement."""
        written = self._saved.failures_bytes
        if self._failures is not None and progress.failed:
            lines = b"".join(msgspec.json.encode(one) + b"\n" for one in progress.failed)
            self._failures.write(lines)
            written += len(lines)
        self._saved = msgspec.structs.replace(
            self._saved,
            place=place,
            position=progress.position,
            accepted_count=tally.accepted_count,
            failed_count=tally.failed_count,
            failures_bytes=written,
        )
        if time.monotonic() >= self._next_save:
            self.save()
            self._next_save = time.monotonic() + SAVE_SECONDS

    def save(self) -> None:
        """Write how far everything is."""
        if self._failures is not None:
            self._failures.flush()
        if self._position_file is not None:
            part = self._position_file.with_name(f"{self._position_file.name}.part")
            part.write_bytes(msgspec.json.encode(self._saved))
            os.replace(part, self._position_file)  # noqa: PTH105 - one step, whatever is there

    def done(self) -> None:
        """Forget the position: all is handed in."""
        self.save()
        if self._position_file is not None:
            self._position_file.unlink(missing_ok=True)
            self._position_file = None
