"""Find the one Java that Cassandra 5.0 runs on, and refuse every other with a sentence."""

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from tools.cassandra.errors import JavaMissingError

JAVA_MAJOR = 17
"""Cassandra 5.0 supports 11 and 17; it uses parts of the JDK that 18 took away."""

JVM_ROOT = Path("/usr/lib/jvm")
"""Where Debian and its relatives install every JDK side by side."""

_VERSION_SECONDS_MAX = 20.0
_VERSION = re.compile(r'version "(\d+(?:\.\d+)*)')
_ADVICE = (
    f"install Java {JAVA_MAJOR} (on Debian: apt-get install openjdk-{JAVA_MAJOR}-jre-headless) "
    "or let JAVA_HOME name one."
)


def find_java(environ: Mapping[str, str], jvm_root: Path = JVM_ROOT) -> Path:
    """Return the path of a `java` of version 17.

    JAVA_HOME is an order: another version there is refused, not passed over. Without it the
    first of PATH counts if its version is right, then the newest 17 under `jvm_root`.

    Raises:
        JavaMissingError: there is none; the text names what was found instead.
    """
    home = environ.get("JAVA_HOME")
    if home:
        return _ordered(Path(home) / "bin" / "java")
    on_path = shutil.which("java", path=environ.get("PATH", ""))
    first = Path(on_path) if on_path else None
    if first is not None and _major(java_version(first)) == JAVA_MAJOR:
        return first
    suitable = [
        (version, java)
        for java in _installed(jvm_root)
        if _major(version := java_version(java)) == JAVA_MAJOR
    ]
    if suitable:
        return max(suitable)[1]
    found = "none was found" if first is None else f"PATH leads to {_spoken(java_version(first))}"
    raise JavaMissingError(f"Cassandra needs Java {JAVA_MAJOR}, and {found}: {_ADVICE}")


def java_version(java: Path) -> tuple[int, ...]:
    """Return the version that `java` states about itself, empty where it states none."""
    try:
        ran = subprocess.run(  # noqa: S603 - the person's own Java, no shell in between
            [java, "-version"],
            capture_output=True,
            check=False,
            text=True,
            timeout=_VERSION_SECONDS_MAX,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    stated = _VERSION.search(ran.stderr + ran.stdout)
    return tuple(int(part) for part in stated.group(1).split(".")) if stated else ()


def _ordered(java: Path) -> Path:
    version = java_version(java)
    if _major(version) == JAVA_MAJOR:
        return java
    raise JavaMissingError(
        f"Cassandra needs Java {JAVA_MAJOR}, and JAVA_HOME leads to {_spoken(version)}: {_ADVICE}"
    )


def _installed(jvm_root: Path) -> Iterator[Path]:
    yield from sorted(jvm_root.glob("*/bin/java"))


def _major(version: tuple[int, ...]) -> int | None:
    return version[0] if version else None


def _spoken(version: tuple[int, ...]) -> str:
    return "Java " + ".".join(map(str, version)) if version else "no Java that states its version"
