"""What a measurement comes to: rounds, their spread, targets and whether they are met."""

import statistics
from collections.abc import Sequence
from enum import StrEnum

import msgspec


class Round(msgspec.Struct, frozen=True):
    """One measurement.

    Attributes:
        rate: Units a second; a unit is a call, a lookup, a record or an evaluation.
        p50_ms: Time of a call, median; 0.0 where single calls have no time of their own.
        p99_ms: Ninety-ninth percentile.
        p999_ms: One call in a thousand takes longer.
        cpu_us: CPU of the server a call (of the process itself where there is no server), in us.
        cpu_unit_us: The same a unit.
        rss_mib: Memory of the largest process of the server at the end.
        errors: Calls that failed; a round with any is not to be trusted.
    """

    rate: float
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    p999_ms: float = 0.0
    cpu_us: float = 0.0
    cpu_unit_us: float = 0.0
    rss_mib: float = 0.0
    errors: int = 0


class Target(msgspec.Struct, frozen=True):
    """What a path has to reach: a part of its limit, or a rate.

    Attributes:
        least: Least ratio or least rate.
        absolute: Whether it is a rate.
    """

    least: float
    absolute: bool = False


class Verdict(StrEnum):
    """Whether a target is met."""

    MET = "met"
    MISSED = "MISSED"
    NONE = "-"


class Line(msgspec.Struct, frozen=True):
    """One path and its limit over all rounds.

    Attributes:
        path: What was measured.
        store: ``sqlite``, ``cassandra``, ``cassandra x 3`` or ``-``.
        statements: Rows in the store.
        unit: What a rate counts.
        rounds: Of the path.
        limit: What the limit is; ``""`` for none.
        limit_rounds: Of the limit, each measured right after the path's round of the same place.
        target: What it has to reach, or None.
    """

    path: str
    store: str
    statements: int
    unit: str
    rounds: tuple[Round, ...]
    limit: str = ""
    limit_rounds: tuple[Round, ...] = ()
    target: Target | None = None

    @property
    def ratio(self) -> float | None:
        """The median over rounds of path to limit: both meet the machine in the same mood."""
        return _ratio([(own.rate, limit.rate) for own, limit in self._pairs])

    @property
    def cpu_ratio(self) -> float | None:
        """The same by CPU a unit: what the ratio would be if nobody else used the processors."""
        return _ratio([(limit.cpu_unit_us, own.cpu_unit_us) for own, limit in self._pairs])

    @property
    def _pairs(self) -> list[tuple[Round, Round]]:
        return list(zip(self.rounds, self.limit_rounds, strict=False))

    @property
    def verdict(self) -> Verdict:
        """Whether the target is met, by the median."""
        if self.target is None:
            return Verdict.NONE
        reached = median(self.rounds).rate if self.target.absolute else self.ratio
        if reached is None:
            return Verdict.NONE
        return Verdict.MET if reached >= self.target.least else Verdict.MISSED


def _ratio(pairs: Sequence[tuple[float, float]]) -> float | None:
    found = [own / limit for own, limit in pairs if limit]
    return statistics.median(found) if found else None


class Comparison(msgspec.Struct, frozen=True):
    """A target between lines: p99 over sizes, memory of a worker.

    Attributes:
        name: What is compared.
        value: What was found.
        most: What it may be at most.
    """

    name: str
    value: float
    most: float

    @property
    def verdict(self) -> Verdict:
        """Whether it is met."""
        return Verdict.MET if self.value <= self.most else Verdict.MISSED


class Run(msgspec.Struct, frozen=True):
    """A whole run.

    Attributes:
        machine: Processors, memory, versions; no names and no paths.
        options: What was asked for.
        lines: All paths.
        comparisons: All targets between lines.
    """

    machine: dict[str, str]
    options: dict[str, str]
    lines: tuple[Line, ...]
    comparisons: tuple[Comparison, ...] = ()


def median(rounds: Sequence[Round]) -> Round:
    """Return the median of each figure; errors are added up."""
    middles = {
        name: statistics.median(getattr(one, name) for one in rounds)
        for name in Round.__struct_fields__
        if name != "errors"
    }
    return Round(**middles, errors=sum(one.errors for one in rounds))


def percentiles(times: Sequence[float]) -> tuple[float, float, float]:
    """Return p50, p99 and p99.9 of times in seconds, in ms; zeros for none."""
    if not times:
        return 0.0, 0.0, 0.0
    ordered = sorted(times)
    last = len(ordered) - 1
    p50, p99, p999 = (ordered[min(last, int(len(ordered) * part))] for part in (0.5, 0.99, 0.999))
    return p50 * 1e3, p99 * 1e3, p999 * 1e3


def comparisons_of(lines: Sequence[Line], worker_mib_max: float = 150.0) -> list[Comparison]:
    """Compare p99 of single checks over sizes of one store, and memory with its limit."""
    found = []
    single = [line for line in lines if line.path == "check" and line.rounds]
    for store in dict.fromkeys(line.store for line in single):
        sized = sorted(
            (line for line in single if line.store == store), key=lambda line: line.statements
        )
        small, large = sized[0], sized[-1]
        if small is not large:
            name = f"p99 of a check, {store}: {large.statements:,} to {small.statements:,} rows"
            value = median(large.rounds).p99_ms / max(median(small.rounds).p99_ms, 1e-9)
            found.append(Comparison(name, value, 1.3))
    sizes = [one.rss_mib for line in lines if line.store != "-" for one in line.rounds]
    if sizes:
        found.append(Comparison("memory of a worker, MiB", max(sizes), worker_mib_max))
    return found
