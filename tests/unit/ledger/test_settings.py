"""Settings come from file and environment, and contradict nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from ledger.settings import FILE_NAME, CitySettings, ClockKind, SettingsError

GIVEN: dict[str, Any] = {
    "city": "luan",
    "chain_id": 20260,
    "registry": "0x" + "ab" * 20,
    "base_url": "http://luan.test",
    "peers": {"hefei": "http://hefei.test"},
}


def make(folder: Path, **others: Any) -> CitySettings:
    return CitySettings(**{**GIVEN, "data_dir": folder, **others})


class TestSources:
    def test_what_was_saved_is_loaded(self, tmp_path: Path) -> None:
        settings = make(tmp_path, clock="chain", finality="depth:5", limits={"slips_per_hour": 3})
        settings.save()
        assert CitySettings.load(tmp_path) == settings
        assert settings.clock is ClockKind.CHAIN

    def test_the_folder_is_not_part_of_the_file(self, tmp_path: Path) -> None:
        path = make(tmp_path).save()
        moved = tmp_path / "elsewhere"
        moved.mkdir()
        path.rename(moved / FILE_NAME)
        assert CitySettings.load(moved).data_dir == moved

    def test_the_environment_wins_over_the_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        make(tmp_path).save()
        monkeypatch.setenv("SUNBID_DATABASE_URL", "postgresql+asyncpg://db/luan")
        monkeypatch.setenv("SUNBID_LIMITS__MAX_STREAM_BYTES", "7")
        settings = CitySettings.load(tmp_path)
        assert settings.database == "postgresql+asyncpg://db/luan"
        assert settings.limits.max_stream_bytes == 7
        assert settings.limits.slips_per_hour == 240

    def test_a_folder_without_settings_is_refused_with_the_remedy(self, tmp_path: Path) -> None:
        with pytest.raises(SettingsError, match="sunbid up"):
            CitySettings.load(tmp_path)

    def test_saving_keeps_no_key(self, tmp_path: Path) -> None:
        assert not any("key" in name or "secret" in name for name in json.loads(make(tmp_path).save().read_text()))


class TestRefusals:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"registry": "0x12"},
            {"registry": "ab" * 20},
            {"finality": "depth:0"},
            {"finality": "soon"},
            {"city": "Lu'an"},
            {"rpc_urls": []},
            {"chain_id": 0},
            {"clock": "sundial"},
            {"limits": {"slips": 1}},
            {"unknown": 1},
        ],
    )
    def test_malformed_values(self, tmp_path: Path, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            make(tmp_path, **wrong)

    def test_a_city_is_not_its_own_peer(self, tmp_path: Path) -> None:
        with pytest.raises(SettingsError, match="own peers"):
            make(tmp_path, peers={"luan": "http://luan.test"})


class TestCities:
    def test_names_and_origins_follow_from_city_and_domain(self, tmp_path: Path) -> None:
        settings = make(tmp_path, domain="trade.example")
        assert settings.this_city.sealed_origin == "luan.trade.example/sealed"
        assert [city.name for city in settings.cities] == ["hefei", "luan"]

    def test_without_a_database_it_is_a_file_in_the_folder(self, tmp_path: Path) -> None:
        assert make(tmp_path).database == f"sqlite+aiosqlite:///{tmp_path}/city.sqlite3"
