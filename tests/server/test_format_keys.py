"""What a server says about the keys of formats before it starts."""

from pathlib import Path

import pytest

from exchange.app import load_format_keys
from exchange.core.errors import StartError

SEALED = "220000-sealed-v1"
SM4, MAC = "00" * 16, "0102"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (f'mac = "{MAC}"', "the format needs the key 'sm4'"),
        (f'sm4 = "{SM4}"', "the format needs the key 'mac'"),
        (f'sm4 = "{SM4}00"\nmac = "{MAC}"', "the key 'sm4' needs 16 bytes"),
        (f'sm4 = "{SM4}"\nmac = ""', "the key 'mac' needs some bytes"),
    ],
)
def test_a_server_does_not_start_with_keys_that_will_not_do(
    tmp_path: Path, text: str, sentence: str
) -> None:
    (tmp_path / f"{SEALED}.toml").write_text(text, "utf-8")
    with pytest.raises(StartError, match=sentence):
        load_format_keys(tmp_path)


def test_keys_that_will_do_are_given_by_format(tmp_path: Path) -> None:
    (tmp_path / f"{SEALED}.toml").write_text(f'sm4 = "{SM4}"\nmac = "{MAC}"', "utf-8")
    assert load_format_keys(tmp_path) == {SEALED: {"sm4": bytes(16), "mac": b"\x01\x02"}}
