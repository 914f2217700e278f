"""The jars come once for each state of the pom, whole or not at all.

Maven is played by a script on PATH that brings one jar, or fails.
"""

from pathlib import Path

import pytest

from tools.cassandra.errors import MavenError
from tools.cassandra.jars import fetch_jars

BRINGS_A_JAR = """#!/bin/sh
for argument in "$@"; do
  case "$argument" in -DoutputDirectory=*) directory="${argument#*=}";; esac
done
mkdir -p "$directory" && echo jar > "$directory/cassandra.jar"
"""
FAILS = """#!/bin/sh
echo '[ERROR] no such artifact' && exit 1
"""


def maven(folder: Path, script: str) -> dict[str, str]:
    folder.mkdir(exist_ok=True)
    (folder / "mvn").write_text(script)
    (folder / "mvn").chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin"}


@pytest.fixture
def pom(tmp_path: Path) -> Path:
    path = tmp_path / "pom.xml"
    path.write_text("<project/>")
    return path


def test_jars_are_fetched_once(tmp_path: Path, pom: Path) -> None:
    works, fails = maven(tmp_path / "works", BRINGS_A_JAR), maven(tmp_path / "fails", FAILS)
    jars = tmp_path / "var" / "lib"
    assert fetch_jars(works, jars, pom)
    assert (jars / "cassandra.jar").exists()
    assert not fetch_jars(fails, jars, pom)


def test_a_changed_pom_fetches_again(tmp_path: Path, pom: Path) -> None:
    works, jars = maven(tmp_path / "works", BRINGS_A_JAR), tmp_path / "lib"
    fetch_jars(works, jars, pom)
    (jars / "left-over.jar").touch()
    pom.write_text("<project><version>2</version></project>")
    assert fetch_jars(works, jars, pom)
    assert sorted(path.name for path in jars.glob("*.jar")) == ["cassandra.jar"]


def test_a_failure_of_maven_is_told_and_leaves_the_jars_as_they_were(
    tmp_path: Path, pom: Path
) -> None:
    works, fails = maven(tmp_path / "works", BRINGS_A_JAR), maven(tmp_path / "fails", FAILS)
    jars = tmp_path / "lib"
    fetch_jars(works, jars, pom)
    pom.write_text("<project><version>2</version></project>")
    with pytest.raises(MavenError, match="no such artifact"):
        fetch_jars(fails, jars, pom)
    assert (jars / "cassandra.jar").exists()


def test_a_missing_maven_is_one_sentence_that_says_what_to_install(
    tmp_path: Path, pom: Path
) -> None:
    with pytest.raises(MavenError, match="apt-get install maven") as refused:
        fetch_jars({"PATH": str(tmp_path)}, tmp_path / "lib", pom)
    assert "\n" not in str(refused.value)
