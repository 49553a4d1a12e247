"""What is wrong with settings, keys and disk is said in words, with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.doctor.finding import Level
from api.doctor.folder import LITTLE_ROOM, NO_ROOM, examine_disk, examine_keys, examine_settings
from ledger.city import CityKeys
from ledger.failpoints import VARIABLE
from ledger.settings import CitySettings, ClockKind


def settings(folder: Path, clock: ClockKind) -> CitySettings:
    return CitySettings(
        city="luan", data_dir=folder, chain_id=1, registry=bytes(20), base_url="http://luan.example", clock=clock
    )


class TestSettings:
    def test_production_settings_are_well(self, tmp_path: Path) -> None:
        [found] = examine_settings(settings(tmp_path, ClockKind.SYSTEM))
        assert found.level is Level.WELL

    def test_a_development_clock_is_worth_a_word(self, tmp_path: Path) -> None:
        found = examine_settings(settings(tmp_path, ClockKind.CHAIN))
        assert [(one.code, one.level) for one in found[1:]] == [("settings.clock", Level.WARNING)]

    def test_a_failpoint_in_the_environment_is_wrong(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(VARIABLE, "sender.sent")
        found = examine_settings(settings(tmp_path, ClockKind.SYSTEM))
        assert [(one.code, one.level) for one in found[1:]] == [("settings.failpoint", Level.WRONG)]


class TestKeys:
    def test_closed_keys_are_well(self, tmp_path: Path) -> None:
        CityKeys.generate().save(tmp_path)
        [found] = examine_keys(tmp_path)
        assert found.level is Level.WELL

    def test_a_key_that_others_may_read_is_named(self, tmp_path: Path) -> None:
        CityKeys.generate().save(tmp_path)
        path = next(tmp_path.glob("*.json"))
        path.chmod(0o640)
        [found] = examine_keys(tmp_path)
        assert found.level is Level.WRONG
        assert str(path) in found.en
        assert "chmod 600" in found.zh

    def test_a_missing_key_is_named(self, tmp_path: Path) -> None:
        CityKeys.generate().save(tmp_path)
        path = next(tmp_path.glob("*.json"))
        path.unlink()
        [found] = examine_keys(tmp_path)
        assert found.level is Level.WRONG
        assert str(path) in found.en


@pytest.mark.parametrize(
    ("free", "level"),
    [(LITTLE_ROOM, Level.WELL), (LITTLE_ROOM - 1, Level.WARNING), (NO_ROOM, Level.WARNING), (NO_ROOM - 1, Level.WRONG)],
)
def test_the_room_that_is_left_is_judged(tmp_path: Path, free: int, level: Level) -> None:
    [found] = examine_disk(tmp_path, lambda _: free)
    assert found.level is level
    assert f"{free // 1024**2:,}" in found.en
