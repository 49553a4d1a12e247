"""Score sheets: one expert's points for one bid, as canonical JSON whose SHA-256 the signed `ScoreSheet` carries.

The body carries a random salt, so that nobody guesses the few possible scores from the hash before all sheets are
locked (votes and scores are secret until then, ZTBF 38, 44).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from bidding.tender.notice import NoticeLot
from bidding.tender.rules import Scoring
from ledger import canonical
from ledger.acts import ScoreSheet
from ledger.canonical import JsonObject, JsonValue
from ledger.errors import SunbidError
from ledger.json_fields import read_b32, read_integer, read_list, read_members, read_text, read_words, to_hex

VERSION = 1
MAX_SIZE = 64 * 1024
_KEYS = ("v", "kind", "tender", "lot", "bidder", "seat", "criteria", "scores", "salt")
_POINTS = re.compile(r"(?:0|[1-9][0-9]{0,3})(?:\.[0-9]{1,6})?", re.ASCII)


class SheetError(SunbidError):
    """A score sheet that is malformed, or that does not fit the criteria of its lot."""

    code = "sheet.refused"


@dataclass(frozen=True)
class Score:
    """The points for one criterion, and the expert's reason."""

    points: Decimal
    reason: str = ""


@dataclass(frozen=True)
class Sheet:
    """One expert's scores for one bid; `criteria` is `criteria_hash` of the lot, `seat` the expert's seat."""

    tender: bytes
    lot: int
    bidder: bytes
    seat: bytes
    criteria: bytes
    scores: Mapping[str, Score]
    salt: bytes

    @property
    def total(self) -> Decimal:
        """The sum over all criteria."""
        return sum((score.points for score in self.scores.values()), Decimal(0))

    def to_bytes(self) -> bytes:
        """Return the canonical bytes of the body."""
        value: JsonObject = {
            "v": VERSION,
            "kind": "score-sheet",
            "tender": to_hex(self.tender),
            "lot": self.lot,
            "bidder": to_hex(self.bidder),
            "seat": to_hex(self.seat),
            "criteria": to_hex(self.criteria),
            "scores": [
                {"criterion": name, "points": format(score.points, "f"), "reason": score.reason}
                for name, score in sorted(self.scores.items())
            ],
            "salt": to_hex(self.salt),
        }
        return canonical.dumps(value, max_size=MAX_SIZE)

    @property
    def hash(self) -> bytes:
        """SHA-256 of the body: `ScoreSheet.scores`."""
        return hashlib.sha256(self.to_bytes()).digest()

    def act(self) -> ScoreSheet:
        """Return the act that the expert signs."""
        return ScoreSheet(self.tender, self.lot, self.criteria, self.bidder, self.hash, self.seat)


def parse_sheet(data: bytes) -> Sheet:
    """Return the sheet of canonical bytes; refuse another form, criteria named twice or out of order."""
    value = read_members(canonical.loads(data, max_size=MAX_SIZE), "score sheet", _KEYS)
    if (value["v"], value["kind"]) != (VERSION, "score-sheet"):
        raise SheetError(f"this is no score sheet of version {VERSION}")
    sheet = Sheet(
        read_b32(value["tender"], "tender"),
        read_integer(value["lot"], "lot"),
        read_b32(value["bidder"], "bidder"),
        read_b32(value["seat"], "seat"),
        read_b32(value["criteria"], "criteria"),
        dict(_score(item) for item in read_list(value["scores"], "scores")),
        read_b32(value["salt"], "salt"),
    )
    if sheet.to_bytes() != data:
        raise SheetError("a sheet names each criterion once, in alphabetical order")
    return sheet


def _score(value: JsonValue) -> tuple[str, Score]:
    item = read_members(value, "score", ("criterion", "points", "reason"))
    points = read_text(item["points"], "points")
    if not _POINTS.fullmatch(points):
        raise SheetError(f"points are a plain decimal string, not {points!r}")
    return read_words(item["criterion"], "criterion"), Score(Decimal(points), read_text(item["reason"], "reason"))


def criteria_hash(lot: NoticeLot) -> bytes:
    """Return SHA-256 of the lot's criteria as the notice spells them: what every sheet is bound to."""
    value: list[JsonValue] = [
        {"id": c.id, "text": dict(c.text), "maximum": format(c.maximum, "f")} for c in lot.criteria
    ]
    return hashlib.sha256(canonical.dumps(value, max_size=MAX_SIZE)).digest()


def need_fitting(sheet: Sheet, lot: NoticeLot, scoring: Scoring) -> None:
    """Refuse a sheet for other criteria, with one missing, above its maximum or off the step (REG 49)."""
    if sheet.lot != lot.number or sheet.criteria != criteria_hash(lot):
        raise SheetError("the sheet is for another lot or for other criteria", code="sheet.criteria")
    if sheet.scores.keys() != {c.id for c in lot.criteria}:
        raise SheetError("the sheet scores each criterion of the lot, and no other", code="sheet.criteria")
    for criterion in lot.criteria:
        points = sheet.scores[criterion.id].points
        if points > criterion.maximum or points % scoring.score_step:
            raise SheetError(
                f"{criterion.id}: {points} is above {criterion.maximum} or not a multiple of {scoring.score_step}",
                code="sheet.points", criterion=criterion.id,
            )  # fmt: skip
