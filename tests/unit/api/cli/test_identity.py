"""`sunbid id`: from a new key to a credential, a delegation, their end, and the key's backup."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from eth_keyfile.keyfile import create_keyfile_json
from typer.testing import CliRunner, Result

from api.cli.identity import app
from bidding.sealing.recovery import read_recovery_file
from ledger.acts import Role, Scope
from ledger.authority import ActChain
from ledger.city import CityKeys
from ledger.eip712 import digest
from ledger.errors import SunbidError
from ledger.keyring import Keyring
from ledger.keys import recover
from ledger.settings import CitySettings
from tests.unit.ledger.chain.evidence.test_trust import ATTESTED

PASSPHRASE, USCC, START = "a-passphrase", "91341500MA2ABCDE1Y", 1_767_225_600
REGISTRY = ATTESTED.domain


class Desk:
    """A folder with a trust file, where commands are typed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "trust.json").write_bytes(ATTESTED.to_bytes())

    def run(self, *words: object) -> Result:
        env = {"SUNBID_PASSPHRASE": PASSPHRASE, "SUNBID_RECOVERY_PASSPHRASE": "another", "COLUMNS": "250"}
        env["SUNBID_TRUST"] = str(self.folder / "trust.json")
        return CliRunner().invoke(app, [str(word) for word in words], env=env)

    def done(self, *words: object) -> str:
        result = self.run(*words)
        assert result.exit_code == 0, result.output + repr(result.exception)
        return result.output

    def refused(self, *words: object) -> SunbidError:
        result = self.run(*words)
        assert isinstance(result.exception, SunbidError), result.output
        return result.exception

    def new(self, name: str) -> Keyring:
        self.done("new", self.folder / name, "--name", name, "--uscc", USCC)
        return Keyring(self.folder / name)

    def requested(self, name: str, role: str = "bidder", *more: str) -> Path:
        path = self.folder / f"{name}.request"
        self.done("request", self.folder / name, "--role", role, "--out", path, *more)
        return path

    def enrolled(self, name: str) -> ActChain:
        self.new(name)
        path = self.folder / f"{name}.credential"
        self.done("issue", self.requested(name), "--issuer", self.folder / "issuer", "--start", START, "--out", path)
        self.done("accept", self.folder / name, path)
        return Keyring(self.folder / name).chain("own")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    quick = partial(create_keyfile_json, iterations=2)  # a passphrase of tests needs no protection
    monkeypatch.setattr("ledger.keyring.create_keyfile_json", quick)
    made = Desk(tmp_path)
    made.new("issuer")
    return made


def load(path: Path) -> Any:
    return json.loads(path.read_text())


class TestCredential:
    def test_names_key_organisation_role_and_time_and_is_the_issuers(self, desk: Desk) -> None:
        chain = desk.enrolled("acme")
        credential, identity = chain.credential, Keyring(desk.folder / "acme").identity()
        assert (credential.key, credential.organisation) == (identity.address, identity.organisation)
        assert credential.subject == identity.organisation
        assert (credential.role, credential.valid_from) == (Role.BIDDER, START)
        assert credential.valid_to == START + 365 * 86_400
        issuer = Keyring(desk.folder / "issuer").identity().address
        assert recover(digest(credential, REGISTRY), chain.credential_signature) == issuer

    def test_of_a_person_has_a_subject_of_its_own(self, desk: Desk) -> None:
        desk.new("expert")
        body = load(desk.requested("expert", "expert", "--personal"))["request"]
        assert body["subject"] != body["organisation"]

    def test_a_development_citys_folder_issues_too(self, desk: Desk) -> None:
        settings = CitySettings(
            city="luan", data_dir=desk.folder / "luan", chain_id=1, registry=bytes(20), base_url="http://127.0.0.1:1"
        )
        settings.save()
        keys = CityKeys.generate()
        keys.save(settings.keys_dir)
        desk.new("acme")
        out = desk.folder / "c"
        desk.done("issue", desk.requested("acme"), "--issuer", settings.data_dir, "--start", START, "--out", out)
        chain = ActChain.from_json(load(out))
        assert recover(digest(chain.credential, REGISTRY), chain.credential_signature) == keys.issuer.address

    def test_a_request_that_somebody_else_signed_is_refused(self, desk: Desk) -> None:
        desk.new("acme")
        path = desk.requested("acme")
        value = load(path)
        value["request"]["role"] = int(Role.SUPERVISOR)
        path.write_text(json.dumps(value))
        out = desk.folder / "c"
        error = desk.refused("issue", path, "--issuer", desk.folder / "issuer", "--out", out)
        assert error.code == "credential.request"
        assert not out.exists()

    def test_of_another_key_is_not_accepted(self, desk: Desk) -> None:
        desk.enrolled("acme")
        desk.new("other")
        assert desk.refused("accept", desk.folder / "other", desk.folder / "acme.credential").code == "credential.key"

    def test_a_role_that_does_not_exist_is_refused_with_those_that_do(self, desk: Desk) -> None:
        error = desk.refused("request", desk.folder / "issuer", "--role", "king", "--out", desk.folder / "r")
        assert error.code == "credential.role"
        assert "credit_authority" in error.message


