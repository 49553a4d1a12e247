"""A bundle's file is named by its contract, and stays in its folder whatever the record calls that."""

from __future__ import annotations

import pytest

from api.replay.run import bundle_name


@pytest.mark.parametrize("contract", ["OP00029774", "合同 7", "A-1 (b).2"])
def test_a_plain_name_is_the_contracts_own(contract: str) -> None:
    assert bundle_name(contract) == f"{contract}.zip"


@pytest.mark.parametrize("contract", ["", ".", "..", "../../etc/x", "a/b", "a\\b", "a\0b", "a\nb", "x" * 61, " a"])
def test_any_other_is_named_by_its_hash(contract: str) -> None:
    name = bundle_name(contract)
    assert len(name) == 64 + len(".zip")
    assert name[:64].isalnum()
