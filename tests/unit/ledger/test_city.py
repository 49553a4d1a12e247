"""A city's ids follow from its name; its keys are files that only their owner reads."""

from __future__ import annotations

import hashlib
import json
import stat
from pathlib import Path

import pytest

from ledger.city import City, CityKeys, KeyFileError, read_secret, write_secret

LUAN = City("luan", "luan.sunbid.example")


class TestCity:
    def test_id_is_the_hash_of_the_registered_name(self) -> None:
        assert LUAN.id32 == hashlib.sha256(b"luan").digest()

    def test_origins_are_lines_under_the_host(self) -> None:
        assert LUAN.public_origin == "luan.sunbid.example/public"
        assert LUAN.sealed_origin == "luan.sunbid.example/sealed"
        assert LUAN.public_origin_id == hashlib.sha256(b"luan.sunbid.example/public").digest()
        assert LUAN.sealed_origin_id == hashlib.sha256(b"luan.sunbid.example/sealed").digest()


class TestKeys:
    def test_what_was_saved_is_loaded(self, tmp_path: Path) -> None:
        keys = CityKeys.generate()
        keys.save(tmp_path / "keys")
        loaded = CityKeys.load(tmp_path / "keys")
        for name in ("submitter", "witness", "receiving", "issuer"):
            assert getattr(loaded, name) == getattr(keys, name)
        assert (loaded.log_public, loaded.cosigner_public) == (keys.log_public, keys.cosigner_public)

    def test_all_keys_differ(self) -> None:
        keys = CityKeys.generate()
        secrets = {keys.submitter.secret, keys.witness.secret, keys.receiving.secret, keys.issuer.secret}
        assert len(secrets) == 4
        assert keys.log_public != keys.cosigner_public

    def test_files_are_their_owners_only(self, tmp_path: Path) -> None:
        CityKeys.generate().save(tmp_path / "keys")
        assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
        files = list((tmp_path / "keys").iterdir())
        assert len(files) == 6
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}

    def test_a_key_is_never_overwritten(self, tmp_path: Path) -> None:
        CityKeys.generate().save(tmp_path)
        with pytest.raises(KeyFileError, match="exists"):
            CityKeys.generate().save(tmp_path)

    def test_secrets_show_in_no_repr(self) -> None:
        keys = CityKeys.generate()
        assert keys.issuer.secret.hex() not in repr(keys)
        assert repr(keys.issuer.secret) not in repr(keys)


class TestFile:
    def test_open_to_others_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "a.json"
        write_secret(path, "ed25519", bytes(32))
        path.chmod(0o640)
        with pytest.raises(KeyFileError, match="chmod 600"):
            read_secret(path, "ed25519")

    def test_missing_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(KeyFileError, match="backup"):
            read_secret(tmp_path / "none.json", "ed25519")

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "[]",
            "{}",
            json.dumps({"kind": "ed25519", "secret": "zz"}),
            json.dumps({"kind": "ed25519", "secret": "0x" + "11" * 31}),
            json.dumps({"kind": "secp256k1", "secret": "0x" + "11" * 32}),
            json.dumps({"kind": "ed25519", "secret": 5}),
        ],
    )
    def test_anything_else_is_refused(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "a.json"
        path.write_text(text)
        path.chmod(0o600)
        with pytest.raises(KeyFileError):
            read_secret(path, "ed25519")