class TestDelegation:
    def test_names_delegate_scope_and_tender_and_is_the_organisations(self, desk: Desk) -> None:
        own = desk.enrolled("acme")
        staff, out, tender = desk.new("staff").identity(), desk.folder / "d", "0x" + "07" * 32
        key = "0x" + staff.address.hex()
        desk.done("delegate", desk.folder / "acme", "--key", key, "--scope", "prepare", "--scope", "submit",
                  "--tender", tender, "--out", out)  # fmt: skip
        desk.done("accept", desk.folder / "staff", out)
        chain = Keyring(desk.folder / "staff").chain("own")
        assert chain.credential == own.credential
        delegation, signature = chain.delegation, chain.delegation_signature
        assert delegation is not None
        assert signature is not None
        assert (delegation.key, delegation.scope) == (staff.address, Scope.PREPARE | Scope.SUBMIT)
        assert delegation.tender == b"\x07" * 32
        assert recover(digest(delegation, REGISTRY), signature) == own.credential.key

    @pytest.mark.parametrize(
        ("option", "value", "code"), [("--scope", "rule", "delegation.scope"), ("--key", "0xzz", "file.malformed")]
    )
    def test_what_is_no_scope_or_key_is_refused(self, desk: Desk, option: str, value: str, code: str) -> None:
        desk.enrolled("acme")
        words = {"--key": "0x" + "01" * 20, "--scope": "submit", "--out": str(desk.folder / "d"), option: value}
        assert desk.refused("delegate", desk.folder / "acme", *(w for pair in words.items() for w in pair)).code == code


class TestRevocation:
    def test_ends_exactly_the_named_paper(self, desk: Desk) -> None:
        chain, out = desk.enrolled("acme"), desk.folder / "revocation"
        said = desk.done("revoke", desk.folder / "acme", desk.folder / "acme.credential", "--out", out)
        ended = "0x" + digest(chain.credential, REGISTRY).hex()
        assert ended in said
        assert ended in load(out)["revocation"].values()


class TestFiles:
    def test_backup_gives_the_key_back(self, desk: Desk) -> None:
        out = desk.folder / "backup"
        desk.done("backup", desk.folder / "issuer", "--out", out)
        assert (
            read_recovery_file(out.read_bytes(), "another") == Keyring(desk.folder / "issuer").unlock(PASSPHRASE).secret
        )

    def test_show_shows_nothing_secret(self, desk: Desk) -> None:
        secret = Keyring(desk.folder / "issuer").unlock(PASSPHRASE).secret.hex()
        said = desk.done("show", desk.folder / "issuer")
        assert "0x" + Keyring(desk.folder / "issuer").identity().address.hex() in said
        assert secret not in said

    def test_a_wrong_check_digit_is_said(self, desk: Desk) -> None:
        assert "check digit" in desk.done("new", desk.folder / "x", "--name", "X", "--uscc", USCC[:-1] + "0")

    @pytest.mark.parametrize(
        ("content", "code"), [(None, "file.unreadable"), ("{", "file.malformed"), ("[]", "file.malformed")]
    )
    def test_a_file_that_cannot_be_read_is_refused(self, desk: Desk, content: str | None, code: str) -> None:
        path = desk.folder / "f"
        if content is not None:
            path.write_text(content)
        assert desk.refused("accept", desk.folder / "issuer", path).code == code

    def test_a_missing_trust_file_is_refused(self, desk: Desk) -> None:
        desk.new("acme")
        path = desk.requested("acme")
        (desk.folder / "trust.json").unlink()
        error = desk.refused("issue", path, "--issuer", desk.folder / "issuer", "--out", desk.folder / "c")
        assert error.code == "file.unreadable"
