import json
from pathlib import Path

import pytest

from ledger.acts import Credential, Role
from ledger.authority import ActChain
from ledger.keyring import Keyring, KeyringError
from ledger.keys import SigningKey

KEY = SigningKey(b"\x07" * 32)


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring.create(tmp_path / "acme", "Acme", b"\x01" * 32, KEY, "correct horse")


def test_the_passphrase_opens_the_key_and_nothing_else_does(keyring: Keyring) -> None:
    assert keyring.unlock("correct horse") == KEY
    with pytest.raises(KeyringError) as caught:
        keyring.unlock("wrong")
    assert caught.value.code == "keyring.passphrase"


def test_files_are_private_and_hold_no_secret_in_the_clear(keyring: Keyring) -> None:
    for path in keyring.folder.iterdir():
        assert path.stat().st_mode & 0o077 == 0
        assert KEY.secret.hex() not in path.read_text()


def test_a_key_is_never_overwritten(keyring: Keyring) -> None:
    with pytest.raises(KeyringError) as caught:
        Keyring.create(keyring.folder, "Acme", b"\x01" * 32, SigningKey.generate(), "x")
    assert caught.value.code == "keyring.exists"


def test_credentials_are_kept_by_label(keyring: Keyring) -> None:
    chain = ActChain(Credential(KEY.address, b"\x01" * 32, b"\x01" * 32, Role.BIDDER, 0, 9), bytes(65))
    keyring.add_chain("own", chain)
    assert keyring.chain("own") == chain
    assert keyring.chains() == {"own": chain}
    assert keyring.identity().address == KEY.address


def test_missing_and_damaged_folders_say_what_to_do(tmp_path: Path, keyring: Keyring) -> None:
    with pytest.raises(KeyringError, match="sunbid id new"):
        Keyring(tmp_path / "nowhere").identity()
    for damage in ("{", json.dumps([])):
        (keyring.folder / "identity.json").write_text(damage)
        with pytest.raises(KeyringError) as caught:
            keyring.identity()
        assert caught.value.code == "keyring.damaged"
