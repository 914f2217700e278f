"""Makes rules and data on which every implementation of CertLogic agrees, from a random source.

Most rules are of the right kinds all the way down, so that they get as far as a value; now and then
a part is broken on purpose. Left out is what the specification leaves open: days that do not exist,
dates that ECMAScript cannot hold, integers beyond 2**53, equality of arrays, objects and
date-times, odd fragments of paths, and paths into strings.
"""

from collections.abc import Callable
from random import Random
from typing import Any

from hypothesis import strategies as st

UNITS = ["year", "month", "day", "hour"]
TEXTS = ["", "0", "false", "x", "y", "01:AT:AB12#C", "URN:UVCI:01:NL:187/3#7", "a::c/#/f"]
NOT_DATES = [
    *("", "2021-1-1", "21-01-01", "2021-01-01 00:00:00", "2021-01-01T00:00", "20210101"),
    *("2021-01-01T00:00:00z", "2021-01-01t00:00:00Z", "2021-01-01\n", "\uff12\uff10\uff12\uff11"),
    *("2021-01-01T00:00:00.Z", "2021-01-01T00:00:00+", "2021-01-01T00:00:00+12345", " 2021"),
    *("+2021-01-01", "2021-01-01Z", "2021-01-01T00:00:00,5Z", "2021-W01-1", "2021-01-01T"),
]
OFFSETS = ["", "Z", "+1", "-1", "+05", "-0530", "+530", "+5:30", "-05:30", "+23:59", "-2359"]
FRACTIONS = ["", ".0", ".9", ".1239", ".000999999", ".12"]
BROKEN: list[Any] = [
    *(None, 0.5, {}, {"or": [1, 2]}, {"!": []}, {"!": True}, {"var": 0}, {"var": ["a"]}),
    *({"a": 1, "b": 2}, {"+": [1]}, {"===": [1, 2, 3]}, {"<": [1, 2, 3, 4]}, {"and": [1]}),
    *({"if": [True, 1]}, {"plusTime": ["2021", 1]}, {"plusTime": ["2021", "1", "day"]}),
    *({"reduce": [[], 1]}, {"extractFromUVCI": ["a", "0"]}, {"dccDateOfBirth": []}),
    *({"plusTime": ["2021", 0.5, "day"]}, {"plusTime": ["2021", 1, "week"]}),
]
BREAK_ODDS = 40
"""One part of a rule in so many is broken."""


