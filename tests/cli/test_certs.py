"""`certs`, and what callers with and without certificates are told."""

import stat
from pathlib import Path

import pytest

from adapters.registry import FORMATS
from exchange.cli.commands.certs import RENEW_DAYS, prepare
from exchange.cli.sample import example
from exchange.core.times import DAY_MS
from exchange.operations.clock import system_clock
from exchange.server.certificates import issue
from tests.cli.conftest import Health, Running

SICHUAN = "urn:health-exchange:member:510000"


@pytest.fixture
def own(health_exchange: Health, tmp_path: Path) -> Path:
    """A directory with an authority of its own."""
    directory = tmp_path / "certs"
    assert health_exchange("certs", "init", "--certs", directory).code == 0
    return directory


def test_an_authority_is_made_once_with_the_servers_certificate(
    health_exchange: Health, own: Path
) -> None:
    content = (own / "authority.pem").read_bytes()
    again = health_exchange("certs", "init", "--certs", own)
    assert again.out.startswith("All is there and valid")
    assert (own / "authority.pem").read_bytes() == content
    assert stat.S_IMODE((own / "authority.key").stat().st_mode) == 0o600
    assert (own / "server.pem").exists()


def test_certificates_are_issued_by_short_names_and_by_whole_ones(
    health_exchange: Health, own: Path
) -> None:
    ran = health_exchange(
        *("certs", "issue", "member:440000", f"{SICHUAN}", "checkpoint:440000:gate-1"),
        *("operator:maria", "server", "--certs", own),
    )
    assert ran.code == 0
    listed = health_exchange("certs", "list", "--certs", own, "--json").json["certificates"]
    names = {one["file"]: one["names"] for one in listed}
    assert names["member-440000.pem"] == ["urn:health-exchange:member:440000"]
    assert names["checkpoint-440000-gate-1.pem"] == ["urn:health-exchange:checkpoint:440000:gate-1"]
    assert names["server.pem"] == ["localhost", "127.0.0.1", "::1"]
    assert len(names) == 6


def test_a_certificate_that_has_ended_is_told_and_makes_the_list_fail(
    health_exchange: Health, own: Path
) -> None:
    issue(own, SICHUAN, system_clock() - 3 * DAY_MS, days=1)
    ran = health_exchange("certs", "list", "--certs", own)
    assert ran.code == 6
    assert "HAS ENDED" in ran.out


def test_only_what_is_missing_or_due_is_issued_anew(own: Path) -> None:
    now_ms = system_clock()
    assert [path.name for path in prepare(own, [SICHUAN], now_ms)] == ["member-510000.pem"]
    assert prepare(own, [SICHUAN], now_ms) == []
    later_ms = now_ms + (365 - RENEW_DAYS + 1) * DAY_MS
    due = [path.name for path in prepare(own, [SICHUAN], later_ms)]
    assert due == ["server.pem", "member-510000.pem"]


@pytest.mark.parametrize("within", ["file", "file/deep"])
def test_a_directory_that_cannot_be_made_is_named(
    health_exchange: Health, tmp_path: Path, within: str
) -> None:
    (tmp_path / "file").write_bytes(b"")
    ran = health_exchange("certs", "init", "--certs", tmp_path / within)
    assert (ran.code, ran.out) == (6, "")
    assert ran.err.startswith(f"The directory {tmp_path / within} cannot be made: ")


HOSTS = ("gate", "gate-1.example.org", "*.example.org", "192.0.2.1", "2001:db8::1")


def test_hosts_that_a_good_certificate_does_not_name_are_not_passed_over(
    health_exchange: Health, own: Path
) -> None:
    before = (own / "server.pem").read_bytes()
    named = health_exchange(
        *("certs", "init", "--certs", own, "--host", "LOCALHOST", "--host", "0:0:0:0:0:0:0:1")
    )
    assert (named.code, (own / "server.pem").read_bytes()) == (0, before)
    other = health_exchange("certs", "init", "--certs", own, "--host", "gate")
    assert (other.code, (own / "server.pem").read_bytes()) == (3, before)
    wanted = "certs issue server --host localhost --host 127.0.0.1 --host ::1 --host gate`"
    assert wanted in other.err


