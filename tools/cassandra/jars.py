"""Bring the jars of the pom to `var/cassandra/lib`, once for each state of the pom."""

import fcntl
import hashlib
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tools.cassandra.errors import MavenError

ROOT = Path(__file__).resolve().parents[2]
"""The repository."""

HOME = ROOT / "var" / "cassandra"
"""Where jars and, by default, data are kept; git ignores it."""

JARS = HOME / "lib"
POM = Path(__file__).with_name("pom.xml")

_FETCH_SECONDS_MAX = 600.0
_STAMP = "pom.sha256"


def fetch_jars(environ: Mapping[str, str], jars: Path = JARS, pom: Path = POM) -> bool:
    """Make `jars` hold what `pom` asks for; return whether anything had to be fetched.

    The folder appears whole or not at all, and of several processes that come at once
    one fetches and the others wait for it.

    Raises:
        MavenError: Maven is missing or failed; the text has Maven's own first error.
    """
    wanted = hashlib.sha256(pom.read_bytes()).hexdigest()
    if _stamped(jars) == wanted:
        return False
    jars.parent.mkdir(parents=True, exist_ok=True)
    with (jars.parent / f".{jars.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _stamped(jars) == wanted:
            return False
        _replace(jars, pom, wanted, environ)
    return True


def _stamped(jars: Path) -> str | None:
    stamp = jars / _STAMP
    return stamp.read_text() if stamp.exists() else None


def _replace(jars: Path, pom: Path, wanted: str, environ: Mapping[str, str]) -> None:
    incoming = jars.with_name(f".{jars.name}.incoming")
    shutil.rmtree(incoming, ignore_errors=True)
    _copy_dependencies(pom, incoming, environ)
    (incoming / _STAMP).write_text(wanted)
    shutil.rmtree(jars, ignore_errors=True)
    incoming.rename(jars)


def _copy_dependencies(pom: Path, into: Path, environ: Mapping[str, str]) -> None:
    maven = shutil.which("mvn", path=environ.get("PATH", ""))
    if maven is None:
        raise MavenError(
            "Cassandra's jars come through Maven, and mvn is not on PATH: "
            "install it (on Debian: apt-get install maven)."
        )
    ran = subprocess.run(  # noqa: S603 - arguments are ours, no shell in between
        [
            maven,
            "--quiet",
            "--batch-mode",
            f"--file={pom}",
            "dependency:copy-dependencies",
            f"-DoutputDirectory={into}",
        ],
        capture_output=True,
        check=False,
        env=dict(environ),
        text=True,
        timeout=_FETCH_SECONDS_MAX,
    )
    if ran.returncode != 0:
        errors = [line for line in (ran.stdout + ran.stderr).splitlines() if "ERROR" in line]
        first = errors[0] if errors else f"exit status {ran.returncode}"
        raise MavenError(f"Maven could not bring Cassandra's jars: {first}")