class RuleMaker:
    """Makes one rule and its data.

    Attributes:
        data: what the rule can be evaluated on.
    """

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 -- examples, not secrets
        self._in_fold = 0
        self.data: Any = self._data()

    def rule(self) -> Any:
        return self.anything(self._random.randint(1, 5))

    def anything(self, depth: int) -> Any:
        kinds = [self.boolean, self.boolean, self.integer, self.text, self.moment, self.array]
        return self._pick([*kinds, self.path, self.boolean])(depth)

    def boolean(self, depth: int) -> Any:
        if depth <= 0:
            return self._pick([True, False])
        makers: list[Callable[[int], Any]] = [
            lambda d: {"!": [self.truthy(d)]},
            lambda d: {"===": [self.comparable(d), self.comparable(d)]},
            lambda d: {"in": [self.comparable(d), self.array(d)]},
            lambda d: {self._pick(["<", ">", "<=", ">="]): self._some(self.integer, d, 2, 3)},
            lambda d: {
                self._pick(["before", "after", "not-before", "not-after"]): self._some(
                    self.moment, d, 2, 3
                )
            },
            lambda d: {"and": self._some(self.boolean, d, 2, 4)},
            lambda d: {"if": [self.truthy(d), self.boolean(d), self.boolean(d)]},
        ]
        return self._broken() or self._pick(makers)(depth - 1)

    def truthy(self, depth: int) -> Any:
        return self._pick([self.boolean, self.path, self.anything])(depth)

    def integer(self, depth: int) -> Any:
        if depth <= 0:
            names = ["current", "accumulator"] if self._in_fold else ["n", "n", "m", "list.0"]
            return self._pick([self._random.randint(-3, 3), 1.0, {"var": self._pick(names)}])
        makers: list[Callable[[int], Any]] = [
            lambda d: {"+": [self.integer(d), self.integer(d)]},
            lambda d: {"if": [self.truthy(d), self.integer(d), self.integer(d)]},
            lambda _: self.integer(0),
            self.fold,
        ]
        return self._broken() or self._pick(makers)(depth - 1)

    def text(self, depth: int) -> Any:
        literal = self._pick(TEXTS)
        if depth <= 0 or self._random.random() < 0.4:
            return self._pick([literal, {"var": self._pick(["s", "uvci", "inner.s"])}])
        operand = self._pick([self.text, self.path])(depth - 1)
        return {"extractFromUVCI": [operand, self._random.randint(-1, 5)]}

    def moment(self, depth: int) -> Any:
        if self._random.random() < 0.15:
            return self._broken() or {"dccDateOfBirth": [self.date(depth)]}
        amount = self._pick([0, self._random.randint(-40, 40), self._random.randint(-3000, 3000)])
        return self._broken() or {"plusTime": [self.date(depth), amount, self._pick(UNITS)]}

    def date(self, depth: int) -> Any:
        roll = self._random.random()
        if roll < 0.03:
            return self._pick(NOT_DATES)
        if depth > 0 and roll < 0.1:
            return {"if": [self.truthy(depth - 1), self.date(0), self.date(0)]}
        if roll < 0.5 and not self._in_fold:
            return {"var": self._pick(["date", "day", "dates.0", "dates.1"])}
        return self._date_text()

    def array(self, depth: int) -> Any:
        roll = self._random.random()
        if roll < 0.3 and not self._in_fold:
            return {"var": self._pick(["list", "dates", "objects"])}
        if roll < 0.5:
            return [self._pick(TEXTS) for _ in range(self._random.randint(0, 3))]
        return self._some(self.anything, min(depth - 1, 1), 0, 3)

    def fold(self, depth: int) -> Any:
        items = self._pick([self.array(depth), {"var": "list"}, {"var": "none"}])
        start = self.integer(depth)
        self._in_fold += 1
        body = self._pick([self.integer, self.integer, self.anything])(depth)
        self._in_fold -= 1
        return {"reduce": [items, body, start]}

    def comparable(self, depth: int) -> Any:
        """Nothing that can turn out to be an array, an object or a date-time."""
        if self._in_fold:
            return self._pick([self._pick(TEXTS), self._random.randint(-1, 1), True])
        makers = [lambda _: self._pick(TEXTS), lambda _: self._scalar_path(), self.text]
        return self._pick([*makers, lambda _: self._random.randint(-1, 1), self.boolean])(depth)

    def path(self, _: int) -> Any:
        if self._in_fold:
            names = ["current", "accumulator", "current.d", "current.0.d", "payload", ""]
            return {"var": self._pick(names)}
        if self._random.random() < 0.5:
            return self._scalar_path()
        return {"var": self._pick(["", "list", "objects", "objects.0", "inner", "none.none"])}

    def _scalar_path(self) -> Any:
        names = ["n", "m", "s", "uvci", "flag", "odd", "list.0", "list.1", "list.-1", "list.99"]
        return {"var": self._pick([*names, "inner.s", "objects.0.d", "inner.0", "n.x", "none"])}

    def _some(self, maker: Callable[[int], Any], depth: int, least: int, most: int) -> list[Any]:
        return [maker(depth) for _ in range(self._random.randint(least, most))]

    def _broken(self) -> Any:
        if self._random.randrange(BREAK_ODDS):
            return None
        return self._pick([*BROKEN, {"!": [True, None]}, {"if": [True, 1, 2, None]}])

    def _date_text(self) -> str:
        year, month = self._random.randint(0, 9999), self._random.randint(1, 12)
        year = self._pick([year, 2020, 2021, 2024])
        text = f"{year:04}-{month:02}"
        days = self._pick([28, 29, 30, 31])
        day = min(days, [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1])
        hour, minute, second = (self._random.randrange(limit) for limit in (24, 60, 60))
        time = f"{hour:02}:{minute:02}:{second:02}{self._pick(FRACTIONS)}{self._pick(OFFSETS)}"
        texts = [f"{year:04}", text, f"{text}-{day:02}", f"{text}-{day:02}T{time}"]
        return str(self._pick([*texts, texts[3]]))

    def _scalar(self) -> Any:
        scalars = [None, True, False, 0, 1, -1, 1.0, 2, 0.5, self._date_text()]
        return self._pick([*scalars, *TEXTS])

    def _data(self) -> Any:
        def maybe(value: Any, missing: float = 0.1) -> dict[str, Any]:
            roll = self._random.random()
            if roll < missing:
                return {}
            return {"": None if roll < 2 * missing else value}

        values: dict[str, Any] = {
            "n": self._random.randint(-3, 3),
            "m": self._pick([1.0, 2, 0]),
            "s": self._pick(TEXTS),
            "uvci": self._pick(TEXTS[5:]),
            "flag": self._pick([True, False]),
            "odd": self._scalar(),
            "date": self._date_text(),
            "day": self._date_text()[:10],
            "dates": [self._date_text() for _ in range(self._random.randint(0, 3))],
            "list": [self._pick([1, 2, 3, self._scalar()]) for _ in range(3)],
            "objects": [{"d": self._scalar()} for _ in range(self._random.randint(0, 3))],
            "inner": {"s": self._pick(TEXTS)},
        }
        return {key: kept[""] for key, value in values.items() if (kept := maybe(value))}

    def _pick(self, choices: list[Any]) -> Any:
        return self._random.choice(choices)


RULE_MAKERS = st.integers(0, 2**32 - 1).map(RuleMaker)
