"""Exit codes of every command, in one table, and the error that carries one."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What the exit code of a command means. Frozen: scripts rely on it."""

    DONE = 0
    DEFECT = 1
    SOME_FAILED = 2
    WRONG_INPUT = 3
    NOT_ALLOWED = 4
    UNAVAILABLE = 5
    START_REFUSED = 6
    INTERRUPTED = 130


MEANINGS: dict[ExitCode, str] = {
    ExitCode.DONE: "done; that a traveller is refused is an answer, not an error",
    ExitCode.DEFECT: "a defect of this program",
    ExitCode.SOME_FAILED: "some records were not accepted, or some cases did not pass",
    ExitCode.WRONG_INPUT: "the command line, a file or a request is wrong",
    ExitCode.NOT_ALLOWED: "the caller is unknown or may not do this",
    ExitCode.UNAVAILABLE: "the exchange or its store does not answer; try again later",
    ExitCode.START_REFUSED: "a setting, key, schema or address is wrong: nothing was started",
    ExitCode.INTERRUPTED: "interrupted",
}
"""The table; `--help` and README show it, and a test compares them."""


class CommandError(Exception):
    """A command cannot do what was asked; the text is the sentence to show.

    Attributes:
        code: Exit code of the command.
    """

    def __init__(self, sentence: str, code: ExitCode = ExitCode.WRONG_INPUT) -> None:
        super().__init__(sentence)
        self.code = code


def epilog() -> str:
    """Return the table as it stands below `--help`."""
    rows = [f"{code.value:>3}  {meaning}" for code, meaning in MEANINGS.items()]
    return "\n\n".join(["Exit codes:", *rows])
