"""The city's trust file: published as it lies, and missed by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.trust import TrustFileError, trust_bytes, trust_file
from ledger.settings import CitySettings
from tests.fixtures.credit_world import TRUST


@pytest.fixture
def settings(tmp_path: Path) -> CitySettings:
    return CitySettings(city="luan", data_dir=tmp_path, chain_id=1, registry=bytes(20), base_url="http://luan.test")


def test_it_is_given_out_byte_for_byte(settings: CitySettings) -> None:
    settings.trust_path.write_bytes(TRUST.to_bytes() + b"\n")
    assert trust_bytes(settings) == TRUST.to_bytes() + b"\n"
    assert trust_file(settings) == TRUST


def test_a_city_without_one_says_what_to_do(settings: CitySettings) -> None:
    with pytest.raises(TrustFileError, match="puts the network") as caught:
        trust_file(settings)
    assert caught.value.code == "trust.not_found"
