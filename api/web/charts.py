"""Pictures as inline SVG, drawn on the server: no script, sharp on every screen, told to a screen reader by a title.

Widths are per cent of the picture's own width and text keeps its size, so that a phone shows what a desk shows. What
a picture says stands beside it as text or table too.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from markupsafe import Markup

from api.web.format import shanghai

_WAY_HEIGHT = 92
_LINE = 22
_BAR_ROW = 46
_LEAST_WIDTH = Decimal("0.5")


class Progress(StrEnum):
    """How far a station of a tender's way is."""

    DONE = "done"
    NOW = "now"
    AHEAD = "ahead"
    BROKEN = "broken"


@dataclass(frozen=True)
class Station:
    """One station of a tender's way; `moment` is when it was or will be reached, if that is known."""

    label: str
    progress: Progress
    moment: datetime | None = None


@dataclass(frozen=True)
class Bar:
    """One bar of a chart, with the texts above it at its left and right; `tone` is good, out or empty."""

    label: str
    value: Decimal
    caption: str
    tone: str = ""


def way(stations: Sequence[Station], title: str) -> Markup:
    """Draw the stations along one line, evenly spaced, with day and time in Asia/Shanghai below; the year is not."""
    step = Decimal(100) / max(1, len(stations))
    centres = [_percent(step * place + step / 2) for place in range(len(stations))]
    parts = [_open(_WAY_HEIGHT, "way", title)]
    for place, (start, end) in enumerate(itertools.pairwise(centres)):
        reached = stations[place + 1].progress in {Progress.DONE, Progress.NOW}
        parts.append(
            Markup('<line class="{}" x1="{}" y1="{y}" x2="{}" y2="{y}"/>').format(
                "done" if reached else "ahead", start, end, y=_LINE
            )
        )
    for centre, station in zip(centres, stations, strict=True):
        parts += _station(centre, station)
    return Markup("").join([*parts, Markup("</svg>")])


def _station(centre: str, station: Station) -> list[Markup]:
    parts = [
        Markup('<circle class="{}" cx="{}" cy="{}" r="9"/>').format(station.progress, centre, _LINE),
        Markup('<text x="{}" y="52">{}</text>').format(centre, station.label),
    ]
    if station.moment is not None:
        day, time = shanghai(station.moment).split(" ")
        parts.append(Markup('<text class="small" x="{}" y="69">{}</text>').format(centre, day[5:]))
        parts.append(Markup('<text class="small" x="{}" y="84">{}</text>').format(centre, time[:5]))
    return parts


def bars(items: Sequence[Bar], title: str) -> Markup:
    """Draw one horizontal bar an item, all on one scale from zero; nothing if no value is above zero."""
    largest = max((item.value for item in items), default=Decimal(0))
    if largest <= 0:
        return Markup("")
    parts = [_open(_BAR_ROW * len(items), "bars", title)]
    for place, item in enumerate(items):
        y = place * _BAR_ROW
        width = _percent(max(_LEAST_WIDTH, 100 * item.value / largest))
        parts.append(Markup('<text x="0" y="{}">{}</text>').format(y + 16, item.label))
        parts.append(Markup('<text class="amount" x="100%" y="{}">{}</text>').format(y + 16, item.caption))
        parts.append(
            Markup('<rect class="{}" x="0" y="{}" width="{}" height="14" rx="3"/>').format(item.tone, y + 23, width)
        )
    return Markup("").join([*parts, Markup("</svg>")])


def _open(height: int, kind: str, title: str) -> Markup:
    return Markup('<svg class="picture {}" role="img" width="100%" height="{}"><title>{}</title>').format(
        kind, height, title
    )


def _percent(value: Decimal) -> str:
    return f"{value:.2f}%"
