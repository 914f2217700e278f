"""A Python program in the making: lines, constants, and which values are already at hand.

Nothing of a rule is ever written into the text: every literal, key and place becomes a constant
that is bound by name when the program runs.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum, auto

from msgspec import Struct

Known = tuple[str, str, str]
"""What a local holds: what was done (`item`, `instant`, `birth`), to which local, with what."""


class Kind(Enum):
    """What is known of a term before the rule runs."""

    BOOLEAN = auto()
    INTEGER = auto()
    STRING = auto()
    ARRAY = auto()
    INSTANT = auto()
    """A date-time, held as bare milliseconds until something needs the value itself."""
    DATA = auto()
    """Anything JSON."""
    ANY = auto()
    """Anything, a date-time too."""
    NEVER = auto()
    """Nothing: the program has failed before it gets here."""


class Term(Struct, frozen=True):
    """Python text that gives the value of an expression, good for one use unless it is a name."""

    text: str
    kind: Kind

    @property
    def is_name(self) -> bool:
        """Whether the text may be used again, and costs nothing."""
        return self.text.isidentifier()


class Program:
    """Collects the lines of one function after another.

    Attributes:
        constants: the values of all names that stand for literals.
        finished: the lines of functions that are complete, before the one being written.
        lines: the lines being written.
    """

    def __init__(self) -> None:
        self.constants: dict[str, object] = {}
        self.finished: list[str] = []
        self.lines: list[str] = []
        self._names: dict[tuple[type, object], str] = {}
        self._known: dict[Known, str] = {}
        self._journal: list[Known] = []
        self._indent = 1
        self._count = 0

    def constant(self, value: str | int | frozenset[str]) -> str:
        """Name a literal."""
        key = (type(value), value)
        if key not in self._names:
            name = self._names[key] = f"K{len(self.constants)}"
            self.constants[name] = value
        return self._names[key]

    def fresh(self, stem: str = "v") -> str:
        """Make up a name that is not in use."""
        self._count += 1
        return f"{stem}{self._count}"

    def line(self, text: str) -> None:
        """Write one line at the present depth."""
        self.lines.append("    " * self._indent + text)

    def local(self, text: str) -> str:
        """Assign a new local."""
        name = self.fresh()
        self.line(f"{name} = {text}")
        return name

    def once(self, known: Known, text: Callable[[], str]) -> str:
        """Assign a local, unless one that is assigned on every way to here holds the same."""
        name = self._known.get(known)
        if name is None:
            name = self._known[known] = self.local(text())
            self._journal.append(known)
        return name

    @contextmanager
    def branch(self) -> Iterator[list[str]]:
        """Collect the lines of a branch apart, one level deeper; what it learns ends with it."""
        outer, self.lines = self.lines, []
        mark = len(self._journal)
        self._indent += 1
        try:
            yield self.lines
        finally:
            self._indent -= 1
            self.lines = outer
            while len(self._journal) > mark:
                del self._known[self._journal.pop()]

    @contextmanager
    def function(self, head: str, indent: int) -> Iterator[None]:
        """Write another function, complete before the one that calls it; it knows nothing yet."""
        outer = (self.lines, self._known, self._journal, self._indent)
        self.lines, self._known, self._journal, self._indent = [head], {}, [], indent
        try:
            yield
        finally:
            self.finished += self.lines
            self.lines, self._known, self._journal, self._indent = outer
