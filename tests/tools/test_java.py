"""Which Java runs Cassandra, and what a person is told when there is none."""

from pathlib import Path

import pytest

from tools.cassandra.errors import JavaMissingError
from tools.cassandra.java import find_java


def java_of_version(home: Path, version: str) -> Path:
    java = home / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2026-01-01' >&2\n")
    java.chmod(0o755)
    return java


def test_java_home_of_the_right_version_is_taken(tmp_path: Path) -> None:
    java = java_of_version(tmp_path / "jdk", "17.0.15")
    assert find_java({"JAVA_HOME": str(tmp_path / "jdk")}, tmp_path / "none") == java


def test_java_home_of_another_version_is_refused_with_what_to_do(tmp_path: Path) -> None:
    java_of_version(tmp_path / "jdk", "21.0.2")
    with pytest.raises(JavaMissingError) as refused:
        find_java({"JAVA_HOME": str(tmp_path / "jdk")}, tmp_path / "none")
    assert str(refused.value) == (
        "Cassandra needs Java 17, and JAVA_HOME leads to Java 21.0.2: install Java 17 "
        "(on Debian: apt-get install openjdk-17-jre-headless) or let JAVA_HOME name one."
    )


def test_java_home_without_a_java_is_refused(tmp_path: Path) -> None:
    with pytest.raises(JavaMissingError, match="leads to no Java that states its version"):
        find_java({"JAVA_HOME": str(tmp_path)}, tmp_path / "none")


def test_the_first_java_on_the_path_is_taken_if_its_version_is_right(tmp_path: Path) -> None:
    java = java_of_version(tmp_path / "jdk", "17.0.1")
    assert find_java({"PATH": f"{java.parent}:/usr/bin:/bin"}, tmp_path / "none") == java


def test_past_another_version_on_the_path_the_newest_installed_17_is_taken(tmp_path: Path) -> None:
    other = java_of_version(tmp_path / "other", "25.0.1")
    installed = tmp_path / "jvm"
    java_of_version(installed / "a", "17.0.9")
    newest = java_of_version(installed / "b", "17.0.15")
    java_of_version(installed / "c", "17.0.2")
    java_of_version(installed / "d", "21.0.2")
    assert find_java({"PATH": f"{other.parent}:/usr/bin:/bin"}, installed) == newest


def test_another_version_alone_is_refused_by_its_name(tmp_path: Path) -> None:
    other = java_of_version(tmp_path / "other", "11.0.2")
    with pytest.raises(JavaMissingError, match=r"PATH leads to Java 11\.0\.2"):
        find_java({"PATH": str(other.parent)}, tmp_path / "none")


def test_no_java_at_all_is_said(tmp_path: Path) -> None:
    with pytest.raises(JavaMissingError, match="none was found: install Java 17"):
        find_java({"PATH": str(tmp_path)}, tmp_path / "none")
