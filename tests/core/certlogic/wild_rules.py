"""Makes rules whose operands are of any kind, so that most operators meet what they do not take.

`rule_maker` makes rules that get far; these ask which failure is noticed where. Left out is what
implementations decide differently: integer fragments on anything but a list, days that do not
exist, and comparing two things that can be one and the same array or object.
"""

from random import Random
from typing import Any

from hypothesis import strategies as st

from tests.core.certlogic.rule_maker import NOT_DATES, UNITS

SCALARS = [0, 1, -1, 1.0, 2, True, False, "", "0", "1", "true", "a", "2021-06", "URN:UVCI:01/a#b"]
NO_EXPRESSIONS = [None, 0.5, {}, {"or": [1, 1]}, {"!": 1}]
PATHS = [
    "",
    "a",
    "b",
    "a.b",
    "b.a",
    "c",
    "list",
    "list.0",
    "list.1",
    "list.9",
    "list.0.a",
    "c.",
    "x",
]
FOLDED = ["", "current", "accumulator", "current.a", "accumulator.b", "a", "list"]
TIMES = ["00:00:00", "23:59:59", "24:00:00", "05:06:07.5", "12:30:15.0009", "12:30:15.99999999"]
OFFSETS = ["", "Z", "+0", "-9", "+05", "-1230", "+130", "+5:30", "-00:00", "+23:59", "-14:00"]
DAYS = ["0000-02-29", "0099-12-31", "1582-10-10", "1900-02-28", "2000-02-29", "2021-01-31"]
DATES = ["0000", "0000-02", "1900-02", "2021", "2024-02", "9999-12", *DAYS]
COUNTS = {"!": (1, 1), "if": (3, 3), "and": (2, 4), "+": (2, 2), "reduce": (3, 3)}
AMOUNTS = [0, 1, -1, 1.0, 12, -13, 366, -100_000, True, "1", None, 0.5]


class WildMaker:
    """Makes one rule and its data.

    Attributes:
        data: what the rule can be evaluated on.
    """

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 -- examples, not secrets
        self._folds = 0
        self.data: Any = {key: self._json(2) for key in ("a", "b", "c") if self._chance(0.8)}
        if self._chance(0.8):
            self.data["list"] = [self._json(1) for _ in range(self._random.randint(0, 3))]

    def rule(self) -> Any:
        return self.anything(self._random.randint(1, 4))

    def anything(self, depth: int) -> Any:
        if depth <= 0 or self._chance(0.15):
            return self._pick([self._scalar, self._path, self._path])()
        makers = [self._plain, self._plain, self._equal, self._in, self._compare, self._times]
        return self._pick([*makers, self._moment, self._uvci, self._array])(depth - 1)

    def _plain(self, depth: int) -> Any:
        name = self._pick(sorted(COUNTS))
        if name == "reduce":
            items, start = self.anything(depth), self.anything(depth)
            self._folds += 1
            body = self.anything(depth)
            self._folds -= 1
            return {name: [items, body, start]}
        return {name: self._some(depth, *COUNTS[name])}

    def _equal(self, depth: int) -> Any:
        sides = [self.anything(depth), self._pick([self._scalar(), [self._scalar()], []])]
        self._random.shuffle(sides)
        return {"===": sides}

    def _in(self, depth: int) -> Any:
        if self._chance(0.5):
            return {"in": [self.anything(depth), [self._scalar(), self._scalar()]]}
        return {"in": [self._scalar(), self.anything(depth)]}

    def _compare(self, depth: int) -> Any:
        return {self._pick(["<", ">", "<=", ">="]): self._some(depth, 2, 3)}

    def _times(self, depth: int) -> Any:
        count = self._random.randint(2, 3)
        moments = [
            self._moment(depth) if self._chance(0.9) else self.anything(depth) for _ in range(count)
        ]
        return {self._pick(["before", "after", "not-before", "not-after"]): moments}

    def _moment(self, depth: int) -> Any:
        date = self._date() if self._chance(0.7) else self.anything(depth)
        if self._chance(0.3):
            return {"dccDateOfBirth": [date]}
        amount = self._pick(AMOUNTS) if self._chance(0.3) else self._random.randint(-400, 400)
        unit = self._pick(UNITS) if self._chance(0.95) else self._pick(["week", "Day", None])
        return {"plusTime": [date, amount, unit]}

    def _uvci(self, depth: int) -> Any:
        index = self._pick([0, 1, 2, 9, -1, 1.0, "0", None, True])
        return {"extractFromUVCI": [self.anything(depth), index]}

    def _array(self, depth: int) -> Any:
        return self._some(depth, 0, 3)

    def _some(self, depth: int, least: int, most: int) -> list[Any]:
        return [self.anything(depth) for _ in range(self._random.randint(least, most))]

    def _path(self) -> Any:
        return {"var": self._pick(FOLDED if self._folds else PATHS)}

    def _scalar(self) -> Any:
        return self._pick(NO_EXPRESSIONS if self._chance(0.02) else [*SCALARS, self._date()])

    def _date(self) -> str:
        roll = self._random.random()
        if roll < 0.1:
            return str(self._pick(NOT_DATES))
        if roll < 0.5:
            return str(self._pick(DATES))
        return f"{self._pick(DAYS)}T{self._pick(TIMES)}{self._pick(OFFSETS)}"

    def _json(self, depth: int) -> Any:
        roll = self._random.random()
        if depth == 0 or roll < 0.6:
            return self._pick([*SCALARS, None, 0.5, self._date()])
        if roll < 0.8:
            return [self._json(depth - 1) for _ in range(self._random.randint(0, 3))]
        return {key: self._json(depth - 1) for key in ("a", "b", "") if self._chance(0.5)}

    def _chance(self, odds: float) -> bool:
        return self._random.random() < odds

    def _pick(self, choices: list[Any]) -> Any:
        return self._random.choice(choices)


WILD_MAKERS = st.integers(0, 2**32 - 1).map(WildMaker)
