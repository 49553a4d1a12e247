"""Pictures as inline SVG, drawn on the server: no script, sharp on every screen, readable by a screen reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from markupsafe import Markup

from api.web.format import shanghai

_WIDTH = 960
_LEFT = 16
_RIGHT = _WIDTH - 16


@dataclass(frozen=True)
class Mark:
    """One event on a timeline; `tone` is good, bad, warn or empty."""

    moment: datetime
    label: str
    tone: str = ""


@dataclass(frozen=True)
class Bar:
    """One bar of a chart, with the text beside it."""

    label: str
    value: Decimal
    caption: str
    tone: str = ""


_COLOURS = {"good": "var(--good)", "bad": "var(--bad)", "warn": "var(--warn)", "": "var(--accent)"}


def timeline(marks: Sequence[Mark], title: str) -> Markup:
    """Draw the marks in order along one line, evenly spaced so that busy minutes stay readable."""
    if not marks:
        return Markup("")
    row = 30
    height = row * len(marks) + 20
    parts = [_open(height, title), _line(_LEFT + 128, 14, _LEFT + 128, height - 14)]
    for position, mark in enumerate(marks):
        y = 24 + position * row
        colour = _COLOURS[mark.tone]
        when = shanghai(mark.moment)
        parts.append(Markup('<text x="{}" y="{}">{}</text>').format(_LEFT, y + 4, when))
        parts.append(Markup('<circle cx="{}" cy="{}" r="6" fill="{}"/>').format(_LEFT + 128, y, colour))
        parts.append(Markup('<text x="{}" y="{}">{}</text>').format(_LEFT + 146, y + 4, mark.label))
    return Markup("").join([*parts, Markup("</svg>")])


def bars(items: Sequence[Bar], title: str) -> Markup:
    """Draw one horizontal bar an item, all on one scale from zero."""
    largest = max((item.value for item in items), default=Decimal(0))
    if largest <= 0:
        return Markup("")
    row = 44
    parts = [_open(row * len(items) + 8, title)]
    for position, item in enumerate(items):
        y = position * row
        width = max(2, int((_RIGHT - _LEFT) * (item.value / largest)))
        parts.append(Markup('<text x="{}" y="{}">{} · {}</text>').format(_LEFT, y + 16, item.label, item.caption))
        parts.append(
            Markup('<rect x="{}" y="{}" width="{}" height="14" rx="3" fill="{}"/>').format(
                _LEFT, y + 22, width, _COLOURS[item.tone]
            )
        )
    return Markup("").join([*parts, Markup("</svg>")])


def _open(height: int, title: str) -> Markup:
    return Markup('<svg class="picture" role="img" viewBox="0 0 {} {}"><title>{}</title>').format(_WIDTH, height, title)


def _line(x1: int, y1: int, x2: int, y2: int) -> Markup:
    return Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="var(--line)" stroke-width="3"/>').format(
        x1, y1, x2, y2
    )
