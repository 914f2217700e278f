"""Measures the public CertLogic rules: time of one evaluation, by country and over all.

Run it as `python -m loadtest.bench_certlogic`; the corpus is `../shared/certlogic` beside the
repository, or below the folder that `EXCHANGE_SHARED` names. Two things are measured: the same
case over and over, and a case whose clock is another one every time, so that no date that was
read before helps.
"""

import argparse
import json
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import quantiles
from time import perf_counter_ns
from typing import Any

from msgspec import Struct
from rich.console import Console
from rich.table import Table

from exchange.core.certlogic import EvaluationError, Json, Rule, Value, compile_rule

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("EXCHANGE_SHARED", ROOT.parent / "shared")) / "certlogic"

MEDIAN_TARGET_US = 3.0
P99_TARGET_US = 15.0

ROUNDS = 5
"""Times each case is measured; the fastest counts, since anything slower is the machine's doing."""

Evaluate = Callable[[Json], Value]


class Timing(Struct, frozen=True):
    """What one test of one rule took, in microseconds an evaluation."""

    country: str
    compile_us: float
    same_case_us: float
    new_clock_us: float


def cases() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Give each public rule with the data of each of its tests."""
    shelf = json.loads((SHARED / "valuesets.json").read_text(encoding="utf-8"))
    for path in sorted((SHARED / "cases").glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        for test in content["tests"]:
            external = dict(test["external"])
            if isinstance(external.get("valueSets"), str):
                names = shelf["bundles"][external["valueSets"]]
                external["valueSets"] = {key: shelf["sets"][name] for key, name in names.items()}
            yield content["rule"], {"payload": test.get("payload"), "external": external}


def evaluation_us(evaluate: Evaluate, data: Sequence[Json]) -> float:
    """Time one evaluation, as the fastest of some rounds over the data."""
    best_ns = sys.maxsize
    for _ in range(ROUNDS):
        start_ns = perf_counter_ns()
        for one in data:
            try:
                evaluate(one)
            except EvaluationError:
                continue
        best_ns = min(best_ns, perf_counter_ns() - start_ns)
    return best_ns / len(data) / 1000


def with_new_clocks(data: dict[str, Any], count: int, offset: int) -> list[Json]:
    """Copy a case with another clock in each copy; the copies share everything else."""
    copies: list[Json] = []
    for i in range(offset, offset + count):
        seconds, millisecond = divmod(i, 1000)
        clock = f"2022-02-01T{seconds // 3600 % 24:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        external = {**data["external"], "validationClock": f"{clock}.{millisecond:03}Z"}
        copies.append({**data, "external": external})
    return copies


def measured(evaluations: int) -> Iterator[Timing]:
    """Measure every test of every rule."""
    # More clocks than are remembered, so that a clock is never met again before it is forgotten.
    clocks = max(evaluations, 5000)
    for number, (content, data) in enumerate(cases()):
        start_ns = perf_counter_ns()
        rule: Rule = compile_rule(content["Logic"])
        compile_us = (perf_counter_ns() - start_ns) / 1000
        yield Timing(
            country=content["Country"],
            compile_us=compile_us,
            same_case_us=evaluation_us(rule.evaluate, [data] * evaluations),
            new_clock_us=evaluation_us(
                rule.evaluate, with_new_clocks(data, clocks, number * clocks)
            ),
        )


def row(name: str, timings: Sequence[Timing]) -> list[str]:
    """Make one line of the table."""
    cells = [name, str(len(timings))]
    for field in ("same_case_us", "new_clock_us"):
        values = [getattr(timing, field) for timing in timings]
        cuts = quantiles(values, n=100, method="inclusive")
        cells += [f"{cuts[49]:.2f}", f"{cuts[98]:.2f}", f"{max(values):.2f}"]
    return [*cells, f"{quantiles([timing.compile_us for timing in timings])[1]:.0f}"]


def main() -> int:
    """Print the table; give 1 where a target is missed, 2 where the corpus is absent."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--evaluations", type=int, default=500, help="evaluations in a round")
    evaluations = parser.parse_args().evaluations
    console = Console()
    if not SHARED.is_dir():
        console.print("The CertLogic corpus is absent: set EXCHANGE_SHARED to its folder.")
        return 2
    timings = list(measured(evaluations))
    by_country: dict[str, list[Timing]] = defaultdict(list)
    for timing in timings:
        by_country[timing.country].append(timing)
    table = Table(title="One CertLogic rule on one case, in microseconds")
    heads = ["same case: median", "p99", "max", "new clock: median", "p99", "max", "compile"]
    table.add_column("country")
    for head in ["tests", *heads]:
        table.add_column(head, justify="right")
    for country, some in sorted(by_country.items()):
        table.add_row(*row(country, some))
    table.add_section()
    table.add_row(*row("all", timings))
    console.print(table)
    cuts = quantiles([timing.new_clock_us for timing in timings], n=100, method="inclusive")
    met = cuts[49] <= MEDIAN_TARGET_US and cuts[98] <= P99_TARGET_US
    console.print(
        f"Targets: median at most {MEDIAN_TARGET_US} us, p99 at most {P99_TARGET_US} us: "
        f"{'met' if met else 'MISSED'}."
    )
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
