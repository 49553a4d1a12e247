"""Pictures: to scale, escaped, told to a screen reader."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal

from api.web.charts import Bar, Progress, Station, bars, way

NOON = datetime(2026, 1, 31, 4, 0, tzinfo=UTC)


def test_bars_are_on_one_scale_from_zero() -> None:
    picture = bars([Bar("a", Decimal(50), "50"), Bar("b", Decimal(200), "200", "good")], "Prices")
    assert re.findall(r'width="([\d.]+)%" height="14"', picture) == ["25.00", "100.00"]
    assert '<rect class="good"' in picture
    assert "<title>Prices</title>" in picture


def test_the_smallest_bar_can_be_seen() -> None:
    picture = bars([Bar("a", Decimal(1), "1"), Bar("b", Decimal(10**9), "10")], "Prices")
    assert re.findall(r'width="([\d.]+)%" height="14"', picture)[0] == "0.50"


def test_nothing_is_drawn_of_nothing() -> None:
    assert bars([], "Prices") == ""
    assert bars([Bar("a", Decimal(0), "0")], "Prices") == ""


def test_what_others_wrote_is_text() -> None:
    picture = bars([Bar("<script>", Decimal(1), '"&')], "</title>")
    assert "<script>" not in picture
    assert ">&lt;script&gt;</text>" in picture
    assert ">&#34;&amp;</text>" in picture
    assert "<title>&lt;/title&gt;</title>" in picture


def test_the_way_has_its_stations_with_their_moments_in_shanghai() -> None:
    picture = way([Station("Notice", Progress.DONE, NOON), Station("Award", Progress.AHEAD)], "Way")
    assert re.findall(r'circle class="(\w+)" cx="([\d.]+)%', picture) == [("done", "25.00"), ("ahead", "75.00")]
    assert '<line class="ahead" x1="25.00%"' in picture
    assert ">01-31<" in picture
    assert ">12:00<" in picture
