"""`doctor` and `settings`: what is wrong is named with what to mend, and nothing is changed."""

import hashlib
import sqlite3
from pathlib import Path

import pytest

from exchange.settings import Settings
from tests.cli.conftest import Health


@pytest.fixture
def data_dir(health_exchange: Health, tmp_path: Path) -> Path:
    """An exchange that lacks nothing but the keys of some formats."""
    directory = tmp_path / "data"
    assert health_exchange("keys", "--data-dir", directory).code == 0
    assert health_exchange("migrate", "--data-dir", directory).code == 0
    assert health_exchange("certs", "init", "--certs", directory / "certs").code == 0
    return directory


def _examined(health_exchange: Health, data_dir: Path, *more: str) -> dict[str, set[str]]:
    """Findings as subject and sentence, by state; the exit code has to fit."""
    ran = health_exchange("doctor", "--data-dir", data_dir, "--port", "0", *more, "--json")
    found: dict[str, set[str]] = {"ok": set(), "warn": set(), "fail": set()}
    for one in ran.json["findings"]:
        found[one["state"]].add(f"{one['subject']}: {one['says']}")
        assert one["state"] == "ok" or one["mend"]
    assert ran.code == (6 if found["fail"] else 0)
    return found


def _says(lines: set[str], *words: str) -> bool:
    return any(all(word in line for word in words) for line in lines)


def test_an_exchange_that_lacks_nothing_is_well(health_exchange: Health, data_dir: Path) -> None:
    found = _examined(health_exchange, data_dir)
    assert found["fail"] == set()
    for subject in ("subject key", "store (sqlite)", "certificates", "port", "disk"):
        assert _says(found["ok"], f"{subject}:")
    assert _says(found["warn"], "format keys:", "220000-sealed-v1")


def test_an_empty_place_fails_and_stays_empty(health_exchange: Health, tmp_path: Path) -> None:
    found = _examined(health_exchange, tmp_path / "nothing")
    for subject in ("subject key", "store (sqlite)", "certificates"):
        assert _says(found["fail"], f"{subject}:")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_changed(health_exchange: Health, data_dir: Path) -> None:
    def fingerprints() -> dict[str, str]:
        return {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in data_dir.rglob("*")
            if path.is_file() and not path.name.endswith(("-wal", "-shm"))
        }

    before = fingerprints()
    _examined(health_exchange, data_dir)
    assert fingerprints() == before


def test_a_policy_that_cannot_be_read_is_a_warning_as_all_others_are_served(
    health_exchange: Health, data_dir: Path
) -> None:
    assert _says(_examined(health_exchange, data_dir)["ok"], "policies:")
    with sqlite3.connect(data_dir / "exchange.sqlite") as database:
        database.execute(
            "INSERT INTO shelves (shelf, key, version, value) VALUES ('policies', '110000', 1, ?)",
            (b"[",),
        )
    database.close()
    assert _says(_examined(health_exchange, data_dir)["warn"], "policies:", "of 110000 cannot")


def test_a_key_file_that_others_can_read_is_a_warning(
    health_exchange: Health, data_dir: Path
) -> None:
    (data_dir / "subject.key").chmod(0o644)
    assert _says(_examined(health_exchange, data_dir)["warn"], "subject key:", "Others may read")


def test_a_key_file_that_holds_no_key_fails(health_exchange: Health, data_dir: Path) -> None:
    (data_dir / "subject.key").write_text("hello")
    assert _says(_examined(health_exchange, data_dir)["fail"], "subject key:", "GENERATION:HEX")


def test_a_key_file_of_a_format_that_cannot_be_read_fails(
    health_exchange: Health, data_dir: Path
) -> None:
    keys = data_dir / "format-keys"
    keys.mkdir()
    (keys / "220000-sealed-v1.toml").write_text("no = hex")
    found = _examined(health_exchange, data_dir, "--format-keys-dir", str(keys))
    assert _says(found["fail"], "format keys:", "220000-sealed-v1.toml")


def test_a_certificate_that_ends_soon_and_one_for_another_host_are_warnings(
    health_exchange: Health, data_dir: Path
) -> None:
    ran = health_exchange(
        *("certs", "issue", "server", "--host", "exchange.example", "--days", "10"),
        *("--certs", data_dir / "certs"),
    )
    assert ran.code == 0
    found = _examined(health_exchange, data_dir)
    assert _says(found["warn"], "certificates:", "9 days")
    assert _says(found["warn"], "certificates:", "exchange.example")


def test_a_server_certificate_that_is_a_callers_fails(
    health_exchange: Health, data_dir: Path
) -> None:
    health_exchange("certs", "issue", "member:510000", "--certs", data_dir / "certs")
    certs = data_dir / "certs"
    (certs / "server.pem").write_bytes((certs / "member-510000.pem").read_bytes())
    found = _examined(health_exchange, data_dir)
    assert _says(found["fail"], "certificates:", "is a caller's")


def test_plaintext_is_a_warning(health_exchange: Health, data_dir: Path) -> None:
    found = _examined(health_exchange, data_dir, "--insecure-loopback")
    assert _says(found["warn"], "certificates:", "plaintext")


def test_a_file_that_is_no_database_fails(health_exchange: Health, data_dir: Path) -> None:
    (data_dir / "exchange.sqlite").write_bytes(b"no database" * 100)
    assert _says(_examined(health_exchange, data_dir)["fail"], "store (sqlite):")


def test_settings_say_where_each_value_came_from(
    health_exchange: Health, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "exchange.toml"
    file.write_text("retention_days = 90\nworkers = 3\n")
    monkeypatch.setenv("HEALTH_EXCHANGE_SETTINGS", str(file))
    monkeypatch.setenv("HEALTH_EXCHANGE_WORKERS", "2")
    monkeypatch.setenv("HEALTH_EXCHANGE_HOST", "127.0.0.2")
    ran = health_exchange("settings", "--host", "127.0.0.3", "--json")
    found = {one["name"]: (one["value"], one["source"]) for one in ran.json["settings"]}
    assert found["retention_days"] == ("90", f"file {file}")
    assert found["workers"] == ("2", "environment HEALTH_EXCHANGE_WORKERS")
    assert found["host"] == ("127.0.0.3", "option")
    assert found["port"] == ("7443", "default")


def test_every_setting_is_shown_with_what_it_is_for(health_exchange: Health) -> None:
    ran = health_exchange("settings", "--json")
    assert [one["name"] for one in ran.json["settings"]] == list(Settings.model_fields)
    assert all(one["description"] for one in ran.json["settings"])
    assert health_exchange("settings").code == 0