def test_a_servers_certificate_names_hosts_and_addresses(
    health_exchange: Health, tmp_path: Path
) -> None:
    options = [part for host in HOSTS for part in ("--host", host)]
    assert health_exchange("certs", "init", "--certs", tmp_path, *options).code == 0
    listed = health_exchange("certs", "list", "--certs", tmp_path, "--json").json["certificates"]
    names = {one["file"]: tuple(one["names"]) for one in listed}
    assert names["server.pem"] == HOSTS


@pytest.mark.parametrize("command", [("init",), ("issue", "server")])
@pytest.mark.parametrize(
    ("host", "hint"),
    [
        ("bad host", "near it: bad-host."),
        ("https://gate.example.org:7443/", "near it: gate.example.org."),
        ("[::1]:7443", "near it: ::1."),
        ("192.0.2.256", "for example gate.example.org or 192.0.2.1."),
        ("gate-.example.org", "for example "),
        ("g" * 64, "for example "),
        ("省.example.org", "for example "),
        ("", "for example "),
    ],
)
def test_what_is_no_host_gets_no_certificate(
    health_exchange: Health, tmp_path: Path, command: tuple[str, ...], host: str, hint: str
) -> None:
    directory = tmp_path / "certs"
    ran = health_exchange("certs", *command, "--host", host, "--certs", directory)
    assert (ran.code, ran.out) == (3, "")
    assert f"{host!r} is neither the name of a host nor an IP address; {hint}" in ran.err
    assert not directory.exists()


@pytest.mark.parametrize("caller", ["member:999999", "gate:370000", "member:51"])
def test_nobody_unknown_gets_a_certificate(health_exchange: Health, own: Path, caller: str) -> None:
    ran = health_exchange("certs", "issue", caller, "--certs", own)
    assert (ran.code, ran.out) == (3, "")
    assert ran.err.startswith(f"'{caller}' names no caller.")


def test_a_caller_without_a_certificate_is_told_how_to_get_one(
    health_exchange: Health, exchange: Running, own: Path
) -> None:
    ran = health_exchange("members", "--address", exchange.address, "--certs", own)
    assert (ran.code, ran.out) == (3, "")
    assert "health-exchange certs issue urn:health-exchange:operator:command-line" in ran.err


def test_a_caller_of_another_authority_is_told_that_its_certificate_is_not_accepted(
    health_exchange: Health, exchange: Running, own: Path, certs_dir: Path
) -> None:
    health_exchange("certs", "issue", "operator:command-line", "--certs", own)
    ran = health_exchange(
        *("members", "--address", exchange.address, "--certs", own),
        *("--authority", certs_dir / "authority.pem"),
    )
    assert (ran.code, ran.out) == (5, "")
    assert "does not accept the caller's certificate" in ran.err


def test_a_server_of_another_authority_is_found_out(
    health_exchange: Health, exchange: Running, own: Path
) -> None:
    health_exchange("certs", "issue", "operator:command-line", "--certs", own)
    ran = health_exchange("members", "--address", exchange.address, "--certs", own)
    assert (ran.code, ran.out) == (5, "")
    assert "not of the authority given" in ran.err


def test_a_certificate_can_be_named_by_its_files(
    health_exchange: Health, exchange: Running, certs_dir: Path, tmp_path: Path
) -> None:
    ran = health_exchange(
        *("members", "310000", "--address", exchange.address, "--certs", tmp_path),
        *("--certificate", certs_dir / "operator-probe.pem"),
        *("--key", certs_dir / "operator-probe.key"),
        *("--authority", certs_dir / "authority.pem"),
    )
    assert ran.code == 0
    assert "Shanghai" in ran.out


def test_a_certificate_says_who_calls_whatever_the_command_says(
    health_exchange: Health, exchange: Running, certs_dir: Path, tmp_path: Path
) -> None:
    example.make_example(FORMATS, system_clock() - 7_200_000).write(tmp_path)
    ran = health_exchange(
        *("publish", tmp_path / example.GREEN, "--member", "510000"),
        *("--format", "510000-status-v1", "--address", exchange.address, "--certs", certs_dir),
        *("--certificate", certs_dir / "member-310000.pem"),
    )
    assert ran.code == 4
    assert "CALLER_NOT_ALLOWED" in ran.err
