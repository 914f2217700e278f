"""Fuzz formats, guided by coverage: ``python -m tests.fuzz [--seconds N] [FORMAT ...]``.

Each format runs in a process of its own for its share of the time, from the payloads of its cases.
What is found is kept under ``var/fuzz/<format>``: inputs that reach something new in ``corpus``,
and a payload that breaks an invariant as ``crash-...``. A finding belongs into ``own_cases`` with
the answer that the catalogue wants.
"""

import argparse
import importlib
import subprocess
import sys
from pathlib import Path
from typing import Final

FOLDER: Final = Path("var/fuzz")
PAYLOAD_BYTES_MAX: Final = 4_096
SECONDS: Final = 120
CHOSEN: Final = (
    "520000-csv-v1", "120000-pipe-v1", "310000-ry-v1", "540000-fixed-v1", "360000-ndjson-v1",
    "150000-form-v1", "330000-soap-v1", "460000-xml-v1", "620000-travel-v1", "130000-relay-v1",
    "350000-fjm-v2", "660000-common-v1", "220000-sealed-v1", "510000-offline-v1",
)  # fmt: skip
"""One format for each hand-written parser."""


def fuzz_one(format_id: str, seconds: int) -> None:
    """Fuzz a format in this process, which ends with it."""
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["adapters", "exchange.core"]):
        from adapters.cases import payload_of  # noqa: PLC0415 - imported under instruments
        from adapters.registry import FORMATS  # noqa: PLC0415
        from tests.adapters.cases_io import CASES, OWN_CASES, read_cases  # noqa: PLC0415
        from tests.fuzz.invariants import check  # noqa: PLC0415
    folder = FOLDER / format_id
    corpus, seeds = folder / "corpus", folder / "seeds"
    for path in (corpus, seeds):
        path.mkdir(parents=True, exist_ok=True)
    for cases in (CASES, OWN_CASES):
        for number, case in enumerate(read_cases(cases / f"{format_id}.jsonl")):
            if "outcomes" in case:
                (seeds / f"{cases.name}-{number}").write_bytes(payload_of(case))
    format_ = FORMATS[format_id]
    atheris.Setup(
        [
            "fuzz",
            f"-max_total_time={seconds}",
            f"-max_len={PAYLOAD_BYTES_MAX}",
            "-timeout=20",
            "-rss_limit_mb=1024",
            "-verbosity=0",
            f"-artifact_prefix={folder}/",
            "-print_final_stats=1",
            str(corpus),
            str(seeds),
        ],
        lambda payload: check(format_, payload),
    )
    atheris.Fuzz()


def main() -> int:
    """Fuzz the formats one after another; 1 where something was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--seconds", type=int, default=SECONDS, help="for all formats together")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("formats", nargs="*", default=CHOSEN)
    given = parser.parse_args()
    if given.one:
        fuzz_one(given.formats[0], given.seconds)
    share = max(1, given.seconds // len(given.formats))
    found = []
    for format_id in given.formats:
        command = [sys.executable, "-m", "tests.fuzz", "--one", f"--seconds={share}", format_id]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        runs = [line for line in done.stderr.splitlines() if "number_of_executed_units" in line]
        runs_text = runs[0].split()[-1] if runs else "?"
        sys.stdout.write(f"{format_id:<20} {runs_text:>9} runs  ")
        sys.stdout.write("nothing found\n" if done.returncode == 0 else "FOUND SOMETHING\n")
        sys.stdout.flush()
        if done.returncode:
            found.append(format_id)
            sys.stdout.write(done.stdout[-2_000:] + done.stderr[-2_000:])
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
