"""What the doctor found on one matter, in English and Chinese."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ledger.canonical import JsonObject


class Level(StrEnum):
    """How bad it is: WRONG needs a person now, WARNING soon."""

    WELL = "well"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True)
class Finding:
    """One matter; `code` is stable, the texts say what is so and, if it is not well, what to do."""

    code: str
    level: Level
    en: str
    zh: str

    def to_json(self) -> JsonObject:
        """Return the form of `sunbid doctor --json`."""
        return {"code": self.code, "level": self.level.value, "en": self.en, "zh": self.zh}


def well(code: str, en: str, zh: str) -> Finding:
    """Return a matter that is as it should be."""
    return Finding(code, Level.WELL, en, zh)


def warning(code: str, en: str, zh: str) -> Finding:
    """Return a matter to look after."""
    return Finding(code, Level.WARNING, en, zh)


def wrong(code: str, en: str, zh: str) -> Finding:
    """Return a matter that stops the city from doing its duty."""
    return Finding(code, Level.WRONG, en, zh)
