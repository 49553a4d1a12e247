"""What `sunbid box explain` shows of slips in the list, admitted, dropped, and never in the box."""

from __future__ import annotations

from rich.console import Console

from api.cli.box import explained
from bidding.sealing.box import ADMITTED
from ledger.canonical import JsonObject


def slip(origin: int | None, index: int | None, reason: str, because: str) -> JsonObject:
    """Return a slip as a city explains it."""
    return {
        "slip": "0x" + "ab" * 32,
        "origin": origin,
        "index": index,
        "bidder": "0x" + "cd" * 32,
        "reason": reason,
        "because": because,
    }


def shown(*slips: JsonObject) -> list[str]:
    """Return the lines that a person sees on a wide terminal."""
    console = Console(width=200)
    with console.capture() as capture:
        console.print(explained(slips))
    return capture.get().splitlines()


def line_with(word: str, *slips: JsonObject) -> list[str]:
    """Return the words of the line that holds `word`."""
    return next(line for line in shown(*slips) if word in line).split()


def test_place_in_the_box() -> None:
    assert line_with("revoked", slip(1, 17, "revoked", "dropped: the credential was revoked"))[:2] == ["1", "17"]


def test_place_among_the_admitted() -> None:
    assert line_with("listed", slip(ADMITTED, 0, "listed", "in the list, and opened"))[:2] == ["admitted", "0"]


def test_no_place_where_a_slip_never_was_in_the_box() -> None:
    assert line_with("late", slip(None, None, "late", "not in the list: taken after the deadline"))[:2] == ["–", "–"]


def test_reason_stands_with_its_sentence() -> None:
    assert "dropped: the tender has no such lot" in "\n".join(
        shown(slip(0, 3, "lot", "dropped: the tender has no such lot"))
    )
