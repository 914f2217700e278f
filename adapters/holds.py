"""How formats write holds: reasons to stop and look that are not a colour."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from adapters.texts import BLANKS
from exchange.core.health_code import Hold
from exchange.core.outcome import NotRepresentableError

HoldValue = Any
"""What stands in a HOLD field: a text, a number, or a list of objects."""


class HoldNotation(Protocol):
    """A way to write holds into the HOLD fields of a record."""

    def read(self, cells: Sequence[Any]) -> tuple[Hold, ...] | None:
        """Read the HOLD cells, one for each such field; None is UNKNOWN_STATUS of the first.

        A cell is a text, or for a field with items a list of rows of texts. The first one is not
        empty: without it there is no hold, and nothing is asked.
        """

    def write(self, holds: Sequence[Hold]) -> tuple[HoldValue, ...]:
        """Give one value for each HOLD field, ``""`` for nothing.

        Raises:
            NotRepresentableError: A hold is not in the table, or there is no room for it.
        """


class Marks(msgspec.Struct, frozen=True):
    """Codes one after another, each a hold; read and written in table order, repeats once.

    Attributes:
        holds: Codes and their holds, in table order.
        separator: Between codes; ``""`` means that each character is a code.
        none: A code that stands for no hold, written where there is none; ``""`` if there is none.
    """

    holds: Mapping[str, Hold]
    separator: str = ""
    none: str = ""

    def read(self, cells: Sequence[str]) -> tuple[Hold, ...] | None:
        """Read one cell of codes; blanks between them are not looked at."""
        text = cells[0]
        if not text or text == self.none:
            return ()
        marks = text.split(self.separator) if self.separator else text
        found = {mark.strip(BLANKS) for mark in marks} - {"", self.none}
        if not found <= self.holds.keys():
            return None
        return tuple(hold for mark, hold in self.holds.items() if mark in found)

    def write(self, holds: Sequence[Hold]) -> tuple[str | int, ...]:
        """Write one cell of codes."""
        refuse_others(holds, self.holds.values())
        written = self.separator.join(mark for mark, hold in self.holds.items() if hold in holds)
        return (written or self.none,)


def refuse_others(holds: Sequence[Hold], known: Iterable[Hold]) -> None:
    """Refuse holds that are not in a table, and the same hold twice.

    Raises:
        NotRepresentableError: There is such a hold.
    """
    table = set(known)
    if len(set(holds)) != len(holds) or not table.issuperset(holds):
        raise NotRepresentableError("holds")
