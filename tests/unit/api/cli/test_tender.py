"""An act on a tender whose last act was still on its way when the city was asked for the step."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from api.cli import tender as module
from api.client import CityRefusalError
from ledger.acts import Role, TenderResumption

TENDER = "0x" + "11" * 32


class City:
    """Shows a step behind the chain until an act comes."""

    def __init__(self, code: str, refusals: int = 1) -> None:
        self.code, self.refusals, self.shown, self.taken = code, refusals, 0, []

    def get(self, _url: str, _path: str) -> dict[str, int]:
        return {"supervisorSteps": self.shown, "tendererSteps": 7}

    async def act(self, _url: str, _trust: Path, _signer: Any, _tender: str, act: Any, *_documents: bytes) -> str:
        self.taken.append(act.step)
        if len(self.taken) > self.refusals:
            return "0xdigest"
        self.shown = 1
        raise CityRefusalError("refused", code=self.code)


@pytest.fixture
def resume(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    reason = tmp_path / "reason.txt"
    reason.write_text("The complaint was unfounded.")
    signer = SimpleNamespace(papers=SimpleNamespace(credential=SimpleNamespace(role=Role.SUPERVISOR)))

    def play(city: City) -> None:
        monkeypatch.setattr(module, "_get", city.get)
        monkeypatch.setattr(module, "_act", city.act)
        module._flag(TenderResumption, TENDER, reason, "http://city", tmp_path, signer)

    return play


def test_the_step_is_read_again_when_it_has_passed(resume: Any, capsys: pytest.CaptureFixture[str]) -> None:
    city = City(module.STEP_PASSED)
    resume(city)
    assert city.taken == [0, 1]
    assert "0xdigest" in capsys.readouterr().out


@pytest.mark.parametrize(("code", "refusals", "tries"), [("tender.wrong_state", 1, 1), (module.STEP_PASSED, 9, 2)])
def test_any_other_refusal_and_a_second_one_are_told(resume: Any, code: str, refusals: int, tries: int) -> None:
    city = City(code, refusals)
    with pytest.raises(CityRefusalError):
        resume(city)
    assert len(city.taken) == tries
