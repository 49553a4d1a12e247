"""The Solidity acts and codes are those of ledger/acts.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.acts import ACTS, Contract, Role
from ledger.eip712 import encode_type
from scripts import solidity_acts


class TestRender:
    def test_shipped_files_are_up_to_date(self) -> None:
        assert (solidity_acts.LIBRARIES / "Acts.sol").read_text() == solidity_acts.render()
        assert (solidity_acts.LIBRARIES / "Codes.sol").read_text() == solidity_acts.render_codes()

    def test_every_act_in_the_domain_of_a_contract_is_there(self) -> None:
        text = solidity_acts.render()
        for act in ACTS.values():
            if act.contract is not Contract.CITY_REGISTRY:
                assert f'keccak256("{encode_type(act)}")' in text

    def test_codes_carry_the_numbers(self) -> None:
        text = solidity_acts.render_codes()
        assert all(f"uint8 internal constant {role.name} = {role.value};" in text for role in Role)


class TestMain:
    def test_check_fails_until_both_files_are_written(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(solidity_acts, "LIBRARIES", tmp_path)
        assert solidity_acts.main(["--check"]) == 1
        assert solidity_acts.main([]) == 0
        assert solidity_acts.main(["--check"]) == 0
        (tmp_path / "Codes.sol").write_text("library Role {}")
        assert solidity_acts.main(["--check"]) == 1
