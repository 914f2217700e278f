"""Installs the JavaScript reference of CertLogic into var/node, pinned by package.json beside this.

Run it as `python tests/conformance/certlogic_js/install.py`; npm and its usual configuration are
needed. Nothing is executed on installation, and no lock file is written: the one package that is
pinned has no dependencies of its own.
"""

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGET = HERE.parents[2] / "var" / "node"


def main() -> int:
    """Copy the pinned versions and let npm fetch them; give the exit status."""
    npm = shutil.which("npm")
    if npm is None:
        print("npm is not installed", file=sys.stderr)  # noqa: T201 -- a script for people
        return 1
    TARGET.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "package.json", TARGET)
    command = [npm, "install", "--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund"]
    return subprocess.run(command, cwd=TARGET, check=False).returncode  # noqa: S603 -- fixed words


if __name__ == "__main__":
    sys.exit(main())
