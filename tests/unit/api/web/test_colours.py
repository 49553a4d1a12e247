"""Text can be read on its ground in both themes: WCAG 2.2, 1.4.3 (AA) asks for 4.5 to 1."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest

CSS = (Path(__file__).parents[4] / "api" / "web" / "static" / "site.css").read_text()
_THEMES = re.findall(r":root \{([^}]*)\}", CSS)
_INKS, _GROUNDS = ("ink", "quiet", "accent", "good", "bad", "warn"), ("paper", "wash")


def colours(theme: str) -> dict[str, str]:
    return dict(re.findall(r"--(\w+): #([0-9a-f]{3,6})", theme))


def luminance(colour: str) -> float:
    digits = colour if len(colour) == 6 else "".join(digit * 2 for digit in colour)
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", range(len(_THEMES)))
def test_every_ink_on_every_ground(theme: int) -> None:
    found = {**colours(_THEMES[0]), **colours(_THEMES[theme])}
    faint = [(ink, ground) for ink, ground in product(_INKS, _GROUNDS) if contrast(found[ink], found[ground]) < 4.5]
    assert faint == []


def test_there_are_three_themes() -> None:
    assert len(_THEMES) == 3  # light, dark, print
