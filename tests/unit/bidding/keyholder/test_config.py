from __future__ import annotations

from pathlib import Path

import pytest

from bidding.keyholder.config import HeldShare, HolderConfig, HolderFolder
from bidding.keyholder.errors import HolderConfigError
from ledger.acts import Purpose
from ledger.chain.client import Finality
from ledger.city import KeyFileError
from ledger.errors import SunbidError
from tests.fixtures.box import b32
from tests.fixtures.people import key_named

CONFIG = HolderConfig(
    "luan", 31337, b"\x11" * 20, ("http://node:8545",), Finality(3), {"luan": "http://luan", "hefei": "http://hefei"}, 7
)
SHARE = HeldShare(Purpose.BOX, b32("box"), 1, 2, b32("secret"))


@pytest.fixture
def folder(tmp_path: Path) -> HolderFolder:
    return HolderFolder.create(tmp_path / "holder", CONFIG, key_named("holder"))


def test_a_folder_says_what_it_was_given(folder: HolderFolder) -> None:
    assert folder.config() == CONFIG
    assert folder.signing_key() == key_named("holder")
    folder.add_share(SHARE)
    assert folder.share(b32("box"), 1) == SHARE
    assert folder.share(b32("box"), 2) is None
    assert folder.share(b32("seal"), 1) is None


def test_secrets_are_for_the_owner_alone_and_never_shown(folder: HolderFolder) -> None:
    folder.add_share(SHARE)
    for path in folder.path.rglob("*"):
        assert path.is_dir() or path.stat().st_mode & 0o077 == 0, path
    assert b32("secret").hex() not in repr(folder.share(b32("box"), 1))


def test_a_share_is_never_replaced(folder: HolderFolder) -> None:
    folder.add_share(SHARE)
    with pytest.raises(KeyFileError):
        folder.add_share(HeldShare(Purpose.SEAL, b32("box"), 1, 1, b32("other")))
    assert folder.share(b32("box"), 1) == SHARE


def test_a_folder_with_a_key_is_not_made_anew(folder: HolderFolder) -> None:
    with pytest.raises(KeyFileError):
        HolderFolder.create(folder.path, CONFIG, key_named("other"))
    assert folder.signing_key() == key_named("holder")


def test_a_record_of_another_key_set_is_refused(folder: HolderFolder) -> None:
    folder.add_share(SHARE)
    shares = folder.path / "shares"
    for path in list(shares.iterdir()):
        path.rename(shares / path.name.replace(b32("box").hex(), b32("seal").hex()))
    with pytest.raises(HolderConfigError):
        folder.share(b32("seal"), 1)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"name": "luan"}'])
def test_a_folder_without_a_sound_config_is_refused(folder: HolderFolder, text: str) -> None:
    (folder.path / "holder.json").write_text(text)
    with pytest.raises(SunbidError):
        folder.config()
